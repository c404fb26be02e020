"""Recordings to words: windows of speech through Whisper models, with a second opinion.

Deterministic: no sampling, and no window's text depends on another's, whatever is transcribed beside it. What a
model made of a short window and cannot be trusted is asked for again as a window of 30 s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from redactor.batching import Turn
from redactor.kernels.power import PowerStream
from redactor.policy import Policy
from redactor.transcribe.channel import ChannelStream, GridChannel
from redactor.transcribe.device import Device
from redactor.transcribe.faint import faint_speech
from redactor.transcribe.listener import ChannelWords, Listener, Tally
from redactor.transcribe.made import Made, region
from redactor.transcribe.speech import loud_regions
from redactor.transcribe.whisper import Whisper
from redactor.transcribe.windows import WindowKey
from redactor.types import Transcript

if TYPE_CHECKING:
    from redactor.audio.recording import Recording
    from redactor.model_registry import ModelFiles


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
    checker : ModelFiles or None
        Verified model that :meth:`listen_again` prefers; None for the last of the first two.
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
        checker: ModelFiles | None = None,
        device: Device,
        device_index: int = 0,
        threads: int = 1,
    ) -> None:
        turn = Turn()
        self.tally = Tally()

        def load(files: ModelFiles) -> Whisper:
            return Whisper(files, device=device, device_index=device_index, threads=threads, turn=turn)

        loaded: dict[str, Whisper] = {}
        for files in (model, second, checker):
            if files is not None and files.digest not in loaded:
                loaded[files.digest] = load(files)
        self._ears = [loaded[files.digest] for files in (model, second) if files is not None]
        self._checker = loaded[checker.digest] if checker is not None else self._ears[-1]
        for ear in loaded.values():
            if ear.rules.silence_every:
                ear.silence()  # before any recording: the first would wait for it
        main = self._ears[0]
        self._identifier = main if main.multilingual else None
        if self._identifier is None and identifier is not None:
            self._identifier = load(identifier)

    @property
    def models(self) -> Mapping[str, Whisper]:
        """The loaded models by role: "transcribe", "second", "check", "identify"."""
        models = dict(zip(("transcribe", "second"), self._ears, strict=False))
        if self._checker not in self._ears:
            models["check"] = self._checker
        if self._identifier not in (None, *self._ears):
            models["identify"] = self._identifier
        return models

    def transcribe(self, recording: Recording, policy: Policy) -> Heard:
        """Transcribe every channel on its own and put the segments in order of time.

        The recording is read once, in blocks; nothing but words, regions and power grows with its length.

        Returns
        -------
        Heard
            The transcript with word times, and the speech that was found in the sound itself. Its others are
            the second model's words, then what is tentative: what the first one wrote when it was prompted, and
            what each held for second most probable, as far as the policy wants it. Text that is a repetition
            loop, that cannot have been said in its time, or that lies past the end of the audio, counts as no
            words: only its speech stays.

        Raises
        ------
        LanguageError
            If a stretch of speech is in a language without a detector in the policy, or in another than
            English and the first model knows only that.
        """
        twins = _twins(recording)
        streams = {c: ChannelStream(recording, policy, self._ears) for c, twin in twins.items() if twin == c}
        prompts = policy.language.prompts
        listeners = {c: self._listener(c, recording, policy, self._ears, prompts) for c in streams}
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
        words = [listeners[twin].of(c) for c, twin in twins.items()]
        transcript = _together(words, power, recording, policy)
        others = (replace(o, tentative=n >= len(self._ears)) for n, o in enumerate(transcript.others, start=1))
        return Heard(replace(transcript, others=tuple(others)), power)

    def listen_again(
        self,
        recording: Recording,
        policy: Policy,
        *,
        languages: Sequence[str],
        known: dict[WindowKey, Made],
    ) -> Transcript:
        """Transcribe by another route than :meth:`transcribe`, for what that one may have missed.

        Nobody looks for speech first, windows have other borders, and the model is the checker where it knows
        the language.

        Parameters
        ----------
        recording : Recording
        policy : Policy
        languages : sequence of str
            Heard before; a single one is taken for granted, so that a few words that are left need not tell.
        known : dict
            What became of windows, of an earlier state of the same recording; those that did not change are not
            asked for again. Is added to.

        Returns
        -------
        Transcript
            Windows without usable text are its only speech.

        Raises
        ------
        LanguageError
            As :meth:`transcribe`.
        """
        is_known = all(self._checker.knows(language) for language in languages)
        ear = self._checker if is_known else self._ears[0]
        if len(languages) == 1:
            policy = replace(policy, language=replace(policy.language, spoken=languages[0]))
        policy = replace(policy, transcribe=replace(policy.transcribe, second_best_ms=0.0))
        twins = _twins(recording)
        streams = {c: GridChannel(recording, ear) for c, twin in twins.items() if twin == c}
        listeners = {c: self._listener(c, recording, policy, [ear], {}, known) for c in streams}
        for block in recording.blocks():
            for channel, stream in streams.items():
                listeners[channel].listen(stream.feed(block[:, channel]))
        for channel, stream in streams.items():
            listeners[channel].finish(stream.finish(), stream.regions)
        words = [listeners[twin].of(c)[0] for c, twin in twins.items()]
        segments = [segment for w in words for segment in w.segments]
        return Transcript.build(recording.duration, segments, speech=[r for w in words for r in w.speech])

    def _listener(
        self,
        channel: int,
        recording: Recording,
        policy: Policy,
        ears: Sequence[Whisper],
        prompts: Mapping[str, Sequence[str]],
        known: dict[WindowKey, Made] | None = None,
    ) -> Listener:
        return Listener(channel, recording, policy, ears, prompts, self._identifier, self.tally, known)


def _twins(recording: Recording) -> dict[int, int]:
    """For each channel the first that holds the same samples: stereo files of one microphone are common."""
    channels = range(recording.num_channels)
    alike = {(a, b) for b in channels for a in range(b)}
    blocks = recording.blocks()
    while alike and (block := next(blocks, None)) is not None:
        alike = {(a, b) for a, b in alike if np.array_equal(block[:, a], block[:, b])}
    blocks.close()
    return {b: min((a for a in range(b) if (a, b) in alike), default=b) for b in channels}


def _together(
    channels: Sequence[Sequence[ChannelWords]], power: np.ndarray, recording: Recording, policy: Policy
) -> Transcript:
    duration = recording.duration
    heard = [
        ChannelWords(
            # What says nothing more on any channel need not be searched again.
            [s for w in ear for s in w.segments] if any(w.says_more for w in ear) else [],
            [r for w in ear for r in w.speech],
        )
        for ear in zip(*channels, strict=True)
    ]
    # In a recording without any speech, what is loud is noise, and for the policy's [unheard] to judge.
    if any(words.segments or words.speech for words in heard):
        heard[0].speech += [
            region(channel, start, end, duration)
            for channel in range(recording.num_channels)
            for start, end in loud_regions(power[:, channel], duration=duration)
        ]
        threshold = policy.transcribe.vad_threshold
        heard[0].speech += faint_speech(recording, heard[0].speech, power, threshold=threshold)
    main, *others = (Transcript.build(duration, words.segments, speech=words.speech) for words in heard)
    return replace(main, others=tuple(others))
