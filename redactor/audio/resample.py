"""One channel of a recording as recognizers want it: float32, 16 kHz."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import soxr

from redactor import timebase
from redactor.types import Audio

MODEL_SAMPLE_RATE_HZ = 16_000

# Samples of the source at a time: what is in flight stays below a megabyte. Fixed, so that the result does not
# depend on the machine.
_BLOCK_SAMPLES = 1 << 16


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
    num_samples = timebase.num_samples_for(audio.duration, sample_rate=MODEL_SAMPLE_RATE_HZ)
    resampled = np.zeros(num_samples, np.float32)
    filled = 0
    for block in _model_blocks(audio, channel):
        taken = block[: num_samples - filled]
        np.clip(taken, -1.0, 1.0, out=resampled[filled : filled + len(taken)])
        filled += len(taken)
    return resampled


def _model_blocks(audio: Audio, channel: int) -> Iterator[np.ndarray]:
    if audio.sample_rate == MODEL_SAMPLE_RATE_HZ:
        yield from _float_blocks(audio, channel)
        return
    stream = soxr.ResampleStream(
        audio.sample_rate, MODEL_SAMPLE_RATE_HZ, num_channels=1, dtype="float32", quality="HQ"
    )
    for block in _float_blocks(audio, channel):
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.empty(0, np.float32), last=True)


def _float_blocks(audio: Audio, channel: int) -> Iterator[np.ndarray]:
    dtype = audio.samples.dtype
    scale = 1.0 if dtype.kind == "f" else 1.0 / -float(np.iinfo(dtype).min)
    for start in range(0, audio.num_samples, _BLOCK_SAMPLES):
        block = audio.samples[start : start + _BLOCK_SAMPLES, channel]
        yield (block * scale).astype(np.float32)
