"""Recordings to words: windows of speech through Whisper models, with a second opinion.

Deterministic: no sampling, and no window's text depends on another's, whatever is transcribed beside it. What a
model made of a short window and cannot be trusted is asked for again as a window of 30 s.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from redactor.batching import Turn
from redactor.errors import LanguageError, ModelError
from redactor.kernels.power import PowerStream
from redactor.policy import AUTO_LANGUAGE, Policy
from redactor.transcribe.calibration import Calibration
from redactor.transcribe.channel import ChannelStream
from redactor.transcribe.device import Device
from redactor.transcribe.language import GROUP_S, Identify, LanguageTeller
from redactor.transcribe.plausible import cannot_be_said, said_again
from redactor.transcribe.speech import loud_regions
from redactor.transcribe.whisper import Encoded, RawWord, Whisper, Written
from redactor.transcribe.windows import Window
from redactor.types import Seconds, Segment, SpeechRegion, Transcript, Word

if TYPE_CHECKING:
    from redactor.audio.recording import Recording
    from redactor.model_registry import ModelFiles

# A short window tells languages apart less surely than one of 30 s: below this probability of those that can be
# searched, the longer one is asked.
_SURE_LANGUAGE = 0.3
# Whisper's own limit: text that its model holds for less probable is doubtful.
_LEAST_LOGPROB = -1.0
_NO_SPEECH = 0.6


@dataclass(frozen=True, eq=False)
class Heard:
    """What one pass over a recording found.

    Attributes
    ----------
    transcript : Transcript
    power : numpy.ndarray, shape [num_frames, num_channels], float32
        As from :func:`redactor.kernels.power.frame_power`.
    """

    transcript: Transcript
    power: np.ndarray


@dataclass
class Tally:
    """What a recognizer has heard since it was made.

    Attributes
    ----------
    windows, again : int
        Windows, by all its models, and how many of them again.
    window_seconds, speech_seconds : float
        Of sound in windows, and of speech in that sound; by how many models does not count.
    """

    windows: int = 0
    again: int = 0
    window_seconds: Seconds = 0.0
    speech_seconds: Seconds = 0.0


class Recognizer:
    """A loaded Whisper model, one for a second opinion, and one that tells languages apart.

    Several threads may transcribe at a time: their windows are computed together.

    Parameters
    ----------
    model : ModelFiles
        Verified model to transcribe with.
    second : ModelFiles or None
        Verified model that transcribes everything again: two models fail in different places.
    identifier : ModelFiles or None
        Multilingual model that tells languages apart; needed only when `model` knows one language.
    device : Device
    device_index : int
        GPU of this worker.
    threads : int
        CPU threads of a batch; part of the result.

    Raises
    ------
    ModelError
        If a model cannot be loaded.
    """

    def __init__(
        self,
        model: ModelFiles,
        *,
        second: ModelFiles | None = None,
        identifier: ModelFiles | None = None,
        device: Device,
        device_index: int = 0,
        threads: int = 1,
    ) -> None:
        turn = Turn()
        self.tally = Tally()

        def load(files: ModelFiles) -> Whisper:
            return Whisper(files, device=device, device_index=device_index, threads=threads, turn=turn)

        self._ears = [load(files) for files in (model, second) if files is not None]
        for ear in self._ears:
            if ear.rules.silence:
                ear.silence()  # before any recording: the first would wait for it
        main = self._ears[0]
        self._identifier = main if main.multilingual else None
        if self._identifier is None and identifier is not None:
            self._identifier = load(identifier)

    @property
    def models(self) -> Mapping[str, Whisper]:
        """The loaded models by role: "transcribe", "second", "identify"."""
        models = dict(zip(("transcribe", "second"), self._ears, strict=False))
        if self._identifier not in (None, *self._ears):
            models["identify"] = self._identifier
        return models

    def transcribe(self, recording: Recording, policy: Policy) -> Heard:
        """Transcribe every channel on its own and put the segments in order of time.

        The recording is read once, in blocks; nothing but words, regions and power grows with its length.

        Returns
        -------
        Heard
            The transcript with word times, and the speech that was found in the sound itself; the second
            model's words as its first other. Text that is a repetition loop, that cannot have been said in its
            time, or that lies past the end of the audio, counts as no words: only its speech stays.

        Raises
        ------
        LanguageError
            If a stretch of speech is in a language without a detector in the policy, or in another than
            English and the first model knows only that.
        """
        twins = _twins(recording)
        streams = {c: ChannelStream(recording, policy, self._ears) for c, twin in twins.items() if twin == c}
        listeners = {c: self._listener(c, recording.duration, policy) for c in streams}
        meter = PowerStream(
            recording.sample_rate, recording.num_samples, recording.num_channels, recording.dtype
        )
        for block in recording.blocks():
            meter.feed(block)
            for channel, stream in streams.items():
                listeners[channel].listen(stream.feed(block[:, channel]))
        for channel, stream in streams.items():
            listeners[channel].finish(stream.finish(), stream.regions)
        power = meter.finish()
        return Heard(_together([listeners[twin].of(c) for c, twin in twins.items()], power, recording), power)

    def _listener(self, channel: int, duration: Seconds, policy: Policy) -> _Listener:
        return _Listener(channel, duration, policy, self._ears, self._identifier, self.tally)


def _twins(recording: Recording) -> dict[int, int]:
    """For each channel the first that holds the same samples: stereo files of one microphone are common."""
    channels = range(recording.num_channels)
    alike = {(a, b) for b in channels for a in range(b)}
    blocks = recording.blocks()
    while alike and (block := next(blocks, None)) is not None:
        alike = {(a, b) for a, b in alike if np.array_equal(block[:, a], block[:, b])}
    blocks.close()
    return {b: min((a for a in range(b) if (a, b) in alike), default=b) for b in channels}


@dataclass
class _Words:
    """What one model made of a channel so far."""

    segments: list[Segment] = field(default_factory=list)
    speech: list[SpeechRegion] = field(default_factory=list)


class _Listener:
    """Turns the windows of one channel into words, a group of one language at a time."""

    def __init__(
        self,
        channel: int,
        duration: Seconds,
        policy: Policy,
        ears: Sequence[Whisper],
        identifier: Whisper | None,
        tally: Tally,
    ) -> None:
        self._tally = tally
        self._channel = channel
        self._duration = duration
        self._policy = policy
        self._ears = ears
        self._identifier = identifier
        self._teller = LanguageTeller(policy.language)
        self._known = tuple(policy.language.detectors)
        self._waiting: list[Window] = []
        self._heard = [_Words() for _ in ears]

    def listen(self, windows: Sequence[Window]) -> None:
        """Take note of windows, and hear those that make up a group."""
        for window in windows:
            if sum(w.duration for w in self._waiting) >= GROUP_S:
                self._hear(self._waiting)
                self._waiting = []
            self._waiting.append(window)

    def finish(self, windows: Sequence[Window], regions: Sequence[tuple[Seconds, Seconds]]) -> None:
        """Hear the rest; `regions` is all the speech of the channel."""
        self.listen(windows)
        if self._waiting:
            self._hear(self._waiting)
        self._tally.speech_seconds += sum(end - start for start, end in regions)
        self._heard[0].speech += [_region(self._channel, *region, self._duration) for region in regions]

    def of(self, channel: int) -> list[_Words]:
        """What was heard, as the words of that channel."""
        return [
            _Words(
                [replace(s, channel=channel) for s in words.segments],
                [replace(r, channel=channel) for r in words.speech],
            )
            for words in self._heard
        ]

    def _hear(self, windows: Sequence[Window]) -> None:
        main = self._ears[0]
        self._tally.window_seconds += sum(window.duration for window in windows)
        sounds = [window.samples for window in windows]
        encoded = main.encode(sounds)
        language = self._teller.decide(windows, self._identify(sounds, encoded))
        if not main.knows(language):
            # It would go on in English: invented words that cover speech nobody understood.
            raise LanguageError(
                f"speech in {language!r}, but the model knows only English; choose a multilingual --model"
            )
        for ear, words in zip(self._ears, self._heard, strict=True):
            if ear.knows(language):  # else there is no second opinion on this language
                states = encoded if ear is main else ear.encode(sounds)
                self._write(ear, windows, states, language, words)

    def _identify(self, sounds: Sequence[np.ndarray], encoded: Sequence[Encoded]) -> Identify:
        identifier = self._identifier
        if identifier is None and self._policy.language.spoken == AUTO_LANGUAGE:
            raise ModelError(
                "the model knows only English and the policy's language.identifier is not loaded"
            )

        def identify(number: int) -> Mapping[str, float]:
            own = identifier is self._ears[0]
            first = encoded[number] if own else identifier.encode([sounds[number]])[0]
            found = identifier.languages(first)
            if first.full or sum(found.get(code, 0.0) for code in self._known) >= _SURE_LANGUAGE:
                return found
            return identifier.languages(identifier.encode([sounds[number]], full=True)[0])

        return identify

    def _write(
        self, ear: Whisper, windows: Sequence[Window], encoded: Sequence[Encoded], language: str, words: _Words
    ) -> None:
        beam_size = self._policy.transcribe.beam_size
        texts = ear.write(encoded, language, beam_size=beam_size)
        for window, states, written in zip(windows, encoded, texts, strict=True):
            self._tally.windows += 1
            answers = [(states, written)]
            if not states.full and self._doubtful(written):
                self._tally.again += 1
                again = ear.encode([window.samples], full=True)
                answers += zip(again, ear.write(again, language, beam_size=beam_size), strict=True)
            segment = self._best(ear, window, answers, language)
            if segment is None:
                start, end = window.start, window.start + window.duration
                words.speech.append(_region(self._channel, start, end, self._duration))
            elif segment.words:
                words.segments.append(segment)

    def _doubtful(self, written: Written) -> bool:
        """Whether a model may have done better with a window of 30 s."""
        return (
            not written.text.strip()
            or not written.avg_logprob >= _LEAST_LOGPROB  # also true for NaN
            or said_again(written.text)
            or self._is_loop(written)
        )

    def _is_loop(self, written: Written) -> bool:
        most = self._policy.transcribe.max_compression_ratio
        return not (written.complete and written.compression_ratio <= most)

    def _best(
        self, ear: Whisper, window: Window, answers: Sequence[tuple[Encoded, Written]], language: str
    ) -> Segment | None:
        """The most probable answer that can have been said; None if there is none."""
        for states, written in sorted(answers, key=lambda a: -_number(a[1].avg_logprob)):
            if self._is_loop(written) or _is_made_up(written):
                continue
            raw = ear.words(states, written, language)
            segment = _segment(raw, written, window, self._channel, language)
            segment = _inside(segment, self._duration, ear.calibration)
            if not cannot_be_said(segment.words):
                return segment
        return None


def _is_made_up(written: Written) -> bool:
    """Whisper's own rule for text in what is no speech."""
    return written.no_speech_prob > _NO_SPEECH and written.avg_logprob < _LEAST_LOGPROB


