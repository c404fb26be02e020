"""What a first pass says of the files that it made, and what the check says of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redactor.types import PiiSpan, Seconds, Sound, TimeSpan, Transcript


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
    """

    original: Sound
    transcript: Transcript
    spans: tuple[TimeSpan, ...]
    audio: Path
    texts: Mapping[str, Path]
    about: Mapping[str, Any]

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
        Slug: "residue", "changed", "metadata", "text", "not-heard", "does-not-fit", ...
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
            **_times(missed.hearing, pii),
        }
        for missed in checked.missed
        for pii in missed.found
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


def _times(hearing: Transcript, pii: PiiSpan) -> dict[str, Seconds]:
    words = words_under(hearing, pii)
    return {"start": min(w.start for w in words), "end": max(w.end for w in words)}


def words_under(hearing: Transcript, pii: PiiSpan) -> Sequence[Any]:
    """The words that a finding lies on."""
    return [
        word
        for word in hearing.words(pii.channel)
        if pii.char_start < word.char_end and word.char_start < pii.char_end
    ]
