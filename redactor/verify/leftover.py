"""Whether an original is still there under a fill, by correlation beyond chance.

Unrelated sounds correlate by chance, low-pitched ones strongly so: 20 ms of two hums pass any fixed bound on a
correlation. `left_over` therefore asks how likely a correlation is if the fill knows nothing of the original:

- Both sounds pass one filter, the linear predictor that whitens the *fill* (autocorrelation method; Makhoul,
  "Linear prediction: a tutorial review", Proc. IEEE 63, 1975). Against a white fill the correlation of any
  original whatsoever is Gaussian, and a filter that both pass leaves ``fill = gain * original + rest`` true.
- What the predictor leaves coloured costs degrees of freedom, by the sum over lags of the product of both
  autocorrelations (Bartlett, "Some aspects of the time-correlation problem in regard to tests of
  significance", J. R. Stat. Soc. 98, 1935).
- The rest is Fisher's z-transform: ``atanh(correlation) * sqrt(samples - 3)`` has the deviation 1.

How often that is wrong in either direction is printed by `benchmarks/residue.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from redactor.kernels.residue import lag_products

FRAME_S = 0.020
# Frames that a correlation is taken over: 20 ms finds what is short, 60 and 200 ms what is faint.
_WINDOW_FRAMES = (1, 3, 10)
# Deviations that a correlation must lie out of chance. A second of one channel is some 24,000 tests (80 lags,
# 50 frames, three lengths of window, two filters), few of them independent; 7.5 deviations are 6e-14 a test.
# The rest is room for fills that are not quite Gaussian: benchmarks/residue.py, table "chance".
MIN_DEVIATIONS = 7.5
# In 20 ms a voice is little more than a tone, and where a codec codes channels together, a trace of the other
# side's may stand in a fill: two voices then agree by more than noise does (Vorbis at 8 kHz, 8.6 deviations).
_MIN_SHORT_DEVIATIONS = 10.0
# One part in 32,768 and a third of it: below the first there is nothing to hear in an original (one step of
# 16 bits, as in redactor.bench.measure), below the second in what is left of it.
_SILENCE = 10 ** (-90 / 20)
_LEFT_SILENCE = 10 ** (-100 / 20)
# What no sample lies above has nothing in it that could be heard, however much it is amplified.
_NOTHING = 10 ** (-120 / 20)
_MIN_SAMPLES = 4
# Fisher's transform is for more samples than that; two short pieces of pure tones always agree at some delay.
_MIN_INDEPENDENT = 8
_PREDICTOR_ORDER = 16
_PREDICTOR_SHARE = 20  # samples for each coefficient at least: fewer would fit the residue itself
# White noise added before the fill is whitened, of its power. What lies below it is not blown up: with -40 dB
# the search sees more of what is left under a noise, with -20 dB more of what a codec has worn down.
_WHITE_SHARES = (1e-4, 1e-2)
_MAX_LAG_S = 0.020  # over which a whitened fill may still be coloured
_LOBES = 8  # zero crossings on each side of the low-pass filter in front of `thinned`
_PASS = 0.92  # of the new half rate, so that the filter's slope does not fold back


@dataclass(frozen=True)
class Trace:
    """A stretch in which an original shows through.

    Attributes
    ----------
    start, stop : int
        Samples of the array that was searched, half-open.
    gain : float
        Of the original there, 0 to 1 and more.
    deviations : float
        How far out of chance that is.
    """

    start: int
    stop: int
    gain: float
    deviations: float


def thinned(samples: np.ndarray, factor: int) -> np.ndarray:
    """Every `factor`-th sample behind a low-pass filter, without the ends that it does not fill.

    Parameters
    ----------
    samples : numpy.ndarray, shape [num_samples], float64
    factor : int

    Returns
    -------
    numpy.ndarray, shape [any], float64
        Element i stands at sample ``i * factor + margin(factor)``; the very samples for a factor of 1.
    """
    if factor == 1:
        return samples
    reach = margin(factor)
    if len(samples) <= 2 * reach:
        return np.zeros(0)
    taps = np.arange(-reach, reach + 1)
    window = 0.5 + 0.5 * np.cos(np.pi * taps / (reach + 1))
    kernel = np.sinc(_PASS * taps / factor) * window
    return np.convolve(samples, kernel / kernel.sum(), "valid")[::factor]


def margin(factor: int) -> int:
    """Samples that `thinned` leaves out at each end."""
    return 0 if factor == 1 else _LOBES * factor


def left_over(
    original: np.ndarray,
    released: np.ndarray,
    *,
    reach: int,
    sample_rate: float,
    min_gain: float,
    tone_hz: float | None = None,
) -> list[Trace]:
    """Where an original shows through a fill: attenuated, inverted, delayed, in pieces, or played backwards.

    Windows of 20, 60 and 200 ms are searched at delays up to `reach`, and the whole at every delay, forwards
    and backwards.

    Parameters
    ----------
    original : numpy.ndarray, shape [num_samples + 2 * reach], float64
        Full scale is 1; element ``reach + i`` stands at the time of ``released[i]``.
    released : numpy.ndarray, shape [num_samples], float64
    reach : int
        Samples.
    sample_rate : float
        Hz.
    min_gain : float
        Of the original, below which it counts as gone.
    tone_hz : float, optional
        Frequency of a tone that fills the stretch and is taken out first.

    Returns
    -------
    list of Trace
        Unsorted, overlapping; empty where nothing is left, or where there is nothing to hear in the original.
    """
    found: list[Trace] = []
    if len(released) < _MIN_SAMPLES or np.abs(released - released.mean()).max() <= _NOTHING:
        return found
    for white_share in _WHITE_SHARES:
        raw, x, y, skipped = _whitened(original, released, sample_rate, tone_hz, white_share)
        for trace in _traces(raw, x, y, reach, sample_rate, min_gain):
            found.append(replace(trace, start=trace.start + skipped, stop=trace.stop + skipped))
    return found


def _traces(
    raw: np.ndarray, x: np.ndarray, y: np.ndarray, reach: int, sample_rate: float, min_gain: float
) -> Iterator[Trace]:
    """Traces of a filtered original in a filtered release."""
    if len(y) < _MIN_SAMPLES or not y.any() or not x.any():
        return
    frame_len = max(1, round(FRAME_S * sample_rate))
    edges = np.arange(max(1, round(len(y) / frame_len)) + 1) * frame_len
    edges[-1] = len(y)
    colour = _colour(x[reach : reach + len(y)], y, round(_MAX_LAG_S * sample_rate))
    sums = _Sums.of(raw, x, y, edges, 2 * reach + 1)
    for num_frames in sorted({min(size, len(edges) - 1) for size in _WINDOW_FRAMES}):
        for at, *how in sums.audible(num_frames, colour, min_gain):
            yield Trace(int(edges[at]), int(edges[at + num_frames]), *how)
    whole = slice(reach, reach + len(y))
    how = _at_any_delay(raw[whole], x[whole], y, colour, min_gain)
    if how is not None:
        yield Trace(0, len(y), *how)


def _whitened(
    original: np.ndarray,
    released: np.ndarray,
    sample_rate: float,
    tone_hz: float | None,
    white_share: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Original as it is, both without the tone and whitened; and the samples that the filters left out."""
    x, y, skipped = original, released, 0
    if tone_hz is not None and tone_hz < sample_rate / 2:
        # Three taps that any sine of this frequency passes as zero, whatever its level and phase.
        notch = np.array([1.0, -2 * math.cos(2 * math.pi * tone_hz / sample_rate), 1.0])
        if len(y) > len(notch):
            x, y, skipped = np.convolve(x, notch, "valid"), np.convolve(y, notch, "valid"), len(notch) - 1
    taps = _predictor(y - y.mean() if len(y) else y, white_share)
    x, y = np.convolve(x, taps, "valid"), np.convolve(y, taps, "valid")
    skipped += len(taps) - 1
    return original[skipped:], x, y, skipped


