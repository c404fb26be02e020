"""PyAV (FFmpeg's libraries, inside its wheel): the reader for what libsndfile does not know."""

from __future__ import annotations

import os
from typing import BinaryIO

import av
import numpy as np

from redactor.audio.growing import GrowingSamples
from redactor.audio.problems import Fault
from redactor.audio.source import check_sound
from redactor.types import Audio, AudioFormat

# How FFmpeg's sample formats (without the "p" of planar) become ours.
_DTYPES = {"u8": "int16", "s16": "int16", "s32": "int32", "flt": "float32", "dbl": "float64"}
_PCM_NAMES = {"int16": "PCM_16", "int32": "PCM_32", "float32": "FLOAT", "float64": "DOUBLE"}


def read(raw: BinaryIO, *, container: str, demuxer: str, max_samples: int) -> Audio:
    """Decode the one audio stream of an open file to its end; video and pictures are left out.

    Parameters
    ----------
    raw : binary file
        Seekable, open for reading; left open.
    container : str
        Name for the format of the result.
    demuxer : str
        FFmpeg's demuxer.
    max_samples : int
        Limit on the values of all channels together.

    Raises
    ------
    Fault
        If it cannot be decoded whole.
    """
    try:
        with _opened(raw, demuxer) as opened:
            audio, num_packets, num_promised = _read_open(opened, container, max_samples)
        # MP4 says how many packets there are; FFmpeg leaves out those that lie behind the end of the file.
        if num_packets < num_promised and _packets(raw, demuxer) < num_promised:
            raise Fault("truncated")
    except (Fault, MemoryError):
        raise
    except Exception:
        # PyAV raises FFmpeg's errors as OSError, ValueError and others; which one says nothing to a user,
        # and their texts may hold what stands in the file.
        raise Fault("damaged") from None
    if audio is None:
        raise Fault("no-samples")
    return audio


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


def _packets(raw: BinaryIO, demuxer: str) -> int:
    """Packets of an MP4 file without regard to its edit list, which may leave some out on purpose."""
    with _opened(raw, demuxer, ignore_editlist="1") as opened:
        return sum(packet.size > 0 for packet in opened.demux(opened.streams.audio[0]))


def _read_open(
    opened: av.container.InputContainer, container: str, max_samples: int
) -> tuple[Audio | None, int, int]:
    """The sound (None if there is none), the packets that were there, and those the container promised."""
    streams = opened.streams.audio
    if len(streams) > 1:
        raise Fault("several-streams")
    if not streams:
        raise Fault("no-samples")
    stream = streams[0]
    if stream.codec_context is None:
        raise Fault("unsupported-codec")
    num_packets = 0
    sink = kind = None
    for packet in opened.demux(stream):
        if packet.is_corrupt:
            raise Fault("damaged")
        num_packets += packet.size > 0
        for frame in packet.decode():
            if kind is None:
                kind = _kind(frame)
                sink = _sink(frame, stream, max_samples)
            if kind != _kind(frame):
                raise Fault("format-changes")
            if frame.is_corrupt:
                raise Fault("damaged")
            sink.append(_interleaved(frame))
    if sink is None:
        return None, num_packets, stream.frames
    samples = sink.finish()
    audio = Audio(samples, kind[1], AudioFormat(container, _subtype(stream, samples)))
    return audio, num_packets, stream.frames


def _kind(frame: av.AudioFrame) -> tuple[str, int, int]:
    return frame.format.name, frame.sample_rate, frame.layout.nb_channels


def _sink(frame: av.AudioFrame, stream: av.AudioStream, max_samples: int) -> GrowingSamples:
    sample_format, rate, channels = _kind(frame)
    check_sound(rate, channels)
    dtype = _DTYPES.get(sample_format.removesuffix("p"))
    if dtype is None:
        raise Fault("unsupported-codec")
    # A guess to start from. The header's duration is not to be trusted with memory, so an hour at most.
    guess = float(stream.duration * stream.time_base) if stream.duration else 0.0
    expected = min(int(max(guess, 0.0) * rate) + rate, 3600 * rate, max_samples // channels)
    return GrowingSamples(channels, np.dtype(dtype), expected=expected, max_samples=max_samples)


def _interleaved(frame: av.AudioFrame) -> np.ndarray:
    """A frame's samples [num_samples, num_channels]."""
    values = frame.to_ndarray()
    values = values.T if frame.format.is_planar else values.reshape(frame.samples, -1)
    if values.dtype == np.uint8:
        return (values.astype(np.int16) - 128) << 8
    return values


def _subtype(stream: av.AudioStream, samples: np.ndarray) -> str:
    """The codec's name in capitals; PCM by its width as in libsndfile, other wide ones as CODEC_24 or _32."""
    dtype = samples.dtype.name
    codec = stream.codec_context.codec.canonical_name
    name = codec.upper()
    if dtype == "int32":
        is_24 = not np.bitwise_or.reduce(samples, axis=None) & 0xFF
        return f"{'PCM' if codec.startswith('pcm_') else name}_{24 if is_24 else 32}"
    if codec.startswith("pcm_") and not codec.endswith("law"):
        return _PCM_NAMES[dtype]
    return name
