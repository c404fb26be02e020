"""A file in, its samples out: whole, in its own sample type, or a refusal that says why."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from redactor.audio import avfile, sndfile
from redactor.audio.containers import Container, sniff
from redactor.audio.problems import Fault, error_for
from redactor.audio.source import Promise, Source
from redactor.types import Audio

# A day in stereo at 48 kHz, 16.6 GB as int16: longer than any call, and a bound on what a few kilobytes of
# well-packed silence can ask of this machine.
MAX_SAMPLES = 24 * 3600 * 48_000 * 2

_HASH_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class DecodedRecording:
    """What a file holds.

    Attributes
    ----------
    audio : Audio
    sha256 : str
        Of the file's bytes, in hexadecimal; the samples are those of exactly these bytes.
    """

    audio: Audio
    sha256: str


def decode(path: Path, *, max_samples: int = MAX_SAMPLES) -> DecodedRecording:
    """Read a recording without changing it.

    The file is opened once, hashed, decoded, and hashed again through the same descriptor. Its kind is told
    by its bytes, never by its name. What a header promises is held against what is there: nothing that is
    cut off, damaged, or of unknown length (a `data` size of 0 or 0xFFFFFFFF left by a recorder that streamed
    or died) is decoded.

    Parameters
    ----------
    path : Path
        Symbolic links are followed.
    max_samples : int
        Most values (samples per channel times channels) to decode.

    Returns
    -------
    DecodedRecording
        PCM up to 16 bits, mu-law, A-law, GSM and ADPCM become int16, PCM of 24 and 32 bits int32 (narrower
        samples in the upper bits), float and lossy codecs float32, double float64. Lossy codecs overshoot:
        their samples may lie outside [-1, 1], as may those of float files.

    Raises
    ------
    UnreadableError
        Reasons "vanished", "no-permission", "not-a-file", "cannot-open", "changed-while-read".
    DecodeError
        Reasons "empty-file", "not-audio", "truncated-header", "truncated", "unfinished", "damaged",
        "no-channels", "bad-rate", "no-samples", "non-finite", "too-long", "several-streams",
        "format-changes", "unsupported-codec".
    """
    try:
        with _opened(path) as fd:
            return _decode_stable(fd, max_samples)
    except Fault as fault:
        raise error_for(path, fault.reason) from None


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """Descriptor of a regular file; a pipe or a device is neither waited for nor read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except FileNotFoundError:
        raise Fault("vanished") from None
    except PermissionError:
        raise Fault("no-permission") from None
    except (OSError, ValueError):
        raise Fault("cannot-open") from None
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise Fault("not-a-file")
        yield fd
    except OSError:
        raise Fault("cannot-open") from None  # a disk or a network share that fails while it is read
    finally:
        os.close(fd)


def _decode_stable(fd: int, max_samples: int) -> DecodedRecording:
    """Decode, and make sure that the bytes stayed the same from the first hash to the last."""
    before, sha256 = _stamp(fd), _sha256(fd)
    try:
        audio = _decode_fd(fd, max_samples)
    except Fault:
        if _stamp(fd) != before:
            raise Fault("changed-while-read") from None
        raise
    if _stamp(fd) != before or _sha256(fd) != sha256:
        raise Fault("changed-while-read")
    return DecodedRecording(audio, sha256)


def _stamp(fd: int) -> tuple[int, int]:
    found = os.fstat(fd)
    return found.st_size, found.st_mtime_ns


def _sha256(fd: int) -> str:
    digest = hashlib.sha256()
    offset = 0
    while block := os.pread(fd, _HASH_BLOCK_BYTES, offset):
        digest.update(block)
        offset += len(block)
    return digest.hexdigest()


def _decode_fd(fd: int, max_samples: int) -> Audio:
    with open(fd, "rb", closefd=False) as raw:
        source = Source(raw, os.fstat(fd).st_size)
        container = sniff(source)
        promise = container.inspect(source)
        try:
            audio = _read(source, container, promise, max_samples)
        except MemoryError:
            raise Fault("too-long") from None
    if audio.num_samples == 0:
        raise Fault("no-samples")
    if promise.num_samples not in (None, audio.num_samples):
        raise Fault("truncated")
    if promise.md5 is not None and promise.md5 != _flac_md5(audio.samples, promise.bits):
        raise Fault("damaged")
    return audio


def _read(source: Source, container: Container, promise: Promise, max_samples: int) -> Audio:
    """Decode with libsndfile, or with PyAV what libsndfile does not know."""
    if container.sndfile:
        try:
            return sndfile.read(source.raw.fileno(), promise, max_samples=max_samples)
        except sndfile.NotForSndfile:
            if container.demuxer is None:
                raise Fault("unsupported-codec") from None
    return avfile.read(
        source.raw,
        container=container.name,
        demuxer=container.demuxer,
        max_samples=max_samples,
    )


def _flac_md5(samples: np.ndarray, bits: int) -> bytes:
    """MD5 of samples as FLAC's header holds it: little endian, in whole bytes (RFC 9639, section 8.2).

    libFLAC can check it while it decodes, but libsndfile does not ask it to.
    """
    digest = hashlib.md5(usedforsecurity=False)
    width = samples.dtype.itemsize
    for start in range(0, len(samples), sndfile.BLOCK_SAMPLES):
        block = samples[start : start + sndfile.BLOCK_SAMPLES] >> (width * 8 - bits)
        in_bytes = block.astype(f"<i{width}").view(np.uint8).reshape(-1, width)
        digest.update(np.ascontiguousarray(in_bytes[:, : (bits + 7) // 8]))
    return digest.digest()
