"""CSV for spreadsheets: one row a clip out; one row a mark or a verdict back."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from redactor.errors import UsageError
from redactor.review.entries import Opinion
from redactor.review.exchange.answers import (
    MAX_FILE_BYTES,
    Said,
    decoded,
    opinion_of,
    read_file,
    seconds_of,
    type_of,
)
from redactor.review.exchange.clips import Clip, Muted

FILE_NAME = "clips.csv"

_TOLD = ("id", "audio", "duration", "muted", "transcript")
_ASKED = ("verdict", "start", "end", "type", "comment")
_SEPARATORS = ",;\t"
# What a spreadsheet would take for a formula: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def files(clips: Sequence[Clip]) -> dict[str, bytes]:
    """The table of clips, by name of the file."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow((*_TOLD, *_ASKED))
    for clip in clips:
        muted = "; ".join(_stretch(m) for m in clip.muted)
        row = (clip.id, clip.file, f"{clip.duration:.3f}", muted, " | ".join(clip.transcript))
        writer.writerow([*map(_harmless, row), *[""] * len(_ASKED)])
    # With a byte order mark, without which a spreadsheet takes the text for another encoding.
    return {FILE_NAME: stream.getvalue().encode("utf-8-sig")}


def _stretch(muted: Muted) -> str:
    side = f" (channel {', '.join(map(str, muted.channels))})" if muted.channels else ""
    return f"{muted.start:.3f}-{muted.end:.3f}{side}"


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def read(path: Path) -> list[Said]:
    """What a table says; see :func:`parse`."""
    return parse(read_file(path), path.name)


def parse(data: bytes, name: str) -> list[Said]:
    """What the rows of a table say, whichever of comma, semicolon and tab is between its columns.

    Raises
    ------
    UsageError
        If it is no such table, or a row says nothing that is understood.
    """
    # The limit is the process's; a transcript may be longer than the usual one.
    before = csv.field_size_limit(MAX_FILE_BYTES)
    try:
        return _of_rows(decoded(data, repr(name)), name)
    except csv.Error:
        raise UsageError(f"{name!r} is not a table with one header row; save it as CSV UTF-8") from None
    finally:
        csv.field_size_limit(before)


def _of_rows(text: str, name: str) -> list[Said]:
    separator = max(_SEPARATORS, key=re.split("[\r\n]", text, maxsplit=1)[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    header = [cell.strip().lower() for cell in next(reader, [])]
    _check_header(header, name)
    said: list[Said] = []
    line = reader.line_num + 1  # a cell may hold several lines: what counts is where its row begins
    for row in reader:
        if any(cell.strip() for cell in row):
            place = f"{name!r}, line {line}"
            if len(row) > len(header):
                raise UsageError(f"{place}: more cells than the header has; quote text with {separator!r}")
            cells = [_plain(cell.strip()) for cell in row]
            # Where commas part the columns, one within a number is as likely one of thousands.
            said.append(_said(dict(zip(header, cells, strict=False)), place, has_commas=separator != ","))
        line = reader.line_num + 1
    return said


def _check_header(header: Sequence[str], name: str) -> None:
    missing = [column for column in ("id", *_ASKED) if column not in header]
    if missing:
        raise UsageError(f"{name!r}, line 1: there is no column {missing[0]!r}; keep those of {FILE_NAME}")
    if any(header.count(column) > 1 for column in ("id", *_ASKED)):
        raise UsageError(f"{name!r}, line 1: a column is there twice; keep those of {FILE_NAME}")


def _said(cells: Mapping[str, str], place: str, *, has_commas: bool) -> Said:
    clip, verdict = cells["id"], cells.get("verdict", "")
    start, end, kind = (cells.get(column, "") for column in ("start", "end", "type"))
    comment = cells.get("comment", "")
    if not clip:
        raise UsageError(f"{place}: the row has no id; every mark needs the id of its clip")
    if not verdict:
        if start or end or kind:
            raise UsageError(f"{place}: a mark without a verdict; write leak or too-much beside it")
        return Said(clip, place, comment=comment)
    opinion = opinion_of(verdict, place)
    if opinion not in (Opinion.LEAK, Opinion.TOO_MUCH):
        if start or end or kind:
            raise UsageError(f"{place}: only leak and too-much have a start, end and type; clear those cells")
        return Said(clip, place, opinion, comment=comment)
    if not start and not end and not kind:
        return Said(clip, place, opinion, comment=comment)
    times = [seconds_of(time.replace(",", ".") if has_commas else time, place) for time in (start, end)]
    if opinion is Opinion.LEAK:
        return Said(clip, place, opinion, *times, type_of(kind, place), comment)
    return Said(clip, place, opinion, *times, comment=comment)
