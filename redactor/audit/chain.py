"""A chain of lines read from its beginning, or from a line that is known, until one does not fit."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from redactor.audit.lines import MAX_LINE_BYTES, START, BadLine, Line, Position, parse_line

FITS = "fits"
# Events that this package writes when it found the traces of a process that was killed.
ADOPTED, REPAIRED = "adopted", "repaired"


@dataclass(frozen=True)
class Chain:
    """How far a chain goes.

    Attributes
    ----------
    end : Position
        After the last line that fits.
    reason : str
        Why the next line does not: "torn" (no newline at its end), "not-json", "malformed", "too-long", "seq",
        "previous", "hash"; "fits" if there is none.
    hashes : mapping of int to str
        Hash at the counts that were asked for, as far as the chain goes.
    times_back : int
        Lines whose time is before that of the line above: clocks jump.
    repairs : int
        Lines that record what was found after a process was killed.
    """

    end: Position
    reason: str
    hashes: Mapping[int, str]
    times_back: int = 0
    repairs: int = 0


def walk(stream: BinaryIO, num_bytes: int, *, start: Position = START, at: Collection[int] = ()) -> Chain:
    """Read the next `num_bytes` of a stream as the lines that follow `start`.

    Memory does not depend on the size.
    """
    end, last_time = start, ""
    times_back = repairs = 0
    hashes = {count: start.hash for count in at if count == start.count}
    reason = FITS
    while num_bytes > 0:
        raw = stream.readline(min(MAX_LINE_BYTES + 1, num_bytes))
        num_bytes -= len(raw)
        try:
            line = _next_line(raw, end, is_last=num_bytes <= 0)
        except BadLine as bad:
            reason = bad.args[0]
            break
        end = Position(line.seq, line.hash)
        if line.seq in at:
            hashes[line.seq] = line.hash
        times_back += line.time < last_time
        repairs += line.event in (ADOPTED, REPAIRED)
        last_time = line.time
    return Chain(end, reason, hashes, times_back, repairs)


def _next_line(raw: bytes, after: Position, *, is_last: bool) -> Line:
    if not raw.endswith(b"\n"):
        # Nothing read at all: the file became shorter while it was read.
        raise BadLine("torn" if is_last or not raw else "too-long")
    if len(raw) > MAX_LINE_BYTES:
        raise BadLine("too-long")
    line = parse_line(raw[:-1])
    if line.seq != after.count + 1:
        raise BadLine("seq")
    if line.previous != after.hash:
        raise BadLine("previous")
    return line
