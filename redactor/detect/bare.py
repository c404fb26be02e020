"""Whether a turn is nothing but a value: letters, digits, names, a street, a date."""

from __future__ import annotations

from collections import Counter
from enum import Enum, auto

from redactor.detect.recognizers.lexicon import (
    FUNCTION_WORDS,
    Standing,
    is_given,
    place_length,
    standing,
)
from redactor.detect.recognizers.spoken import FILLERS, MEASURES, MONTHS, ORDINALS, Kind, Token
from redactor.detect.turns import Speech

CERTAIN = 0.6
POSSIBLE = 0.4

_MOST_TOKENS = 30
_MOST_WORDS = 7
# Digits from which on a number alone is somebody's; below it may be a time or a volume.
_LONG = 4
_STREETS = frozenset(
    "avenue ave boulevard blvd crescent lane ln street road rd parade terrace drive court".split()
)
# In front of a street's type these make no street.
_NO_STREETS = frozenset(
    "bus fast food high main middle one open other quick right shopping slow tennis the this two wrong cross "
    "back test hard usb disk flash".split()
)
_MAIL = frozenset("at dot com org net gmail yahoo hotmail outlook underscore dash hyphen".split())
# What recognizers write for letters, among letters.
_SOUNDS = frozenset(
    "see sea are you why tea bee be jay kay okay oh queue ex zed zee eye em en an and el ess ef eff gee aitch "
    "vee we ay hey eh ee he em as in".split()
)
# A name and no person's: assistants, and what people say to them.
_NOBODY = frozenset(
    "alexa bixby cortana echo google hal jarvis olly ollie siri hey netflix spotify bbc uno yes yeah wow amen "
    "hallelujah bravo hotel golf tango mike whiskey romeo yankee uniform lima oscar victor delta "
    "charlie".split()
)


# Words behind a number that may be what a street or a name was heard as.
_MOST_BEHIND = 5
_HARMLESS_BEHIND = MEASURES | frozenset("and calories divided minus o'clock plus steps times was".split())
_MOST_SHRED = 5
_ACRONYMS = FUNCTION_WORDS | frozenset(
    "ac am bbc cd cnn dj dvd fm gps led nba nfl pc pm tv uk usa usb ok".split()
)


class _Part(Enum):
    NOTHING = auto()  # "um"
    DIGIT = auto()
    LETTER = auto()
    DATE = auto()
    NAME = auto()
    PLACE = auto()
    STREET = auto()
    MAIL = auto()
    UNSURE = auto()  # may be a name: "rose"
    OTHER = auto()


def bare_value(speech: Speech, first: int, last: int) -> float:
    """How sure it is that tokens `first` to `last` are nothing but a value; 0 if they are not."""
    if last - first > _MOST_TOKENS:
        return 0.0
    tokens = speech.tokens[first:last]
    # Without lower case a capital says nothing.
    said = speech.text[tokens[0].start : tokens[-1].end]
    shouted = not any(c.islower() for c in said) and "-" not in said
    text = speech.text.lower() if shouted else speech.text
    parts = _parts(speech, text, first, last)
    if _Part.OTHER in parts:
        return CERTAIN if _opens_with_number(tokens) else 0.0
    score = _score(tokens, Counter(parts))
    # All that is said in a recording: nobody speaks there but to answer.
    alone = last - first == 1 and tokens[0].kind in (Kind.UNIT, Kind.TEEN, Kind.TENS)  # "ten": a volume
    return CERTAIN if score and last - first == len(speech.tokens) and not alone else score


def _parts(speech: Speech, text: str, first: int, last: int) -> list[_Part]:
    parts: list[_Part] = []
    tokens = speech.tokens
    letters = sum(_is_letter(t) for t in tokens[first:last])
    index = first
    while index < last:
        length = place_length(tokens[:last], index)
        if length and _is_named(tokens[index : index + length], text):
            parts += [_Part.PLACE] * length
            index += length
            continue
        part = _part(tokens[index], text, letters)
        if part is _Part.OTHER:
            part = _in_street(tokens, index, last)
        parts.append(part)
        if part is _Part.OTHER:
            break  # nothing else matters
        index += 1
    return parts


