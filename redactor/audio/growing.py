"""Room for samples whose number is not certain until the last one is decoded."""

from __future__ import annotations

import numpy as np

from redactor.audio.problems import Fault


class GrowingSamples:
    """Samples in the order they are decoded, checked as they come.

    Parameters
    ----------
    num_channels : int
    dtype : numpy dtype
    expected : int
        Samples per channel to make room for; memory is touched only as it is filled.
    max_samples : int
        Limit on the values of all channels together.

    Raises
    ------
    Fault
        "too-long", from every method; "non-finite" from `append`.
    """

    def __init__(self, num_channels: int, dtype: np.dtype, *, expected: int, max_samples: int) -> None:
        self._limit = max_samples // num_channels
        if expected > self._limit:
            raise Fault("too-long")
        self._block = np.empty((max(expected, 1), num_channels), dtype)
        self._filled = 0

    def append(self, samples: np.ndarray) -> None:
        """Add samples [num_samples, num_channels] of this buffer's type."""
        if samples.dtype.kind == "f" and not np.isfinite(samples).all():
            raise Fault("non-finite")
        stop = self._filled + len(samples)
        if stop > self._limit:
            raise Fault("too-long")
        if stop > len(self._block):
            shape = (max(stop, len(self._block) * 3 // 2), self._block.shape[1])
            larger = np.empty(shape, self._block.dtype)
            larger[: self._filled] = self._block[: self._filled]
            self._block = larger
        self._block[self._filled : stop] = samples
        self._filled = stop

    def finish(self) -> np.ndarray:
        """What was added, C-contiguous, without a copy."""
        return self._block[: self._filled]
