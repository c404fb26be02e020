"""Where there is speech, from the sound alone: by a model of speech, and by loudness for what it misses.

The model is Silero VAD (https://github.com/snakers4/silero-vad) as faster-whisper ships it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from redactor.audio.resample import MODEL_SAMPLE_RATE_HZ
from redactor.kernels.power import FRAME_S
from redactor.types import Seconds

MODEL_RATE_HZ = MODEL_SAMPLE_RATE_HZ

# The model hears 32 ms at a time, with the last 4 ms of what came before.
_FRAME_SAMPLES = 512
_CONTEXT_SAMPLES = 64
# Frames of one call; the model carries its state from call to call, so the number changes nothing.
_CALL_FRAMES = 128
_STATE_SHAPE = (1, 1, 128)

# A pause shorter than this belongs to the speech around it.
_MIN_SILENCE_SAMPLES = MODEL_RATE_HZ // 10
# Speech has ended below the threshold less this (Silero's own rule), so that it does not flicker.
_HYSTERESIS = 0.15
# What never pauses (music, noise) is reported in pieces, so that nobody has to wait for its end.
_LONGEST_REGION_SAMPLES = 30 * MODEL_RATE_HZ

Region = tuple[int, int]


class SpeechStream:
    """Stretches of speech in one channel that arrives in blocks.

    Parameters
    ----------
    threshold : float
        Probability from which a frame of 32 ms counts as speech.
    """

    def __init__(self, *, threshold: float) -> None:
        from faster_whisper.vad import get_vad_model

        self._session = get_vad_model().session
        self._state = np.zeros(_STATE_SHAPE, np.float32), np.zeros(_STATE_SHAPE, np.float32)
        self._waiting = np.zeros(_CONTEXT_SAMPLES, np.float32)  # the context, then what is not yet judged
        self._rule = _Hysteresis(threshold)
        self._num_samples = 0

    def feed(self, samples: np.ndarray) -> list[Region]:
        """Regions that have ended by now, as half-open ranges of samples at 16 kHz, unpadded, in order.

        Parameters
        ----------
        samples : numpy.ndarray, shape [num_samples], float32
            At 16 kHz, of any number.
        """
        self._num_samples += len(samples)
        self._waiting = np.concatenate((self._waiting, samples))
        found: list[Region] = []
        while len(self._waiting) >= _CONTEXT_SAMPLES + _CALL_FRAMES * _FRAME_SAMPLES:
            found += self._judge(_CALL_FRAMES)
        return found

    def finish(self) -> list[Region]:
        """The regions that are left; the last one ends with the samples at the latest."""
        rest = len(self._waiting) - _CONTEXT_SAMPLES
        found: list[Region] = []
        if rest:
            num_frames = -(-rest // _FRAME_SAMPLES)
            self._waiting = np.pad(self._waiting, (0, num_frames * _FRAME_SAMPLES - rest))
            found += self._judge(num_frames)
        found += self._rule.finish(self._num_samples)
        return [(first, min(stop, self._num_samples)) for first, stop in found if first < self._num_samples]

    @property
    def quiet_from(self) -> int:
        """The sample from which on no speech is under way, or the present one."""
        return self._rule.open_from if self._rule.open_from is not None else self._rule.at

    def _judge(self, num_frames: int) -> list[Region]:
        stop = num_frames * _FRAME_SAMPLES
        heard = self._waiting[: _CONTEXT_SAMPLES + stop]
        frames = np.lib.stride_tricks.sliding_window_view(heard, _CONTEXT_SAMPLES + _FRAME_SAMPLES)
        batch = np.ascontiguousarray(frames[::_FRAME_SAMPLES])
        h, c = self._state
        probabilities, h, c = self._session.run(None, {"input": batch, "h": h, "c": c})
        self._state = h, c
        self._waiting = self._waiting[stop:]
        return self._rule.judge(probabilities)


def speech_in(samples: np.ndarray, *, threshold: float) -> list[Region]:
    """Stretches of speech in a sound by itself, as :class:`SpeechStream` gives them."""
    stream = SpeechStream(threshold=threshold)
    return stream.feed(samples) + stream.finish()


class _Hysteresis:
    """From probabilities of frames to regions; the rule of Silero's own ``get_speech_timestamps``."""

    def __init__(self, threshold: float) -> None:
        self._begins = threshold
        self._goes_on = max(threshold - _HYSTERESIS, 0.01)
        self.open_from: int | None = None
        self._quiet_since: int | None = None
        self.at = 0

    def judge(self, probabilities: np.ndarray) -> list[Region]:
        found: list[Region] = []
        for probability in probabilities.tolist():
            at = self.at
            self.at += _FRAME_SAMPLES
            if probability >= self._begins:
                self._quiet_since = None
                if self.open_from is None:
                    self.open_from = at
            elif self.open_from is not None and not probability >= self._goes_on:  # also NaN: no speech
                if self._quiet_since is None:
                    self._quiet_since = at
                if at - self._quiet_since >= _MIN_SILENCE_SAMPLES:
                    found.append((self.open_from, self._quiet_since))
                    self.open_from = self._quiet_since = None
            if self.open_from is not None and at - self.open_from >= _LONGEST_REGION_SAMPLES:
                found.append((self.open_from, at))
                self.open_from = at
        return [(first, stop) for first, stop in found if stop > first]

    def finish(self, num_samples: int) -> list[Region]:
        if self.open_from is None or self.open_from >= num_samples:
            return []
        return [(self.open_from, num_samples)]


