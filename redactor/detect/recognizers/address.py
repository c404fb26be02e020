"""Street addresses: house number, street, unit, post-office box, however the numbers are said.

A street is found by its type ("Meadow Lane", "Rue Cler", "Bahnhofstrasse"), or by a number and a name after a
cue ("I live at 42 Maple"). City, state and postal code behind it belong to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from redactor.detect.recognizers.lexicon import (
    FUNCTION_WORDS,
    Standing,
    is_family,
    is_given,
    place_length,
    rank,
    standing,
    stem,
)
from redactor.detect.recognizers.recognizer import SpokenRecognizer
from redactor.detect.recognizers.slots import Cues, ends_clause, text_at
from redactor.detect.recognizers.spoken import FILLERS, MEASURES, MONTHS, ORDINALS, Finding, Kind, Token

_SCORE = 0.6
_TYPES = frozenset(
    "alley ave avenue avenues blvd boulevard bypass chowk circle close court courts crescent ct cul-de-sac "
    "dr drive drives esplanade expressway freeway gardens gate green grove heights highway hill hwy lane "
    "lanes ln loop marg mews nagar parade parkway path pike pl place plaza quay rd rise road roundabout row "
    "square st strasse straße street streets terrace trail turnpike vale view walk way".split()
)
# Types that are everyday words: only beside a number, or with a capital on both words.
_WEAK_TYPES = frozenset(
    "circle close court courts ct dr drive drives gardens gate green grove heights hill loop marg mews "
    "parade path pike pl place plaza rise row square st trail vale view walk way".split()
)
_FOREIGN = frozenset(
    "avenida calle camino carrer chemin corso impasse paseo piazza plaza rua rue via viale".split()
)
# "Bahnhofstrasse", "Hallocreekport": a street and its type in one word.
_ENDINGS = ("strasse", "straße", "stasse", "straat", "gasse", "gatan", "vägen", "weg", "allee", "platz")
_COMPASS = frozenset(
    "east lower new north northeast northwest old south southeast southwest upper west".split()
)
_UNITS = frozenset("apartment apt block building department flat floor lot penthouse room suite unit".split())
# Of these, the ones that speak of an address without a street in front.
# Words of a street between its number and its unit.
_MOST_STREET = 6
_SURE_UNITS = frozenset("apartment apt flat suite unit".split())
# "House number 42", "plot no 7", as addresses begin in India.
_NUMBERED = frozenset("house plot door".split())
# In front of a street's type they make no street: "the street", "this way", "in court", "first place".
_NO_STREET = (
    FUNCTION_WORDS
    | FILLERS
    | frozenset(
        "across all any back bad basketball best better big birth bus busy by cold come cross dead different "
        "disk district drive driveway driving each easy either entire every family federal find first flash "
        "food found front gave give go golf good great half happy hard her hiding high his hot large last "
        "little local long lose lost made main make market meeting my nearest new next no obstacle old one-way "
        "only other our parking place private proper public quiet rail railroad resting right safe same second "
        "sesame side small small-claims street supreme take takes taking tennis test their third thumb took "
        "traffic train two-way under usb wall went which whole work working wrong your".split()
    )
)
_CUES = Cues(
    {
        "live at|lives at|living at|lived at|live on|lives on|living on|lived on|reside at|address is|"
        "address as|address of|place is|house is|home is|home address is|billing address is|"
        "shipping address is|directions to|navigate to|drive to|take me to|located at|located on|"
        "deliver to|deliver it to|delivered to|ship to|ship it to|shipped to|send it to|mail it to|"
        "moved to|move to|moving to|pick me up at|pick up at|is it still|still at|residing at|stay at|"
        "staying at|house on|apartment on|pharmacy near|find me a cab to|uber to|property at|incident at|"
        "accident on|meet at|meet me at|meet us at|over on|off of|corner of|service at": True,
        "at|on|to|from|near": False,
    }
)
_IN_NUMBERS = frozenset("and double for half hundred in number oh th thousand to triple".split())


class AddressRecognizer(SpokenRecognizer):
    """Finds street addresses (STREET_ADDRESS)."""

    ENTITIES = ("STREET_ADDRESS",)

    def find(self, tokens: Sequence[Token], text: str) -> Iterator[Finding]:
        for search in (_by_type, _by_cue, _far_type, _boxes, _units, _corners):
            for first, end in search(tokens, text):
                yield Finding("STREET_ADDRESS", tokens[first].start, tokens[end - 1].end, _SCORE)


_Found = Iterator[tuple[int, int]]


def _by_type(tokens: Sequence[Token], text: str) -> _Found:
    for index, token in enumerate(tokens):
        whole = token.text.endswith(_ENDINGS) and len(token.text) > 6
        if token.text in _TYPES:
            first = _street_before(tokens, text, index)
            end = index + 1
        elif whole:
            first, end = index, index + 1 + (index + 1 < len(tokens) and counts(tokens[index + 1]))
        elif token.text in _FOREIGN:
            first, end = index, _foreign_end(tokens, text, index)
        else:
            continue
        if first is None or end <= first:
            continue
        number = number_before(tokens, first)
        if whole or token.text in _FOREIGN or number < first or _is_street(tokens, text, first, index):
            yield number, _tail(tokens, text, end)


def _far_type(tokens: Sequence[Token], text: str) -> _Found:
    """ "5,263 in the first street": a long number, two words that became something else, and a street."""
    for index, token in enumerate(tokens):
        if token.text not in _TYPES - _WEAK_TYPES or index < 3:
            continue
        first = index
        while (
            first > 0
            and index - first < 4
            and not counts(tokens[first - 1])
            and not ends_clause(tokens, first)
        ):
            first -= 1
        number = number_before(tokens, first)
        between = {t.text for t in tokens[first:index]}
        written = text[tokens[number].start : tokens[first].start] if number < first else ""
        year = text_at(tokens, number - 1) in ("in", "since", "until", "by")
        if (
            sum(c.isdigit() for c in written) >= 3
            and not year
            and not between & (MEASURES | {"down", "up", "people"})
        ):
            yield number, _tail(tokens, text, index + 1)


def _street_before(tokens: Sequence[Token], text: str, index: int) -> int | None:
    """First word of the name in front of a street's type; at most three words."""
    first = index
    while first > 0 and index - first < 3:
        before = tokens[first - 1]
        if first < index and tokens[first].gap.strip() not in ("", "-", ",", "'", "."):
            break
        if first == index and tokens[index].gap.strip() not in ("", "-", "'", "."):
            return None
        if not _may_name_street(before, text, near=first == index):
            break
        first -= 1
        if before.is_numeric or (before.text in ORDINALS and first + 1 == index):
            break
    if (
        first < index
        and tokens[first].is_numeric
        and tokens[first].kind is not Kind.NUMBER
        and first + 1 < index
    ):
        first += 1
    return first if first < index else None