def _predictor(y: np.ndarray, white_share: float) -> np.ndarray:
    """Prediction-error filter of a sound with some white noise, first tap 1."""
    order = min(_PREDICTOR_ORDER, len(y) // _PREDICTOR_SHARE)
    lags = _autocorrelation(y, order)
    if order == 0 or not lags[0] > 0:
        return np.ones(1)
    steps = np.arange(order)
    matrix = lags[np.abs(steps[:, None] - steps)] + np.eye(order) * (white_share * lags[0])
    return np.concatenate([[1.0], -np.linalg.solve(matrix, lags[1:])])


def _autocorrelation(x: np.ndarray, max_lag: int) -> np.ndarray:
    size = _fft_len(len(x) + max_lag)
    spectrum = np.fft.rfft(x, size)
    return np.fft.irfft(spectrum.real**2 + spectrum.imag**2, size)[: max_lag + 1]


def _fft_len(least: int) -> int:
    return 1 << max(least - 1, 1).bit_length()


def _colour(x: np.ndarray, y: np.ndarray, max_lag: int) -> float:
    """Samples that count as one, 1 or more: Bartlett's sum."""
    max_lag = min(max_lag, len(y) - 1)
    of_x, of_y = _autocorrelation(x - x.mean(), max_lag), _autocorrelation(y - y.mean(), max_lag)
    if not (of_x[0] > 0 and of_y[0] > 0):
        return 1.0
    # A triangle over the lags: its spectrum is positive, so that a sum cut off cannot come out too small.
    weight = 1 - np.arange(1, max_lag + 1) / (max_lag + 1)
    return max(1.0, 1 + 2 * float(np.sum(of_x[1:] * of_y[1:] * weight)) / float(of_x[0] * of_y[0]))


def _at_any_delay(
    raw: np.ndarray, x: np.ndarray, y: np.ndarray, colour: float, min_gain: float
) -> tuple[float, float] | None:
    """Gain and deviations of the whole, either way round, at its best delay; None if that is chance."""
    x, y = x - x.mean(), y - y.mean()
    energy_x, energy_y = float(x @ x), float(y @ y)
    if raw.std() <= _SILENCE or energy_x == 0 or energy_y == 0:
        return None
    size = _fft_len(len(x) + len(y))
    of_x, of_y = np.fft.rfft(x, size), np.fft.rfft(y, size)
    cross = max(np.abs(np.fft.irfft(product, size)).max() for product in (of_x.conj() * of_y, of_x * of_y))
    gain = cross / energy_x
    if gain <= min_gain or gain * raw.std() <= _LEFT_SILENCE:
        return None
    deviations = float(_deviations(cross / math.sqrt(energy_x * energy_y), len(y) / colour))
    return (gain, deviations) if deviations > MIN_DEVIATIONS else None


def _deviations(correlation, num_samples):
    """How far out of chance correlations of so many independent samples are; 0 for too few to tell."""
    z = np.arctanh(np.minimum(correlation, 1 - 1e-12)) * np.sqrt(np.maximum(num_samples - 3, 0))
    return np.where(num_samples >= _MIN_INDEPENDENT, z, 0.0)


@dataclass(frozen=True, eq=False)
class _Sums:
    """Running sums over frames: differences of two of them are sums over a window, at every lag."""

    edges: np.ndarray
    cross: np.ndarray  # [num_frames + 1, num_lags]
    y: np.ndarray  # [2, num_samples + 1]: of values, of squares
    x: np.ndarray
    raw: np.ndarray

    @classmethod
    def of(cls, raw: np.ndarray, x: np.ndarray, y: np.ndarray, edges: np.ndarray, num_lags: int) -> _Sums:
        products = np.empty((len(edges) - 1, num_lags))
        lag_products(x, y, edges, products)
        cross = np.concatenate([np.zeros((1, num_lags)), np.cumsum(products, axis=0)])
        return cls(edges, cross, _running(y), _running(x), _running(raw))

    def audible(self, num_frames: int, colour: float, min_gain: float) -> Iterator[tuple[int, float, float]]:
        """First frame, gain and deviations of every window of so many frames that is more than chance."""
        begin, end = self.edges[:-num_frames], self.edges[num_frames:]
        size = (end - begin)[:, None]
        lags = np.arange(self.cross.shape[1])
        first, stop = begin[:, None] + lags, end[:, None] + lags
        sum_x, power_x = _windowed(self.x, first, stop, size)
        sum_y, power_y = _windowed(self.y, begin[:, None], end[:, None], size)
        _, power_raw = _windowed(self.raw, first, stop, size)
        cross = np.abs(self.cross[num_frames:] - self.cross[:-num_frames] - sum_x * sum_y / size)
        # Differences of running sums leave some rounding where there was digital silence.
        tells = (power_raw > size * _SILENCE**2) & (power_x > 1e-12 * self.x[1, -1] / len(self.edges))
        tells &= power_y > 1e-12 * self.y[1, -1] / len(self.edges)
        power_x, power_y = np.where(tells, power_x, 1.0), np.where(tells, power_y, 1.0)
        gain = np.where(tells, cross / power_x, 0.0)
        correlation = np.where(tells, cross / np.sqrt(power_x * power_y), 0.0)
        audible = (gain > min_gain) & (gain * np.sqrt(power_raw.clip(0) / size) > _LEFT_SILENCE)
        deviations = _deviations(correlation, size / colour)
        audible &= deviations > (
            MIN_DEVIATIONS if num_frames > 1 else max(MIN_DEVIATIONS, _MIN_SHORT_DEVIATIONS)
        )
        for at in np.flatnonzero(audible.any(axis=1)):
            lag = np.argmax(np.where(audible[at], deviations[at], 0.0))
            yield int(at), float(gain[at, lag]), float(deviations[at, lag])


def _running(values: np.ndarray) -> np.ndarray:
    out = np.zeros((2, len(values) + 1))
    np.cumsum(values, out=out[0, 1:])
    np.cumsum(values * values, out=out[1, 1:])
    return out


def _windowed(running: np.ndarray, first: np.ndarray, stop: np.ndarray, size: np.ndarray):
    """Sum over windows, and energy with the mean taken away."""
    total = running[0][stop] - running[0][first]
    return total, running[1][stop] - running[1][first] - total * total / size
