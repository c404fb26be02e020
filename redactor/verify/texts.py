"""Whether the text files say no more than can be heard, and hold nothing but what belongs there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from pathlib import PurePosixPath
from typing import Any

from redactor.entities import ENTITY_TYPES
from redactor.intervals import CoveredTime
from redactor.report import RECOGNIZER_NAME
from redactor.types import Origin, Segment
from redactor.verify.claim import Claim, Fault
from redactor.verify.hearing import muted_time
from redactor.verify.plan import FILLS

_PLACEHOLDER = re.compile(rf"<(?:MUTED|(?:{'|'.join(sorted(ENTITY_TYPES))})_\d+)>")
_CLOCK = r"\d{2,}:\d\d:\d\d\.\d{3}"
_CUE = re.compile(rf"{_CLOCK} --> {_CLOCK}")
_VOICE = re.compile(r"<v Channel (\d+)>")
_LINE = re.compile(rf"\[{_CLOCK}\](?: channel (\d+):)? ")

# What a report says besides what stands in every report of its run.
_REPORT_KEYS = frozenset("duration sample_rate channels languages format muted redactions".split())
_REDACTION_KEYS = frozenset("types origin start end channels score recognizers operator".split())
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_FORMAT = re.compile(r"[A-Z0-9_]{1,24}")


def check_texts(claim: Claim) -> tuple[Fault, ...]:
    """Everything that is wrong with the finished text files of a recording.

    Every word in them has to be one that the first pass heard on that channel and nobody muted; whatever else
    stands there has to be a placeholder, a time, or from the closed vocabulary of reports.
    """
    faults = [fault for path in claim.texts if (fault := _misplaced(path, claim))]
    said = _Said.of(claim)
    for path, file in claim.texts.items():
        try:
            problem = _problem(path, file.read_text(encoding="utf-8"), claim, said)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            problem = "cannot be read as what it should be"
        if problem is not None:
            faults.append(Fault("text", detail=f"{_kind(path)}: {problem}"))
    return tuple(faults)


def _kind(path: str) -> str:
    """Folder and extension, without the name: with kept names it may be somebody's."""
    pure = PurePosixPath(path)
    ending = ".labels.txt" if pure.name.endswith(".labels.txt") else pure.suffix
    return f"{pure.parts[0]}/*{ending}"


def _misplaced(path: str, claim: Claim) -> Fault | None:
    """A name may stand in no path but its own: an opaque one lies below the folder that it begins with."""
    pure, name = PurePosixPath(path), claim.name
    expected = name if claim.keep_names else f"{name[:2]}/{name}"
    inside = str(PurePosixPath(*pure.parts[1:]))
    if inside.startswith(f"{expected}.") and "/" not in inside[len(expected) :] and ".." not in pure.parts:
        return None
    return Fault("text", detail=f"{pure.parts[0]}: a file that is not called after its recording")


def _problem(path: str, content: str, claim: Claim, said: _Said) -> str | None:
    part, pure = path.partition("/")[0], PurePosixPath(path)
    if part == "transcripts" and pure.suffix == ".json":
        return _transcript_problem(_parsed(content), said)
    if part == "transcripts" and pure.suffix in (".vtt", ".txt"):
        return _running_problem((_vtt_lines if pure.suffix == ".vtt" else _txt_lines)(content), said)
    if part == "reports" and path.endswith(".labels.txt"):
        return _labels_problem(content)
    if part == "reports" and pure.suffix == ".json":
        return _report_problem(_parsed(content), claim)
    return "is of no known kind"


