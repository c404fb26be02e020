"""Places by the words around them ("weather in", "directions to", "I live in") and by name.

A place in a question for the weather tells where somebody lives, so places go as names do. Streets are
:mod:`redactor.detect.recognizers.address`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from redactor.detect.recognizers.lexicon import (
    Standing,
    is_given,
    opens,
    place_length,
    rank,
    standing,
    stem,
)
from redactor.detect.recognizers.recognizer import SpokenRecognizer
from redactor.detect.recognizers.slots import Cues, read_name, skip, text_at
from redactor.detect.recognizers.spoken import Finding, Token

_SURE, _LIKELY, _LISTED = 0.6, 0.55, 0.5
# After these a place follows, or nothing with a capital does.
_CUES = Cues(
    {
        "weather in|weather for|weather like in|weather near|weather at|weather today in|forecast for|"
        "forecast in|temperature in|rain in|raining in|snow in|snowing in|sunny in|hot in|cold in|"
        "humidity in|directions to|directions for|navigate to|navigation to|drive to|driving to|route to|"
        "take me to|way to|how far is|get to|bring me to|head to|traffic in|traffic to|traffic on|"
        "traffic near|traffic around|flight to|flights to|flight from|flights from|fly to|flying to|"
        "flew to|fly from|fly into|train to|trains to|train from|bus to|ferry to|trip to|travel to|"
        "traveling to|travelling to|move to|moved to|moving to|moved from|relocated to|relocating to|"
        "time in|time is it in|clock in|live in|lives in|living in|lived in|live near|stay in|staying in|"
        "stayed in|i'm from|i am from|originally from|come from|comes from|calling from|born in|based in|"
        "located in|raised in|grew up in|grow up in|city of|town of|village of|county of|state of|"
        "suburb of|hotel in|hotels in|restaurant in|restaurants in|house in|apartment in|flat in|office in|"
        "branch in|store in|pharmacy in|hospital in|events in|museum in|concert in|visiting|visit|"
        "arrive in|arriving in|landed in|city is|town is|county is|the city|hometown is|destination is|"
        "place of birth is|birthplace is|born at|delivered to|ship to|shipped to|working in|work in|"
        "studying in|holiday in|vacation in|holidays in": _SURE,
        "in|to|from|near|outside|around|at|via|through|towards|visit|leave|leaving|reach": _LIKELY,
    }
)
# Written with a capital and no place: "in English", "to God", "from Google".
_ORDINARY_RANK = 4_000
_RARE_RANK = 10_000
_MANY_WORDS = 4


class PlaceRecognizer(SpokenRecognizer):
    """Finds places (LOCATION): after a cue whatever it is, elsewhere those that are listed."""

    ENTITIES = ("LOCATION",)

    def find(self, tokens: Sequence[Token], text: str) -> Iterator[Finding]:
        for _, first, sure in _CUES(tokens):
            found = _after_cue(tokens, text, skip(tokens, first), sure)
            if found:
                yield Finding("LOCATION", tokens[found[0]].start, tokens[found[1] - 1].end, sure)
        for first, end in _listed(tokens, text):
            yield Finding("LOCATION", tokens[first].start, tokens[end - 1].end, _LISTED)


def _after_cue(tokens: Sequence[Token], text: str, first: int, sure: float) -> tuple[int, int] | None:
    if first >= len(tokens) or tokens[first].opens_sentence:
        return None
    certain = sure == _SURE
    length = place_length(tokens, first)
    if length and _is_meant(tokens, text, first, length, certain):
        return first, _with_state(tokens, text, first + length)
    if text_at(tokens, first) == "the":
        # "The weather in the Ton Rouge".
        first += 1
    elif not certain:
        return None
    if first >= len(tokens) or standing(tokens[first], text) < Standing.CAPITALISED:
        return None
    end = read_name(tokens, text, first, Standing.CAPITALISED, _MANY_WORDS)
    strange = any(standing(t, text) is Standing.NAME for t in tokens[first:end])
    if end > first and (certain or strange):
        return first, _with_state(tokens, text, end)
    return None


def _is_meant(tokens: Sequence[Token], text: str, first: int, length: int, certain: bool) -> bool:
    """A listed place that is an English word as well ("Reading", "Mobile", "Of") needs a capital and a cue."""
    token = tokens[first]
    capital = text[token.start].isupper()
    if length > 1:
        return capital or certain or _has_name(tokens, text, first, length)
    word = stem(token.text)
    grade = standing(token, text)
    if grade is Standing.NEVER:
        return False
    if grade is Standing.NAME:
        return capital or certain or not is_given(word)
    return (certain and (capital or rank(word) > _ORDINARY_RANK)) or (capital and rank(word) > _RARE_RANK)


def _with_state(tokens: Sequence[Token], text: str, end: int) -> int:
    """ "Dayton, Ohio": the state behind the city, and a country."""
    while end < len(tokens) and tokens[end].gap.strip() in ("", ",") and text[tokens[end].start].isupper():
        length = place_length(tokens, end)
        if not length or standing(tokens[end], text) is Standing.NEVER:
            break
        end += length
    return end


def _listed(tokens: Sequence[Token], text: str) -> Iterator[tuple[int, int]]:
    """Places by name, with a capital: names of several words, and single ones that are no English words."""
    index = 0
    while index < len(tokens):
        token = tokens[index]
        length = place_length(tokens, index)
        if not text[token.start].isupper() and not (length > 1 and _has_name(tokens, text, index, length)):
            length = 0
        if length and _stands_alone(tokens, text, index, length):
            end = _with_state(tokens, text, index + length)
            yield index, end
            index = end
        else:
            index += 1


def _stands_alone(tokens: Sequence[Token], text: str, first: int, length: int) -> bool:
    words = [stem(t.text) for t in tokens[first : first + length]]
    if length > 1:
        capitals = sum(text[t.start].isupper() for t in tokens[first : first + length])
        return capitals != 1 and not all(rank(word) < _ORDINARY_RANK for word in words)
    acronym = text[tokens[first].start : tokens[first].end].isupper() and len(words[0]) < 5
    name = acronym or is_given(words[0])
    return standing(tokens[first], text) is Standing.NAME and not opens(tokens[first]) and not name


def _has_name(tokens: Sequence[Token], text: str, first: int, length: int) -> bool:
    """One of the words is no English word: "new york" in lower case, not "rock hill"."""
    return any(standing(t, text) is Standing.NAME for t in tokens[first : first + length])