def _number(value: float) -> float:
    return -math.inf if math.isnan(value) else value


def _together(channels: Sequence[Sequence[_Words]], power: np.ndarray, recording: Recording) -> Transcript:
    duration = recording.duration
    heard = [
        _Words([s for w in ear for s in w.segments], [r for w in ear for r in w.speech])
        for ear in zip(*channels, strict=True)
    ]
    # In a recording without any speech, what is loud is noise, and for the policy's [unheard] to judge.
    if any(words.segments or words.speech for words in heard):
        heard[0].speech += [
            _region(channel, start, end, duration)
            for channel in range(recording.num_channels)
            for start, end in loud_regions(power[:, channel], duration=duration)
        ]
    main, *others = (Transcript.build(duration, words.segments, speech=words.speech) for words in heard)
    return replace(main, others=tuple(others))


# Whisper counts in 20 ms; what the sums of floats add beyond a millisecond means nothing.
def _segment(
    raw: Sequence[RawWord], written: Written, window: Window, channel: int, language: str
) -> Segment:
    words = tuple(
        Word(
            word.text.strip(),
            round(word.start + window.start, 3),
            round(word.end + window.start, 3),
            word.probability,
            joined=before is not None and not (before.text[-1:].isspace() or word.text[:1].isspace()),
        )
        for before, word in pairwise([None, *raw])
        if word.text.strip()
    )
    return Segment(
        channel=channel,
        language=language,
        speaker=None,
        start=words[0].start if words else round(window.start, 3),
        end=words[-1].end if words else round(window.start + window.duration, 3),
        words=words,
        avg_logprob=written.avg_logprob,
        no_speech_prob=written.no_speech_prob,
        compression_ratio=written.compression_ratio,
    )


def _inside(segment: Segment, duration: Seconds, calibration: Calibration) -> Segment:
    """Put word times right, and cut a segment at the end of the audio.

    NaN is let through for the pipeline's check to find.
    """
    words = tuple(
        calibration.apply(word, duration) for word in segment.words if not word.start >= duration
    )
    end = _at_most(segment.end, duration)
    return replace(segment, words=words, start=_at_most(segment.start, end), end=end)


def _at_most(time: Seconds, limit: Seconds) -> Seconds:
    return time if math.isnan(time) else min(time, limit)


def _region(channel: int, start: Seconds, end: Seconds, duration: Seconds) -> SpeechRegion:
    return SpeechRegion(channel, _at_most(start, duration), _at_most(end, duration))
