"""Power of a recording over time, in frames: what edges are laid by and faint speech is found by."""

from __future__ import annotations

import numpy as np
from numba import njit

from redactor.kernels.mute import FULL_SCALE

FRAME_S = 0.01


def frame_power(samples: np.ndarray, *, sample_rate: int) -> np.ndarray:
    """Mean power of every 10 ms of every channel.

    Parameters
    ----------
    samples : numpy.ndarray, shape [num_samples, num_channels], int16, int32, float32 or float64
    sample_rate : int
        Hz.

    Returns
    -------
    numpy.ndarray, shape [num_frames, num_channels], float64
        Full scale is 1. Frame i begins at ``i * FRAME_S`` seconds, to the nearest sample; the last one may be
        short. What is not finite counts as full scale: unknown is loud.
    """
    num_samples, num_channels = samples.shape
    stream = PowerStream(sample_rate, num_samples, num_channels, samples.dtype, precision=np.float64)
    stream.feed(samples)
    return stream.finish()


class PowerStream:
    """`frame_power` of a recording that arrives in blocks, whatever their size.

    Parameters
    ----------
    sample_rate : int
        Hz.
    num_samples : int
        Samples per channel of the whole recording.
    num_channels : int
    dtype : numpy.dtype
        int16, int32, float32 or float64.
    precision : numpy.dtype, optional
        Of the result; float32 by default, which halves what a day of frames takes.
    """

    def __init__(
        self,
        sample_rate: int,
        num_samples: int,
        num_channels: int,
        dtype: np.dtype,
        *,
        precision: type[np.floating] = np.float32,
    ) -> None:
        self._dtype = np.dtype(dtype)
        self._scale = 1.0 / FULL_SCALE[self._dtype]
        self._frame_len = sample_rate * FRAME_S
        self._num_samples = num_samples
        num_frames = int(np.ceil(num_samples / self._frame_len - 1e-9))
        self._power = np.zeros((num_frames, num_channels), precision)
        self._sums = np.zeros((2, num_channels))
        self._frame = self._position = 0

    def feed(self, block: np.ndarray) -> None:
        """Take the next samples.

        Parameters
        ----------
        block : numpy.ndarray, shape [any, num_channels]
            Only read.

        Raises
        ------
        ValueError
            If the block is of another type or shape, or goes past the end.
        """
        if block.dtype != self._dtype or block.ndim != 2 or block.shape[1] != self._power.shape[1]:
            raise ValueError(
                f"block of shape {block.shape} and type {block.dtype}: must be "
                f"[any, {self._power.shape[1]}] and {self._dtype}"
            )
        if self._position + len(block) > self._num_samples:
            raise ValueError(f"block ends past the recording's {self._num_samples} samples")
        self._frame = _add_block(
            block,
            self._position,
            self._num_samples,
            self._frame_len,
            self._scale,
            self._frame,
            self._sums,
            self._power,
        )
        self._position += len(block)

    def finish(self) -> np.ndarray:
        """Power [num_frames, num_channels], once all samples were taken.

        Raises
        ------
        ValueError
            If some are missing.
        """
        if self._position < self._num_samples:
            raise ValueError(f"{self._num_samples - self._position} samples are missing")
        return self._power


@njit(cache=True, nogil=True)
def _add_block(block, position, num_samples, frame_len, scale, frame, sums, out):
    """Add the block at `position` to the sums of its frames, write those that end in it; the next frame."""
    done = 0
    while frame < out.shape[0]:
        stop = np.int64(np.rint((frame + 1) * frame_len))
        if frame + 1 == out.shape[0]:
            stop = num_samples
        end = min(stop - position, block.shape[0])
        for channel in range(out.shape[1]):
            mean = sums[0, channel]
            square = sums[1, channel]
            for i in range(done, end):
                value = block[i, channel] * scale
                mean += value
                square += value * value
            sums[0, channel] = mean
            sums[1, channel] = square
        done = max(done, end)
        if position + done < stop:
            break  # it goes on in the next block
        count = max(stop - np.int64(np.rint(frame * frame_len)), 1)
        for channel in range(out.shape[1]):
            # A constant offset is no sound.
            power = sums[1, channel] / count - (sums[0, channel] / count) ** 2
            out[frame, channel] = max(power, 0.0) if np.isfinite(power) else 1.0
        sums[:] = 0.0
        frame += 1
    return frame
