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
    stream = BackgroundStream(spans, mask, num_samples=samples.shape[0], sample_rate=sample_rate)
    stream.feed(samples)
    return stream.finish()


class BackgroundStream:
    """`estimate_background` of a recording that arrives in blocks, whatever their size.

    Only the pieces that are looked at are held, and those one at a time; of each a spectrum stays.

    Parameters
    ----------
    spans, mask
        What will be muted, see :mod:`redactor.kernels.mute`.
    num_samples : int
        Samples per channel of the whole recording.
    sample_rate : int
        Hz.
    """

    def __init__(self, spans: np.ndarray, mask: np.ndarray, *, num_samples: int, sample_rate: int) -> None:
        frame_len = max(num_samples_for(_FRAME_S, sample_rate=sample_rate), _MIN_FRAME_LEN)
        self._frame_len = 1 << (frame_len - 1).bit_length()
        self._window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(self._frame_len) / self._frame_len)
        self._num_samples = num_samples
        num_channels = mask.shape[1]
        self._starts = [
            _group_starts(num_samples, spans[mask[:, channel]], self._frame_len)
            for channel in range(num_channels)
        ]
        self._num_seen = [0] * num_channels
        self._powers: list[list[np.ndarray]] = [[] for _ in range(num_channels)]
        # The end of what was fed, in which a group may begin that the next block ends.
        self._tail: np.ndarray | None = None
        self._position = 0

    def feed(self, block: np.ndarray) -> None:
        """Take the next samples [any, num_channels]; they are only read.

        Raises
        ------
        ValueError
            If they go past the end.
        """
        tail_len = 0 if self._tail is None else len(self._tail)
        first, self._position = self._position - tail_len, self._position + len(block)
        if self._position > self._num_samples:
            raise ValueError(f"block ends past the recording's {self._num_samples} samples")
        held = np.concatenate((self._tail, block)) if tail_len else block
        group_len = _GROUP_FRAMES * self._frame_len
        for channel, starts in enumerate(self._starts):
            stop = np.searchsorted(starts, self._position - group_len, side="right")
            for start in starts[self._num_seen[channel] : stop]:
                group = held[start - first : start - first + group_len, channel]
                power = _group_power(group.reshape(-1, self._frame_len), self._window)
                if power is not None:
                    self._powers[channel].append(power)
            self._num_seen[channel] = int(stop)
        self._tail = held[max(len(held) - group_len + 1, 0) :].copy()

    def finish(self) -> Background:
        """What was found, once all samples were taken.

        Raises
        ------
        ValueError
            If some are missing.
        """
        if self._position < self._num_samples:
            raise ValueError(f"{self._num_samples - self._position} samples are missing")
        taps = np.zeros((len(self._powers), NUM_TAPS))
        levels = []
        for channel, powers in enumerate(self._powers):
            power, level_dbfs = _capped(_background_power(powers, self._window), self._frame_len)
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
    """Starts of groups of frames that no span touches, at most `_MAX_GROUPS`, evenly spread.

    Counted by the gaps between spans, and never listed: a day has millions.
    """
    group_len = _GROUP_FRAMES * frame_len
    gap_starts = np.append(0, spans[:, 1])
    gap_stops = np.append(spans[:, 0], num_samples)
    # Groups begin where frames do.
    firsts = -(-gap_starts // frame_len)
    counts = np.maximum((gap_stops - group_len) // frame_len - firsts + 1, 0)
    last = np.cumsum(counts)
    total = int(last[-1])
    wanted = np.arange(total) if total <= _MAX_GROUPS else np.arange(_MAX_GROUPS) * total // _MAX_GROUPS
    gap = np.searchsorted(last, wanted, side="right")
    return (firsts[gap] + wanted - (last[gap] - counts[gap])) * frame_len


def _group_power(group: np.ndarray, window: np.ndarray) -> np.ndarray | None:
    """Mean power of frames side by side [num_frames, frame_len] in each bin; None if they cannot be used."""
    frames = group.astype(np.float64) / FULL_SCALE[group.dtype]
    # Padding and gaps of digital silence are no background: they would make the fill silent too.
    constant = (frames == frames[:, :1]).all(axis=1)
    if constant.any() or not (np.abs(frames) <= _MAX_FINITE).all():
        return None
    # Without its mean: an offset is no noise.
    spectra = np.fft.rfft((frames - frames.mean(axis=1, keepdims=True)) * window)
    return (spectra.real**2 + spectra.imag**2).mean(axis=0)


def _background_power(powers: list[np.ndarray], window: np.ndarray) -> np.ndarray:
    """Mean power of the background in each bin; zeros if it cannot be told."""
    if len(powers) < _MIN_GROUPS:
        return np.zeros(window.size // 2 + 1)
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
