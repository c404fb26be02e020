"""Parts of a file over HTTP (RFC 9110, section 14), with note taken of what was sent."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.types import Message, Receive, Send

_BLOCK_BYTES = 1 << 18
# What a slow listener got so far is noted about so often, were the server to be killed.
_NOTE_EVERY_BYTES = 1 << 22
_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class Unsatisfiable(Exception):
    """The range lies outside the file."""


@dataclass(frozen=True)
class Part:
    """Bytes [start, end) of a file; whether they were asked for as a range."""

    start: int
    end: int
    is_range: bool


def part_of(header: str | None, size: int, *, if_range: str | None) -> Part:
    """What a ``Range`` header asks for; all of it if there is none, or one that may be ignored.

    Parameters
    ----------
    header : str or None
    size : int
        Of the file.
    if_range : str or None
        ``If-Range``: no validators are given out, so none fits, and all of the file is the answer.

    Raises
    ------
    Unsatisfiable
    """
    found = _ONE_RANGE.fullmatch(header.replace(" ", "")) if header and if_range is None else None
    if found is None or found.groups() == ("", ""):
        return Part(0, size, is_range=False)
    first, last = found.groups()
    if not first:
        start, end = max(size - int(last), 0), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < int(first):
            return Part(0, size, is_range=False)  # not a range, says the RFC
    if start >= end:
        raise Unsatisfiable
    return Part(start, end, is_range=True)


async def send_part(
    descriptor: int,
    part: Part,
    *,
    receive: Receive,
    send: Send,
    note: Callable[[int, int], Awaitable[None]],
    read: Callable[..., Awaitable[bytes]],
) -> None:
    """Send a part, and note what was sent; the last block is noted first.

    A listener who has all of it may answer at once, and has to find it noted. One who went away is sent nothing
    more, and nothing more is noted.

    Parameters
    ----------
    descriptor : int
        Stays open.
    part : Part
    receive, send : callables
        Of ASGI, after the answer's start was sent.
    note : callable
        Takes bytes [start, end).
    read : callable
        ``await read(function, *arguments)`` off the event loop.
    """
    gone = asyncio.ensure_future(_disconnected(receive))
    noted = at = part.start
    try:
        while not gone.done():
            block = await read(os.pread, descriptor, min(_BLOCK_BYTES, part.end - at), at)
            if not block:
                raise OSError("the file became shorter")
            at += len(block)
            is_last = at == part.end
            if is_last or at - noted >= _NOTE_EVERY_BYTES:
                await note(noted, at)
                noted = at
            await send(_body(block, more=not is_last))
            if is_last:
                return
        await note(noted, at)
    finally:
        gone.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _body(block: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": block, "more_body": more}