def _may_name_street(token: Token, text: str, *, near: bool) -> bool:
    if token.text in ORDINALS or (token.text in _COMPASS):
        return True
    if token.kind is Kind.LETTER and len(token.text) > 1:
        return True
    if token.kind is not Kind.WORD or token.text in MEASURES or (near and token.text.endswith("'s")):
        return False
    if token.text in _NO_STREET:
        return (
            near
            and token.text in ("main", "high", "market", "wall", "park", "cross")
            or (text[token.start].isupper() and token.text in ("mill", "old", "new", "main", "high", "long"))
        )
    return True


def _is_street(tokens: Sequence[Token], text: str, first: int, index: int) -> bool:
    """Without a house number: "on Meadow Street", "Elmwood Lane"; not "the next street", "a safe drive"."""
    if len(tokens[index].text) < 3:
        return False  # "Dr", "St"
    named = [t for t in tokens[first:index] if text[t.start].isupper() or standing(t, text) is Standing.NAME]
    if not named:
        return (
            tokens[index].text in ("street", "avenue", "boulevard")
            and text_at(tokens, first - 1) in ("on", "at")
            and (rank(tokens[index - 1].text) > 1_500)
        )
    if tokens[index].text in _WEAK_TYPES or tokens[index].text in ("lane", "road"):
        return text[tokens[index].start].isupper() or standing(tokens[index - 1], text) is Standing.NAME
    return True


