"""The gold format: what is truly said in a recording and which of it is personal data.

One JSON object a line. Required: `audio` (relative to the file), and `words` or `spans`. A word is
`[text, start, end, label, channel, entity_id]`, the last two optional; a span is `{"type", "start",
"end", "channel"}`, the last optional. Labels: "" is an ordinary word, "-" a filler inside a value that
counts for neither leak nor loss, anything else an entity type. Without entity ids, neighbouring words
of one label on one channel are one entity.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redactor.errors import UsageError

FILLER = "-"

# No recording lasts a year, and a file has at most as many channels as two bytes count.
_MAX_S = 366 * 24 * 3600.0
_MAX_CHANNELS = 1 << 16

_KINDS = {
    "audio": str,
    "words": list,
    "spans": list,
    "duration_s": int | float,
    "sample_rate": int,
    "channels": int,
    "half": str,
    "kind": str,
    "speaker": str | int,
    "voices": list,
    "condition": dict,
}
_MAY_BE_NULL = {"duration_s", "sample_rate", "channels", "speaker"}


class GoldError(UsageError):
    """A gold file that cannot be used; the message names the line."""


@dataclass(frozen=True)
class GoldWord:
    """A spoken word; times in seconds, half-open; `entity` None where the file gives none."""

    text: str
    start: float
    end: float
    label: str = ""
    channel: int = 0
    entity: int | None = None

    @property
    def is_pii(self) -> bool:
        return self.label not in ("", FILLER)


@dataclass(frozen=True)
class GoldSpan:
    """Personal data without word times."""

    entity_type: str
    start: float
    end: float
    channel: int = 0


@dataclass(frozen=True)
class GoldRecording:
    """One line of the gold file; `speaker` says what the intervals resample."""

    audio: str
    words: tuple[GoldWord, ...] = ()
    spans: tuple[GoldSpan, ...] = ()
    duration_s: float | None = None
    sample_rate: int | None = None
    channels: int | None = None
    half: str = ""
    kind: str = ""
    speaker: str | None = None
    voices: tuple[str, ...] = ()
    condition: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """The line of the gold file, times to 0.1 ms."""
        row: dict[str, Any] = {
            "audio": self.audio,
            "duration_s": self.duration_s,
            "sample_rate": self.sample_rate,
            "channels": self.channels,
            "half": self.half,
            "kind": self.kind,
            "voices": list(self.voices),
            "condition": self.condition,
            "words": [
                [w.text, round(w.start, 4), round(w.end, 4), w.label, w.channel, w.entity] for w in self.words
            ],
        }
        if self.speaker is not None:
            row["speaker"] = self.speaker
        if self.spans:
            row["spans"] = [
                {"type": s.entity_type, "start": s.start, "end": s.end, "channel": s.channel}
                for s in self.spans
            ]
        return json.dumps({k: v for k, v in row.items() if v is not None})


def _word(raw: Any, where: str) -> GoldWord:
    if not isinstance(raw, list) or not 3 <= len(raw) <= 6:
        raise GoldError(f"{where}: a word is [text, start, end, label, channel, entity_id]")
    text, start, end, *rest = raw
    label, channel, entity = (*rest, *("", 0, None)[len(rest) :])
    if not isinstance(label or "", str) or isinstance(entity, list | dict):
        raise GoldError(f"{where}: a label is text, an entity_id a number or text")
    return GoldWord(str(text), *_times(start, end, where), label or "", _channel(channel, where), entity)


def _span(raw: Any, where: str) -> GoldSpan:
    if not isinstance(raw, dict) or not {"type", "start", "end"} <= raw.keys():
        raise GoldError(f"{where}: a span is {{type, start, end, channel}}")
    times = _times(raw["start"], raw["end"], where)
    return GoldSpan(str(raw["type"]), *times, _channel(raw.get("channel"), where))


def _times(start: Any, end: Any, where: str) -> tuple[float, float]:
    numbers = all(isinstance(time, int | float) and not isinstance(time, bool) for time in (start, end))
    if not numbers or not 0 <= start <= end < _MAX_S:
        raise GoldError(f"{where}: times must be seconds with 0 <= start <= end")
    return float(start), float(end)


def _channel(raw: Any, where: str) -> int:
    channel = raw or 0
    if not isinstance(channel, int | float) or channel != channel // 1 or not 0 <= channel < _MAX_CHANNELS:
        raise GoldError(f"{where}: a channel is a number from 0")
    return int(channel)


def parse_line(line: str, where: str = "gold") -> GoldRecording:
    """One line of a gold file.

    Raises
    ------
    GoldError
        If a field is missing or cannot be, naming `where`.
    """
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise GoldError(f"{where}: not JSON: {error.msg}") from None
    except (ValueError, RecursionError):  # a number of thousands of digits; lists in lists in lists
        raise GoldError(f"{where}: not JSON") from None
    if not isinstance(row, dict) or "audio" not in row or not ("words" in row or "spans" in row):
        raise GoldError(f'{where}: "audio" and one of "words" and "spans" are needed')
    for key, kinds in _KINDS.items():
        value = row.get(key)
        if not (value is None and key in _MAY_BE_NULL or isinstance(value, kinds) or key not in row):
            raise GoldError(f"{where}: {key!r} is of the wrong kind")
    if not 0 <= (row.get("duration_s") or 0) < _MAX_S:
        raise GoldError(f"{where}: 'duration_s' must be seconds")
    return GoldRecording(
        audio=row["audio"],
        words=tuple(_word(w, where) for w in row.get("words", ())),
        spans=tuple(_span(s, where) for s in row.get("spans", ())),
        duration_s=row.get("duration_s"),
        sample_rate=row.get("sample_rate"),
        channels=row.get("channels"),
        half=row.get("half", ""),
        kind=row.get("kind", ""),
        speaker=row.get("speaker"),
        voices=tuple(row.get("voices", ())),
        condition=row.get("condition", {}),
    )


def read_gold(path: Path) -> list[GoldRecording]:
    """Every recording of a gold file, in its order.

    Raises
    ------
    GoldError
        If a line cannot be used, or none is there.
    OSError
        If the file cannot be read.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    except UnicodeDecodeError:
        raise GoldError(f"{path.name} is not UTF-8") from None
    rows = [parse_line(line, f"{path.name} line {number}") for number, line in numbered]
    if not rows:
        raise GoldError(f"{path.name} holds no recording")
    return rows


def write_gold(path: Path, rows: Iterable[GoldRecording]) -> None:
    """Write a gold file whole."""
    path.write_text("".join(row.to_json() + "\n" for row in rows), encoding="utf-8")


def entities(words: Iterable[GoldWord]) -> list[list[int]]:
    """Indices of the words of each entity, in order.

    With entity ids, by id; without, neighbours of one label on one channel, fillers between them
    notwithstanding.
    """
    groups: list[list[int]] = []
    by_key: dict[Any, list[int]] = {}
    last: dict[int, tuple[str, list[int] | None]] = {}
    for i, word in enumerate(words):
        if word.label == FILLER:
            continue
        previous_label, previous = last.get(word.channel, ("", None))
        group: list[int] | None = None
        if word.is_pii:
            if word.entity is not None:
                group = by_key.get((word.channel, word.entity, word.label))
            elif previous_label == word.label:
                group = previous
            if group is None:
                group = []
                groups.append(group)
                if word.entity is not None:
                    by_key[(word.channel, word.entity, word.label)] = group
            group.append(i)
        last[word.channel] = (word.label, group if word.entity is None else None)
    return groups
