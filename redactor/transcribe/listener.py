"""Windows of one channel to words: what a model says of each, and what of that can have been said."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np

from redactor.errors import LanguageError, ModelError
from redactor.policy import AUTO_LANGUAGE, Policy
from redactor.transcribe.language import GROUP_S, Identify, LanguageTeller
from redactor.transcribe.leftout import left_out
from redactor.transcribe.made import Made, inside, region, segments_of
from redactor.transcribe.plausible import cannot_be_said, said_again
from redactor.transcribe.speech import speech_in
from redactor.transcribe.whisper import Whisper
from redactor.transcribe.windows import Window, WindowKey
from redactor.transcribe.written import Encoded, RawWord, Written
from redactor.types import Seconds, Segment, SpeechRegion

if TYPE_CHECKING:
    from redactor.audio.recording import Recording

# A short window tells languages apart less surely than one of 30 s: below this probability of those that can be
# searched, the longer one is asked.
_SURE_LANGUAGE = 0.3
# Whisper's own limit: text that its model holds for less probable is doubtful.
_LEAST_LOGPROB = -1.0
_NO_SPEECH = 0.6
# Prompted, a model need not be right but different: the most probable word at each step will do.
_PROMPTED_BEAM = 1
# Shorter windows that became no words are not tried in halves: music loops in all of its parts.
_LEAST_HALVED_S = 12.0


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


@dataclass
class ChannelWords:
    """What one model made of a channel so far.

    Attributes
    ----------
    segments : list of Segment
    speech : list of SpeechRegion
    says_more : bool
        Whether there is anything in it that another one does not have.
    """

    segments: list[Segment] = field(default_factory=list)
    speech: list[SpeechRegion] = field(default_factory=list)
    says_more: bool = True


class Listener:
    """Turns the windows of one channel into words, a group of one language at a time.

    Parameters
    ----------
    channel : int
    recording : Recording
    policy : Policy
    ears : sequence of Whisper
        Models that hear every window, the first decides on the language.
    prompts : mapping of str to sequence of str
        By language, what the first of them is prompted with to write everything once more. Each is a hearing of
        its own, behind those of the models.
    identifier : Whisper or None
        Tells languages apart.
    tally : Tally
        Is added to.
    known : dict or None
        What became of windows before; with one model only. Is added to.
    """

    def __init__(
        self,
        channel: int,
        recording: Recording,
        policy: Policy,
        ears: Sequence[Whisper],
        prompts: Mapping[str, Sequence[str]],
        identifier: Whisper | None,
        tally: Tally,
        known: dict[WindowKey, Made] | None,
    ) -> None:
        self._tally = tally
        self._known = known
        self._channel = channel
        self._duration = recording.duration
        self._num_channels = recording.num_channels
        self._policy = policy
        self._ears = ears
        self._prompts = prompts
        self._identifier = identifier
        self._teller = LanguageTeller(policy.language)
        self._languages = tuple(policy.language.detectors)
        self._waiting: list[Window] = []
        self._heard = [ChannelWords() for _ in ears]
        self._longest_second_best = policy.transcribe.second_best_ms / 1000
        self._second_best = [ChannelWords(says_more=False) for _ in ears if self._longest_second_best]
        self._prompted = [ChannelWords() for _ in range(max(map(len, prompts.values()), default=0))]

    def listen(self, windows: Sequence[Window]) -> None:
        """Take note of windows, and hear those that make up a group."""
        for window in windows:
            if self._known is not None and (key := window.key) in self._known:
                self._keep(self._known[key], self._heard[0])
                continue
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
        self._heard[0].speech += [
            region(self._channel, start, end, self._duration) for start, end in regions
        ]

    def of(self, channel: int) -> list[ChannelWords]:
        """What was heard, as the words of that channel: by model, by prompt, and second best by model."""
        return [
            ChannelWords(
                [replace(s, channel=channel) for s in words.segments],
                [replace(r, channel=channel) for r in words.speech],
                words.says_more,
            )
            for words in (*self._heard, *self._prompted, *self._second_best)
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
        for ear, words, second_best in zip_longest(self._ears, self._heard, self._second_best):
            if ear.knows(language):  # else there is no second opinion on this language
                states = encoded if ear is main else ear.encode(sounds)
                all_made = self._write(ear, windows, states, language, words)
                if second_best is not None:
                    second_best.segments += self._with_words(s for m in all_made for s in m.second_or_best)
                    second_best.says_more |= any(made.second_best is not None for made in all_made)
        for prompt, words in zip(self._prompts.get(language, ()), self._prompted, strict=False):
            self._write(main, windows, encoded, language, words, prompt)

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
            if first.full or sum(found.get(code, 0.0) for code in self._languages) >= _SURE_LANGUAGE:
                return found
            return identifier.languages(identifier.encode([sounds[number]], full=True)[0])

        return identify

    def _write(
        self,
        ear: Whisper,
        windows: Sequence[Window],
        encoded: Sequence[Encoded],
        language: str,
        words: ChannelWords,
        prompt: str = "",
    ) -> list[Made]:
        all_made = self._made(ear, windows, encoded, language, prompt)
        for window, made in zip(windows, all_made, strict=True):
            if self._known is not None:
                self._known[window.key] = made
            self._keep(made, words)
        return all_made

    def _made(
        self, ear: Whisper, windows: Sequence[Window], encoded: Sequence[Encoded], language: str, prompt: str
    ) -> list[Made]:
        """What a model makes of windows, and of what it left out of them."""
        answers = self._answers(ear, windows, encoded, language, prompt)
        made = [one for one, _ in answers]
        left = [(number, window) for number, (_, left) in enumerate(answers) for window in left]
        if left:
            again = [window for _, window in left]
            states = ear.encode([window.samples for window in again])
            more = self._made(ear, again, states, language, prompt)
            for (number, _), one in zip(left, more, strict=True):
                made[number] += one
        return made

    def _answers(
        self, ear: Whisper, windows: Sequence[Window], encoded: Sequence[Encoded], language: str, prompt: str
    ) -> list[tuple[Made, Sequence[Window]]]:
        """What a model makes of windows at once, and what of them it is to hear by itself."""
        beam_size = _PROMPTED_BEAM if prompt else self._policy.transcribe.beam_size
        wants_second = bool(self._second_best) and not prompt
        how = {"beam_size": beam_size, "prompt": prompt, "second_best": wants_second}
        texts = ear.write(encoded, language, **how)
        found = []
        for window, states, written in zip(windows, encoded, texts, strict=True):
            self._tally.windows += 1
            answers = [(states, written)]
            # A prompted text is one more chance: where it failed, the others stand.
            last = bool(prompt) or states.full
            best = None
            if last or not self._doubtful(written):
                best = self._best(ear, window, answers, language)
            if best is None and not last:
                self._tally.again += 1
                again = ear.encode([window.samples], full=True)
                answers += zip(again, ear.write(again, language, **how), strict=True)
                best = self._best(ear, window, answers, language)
            found.append(best or self._nothing(window, [written for _, written in answers]))
        return found

    def _nothing(self, window: Window, answers: Sequence[Written]) -> tuple[Made, Sequence[Window]]:
        """Of a window that became no words: what loops in all of it need not do so in half of it."""
        if window.duration < _LEAST_HALVED_S or all(map(_is_made_up, answers)):
            return Made.nothing_of(window), ()
        return Made(), window.halves()

    def _keep(self, made: Made, words: ChannelWords) -> None:
        words.speech += [region(self._channel, start, end, self._duration) for start, end in made.unknown]
        words.segments += self._with_words(made.segments)

    def _with_words(self, segments: Iterable[Segment]) -> list[Segment]:
        return [replace(segment, channel=self._channel) for segment in segments if segment.words]

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

    def _is_usable(self, written: Written) -> bool:
        """Whether a text can be what was said, by itself; its times may still tell otherwise."""
        return not (self._is_loop(written) or _is_made_up(written))

    def _best(
        self, ear: Whisper, window: Window, answers: Sequence[tuple[Encoded, Written]], language: str
    ) -> tuple[Made, Sequence[Window]] | None:
        """The most probable answer that can have been said, and what of the window it left out."""
        for states, written in sorted(answers, key=lambda a: -_number(a[1].avg_logprob)):
            if not self._is_usable(written):
                continue
            raw = ear.words(states, written, language)
            segments = self._segments(ear, raw, written, window, language)
            if not _can_be_said(segments):
                continue
            transcribe = self._policy.transcribe
            left = left_out(
                window,
                raw,
                speech_in=partial(speech_in, threshold=transcribe.vad_threshold),
                padding=transcribe.vad_padding_ms / 1000,
                own_channel=self._num_channels > 1,
            )
            if left.openers:
                segments = self._segments(ear, left.words, written, window, language, left.openers)
            second_best = self._second_best_of(ear, states, written, window, language)
            return Made(segments, second_best=second_best), left.windows
        return None

    def _second_best_of(
        self, ear: Whisper, states: Encoded, written: Written, window: Window, language: str
    ) -> tuple[Segment, ...] | None:
        """The words of a model's second choice, if they can have been said."""
        second = written.second
        is_wanted = second is not None and window.duration <= self._longest_second_best
        if not is_wanted or not self._is_usable(second):
            return None
        segments = self._segments(ear, ear.words(states, second, language), second, window, language)
        return segments if _can_be_said(segments) else None

    def _segments(
        self,
        ear: Whisper,
        raw: Sequence[RawWord],
        written: Written,
        window: Window,
        language: str,
        openers: Collection[int] = (),
    ) -> tuple[Segment, ...]:
        found = segments_of(raw, written, window, self._channel, language, openers)
        return tuple(inside(segment, self._duration, ear.calibration) for segment in found)


def _can_be_said(segments: Sequence[Segment]) -> bool:
    """Whether words can have been said in their time, those of each segment and all together."""
    all_words = [word for segment in segments for word in segment.words]
    return not any(map(cannot_be_said, (all_words, *(segment.words for segment in segments))))


def _is_made_up(written: Written) -> bool:
    """Whisper's own rule for text in what is no speech."""
    return written.no_speech_prob > _NO_SPEECH and written.avg_logprob < _LEAST_LOGPROB


def _number(value: float) -> float:
    return -math.inf if math.isnan(value) else value
