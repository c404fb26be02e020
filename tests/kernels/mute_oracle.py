"""Slow and obvious twins of the mute kernels: whole recordings, no blocks, no shortcuts."""

from __future__ import annotations

import math

import numpy as np

MASK64 = (1 << 64) - 1
FULL_SCALE = {"int16": 2**15, "int32": 2**31, "float32": 1, "float64": 1}


def muted(samples, ranges, wanted, fade_len, fill):
    """`fill` [num_samples, num_channels] is at full scale 1; ranges may be unsorted and overlap."""
    full_scale = FULL_SCALE[str(samples.dtype)]
    out = samples.copy()
    for channel in range(samples.shape[1]):
        chosen = [(a, b) for (a, b), on in zip(ranges, wanted, strict=True) if on[channel]]
        if not chosen:
            continue
        muted_at = np.concatenate([np.arange(a, b) for a, b in chosen])
        distances = np.abs(np.arange(samples.shape[0])[:, None] - muted_at).min(axis=1)
        for t in np.flatnonzero(distances <= fade_len):
            distance = distances[t]
            value = fill[t, channel] * full_scale
            if distance > 0:
                gain = 0.5 - 0.5 * math.cos(math.pi * distance / (fade_len + 1))
                value = float(samples[t, channel]) * gain + value * (1 - gain)
            if full_scale > 1:
                value = min(max(round(value), -full_scale), full_scale - 1)
            out[t, channel] = value
    return out


def tone(num_samples, num_channels, frequency_hz, sample_rate, amplitude):
    t = np.arange(num_samples, dtype=np.float64)
    sine = amplitude * np.sin(2 * np.pi * frequency_hz * t / sample_rate)
    return np.repeat(sine[:, None], num_channels, axis=1)


def white(sample, channel):
    """splitmix64 in whole numbers, then the sum of the four 16-bit quarters less their mean."""
    z = ((channel << 48) + sample) & MASK64
    z = (0x7265646163746F72 + z * 0x9E3779B97F4A7C15) & MASK64
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK64
    z ^= z >> 31
    return sum((z >> shift) & 0xFFFF for shift in (0, 16, 32, 48)) - 131070


def noise(num_samples, taps, first=0):
    out = np.zeros((num_samples, taps.shape[0]))
    history = taps.shape[1] - 1
    for channel in range(taps.shape[0]):
        dry = [white(first + t, channel) for t in range(-history, num_samples)]
        out[:, channel] = np.convolve(np.array(dry, dtype=np.float64), taps[channel], mode="valid")
    return out
