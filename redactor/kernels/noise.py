"""Deterministic noise: white by counting, coloured by a short filter. Nothing of a recording goes into it.

A sample of white noise is a hash of (channel, absolute sample), so it is the same whatever block it is computed
in and in whatever order. The filter holds only a recording's long-term background spectrum
(:mod:`redactor.kernels.background`).

All sums are exact: white samples are whole numbers below 2**17, taps are whole multiples (below 2**24) of a
power of two, and 128 products of the two stay below 2**53. Order of summation, vector width and fused
multiply-add therefore cannot change a bit of the result.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

# 16 ms at 8 kHz, 2.7 ms at 48 kHz: resolves about 125 Hz and 750 Hz. A multiple of 4, see `render_noise`.
NUM_TAPS = 128
TAP_BITS = 24
CHUNK = 1024  # samples rendered at a time: two buffers of float64 stay in a first-level cache of 32 KiB

# Sum of four uniform 16-bit numbers (close to Gaussian), less its mean: four variances of (65536**2 - 1) / 12.
WHITE_RMS = math.sqrt(4 * (65536**2 - 1) / 12)
_WHITE_MEAN = 4 * 65535 // 2

# splitmix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
# Any number would do; the noise is no secret, because it covers nothing: what was below it is gone.
_SEED = np.uint64(0x7265646163746F72)
# Channels are apart by more samples than any recording has (2**48 samples at 192 kHz are 46 years).
_CHANNEL_SHIFT = np.uint64(48)


def quantized_taps(taps: np.ndarray) -> np.ndarray:
    """Taps rounded to whole multiples of a power of two, below ``2**TAP_BITS`` of them.

    Parameters
    ----------
    taps : numpy.ndarray, shape [NUM_TAPS], float64
        Finite.

    Returns
    -------
    numpy.ndarray, shape [NUM_TAPS], float64
    """
    peak = float(np.abs(taps).max())
    if peak == 0:
        return np.zeros_like(taps)
    # frexp: peak < 2**exponent. One bit less, so that rounding up cannot reach 2**TAP_BITS.
    step = math.ldexp(1.0, math.frexp(peak)[1] - (TAP_BITS - 1))
    return np.round(taps / step) * step


@njit(cache=True, nogil=True)
def white_sample(sample, channel):
    """White noise at an absolute sample: a whole number within +-131070, mean 0, RMS `WHITE_RMS`."""
    z = (np.uint64(channel) << _CHANNEL_SHIFT) + np.uint64(sample)
    z = _SEED + z * _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    z = z ^ (z >> np.uint64(31))
    # Two additions on halves of the word sum its four 16-bit quarters.
    pairs = (z & np.uint64(0x0000FFFF0000FFFF)) + ((z >> np.uint64(16)) & np.uint64(0x0000FFFF0000FFFF))
    total = (pairs & np.uint64(0xFFFFFFFF)) + (pairs >> np.uint64(32))
    return np.int64(total) - _WHITE_MEAN


@njit(cache=True, nogil=True)
def render_noise(out, white, first, channel, taps):
    """Filtered white noise of one channel from absolute sample `first` on.

    Parameters
    ----------
    out : numpy.ndarray, shape [num_samples], float64
        Output, at most `CHUNK` samples; full scale is 1.
    white : numpy.ndarray, shape [CHUNK + NUM_TAPS - 1], float64
        Scratch.
    first : int
    channel : int
    taps : numpy.ndarray, shape [NUM_TAPS], float64
        From `quantized_taps`. ``out[i]`` is the sum over k of ``taps[k] * white_sample(first + i - k)``.
    """
    num_samples = out.size
    history = NUM_TAPS - 1
    for i in range(num_samples + history):
        white[i] = white_sample(first - history + i, channel)
    for i in range(num_samples):
        out[i] = 0.0
    # Taps outside, samples inside, so that the inner loop is one vector operation after another; four taps at
    # a time, because loading and storing `out` once a tap would cost more than the arithmetic. Indices count
    # up from 0 in a slice: numba then knows that none is negative and leaves the loop free of branches.
    for k in range(0, NUM_TAPS, 4):
        a, b, c, d = taps[k], taps[k + 1], taps[k + 2], taps[k + 3]
        past = white[history - k - 3 : history - k + num_samples]
        for i in range(num_samples):
            out[i] += a * past[i + 3] + b * past[i + 2] + c * past[i + 1] + d * past[i]
