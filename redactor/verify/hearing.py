"""What is left to hear, held against what the first pass left, and searched from scratch.

A muted stretch is a gap in the text. Shown to a detector as nothing, it lets "my name is ... and I" become a
name "and I"; so in each gap stands an ellipsis, which no detector takes for a word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from rapidfuzz.fuzz import ratio

from redactor.intervals import CoveredTime
from redactor.types import Origin, PiiSpan, Seconds, Segment, TimeSpan, Transcript, Word
from redactor.verify.claim import words_under

# A word of which less is audible was muted: word times are no surer than that.
_AUDIBLE_SHARE = 0.5
_GAP = "..."

# Two hearings' words are the same if they are alike to this (rapidfuzz, 0 to 100) and so near in time.
_ALIKE = 75.0
_NEAR_S = 1.0
# With fewer words on both sides together agreement tells nothing. Half of the right ones agree by 0.8 or more,
# half of another recording's not at all (benchmarks/verify.py, test half); the bound is from the dev half.
_ENOUGH_WORDS = 10
_LEAST_AGREEMENT = 0.2
# A stretch of so many words of which fewer than this agree is unknown speech, whoever is right.
_STRETCH_WORDS = 24
_LEAST_IN_STRETCH = 0.15
# One of the two heard half of something else if more than this share is in such stretches.
_MOST_APART = 0.25
# So many words that are left can be told from others, and are heard again where anybody listens.
_MANY_WORDS = 4

_NOT_SPOKEN = re.compile(r"[^\w']+")


def muted_time(spans: Iterable[TimeSpan], channel: int) -> CoveredTime:
    """What is muted on a channel."""
    return CoveredTime((span.start, span.end) for span in spans if channel in span.channels)


def audible(transcript: Transcript, spans: Sequence[TimeSpan]) -> Transcript:
    """The words that are left, with an ellipsis in each gap that a muted stretch makes between them."""
    covered = {channel: muted_time(spans, channel) for channel in transcript.channels}
    segments = [_with_gaps(segment, covered[segment.channel]) for segment in transcript.segments]
    return Transcript.build(transcript.duration, [segment for segment in segments if segment.words])


def _with_gaps(segment: Segment, muted: CoveredTime) -> Segment:
    words: list[Word] = []
    gap: Word | None = None
    for word in segment.words:
        if muted.share(word.start, word.end) > 1 - _AUDIBLE_SHARE:
            start = word.start if gap is None else gap.start
            gap = Word(_GAP, start, max(word.end, start), 1.0)
            continue
        if gap is not None:
            words.append(gap)
        words.append(replace(word, joined=word.joined and gap is None))
        gap = None
    if gap is not None and words:
        words.append(gap)
    return replace(segment, words=tuple(words))


def search(
    detect: Callable[[Transcript], Sequence[PiiSpan]], left: Transcript
) -> tuple[PiiSpan, ...]:
    """Personal data in what is left; findings on nothing but gaps are what is muted already."""
    if not any(segment.words for segment in left.segments):
        return ()
    found = detect(left)
    under = words_under(left, found)
    return tuple(
        pii for pii, words in zip(found, under, strict=True) if any(word.text != _GAP for word in words)
    )


@dataclass(frozen=True)
class Agreement:
    """How two hearings of one recording compare.

    Attributes
    ----------
    words, agreed : int
        Of both hearings together, and those that the other one has as well.
    first_words, second_words : int
    words_apart : int
        Of both together, those in stretches in which they have next to nothing in common.
    apart : tuple of TimeSpan
        These stretches; all that the first one has where nothing agrees, unless it is a few words that muting
        has left.
    """

    words: int
    agreed: int
    first_words: int
    second_words: int
    words_apart: int
    apart: tuple[TimeSpan, ...]

    @property
    def share(self) -> float | None:
        return self.agreed / self.words if self.words else None

    @property
    def nothing_heard(self) -> bool:
        """The second one has no word where the first has many."""
        return self.second_words == 0 and self.first_words >= _MANY_WORDS

    @property
    def fits(self) -> bool:
        """Whether they can be of the same recording."""
        if self.words < _ENOUGH_WORDS:
            return True
        few_apart = self.words_apart <= _MOST_APART * self.words
        return few_apart and self.agreed >= _LEAST_AGREEMENT * self.words


def compare(first: Transcript, second: Transcript) -> Agreement:
    """Compare two hearings by what is left of them, see :func:`audible`."""
    everything: list[_Mark] = []
    first_words = second_words = words_apart = 0
    apart: list[TimeSpan] = []
    for channel in sorted({*first.channels, *second.channels}):
        ours, theirs = _spoken(first, channel), _spoken(second, channel)
        marks = sorted(_marks(ours, theirs) + _marks(theirs, ours))
        stretches = CoveredTime(_apart(marks))
        everything += marks
        first_words += len(ours)
        second_words += len(theirs)
        words_apart += sum(stretches.touches(start, end) for start, end, _ in marks)
        apart += [TimeSpan(*times, (channel,), (), Origin.VERIFIED) for times in stretches.intervals]
    agreed = sum(agrees for *_, agrees in everything)
    if not agreed and (first_words >= _MANY_WORDS or not _has_gaps(first)):
        # Nothing that both have: nobody knows what was said. Not so of a few words beside what is muted: the
        # first one heard them within a sentence, the second one alone in silence.
        apart = [span for channel in first.channels if (span := _extent(first, channel))]
    return Agreement(len(everything), agreed, first_words, second_words, words_apart, tuple(apart))


def _extent(transcript: Transcript, channel: int) -> TimeSpan | None:
    """From the first to the last word that is left."""
    words = _spoken(transcript, channel)
    if not words:
        return None
    end = max(end for *_, end in words)
    return TimeSpan(words[0][1], end, (channel,), (), Origin.VERIFIED)


def _has_gaps(transcript: Transcript) -> bool:
    """Whether any of it is muted."""
    return any(word.text == _GAP for segment in transcript.segments for word in segment.words)


_Mark = tuple[Seconds, Seconds, bool]
_Spoken = tuple[str, Seconds, Seconds]


def _spoken(transcript: Transcript, channel: int) -> list[_Spoken]:
    """Words as they sound, in order of time."""
    words = (
        (_NOT_SPOKEN.sub("", word.text).casefold(), word.start, word.end) for word in transcript.words(channel)
    )
    return sorted((word for word in words if word[0]), key=lambda word: word[1:])


def _marks(words: Sequence[_Spoken], others: Sequence[_Spoken]) -> list[_Mark]:
    """For each word whether another hearing has it as well."""
    marks: list[_Mark] = []
    first = 0
    for text, start, end in words:
        while first < len(others) and others[first][2] < start - _NEAR_S:
            first += 1
        agrees = False
        for other, other_start, other_end in others[first:]:
            if other_start > end + _NEAR_S:
                break
            agrees = agrees or (other_end > start - _NEAR_S and ratio(text, other) >= _ALIKE)
        marks.append((start, end, agrees))
    return marks


def _apart(marks: Sequence[_Mark]) -> list[tuple[Seconds, Seconds]]:
    """Stretches of many words of which next to none are in both hearings."""
    agreed = [mark[2] for mark in marks]
    found = []
    running = sum(agreed[: _STRETCH_WORDS - 1])
    for last in range(_STRETCH_WORDS - 1, len(marks)):
        running += agreed[last]
        stretch = marks[last - _STRETCH_WORDS + 1 : last + 1]
        if running < _LEAST_IN_STRETCH * _STRETCH_WORDS:
            found.append((stretch[0][0], max(end for _, end, _ in stretch)))
        running -= stretch[0][2]
    return found
