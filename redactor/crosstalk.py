"""On which channels a muted stretch has to be silent: wherever what its own channel holds may be heard.

In a call of two channels each side stands on its own, and faintly on the other's: a headset, an echo of the
line. Muting every channel loses what the other side says at that time; muting one leaves a digit to be heard on
the other. So how loud a channel can be on another at most is taken from the recording, from power alone: while
one side speaks loudly, the other channel has whatever crosstalk there is, and as a rule little else. Where the
other side is far louder than that, it covers it, and only there the other channel stays.

What cannot be told is taken for loud: too little speech, sides that talk over each other, two microphones in
one room. Faint noise on the other channel counts as crosstalk, since power cannot tell one from the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from redactor.intervals import CoveredTime, Interval, subtract
from redactor.kernels.power import FRAME_S
from redactor.types import TimeSpan

# Frames that a power is the mean of: the shortest sounds that tell a listener anything last as long.
_SMOOTH = 5
# What is loud: within this of the level that a twentieth of the frames reach.
_LOUD_DB, _LOUD_SHARE = 10.0, 0.95
# An echo of the line comes back within this (ITU-T G.131 speaks of 25 ms and more; satellites take 500).
_MOST_DELAY_S = 0.5
# The level while one side is loud is the median of blocks of this, and the loudest block counts: an echo may
# be there at the start of a call and cancelled later. With fewer loud frames nothing can be told.
_BLOCK_S = 4.0
# One side is this much weaker on the other's channel, or both microphones hear both.
_MOST_CROSSTALK_DB = -20.0
# What is this much weaker than speech over it is heard in no 20 ms of it: the contract of the benchmarks takes
# a correlation of 0.3 for audible (redactor/bench/measure.py), which is 10 dB; the rest is for what varies.
_COVERED_DB = 16.0
# Speech that became no words is another channel's if that one was louder by `_MOST_CROSSTALK_DB` within this
# time before, in words that were heard, where all but so much of its energy lies.
_ROOM_DELAY_S = 0.1
_MOST_OWN_ENERGY = 0.2
# Of a frame: nearer to its border a time is on it. What is left between the two is no stretch to mute.
_HAIR = 1e-6
# Frames that are smoothed at a time.
_FRAMES_AT_ONCE = 1 << 16
# Shorter stretches of the other side are no words, and shorter dips in them tell nothing.
_SHORTEST_S, _DIP_S = 0.2, 0.1


class Crosstalk:
    """How far channels of one recording are to be heard on each other.

    Parameters
    ----------
    power : numpy.ndarray, shape [num_frames, num_channels], float32 or float64
        Of the recording, from :func:`redactor.kernels.power.frame_power`.
    """

    def __init__(self, power: np.ndarray) -> None:
        self._power = _smoothed(power)
        self._most: dict[tuple[int, int], float] = {}

    def audible(self, spans: Iterable[TimeSpan]) -> Iterator[TimeSpan]:
        """Spans with all the channels on which what they mute may be heard.

        Parameters
        ----------
        spans : iterable of TimeSpan
            On the channel that they were found on.

        Yields
        ------
        TimeSpan
            The span, with the channels that have to be silent as long; then parts of it, one each, on those
            that may stay for the rest.
        """
        for span in spans:
            whole, parts = list(span.channels), []
            for other in range(self._power.shape[1]):
                if other in span.channels:
                    continue
                kept = self._covered(span, other)
                if not kept:
                    whole.append(other)
                parts += [(other, part) for part in subtract([(span.start, span.end)], kept) if kept]
            yield replace(span, channels=tuple(sorted(whole)))
            for other, (start, end) in parts:
                yield replace(span, start=start, end=end, channels=(other,))

    def _covered(self, span: TimeSpan, other: int) -> list[Interval]:
        """Where another channel is so loud during a span that nothing of the span is heard on it."""
        most = max(self._most_on(channel, other) for channel in span.channels)
        if not most <= 10 ** (_MOST_CROSSTALK_DB / 10):
            return []
        delay = round(_MOST_DELAY_S / FRAME_S)
        first = int(span.start / FRAME_S + _HAIR)
        stop = min(int(np.ceil(span.end / FRAME_S - _HAIR)), len(self._power))
        if stop <= first:
            return []
        heard = self._power[max(first - delay, 0) : stop, list(span.channels)].max(axis=1)
        heard = np.concatenate((np.zeros(delay - min(first, delay)), heard))
        loudest = sliding_window_view(heard, delay + 1).max(axis=1)  # within the delay before each frame
        # What is weaker than crosstalk can be may be crosstalk itself, from a line that opens now and then.
        least = max(most * 10 ** (_COVERED_DB / 10), 10 ** (_MOST_CROSSTALK_DB / 10))
        covers = self._power[first:stop, other] > loudest * least
        return [
            (
                (first + a) * FRAME_S if a else span.start,
                (first + b) * FRAME_S if first + b < stop else span.end,
            )
            for a, b in _stretches(covers)
        ]

    def _most_on(self, channel: int, other: int) -> float:
        """Power on another channel at most, relative to a channel's own; infinite where that cannot be told."""
        if (channel, other) not in self._most:
            self._most[channel, other] = _most_on(self._power[:, channel], self._power[:, other])
        return self._most[channel, other]


