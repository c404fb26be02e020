"""Which words of an answer are the value that was asked for.

Every word is graded by how much it can be part of a value of the expected kind; values are stretches that begin
and end with such words. "Sure, it is", "let me see, one moment" and "that is right" are none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from redactor.detect import grades
from redactor.detect.cues import STALLS, Asked
from redactor.detect.grades import Grade
from redactor.detect.recognizers.spoken import FILLERS, MONTHS, ORDINALS, Kind
from redactor.detect.turns import Speech

FITS = 0.6
DOUBTFUL = 0.4

_TURN_PAUSE_S = 1.5


@dataclass(frozen=True)
class Value:
    """Tokens `first` to `last`, half-open, and how well they fit what was asked for."""

    first: int
    last: int
    score: float


@dataclass(frozen=True)
class _Shape:
    """How values of a kind are put together.

    Attributes
    ----------
    grade : callable
        Of a speech and the index of a token.
    bridge : int
        Words inside a value that do not look like it.
    over_sentence : int
        The same where a sentence ends between them.
    apart : int
        Words between two values of one answer.
    begins : int
        Words of an answer before the first value.
    least : callable
        Whether a stretch with so many sure words is enough for a value.
    """

    grade: Callable[[Speech, int], Grade]
    bridge: int
    over_sentence: int
    apart: int
    begins: int
    least: Callable[[Speech, int, int, int], bool]


def values(speech: Speech, first: int, last: int, asked: Asked, *, tail: int = 0) -> Iterator[Value]:
    """Values of the expected kind among tokens `first` to `last`, half-open, in order.

    Parameters
    ----------
    tail : int
        Up to this token the words may still be the question's own: only what is a value beyond doubt counts.
    """
    shape = _SHAPES[asked]
    graded = _grades(speech, first, last, shape, tail)
    reached = None
    for start, stop in _stretches(speech, first, graded, shape):
        spoken = sum(1 for t in speech.tokens[max(first, tail) : start] if t.text not in FILLERS)
        if (spoken > shape.begins) if reached is None else (start - reached > shape.apart):
            return
        sure = sum(graded[i - first] is Grade.SURE for i in range(start, stop))
        if shape.least(speech, start, stop, sure):
            yield Value(start, stop, FITS if sure else DOUBTFUL)
            reached = stop


def _grades(speech: Speech, first: int, last: int, shape: _Shape, tail: int) -> list[Grade]:
    stalled = _stalled(speech, first, last)
    graded = []
    for index in range(first, last):
        grade = shape.grade(speech, index)
        token = speech.tokens[index]
        if grade is not Grade.NO and token.kind is Kind.WORD and token.text not in MONTHS | ORDINALS:
            goes_on = bool(graded and graded[-1])
            told = index >= tail or goes_on or (grade is Grade.SURE and _begins(speech, index, first))
            if index in stalled or not told:
                grade = Grade.NO
        graded.append(grade)
    return graded


def _begins(speech: Speech, index: int, first: int) -> bool:
    """A value can begin here within the sentence of the question."""
    return index == first or grades.in_slot(speech, index) or speech.tokens[index - 1].text in FILLERS


def _stalled(speech: Speech, first: int, last: int) -> set[int]:
    """Tokens of clauses that say that there is no answer, or none yet."""
    stalled: set[int] = set()
    tokens = speech.tokens[first:last]
    for begin, end, _ in STALLS(tokens):
        at = begin
        while at < len(tokens) and at - begin < 10:
            if at >= end and (speech.opens_clause(first + at) or tokens[at].text in ("it's", "is", "okay")):
                break
            stalled.add(first + at)
            at += 1
    return stalled


def _stretches(speech: Speech, first: int, graded: Sequence[Grade], shape: _Shape) -> Iterator[tuple[int, int]]:
    """Stretches from word to word that may be of a value, over at most `shape.bridge` others."""
    start = stop = None
    for offset, grade in enumerate(graded):
        if grade is Grade.NO:
            continue
        if start is None:
            start = stop = offset
        elif offset - stop > _bridge(speech, first + stop, first + offset, shape):
            yield first + start, first + stop
            start = offset
        stop = offset + 1
    if start is not None:
        yield first + start, first + stop


def _bridge(speech: Speech, stop: int, index: int, shape: _Shape) -> int:
    """Words that may stand between two parts of one value; fewer over a sentence's end, none over a turn."""
    if speech.pause_before(index) > _TURN_PAUSE_S and not shape.over_sentence:
        return -1
    if any(speech.tokens[i].opens_sentence for i in range(stop, index + 1)):
        return shape.over_sentence
    return shape.bridge


