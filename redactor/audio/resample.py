"""One channel of a recording as recognizers want it: float32, 16 kHz."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import soxr

from redactor import timebase
from redactor.types import Audio

MODEL_SAMPLE_RATE_HZ = 16_000

# Samples of the source at a time: what is in flight stays below a megabyte. Fixed, so that the result does not
# depend on the machine.
_BLOCK_SAMPLES = 1 << 16


class ModelStream:
    """Resamples one channel for a model, a block at a time.

    The samples are exactly those of `model_channel`, whatever the size of the blocks.

    Parameters
    ----------
    sample_rate : int
        Hz.
    num_samples : int
        Samples of the whole channel.

    Attributes
    ----------
    num_model_samples : int
        Samples that it gives in all.
    """

    def __init__(self, sample_rate: int, num_samples: int) -> None:
        self._missing = num_samples
        duration = num_samples / sample_rate
        self.num_model_samples = timebase.num_samples_for(duration, sample_rate=MODEL_SAMPLE_RATE_HZ)
        self._left = self.num_model_samples
        self._resample = _resampler(sample_rate)
        self._held = np.empty(_BLOCK_SAMPLES, np.float32)
        self._filled = 0

    def feed(self, block: np.ndarray) -> np.ndarray:
        """Take the next samples.

        Parameters
        ----------
        block : numpy.ndarray, shape [any], int16, int32, float32 or float64
            Only read.

        Returns
        -------
        numpy.ndarray, shape [num_ready]
            float32 at `MODEL_SAMPLE_RATE_HZ`: what follows the samples given before, as far as it is certain.

        Raises
        ------
        ValueError
            If the block has more than one channel, or goes past the end.
        """
        if block.ndim != 1:
            raise ValueError(f"samples of shape {block.shape}: must be one channel")
        if len(block) > self._missing:
            raise ValueError(f"{len(block)} samples where {self._missing} are missing")
        self._missing -= len(block)
        scale = 1.0 if block.dtype.kind == "f" else 1.0 / -float(np.iinfo(block.dtype).min)
        ready = []
        while len(block):
            taken = block[: len(self._held) - self._filled]
            self._held[self._filled : self._filled + len(taken)] = taken * scale
            self._filled += len(taken)
            block = block[len(taken) :]
            if self._filled == len(self._held):
                ready.append(self._given(self._resample(self._held, False)))
                self._filled = 0
        return np.concatenate(ready) if ready else np.empty(0, np.float32)

    def finish(self) -> np.ndarray:
        """The rest, once all samples were taken.

        Raises
        ------
        ValueError
            If some are missing.
        """
        if self._missing:
            raise ValueError(f"{self._missing} samples are missing")
        rest = [self._given(self._resample(self._held[: self._filled], False))] if self._filled else []
        rest.append(self._given(self._resample(self._held[:0], True)))
        # soxr may round the number of samples down where it is to hold the whole duration.
        rest.append(np.zeros(self._left, np.float32))
        self._filled = self._left = 0
        return np.concatenate(rest)

    def _given(self, resampled: np.ndarray) -> np.ndarray:
        """A copy in [-1, 1], not past the end."""
        given = np.clip(resampled[: self._left], -1.0, 1.0)
        self._left -= len(given)
        return given


def _resampler(sample_rate: int) -> Callable[[np.ndarray, bool], np.ndarray]:
    """Takes samples, and whether they are the last; gives those of the model's rate that are ready."""
    if sample_rate == MODEL_SAMPLE_RATE_HZ:
        return lambda samples, _is_last: samples
    stream = soxr.ResampleStream(
        sample_rate, MODEL_SAMPLE_RATE_HZ, num_channels=1, dtype="float32", quality="HQ"
    )
    return stream.resample_chunk


def model_channel(audio: Audio, channel: int) -> np.ndarray:
    """Resample one channel for a model, a block at a time.

    Parameters
    ----------
    audio : Audio
    channel : int
        From 0.

    Returns
    -------
    numpy.ndarray, shape [num_model_samples]
        float32 at `MODEL_SAMPLE_RATE_HZ`, in [-1, 1] (what overshoots is clipped), as many samples as hold the
        recording's duration. Sample i lies at i / 16,000 s of the recording: soxr's delay is taken out.

    Raises
    ------
    IndexError
        If there is no such channel.
    """
    if not 0 <= channel < audio.num_channels:
        raise IndexError(f"no channel {channel} among {audio.num_channels}")
    stream = ModelStream(audio.sample_rate, audio.num_samples)
    resampled = np.empty(stream.num_model_samples, np.float32)
    filled = 0
    for start in range(0, audio.num_samples, _BLOCK_SAMPLES):
        ready = stream.feed(audio.samples[start : start + _BLOCK_SAMPLES, channel])
        resampled[filled : filled + len(ready)] = ready
        filled += len(ready)
    resampled[filled:] = stream.finish()
    return resampled
