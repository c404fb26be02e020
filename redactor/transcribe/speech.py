"""Where there is speech, from the sound alone (Silero VAD, https://github.com/snakers4/silero-vad)."""

from __future__ import annotations

import numpy as np

from redactor.types import Seconds

MODEL_RATE_HZ = 16_000

# A pause shorter than this belongs to the speech around it.
_MIN_SILENCE_MS = 100


def speech_regions(samples: np.ndarray, *, threshold: float) -> list[tuple[Seconds, Seconds]]:
    """Stretches of speech, unpadded, in order.

    Parameters
    ----------
    samples : numpy.ndarray, shape [num_samples], float32
        One channel at 16 kHz.
    threshold : float
        Probability from which a 32 ms frame counts as speech.
    """
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(
        threshold=threshold,
        min_silence_duration_ms=_MIN_SILENCE_MS,
        min_speech_duration_ms=0,
        speech_pad_ms=0,
    )
    found = get_speech_timestamps(samples, options)
    end = len(samples)
    return [
        (region["start"] / MODEL_RATE_HZ, min(region["end"], end) / MODEL_RATE_HZ)
        for region in found
    ]
