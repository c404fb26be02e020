"""Cues and the slots that they open: after "my name is" a name follows, whatever the recognizer wrote.

A cue is a few words in a row. How sure it is decides how much the next word must look like a name
(:class:`redactor.detect.recognizers.lexicon.Standing`); the slot ends at the first word that does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from redactor.detect.recognizers.lexicon import (
    Standing,
    is_family,
    is_given,
    rank,
    standing,
    stem,
)
from redactor.detect.recognizers.spoken import FILLERS, Token

Meaning = TypeVar("Meaning")

# Parts of a name that are written small, with a name after them.
_PARTICLES = frozenset(
    "abu af al av ben bin bint da das de del della den der di dos du e el ibn la le mac mc o saint st ten "
    "ter van von y zu".split()
)
# Words so frequent that a capital makes no second name of them: "Text Rose Happy Birthday".
_FREQUENT = 2_500
# The same where nothing has a capital: a word this rare, or a family name that is rarer than this.
_RARE_SURNAME = 15_000
_FAMILY_RANK = 300


class Cues(Generic[Meaning]):
    """Cues of several words, found in one pass; each carries what the caller wants to know when it is met.

    Parameters
    ----------
    meanings : mapping of str to object
        Phrases, separated by "|", and what they mean.
    """

    def __init__(self, meanings: Mapping[str, Meaning]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], Meaning]]] = {}
        for phrases, meaning in meanings.items():
            for phrase in phrases.split("|"):
                words = tuple(phrase.split())
                self._by_first.setdefault(words[0], []).append((words, meaning))
        for cues in self._by_first.values():
            cues.sort(key=lambda cue: -len(cue[0]))

    def __call__(self, tokens: Sequence[Token]) -> Iterator[tuple[int, int, Meaning]]:
        """First token of every cue, the one after it, and what it means; the longest cue at each place."""
        for index, token in enumerate(tokens):
            for words, meaning in self._by_first.get(token.text, ()):
                if said(tokens, index, words):
                    yield index, index + len(words), meaning
                    break


def said(tokens: Sequence[Token], first: int, words: Sequence[str]) -> bool:
    """These words stand at `first`, within one sentence."""
    if first < 0 or first + len(words) > len(tokens):
        return False
    return all(
        tokens[first + i].text == word and (i == 0 or not tokens[first + i].opens_sentence)
        for i, word in enumerate(words)
    )


def text_at(tokens: Sequence[Token], index: int) -> str:
    return tokens[index].text if 0 <= index < len(tokens) else ""


def skip(tokens: Sequence[Token], index: int, words: Iterable[str] = FILLERS) -> int:
    """The first token from `index` on that is none of `words`."""
    while index < len(tokens) and tokens[index].text in words:
        index += 1
    return index


def read_name(tokens: Sequence[Token], text: str, first: int, need: Standing, most: int = 4) -> int:
    """Token after the name that begins at `first`; `first` itself where none does.

    Parameters
    ----------
    need : Standing
        The least that the first word must look like.
    most : int
        Words of a name at most.
    """
    if first >= len(tokens) or not _begins(tokens, text, first, need):
        return first
    end = first + 1
    while end < len(tokens) and end - first < most:
        if _goes_on(tokens, text, first, end):
            end += 1
        elif tokens[end].text in _PARTICLES and _plain_gap(tokens[end]):
            last = skip(tokens, end, _PARTICLES) - 1
            if not _capital_after(tokens, text, last):
                break
            end = last + 2
        else:
            break
    while end > first and len(tokens[end - 1].text) == 1 and end - first == 1:
        return first
    return end


def _begins(tokens: Sequence[Token], text: str, first: int, need: Standing) -> bool:
    token = tokens[first]
    if is_initial(token, text):
        return first + 1 < len(tokens) and standing(tokens[first + 1], text) >= Standing.CAPITALISED
    if token.text in _PARTICLES and need <= Standing.CAPITALISED:
        last = skip(tokens, first, _PARTICLES) - 1
        return last - first < 3 and _capital_after(tokens, text, last)
    return standing(token, text) >= need


def is_initial(token: Token, text: str) -> bool:
    letter = len(token.text) == 1 and token.text.isalpha()
    return letter and token.text not in "ai" and text[token.start].isupper()


def _goes_on(tokens: Sequence[Token], text: str, first: int, index: int) -> bool:
    token, before = tokens[index], tokens[index - 1]
    if not _plain_gap(token) and not (len(before.text) == 1 and token.gap.strip() == "."):
        # "This is Zofia, Noah Kowski": a pause inside a name.
        paused = token.gap.strip() == "," and index == first + 1 and text[token.start].isupper()
        family = standing(token, text) is Standing.NAME and not is_given(token.text)
        return paused and family
    if is_initial(token, text):
        return index + 1 < len(tokens) and standing(tokens[index + 1], text) >= Standing.CAPITALISED
    grade = standing(token, text)
    word = stem(token.text)
    if grade is Standing.NAME:
        return True
    if grade is Standing.CAPITALISED:
        return is_given(word) or is_family(word) or rank(word) > _FREQUENT
    if text[before.start].isupper() or not is_given(stem(before.text)) or grade is Standing.NEVER:
        return False
    # "call george brown", "who is arnold schwarzenegger", all in lower case.
    return rank(word) > _RARE_SURNAME or ((is_family(word) or is_given(word)) and rank(word) > _FAMILY_RANK)


def _capital_after(tokens: Sequence[Token], text: str, index: int) -> bool:
    return (
        index + 1 < len(tokens)
        and _plain_gap(tokens[index + 1])
        and standing(tokens[index + 1], text) >= Standing.CAPITALISED
    )


def _plain_gap(token: Token) -> bool:
    return token.gap.strip() in ("", "-", "'", "’")


def ends_clause(tokens: Sequence[Token], index: int) -> bool:
    """Nothing, or a mark of punctuation, stands before token `index`."""
    return index >= len(tokens) or any(mark in tokens[index].gap for mark in ",.?!;:")
