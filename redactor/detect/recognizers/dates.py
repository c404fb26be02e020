"""Dates of birth: announced ones of any shape, and full dates whose year makes them one (DATE_OF_BIRTH).

A meeting has a day and a month, an invoice a month and a year of now. A day, a month and a year between 1900
and about 2012 in one breath are hardly anything but somebody's birth.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from redactor.detect.recognizers.numeral_words import COUNTED
from redactor.detect.recognizers.recognizer import SpokenRecognizer
from redactor.detect.recognizers.slots import Cues, ends_clause, text_at
from redactor.detect.recognizers.spoken import FILLERS, MONTHS, ORDINALS, Finding, Kind, Token

_SCORE = 0.6
_UNSURE = 0.4
_REACH = 10
# "Date of birth" as recognizers write it.
MISHEARD_BIRTH = "date of both|date of earth|date of berth|date of bird|date of burt|date of bath"
_CUES = Cues(
    {
        "born|birthday|birthdays|birthdate|birthdates|birth date|date of birth|dates of birth|"
        "birth day|birth year|year of birth|month of birth|day of birth|dob|d o b|birth's|"
        "birthday's|dob's|birth": None,
        MISHEARD_BIRTH: None,
    }
)
# A birthday of these is no date of birth yet.
_NOT_BIRTH = frozenset(
    "cake card cards certificate control gift gifts present presents song songs weight".split()
)
_BIRTH_YEARS = range(1900, 2013)
# Two digits of a year that can be no day.
_PAST_DAYS = range(32, 100)
_MOST_BETWEEN = 2
_MOST_LINKS = 4
_MOST_BEFORE = 6
_MEASURED = COUNTED - {"of"}
_SLASHED = re.compile(r"(?<![\d/])(\d{1,4})\s?([/.-])\s?(\d{1,2})\s?\2\s?(\d{2,4})(?![\d/])")
_LINKS = FILLERS | frozenset("of on the in and dash slash year day month stroke".split())
# In place of a digit or a letter of a date.
_LOOSE = frozenset("for to oh of t p d it's then".split())
_MONTHS_IN_ORDER = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()
)
_ORDINAL_SUFFIXES = frozenset("st nd rd th".split())


@dataclass(frozen=True)
class _Date:
    """A date with a named month: tokens `first` to `last`, half-open."""

    first: int
    last: int
    has_day: bool
    year: str  # as said: "1964", "64", or "2582" where day and year ran together

    @property
    def score(self) -> float:
        """How surely it is somebody's birth with nothing around it."""
        if len(self.year) == 4 and int(self.year) in _BIRTH_YEARS:
            return _SCORE if self.has_day else 0.0
        if len(self.year) == 2 and self.has_day:
            return _SCORE if int(self.year) in _PAST_DAYS else _UNSURE
        now = len(self.year) == 4 and 2013 <= int(self.year) <= 2039
        return _SCORE if len(self.year) >= 3 and not now else 0.0


class BirthDateRecognizer(SpokenRecognizer):
    """Finds dates of birth, said or written, and leaves the dates of meetings and bills."""

    ENTITIES = ("DATE_OF_BIRTH",)

    def find(self, tokens: Sequence[Token], text: str) -> Iterator[Finding]:
        dates = [d for i, t in enumerate(tokens) if t.text in MONTHS and (d := _named(tokens, i))]
        for date in (*dates, *_in_ordinals(tokens)):
            if date.score:
                yield _finding(tokens, date.first, date.last, date.score)
        for match in _SLASHED.finditer(text):
            if _is_birth(match):
                yield Finding("DATE_OF_BIRTH", match.start(), match.end(), _SCORE)
        for first, last in _said(tokens):
            yield _finding(tokens, first, last, _SCORE)
        for first, end, _ in _CUES(tokens):
            if text_at(tokens, end) in _NOT_BIRTH or text_at(tokens, first - 1) == "happy":
                continue
            if span := _behind(tokens, end) or _before(tokens, dates, first):
                yield _finding(tokens, *span, _SCORE)


def _finding(tokens: Sequence[Token], first: int, last: int, score: float) -> Finding:
    return Finding("DATE_OF_BIRTH", tokens[first].start, tokens[last - 1].end, score)


def _named(tokens: Sequence[Token], month: int) -> _Date | None:
    """The date around the name of a month; None where neither a day nor a year is beside it."""
    first, has_day = _day_before(tokens, month)
    last = month + 1
    if not has_day:
        last, has_day = _day_after(tokens, month + 1)
    year, last = _year_at(tokens, last)
    if not has_day and not year:
        return None
    if not has_day and len(year) == 4 and not 1800 <= int(year) <= 2039:
        has_day = True  # "June 2582": the day and the year in one
    return _Date(first, last, has_day, year)


def _in_ordinals(tokens: Sequence[Token]) -> Iterator[_Date]:
    """ "The 31st of the 10th, 58"; without a year it is a meeting."""
    for of, token in enumerate(tokens):
        days = _day_length(tokens, of) if token.text == "of" else 0
        if not days or not _is_ordinal(tokens, of - 1):
            continue
        month = of + 1 + (text_at(tokens, of + 1) == "the")
        end = month + 1 + (text_at(tokens, month + 1) in _ORDINAL_SUFFIXES)
        if end <= len(tokens) and _is_ordinal(tokens, end - 1) and _ordered(tokens[month]) <= 12:
            year, last = _year_at(tokens, end)
            if year:
                yield _Date(of - days, last, True, year)


