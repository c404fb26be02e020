"""A recording as a stream: open once, checked whole, then read in blocks as often as one likes.

What is short is kept in memory, what is long is decoded anew for every pass: ten hours take no more memory than
ten minutes.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from redactor.audio.blocks import BLOCK_SAMPLES, copied_blocks
from redactor.audio.containers import sniff
from redactor.audio.growing import GrowingSamples
from redactor.audio.originals import opened
from redactor.audio.passes import checked_blocks, reading
from redactor.audio.problems import Fault, error_for
from redactor.audio.progress import step
from redactor.audio.source import Source
from redactor.types import Audio, AudioFormat, Seconds

__all__ = ["BLOCK_SAMPLES", "KEEP_BYTES", "MAX_SAMPLES", "Recording", "collect", "open_recording"]

# A day in stereo at 48 kHz, 16.6 GB as int16: longer than any call, and a bound on what a few kilobytes of
# well-packed silence can ask of this machine.
MAX_SAMPLES = 24 * 3600 * 48_000 * 2
# Twice what so many samples take at most, for there may be pictures beside them. A file with holes in it costs
# nobody anything, and may be larger than can be read in a year.
_MAX_BYTES = 2 * 8 * MAX_SAMPLES
# 35 minutes of telephone (8 kHz, int16); little beside the models of even one worker.
KEEP_BYTES = 32 << 20

_HASH_BLOCK_BYTES = 1 << 20
# What a second of sound takes at most in any recording of a call: stereo at 48 kHz in 32 bits.
_BYTES_PER_S = 48_000 * 2 * 4


class _Samples(Protocol):
    """Where a recording's samples come from; `kept` holds them all, or nothing does."""

    kept: np.ndarray | None

    def blocks(self) -> Iterator[np.ndarray]: ...


@dataclass(frozen=True, eq=False)
class Recording:
    """A recording that can be read from the start as often as one likes.

    Attributes
    ----------
    sample_rate : int
        Hz.
    num_channels : int
    num_samples : int
        Samples per channel.
    dtype : numpy.dtype
        int16, int32, float32 or float64; for what becomes what see :func:`redactor.audio.decode.decode`.
    format : AudioFormat
        Where the samples come from, and so what the writer should aim for.
    sha256 : str
        Of the file's bytes, in hexadecimal; empty for samples that came from no file.
    """

    sample_rate: int
    num_channels: int
    num_samples: int
    dtype: np.dtype
    format: AudioFormat
    sha256: str
    _samples: _Samples = field(repr=False)

    @property
    def duration(self) -> Seconds:
        return self.num_samples / self.sample_rate

    @classmethod
    def of(cls, audio: Audio) -> Recording:
        """Samples in memory as a recording; they are neither copied nor changed."""
        return cls(
            sample_rate=audio.sample_rate,
            num_channels=audio.num_channels,
            num_samples=audio.num_samples,
            dtype=audio.samples.dtype,
            format=audio.format,
            sha256="",
            _samples=_InMemory(audio.samples),
        )

    def blocks(self) -> Iterator[np.ndarray]:
        """All samples in order, a block at a time; one pass has to end, or be given up, before the next begins.

        Yields
        ------
        numpy.ndarray, shape [BLOCK_SAMPLES or fewer, num_channels]
            C-contiguous, writable and the caller's own: the next pass does not see what is done to it.

        Raises
        ------
        RecordingError
            As :func:`open_recording`, if the file is no longer what it was. A pass that ends without it gave
            exactly `num_samples`.
        ValueError
            If the recording was closed.
        RuntimeError
            If another pass began before this one ended.
        """
        return self._samples.blocks()


def collect(recording: Recording) -> Audio:
    """All samples of a recording in one array: the very one that is kept, where one is."""
    samples = recording._samples.kept
    if samples is None:
        samples = np.empty((recording.num_samples, recording.num_channels), recording.dtype)
        filled = 0
        for block in recording.blocks():
            samples[filled : filled + len(block)] = block
            filled += len(block)
    return Audio(samples, recording.sample_rate, recording.format)


