"""What a reviewer sees of an item: its muted spans and its words, in seconds of its own audio."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redactor.review.clips import cut_report, cut_transcript, tenths
from redactor.review.entries import Item
from redactor.review.serve.sound import Gone, Roots
from redactor.types import Seconds


@dataclass(frozen=True)
class Muted:
    """A stretch that is muted.

    Attributes
    ----------
    start, end : float
    channels : tuple of int
    types : tuple of str
        Empty where no type is known.
    """

    start: Seconds
    end: Seconds
    channels: tuple[int, ...]
    types: tuple[str, ...]


@dataclass(frozen=True)
class Token:
    """A word, or a placeholder that stands for muted ones."""

    text: str
    start: Seconds
    end: Seconds
    is_placeholder: bool


@dataclass(frozen=True)
class Line:
    """What is said in one go on one channel."""

    channel: int
    start: Seconds
    tokens: tuple[Token, ...]


@dataclass(frozen=True)
class ClipView:
    """An item as a page shows it.

    Attributes
    ----------
    duration : float
    num_channels : int or None
        None where the report is gone: the recording was withdrawn, and what two are to hear is heard on.
    muted : tuple of Muted
    lines : tuple of Line
        Empty where there is no transcript.
    """

    duration: Seconds
    num_channels: int | None
    muted: tuple[Muted, ...]
    lines: tuple[Line, ...]


def clip_view(item: Item, roots: Roots) -> ClipView:
    """Read what belongs to an item, and leave out all that lies outside it.

    What lies in ``private/review`` was cut for the item; what is released is of the whole recording. Texts that
    are gone or damaged are left out: the sound alone is what has to be heard.
    """
    duration = item.end - item.start
    start, end = (item.start, item.end) if item.reports["root"] == "release" else (0.0, duration)
    try:
        report = cut_report(_read(item, roots, "report"), start, end)
        text = item.reports.get("transcript")
        transcript = cut_transcript(_read(item, roots, "transcript"), start, end) if text else {"segments": ()}
        return ClipView(
            duration,
            int(report["channels"]),
            tuple(_muted(row) for row in report["redactions"]),
            tuple(_line(segment) for segment in transcript["segments"]),
        )
    except (Gone, ValueError, KeyError, TypeError):
        return ClipView(duration, None, (), ())


def _read(item: Item, roots: Roots, what: str) -> Mapping[str, Any]:
    return json.loads(roots.read(item.reports["root"], item.reports[what]))


def _muted(row: Mapping[str, Any]) -> Muted:
    return Muted(float(row["start"]), float(row["end"]), tuple(row["channels"]), tuple(row.get("types", ())))


def _line(segment: Mapping[str, Any]) -> Line:
    tokens = [*_tokens(segment["words"], False), *_tokens(segment["placeholders"], True)]
    tokens.sort(key=lambda token: (token.start, token.end))
    return Line(int(segment["channel"]), tenths(segment["start"], segment["end"])[0], tuple(tokens))


def _tokens(rows: Sequence[Mapping[str, Any]], is_placeholder: bool) -> list[Token]:
    return [Token(str(r["text"]), *tenths(r["start"], r["end"]), is_placeholder) for r in rows]


def clock(time: Seconds) -> str:
    """Minutes and seconds as people write them."""
    tenths = round(time * 10)
    minutes, tenths = divmod(tenths, 600)
    return f"{minutes}:{tenths // 10:02d}.{tenths % 10}"
