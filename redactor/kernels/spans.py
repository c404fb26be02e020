"""Where to mute, as arrays: disjoint spans of samples, and the fades around them.

Everything counts in absolute samples of the recording, never in samples of a block: that is what makes the
result independent of where the borders of blocks fall.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numba import njit

# "No span on this side". A quarter of the int64 range, so that sums and differences cannot wrap.
_BEFORE_ALL = -(1 << 61)
_AFTER_ALL = 1 << 61

# Columns of a row of `list_fades`.
FADE_COLUMNS = 5


def disjoint_spans(ranges: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut spans that overlap or come unsorted into sorted ones that do not overlap.

    Parameters
    ----------
    ranges : numpy.ndarray, shape [num_ranges, 2], int64
        Half-open ranges of absolute samples, in any order.
    wanted : numpy.ndarray, shape [num_ranges, num_channels], bool
        Channels that each range mutes.

    Returns
    -------
    spans : numpy.ndarray, shape [num_spans, 2], int64
        Sorted and disjoint. Spans may touch; touching ones differ in their channels.
    mask : numpy.ndarray, shape [num_spans, num_channels], bool
        Channels that each span mutes: the union of all ranges that cover it. At least one is set.
    """
    num_channels = wanted.shape[1]
    cuts = np.unique(ranges)
    steps = np.zeros((cuts.size, num_channels), dtype=np.int64)
    np.add.at(steps, np.searchsorted(cuts, ranges[:, 0]), wanted.astype(np.int64))
    np.subtract.at(steps, np.searchsorted(cuts, ranges[:, 1]), wanted.astype(np.int64))
    # The piece that begins at the last cut has no end, and nothing covers it.
    mask = (np.cumsum(steps, axis=0) > 0)[:-1]
    begins = np.ones(mask.shape[0], dtype=bool)
    begins[1:] = (mask[1:] != mask[:-1]).any(axis=1)
    first = np.flatnonzero(begins)
    stop = np.append(first[1:], mask.shape[0])[: first.size]
    muted = mask[first].any(axis=1)
    first, stop = first[muted], stop[muted]
    spans = np.column_stack((cuts[first], cuts[stop])).astype(np.int64).reshape(-1, 2)
    return spans, np.ascontiguousarray(mask[first]).reshape(-1, num_channels)


def near(spans: np.ndarray, first: int, stop: int, *, fade_len: int) -> slice:
    """Rows of the disjoint `spans` that can change a sample of [first, stop), fades included."""
    low = int(np.searchsorted(spans[:, 1], first - fade_len, side="right"))
    high = int(np.searchsorted(spans[:, 0], stop + fade_len, side="left"))
    return slice(low, max(low, high))


@lru_cache(maxsize=16)
def raised_cosine(fade_len: int) -> np.ndarray:
    """Gain of the original by its distance from the span.

    Parameters
    ----------
    fade_len : int
        Samples of a fade, 0 or more.

    Returns
    -------
    numpy.ndarray, shape [fade_len], float64, read-only
        Element ``d - 1`` is the gain at distance ``d``: ``(1 - cos(pi d / (fade_len + 1))) / 2``. Gain 0
        (distance 0) is inside the span and gain 1 (distance ``fade_len + 1``) is outside the fade, so
        neither is stored. Rounded to 24 bits: the last bits of a cosine differ between machines.
    """
    distance = np.arange(1, fade_len + 1, dtype=np.float64)
    gains = 0.5 - 0.5 * np.cos(np.pi * distance / (fade_len + 1))
    gains = np.round(gains * 2.0**24) / 2.0**24
    gains.flags.writeable = False
    return gains


def fades_in(first: int, stop: int, spans: np.ndarray, mask: np.ndarray, *, fade_len: int) -> np.ndarray:
    """Fades that fall into the samples [first, stop), as `list_fades` writes them."""
    fades = np.empty((2 * mask.shape[1] * (spans.shape[0] + 1), FADE_COLUMNS), dtype=np.int64)
    return fades[: list_fades(fades, first, stop, spans, mask, fade_len)]


@njit(cache=True, nogil=True)
def list_fades(fades, first, stop, spans, mask, fade_len):
    """Write one row for each run of faded samples of one channel in [first, stop).

    A gap between two spans of a channel is faded from both sides. Where the two fades meet or overlap, the
    distance to the nearer span counts, and with it the smaller gain; each sample is in one row only.

    Parameters
    ----------
    fades : numpy.ndarray, shape [2 * num_channels * (num_spans + 1), 5], int64
        Output: channel, first sample, stop sample, end of the span before, start of the span after.
    first, stop : int
        Half-open range of absolute samples.
    spans : numpy.ndarray, shape [num_spans, 2], int64
        Sorted, disjoint.
    mask : numpy.ndarray, shape [num_spans, num_channels], bool
    fade_len : int
        Samples.

    Returns
    -------
    int
        Rows written.
    """
    count = 0
    num_spans, num_channels = mask.shape
    for channel in range(num_channels):
        left = _BEFORE_ALL
        for index in range(num_spans + 1):
            if index < num_spans:
                if not mask[index, channel]:
                    continue
                right = spans[index, 0]
            else:
                right = _AFTER_ALL
            after_left = min(left + fade_len, right)
            before_right = max(right - fade_len, after_left)
            for low, high in ((left, after_left), (before_right, right)):
                low, high = max(low, first), min(high, stop)
                if low < high:
                    fades[count, 0] = channel
                    fades[count, 1] = low
                    fades[count, 2] = high
                    fades[count, 3] = left
                    fades[count, 4] = right
                    count += 1
            if index < num_spans:
                left = spans[index, 1]
    return count
