"""The end of a log, read backward: appending costs the same however long the log is."""

from __future__ import annotations

import os
from dataclasses import dataclass

from redactor.audit.chain import FITS, walk
from redactor.audit.lines import MAX_LINE_BYTES, START, BadLine, Line, Position, parse_json, parse_line

_BLOCK_BYTES = 4096


@dataclass(frozen=True)
class Tail:
    """Where to go on.

    Attributes
    ----------
    end : Position
        After the last whole line.
    num_bytes : int
        Size of the log up to there.
    torn_bytes : int
        What lies behind: a line that a killed process did not finish.
    """

    end: Position
    num_bytes: int
    torn_bytes: int


def read_tail(descriptor: int, head: Position) -> Tail:
    """Find the line that the head speaks of, and what follows it.

    Raises
    ------
    BadLine
        "cut": that line is not there. "rewritten": it has another hash. Or why a line behind it does not fit.
    """
    size = os.fstat(descriptor).st_size
    whole = _line_start(descriptor, size, limit=size)
    if whole == size and size > 0:
        last = _line_start(descriptor, size - 1, limit=MAX_LINE_BYTES)
        try:
            parse_json(read_block(descriptor, last, size - 1))
        except BadLine:
            whole = last
    after_head = _after_head(descriptor, whole, head)
    with os.fdopen(os.dup(descriptor), "rb") as stream:
        stream.seek(after_head)
        chain = walk(stream, whole - after_head, start=head)
    if chain.reason != FITS:
        raise BadLine(chain.reason)
    return Tail(chain.end, whole, size - whole)


def _after_head(descriptor: int, end: int, head: Position) -> int:
    """Offset behind the head's line, going back from `end` line by line."""
    while end > 0:
        start, line = _line_before(descriptor, end)
        if line.seq == head.count and line.hash != head.hash:
            raise BadLine("rewritten")
        if line.seq == head.count:
            _check_follows(descriptor, line, start)
            return end
        if line.seq < head.count:
            break
        end = start
    if head.count or end:
        raise BadLine("cut")
    return 0


def _check_follows(descriptor: int, line: Line, end: int) -> None:
    """Hold the head's line to the one before it: a line put in or doubled there is not to be built upon."""
    before = START
    if end > 0:
        _, found = _line_before(descriptor, end)
        before = Position(found.seq, found.hash)
    if Position(line.seq - 1, line.previous) != before:
        raise BadLine("previous")


def _line_before(descriptor: int, end: int) -> tuple[int, Line]:
    """The line whose newline stands right before `end`, and the offset at which it begins."""
    start = _line_start(descriptor, end - 1, limit=MAX_LINE_BYTES)
    return start, parse_line(read_block(descriptor, start, end - 1))


def _line_start(descriptor: int, end: int, *, limit: int) -> int:
    """Offset behind the last newline before `end`, or 0."""
    at = end
    while at > 0:
        if end - at > limit:
            raise BadLine("too-long")
        start = max(0, at - _BLOCK_BYTES)
        found = read_block(descriptor, start, at).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        at = start
    return 0


def read_block(descriptor: int, start: int, end: int) -> bytes:
    """The bytes from `start` to `end` of a file that nobody changes."""
    parts = []
    while start < end:
        part = os.pread(descriptor, end - start, start)
        if not part:
            raise BadLine("torn")
        parts.append(part)
        start += len(part)
    return b"".join(parts)
