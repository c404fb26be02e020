"""Power of a recording over time, in frames: what edges are laid by and faint speech is found by."""

from __future__ import annotations

import numpy as np
from numba import njit

from redactor.kernels.mute import FULL_SCALE

FRAME_S = 0.01


def frame_power(samples: np.ndarray, *, sample_rate: int) -> np.ndarray:
    """Mean power of every 10 ms of every channel.

    Parameters
    ----------
    samples : numpy.ndarray, shape [num_samples, num_channels], int16, int32, float32 or float64
    sample_rate : int
        Hz.

    Returns
    -------
    numpy.ndarray, shape [num_frames, num_channels], float64
        Full scale is 1. Frame i begins at ``i * FRAME_S`` seconds, to the nearest sample; the last one may be
        short. What is not finite counts as full scale: unknown is loud.
    """
    num_frames = int(np.ceil(len(samples) / (sample_rate * FRAME_S) - 1e-9))
    bounds = np.rint(np.arange(num_frames + 1) * (sample_rate * FRAME_S)).astype(np.int64)
    bounds[-1:] = len(samples)
    out = np.zeros((num_frames, samples.shape[1]))
    _frame_power(samples, bounds, 1.0 / FULL_SCALE[samples.dtype], out)
    return out


@njit(cache=True, nogil=True)
def _frame_power(samples, bounds, scale, out):
    for frame in range(out.shape[0]):
        first, stop = bounds[frame], bounds[frame + 1]
        for channel in range(out.shape[1]):
            # A constant offset is no sound.
            mean = 0.0
            square = 0.0
            for i in range(first, stop):
                value = samples[i, channel] * scale
                mean += value
                square += value * value
            count = max(stop - first, 1)
            power = square / count - (mean / count) ** 2
            out[frame, channel] = max(power, 0.0) if np.isfinite(power) else 1.0
