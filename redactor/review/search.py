"""A value that leaked once is searched for in everything that is released; what it costs is said before.

The value is what the recognizer of the first pass hears in the original under the finding. It lives in memory
for as long as the search takes; what leaves this module is names, times, types and scores.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redactor.audio.recording import Recording, open_recording
from redactor.entities import ENTITY_TYPES
from redactor.errors import RecordingError, StoreError, UsageError
from redactor.inputs import input_path
from redactor.ledger import InputMap, Ledger, Row, State
from redactor.pipeline import Transcriber, stage
from redactor.review.regression import OTHER
from redactor.review.values import Place, Value, places, value_under
from redactor.runfolder import RunFolder
from redactor.runs import Archive
from redactor.settings import Prepared
from redactor.transcribe import Recognizer
from redactor.types import Origin, Seconds, Segment, TimeSpan, Transcript, Word

# Of one worker with base and tiny.en on a CPU core (README: its RTFx is 13), with room for slower ones.
_RTFX = 8.0
_LOADING_S = 10.0
# 24 ms for the 750 words of five minutes on such a core; both sides of a call.
_SEARCH_PER_AUDIO_S = 2e-4
_PER_FILE_S = 1e-3


@dataclass(frozen=True)
class Cost:
    """What a search takes.

    Attributes
    ----------
    recordings : int
        That are released.
    transcripts : int
        Of them, those that have a transcript in JSON: what is to be read.
    audio_s : float
        Seconds of audio that these stand for.
    original_s : float
        Seconds of the original, which is heard again.
    estimated_s : float
        Seconds on one CPU core; a GPU is faster.
    """

    recordings: int
    transcripts: int
    audio_s: Seconds
    original_s: Seconds
    estimated_s: Seconds


@dataclass(frozen=True)
class Hit:
    """Where the value is said again, by position alone.

    Attributes
    ----------
    name : str
        NAME of the recording.
    channel : int
    start, end : float
        Seconds.
    entity_type : str
        Of the finding; "OTHER" for none.
    score : float
        1 for the same words; less for parts of them, and for what only sounds alike.
    """

    name: str
    channel: int
    start: Seconds
    end: Seconds
    entity_type: str
    score: float

    @property
    def span(self) -> TimeSpan:
        return finding_span(self.start, self.end, self.entity_type, channel=self.channel)


def finding_span(
    start: Seconds, end: Seconds, entity_type: str, *, channel: int | None = None
) -> TimeSpan:
    """A finding as it is stored; on no channel in particular where nobody knows which.

    Raises
    ------
    UsageError
        If its times or its type cannot be.
    """
    if not 0.0 <= start < end < float("inf") or (channel is not None and channel < 0):
        raise UsageError("a finding lies between two times in seconds, the first one less than the second")
    if entity_type != OTHER and entity_type not in ENTITY_TYPES:
        raise UsageError(f"no such type; one of {', '.join(ENTITY_TYPES)}, or {OTHER}")
    types = () if entity_type == OTHER else (entity_type,)
    return TimeSpan(start, end, () if channel is None else (channel,), types, Origin.REVIEWED)


def plan_search(folder: RunFolder, name: str, span: TimeSpan) -> Cost:
    """What it takes to search the release for what was said in a recording.

    Raises
    ------
    UsageError
        If the recording or its original is not there, the finding lies outside it, or nothing can be searched.
    """
    with closing(Ledger(folder.ledger)) as ledger, closing(InputMap(folder.inputs)) as inputs:
        if ledger.setting("keep_names") == "true":
            raise UsageError("a run with --keep-names is not reviewed: its names say who speaks")
        row = ledger.row(name)
        if row is None:
            raise UsageError(f"{name!r} is no recording of {str(folder.out)!r}; name the NAME of the finding")
        original = _original(inputs, name)
        original_s = row.duration if row.duration is not None else _duration(original)
        released = list(ledger.rows(State.DONE))
    if span.start >= original_s:
        raise UsageError(f"the finding lies past the end of the recording ({original_s:.1f} s)")
    with_text = [row for row in released if _transcript_path(row)]
    if released and not with_text:
        raise UsageError(
            "no transcript in JSON is released, so that there is nothing to search; `redactor run` with "
            "'json' among output.transcripts of the policy"
        )
    audio_s = sum(row.duration or 0.0 for row in with_text)
    estimated_s = _LOADING_S + original_s / _RTFX + _PER_FILE_S * len(with_text) + _SEARCH_PER_AUDIO_S * audio_s
    return Cost(len(released), len(with_text), audio_s, original_s, estimated_s)


def search_value(
    archive: Archive,
    prepared: Prepared,
    name: str,
    span: TimeSpan,
    *,
    recognizer: Transcriber | None = None,
) -> list[Hit]:
    """Where else what was said in a recording under a finding is still to be heard.

    In the transcript of everything that is released; and where the recording itself is not, in what is heard in
    its original: there it is likeliest to be said again, and its next run mutes it.

    Parameters
    ----------
    archive : Archive
        With the folder's lock held.
    prepared : Prepared
    name : str
        NAME of the recording with the finding.
    span : TimeSpan
        The finding.
    recognizer : Transcriber, optional
        In place of that of the run.

    Returns
    -------
    list of Hit
        By name and time.

    Raises
    ------
    UsageError
        If the original cannot be heard again, or nothing is understood there.
    StoreError
        If a transcript that is released cannot be read.
    """
    heard = _heard(_original(archive.inputs, name), prepared, recognizer)
    value = value_under(heard, span)
    if value is None:
        raise UsageError(
            "nothing was understood under the finding, so that there is nothing to search for; mark more of "
            "what is said, or use `redactor run` with a larger --model first"
        )
    row = archive.ledger.row(name)
    entity_type = " ".join(span.entity_types) or OTHER
    hits = []
    if row is None or row.state is not State.DONE:
        own = [place for hearing in heard.hearings for place in places(value, hearing)]
        hits += [_hit(name, place, entity_type) for place in own if not _is_finding(place, span)]
    for other in archive.ledger.rows(State.DONE):
        hits += [_hit(other.name, place, entity_type) for place in _released_places(archive, other, value)]
    return sorted(set(hits), key=lambda hit: (hit.name, hit.start, hit.end, hit.channel))


def _hit(name: str, place: Place, entity_type: str) -> Hit:
    return Hit(name, place.channel, place.start, place.end, entity_type, place.score)


def _is_finding(place: Place, span: TimeSpan) -> bool:
    return place.start < span.end and span.start < place.end


def _released_places(archive: Archive, row: Row, value: Value) -> Iterator[Place]:
    path = _transcript_path(row)
    if path is None:
        return
    file = archive.folder.release_path(path)
    try:
        transcript = _as_transcript(json.loads(file.read_bytes()))
    except FileNotFoundError:
        return  # withdrawn while somebody else held the lock
    except (OSError, ValueError, KeyError, TypeError, RecursionError):  # whose messages may quote it
        raise StoreError(
            f"the transcript of {row.name} cannot be read as one; `redactor run` with its INPUT makes it anew"
        ) from None
    yield from places(value, transcript)


def _transcript_path(row: Row) -> str | None:
    paths = (file.path for file in row.files)
    return next((p for p in paths if p.startswith("transcripts/") and p.endswith(".json")), None)


def _as_transcript(document: dict[str, Any]) -> Transcript:
    """A released transcript: the words that can be heard."""
    segments = []
    for segment in document["segments"]:
        words = tuple(
            Word(str(w["text"]), float(w["start"]), float(w["end"]), float(w["probability"]))
            for w in segment["words"]
        )
        channel, start, end = int(segment["channel"]), float(segment["start"]), float(segment["end"])
        segments.append(Segment(channel, str(segment["language"]), None, start, end, words, 0.0, 0.0, 1.0))
    return Transcript.build(float(document["duration"]), segments)


def _original(inputs: InputMap, name: str) -> Path:
    origin = inputs.get(name)
    path = input_path(origin.uri) if origin else None
    if path is None or not path.is_file():
        raise UsageError(
            f"the original of {name} is not where it was, and what is said in it is written nowhere else; put "
            "it back"
        )
    return path


def _duration(original: Path) -> Seconds:
    with _recording(original) as recording:
        return recording.duration


def _heard(original: Path, prepared: Prepared, recognizer: Transcriber | None) -> Transcript:
    with _recording(original) as recording, stage("transcribe"):
        return (recognizer or _recognizer(prepared)).transcribe(recording, prepared.settings.policy).transcript


@contextmanager
def _recording(original: Path) -> Iterator[Recording]:
    try:
        with stage("decode"), open_recording(original) as recording:
            yield recording
    except RecordingError as error:
        raise UsageError(
            f"the original of the finding cannot be heard again ({error.reason}); put it back as it was"
        ) from None


def _recognizer(prepared: Prepared) -> Transcriber:
    """As a worker of the run loads it; the model that checks has no part in this."""
    return Recognizer(
        prepared.models["transcribe"],
        second=prepared.models.get("second"),
        identifier=prepared.models.get("identify"),
        device=prepared.device,
        threads=prepared.settings.threads,
    )
