"""A file in, its samples out: whole, in its own sample type, or a refusal that says why."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from redactor.audio.recording import MAX_SAMPLES, collect, open_recording
from redactor.types import Audio


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
    """Read a whole recording into memory; :func:`redactor.audio.recording.open_recording` reads it in blocks.

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
    UnreadableError, DecodeError
        As `open_recording`.
    """
    with open_recording(path, max_samples=max_samples, keep_bytes=sys.maxsize) as recording:
        return DecodedRecording(collect(recording), recording.sha256)
