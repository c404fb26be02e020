"""What a first pass says of the files that it made, and what the check says of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redactor.textplaces import TextPlaces
from redactor.types import PiiSpan, Seconds, Sound, TimeSpan, Transcript, Word


@dataclass(frozen=True, eq=False)
class Claim:
    """A finished recording, before it is released.

    Attributes
    ----------
    original : Sound
    transcript : Transcript
        Of the original.
    spans : tuple of TimeSpan
        What is muted.
    audio : pathlib.Path
        The finished file.
    texts : mapping of str to pathlib.Path
        The finished text files by the path below ``release/`` that they are to have.
    about : mapping
        What the report says of the run: name, policy, models.
    kept : tuple of TimeSpan
        Where something personal was found and deliberately left unmuted, see :mod:`redactor.keep`.
    keep_names : bool
        Whether the files are called after the input, and not after an opaque name.
    """

    original: Sound
    transcript: Transcript
    spans: tuple[TimeSpan, ...]
    audio: Path
    texts: Mapping[str, Path]
    about: Mapping[str, Any]
    kept: tuple[TimeSpan, ...] = ()
    keep_names: bool = False

    @property
    def name(self) -> str:
        """NAME of the recording."""
        return self.about["name"]


@dataclass(frozen=True)
class Fault:
    """What is wrong with a finished file; reason enough to hold it back.

    Attributes
    ----------
    kind : str
        Slug: of the sound "unreadable", "length", "channels", "rate", "residue", "fill", "changed", "metadata";
        "text"; of the hearing "not-heard", "does-not-fit".
    start, end : float or None
        Seconds; None where it is the file as a whole.
    channels : tuple of int
    detail : str
        Numbers and names of things; never text of a recording.
    """

    kind: str
    start: Seconds | None = None
    end: Seconds | None = None
    channels: tuple[int, ...] = ()
    detail: str = ""


@dataclass(frozen=True, eq=False)
class Missed:
    """Personal data that can still be heard, by position in the text of a hearing.

    Attributes
    ----------
    source : str
        "text": in the released transcript; "hearing": in what was heard in the released audio.
    hearing : Transcript
    found : tuple of PiiSpan
    """

    source: str
    hearing: Transcript
    found: tuple[PiiSpan, ...]


@dataclass(frozen=True, eq=False)
class Checked:
    """What the check says.

    Attributes
    ----------
    faults : tuple of Fault
        Any of them holds the recording back.
    missed : tuple of Missed
        To be muted, and the new file to be checked.
    unknown : tuple of TimeSpan
        Speech on which first pass and check do not agree at all; to be muted as well.
    listened : bool
        Whether it was transcribed again.
    agreement : float or None
        Share of words of both hearings that the other one has too.
    """

    faults: tuple[Fault, ...] = ()
    missed: tuple[Missed, ...] = ()
    unknown: tuple[TimeSpan, ...] = ()
    listened: bool = False
    agreement: float | None = None

    @property
    def is_clean(self) -> bool:
        return not (self.faults or self.missed or self.unknown)


def round_record(number: int, checked: Checked) -> dict[str, Any]:
    """One round of the check for the ledger: types and times, never text."""
    found = [
        {
            "source": missed.source,
            "type": pii.entity_type,
            "channel": pii.channel,
            "start": min(word.start for word in words),
            "end": max(word.end for word in words),
        }
        for missed in checked.missed
        for pii, words in zip(missed.found, words_under(missed.hearing, missed.found), strict=True)
    ]
    found += [
        {"source": "hearing", "type": None, "channel": span.channels[0], "start": span.start, "end": span.end}
        for span in checked.unknown
    ]
    return {
        "round": number,
        "listened": checked.listened,
        "agreement": None if checked.agreement is None else round(checked.agreement, 3),
        "faults": [_fault_record(fault) for fault in checked.faults],
        "found": sorted(found, key=lambda row: (row["start"], row["channel"], str(row["type"]))),
    }


def _fault_record(fault: Fault) -> dict[str, Any]:
    return {
        "kind": fault.kind,
        "start": fault.start,
        "end": fault.end,
        "channels": list(fault.channels),
        "detail": fault.detail,
    }


def words_under(hearing: Transcript, found: Sequence[PiiSpan]) -> list[list[Word]]:
    """For each finding the words that it lies on."""
    places = {channel: TextPlaces(hearing.words(channel)) for channel in {pii.channel for pii in found}}
    return [[places[pii.channel].words[i] for i in places[pii.channel].under(pii)] for pii in found]
