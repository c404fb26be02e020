"""One channel of a recording on its way to the models: resampled, searched for speech, cut into windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from redactor.audio.resample import ModelStream
from redactor.policy import Policy
from redactor.transcribe.speech import MODEL_RATE_HZ, SpeechStream
from redactor.transcribe.whisper import Whisper
from redactor.transcribe.windows import GridStream, Window, WindowStream
from redactor.types import Seconds

if TYPE_CHECKING:
    from redactor.audio.recording import Recording


class ChannelStream:
    """Takes a channel block by block and gives windows as soon as they are complete.

    Parameters
    ----------
    recording : Recording
    policy : Policy
    ears : sequence of Whisper
        All of them hear the same windows, so the shortest of their longest counts.
    """

    def __init__(self, recording: Recording, policy: Policy, ears: Sequence[Whisper]) -> None:
        self._resampled = ModelStream(recording.sample_rate, recording.num_samples)
        self._speech = SpeechStream(threshold=policy.transcribe.vad_threshold)
        self._windows = WindowStream(
            longest=min(ear.rules.longest for ear in ears), padding=policy.transcribe.vad_padding_ms / 1000
        )
        self._regions: list[tuple[int, int]] = []

    @property
    def regions(self) -> list[tuple[Seconds, Seconds]]:
        """All the speech so far, in seconds."""
        return [(first / MODEL_RATE_HZ, stop / MODEL_RATE_HZ) for first, stop in self._regions]

    def feed(self, samples: np.ndarray) -> list[Window]:
        """Windows that are complete with this block, of shape [num_samples] and the recording's type."""
        return self._judge(self._resampled.feed(samples), last=False)

    def finish(self) -> list[Window]:
        return self._judge(self._resampled.finish(), last=True)

    def _judge(self, sound: np.ndarray, *, last: bool) -> list[Window]:
        regions = self._speech.feed(sound)
        regions += self._speech.finish() if last else []
        self._regions += regions
        windows = self._windows.feed(sound, regions, quiet_from=self._speech.quiet_from)
        return windows + (self._windows.finish() if last else [])


class GridChannel:
    """As :class:`ChannelStream`, but all of the channel, cut elsewhere, and nobody looks for speech first.

    Parameters
    ----------
    recording : Recording
    ear : Whisper
    """

    regions: Sequence[tuple[Seconds, Seconds]] = ()

    def __init__(self, recording: Recording, ear: Whisper) -> None:
        self._resampled = ModelStream(recording.sample_rate, recording.num_samples)
        self._windows = GridStream(longest=ear.rules.longest)

    def feed(self, samples: np.ndarray) -> list[Window]:
        """Windows that are complete with this block, of shape [num_samples] and the recording's type."""
        return self._windows.feed(self._resampled.feed(samples))

    def finish(self) -> list[Window]:
        return self._windows.feed(self._resampled.finish()) + self._windows.finish()