def _foreign_end(tokens: Sequence[Token], text: str, index: int) -> int:
    """After "Rue", "Via": words with a capital; articles between them."""
    end = index + 1
    while end < len(tokens) and end - index < 5 and not tokens[end].gap.strip():
        small = tokens[end].text in ("de", "la", "le", "des", "du", "del", "di", "da", "los", "las", "el")
        if not small and not text[tokens[end].start].isupper():
            break
        end += 1
    capital = any(text[t.start].isupper() for t in tokens[index + 1 : end])
    return end if capital and text[tokens[index].start].isupper() else index


def number_before(tokens: Sequence[Token], first: int) -> int:
    """First token of a house number that ends before `first`; `first` itself where there is none."""
    index = first
    while index > 0 and first - index < 8:
        token = tokens[index - 1]
        gap = tokens[index].gap if index < len(tokens) else ""
        if any(mark in gap for mark in ";?!") or (gap.strip() == "." and not token.is_numeric):
            break
        behind = index > 1 and counts(tokens[index - 2])
        letter = token.kind is Kind.LETTER and behind
        said = token.text in _IN_NUMBERS and behind
        if not (counts(token) or letter or said):
            break
        index -= 1
    while index < first and not counts(tokens[index]):
        index += 1
    return index


def counts(token: Token) -> bool:
    """Whether a token is a number or an amount."""
    return token.is_numeric or token.kind is Kind.AMOUNT


def _tail(tokens: Sequence[Token], text: str, end: int) -> int:
    """With compass point, unit, city and state behind a street."""
    if text_at(tokens, end) in _COMPASS and not tokens[end].opens_sentence:
        end += 1
    at = end + (text_at(tokens, end) == "the")
    unit = _unit_end(tokens, at)
    if unit > at:
        end = unit
    at = end + (text_at(tokens, end) in ("in", "and"))
    if at < len(tokens) and not tokens[at].opens_sentence and text[tokens[at].start].isupper():
        length = place_length(tokens, at)
        if length:
            end = at + length
            further = (
                place_length(tokens, end) if end < len(tokens) and tokens[end].gap.strip() in ("", ",") else 0
            )
            end += further if further and text[tokens[end].start].isupper() else 0
    return end


def _unit_end(tokens: Sequence[Token], index: int) -> int:
    """After "apartment 38", "flat 4b", "unit twelve B"; `index` where there is none."""
    if text_at(tokens, index) not in _UNITS or index + 1 >= len(tokens) or tokens[index + 1].opens_sentence:
        return index
    end = index + 1 + (text_at(tokens, index + 1) in ("number", "no"))
    first = end
    while (
        end < len(tokens)
        and end - first < 4
        and (
            tokens[end].is_numeric
            or (
                tokens[end].kind is Kind.LETTER
                and tokens[end].text != "i"
                and (end > first or tokens[end].text != "a")
            )
            or (
                end == first
                and tokens[end].text in ("two", "to", "too", "for", "due")
                and ends_clause(tokens, end + 1)
            )
        )
    ):
        if end > first and tokens[end].gap.strip() not in ("", "-"):
            break
        end += 1
    return end if end > first and text_at(tokens, end) not in MEASURES else index


