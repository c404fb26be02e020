"""PyAV (FFmpeg's libraries, inside its wheel): the reader for what libsndfile does not know."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

import av
import numpy as np

from redactor.audio.problems import Fault
from redactor.audio.source import check_sound
from redactor.types import AudioFormat

# How FFmpeg's sample formats (without the "p" of planar) become ours.
_DTYPES = {"u8": "int16", "s16": "int16", "s32": "int32", "flt": "float32", "dbl": "float64"}
_FRAME_DTYPES = {"u8": "uint8", "s16": "int16", "s32": "int32", "flt": "float32", "dbl": "float64"}
_PCM_NAMES = {"int16": "PCM_16", "int32": "PCM_32", "float32": "FLOAT", "float64": "DOUBLE"}


def read(raw: BinaryIO, *, container: str, demuxer: str) -> Reader:
    """Start to decode the one audio stream of an open file; video and pictures are left out.

    Parameters
    ----------
    raw : binary file
        Seekable, open for reading; left open.
    container : str
        Name for the format of the result.
    demuxer : str
        FFmpeg's demuxer.

    Returns
    -------
    Reader
        To be closed by the caller. Its pieces raise Fault if the file cannot be decoded whole.

    Raises
    ------
    Fault
        If not even the beginning can be decoded.
    """
    with _only_faults():
        return Reader(raw, container, demuxer)


class Reader:
    """The sound of an open file, to be read once; the attributes are those of :class:`.passes.Reader`."""

    def __init__(self, raw: BinaryIO, container: str, demuxer: str) -> None:
        self._raw, self._container, self._demuxer = raw, container, demuxer
        self._bits_used = 0
        self._opened = _opened(raw, demuxer)
        try:
            stream = _only_stream(self._opened)
            self._codec = stream.codec_context.codec.canonical_name
            self._frames = self._decoded(stream)
            # Only a decoded frame is sure of its rate: AAC with SBR has twice what its header says.
            first = next(self._frames, None)
            if first is None:
                raise Fault("no-samples")
            sample_format, self.sample_rate, self.num_channels = _kind(first)
            check_sound(self.sample_rate, self.num_channels)
            dtype = _DTYPES.get(sample_format.removesuffix("p"))
            if dtype is None:
                raise Fault("unsupported-codec")
            self.dtype = np.dtype(dtype)
            self.expected = _expected(stream, self.sample_rate)
            self._frames = chain([first], self._frames)
        except BaseException:
            self.close()
            raise

    @property
    def format(self) -> AudioFormat:
        """Certain after the last piece: FFmpeg does not say how many of 32 bits are in use."""
        return AudioFormat(self._container, _subtype(self._codec, self.dtype.name, self._bits_used))

    def pieces(self) -> Iterator[np.ndarray]:
        """Every sample up to the end of the stream."""
        with _only_faults():
            for frame in self._frames:
                samples = _interleaved(frame)
                if self.dtype == np.int32:
                    self._bits_used |= int(np.bitwise_or.reduce(samples, axis=None))
                yield samples

    def close(self) -> None:
        self._opened.close()

    def _decoded(self, stream: av.AudioStream) -> Iterator[av.AudioFrame]:
        num_promised = stream.frames
        counted, kind = _Counted(self._codec), None
        for packet in self._opened.demux(stream):
            if packet.is_corrupt:
                raise Fault("damaged")
            counted.packets += packet.size > 0
            for frame in packet.decode():
                counted.samples += frame.samples
                kind = kind or _kind(frame)
                if kind != _kind(frame):
                    raise Fault("format-changes")
                if frame.is_corrupt:
                    raise Fault("damaged")
                yield frame
        self.close()
        # MP4 says how many packets there are; FFmpeg leaves out those that lie behind the end of the file.
        if counted.number < num_promised and _indexed(self._raw, self._demuxer, self._codec) < num_promised:
            raise Fault("truncated")


@contextmanager
def _only_faults() -> Iterator[None]:
    try:
        yield
    except (Fault, MemoryError):
        raise
    except Exception:
        # PyAV raises FFmpeg's errors as OSError, ValueError and others; which one says nothing to a user,
        # and their texts may hold what stands in the file.
        raise Fault("damaged") from None


class _QuietFile:
    """A file that answers a senseless seek with -1: PyAV would print the traceback of an exception."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self.read, self.tell = raw.read, raw.tell

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        try:
            return self._raw.seek(offset, whence)
        except (OSError, ValueError):
            return -1


def _opened(raw: BinaryIO, demuxer: str, **options: str) -> av.container.InputContainer:
    raw.seek(0)
    return av.open(_QuietFile(raw), format=demuxer, metadata_errors="ignore", options=options)


@dataclass
class _Counted:
    """What was found of what an index lists: of uncompressed sound that is samples, in packets of any size."""

    codec: str
    packets: int = 0
    samples: int = 0

    @property
    def number(self) -> int:
        return self.samples if self.codec.startswith("pcm_") else self.packets


def _indexed(raw: BinaryIO, demuxer: str, codec: str) -> int:
    """What of an MP4's index is there, without regard to its edit list, which may leave some out on purpose."""
    counted = _Counted(codec)
    with _opened(raw, demuxer, ignore_editlist="1") as opened:
        for packet in opened.demux(opened.streams.audio[0]):
            counted.packets += packet.size > 0
            if codec.startswith("pcm_"):
                counted.samples += sum(frame.samples for frame in packet.decode())
    return counted.number


def _only_stream(opened: av.container.InputContainer) -> av.AudioStream:
    streams = opened.streams.audio
    if len(streams) > 1:
        raise Fault("several-streams")
    if not streams:
        raise Fault("no-samples")
    if streams[0].codec_context is None:
        raise Fault("unsupported-codec")
    return streams[0]


def _kind(frame: av.AudioFrame) -> tuple[str, int, int]:
    return frame.format.name, frame.sample_rate, frame.layout.nb_channels


def _expected(stream: av.AudioStream, sample_rate: int) -> int:
    """A guess to start from. The header's duration is not to be trusted with memory, so an hour at most."""
    seconds = float(stream.duration * stream.time_base) if stream.duration else 0.0
    return min(int(max(seconds, 0.0) * sample_rate) + sample_rate, 3600 * sample_rate)


def _interleaved(frame: av.AudioFrame) -> np.ndarray:
    """A frame's samples [num_samples, num_channels].

    Not by its own `to_ndarray`: where eight channels lie apart, PyAV 18.1.0 reads a ninth from nowhere.
    """
    dtype = _FRAME_DTYPES[frame.format.name.removesuffix("p")]
    num_channels = frame.layout.nb_channels
    if frame.format.is_planar:
        planes = frame.planes[:num_channels]
        values = np.stack([np.frombuffer(plane, dtype, frame.samples) for plane in planes], axis=1)
    else:
        count = frame.samples * num_channels
        values = np.frombuffer(frame.planes[0], dtype, count).reshape(-1, num_channels).copy()
    if values.dtype == np.uint8:
        return (values.astype(np.int16) - 128) << 8
    return values


def _subtype(codec: str, dtype: str, bits_used: int) -> str:
    """The codec's name in capitals; PCM by its width as in libsndfile, other wide ones as CODEC_24 or _32."""
    name = codec.upper()
    if dtype == "int32":
        return f"{'PCM' if codec.startswith('pcm_') else name}_{32 if bits_used & 0xFF else 24}"
    if codec.startswith("pcm_") and not codec.endswith("law"):
        return _PCM_NAMES[dtype]
    return name
