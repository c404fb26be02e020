"""One pass over an open recording, from its first sample to its last, with every check there is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import numpy as np

from redactor.audio import avfile, sndfile
from redactor.audio.blocks import in_blocks
from redactor.audio.containers import Container
from redactor.audio.problems import Fault
from redactor.audio.source import Promise, Source
from redactor.types import AudioFormat


class Reader(Protocol):
    """A decoder at the start of a file.

    Attributes
    ----------
    sample_rate : int
        Hz.
    num_channels : int
    dtype : numpy.dtype
    expected : int
        Samples per channel to make room for; only a guess.
    format : AudioFormat
        Certain after the last piece.
    """

    sample_rate: int
    num_channels: int
    dtype: np.dtype
    expected: int

    @property
    def format(self) -> AudioFormat: ...

    def pieces(self) -> Iterator[np.ndarray]:
        """Samples [any number, num_channels] in order; raises Fault if the file cannot be decoded whole."""
        ...

    def close(self) -> None: ...


@contextmanager
def reading(source: Source, container: Container, promise: Promise, *, max_samples: int) -> Iterator[Reader]:
    """Decode with libsndfile, or with PyAV what libsndfile does not know.

    Raises
    ------
    Fault
        If not even the beginning can be decoded.
    """
    reader = _started(source, container, promise, max_samples)
    try:
        yield reader
    finally:
        reader.close()


def _started(source: Source, container: Container, promise: Promise, max_samples: int) -> Reader:
    if container.sndfile:
        try:
            return sndfile.read(source.raw.fileno(), promise, max_samples=max_samples)
        except sndfile.NotForSndfile:
            if container.demuxer is None:
                raise Fault("unsupported-codec") from None
    return avfile.read(source.raw, container=container.name, demuxer=container.demuxer)


def checked_blocks(reader: Reader, promise: Promise, *, max_samples: int) -> Iterator[np.ndarray]:
    """What a reader gives, in blocks, held against what the header promises.

    Parameters
    ----------
    reader : Reader
        Nothing of it read yet.
    promise : Promise
    max_samples : int
        Limit on the values of all channels together.

    Yields
    ------
    numpy.ndarray, shape [BLOCK_SAMPLES or fewer, num_channels]
        The caller's own. Only after the last one is it certain that the recording is whole.

    Raises
    ------
    Fault
        "non-finite", "too-long", "no-samples", "truncated", "damaged", and what the reader raises.
    """
    limit = max_samples // reader.num_channels
    digest = _FlacDigest(promise.bits) if promise.md5 is not None else None
    num_samples = 0
    for block in in_blocks(reader.pieces()):
        if block.dtype.kind == "f" and not np.isfinite(block).all():
            raise Fault("non-finite")
        num_samples += len(block)
        if num_samples > limit:
            raise Fault("too-long")
        if digest is not None:
            digest.update(block)
        yield block
    if num_samples == 0:
        raise Fault("no-samples")
    if promise.num_samples not in (None, num_samples):
        raise Fault("truncated")
    if digest is not None and digest.value() != promise.md5:
        raise Fault("damaged")


class _FlacDigest:
    """MD5 of samples as FLAC's header holds it: little endian, in whole bytes (RFC 9639, section 8.2).

    libFLAC can check it while it decodes, but libsndfile does not ask it to.
    """

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._digest = hashlib.md5(usedforsecurity=False)

    def update(self, block: np.ndarray) -> None:
        width = block.dtype.itemsize
        values = block >> (width * 8 - self._bits)
        in_bytes = values.astype(f"<i{width}").view(np.uint8).reshape(-1, width)
        self._digest.update(np.ascontiguousarray(in_bytes[:, : (self._bits + 7) // 8]))

    def value(self) -> bytes:
        return self._digest.digest()