# Loud is what stands this far over the quietest fifth of a channel, and not this far below its loud parts.
_OVER_FLOOR = 10 ** (12 / 10)
_BELOW_PEAK = 10 ** (-30 / 10)
_FLOOR_PERCENTILE = 20
_PEAK_PERCENTILE = 95
# Shorter gaps belong to the sound around them; a shorter sound is a click.
_LOUD_GAP_FRAMES = 10
_LOUD_MIN_FRAMES = 12
# Words of one phrase; and what fades around speech, which is none of its own.
_FAINT_GAP_FRAMES = 30
_FADING_S = 0.15
# One step of 16 bits: below there is nothing to hear.
_NOTHING = 10 ** (-90 / 10)


def loud_regions(power: np.ndarray, *, duration: Seconds) -> list[tuple[Seconds, Seconds]]:
    """Stretches that are loud for their channel, whatever they are, in order.

    Parameters
    ----------
    power : numpy.ndarray, shape [num_frames]
        Of one channel, from :mod:`redactor.kernels.power`.
    duration : float
        Seconds of the recording.
    """
    if not power.any():
        return []
    floor, peak = np.percentile(power, [_FLOOR_PERCENTILE, _PEAK_PERCENTILE])
    loud = power > max(floor * _OVER_FLOOR, peak * _BELOW_PEAK)
    return _stretches(loud, most_gap=_LOUD_GAP_FRAMES, duration=duration)


def faint_stretches(
    power: np.ndarray, known: Iterable[tuple[Seconds, Seconds]], *, duration: Seconds
) -> list[tuple[Seconds, Seconds]]:
    """Stretches that stand as far over a channel's floor as what is loud, however faint, in order.

    Parameters
    ----------
    power, duration
        As for `loud_regions`.
    known : iterable of (start, end)
        Speech, and what is loud: left out, with what is near.
    """
    if not power.any():
        return []
    faint = power > max(np.percentile(power, _FLOOR_PERCENTILE) * _OVER_FLOOR, _NOTHING)
    for start, end in known:
        first, stop = (start - _FADING_S) / FRAME_S, (end + _FADING_S) / FRAME_S
        faint[max(int(first), 0) : math.ceil(stop)] = False
    return _stretches(faint, most_gap=_FAINT_GAP_FRAMES, duration=duration)


def _stretches(
    frames: np.ndarray, *, most_gap: int, duration: Seconds
) -> list[tuple[Seconds, Seconds]]:
    """Runs of frames, those that are near each other as one, without clicks."""
    regions: list[list[int]] = []
    for first, stop in np.flatnonzero(np.diff(frames, prepend=False, append=False)).reshape(-1, 2).tolist():
        if regions and first - regions[-1][1] <= most_gap:
            regions[-1][1] = stop
        else:
            regions.append([first, stop])
    return [
        (first * FRAME_S, min(stop * FRAME_S, duration))
        for first, stop in regions
        if stop - first >= _LOUD_MIN_FRAMES
    ]
