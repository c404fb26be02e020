"""Recordings that the audio tests make for themselves."""

from __future__ import annotations

import io
import struct
from fractions import Fraction

import av
import numpy as np
import soundfile


def tone(num_samples: int, num_channels: int = 1, *, sample_rate: int = 16_000) -> np.ndarray:
    """float32 [num_samples, num_channels]: another pitch on every channel, loud enough for any codec."""
    times = np.arange(num_samples)[:, None] / sample_rate
    pitches = 220.0 * (1 + np.arange(num_channels))
    return (0.5 * np.sin(2 * np.pi * pitches * times)).astype(np.float32)


def noise(num_samples: int, num_channels: int, dtype: str) -> np.ndarray:
    """Full-scale noise [num_samples, num_channels] with both extremes in it."""
    rng = np.random.default_rng(num_samples)
    if dtype.startswith("float"):
        return rng.uniform(-3, 3, (num_samples, num_channels)).astype(dtype)
    bounds = np.iinfo(dtype)
    values = rng.integers(bounds.min, bounds.max, (num_samples, num_channels), dtype, endpoint=True)
    values.flat[0] = bounds.min
    values.flat[-1] = bounds.max
    return values


def sndfile_bytes(samples, container, subtype, *, sample_rate=16_000, endian=None, title=None):
    """A file as libsndfile writes it."""
    held = io.BytesIO()
    with soundfile.SoundFile(
        held, "w", sample_rate, samples.shape[1], subtype, endian, container
    ) as file:
        if title:
            file.title = file.comment = title
        file.write(samples)
    return held.getvalue()


def av_bytes(
    samples,
    muxer,
    codec,
    *,
    sample_rate=48_000,
    sample_format="fltp",
    bit_rate=64_000,
    title=None,
    tracks=1,
    cuts=1,
):
    """A file as FFmpeg's libraries write it; `samples` float32, int16 or int32 [num_samples, num_channels]."""
    held = io.BytesIO()
    layout = {1: "mono", 2: "stereo"}[samples.shape[1]]
    with av.open(held, "w", format=muxer) as container:
        if title:
            container.metadata.update(title=title, comment=title)
        streams = []
        for _ in range(tracks):
            stream = container.add_stream(codec, rate=sample_rate, layout=layout)
            stream.codec_context.format = sample_format
            stream.bit_rate = bit_rate
            streams.append(stream)
        for stream in streams:
            position = 0
            for piece in np.array_split(samples, cuts):
                planar = np.ascontiguousarray(piece.T)
                if not sample_format.endswith("p"):
                    planar = np.ascontiguousarray(piece).reshape(1, -1)
                frame = av.AudioFrame.from_ndarray(planar, format=sample_format, layout=layout)
                frame.sample_rate, frame.pts, frame.time_base = sample_rate, position, Fraction(1, sample_rate)
                container.mux(stream.encode(frame))
                position += len(piece)
            container.mux(stream.encode(None))
    return held.getvalue()


def mp4_without_its_last_packets(data: bytes, count: int) -> bytes:
    """An MP4 file with its index in front, whose sound ends before the last packets of the index."""
    boxes, offset = {}, 0
    while offset < len(data):
        size, name = struct.unpack(">I4s", data[offset : offset + 8])
        boxes[name] = data[offset : offset + size]
        offset += size
    moov = boxes[b"moov"]
    sizes_at = moov.index(b"stsz") + 16
    (num_packets,) = struct.unpack(">I", moov[sizes_at - 4 : sizes_at])
    sizes = struct.unpack(f">{num_packets}I", moov[sizes_at : sizes_at + 4 * num_packets])
    sound = boxes[b"mdat"][8 : len(boxes[b"mdat"]) - sum(sizes[num_packets - count :])]
    # One chunk holds all packets; it now stands elsewhere.
    chunk_at = moov.index(b"stco") + 12
    start = struct.pack(">I", len(boxes[b"ftyp"]) + len(moov) + 8)
    moov = moov[:chunk_at] + start + moov[chunk_at + 4 :]
    return boxes[b"ftyp"] + moov + struct.pack(">I4s", len(sound) + 8, b"mdat") + sound


def mov_without_its_last_bytes(data: bytes, count: int) -> bytes:
    """A QuickTime file with its index in front, whose sound ends so many bytes before the index says."""
    boxes, offset, begins = {}, 0, {}
    while offset < len(data):
        size, name = struct.unpack(">I4s", data[offset : offset + 8])
        boxes[name], begins[name] = data[offset : offset + size], offset
        offset += size
    moov, sound = boxes[b"moov"], boxes[b"mdat"][8:]
    sound = sound[: len(sound) - count]
    moved = len(boxes[b"ftyp"]) + len(moov) - begins[b"mdat"]
    table = moov.index(b"stco") + 12
    (num_chunks,) = struct.unpack(">I", moov[table - 4 : table])
    chunks = struct.unpack(f">{num_chunks}I", moov[table : table + 4 * num_chunks])
    new = struct.pack(f">{num_chunks}I", *(chunk + moved for chunk in chunks))
    moov = moov[:table] + new + moov[table + 4 * num_chunks :]
    return boxes[b"ftyp"] + moov + struct.pack(">I4s", len(sound) + 8, b"mdat") + sound


def wav_bytes(
    data=b"\0\0" * 8, *, tag=1, channels=1, rate=16_000, bits=16, data_size=None, before=b"", after=b""
):
    """A WAV header by hand, with a data size that may lie."""
    block = channels * bits // 8
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, tag, channels, rate, rate * block & 0xFFFFFFFF, block, bits)
    size = len(data) if data_size is None else data_size
    body = b"WAVE" + fmt + before + struct.pack("<4sI", b"data", size) + data + after
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def chunk(name: bytes, body: bytes) -> bytes:
    """A RIFF chunk, padded."""
    return struct.pack("<4sI", name, len(body)) + body + b"\0" * (len(body) % 2)