def _is_ordinal(tokens: Sequence[Token], index: int) -> bool:
    token = tokens[index]
    return token.text in ORDINALS or (token.text in _ORDINAL_SUFFIXES and not token.gap)


def _ordered(token: Token) -> int:
    """What an ordinal up to "twelfth", or the number in front of a "th", counts; large for others."""
    if token.text in _MONTHS_IN_ORDER:
        return _MONTHS_IN_ORDER.index(token.text) + 1
    return int(token.digits) if token.kind is Kind.NUMBER and len(token.digits) <= 2 else 99


def _day_before(tokens: Sequence[Token], month: int) -> tuple[int, bool]:
    """ "The 14th of", "seventeenth", "twenty second of", "the 20 of the"."""
    index = month
    while index > 0 and text_at(tokens, index - 1) in ("of", "the", "day", *FILLERS):
        index -= 1
    if index > 0 and (days := _day_length(tokens, index)):
        index -= days
        return (index - 1 if text_at(tokens, index - 1) == "the" else index), True
    return month, False


def _day_length(tokens: Sequence[Token], end: int) -> int:
    """How many tokens before `end` are a day of the month."""
    if end < 1 or any(t.opens_sentence for t in tokens[max(end - 1, 0) : end + 1][1:]):
        return 0
    last = tokens[end - 1]
    before = tokens[end - 2] if end > 1 else None
    if last.text in _ORDINAL_SUFFIXES and not last.gap and before and before.kind is Kind.NUMBER:
        return 2
    if last.text in ORDINALS or last.kind is Kind.UNIT:
        tens = before is not None and before.kind is Kind.TENS and before.digits in ("20", "30")
        return 2 if tens and last.gap.strip() in ("", "-") else 1
    day = last.is_numeric and last.kind in (Kind.NUMBER, Kind.TEEN, Kind.TENS) and len(last.digits) <= 2
    return 1 if day and 1 <= int(last.digits) <= 31 else 0


def _day_after(tokens: Sequence[Token], index: int) -> tuple[int, bool]:
    """ "March 3rd", "march the third", "june twenty five"."""
    start = index
    while text_at(tokens, index) in ("the", *FILLERS):
        index += 1
    if index >= len(tokens) or tokens[index].opens_sentence:
        return start, False
    token = tokens[index]
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    if token.kind is Kind.NUMBER and len(token.digits) <= 2 and int(token.digits) <= 31:
        suffixed = following is not None and not following.gap and following.text in _ORDINAL_SUFFIXES
        return index + 1 + suffixed, not _counts(tokens, index + 1) or suffixed
    if token.kind is Kind.TENS and token.digits in ("20", "30") and following is not None:
        if following.text in ORDINALS:
            return index + 2, True
        if following.kind is Kind.UNIT and following.gap.strip() in ("", "-"):
            return index + 2, True
    said = token.is_numeric and token.kind is not Kind.NUMBER and int(token.digits) <= 31
    if token.text in ORDINALS or said:
        return index + 1, True
    return start, False


def _year_at(tokens: Sequence[Token], index: int) -> tuple[str, int]:
    """The digits of a year behind a month and a day, and the token after them."""
    digits, last = "", index
    position = index
    while position < len(tokens) and len(digits) < 4 and position - last <= _MOST_BETWEEN:
        token = tokens[position]
        if "?" in token.gap or "!" in token.gap or (token.opens_sentence and not token.is_numeric):
            break
        if token.is_numeric:
            pair = token.kind is Kind.TENS and position + 1 < len(tokens)
            if pair and tokens[position + 1].kind is Kind.UNIT and tokens[position + 1].digits != "0":
                digits += token.digits[0]
            else:
                digits += token.digits
            last = position + 1
        elif token.text == "thousand" and digits == "2":
            digits, last = _after_thousand(tokens, position + 1)
            break
        elif token.text not in _LINKS:
            break
        position += 1
    if not digits or _counts(tokens, last) or len(digits) == 1:
        return "", index
    return digits[:4], last


def _after_thousand(tokens: Sequence[Token], index: int) -> tuple[str, int]:
    """ "Two thousand and six", "2 thousand"."""
    after = index + (text_at(tokens, index) == "and")
    if after < len(tokens) and tokens[after].is_numeric and len(tokens[after].digits) <= 2:
        return str(2000 + int(tokens[after].digits)), after + 1
    return "2000", index


def _counts(tokens: Sequence[Token], index: int) -> bool:
    """A measure stands at `index`: "March 3 pm", "May 5 people"."""
    return text_at(tokens, index) in _MEASURED and not tokens[index].gap.strip(" -")