def _at_least(size: int) -> Callable[[Speech, int, int, int], bool]:
    """So many digits and letters."""

    def enough(speech: Speech, first: int, last: int, sure: int) -> bool:
        return _size(speech, first, last) >= size

    return enough


def _size(speech: Speech, first: int, last: int) -> int:
    """Digits and letters of a stretch."""
    size = 0
    for index in range(first, last):
        token = speech.tokens[index]
        if token.kind is Kind.AMOUNT:
            size += sum(c.isdigit() for c in token.text)
        elif token.is_numeric:
            size += len(token.digits)
        elif token.kind in (Kind.LETTER, Kind.REPEAT):
            size += 1
        elif grades.is_code_word(speech, index):
            size += len(token.text)
    return size


def _is_date(speech: Speech, first: int, last: int, sure: int) -> bool:
    parts = sum(t.is_numeric or t.text in MONTHS or t.text in ORDINALS for t in speech.tokens[first:last])
    return sure > 0 and (parts >= 2 or _size(speech, first, last) >= 4)


def _is_name(speech: Speech, first: int, last: int, sure: int) -> bool:
    return last - first > 2 or any(len(t.text) > 1 for t in speech.tokens[first:last])


def _is_address(speech: Speech, first: int, last: int, sure: int) -> bool:
    """A number and a name of something, or two names; a house number alone is all that is said."""
    value = speech.tokens[first:last]
    if all(t.kind is not Kind.WORD for t in value):
        told = first > 0 and speech.tokens[first - 1].text == "number"  # "it's number nine"
        alone = told or speech.opens_clause(first) or speech.tokens[first - 1].text in grades.LEADS
        ends = last == len(speech.tokens) or speech.opens_clause(last)
        return alone and ends and _size(speech, first, last) >= (1 if told else 2)
    streets = any(t.text in grades.STREETS or t.text in grades.UNITS for t in value)
    return sure >= 2 or (sure == 1 and (streets or not any(t.is_numeric for t in value)))


def _is_mail(speech: Speech, first: int, last: int, sure: int) -> bool:
    return last - first > 1 or any(len(t.text) > 5 for t in speech.tokens[first:last])


def _anything(speech: Speech, first: int, last: int, sure: int) -> bool:
    return last > first


_SHAPES = {
    Asked.NAME: _Shape(grades.of_name, 2, 0, apart=6, begins=14, least=_is_name),
    Asked.SPELLING: _Shape(grades.of_name, 3, 1, apart=6, begins=14, least=_is_name),
    Asked.NUMBER: _Shape(grades.of_number, 3, 1, apart=12, begins=30, least=_at_least(3)),
    Asked.CODE: _Shape(grades.of_number, 3, 1, apart=8, begins=30, least=_at_least(3)),
    Asked.EXPIRY: _Shape(grades.of_date, 2, 1, apart=4, begins=30, least=_is_date),
    Asked.BIRTH: _Shape(grades.of_date, 3, 1, apart=6, begins=20, least=_is_date),
    Asked.AGE: _Shape(grades.of_age, 1, 0, apart=0, begins=12, least=_anything),
    Asked.POSTCODE: _Shape(grades.of_number, 2, 1, apart=8, begins=20, least=_at_least(3)),
    Asked.PLATE: _Shape(grades.of_number, 3, 1, apart=8, begins=25, least=_at_least(3)),
    Asked.ADDRESS: _Shape(grades.of_address, 3, 0, apart=8, begins=20, least=_is_address),
    Asked.PLACE: _Shape(grades.of_place, 1, 0, apart=3, begins=10, least=_is_name),
    Asked.EMAIL: _Shape(grades.of_mail, 2, 0, apart=6, begins=20, least=_is_mail),
    Asked.USER: _Shape(grades.of_mail, 2, 0, apart=6, begins=12, least=_is_mail),
    Asked.SECRET: _Shape(grades.of_secret, 1, 0, apart=2, begins=14, least=_anything),
}
