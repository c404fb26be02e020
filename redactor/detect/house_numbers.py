"""House numbers in front of what was found to be a place: its street may have become any other words.

"The invoice went to 11 butter or worth of use" has no street, and a tagger finds a place in it all the same;
what counts something right before that is its number.
"""

from __future__ import annotations

from collections.abc import Sequence

from redactor.detect.recognizers.address import counts, number_before
from redactor.detect.recognizers.spoken import Token
from redactor.detect.turns import Speech
from redactor.types import PiiSpan, Transcript

RECOGNIZER = "HouseNumberRecognizer"
_PLACES = frozenset({"LOCATION", "STREET_ADDRESS"})
# With so many digits it is a number of a house also where another word stands between: "28.20 from Worldwide".
_LONG = 3


def house_numbers(hearings: Sequence[Transcript], found: Sequence[PiiSpan]) -> list[PiiSpan]:
    """Numbers right before places, or with one word between if they are long.

    Parameters
    ----------
    hearings : sequence of Transcript
        As in :attr:`Transcript.hearings`.
    found : sequence of PiiSpan
        Findings in them.

    Returns
    -------
    list of PiiSpan
        STREET_ADDRESS with the score of the place, from the number to there.
    """
    speeches: dict[tuple[int, int], Speech] = {}
    numbers = []
    for pii in found:
        if pii.entity_type not in _PLACES:
            continue
        key = pii.hearing, pii.channel
        if key not in speeches:
            speeches[key] = Speech.of(hearings[pii.hearing], pii.channel)
        speech = speeches[key]
        place, end = speech.under(pii)
        number = _number(speech.tokens, place) if place < end else place
        if number < place:
            how = ("STREET_ADDRESS", pii.score, RECOGNIZER)
            numbers.append(speech.span(number, place, *how, hearing=pii.hearing))
    return numbers


def _number(tokens: Sequence[Token], place: int) -> int:
    """First token of a place's house number; `place` where it has none."""
    for stop in (place, place - 1):  # with a word between them, too
        if stop > 0 and counts(tokens[stop - 1]):
            first = number_before(tokens, stop)
            is_beside = stop == place and "." not in tokens[place].gap
            return first if is_beside or _num_digits(tokens[first:stop]) >= _LONG else place
    return place


def _num_digits(tokens: Sequence[Token]) -> int:
    return sum(len(token.digits) or sum(c.isdigit() for c in token.text) for token in tokens)
