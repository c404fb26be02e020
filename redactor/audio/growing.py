"""Room for samples whose number is not certain until the last one is decoded, and a bound on it."""

from __future__ import annotations

import numpy as np


class GrowingSamples:
    """Samples in the order they are decoded, as long as they are few enough to be kept.

    Parameters
    ----------
    num_channels : int
    dtype : numpy dtype
    expected : int
        Samples per channel to make room for; memory is touched only as it is filled.
    max_bytes : int
        What may be kept; of a recording with more, nothing is.
    """

    def __init__(self, num_channels: int, dtype: np.dtype, *, expected: int, max_bytes: int) -> None:
        self._limit = max_bytes // (num_channels * dtype.itemsize)
        room = max(min(expected, self._limit), 1)
        self._block: np.ndarray | None = np.empty((room, num_channels), dtype)
        self._filled = 0

    def append(self, samples: np.ndarray) -> None:
        """Add samples [num_samples, num_channels] of this buffer's type."""
        if self._block is None:
            return
        stop = self._filled + len(samples)
        if stop > self._limit:
            self._block = None
            return
        if stop > len(self._block):
            num_rows = min(max(stop, len(self._block) * 3 // 2), self._limit)
            larger = np.empty((num_rows, self._block.shape[1]), self._block.dtype)
            larger[: self._filled] = self._block[: self._filled]
            self._block = larger
        self._block[self._filled : stop] = samples
        self._filled = stop

    def finish(self) -> np.ndarray | None:
        """What was added, C-contiguous, without a copy; None if it was too much."""
        return None if self._block is None else self._block[: self._filled]