def _parsed(content: str) -> Any:
    """JSON without a key that stands twice: of two, a reader may show either."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) < len(pairs):
            raise ValueError("a key stands twice")
        return dict(pairs)

    return json.loads(content, object_pairs_hook=once)


def _are_numbers(*values: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


@dataclass(frozen=True)
class _Said:
    """By channel: what is muted, the texts of words that nothing muted touches, and how they are printed."""

    muted: Mapping[int, CoveredTime]
    allowed: Mapping[int, set[str]]
    printed: Mapping[int, set[str]]

    @classmethod
    def of(cls, claim: Claim) -> _Said:
        muted = {channel: muted_time(claim.spans, channel) for channel in range(claim.original.num_channels)}
        words: dict[int, set[str]] = {channel: set() for channel in muted}
        printed: dict[int, set[str]] = {channel: set() for channel in muted}
        for segment in claim.transcript.segments:
            tokens, texts = _kept(segment, muted[segment.channel])
            words[segment.channel] |= texts
            printed[segment.channel] |= tokens
        return cls(muted, words, printed)


def _kept(segment: Segment, muted: CoveredTime) -> tuple[set[str], set[str]]:
    """What is left of a segment as it is printed, joined words as one; and its words by themselves."""
    printed: list[str] = []
    words: set[str] = set()
    is_open = False
    for word in segment.words:
        is_muted = muted.touches(word.start, word.end)
        if not is_muted:
            words.add(word.text)
            if word.joined and is_open:
                printed[-1] += word.text
            else:
                printed.append(word.text)
        is_open = not is_muted
    return {piece for text in printed for piece in text.split()}, words


def _transcript_problem(document: Mapping[str, Any], said: _Said) -> str | None:
    if document.keys() != {"duration", "channels", "languages", "segments"}:
        return "has other keys than it should"
    if not all(_LANGUAGE.fullmatch(code) for code in document["languages"]):
        return "has a language that is none"
    if not _are_numbers(document["duration"], document["channels"]):
        return "has a text where a number should be"
    for segment in document["segments"]:
        if segment.keys() != {"channel", "start", "end", "language", "text", "words", "placeholders"}:
            return "has other keys than it should"
        items = (*segment["words"], *segment["placeholders"])
        if not _are_numbers(
            segment["channel"],
            *(item[key] for item in (segment, *items) for key in ("start", "end")),
            *(word["probability"] for word in segment["words"]),
        ):
            return "has a text where a number should be"
        muted, allowed = said.muted[segment["channel"]], said.allowed[segment["channel"]]
        for word in segment["words"]:
            if word.keys() != {"text", "start", "end", "probability"}:
                return "has other keys than it should"
            if word["text"] not in allowed or muted.touches(word["start"], word["end"]):
                return f"prints a word at {word['start']:.2f} s that is muted or was not heard"
        for placeholder in segment["placeholders"]:
            keys = placeholder.keys()
            if keys != {"text", "start", "end"} or not _PLACEHOLDER.fullmatch(placeholder["text"]):
                return "has a placeholder that is none"
            if not muted.touches(placeholder["start"], placeholder["end"]):
                return f"has a placeholder at {placeholder['start']:.2f} s where nothing is muted"
        printed = said.printed[segment["channel"]]
        if not _LANGUAGE.fullmatch(segment["language"]) or not _is_made_of(segment["text"], printed):
            return "has a line that says more than its words"
    return None


def _running_problem(lines: Iterator[tuple[int | None, str]], said: _Said) -> str | None:
    anywhere = set().union(*said.printed.values())
    for channel, text in lines:
        if not _is_made_of(text, anywhere if channel is None else said.printed[channel]):
            return "says something that is muted or was not heard"
    return None


def _is_made_of(text: str, printed: set[str]) -> bool:
    """Whether a line is nothing but placeholders and what is printed of its channel."""
    return all(token in printed for token in _PLACEHOLDER.sub(" ", text).split())


def _vtt_lines(content: str) -> Iterator[tuple[int | None, str]]:
    head, *cues = content.rstrip("\n").split("\n\n")
    if head.strip() != "WEBVTT":
        raise ValueError("no subtitles")
    for cue in cues:
        times, *texts = cue.strip("\n").split("\n")
        if not _CUE.fullmatch(times):
            raise ValueError("no cue")
        voice = _VOICE.match(texts[0])
        first = texts[0][voice.end() :] if voice else texts[0]
        yield int(voice[1]) if voice else None, unescape(" ".join((first, *texts[1:])))


def _txt_lines(content: str) -> Iterator[tuple[int | None, str]]:
    for line in content.splitlines():
        head = _LINE.match(line)
        if head is None:
            raise ValueError("no line of a transcript")
        yield int(head[1]) if head[1] else None, line[head.end() :]


def _labels_problem(content: str) -> str | None:
    known = {*ENTITY_TYPES, *Origin}
    for line in content.splitlines():
        start, end, label = line.split("\t")
        if not float(start) <= float(end) or not set(label.split(" ")) <= known:
            return "has a label from no vocabulary"
    return None


def _report_problem(document: Mapping[str, Any], claim: Claim) -> str | None:
    own = {k: v for k, v in document.items() if k not in claim.about}
    if {k: document.get(k) for k in claim.about} != dict(claim.about) or own.keys() != _REPORT_KEYS:
        return "has other keys than it should, or says something else of its run"
    formats = document["format"]
    known = (
        all(_LANGUAGE.fullmatch(code) for code in document["languages"]),
        _are_numbers(*(document[key] for key in ("duration", "sample_rate", "channels", "muted"))),
        formats.keys() == {"input", "output", "kept"} and isinstance(formats["kept"], bool),
        all(formats[side].keys() == {"container", "subtype"} for side in ("input", "output")),
        all(_FORMAT.fullmatch(v) for side in ("input", "output") for v in formats[side].values()),
        all(map(_is_known, document["redactions"])),
    )
    if not all(known):
        return "has a text from no vocabulary"
    spans = {(span.start, span.end, span.channels) for span in claim.spans}
    if any((r["start"], r["end"], tuple(r["channels"])) not in spans for r in document["redactions"]):
        return "names a stretch that is not muted"
    return None if len(document["redactions"]) == len(claim.spans) else "does not name all that is muted"


def _is_known(row: Mapping[str, Any]) -> bool:
    """Whether a muted stretch is told in words of ours."""
    return (
        row.keys() == _REDACTION_KEYS
        and set(row["types"]) <= ENTITY_TYPES.keys()
        and row["origin"] in set(Origin)
        and row["operator"] in FILLS
        and all(RECOGNIZER_NAME.fullmatch(name) for name in row["recognizers"])
        and (row["score"] is None or _are_numbers(row["score"]))
    )
