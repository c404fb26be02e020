"""Where there is speech, from the sound alone: by a model of speech, and by loudness for what it misses.

The model is Silero VAD (https://github.com/snakers4/silero-vad) as faster-whisper ships it.
"""

from __future__ import annotations

import numpy as np

from redactor.kernels.power import FRAME_S, frame_power
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


# Loud is what stands this far over the quietest fifth of a channel, and not this far below its loud parts.
_OVER_FLOOR = 10 ** (12 / 10)
_BELOW_PEAK = 10 ** (-30 / 10)
_FLOOR_PERCENTILE = 20
_PEAK_PERCENTILE = 95
# Shorter gaps belong to the sound around them; a shorter sound is a click.
_LOUD_GAP_FRAMES = 10
_LOUD_MIN_FRAMES = 12


def loud_regions(samples: np.ndarray) -> list[tuple[Seconds, Seconds]]:
    """Stretches that are loud for their channel, whatever they are, in order.

    Parameters
    ----------
    samples : numpy.ndarray, shape [num_samples], float32
        One channel at 16 kHz.
    """
    power = frame_power(samples[:, np.newaxis], sample_rate=MODEL_RATE_HZ)[:, 0]
    if not power.any():
        return []
    floor, peak = np.percentile(power, [_FLOOR_PERCENTILE, _PEAK_PERCENTILE])
    loud = power > max(floor * _OVER_FLOOR, peak * _BELOW_PEAK)
    edges = np.flatnonzero(np.diff(loud, prepend=False, append=False)).reshape(-1, 2)
    regions: list[list[int]] = []
    for first, stop in edges.tolist():
        if regions and first - regions[-1][1] <= _LOUD_GAP_FRAMES:
            regions[-1][1] = stop
        else:
            regions.append([first, stop])
    return [
        (first * FRAME_S, min(stop * FRAME_S, len(samples) / MODEL_RATE_HZ))
        for first, stop in regions
        if stop - first >= _LOUD_MIN_FRAMES
    ]
