"""What a room, a line and a codec do to a voice. Mono float64 in and out, nothing shifts in time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile as sf
import soxr

NOISES = ("pink", "babble", "hum")
MU = 255.0  # ITU-T G.711


def level_db(samples: np.ndarray) -> float:
    """RMS level in dB re full scale; -120 for silence."""
    return float(20 * np.log10(np.sqrt(np.mean(np.square(samples))) + 1e-6)) if len(samples) else -120.0


def to_level(samples: np.ndarray, target_db: float) -> np.ndarray:
    """Scale to an RMS level in dB re full scale."""
    return samples * 10 ** ((target_db - level_db(samples)) / 20)


def _shaped(count: int, rate: int, rng: np.random.Generator, gain: np.ndarray) -> np.ndarray:
    """White noise with its spectrum multiplied by `gain` (length count // 2 + 1)."""
    spectrum = np.fft.rfft(rng.standard_normal(count)) * gain
    return np.fft.irfft(spectrum, count)


def pink(count: int, rate: int, rng: np.random.Generator) -> np.ndarray:
    """Noise that falls by 3 dB an octave above 50 Hz."""
    freq = np.fft.rfftfreq(count, 1 / rate)
    return _shaped(count, rate, rng, 1 / np.sqrt(np.maximum(freq, 50.0)))


def babble(count: int, rate: int, rng: np.random.Generator) -> np.ndarray:
    """Like a room full of talk: eight noises with the long-term spectrum of speech, each with its syllables."""
    freq = np.fft.rfftfreq(count, 1 / rate)
    spectrum = 1 / (1 + (freq / 500.0) ** 1.6) * (freq > 80)  # about 9 dB an octave above 500 Hz
    total = np.zeros(count)
    for _ in range(8):
        syllables = np.maximum(_shaped(count, rate, rng, (freq < 5.0) * 1.0), 0)
        total += _shaped(count, rate, rng, spectrum) * syllables
    return total


def hum(count: int, rate: int, rng: np.random.Generator) -> np.ndarray:
    """Mains hum with harmonics over a little pink noise."""
    base = rng.choice((50.0, 60.0))
    time = np.arange(count) / rate
    tones = sum(np.sin(2 * np.pi * base * k * time + rng.uniform(0, 6.28)) / k for k in (1, 2, 3, 5, 7))
    return to_level(tones, -20) + to_level(pink(count, rate, rng), -30)


def from_folder(folder: Path, count: int, rate: int, rng: np.random.Generator) -> np.ndarray:
    """A stretch of a recorded noise of the user's own, repeated where it is too short."""
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".wav", ".flac", ".ogg"})
    if not found:
        raise FileNotFoundError(f"no .wav, .flac or .ogg in the noise folder {folder}")
    samples, file_rate = sf.read(found[rng.integers(len(found))], always_2d=True)
    mono = soxr.resample(samples.mean(axis=1), file_rate, rate)
    start = rng.integers(len(mono))
    return np.take(mono, np.arange(start, start + count), mode="wrap")


def noise(kind: str, count: int, rate: int, rng: np.random.Generator, folder: Path | None = None) -> np.ndarray:
    """Noise of a kind in NOISES, or "folder"."""
    if kind == "folder":
        if folder is None:
            raise ValueError("noise from a folder needs the folder")
        return from_folder(folder, count, rate, rng)
    return {"pink": pink, "babble": babble, "hum": hum}[kind](count, rate, rng)


def reverb(
    samples: np.ndarray, rate: int, rng: np.random.Generator, *, seconds: float, wet_db: float
) -> np.ndarray:
    """A small room: exponentially decaying noise behind the direct sound, which stays where it was.

    `seconds` is the decay time (T60), `wet_db` the energy of the tail against the direct sound.
    """
    count = round(seconds * rate)
    time = np.arange(count) / rate
    tail = rng.standard_normal(count) * 10 ** (-3 * time / seconds) * (time > 0.002)
    tail *= 10 ** (wet_db / 20) / np.sqrt(np.sum(np.square(tail)))
    tail[0] = 1.0
    size = 1 << int(np.ceil(np.log2(len(samples) + count)))
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(tail, size), size)
    return wet[: len(samples)]


def band_limit(samples: np.ndarray, rate: int, low_hz: float, high_hz: float) -> np.ndarray:
    """A telephone band with soft edges and zero phase, so that no word moves."""
    freq = np.fft.rfftfreq(len(samples), 1 / rate)
    gain = 1 / np.sqrt(1 + (low_hz / np.maximum(freq, 1.0)) ** 8) / np.sqrt(1 + (freq / high_hz) ** 16)
    return np.fft.irfft(np.fft.rfft(samples) * gain, len(samples))


def mu_law(samples: np.ndarray) -> np.ndarray:
    """Through 8-bit mu-law and back (the continuous curve of G.711)."""
    clipped = np.clip(samples, -1, 1)
    coded = np.round(np.sign(clipped) * np.log1p(MU * np.abs(clipped)) / np.log1p(MU) * 127) / 127
    return np.sign(coded) * np.expm1(np.abs(coded) * np.log1p(MU)) / MU
