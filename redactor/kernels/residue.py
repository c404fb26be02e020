"""An original and what was released of it, side by side: where they differ, and how like they are."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

# Columns of `add_sums`: samples and their sums, then groups of samples and theirs.
SUM_COLUMNS = 11


def mark_changes(
    original: np.ndarray,
    released: np.ndarray,
    rows: np.ndarray,
    first_sample: int,
    *,
    frame_len: int,
    factor: float = 1.0,
    bounds: tuple[float, float] = (-math.inf, math.inf),
    tolerance: float = 0.0,
) -> np.ndarray:
    """Frames in which two blocks differ.

    Parameters
    ----------
    original, released : numpy.ndarray, shape [block_len, num_channels]
        Any of the sample types, not necessarily the same one.
    rows : numpy.ndarray, shape [num_rows, 3], int64
        What to compare: channel, first and stop row of the block.
    first_sample : int
        Where in the recording the block begins; frames count from the recording's start.
    frame_len : int
        Samples of a frame.
    factor : float
        The original times this, clipped to `bounds`, is to be what was released.
    bounds : pair of float
    tolerance : float
        Largest difference that is none, in units of the released type.

    Returns
    -------
    numpy.ndarray, shape [num_frames, num_channels], bool
        From the frame that the block begins in. What is not a number differs.
    """
    num_frames = -(-(first_sample + len(original)) // frame_len) - first_sample // frame_len
    out = np.zeros((num_frames, original.shape[1]), dtype=np.bool_)
    _mark_changes(original, released, rows, first_sample, frame_len, factor, *bounds, tolerance, out)
    return out


@njit(cache=True, nogil=True)
def _mark_changes(original, released, rows, first_sample, frame_len, factor, low, high, tolerance, out):
    begin = first_sample // frame_len
    for row in range(rows.shape[0]):
        channel = rows[row, 0]
        for i in range(rows[row, 1], rows[row, 2]):
            expected = min(max(original[i, channel] * factor, low), high)
            if not abs(released[i, channel] - expected) <= tolerance:
                out[(first_sample + i) // frame_len - begin, channel] = True


@njit(cache=True, nogil=True)
def add_sums(original, released, rows, first_sample, frame_len, group_len, scale_x, scale_y, out):
    """Add the samples of two blocks to the sums of their frames.

    Parameters
    ----------
    original, released : numpy.ndarray, shape [block_len, num_channels]
    rows : numpy.ndarray, shape [num_rows, 3], int64
        Channel, first and stop row of the block.
    first_sample : int
        Where in the recording the block begins.
    frame_len : int
        Samples of a frame; frames count from the recording's start.
    group_len : int
        Samples whose mean is taken first: a low-pass filter.
    scale_x, scale_y : float
        Make full scale 1.
    out : numpy.ndarray, shape [num_frames, num_channels, SUM_COLUMNS], float64
        Added to, from the frame that the block begins in: samples, sums of x, y, xx, yy; groups, and over
        their means the sums of x, y, xx, yy, xy.
    """
    begin = first_sample // frame_len
    for row in range(rows.shape[0]):
        channel, i, stop = rows[row, 0], rows[row, 1], rows[row, 2]
        while i < stop:
            frame = (first_sample + i) // frame_len
            end = min(min(i + group_len, stop), (frame + 1) * frame_len - first_sample)
            sums = out[frame - begin, channel]
            group_x = group_y = 0.0
            for k in range(i, end):
                x = original[k, channel] * scale_x
                y = released[k, channel] * scale_y
                group_x += x
                group_y += y
                sums[3] += x * x
                sums[4] += y * y
            sums[0] += end - i
            sums[1] += group_x
            sums[2] += group_y
            group_x /= end - i
            group_y /= end - i
            sums[5] += 1
            sums[6] += group_x
            sums[7] += group_y
            sums[8] += group_x * group_x
            sums[9] += group_y * group_y
            sums[10] += group_x * group_y
            i = end


@njit(cache=True, nogil=True)
def lag_products(original, released, edges, out):
    """Products of two sounds over frames, at every lag.

    Parameters
    ----------
    original : numpy.ndarray, shape [num_samples + num_lags - 1], float64
    released : numpy.ndarray, shape [num_samples], float64
    edges : numpy.ndarray, shape [num_frames + 1], int64
        Frame i is the samples ``edges[i]`` to ``edges[i + 1]`` of `released`.
    out : numpy.ndarray, shape [num_frames, num_lags], float64
        Output: ``out[i, k]`` is the sum over frame i of ``released[t] * original[t + k]``.
    """
    num_frames, num_lags = out.shape
    for frame in range(num_frames):
        row = out[frame]
        row[:] = 0.0
        for t in range(edges[frame], edges[frame + 1]):
            value = released[t]
            # Lags inside: every step adds to its own sum, so the loop becomes vector operations.
            at = original[t : t + num_lags]
            for lag in range(num_lags):
                row[lag] += value * at[lag]
