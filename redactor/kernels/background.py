"""Long-term background of a recording: the colour and level of its noise, and nothing of its speech.

Speech pauses even while somebody talks, and each frequency pauses more often than the whole; the low
percentile over time of the smoothed power of each frequency is therefore the background's (minimum statistics:
Martin, "Noise power spectral density estimation based on optimal smoothing and minimum statistics", IEEE Trans.
Speech and Audio Processing 9(5), 2001; with a percentile in place of the minimum: Stahl, Fischer and Bippus,
"Quantile based noise estimation for spectral subtraction and Wiener filtering", ICASSP 2000). What comes out is
one short filter a channel: 128 numbers for a whole recording, in which no word can be.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from redactor.kernels.mute import FULL_SCALE
from redactor.kernels.noise import NUM_TAPS, WHITE_RMS, quantized_taps
from redactor.timebase import num_samples_for

_FRAME_S = 0.032  # the usual frame of speech enhancement; rounded up to a power of two of samples
_GROUP_FRAMES = 4  # frames side by side whose power is averaged: 128 ms fit between two words
_PERCENTILE = 0.10
# That percentile lies below the mean. For noise the average of 4 frames is chi-square with 8 degrees of
# freedom, over 8, and the 10 % point of chi-square(8) is 3.490 (any table): 10 % of groups are below this part
# of the mean.
_PERCENTILE_OF_MEAN = 3.490 / 8
_MIN_GROUPS = 16  # one frame apart: 0.6 s. A lowest tenth of fewer is chance
_MAX_GROUPS = 1024  # spread evenly: bounds time and memory, 16 MB at 48 kHz
_MAX_FINITE = 1e6  # float samples are near 1; beyond this, and at NaN, a frame is damaged and not looked at
_MIN_FRAME_LEN = 16  # files may claim a rate of a few Hz
# Louder than any room that a call can be understood in: where pauses are as loud as this, what was measured is
# speech or music without pauses, and the fill is turned down to it.
MAX_LEVEL_DBFS = -30.0


@dataclass(frozen=True, eq=False)
class Background:
    """Filters that turn the white noise of :mod:`redactor.kernels.noise` into a recording's background.

    Attributes
    ----------
    taps : numpy.ndarray, shape [num_channels, NUM_TAPS], float64
        All zeros for a channel whose background is silent or could not be told: it is muted with silence.
    level_dbfs : tuple of float
        RMS level of each channel's noise, 0 being an RMS of full scale; ``-inf`` for silence.
    """

    taps: np.ndarray
    level_dbfs: tuple[float, ...]


def estimate_background(
    samples: np.ndarray, spans: np.ndarray, mask: np.ndarray, *, sample_rate: int
) -> Background:
    """Background of each channel, from the quietest parts outside the spans.

    Parameters
    ----------
    samples : numpy.ndarray, shape [num_samples, num_channels], int16, int32, float32 or float64
        The recording before muting; only read, piece by piece.
    spans, mask
        What will be muted, see :mod:`redactor.kernels.mute`: nothing inside a channel's spans is looked at.
    sample_rate : int
        Hz.

    Notes
    -----
    A channel with less than about 0.6 s outside its spans, with digital silence only, or with NaN all over gets
    silence; a level above `MAX_LEVEL_DBFS` is turned down to it.
    """
    frame_len = max(num_samples_for(_FRAME_S, sample_rate=sample_rate), _MIN_FRAME_LEN)
    frame_len = 1 << (frame_len - 1).bit_length()
    taps = np.zeros((samples.shape[1], NUM_TAPS))
    levels = []
    for channel in range(samples.shape[1]):
        starts = _group_starts(samples.shape[0], spans[mask[:, channel]], frame_len)
        power = _background_power(samples[:, channel], starts, frame_len)
        power, level_dbfs = _capped(power, frame_len)
        taps[channel] = filter_taps(power)
        levels.append(level_dbfs)
    return Background(taps, tuple(levels))


def filter_taps(power: np.ndarray) -> np.ndarray:
    """Linear-phase filter from white noise to noise of the given power spectrum.

    Frequency sampling and a Hann window (Oppenheim and Schafer, "Discrete-Time Signal Processing", ch. 7),
    then scaled to the spectrum's total power, which the window changes.

    Parameters
    ----------
    power : numpy.ndarray, shape [frame_len // 2 + 1], float64
        ``E|X|**2`` per sample of noise at full scale 1: white noise of variance v has v in each bin.

    Returns
    -------
    numpy.ndarray, shape [NUM_TAPS], float64
        Quantized; to be fed with noise of RMS `WHITE_RMS`.
    """
    frame_len = 2 * (power.size - 1)
    response = np.fft.irfft(np.sqrt(power), frame_len)
    taps = np.zeros(NUM_TAPS)
    reach = min(NUM_TAPS, frame_len) // 2
    around = np.arange(1 - reach, reach)
    window = 0.5 + 0.5 * np.cos(np.pi * around / reach)
    taps[NUM_TAPS // 2 + around] = response[around] * window
    energy = float(np.sum(taps**2))
    if energy == 0:
        return np.zeros(NUM_TAPS)
    return quantized_taps(taps * (math.sqrt(_variance(power, frame_len) / energy) / WHITE_RMS))


def _group_starts(num_samples: int, spans: np.ndarray, frame_len: int) -> np.ndarray:
    """Starts of groups of frames that no span touches, at most `_MAX_GROUPS`, evenly spread."""
    group_len = _GROUP_FRAMES * frame_len
    starts = np.arange(0, num_samples - group_len + 1, frame_len)
    following = np.searchsorted(spans[:, 1], starts, side="right")
    following_start = np.append(spans[:, 0], num_samples)[following]
    starts = starts[starts + group_len <= following_start]
    if starts.size > _MAX_GROUPS:
        starts = starts[np.arange(_MAX_GROUPS) * starts.size // _MAX_GROUPS]
    return starts


def _background_power(samples: np.ndarray, starts: np.ndarray, frame_len: int) -> np.ndarray:
    """Mean power of the background in each bin; zeros if it cannot be told."""
    num_bins = frame_len // 2 + 1
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(frame_len) / frame_len)
    powers = []
    for start in starts:
        group = samples[start : start + _GROUP_FRAMES * frame_len].reshape(-1, frame_len)
        frames = group.astype(np.float64) / FULL_SCALE[samples.dtype]
        # Padding and gaps of digital silence are no background: they would make the fill silent too.
        constant = (frames == frames[:, :1]).all(axis=1)
        if constant.any() or not (np.abs(frames) <= _MAX_FINITE).all():
            continue
        # Without its mean: an offset is no noise.
        spectra = np.fft.rfft((frames - frames.mean(axis=1, keepdims=True)) * window)
        powers.append((spectra.real**2 + spectra.imag**2).mean(axis=0))
    if len(powers) < _MIN_GROUPS:
        return np.zeros(num_bins)
    rank = int(_PERCENTILE * len(powers))
    lowest = np.partition(np.array(powers), rank, axis=0)[rank]
    return lowest / (np.sum(window**2) * _PERCENTILE_OF_MEAN)


def _capped(power: np.ndarray, frame_len: int) -> tuple[np.ndarray, float]:
    """Power turned down to the cap where it is above, and its level in dBFS."""
    variance = _variance(power, frame_len)
    if variance == 0:
        return power, -math.inf
    level_dbfs = 10 * math.log10(variance)
    if level_dbfs <= MAX_LEVEL_DBFS:
        return power, level_dbfs
    return power * 10 ** ((MAX_LEVEL_DBFS - level_dbfs) / 10), MAX_LEVEL_DBFS


def _variance(power: np.ndarray, frame_len: int) -> float:
    """Variance of noise with this power spectrum (Parseval; inner bins stand for two)."""
    return float(2 * power.sum() - power[0] - power[-1]) / frame_len
