"""Whether everything outside the spans is still the original: to the last bit, or by correlation."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from redactor.kernels.residue import SUM_COLUMNS, add_sums, mark_changes
from redactor.verify.leftover import FRAME_S
from redactor.verify.plan import Finding, Plan, frame_len, rows_in

# A lossy file is compared in windows of three such frames, below some 2 kHz (means over a 4 kHz sample): what
# codecs leave out or make up lies above.
_LOSSY_FRAME_S = 0.2
_WINDOW_FRAMES = 3
_THINNED_HZ = 4_000
# Worst of what `encode` writes, over speech, hum and noise of all levels at 8 to 48 kHz
# (benchmarks/residue.py, table "unchanged"): above -70 dBFS correlation 0.90, gain 0.80 to 1.11, level -4 to
# 3 dB.
_MIN_CORRELATION = 0.8
_GAINS = (0.7, 1.4)
_FLOOR = 10 ** (-70 / 10)
_MAX_LEVEL = 10 ** (6 / 10)
# Codecs that code channels together put this much of the loudest one into the others (MP3 at 8 kHz, -52 dB).
_CROSSTALK = 10 ** (-45 / 10)
# A codec's blocks smear a fill and its border as far as this: MP3 at 8 kHz, by the table "smear".
SMEAR_S = 0.12
_MIN_WINDOW_S = 0.05  # in less than this outside the spans there is nothing to correlate

# More than anyone reads; a recording that is changed all over has one finding a block and channel.
_MAX_FINDINGS = 10_000


class ExactOutside:
    """For files that give back what was written.

    Parameters
    ----------
    plan : Plan
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._ranges = [plan.outside(channel, plan.fade_len) for channel in range(plan.num_channels)]
        self._frame_len = frame_len(FRAME_S, plan.sample_rate)
        self._num_found = 0

    def feed(self, original: np.ndarray, released: np.ndarray, first: int) -> Iterator[Finding]:
        """Compare two blocks [block_len, num_channels] that begin at sample `first`."""
        plan = self._plan
        limit = plan.released_scale
        frames = mark_changes(
            original,
            released,
            rows_in(self._ranges, first, first + len(original)),
            first,
            frame_len=self._frame_len,
            factor=limit / plan.original_scale,
            bounds=(-limit, limit - 1) if plan.from_float else (-math.inf, math.inf),
            tolerance=plan.step * limit if plan.from_float else 0.0,
        )
        if self._num_found < _MAX_FINDINGS and frames.any():
            for finding in found_frames("changed", frames, first // self._frame_len, self._frame_len, plan):
                self._num_found += 1
                yield finding

    def finish(self) -> Iterator[Finding]:
        """Nothing is left open."""
        return iter(())


class LossyOutside:
    """For files that give back something near what was written; see :class:`ExactOutside`."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        reach = plan.fade_len + round(SMEAR_S * plan.sample_rate)
        self._ranges = [plan.outside(channel, reach) for channel in range(plan.num_channels)]
        self._frame_len = frame_len(_LOSSY_FRAME_S, plan.sample_rate)
        self._group_len = max(1, plan.sample_rate // _THINNED_HZ)
        # Sums of the frames that are not done with, from frame number `_begin` on.
        self._sums = np.zeros((0, plan.num_channels, SUM_COLUMNS))
        self._begin = 0
        self._num_found = 0

    def feed(self, original: np.ndarray, released: np.ndarray, first: int) -> Iterator[Finding]:
        plan, stop = self._plan, first + len(original)
        missing = -(-stop // self._frame_len) - self._begin - len(self._sums)
        more = np.zeros((max(missing, 0), *self._sums.shape[1:]))
        self._sums = np.concatenate((self._sums, more))
        add_sums(
            original,
            released,
            rows_in(self._ranges, first, stop),
            first,
            self._frame_len,
            self._group_len,
            1 / plan.original_scale,
            1 / plan.released_scale,
            self._sums[first // self._frame_len - self._begin :],
        )
        yield from self._judge(stop // self._frame_len - self._begin)

    def finish(self) -> Iterator[Finding]:
        """Judge the frames at the end, of which the last may be short."""
        yield from self._judge(len(self._sums), is_end=True)

    def _judge(self, num_done: int, *, is_end: bool = False) -> Iterator[Finding]:
        """Judge every window that lies in the first `num_done` frames, and forget those that begin none."""
        size = min(_WINDOW_FRAMES, num_done) if is_end else _WINDOW_FRAMES
        num_windows = num_done - size + 1
        if size == 0 or num_windows <= 0:
            return
        windows = sum(self._sums[at : at + num_windows] for at in range(size))
        changed = _differs(windows, min_samples=_MIN_WINDOW_S * self._plan.sample_rate)
        if changed.any() and self._num_found < _MAX_FINDINGS:
            frames = np.zeros((num_done, self._plan.num_channels), dtype=bool)
            for at in range(size):
                frames[at : at + num_windows] |= changed
            for finding in found_frames("changed", frames, self._begin, self._frame_len, self._plan):
                self._num_found += 1
                yield finding
        self._sums, self._begin = self._sums[num_windows:], self._begin + num_windows


def _differs(sums: np.ndarray, *, min_samples: float) -> np.ndarray:
    """Windows [num_windows, num_channels] by their sums: whether what was released is another sound."""
    count, sum_x, sum_y, power_x, power_y = np.moveaxis(sums[..., :5], -1, 0)
    groups, low_x, low_y, low_xx, low_yy, low_xy = np.moveaxis(sums[..., 5:], -1, 0)
    count, groups = np.maximum(count, 1), np.maximum(groups, 1)
    # Means are taken away: a constant offset is no sound, and codecs drop it.
    power_x = (power_x - sum_x * sum_x / count) / count
    power_y = (power_y - sum_y * sum_y / count) / count
    low_xx, low_yy = low_xx - low_x * low_x / groups, low_yy - low_y * low_y / groups
    low_xy = low_xy - low_x * low_y / groups
    gain = low_xy / np.maximum(low_xx, 1e-30)
    correlation = low_xy / np.sqrt(np.maximum(low_xx * low_yy, 1e-60))
    is_loud = np.maximum(low_xx, low_yy) > _FLOOR * groups
    is_near = (correlation > _MIN_CORRELATION) & (gain > _GAINS[0]) & (gain < _GAINS[1])
    too_loud = power_y > _MAX_LEVEL * power_x + _FLOOR
    apart = low_xx + low_yy - 2 * low_xy > _CROSSTALK * low_xx.max(axis=1, keepdims=True)
    return ((is_loud & ~is_near & apart) | too_loud) & (count >= min_samples)


def found_frames(kind: str, frames: np.ndarray, begin: int, length: int, plan: Plan) -> Iterator[Finding]:
    """Runs of frames [num_frames, num_channels] that are marked, frame 0 being number `begin`."""
    for channel in range(frames.shape[1]):
        edges = np.flatnonzero(np.diff(frames[:, channel], prepend=False, append=False))
        for start, stop in edges.reshape(-1, 2) + begin:
            yield Finding(kind, int(start) * length, min(int(stop) * length, plan.num_samples), channel)
