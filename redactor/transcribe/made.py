"""What a model made of a window: words at their times in the recording, and what became no words."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from redactor.transcribe.calibration import Calibration
from redactor.transcribe.windows import Stretch, Window
from redactor.transcribe.written import LONGEST_LETTER_S, RawWord, Written
from redactor.types import Seconds, Segment, SpeechRegion, Word


@dataclass(frozen=True)
class Made:
    """What a model made of a window.

    Attributes
    ----------
    segments : tuple of Segment
        One for each stretch in which it has words, parted where some were left out.
    unknown : tuple of (float, float)
        Of what it made no words: seconds of the recording.
    second_best : tuple of Segment or None
        As `segments`, of what it held for second most probable; None where nobody asked or there is nothing.
    """

    segments: tuple[Segment, ...] = ()
    unknown: tuple[tuple[Seconds, Seconds], ...] = ()
    second_best: tuple[Segment, ...] | None = None

    @classmethod
    def nothing_of(cls, window: Window) -> Made:
        return cls(unknown=tuple((s.begin + s.shift, s.end + s.shift) for s in window.stretches))

    def __add__(self, other: Made) -> Made:
        second_best = None
        if self.second_best is not None or other.second_best is not None:
            second_best = self.second_or_best + other.second_or_best
        return Made(self.segments + other.segments, self.unknown + other.unknown, second_best)

    @property
    def second_or_best(self) -> tuple[Segment, ...]:
        """The second most probable words, the most probable where there are no others."""
        return self.segments if self.second_best is None else self.second_best


def segments_of(
    raw: Sequence[RawWord],
    written: Written,
    window: Window,
    channel: int,
    language: str,
    openers: Collection[int] = (),
) -> list[Segment]:
    """The words of a window by stretches, cut before the words of `openers` as well; no segment is empty."""
    stretches = window.stretches
    groups: list[list[Word]] = [[]]
    at = 0
    before: RawWord | None = None
    for number, word in enumerate(raw):
        opens = number in openers
        while at + 1 < len(stretches) and _sounds_at(word) >= stretches[at].end:
            at, opens = at + 1, True
        if opens:
            groups.append([])
            before = None
        if word.text.strip():
            joined = before is not None and not (before.text[-1:].isspace() or word.text[:1].isspace())
            groups[-1].append(_word(word, stretches[at], len(stretches), joined=joined))
        before = word
    return [
        Segment(
            channel=channel,
            language=language,
            speaker=None,
            start=words[0].start,
            end=words[-1].end,
            words=tuple(words),
            avg_logprob=written.avg_logprob,
            no_speech_prob=written.no_speech_prob,
            compression_ratio=written.compression_ratio,
        )
        for words in groups
        if words
    ]


def _sounds_at(word: RawWord) -> Seconds:
    """About when a word is said: a pause before it counts for its time, one behind it seldom does."""
    return word.end - min(word.end - word.start, LONGEST_LETTER_S * len(word.text.strip())) / 2


def _word(word: RawWord, stretch: Stretch, num_stretches: int, *, joined: bool) -> Word:
    """A word at its time in the recording; NaN is let through for the pipeline's check to find."""
    start, end = word.start, word.end
    if num_stretches > 1:
        start, end = np.clip((start, end), stretch.begin, stretch.end)
    # Whisper counts in 20 ms; what the sums of floats add beyond a millisecond means nothing.
    return Word(
        word.text.strip(),
        round(float(start) + stretch.shift, 3),
        round(float(end) + stretch.shift, 3),
        word.probability,
        joined=joined,
    )


def inside(segment: Segment, duration: Seconds, calibration: Calibration) -> Segment:
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


def region(channel: int, start: Seconds, end: Seconds, duration: Seconds) -> SpeechRegion:
    """A stretch of speech, cut at the end of the recording."""
    return SpeechRegion(channel, _at_most(start, duration), _at_most(end, duration))
