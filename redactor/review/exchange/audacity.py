"""Audacity: a label file beside each clip, with what is muted and said in it; labelled on, and read back.

Form: https://manual.audacityteam.org/man/importing_and_exporting_labels.html, start, end and text with tabs
between; lines that begin with a backslash are frequency ranges.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from redactor.errors import UsageError
from redactor.review.entries import Opinion
from redactor.review.exchange.answers import MARK_TYPES, Said, decoded, opinion_of, read_file, seconds_of
from redactor.review.exchange.clips import Clip

_ENDING = ".txt"
_MAX_LABEL_BYTES = 8 << 20
# What we wrote, and which opinions may come as two words.
_OURS = {"muted", "said"}
_LABEL = re.compile(r"(too[\s_-]*much|cannot[\s_-]*tell|[a-z]+)(?:[\s:,.;-]+(.*))?", re.IGNORECASE | re.DOTALL)
_MAX_TYPE_WORDS = max(name.count("_") for name in MARK_TYPES) + 1


def files(clips: Sequence[Clip]) -> dict[str, bytes]:
    """A label file for every clip, by name."""
    return {f"{clip.id}{_ENDING}": _labels(clip).encode() for clip in clips}


def _labels(clip: Clip) -> str:
    rows = [(m.start, m.end, " ".join(("muted", *(f"channel {c}" for c in m.channels)))) for m in clip.muted]
    for line in clip.lines:
        side = "" if line.channel is None else f"channel {line.channel}: "
        rows.append((line.start, line.end, f"said {side}{line.text}"))
    return "".join(f"{start:.6f}\t{end:.6f}\t{text}\n" for start, end, text in sorted(rows))


def read(path: Path) -> list[Said]:
    """What the label files of a folder say, or one of them; see :func:`parse`."""
    if not path.is_dir():
        return _read_one(path)
    try:
        found = [file for file in path.iterdir() if file.suffix.lower() == _ENDING]
    except OSError as error:
        raise UsageError(f"{str(path)!r} cannot be read: {error.strerror}") from None
    # Some systems put files of their own beside each, under a name with a dot before it.
    labels = sorted(file for file in found if not file.name.startswith("."))
    if not labels:
        raise UsageError(f"{str(path)!r} holds no label files (ID{_ENDING}); name the folder of the clips")
    return [said for file in labels for said in _read_one(file)]


def _read_one(path: Path) -> list[Said]:
    data = read_file(path, max_bytes=_MAX_LABEL_BYTES)
    return parse(data, path.name)


def parse(data: bytes, name: str) -> list[Said]:
    """What a label file says of the clip that it is named after.

    Raises
    ------
    UsageError
        If a line is no label, or says nothing that is understood.
    """
    clip = Path(name).stem
    # A clip that is only ours to label so far speaks too, so that it is seen to lack a verdict.
    said = [Said(clip, repr(name))]
    for number, line in enumerate(re.split(r"\r\n|\r|\n", decoded(data, repr(name))), 1):
        if line.strip() and not line.startswith("\\"):
            said += _said(clip, line, f"{name!r}, line {number}")
    return said


def _said(clip: str, line: str, place: str) -> list[Said]:
    columns = line.split("\t", 2)
    if len(columns) != 3 or not columns[2].strip():
        raise UsageError(
            f"{place}: not a label (start, end and text with tabs between); give the label a text or delete "
            "it, and export the labels again"
        )
    # Audacity writes a comma where the system's numbers have one.
    start, end = (seconds_of(column.replace(",", "."), place) for column in columns[:2])
    found = _LABEL.fullmatch(columns[2].strip())
    if found is None:
        raise UsageError(f"{place}: unknown verdict; use clean, leak, too-much or cannot-tell")
    word, rest = found[1], (found[2] or "").strip()
    if word.lower() in _OURS:
        return []
    opinion = opinion_of(word, place)
    if opinion is Opinion.LEAK:
        entity_type, comment = _type(rest, place)
        return [Said(clip, place, opinion, start, end, entity_type, comment)]
    if opinion is Opinion.TOO_MUCH and start != end:
        return [Said(clip, place, opinion, start, end, comment=rest)]
    return [Said(clip, place, opinion, comment=rest)]


def _type(text: str, place: str) -> tuple[str, str]:
    """The type that a text begins with, as one word or several, and the rest of it."""
    words = text.split()
    for count in range(min(_MAX_TYPE_WORDS, len(words)), 0, -1):
        name = re.sub("-", "_", "_".join(words[:count])).upper().rstrip(":,.;")
        if name in MARK_TYPES:
            return name, " ".join(words[count:])
    raise UsageError(
        f"{place}: a leak needs a known type, as in `leak PERSON` or `leak OTHER`; the README lists them"
    )
