"""Questions for personal data in a channel's words: where they end, and what their answer will hold."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from redactor.detect.cues import (
    ASKS,
    BREAKS,
    NOT_ASKED_AFTER,
    OF_WHOM,
    OPENERS,
    OTHER_QUESTIONS,
    QUESTIONS,
    TAILS,
    THINGS,
    Asked,
)
from redactor.detect.recognizers.lexicon import FUNCTION_WORDS
from redactor.detect.recognizers.slots import text_at
from redactor.detect.recognizers.spoken import FILLERS, Kind
from redactor.detect.turns import Speech

# Words between a way of asking and its thing; between one thing and the next ("your birthday and your zip").
_REACH = 7
_NEXT_THING = 4
# "And the BILLING phone number", in a sentence of this length at most.
_ADJECTIVES = 2
_BRIEF = 10
_NEXT = {("and", "the"), ("and", "your"), ("now", "the"), ("now", "your")}
# Words behind a thing that still belong to the question: "of the vehicle", "whenever you are ready".
_TAIL = 10
_SHORT_TAIL = 4


@dataclass(frozen=True)
class Question:
    """A question among the tokens of one channel.

    Attributes
    ----------
    asked : Asked
    first : int
        Its first token.
    told : int
        The token after the words that tell what is asked for; an answer may begin here.
    last : int
        The token after its sentence, or after what is taken for it.
    """

    asked: Asked
    first: int
    told: int
    last: int


def questions(speech: Speech) -> list[Question]:
    """Questions of one channel in order."""
    found = [*_complete(speech), *_for_things(speech)]
    return sorted(found, key=lambda q: (q.told, q.first))


def other_questions(speech: Speech) -> list[int]:
    """First tokens of questions for other things."""
    return [first for first, _, _ in OTHER_QUESTIONS(speech.tokens)]


def _complete(speech: Speech) -> Iterator[Question]:
    for first, last, asked in QUESTIONS(speech.tokens):
        yield Question(asked, first, last, _end(speech, last))


def _for_things(speech: Speech) -> Iterator[Question]:
    asks = [(last, first) for first, last, _ in ASKS(speech.tokens)]
    ends = [last for last, _ in asks]
    before: Question | None = None
    for first, last, asked in THINGS(speech.tokens):
        if before is not None and first < before.told:
            continue  # a part of the longer thing before it
        opened = _asking(speech, asks, bisect_left(ends, first + 1), first)
        chosen = opened is not None and speech.tokens[opened].text in ("what", "which")
        if not _is_asked_for(speech, last, chosen):
            continue
        if opened is None and _is_bare(speech, last):
            opened = _opening(speech, first)
        if opened is None and before is not None and _goes_on(speech, before, first):
            opened = before.first
        if opened is None:
            continue
        before = Question(asked, opened, last, _end(speech, last))
        yield before


def _is_asked_for(speech: Speech, last: int, chosen: bool) -> bool:
    """What stands behind a thing leaves it asked for; `chosen` by "what" it may have a verb there."""
    tokens = speech.tokens
    if last == len(tokens) or speech.opens_sentence(last):
        return True
    after = tokens[last].text
    if after == "of":
        return any(text_at(tokens, last + i) in OF_WHOM for i in (1, 2, 3, 4))
    if chosen or after not in NOT_ASKED_AFTER:
        return True
    return after in ("is", "was") and (last + 1 == len(tokens) or speech.opens_sentence(last + 1))


def _is_bare(speech: Speech, last: int) -> bool:
    """A sentence can end here, or goes on with "please" or the value: "email" in "email her" is a verb."""
    if last == len(speech.tokens) or speech.opens_clause(last):
        return True
    after = speech.tokens[last]
    return after.text in TAILS | FILLERS or after.is_numeric or after.kind is Kind.LETTER


def _opening(speech: Speech, first: int) -> int | None:
    """Where the sentence begins that has nothing but "and the" before the thing; "and the" also goes alone."""
    at = first
    while at > first - _ADJECTIVES and at > 0 and not speech.opens_sentence(at):
        if speech.tokens[at - 1].text in FUNCTION_WORDS or not speech.tokens[at - 1].text.isalpha():
            break
        at -= 1
    if at < first and (speech.opens_sentence(at) or not _is_brief(speech, at)):
        at = first  # "Wrong number", "the delivery code that you sent me yesterday evening"
    while at > 0 and not speech.opens_sentence(at) and speech.tokens[at - 1].text in OPENERS:
        at -= 1
        if (text_at(speech.tokens, at), text_at(speech.tokens, at + 1)) in _NEXT:
            return at
    return at if speech.opens_sentence(at) else None


def _is_brief(speech: Speech, first: int) -> bool:
    """The sentence ends soon."""
    stop = min(first + _BRIEF, len(speech.tokens))
    return any(speech.opens_sentence(i) for i in range(first + 1, stop)) or stop == len(speech.tokens)


def _asking(speech: Speech, asks: list[tuple[int, int]], stop: int, first: int) -> int | None:
    """The first token of a way of asking that ends before the thing at `first`, near and in its sentence."""
    for last, ask_first in reversed(asks[max(stop - 3, 0) : stop]):
        if first - last > _REACH:
            return None
        between = range(last, first + 1)
        if any(speech.tokens[i].opens_sentence for i in between):
            continue
        if any(speech.tokens[i].text in BREAKS for i in between):
            continue
        return ask_first
    return None


def _goes_on(speech: Speech, before: Question, first: int) -> bool:
    """ "Your birthday and your zip code"."""
    between = speech.tokens[before.told : first]
    if len(between) > _NEXT_THING or any(t.opens_sentence for t in speech.tokens[before.told : first + 1]):
        return False
    return all(t.text in OPENERS or t.text == "and" for t in between)


def _end(speech: Speech, told: int) -> int:
    """The token after the sentence that the telling words stand in; not far, should no mark end it."""
    for index in range(told, min(told + _TAIL, len(speech.tokens))):
        if speech.opens_sentence(index):
            return index
    return min(told + _SHORT_TAIL, len(speech.tokens))
