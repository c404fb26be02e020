"""libsndfile, by way of soundfile: the reader for all but the AAC family."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import soundfile

from redactor.audio.blocks import BLOCK_SAMPLES
from redactor.audio.problems import Fault
from redactor.audio.source import Promise, check_sound
from redactor.types import AudioFormat

# libsndfile puts narrower samples into the upper bits of the type they are read as, and takes them back from
# there: with these types a file's samples survive reading and writing bit by bit.
_DTYPES = {
    "PCM_S8": "int16", "PCM_U8": "int16", "PCM_16": "int16", "ULAW": "int16", "ALAW": "int16",
    "GSM610": "int16", "IMA_ADPCM": "int16", "MS_ADPCM": "int16", "VOX_ADPCM": "int16",
    "G721_32": "int16", "G723_24": "int16", "G723_40": "int16",
    "NMS_ADPCM_16": "int16", "NMS_ADPCM_24": "int16", "NMS_ADPCM_32": "int16",
    "ALAC_16": "int16",
    "PCM_24": "int32", "PCM_32": "int32", "ALAC_20": "int32", "ALAC_24": "int32", "ALAC_32": "int32",
    "FLOAT": "float32", "DOUBLE": "float64", "VORBIS": "float32", "OPUS": "float32",
    "MPEG_LAYER_I": "float32", "MPEG_LAYER_II": "float32", "MPEG_LAYER_III": "float32",
}  # fmt: skip
# Containers that say how large a sample of all channels is.
_WAVE = frozenset({"WAV", "WAVEX", "RF64", "W64"})
# MPEG audio inside WAV: libsndfile takes the count from a field that encoders fill in by rule of thumb.
_MPEG = frozenset({"MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III"})


class NotForSndfile(Exception):
    """libsndfile does not know this codec; another reader may."""


class SequentialFile(soundfile.SoundFile):
    """A file that is read from start to end, without a seek.

    soundfile seeks to the new position after every read of a seekable file. In MP3 that throws away what the
    decoder carries from frame to frame: the samples after every block come out wrong.
    """

    def seekable(self) -> bool:
        return False

    def block(self, num_samples: int, dtype: str) -> np.ndarray:
        """The next samples [num_samples or fewer, num_channels], at most `BLOCK_SAMPLES`; none at the end."""
        return self.read(min(num_samples, BLOCK_SAMPLES), dtype=dtype, always_2d=True)


class Reader:
    """The sound of an open file, to be read once; the attributes are those of :class:`.passes.Reader`."""

    def __init__(self, file: SequentialFile, promise: Promise, max_samples: int) -> None:
        if file.subtype not in _DTYPES or (file.format != "MP3" and file.subtype in _MPEG):
            raise NotForSndfile
        check_sound(file.samplerate, file.channels)
        if promise.num_channels not in (None, file.channels):
            raise Fault("damaged")
        self._file = file
        self.sample_rate: int = file.samplerate
        self.num_channels: int = file.channels
        self.dtype = np.dtype(_DTYPES[file.subtype])
        self.format = AudioFormat(file.format, file.subtype, file.endian)
        self.expected: int = file.frames if promise.num_samples is None else promise.num_samples
        if file.frames < self.expected:
            raise Fault("truncated")
        # A header that contradicts itself on the size of samples: what it does not promise would be lost.
        if file.format in _WAVE and file.frames > self.expected:
            raise Fault("damaged")
        if self.expected > max_samples // file.channels:
            raise Fault("too-long")

    def pieces(self) -> Iterator[np.ndarray]:
        """Every sample that the header promises."""
        left = self.expected
        while left > 0:
            try:
                piece = self._file.block(left, self.dtype.name)
            except (soundfile.SoundFileError, RuntimeError, AssertionError):
                raise Fault("damaged") from None
            if not len(piece):
                raise Fault("truncated")
            left -= len(piece)
            yield piece

    def close(self) -> None:
        self._file.close()


def read(fd: int, promise: Promise, *, max_samples: int) -> Reader:
    """Start to decode an open file.

    Parameters
    ----------
    fd : int
        Open for reading; left open, and where it is if libsndfile does not know it.
    promise : Promise
        What the header says, to hold the decoder to it.
    max_samples : int
        Limit on the values of all channels together.

    Returns
    -------
    Reader
        To be closed by the caller. Its pieces raise Fault if the file cannot be decoded whole.

    Raises
    ------
    NotForSndfile
        If libsndfile cannot open it.
    Fault
        If it is not what its header promises, or too long.
    """
    position = os.lseek(fd, 0, os.SEEK_CUR)
    os.lseek(fd, 0, os.SEEK_SET)
    try:
        return _started(fd, promise, max_samples)
    except NotForSndfile:
        # Whoever reads it next may have a buffer, which goes on where it ended.
        os.lseek(fd, position, os.SEEK_SET)
        raise


def _started(fd: int, promise: Promise, max_samples: int) -> Reader:
    try:
        file = SequentialFile(fd, closefd=False)
    except (soundfile.SoundFileError, RuntimeError, TypeError, ValueError):
        raise NotForSndfile from None
    try:
        return Reader(file, promise, max_samples)
    except BaseException:
        file.close()
        raise