def is_said_on_another(
    stretch: Interval, channel: int, spoken: Sequence[CoveredTime], power: np.ndarray
) -> bool:
    """Whether what sounds on a channel is what another one says: far louder there, in words that were heard.

    Frame by frame, and in words alone: a click or a tone on the other channel is louder than a quiet word on
    this one, and would hide it.

    Parameters
    ----------
    stretch : (float, float)
        Seconds.
    channel : int
    spoken : sequence of CoveredTime
        Where each channel has words.
    power : numpy.ndarray, shape [num_frames, num_channels]

    Returns
    -------
    bool
        False where nobody can tell.
    """
    delay = round(_ROOM_DELAY_S / FRAME_S)
    first, stop = int(stretch[0] / FRAME_S), int(stretch[1] / FRAME_S) + 1
    own = power[first:stop, channel]
    explained = np.zeros(len(own), bool)
    for other, words in enumerate(spoken):
        if other == channel:
            continue
        theirs = power[max(first - delay, 0) : first + len(own), other]
        theirs = np.concatenate((np.zeros(delay + len(own) - len(theirs)), theirs))
        loudest = sliding_window_view(theirs, delay + 1).max(axis=1)
        said = np.zeros(len(own), bool)
        for start, end in words.within(*stretch):
            said[int(start / FRAME_S) - first : int(np.ceil(end / FRAME_S)) - first] = True
        explained |= said & (own < loudest * 10 ** (_MOST_CROSSTALK_DB / 10))
    return bool(explained.any() and own[~explained].sum() <= _MOST_OWN_ENERGY * own.sum())


def _most_on(own: np.ndarray, other: np.ndarray) -> float:
    loudness = np.quantile(own, _LOUD_SHARE) if len(own) else 0.0
    loud = np.flatnonzero(own > max(loudness * 10 ** (-_LOUD_DB / 10), 0.0))
    size = round(_BLOCK_S / FRAME_S)
    if len(loud) < size:
        return float("inf")
    num_blocks = -(-len(loud) // size)
    # The last block is a whole one too, and shares frames with the one before.
    blocks = np.concatenate((loud[: (num_blocks - 1) * size], loud[-size:])).reshape(num_blocks, size)
    most = 0.0
    for delay in range(0, round(_MOST_DELAY_S / FRAME_S) + 1, _SMOOTH // 2):
        ratios = other[np.minimum(blocks + delay, len(other) - 1)] / own[blocks]
        most = max(most, float(np.partition(ratios, size // 2, axis=1)[:, size // 2].max()))
    return most


def _smoothed(power: np.ndarray) -> np.ndarray:
    """Mean power around each frame; shape as `power`, float32. In blocks: a day of frames is to fit."""
    smooth = np.empty(power.shape, np.float32)
    half = _SMOOTH // 2
    for first in range(0, len(power), _FRAMES_AT_ONCE):
        low, stop = max(first - half, 0), min(first + _FRAMES_AT_ONCE, len(power))
        around = power[low : stop + half]
        # Beyond the recording there is silence.
        before, behind = half - (first - low), stop + half - (low + len(around))
        padded = np.pad(around.astype(np.float64), ((before, behind), (0, 0)))
        smooth[first:stop] = sliding_window_view(padded, _SMOOTH, axis=0).mean(axis=-1)
    return smooth


def _stretches(covers: np.ndarray) -> list[tuple[int, int]]:
    """Runs of frames, short dips closed, that are long enough to hold a word."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], covers, [False])).astype(np.int8)))
    runs: list[tuple[int, int]] = []
    for first, stop in edges.reshape(-1, 2).tolist():
        if runs and first - runs[-1][1] <= _DIP_S / FRAME_S:
            runs[-1] = (runs[-1][0], stop)
        else:
            runs.append((first, stop))
    return [run for run in runs if run[1] - run[0] >= _SHORTEST_S / FRAME_S]
