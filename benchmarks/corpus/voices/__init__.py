"""Synthetic voices that give each word's time, and variants of them that sound like other people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import soxr

RATE_HZ = 16_000  # everything is built at this rate
FLITE_VOICES = ("kal16", "awb", "rms", "slt")


class VoiceMissing(RuntimeError):
    """A voice cannot be loaded; the message says what to install."""


@dataclass(frozen=True)
class Speech:
    """A spoken phrase: mono samples at RATE_HZ, and where each word lies (seconds, half-open)."""

    samples: np.ndarray
    times: tuple[tuple[float, float], ...]


class Engine(Protocol):
    """Says a phrase without a pause in it."""

    def say(
        self, words: Sequence[str], *, slowness: float
    ) -> tuple[np.ndarray, int, list[tuple[float, float]]]:
        """Samples in -1 .. 1, their rate in Hz, and each word's start and end in seconds."""


@dataclass(frozen=True)
class VoiceName:
    """A voice and how it is changed: `slt*1.06` is slt with pitch and formants 6 % higher, at the same pace."""

    base: str
    shift: float = 1.0

    def __str__(self) -> str:
        return f"{self.base}*{self.shift:g}"

    @classmethod
    def parse(cls, text: str) -> VoiceName:
        base, _, shift = text.partition("*")
        return cls(base, float(shift or 1.0))


# The halves share base voices (there are few) but no variant. awb and rms as they are, and what is near
# them, is what Whisper understands best; a shift over 12 % sounds like no person.
VOICES = {
    "dev": ("slt*1", "rms*1", "awb*1", "kal16*1", "slt*0.91", "rms*1.08", "awb*0.94", "joe*1"),
    "test": ("slt*1.05", "rms*0.95", "awb*1.06", "kal16*0.95", "slt*0.87", "rms*1.12", "awb*0.9", "joe*1.07"),
}


def load_engine(base: str) -> Engine:
    """The engine behind a base voice.

    Raises
    ------
    VoiceMissing
        With the command that installs what is missing.
    """
    if base == "joe":
        from benchmarks.corpus.voices.joe import Joe

        return Joe()
    from benchmarks.corpus.voices.flite import Flite

    return Flite(base)


def say(engine: Engine, words: Sequence[str], *, shift: float = 1.0, pace: float = 1.0) -> Speech:
    """Say a phrase at RATE_HZ, shifted in pitch by resampling, which keeps the word times exact.

    Parameters
    ----------
    engine : Engine
    words : sequence of str
    shift : float
        Pitch and formants are multiplied by it.
    pace : float
        1 is the voice's own rate, more is faster.

    Returns
    -------
    Speech
        Trimmed to the words, with 30 ms before the first and 60 ms after the last.
    """
    samples, rate, times = engine.say(words, slowness=shift / pace)
    resampled = soxr.resample(samples.astype(np.float64), rate * shift, RATE_HZ, quality="HQ")
    first, last = times[0][0] / shift, times[-1][1] / shift
    begin = max(0, round((first - 0.03) * RATE_HZ))
    end = min(len(resampled), round((last + 0.06) * RATE_HZ))
    offset = begin / RATE_HZ
    moved = tuple((start / shift - offset, stop / shift - offset) for start, stop in times)
    return Speech(_faded(resampled[begin:end]), moved)


def _faded(samples: np.ndarray) -> np.ndarray:
    """5 ms ramps at both ends against clicks."""
    count = min(RATE_HZ // 200, len(samples) // 2)
    out = samples.copy()
    ramp = np.linspace(0.0, 1.0, count, endpoint=False)
    out[:count] *= ramp
    out[len(out) - count :] *= ramp[::-1]
    return out