@contextmanager
def open_recording(
    path: Path,
    *,
    within: Path | None = None,
    max_samples: int = MAX_SAMPLES,
    keep_bytes: int = KEEP_BYTES,
) -> Iterator[Recording]:
    """Open a recording for reading in blocks, several times over, without changing it.

    The file is opened once, hashed, decoded from start to end, and hashed again through the same descriptor;
    what fails any check is never handed out. Its kind is told by its bytes, never by its name. What a header
    promises is held against what is there: nothing that is cut off, damaged, or of unknown length (a `data`
    size of 0 or 0xFFFFFFFF left by a recorder that streamed or died) is decoded. If it was decoded again after
    that, it is hashed once more on leaving: only what was made of it *and* outlived the ``with`` comes from one
    and the same recording.

    Parameters
    ----------
    path : Path
        Symbolic links are followed.
    within : Path, optional
        What is opened has to lie in this folder, whatever was there when the folder was searched.
    max_samples : int
        Most values (samples per channel times channels) to decode.
    keep_bytes : int
        Recordings with at most this many bytes of samples are kept in memory; of others nothing is, and every
        pass decodes again.

    Yields
    ------
    Recording
        To be read inside the ``with`` only.

    Raises
    ------
    UnreadableError
        Reasons "vanished", "no-permission", "not-a-file", "cannot-open", "changed-while-read",
        "link-out-of-tree".
    DecodeError
        Reasons "empty-file", "not-audio", "truncated-header", "truncated", "unfinished", "damaged",
        "no-channels", "bad-rate", "no-samples", "non-finite", "too-long", "several-streams",
        "format-changes", "unsupported-codec".
    """
    with _explained(path):
        file = _File(path, opened(path, within), max_samples)
    try:
        with _explained(path):
            recording = file.recording(keep_bytes)
        yield recording
        with _explained(path):
            file.check_unchanged()
    finally:
        file.close()


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what goes wrong while this module reads into the error that callers see."""
    try:
        yield
    except Fault as fault:
        raise error_for(path, fault.reason) from None
    except MemoryError:
        raise error_for(path, "too-long") from None
    except OSError:
        # A disk or a network share that fails while it is read.
        raise error_for(path, "cannot-open") from None


class _InMemory:
    """Samples that came from no file."""

    def __init__(self, samples: np.ndarray) -> None:
        self.kept = samples

    def blocks(self) -> Iterator[np.ndarray]:
        return copied_blocks(self.kept)


class _File:
    """An open file and what was found in it when it was decoded first.

    Parameters
    ----------
    path : Path
        For its name in errors.
    fd : int
        Owned from here on.
    max_samples : int
    """

    def __init__(self, path: Path, fd: int, max_samples: int) -> None:
        self.kept: np.ndarray | None = None
        self._path, self._fd, self._max_samples = path, fd, max_samples
        self._num_passes = 0
        self._is_open = True

    def recording(self, keep_bytes: int) -> Recording:
        """Decode the whole file, and make sure that its bytes were the same from the first hash to the last."""
        about = os.fstat(self._fd)
        if not stat.S_ISREG(about.st_mode):
            raise Fault("not-a-file")
        if about.st_size > _MAX_BYTES:
            raise Fault("too-long")
        self._stamp, self._sha256 = _stamp(self._fd), _sha256(self._fd)
        try:
            self._recording = self._decoded(keep_bytes)
        except (Fault, MemoryError):
            if _stamp(self._fd) != self._stamp:
                raise Fault("changed-while-read") from None
            raise
        if self._has_changed():
            raise Fault("changed-while-read")
        return self._recording

    def _decoded(self, keep_bytes: int) -> Recording:
        with open(self._fd, "rb", closefd=False) as raw:
            source = Source(raw, os.fstat(self._fd).st_size)
            self._container = sniff(source)
            self._promise = self._container.inspect(source)
            with reading(source, self._container, self._promise, max_samples=self._max_samples) as reader:
                room = GrowingSamples(
                    reader.num_channels, reader.dtype, expected=reader.expected, max_bytes=keep_bytes
                )
                num_samples = 0
                for block in checked_blocks(reader, self._promise, max_samples=self._max_samples):
                    room.append(block)
                    num_samples += len(block)
                    step(block.size / reader.sample_rate)
        self.kept = room.finish()
        return Recording(
            sample_rate=reader.sample_rate,
            num_channels=reader.num_channels,
            num_samples=num_samples,
            dtype=reader.dtype,
            format=reader.format,
            sha256=self._sha256,
            _samples=self,
        )

    def blocks(self) -> Iterator[np.ndarray]:
        """See :meth:`Recording.blocks`."""
        self._num_passes += 1
        blocks = self._decoded_again() if self.kept is None else copied_blocks(self.kept)
        return self._guarded(blocks, self._num_passes)

    def _guarded(self, blocks: Iterator[np.ndarray], number: int) -> Iterator[np.ndarray]:
        """Blocks as long as the descriptor is this pass's own.

        All passes share its position, and once closed, its number may be another recording's. The same holds
        for what is kept, so that a mistake does not show with long recordings only.
        """
        while True:
            if not self._is_open:
                raise ValueError("the recording is closed: read it inside its `with`")
            if number != self._num_passes:
                raise RuntimeError("another pass over this recording began before this one ended")
            block = next(blocks, None)
            if block is None:
                return
            step(block.size / self._recording.sample_rate)
            yield block

    def _decoded_again(self) -> Iterator[np.ndarray]:
        with _explained(self._path):
            try:
                yield from self._same_samples()
            except Fault:
                # The same bytes were decoded before without one.
                if self._has_changed():
                    raise Fault("changed-while-read") from None
                raise

    def _same_samples(self) -> Iterator[np.ndarray]:
        """Decode anew, and hold it against what was found first."""
        if _stamp(self._fd) != self._stamp:
            raise Fault("changed-while-read")
        first, num_samples = self._recording, 0
        with open(self._fd, "rb", closefd=False) as raw:
            source = Source(raw, self._stamp[0])
            with reading(source, self._container, self._promise, max_samples=self._max_samples) as reader:
                found = (reader.sample_rate, reader.num_channels, reader.dtype)
                if found != (first.sample_rate, first.num_channels, first.dtype):
                    raise Fault("changed-while-read")
                for block in checked_blocks(reader, self._promise, max_samples=self._max_samples):
                    num_samples += len(block)
                    if num_samples > first.num_samples:
                        raise Fault("changed-while-read")
                    yield block
        if num_samples < first.num_samples or _stamp(self._fd) != self._stamp:
            raise Fault("changed-while-read")

    def check_unchanged(self) -> None:
        """Refuse what passes after the first may have read differently."""
        if self.kept is None and self._num_passes and self._has_changed():
            raise Fault("changed-while-read")

    def _has_changed(self) -> bool:
        return _stamp(self._fd) != self._stamp or _sha256(self._fd) != self._sha256

    def close(self) -> None:
        self._is_open, self.kept = False, None
        os.close(self._fd)


def _stamp(fd: int) -> tuple[int, int]:
    found = os.fstat(fd)
    return found.st_size, found.st_mtime_ns


def _sha256(fd: int) -> str:
    digest = hashlib.sha256()
    offset = 0
    while block := os.pread(fd, _HASH_BLOCK_BYTES, offset):
        digest.update(block)
        offset += len(block)
        step(len(block) / _BYTES_PER_S)
    return digest.hexdigest()
