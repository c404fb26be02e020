"""Steps of a stream that each want to read and to write: one thread a step, a pipe between two."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO


class ByteSource:
    """Chunks as something to read from."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; none at the end alone."""
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._rest = memoryview(chunk)
        size = len(self._rest) if size < 0 else size
        piece, self._rest = self._rest[:size], self._rest[size:]
        return bytes(piece)


class Tap:
    """Remembers what went wrong at a stream; pyrage would make an error of its own of it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.error: BaseException | None = None

    def read(self, size: int = -1, /) -> bytes:
        return self._keeping(self._stream.read, size)

    def write(self, data: bytes, /) -> int:
        return self._keeping(self._stream.write, data)

    def flush(self) -> None:
        self._keeping(self._stream.flush)

    def _keeping(self, call: Callable[..., Any], *values: Any) -> Any:
        try:
            return call(*values)
        except BaseException as error:
            self.error = self.error or error
            raise


def pipe() -> tuple[BinaryIO, BinaryIO]:
    """Both ends of a pipe, as buffered streams."""
    read_end, write_end = os.pipe()
    return os.fdopen(read_end, "rb"), os.fdopen(write_end, "wb")


class Stage:
    """A step that runs in a thread of its own from now on.

    Parameters
    ----------
    work : callable
        Takes what to read from and what to write to.
    source, sink : streams
        The source is closed when the work ends, however it ends, so that nobody waits for it; so is the sink
        if it is `owns_sink`.

    Attributes
    ----------
    error : BaseException or None
        What it ended with, once it is over.
    at_stream : bool
        Whether a stream failed and not the work.
    """

    def __init__(
        self, work: Callable[[Tap, Tap], object], source: BinaryIO, sink: Any, *, owns_sink: bool = False
    ) -> None:
        self.error: BaseException | None = None
        self.at_stream = False
        self._work, self._source, self._sink, self._owns_sink = work, source, sink, owns_sink
        self._thread = threading.Thread(target=self._run, name="package", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        source, sink = Tap(self._source), Tap(self._sink)
        try:
            self._work(source, sink)
            if self._owns_sink:
                self._sink.close()  # flushes
        except BaseException as error:
            at_stream = source.error or sink.error
            self.at_stream = at_stream is not None
            self.error = at_stream or error
        finally:
            close_quietly(self._source)
            if self._owns_sink:
                close_quietly(self._sink)

    def finish(self, *ends: BinaryIO) -> None:
        """Close what other ends this side holds, and wait for the step to be over."""
        for end in ends:
            close_quietly(end)
        self._thread.join()


def close_quietly(stream: BinaryIO) -> None:
    """Close; a pipe whose other end is gone complains of what it still holds."""
    with contextlib.suppress(OSError, ValueError):
        stream.close()
