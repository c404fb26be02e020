"""What was said under a finding, and where the same is said in another transcript. Nothing of it is written.

The same words in a row are the same value, numbers by their digits, however they are grouped or said. Parts of
it, and other spellings of its names, are found as :mod:`redactor.detect.repeats` finds what is said again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from redactor.detect.recognizers.lexicon import FUNCTION_WORDS, rank, stem
from redactor.detect.recognizers.numerals import runs
from redactor.detect.recognizers.spoken import FILLERS, NATO, Kind
from redactor.detect.repeats import repeats
from redactor.detect.turns import Speech
from redactor.intervals import union
from redactor.types import PiiSpan, Seconds, TimeSpan, Transcript, Word
from redactor.verify.claim import words_under

SAME = 1.0
# A word is under a finding if so much of it is.
_LEAST_SHARE = 0.5
# Words beside a value tell names from other words; so far from it.
_CONTEXT_S = 5.0
# No recording is that long: what was said in one is never taken for another hearing of the same moment.
_ELSEWHERE_S = 1e8
# Words in a row are telling with one that is rarer than this, with so many that carry something, or with so
# many digits; anything less would be in every other call.
_PLAIN = 1_500
_WORDS = 3
_DIGITS = 4
# For a finding without a type, or of one whose words are not searched for in a call: its names, and its digits.
_ANY_TYPE = "ANSWER"
_ONLY_WHOLE = frozenset({"AGE", "NRP", "ORGANIZATION"})
_RECOGNIZER = "ReviewRecognizer"


@dataclass(frozen=True)
class Place:
    """Where something is said; the score is :data:`SAME` for the whole value in its own words."""

    channel: int
    start: Seconds
    end: Seconds
    score: float


@dataclass(frozen=True, repr=False)
class Value:
    """What was said under a finding; without a `repr`, so that it cannot get into a message.

    Attributes
    ----------
    hearings : tuple of Transcript
        What each model heard around it.
    found : tuple of PiiSpan
        Its place in them.
    sequences : tuple of tuple of str
        Its words in a row, as each model heard them; only what is telling.
    """

    hearings: tuple[Transcript, ...]
    found: tuple[PiiSpan, ...]
    sequences: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class _Unit:
    """A word, or one digit of a number: tokens `first` to `last`, half-open."""

    text: str
    first: int
    last: int


def value_under(heard: Transcript, span: TimeSpan) -> Value | None:
    """What was heard under a finding; None if no model made words of it.

    Parameters
    ----------
    heard : Transcript
        Of the original, with what other models heard.
    span : TimeSpan
        Without channels it is on all of them.
    """
    hearings, found, sequences = [], [], []
    there = replace(span, start=span.start + _ELSEWHERE_S, end=span.end + _ELSEWHERE_S)
    for number, hearing in enumerate(heard.hearings):
        around = _around(hearing, span)
        hearings.append(around)
        for channel in around.channels:
            words = [word for word in around.words(channel) if _is_under(word, there)]
            if not words:
                continue
            start, end = words[0].char_start, words[-1].char_end
            found.append(PiiSpan(channel, _type_of(span), start, end, SAME, _RECOGNIZER, number))
            speech = Speech.of(around, channel)
            units = [u for u in _units(speech) if start < speech.tokens[u.last - 1].end <= end]
            sequences.append(_telling([unit.text for unit in units]))
    if not found:
        return None
    return Value(tuple(hearings), tuple(found), tuple(sorted({s for s in sequences if s})))


def places(value: Value, transcript: Transcript) -> list[Place]:
    """Where a value is said in a transcript, channel by channel in order of time.

    Parameters
    ----------
    value : Value
    transcript : Transcript
        Its own words; what other models heard is a transcript of its own.
    """
    transcript = replace(transcript, others=())
    exact = [place for channel in transcript.channels for place in _in_a_row(value, transcript, channel)]
    hearings = [*value.hearings, transcript]
    alike = [pii for pii in repeats(hearings, value.found) if pii.hearing == len(value.hearings)]
    again = [
        Place(pii.channel, min(w.start for w in words), max(w.end for w in words), pii.score)
        for pii, words in zip(alike, words_under(transcript, alike), strict=True)
    ]
    return _joined([*exact, *again])


def _type_of(span: TimeSpan) -> str:
    known = [entity_type for entity_type in span.entity_types if entity_type not in _ONLY_WHOLE]
    return known[0] if known else _ANY_TYPE


def _is_under(word: Word, span: TimeSpan) -> bool:
    length = max(word.end - word.start, 1e-3)
    shared = min(span.end, word.start + length) - max(span.start, word.start)
    # A finding inside one long word is that word.
    return shared >= _LEAST_SHARE * min(length, span.end - span.start)


def _around(hearing: Transcript, span: TimeSpan) -> Transcript:
    """The words near a finding, at a time of their own."""
    segments = []
    for segment in hearing.segments:
        near = tuple(
            replace(word, start=word.start + _ELSEWHERE_S, end=word.end + _ELSEWHERE_S)
            for word in segment.words
            if word.start < span.end + _CONTEXT_S and span.start - _CONTEXT_S < word.end
        )
        if near and (not span.channels or segment.channel in span.channels):
            segments.append(replace(segment, start=near[0].start, end=near[-1].end, words=near))
    return Transcript.build(hearing.duration + _ELSEWHERE_S, segments)


def _units(speech: Speech) -> Iterator[_Unit]:
    """Words without their endings, letters as letters, numbers digit by digit."""
    numbers = {
        part.first: part
        for run in runs(speech.tokens, speech.text)
        for part in run.parts
        if part.digits
    }
    at = 0
    while at < len(speech.tokens):
        token = speech.tokens[at]
        if number := numbers.get(at):
            yield from (_Unit(digit, number.first, number.last) for digit in number.digits)
            at = number.last
            continue
        if token.text not in FILLERS:
            text = NATO.get(token.text, token.text) if token.kind is Kind.LETTER else stem(token.text)
            yield _Unit(text, at, at + 1)
        at += 1


def _telling(texts: Sequence[str]) -> tuple[str, ...]:
    """A value without what carries nothing at its ends; empty if it says too little to be searched for."""
    first, last = 0, len(texts)
    while first < last and texts[first] in FUNCTION_WORDS:
        first += 1
    while first < last and texts[last - 1] in FUNCTION_WORDS:
        last -= 1
    core = tuple(texts[first:last])
    digits = [text for text in core if text.isdigit()]
    words = [text for text in core if not text.isdigit() and text not in FUNCTION_WORDS and len(text) > 1]
    is_telling = (
        len(digits) >= _DIGITS
        or len(words) + len(digits) >= _WORDS
        or any(rank(word) > _PLAIN for word in words)
    )
    return core if len(core) > 1 and is_telling else ()


def _in_a_row(value: Value, transcript: Transcript, channel: int) -> Iterator[Place]:
    speech = Speech.of(transcript, channel)
    units = list(_units(speech))
    texts = [unit.text for unit in units]
    for sequence in value.sequences:
        for at in range(len(texts) - len(sequence) + 1):
            if texts[at] == sequence[0] and tuple(texts[at : at + len(sequence)]) == sequence:
                first, last = units[at].first, units[at + len(sequence) - 1].last
                yield Place(channel, min(speech.starts[first:last]), max(speech.ends[first:last]), SAME)


def _joined(found: Iterable[Place]) -> list[Place]:
    """One for all that overlap on a channel, with the best score among them."""
    found = list(found)
    joined = []
    for channel in sorted({place.channel for place in found}):
        here = [place for place in found if place.channel == channel]
        for start, end in union((place.start, place.end) for place in here):
            score = max(place.score for place in here if start <= place.start < max(end, start + 1e-9))
            joined.append(Place(channel, start, end, score))
    return joined