def _by_cue(tokens: Sequence[Token], text: str) -> _Found:
    """A number and a name after a cue: "I live at 42 Maple", "directions to 2687 June the port"."""
    for _, first, certain in _CUES(tokens):
        number = first
        while (
            number < len(tokens)
            and number - first < 8
            and (
                tokens[number].is_numeric
                or tokens[number].kind is Kind.AMOUNT
                or (number > first and tokens[number].text in ("hundred", "thousand", "oh", "and", "th"))
            )
        ):
            number += 1
        if number >= len(tokens) or tokens[number].opens_sentence:
            continue
        end = number
        while end < len(tokens) and end - number < 3 and (end == number or not ends_clause(tokens, end)):
            if tokens[end].text in FUNCTION_WORDS | MEASURES | FILLERS | _UNITS and (
                not certain or end == number
            ):
                break
            if standing(tokens[end], text) is Standing.NEVER and tokens[end].text not in MONTHS | {
                "the",
                "in",
                "of",
            }:
                break
            end += 1
        if number == first:
            if certain and text_at(tokens, first - 1) == "on" and _is_bare_street(tokens, text, first):
                yield first, first + 1
            continue
        if end == number or tokens[number].text in MEASURES:
            continue
        long = sum(len(t.digits) for t in tokens[first:number]) >= 2
        named = any(standing(t, text) >= Standing.CAPITALISED for t in tokens[number:end])
        if certain and (named or long) or (named and long and _is_named(tokens[number], text)):
            yield first, _tail(tokens, text, end)


def _is_bare_street(tokens: Sequence[Token], text: str, index: int) -> bool:
    """ "I live on Maple"."""
    word = text[tokens[index].start : tokens[index].end]
    named = standing(tokens[index], text) >= Standing.CAPITALISED
    return named and not word.isupper() and tokens[index].text not in _TYPES


def _is_named(token: Token, text: str) -> bool:
    word = stem(token.text)
    return (
        text[token.start].isupper()
        and token.text not in MONTHS
        and (standing(token, text) is Standing.NAME or is_family(word) or is_given(word))
    )


def _boxes(tokens: Sequence[Token], text: str) -> _Found:
    """ "P.O. box 112"."""
    for index, token in enumerate(tokens):
        if token.text != "box" or index + 1 >= len(tokens):
            continue
        two = (text_at(tokens, index - 2), text_at(tokens, index - 1))
        first = index - 2 if two == ("p", "o") else index - 1 if two[1] in ("po", "postal", "mail") else index
        end = index + 1 + (text_at(tokens, index + 1) == "number")
        start = end
        while end < len(tokens) and tokens[end].is_numeric and end - start < 6:
            end += 1
        if end > start and first < index:
            yield first, _tail(tokens, text, end)


def _units(tokens: Sequence[Token], text: str) -> _Found:
    for index, token in enumerate(tokens):
        if token.text in _NUMBERED and text_at(tokens, index + 1) in ("number", "no") or token.text == "sector":
            first = index + 1 + (text_at(tokens, index + 1) in ("number", "no"))
            if first < len(tokens) and tokens[first].is_numeric and not tokens[first].opens_sentence:
                yield index, first + 1
        if token.text in _SURE_UNITS:
            end = _unit_end(tokens, index)
            if end > index and text_at(tokens, index - 1) not in ("per", "a", "each"):
                yield _street_of_unit(tokens, index), _tail(tokens, text, end)


def _street_of_unit(tokens: Sequence[Token], index: int) -> int:
    """Back to the house number of "59 June of record, apartment 32", whatever the street was heard as."""
    for first in range(index - 2, max(index - 2 - _MOST_STREET, -1), -1):
        if tokens[first + 1].opens_sentence:
            break
        if counts(tokens[first]) and tokens[first + 1].text not in MEASURES:
            start = number_before(tokens, first + 1)
            return start if start <= first else first
    return index


def _corners(tokens: Sequence[Token], text: str) -> _Found:
    """ "The corner of Fifth and Main"."""
    for index, token in enumerate(tokens):
        if token.text not in ("corner", "intersection", "junction") or text_at(tokens, index + 1) != "of":
            continue
        end = index + 2
        while (
            end < len(tokens)
            and end - index < 8
            and (
                tokens[end].text in _TYPES | ORDINALS | {"and"}
                or tokens[end].is_numeric
                or standing(tokens[end], text) >= Standing.CAPITALISED
            )
            and not tokens[end].opens_sentence
        ):
            end += 1
        if end > index + 3 and "and" in {t.text for t in tokens[index + 2 : end]}:
            yield index + 2, end - (tokens[end - 1].text == "and")
