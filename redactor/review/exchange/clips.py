"""What a tool is told about a clip: its length, what is muted in it, and what can still be read.

Why somebody hears it is told nowhere: reviewers listen to a planted leak as they do to everything else.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from redactor.errors import StoreError
from redactor.review.clips import tenths
from redactor.review.comments import tidy
from redactor.review.entries import Item
from redactor.review.exchange.folders import read_below
from redactor.runfolder import RunFolder
from redactor.types import Seconds

_Window = tuple[Seconds, Seconds]


@dataclass(frozen=True)
class Muted:
    """A muted stretch, in seconds of the clip; `channels` is empty if it is all of them."""

    start: Seconds
    end: Seconds
    channels: tuple[int, ...]


@dataclass(frozen=True)
class Line:
    """What is left to read of a turn, in seconds of the clip; `channel` is None if there is but one."""

    start: Seconds
    end: Seconds
    channel: int | None
    text: str


@dataclass(frozen=True)
class Clip:
    """One clip as a tool gets it.

    Attributes
    ----------
    id : str
    file : str
        Name of its audio in the folder.
    duration : float
    muted : tuple of Muted
    lines : tuple of Line
    """

    id: str
    file: str
    duration: Seconds
    muted: tuple[Muted, ...]
    lines: tuple[Line, ...]

    @property
    def transcript(self) -> tuple[str, ...]:
        """Its lines for people, each with its time."""
        return tuple(
            f"[{_clock(line.start)}]{'' if line.channel is None else f' channel {line.channel}:'} {line.text}"
            for line in self.lines
        )


def clip_of(item: Item, folder: RunFolder, file: str) -> Clip:
    """Tell what a tool may know of an item.

    Raises
    ------
    StoreError
        If the item's report or transcript is not there or not in their form.
    """
    report = _document(item, folder, "report")
    transcript = _document(item, folder, "transcript")
    duration = item.end - item.start
    # Texts made for a clip count from its start, those of the release from the recording's.
    window = (0.0, duration) if item.reports.get("root") == "private" else (item.start, item.end)
    try:
        return Clip(
            item.id,
            file,
            round(duration, 3),
            _muted(report, window) if report is not None else (),
            _lines(transcript, window) if transcript is not None else (),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise StoreError(
            f"the report or transcript of clip {item.id} is not in the form that redactor writes; run again on "
            "the same OUT, and draw a new sample"
        ) from None


def _document(item: Item, folder: RunFolder, part: str) -> Mapping[str, Any] | None:
    path = item.reports.get(part)
    if path is None:
        return None
    data = read_below(folder, item.reports["root"], path)
    if data is None:
        raise StoreError(f"the {part} of clip {item.id} is missing; draw a new sample")
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise StoreError(f"the {part} of clip {item.id} is not JSON; draw a new sample") from None


def _cut(start: Any, end: Any, window: _Window) -> tuple[Seconds, Seconds] | None:
    """A stretch in seconds of the clip; None if it lies outside."""
    times = float(start), float(end)
    if not all(map(math.isfinite, times)):
        raise ValueError("not a time")
    left, right = max(times[0], window[0]), min(times[1], window[1])
    return (round(left - window[0], 3), round(right - window[0], 3)) if left < right else None


def _muted(report: Mapping[str, Any], window: _Window) -> tuple[Muted, ...]:
    """Stretches alone, joined: type, origin and number of findings would tell how an item was redacted."""
    found: list[Muted] = []
    everywhere = range(report["channels"])
    for row in report["redactions"]:
        times = _cut(row["start"], row["end"], window)
        channels = tuple(sorted({int(channel) for channel in row["channels"]}))
        if times is not None:
            found.append(Muted(*times, () if set(channels) >= set(everywhere) else channels))
    found.sort(key=lambda m: (m.channels, m.start, m.end))
    joined = [m for _, group in groupby(found, key=lambda m: m.channels) for m in _joined(group)]
    return tuple(sorted(joined, key=lambda m: (m.start, m.end, m.channels)))


def _joined(muted: Iterable[Muted]) -> list[Muted]:
    """Neighbours that touch as one; they come in order of start, of the same channels."""
    out: list[Muted] = []
    for piece in muted:
        if out and piece.start <= out[-1].end:
            out[-1] = Muted(out[-1].start, max(out[-1].end, piece.end), piece.channels)
        else:
            out.append(piece)
    return out


def _lines(transcript: Mapping[str, Any], window: _Window) -> tuple[Line, ...]:
    has_sides = transcript["channels"] > 1
    lines = []
    for segment in transcript["segments"]:
        times = _cut(segment["start"], segment["end"], window)
        text = _text(segment, window)
        if times is not None and text:
            lines.append(Line(*tenths(*times), int(segment["channel"]) if has_sides else None, text))
    return tuple(lines)


def _text(segment: Mapping[str, Any], window: _Window) -> str:
    """Of a segment that the clip cuts, only words and placeholders that can be heard in it."""
    if window[0] <= segment["start"] and segment["end"] <= window[1]:
        return tidy(segment["text"])
    pieces = sorted(
        (float(piece["start"]), piece["text"])
        for piece in (*segment["words"], *segment["placeholders"])
        if _cut(piece["start"], piece["end"], window) is not None
    )
    return tidy(" ".join(text for _, text in pieces))


def _clock(time: Seconds) -> str:
    tenths = int(time * 10)
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"