def _opens_with_number(tokens: tuple[Token, ...]) -> bool:
    """A long number and a few words behind it: "2687 June the port", "0434, fit him up"."""
    length = next(
        (i for i, t in enumerate(tokens) if not t.is_numeric and t.kind is not Kind.REPEAT), len(tokens)
    )
    digits = sum(len(t.digits) for t in tokens[:length])
    behind = [t.text for t in tokens[length:]]
    return digits >= _LONG and len(behind) <= _MOST_BEHIND and not _HARMLESS_BEHIND.intersection(behind)


def _is_letter(token: Token) -> bool:
    return token.kind is Kind.LETTER


def _is_named(tokens: tuple[Token, ...], text: str) -> bool:
    """A place that is not only an everyday word ("reading", "orange")."""
    if len(tokens) > 1:
        return not all(t.text in FUNCTION_WORDS for t in tokens)
    return standing(tokens[0], text) is Standing.NAME


def _part(token: Token, text: str, letters: int) -> _Part:
    if token.text in FILLERS:
        return _Part.NOTHING
    if token.is_numeric:
        return _Part.DIGIT
    if token.kind is Kind.LETTER and (len(token.text) == 1 or letters > 2):
        return _Part.LETTER
    if token.text in MONTHS or token.text in ORDINALS:
        return _Part.DATE
    if token.kind is Kind.REPEAT:
        return _Part.NOTHING
    if _is_shred(token, text):
        return _Part.LETTER
    if len(token.text) < 4 and text[token.start : token.end].isupper() and token.text not in _ACRONYMS:
        return _Part.UNSURE
    if letters > 1 and token.text in _SOUNDS:
        return _Part.NOTHING
    if token.text in _MAIL:
        return _Part.MAIL
    if token.text in _NOBODY or token.kind is Kind.AMOUNT:
        return _Part.OTHER
    grade = standing(token, text)
    if grade is Standing.NAME:
        return _Part.NAME
    if grade is Standing.CAPITALISED or (grade is Standing.AMBIGUOUS and is_given(token.text)):
        return _Part.UNSURE
    return _Part.UNSURE if grade is Standing.AMBIGUOUS else _Part.OTHER


def _is_shred(token: Token, written: str) -> bool:
    """A few letters of a spelling: "WH", "IT" of "WH-IT-N-E-Y"."""
    if len(token.text) > _MOST_SHRED or not token.text.isalpha():
        return False
    hyphens = written[max(token.start - 1, 0) : token.start] == "-", written[token.end : token.end + 1] == "-"
    return any(hyphens) and written[token.start : token.end].isupper()


def _in_street(tokens: tuple[Token, ...], index: int, last: int) -> _Part:
    """ "Meadow" and "lane" of "meadow lane"."""
    token = tokens[index]
    if token.text in _STREETS and index and tokens[index - 1].text not in _NO_STREETS | FUNCTION_WORDS:
        return _Part.STREET
    if token.text in FUNCTION_WORDS | _NO_STREETS or token.kind is not Kind.WORD:
        return _Part.OTHER
    follows = index + 1 < last and tokens[index + 1].text in _STREETS
    return _Part.STREET if follows else _Part.OTHER


def _score(tokens: tuple[Token, ...], counts: Counter[_Part]) -> float:
    words = sum(counts[p] for p in (_Part.NAME, _Part.PLACE, _Part.STREET, _Part.UNSURE))
    if words > _MOST_WORDS:
        return 0.0
    digits = sum(len(t.digits) for t in tokens if t.is_numeric)
    codes = digits + counts[_Part.LETTER]
    if counts[_Part.NAME] or counts[_Part.PLACE] or counts[_Part.STREET] > 1:
        return CERTAIN
    if digits >= _LONG or counts[_Part.LETTER] > 2 or (counts[_Part.LETTER] and codes > 2):
        return CERTAIN
    if counts[_Part.DATE] and digits > 1:
        return CERTAIN
    if counts[_Part.UNSURE] > 1 and not counts[_Part.MAIL]:
        return CERTAIN
    if digits == 3 and not counts[_Part.UNSURE]:
        return CERTAIN if len(tokens) != 2 else POSSIBLE
    return POSSIBLE if words or digits > 1 or counts[_Part.LETTER] > 1 or counts[_Part.DATE] > 1 else 0.0
