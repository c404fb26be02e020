"""Mute kernels: silence, tone and noise, in place on one block of a recording.

Inside a span the fill is assigned; the original takes part in no arithmetic there, so neither NaN nor the last
bit of it can survive. Around a span, wholly outside it, ``original * gain + fill * (1 - gain)`` over `fade_len`
samples (:func:`redactor.kernels.spans.raised_cosine`). Beyond that no sample is read or written.

The three public functions share their first arguments:

block : numpy.ndarray, shape [block_len, num_channels], int16, int32, float32 or float64
    C-contiguous; changed in place. Integers round to the nearest (ties to even) and clip.
block_start : int
    Absolute sample of the block's first row.
spans : numpy.ndarray, shape [num_spans, 2], int64
    Half-open ranges of absolute samples, sorted and disjoint (`redactor.kernels.spans.disjoint_spans`); they
    may lie partly or wholly outside the block.
mask : numpy.ndarray, shape [num_spans, num_channels], bool
    Channels that each span mutes.
fade_len : int
    Samples of a fade, 0 or more.

The result does not depend on how a recording is cut into blocks. Arguments are trusted: the checks are in
:mod:`redactor.redact.audio`.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numba import njit

from redactor.kernels.noise import CHUNK, NUM_TAPS, render_noise
from redactor.kernels.spans import fades_in, near, raised_cosine

# What sample value stands for 1.0, by sample type. Integers reach -full_scale and full_scale - 1.
FULL_SCALE = {
    np.dtype(np.int16): 2.0**15,
    np.dtype(np.int32): 2.0**31,
    np.dtype(np.float32): 1.0,
    np.dtype(np.float64): 1.0,
}

# sin(pi/2 x) on [-1, 1]: Taylor terms up to x**15, error below 7e-12 (-223 dB). A polynomial and not
# libm's sine, whose last bits differ between machines.
_S1, _S3, _S5, _S7, _S9, _S11, _S13, _S15 = (
    (-1) ** (n // 2) * (math.pi / 2) ** n / math.factorial(n) for n in range(1, 16, 2)
)


def mute_silence(
    block: np.ndarray, block_start: int, spans: np.ndarray, mask: np.ndarray, *, fade_len: int
) -> None:
    """Mute with zeros; for the arguments see the module."""
    _run(block, block_start, spans, mask, fade_len)


def mute_tone(
    block: np.ndarray,
    block_start: int,
    spans: np.ndarray,
    mask: np.ndarray,
    *,
    fade_len: int,
    step: int,
    amplitude: float,
) -> None:
    """Mute with a sine whose phase is zero at sample 0 of the recording and never jumps.

    Parameters
    ----------
    block, block_start, spans, mask, fade_len
        See the module.
    step : int
        From `tone_step`.
    amplitude : float
        Peak of the sine, 0 to 1 of full scale; 0 is silence.
    """
    _run(block, block_start, spans, mask, fade_len, step=step, amplitude=amplitude)


def mute_noise(
    block: np.ndarray,
    block_start: int,
    spans: np.ndarray,
    mask: np.ndarray,
    *,
    fade_len: int,
    taps: np.ndarray,
) -> None:
    """Mute with coloured noise made by :mod:`redactor.kernels.noise`.

    Parameters
    ----------
    block, block_start, spans, mask, fade_len
        See the module.
    taps : numpy.ndarray, shape [num_channels, NUM_TAPS], float64
        Filter of each channel, from `redactor.kernels.background`; full scale is 1.
    """
    _run(block, block_start, spans, mask, fade_len, taps=taps)


def tone_step(frequency_hz: float, *, sample_rate: int) -> int:
    """Phase that a tone moves on by in one sample, in units of 2**-64 turns.

    A phase in whole numbers modulo 2**64 never loses a bit, after any number of samples; only the frequency is
    rounded (the accumulator of a numerically controlled oscillator: Tierney, Rader and Gold, "A digital
    frequency synthesizer", IEEE Trans. AU-19, 1971).

    Raises
    ------
    ValueError
        If the frequency is not between 0 and half the sample rate, both excluded.
    """
    if not (math.isfinite(frequency_hz) and 0 < frequency_hz < sample_rate / 2):
        raise ValueError(
            f"tone of {frequency_hz} Hz: must be above 0 and below half the sample rate ({sample_rate / 2} Hz)"
        )
    return round(Fraction(frequency_hz) * 2**64 / sample_rate)


_NO_TAPS = np.zeros((0, NUM_TAPS))


def _run(block, block_start, spans, mask, fade_len, *, step=0, amplitude=0.0, taps=_NO_TAPS):
    """Narrow the spans to those near the block, list the fades in it, allocate scratch and mute."""
    stop = block_start + block.shape[0]
    rows = near(spans, block_start, stop, fade_len=fade_len)
    spans, mask = spans[rows], mask[rows]
    if spans.shape[0] == 0:
        return
    fades = fades_in(block_start, stop, spans, mask, fade_len=fade_len)
    gains = raised_cosine(fade_len)
    out, white = np.zeros(CHUNK), np.empty(CHUNK + NUM_TAPS - 1)
    fill = (np.uint64(step), float(amplitude), taps, out, white)
    _mute(block, block_start, spans, mask, fades, gains, *fill, FULL_SCALE[block.dtype])


@njit(cache=True, nogil=True)
def render_tone(out, first, step, amplitude):
    """Sine from absolute sample `first` on, `out` being shape [num_samples], float64."""
    for i in range(out.size):
        # The upper half of the phase is enough (2**-32 turns, -178 dB) and converts fast. As a signed number
        # it is half a turn to either side; in quarter turns, [-2, 2), and folded to [-1, 1].
        phase = np.int32((np.uint64(first + i) * step) >> np.uint64(32))
        x = phase * 2.0**-30
        x = x if abs(x) <= 1.0 else math.copysign(2.0, x) - x
        y = x * x
        sine = _S9 + y * (_S11 + y * (_S13 + y * _S15))
        sine = x * (_S1 + y * (_S3 + y * (_S5 + y * (_S7 + y * sine))))
        out[i] = amplitude * sine


@njit(cache=True, nogil=True)
def _to_sample(value, full_scale):
    """A value in units of the sample type, rounded and clipped if that is an integer type."""
    if full_scale == 1.0:
        return value
    return min(max(np.rint(value), -full_scale), full_scale - 1.0)


@njit(cache=True, nogil=True)
def _rows(span, block_start, block_len):
    """Rows of the block that a span covers; none (and no negative one) if only its fade reaches the block."""
    first = min(max(span[0] - block_start, 0), block_len)
    return first, min(max(span[1] - block_start, first), block_len)


@njit(cache=True, nogil=True)
def _assign(rows, channel, fill, full_scale):
    """Put the fill in place of a channel, whatever stood there."""
    for i in range(rows.shape[0]):
        rows[i, channel] = _to_sample(fill[i] * full_scale, full_scale)


@njit(cache=True, nogil=True)
def _fade(block, block_start, fade, first, fill, gains, full_scale):
    """Mix the samples from `first` on with the fill, by a row of `list_fades`."""
    channel, left, right = fade[0], fade[3], fade[4]
    for k in range(fill.size):
        t = first + k
        gain = gains[min(t - left, right - 1 - t)]
        mixed = block[t - block_start, channel] * gain + fill[k] * full_scale * (1.0 - gain)
        block[t - block_start, channel] = _to_sample(mixed, full_scale)


@njit(cache=True, nogil=True)
def _render(out, white, first, channel, step, amplitude, taps):
    """Fill of one channel from absolute sample `first` on; `out` of silence holds zeros already."""
    if amplitude > 0.0:
        render_tone(out, first, step, amplitude)
    elif taps.size > 0:
        render_noise(out, white, first, channel, taps[channel])


# One kernel for the three fills, and not three: the walk over spans and fades is then written once, and
# compiled once for a sample type, which is most of what a first run waits for.
@njit(cache=True, nogil=True)
def _mute(block, block_start, spans, mask, fades, gains, step, amplitude, taps, out, white, full_scale):
    block_len, num_channels = block.shape
    silent = amplitude == 0.0 and taps.size == 0
    for index in range(spans.shape[0]):
        begin, end = _rows(spans[index], block_start, block_len)
        if silent and mask[index].all():
            # Zeros over all channels are one stretch of memory. Counting from 0 in a slice tells numba that
            # no index is negative: a branch less in the loop.
            stretch = block[begin:end].reshape(-1)
            for i in range(stretch.size):
                stretch[i] = 0
            continue
        for first in range(begin, end, CHUNK):
            rows = block[first : min(first + CHUNK, end)]
            fill = out[: rows.shape[0]]
            rendered = False
            for channel in range(num_channels):
                if mask[index, channel]:
                    if taps.size > 0 or not rendered:  # noise alone differs between channels
                        _render(fill, white, block_start + first, channel, step, amplitude, taps)
                        rendered = True
                    _assign(rows, channel, fill, full_scale)
    for row in range(fades.shape[0]):
        channel, begin, end = fades[row, 0], fades[row, 1], fades[row, 2]
        for first in range(begin, end, CHUNK):
            fill = out[: min(end - first, CHUNK)]
            _render(fill, white, first, channel, step, amplitude, taps)
            _fade(block, block_start, fades[row], first, fill, gains, full_scale)
