"""Sounds like speech, made without any voice: gliding harmonics in syllables, over a little noise."""

import functools

import numpy as np

RATE = 16_000


def voice(seconds: float, *, seed: int = 0, pitch_hz: float = 120.0, noise: float = 1e-3) -> np.ndarray:
    """Mono float64, about -20 dB; the same seed gives the same sound, in an array of one's own."""
    return _voice(seconds, seed, pitch_hz, noise).copy()


@functools.lru_cache(maxsize=64)
def _voice(seconds: float, seed: int, pitch_hz: float, noise: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE)
    time = np.arange(count) / RATE
    glide = pitch_hz * (1 + 0.2 * np.sin(2 * np.pi * 0.7 * time + rng.uniform(0, 6)))
    phase = 2 * np.pi * np.cumsum(glide) / RATE
    harmonics = sum(np.sin(k * phase + rng.uniform(0, 6)) / k for k in range(1, 25))
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * time + rng.uniform(0, 6))
    return 0.12 * harmonics * syllables + noise * rng.standard_normal(count)


def pink(seconds: float, *, seed: int = 0, level: float = 0.03) -> np.ndarray:
    """Noise of the kind that correlates with low voices by chance."""
    rng = np.random.default_rng(1000 + seed)
    count = round(seconds * RATE)
    freq = np.fft.rfftfreq(count, 1 / RATE)
    samples = np.fft.irfft(np.fft.rfft(rng.standard_normal(count)) / np.sqrt(np.maximum(freq, 50)), count)
    return level * samples / samples.std()
