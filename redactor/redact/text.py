"""Text follows audio: a word is printed only if no muted span overlaps it on its channel.

Placeholders stand for muted audio and nothing else: what was found but is not muted cannot happen here, since
both come from the same spans.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from redactor.errors import NonsenseError
from redactor.intervals import CoveredTime
from redactor.textplaces import TextPlaces
from redactor.types import PiiSpan, RedactedText, Seconds, Segment, TimeSpan, Transcript, Word, join_words

if TYPE_CHECKING:
    from redactor.redact.placeholders import Placeholders

# For words that are muted only because they stand beside personal data or another side's is said meanwhile.
_MUTED = "<MUTED>"


@dataclass(frozen=True)
class _Placeholder:
    text: str
    start: Seconds
    end: Seconds


@dataclass
class _Line:
    """What is left of a segment: kept words and placeholders in text order."""

    segment: Segment
    items: list[Word | _Placeholder] = field(default_factory=list)

    @property
    def text(self) -> str:
        pieces: list[str] = []
        for before, item in pairwise([None, *self.items]):
            # A piece of a word stands apart once the piece before it became a placeholder.
            joined = isinstance(item, Word) and item.joined and isinstance(before, Word)
            pieces.append(item.text if joined or before is None else f" {item.text}")
        return "".join(pieces)


def redact_text(
    transcript: Transcript,
    spans: Sequence[TimeSpan],
    found: Sequence[PiiSpan],
    *,
    formats: Iterable[str],
    num_channels: int,
) -> RedactedText:
    """Render a transcript without anything that is muted.

    Parameters
    ----------
    transcript : Transcript
    spans : sequence of TimeSpan
        What is muted in the audio.
    found : sequence of PiiSpan
        Names the placeholders; a word that is muted without a finding becomes ``<MUTED>``.
    formats : iterable of {"json", "vtt", "txt"}
    num_channels : int
        Channels of the recording; with one, channel numbers are left out of what people read.
    """
    lines = _lines(transcript, spans, found)
    render = {
        "json": lambda: _as_json(lines, transcript, num_channels),
        "vtt": lambda: _as_vtt(lines, num_channels),
        "txt": lambda: _as_txt(lines, num_channels),
    }
    return RedactedText({name: render[name]() for name in formats})


@dataclass
class _Group:
    """Neighbouring muted words that one placeholder stands for."""

    line: _Line
    words: list[Word]
    finding: PiiSpan | None
    value: list[Word]  # the words under the finding, without those muted beside it


def _lines(
    transcript: Transcript, spans: Sequence[TimeSpan], found: Sequence[PiiSpan]
) -> list[_Line]:
    # Here and not above: Presidio is nothing for the process that hands out work.
    from redactor.redact.placeholders import Placeholders

    placeholders = Placeholders()
    lines = [_Line(segment) for segment in transcript.segments]
    for channel in transcript.channels:
        located = [
            (line, word)
            for line in lines
            if line.segment.channel == channel
            for word in line.segment.words
        ]
        findings = _findings([word for _, word in located], [p for p in found if p.channel == channel])
        muted = CoveredTime((s.start, s.end) for s in spans if channel in s.channels)
        _fill(located, findings, muted, placeholders)
    return [line for line in lines if line.items]


def _fill(
    located: Sequence[tuple[_Line, Word]],
    findings: Sequence[PiiSpan | None],
    muted: CoveredTime,
    placeholders: Placeholders,
) -> None:
    """Put kept words and placeholders into their lines."""
    group: _Group | None = None
    for (line, word), finding in zip(located, findings, strict=True):
        if not muted.touches(word.start, word.end):
            if finding is not None:
                raise NonsenseError(f"a finding of type {finding.entity_type} is not muted")
            group = _close(group, placeholders)
            line.items.append(word)
            continue
        if group and finding and group.finding and finding is not group.finding:
            group = _close(group, placeholders)
        if group is None:
            group = _Group(line, [], None, [])
        group.words.append(word)
        if finding is not None:
            group.finding = finding
            group.value.append(word)
    _close(group, placeholders)


def _close(group: _Group | None, placeholders: Placeholders) -> None:
    if group is None:
        return
    text = _MUTED
    if group.finding is not None:
        text = placeholders.replace(join_words(group.value), entity_type=group.finding.entity_type)
    start, end = group.words[0].start, group.words[-1].end
    group.line.items.append(_Placeholder(text, start, end))


def _findings(words: Sequence[Word], found: Iterable[PiiSpan]) -> list[PiiSpan | None]:
    """For each word the finding that names its placeholder: the surest, then the longest."""
    places = TextPlaces(words)
    best: list[PiiSpan | None] = [None] * len(words)
    for pii in sorted(found, key=lambda p: (p.score, p.char_end - p.char_start, p.entity_type)):
        for index in places.under(pii):
            best[index] = pii
    return best


def _as_json(lines: Sequence[_Line], transcript: Transcript, num_channels: int) -> str:
    document = {
        "duration": transcript.duration,
        "channels": num_channels,
        "languages": sorted({s.language for s in transcript.segments}),
        "segments": [_segment_row(line) for line in lines],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _segment_row(line: _Line) -> dict[str, object]:
    segment = line.segment
    return {
        "channel": segment.channel,
        "start": segment.start,
        "end": segment.end,
        "language": segment.language,
        "text": line.text,
        "words": [
            {"text": w.text, "start": w.start, "end": w.end, "probability": round(w.probability, 3)}
            for w in line.items
            if isinstance(w, Word)
        ],
        "placeholders": [
            {"text": p.text, "start": p.start, "end": p.end}
            for p in line.items
            if isinstance(p, _Placeholder)
        ],
    }


def _as_vtt(lines: Sequence[_Line], num_channels: int) -> str:
    cues = ["WEBVTT\n"]
    for line in lines:
        voice = f"<v Channel {line.segment.channel}>" if num_channels > 1 else ""
        times = f"{_clock(line.segment.start)} --> {_clock(line.segment.end)}"
        cues.append(f"{times}\n{voice}{escape(line.text, quote=False)}\n")
    return "\n".join(cues)


def _as_txt(lines: Sequence[_Line], num_channels: int) -> str:
    rows = []
    for line in lines:
        channel = f" channel {line.segment.channel}:" if num_channels > 1 else ""
        rows.append(f"[{_clock(line.segment.start)}]{channel} {line.text}\n")
    return "".join(rows)


def _clock(time: Seconds) -> str:
    milliseconds = round(time * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"
