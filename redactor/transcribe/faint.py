"""Speech far below what else a recording holds: looked at once more, louder.

The model of speech goes by level: what is far below the rest it takes for silence, and whoever turns it
up understands it all the same. Loudness does not tell either, where somebody else is 30 dB louder. So what
stands out of a channel's floor, and is neither speech nor loud, is given to the model at the level of a call.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from redactor.audio.resample import ModelStream
from redactor.intervals import Interval
from redactor.kernels.mute import FULL_SCALE
from redactor.kernels.power import FRAME_S
from redactor.timebase import outward_samples, seconds
from redactor.transcribe.made import region
from redactor.transcribe.speech import MODEL_RATE_HZ, SpeechStream, faint_stretches
from redactor.types import SpeechRegion

if TYPE_CHECKING:
    from redactor.audio.recording import Recording

# What the model hears it at: an ordinary level of speech.
_LEVEL = 10 ** (-25 / 20)


def faint_speech(
    recording: Recording, known: Sequence[SpeechRegion], power: np.ndarray, *, threshold: float
) -> list[SpeechRegion]:
    """Speech beside what is known, in no order.

    Parameters
    ----------
    recording : Recording
        Read once more where there is anything to look at.
    known : sequence of SpeechRegion
        Speech, and what is loud.
    power : numpy.ndarray, shape [num_frames, num_channels]
        Of the recording, from :mod:`redactor.kernels.power`.
    threshold : float
        As for :class:`redactor.transcribe.speech.SpeechStream`.
    """
    channels = []
    for number in range(recording.num_channels):
        own = power[:, number]
        beside = [(speech.start, speech.end) for speech in known if speech.channel == number]
        if stretches := faint_stretches(own, beside, duration=recording.duration):
            channels.append((number, _Louder(recording, own, stretches, threshold)))
    found = []
    position = 0
    for block in recording.blocks() if channels else ():
        for number, louder in channels:
            regions = louder.feed(block[:, number], position)
            found += [region(number, start, end, recording.duration) for start, end in regions]
        position += len(block)
    return found


class _Louder:
    """Stretches of one channel, one after the other, each by itself and at one level."""

    def __init__(
        self, recording: Recording, power: np.ndarray, stretches: Sequence[Interval], threshold: float
    ) -> None:
        self._recording, self._power, self._threshold = recording, power, threshold
        self._left = list(reversed(stretches))
        self._next()

    def _next(self) -> None:
        if not self._left:
            self._stop = self._first = self._recording.num_samples
            return
        start, end = self._left.pop()
        rate, num_samples = self._recording.sample_rate, self._recording.num_samples
        self._first, self._stop = outward_samples(start, end, sample_rate=rate, num_samples=num_samples)
        level = math.sqrt(self._power[round(start / FRAME_S) : round(end / FRAME_S)].mean())
        self._gain = _LEVEL / level / FULL_SCALE[self._recording.dtype]
        self._resampled = ModelStream(rate, self._stop - self._first)
        self._speech = SpeechStream(threshold=self._threshold)

    def feed(self, samples: np.ndarray, position: int) -> Iterator[Interval]:
        """Speech that has ended by now, in seconds of the recording; `position` is where the samples begin."""
        end = position + len(samples)
        while self._first < end:
            part = samples[max(self._first - position, 0) : self._stop - position].astype(np.float64)
            louder = ((part - part.mean()) * self._gain).astype(np.float32)
            regions = self._speech.feed(self._resampled.feed(louder))
            is_whole = self._stop <= end
            if is_whole:
                regions += self._speech.feed(self._resampled.finish()) + self._speech.finish()
            begin = seconds(self._first, sample_rate=self._recording.sample_rate)
            yield from ((begin + a / MODEL_RATE_HZ, begin + b / MODEL_RATE_HZ) for a, b in regions)
            if not is_whole:
                return
            self._next()