def _is_birth(match: re.Match[str]) -> bool:
    """ "03/04/1964", "1964-04-03", "14.7.79"."""
    first, _, middle, last = match.groups()
    if len(first) == 4:
        return int(first) in _BIRTH_YEARS and len(last) == 2
    fits = 1 <= int(first) <= 31 and 1 <= int(middle) <= 31
    year = int(last)
    return len(first) <= 2 and fits and (year in _BIRTH_YEARS or (len(last) == 2 and year in _PAST_DAYS))


def _said(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """ "Three four nineteen sixty four", "2 15 62", "06 25 1982": numbers alone."""
    for index, token in enumerate(tokens):
        starts = index == 0 or not tokens[index - 1].is_numeric
        if not token.is_numeric or not starts:
            continue
        stop = index
        while stop < len(tokens) and tokens[stop].is_numeric and stop - index < 8:
            if stop > index and (tokens[stop].gap.strip() not in ("", ",", "-", "/", ".")):
                break
            stop += 1
        pieces = _pieces(tokens[index:stop])
        following = tokens[stop] if stop < len(tokens) else None
        goes_on = following is not None and (following.is_numeric or _counts(tokens, stop))
        if not goes_on and _reads_as_birth(pieces):
            yield index, stop


def _pieces(tokens: Sequence[Token]) -> list[str]:
    """Digits of numbers as said: "forty" and "five" are one."""
    pieces: list[str] = []
    previous: Token | None = None
    for token in tokens:
        tens = previous is not None and previous.kind is Kind.TENS and token.kind is Kind.UNIT
        if tens and token.digits != "0":
            pieces[-1] = pieces[-1][0] + token.digits
        else:
            pieces.append(token.digits)
        previous = token
    return pieces


def _reads_as_birth(pieces: list[str]) -> bool:
    if not 3 <= len(pieces) <= 4 or any(len(p) > 4 for p in pieces):
        return False
    first, second, year = int(pieces[0]), int(pieces[1]), "".join(pieces[2:])
    dated = 1 <= min(first, second) <= 12 and 1 <= max(first, second) <= 31
    if not dated or any(len(p) > 2 for p in pieces[:2]):
        return False
    if len(year) == 4:
        return int(year) in _BIRTH_YEARS
    return len(pieces) == 3 and len(year) == 2 and int(year) in _PAST_DAYS


def _behind(tokens: Sequence[Token], end: int) -> tuple[int, int] | None:
    """Everything like a date behind "born", "birthday", up to the end of its breath."""
    start = end
    crossed = 0
    while start < len(tokens) and start - end < _REACH and not _is_piece(tokens, start):
        crossed += tokens[start].opens_sentence
        start += 1
    if start >= len(tokens) or start - end >= _REACH or crossed + tokens[start].opens_sentence > 1:
        return None
    last, position = start + 1, start
    while position < len(tokens) and position - last <= _MOST_LINKS:
        token = tokens[position]
        if position > start and "?" in token.gap:
            break
        if position > start and token.opens_sentence and not token.is_numeric:
            break
        if _is_piece(tokens, position):
            last = position + 1
        elif token.text not in _LINKS and token.text not in _LOOSE and token.text not in _ORDINAL_SUFFIXES:
            break
        position += 1
    found = tokens[start:last]
    if last < len(tokens) and tokens[last].text in _ORDINAL_SUFFIXES and not tokens[last].gap:
        last += 1
    digits = sum(len(t.digits) + 3 * (t.text == "thousand") for t in found)
    named = any(t.text in MONTHS for t in found)
    ordered = any(t.text in ORDINALS for t in found) or text_at(tokens, last - 1) in _ORDINAL_SUFFIXES
    day_alone = ordered and text_at(tokens, start - 1) == "the" and ends_clause(tokens, last)
    shortened = any(t.gap[-1:] in ("'", "\u2019") and len(t.digits) == 2 for t in found)  # "'84"
    telling = digits >= 3 or shortened or (named and (digits or ordered)) or day_alone
    return (start, last) if telling and not _counts(tokens, last) else None


def _is_piece(tokens: Sequence[Token], index: int) -> bool:
    token = tokens[index]
    if token.text in MONTHS:
        return token.text not in ("may", "march") or _beside_day(tokens, index)
    if token.text == "thousand":
        return text_at(tokens, index - 1) in ("two", "2")
    return token.is_numeric or token.kind is Kind.REPEAT or token.text in ORDINALS or _decimal(token)


def _decimal(token: Token) -> bool:
    """ "06.25" of "06.25 1982"."""
    return token.kind is Kind.AMOUNT and token.text.replace(".", "").isdigit()


def _beside_day(tokens: Sequence[Token], index: int) -> bool:
    near = tokens[max(index - 2, 0) : index + 3]
    return any(t.is_numeric or t.text in ORDINALS for t in near)


def _before(tokens: Sequence[Token], dates: Sequence[_Date], cue: int) -> tuple[int, int] | None:
    """ "March 3rd 1964 is my date of birth"."""
    index = bisect_right(dates, cue, key=lambda date: date.last)
    if index == 0:
        return None
    date = dates[index - 1]
    between = tokens[date.last : cue + 1]
    near = len(between) <= _MOST_BEFORE and not any(t.opens_sentence for t in between)
    return (date.first, date.last) if near else None
