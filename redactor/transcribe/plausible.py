"""Text that nobody can have said.

Recognizers loop and make things up, and such words would cover speech that they do not hold.
"""

from __future__ import annotations

from collections.abc import Sequence

from redactor.types import Word

# Fast speech has about 7 words and 25 letters a second, auctioneers 10 and 40.
_MOST_LETTERS_PER_S = 45.0
_FEWEST_WORDS = 4
# A phrase of this many words or more, said this often in a row, is a loop.
_PHRASE_WORDS = 3
_REPETITIONS = 3
_LONGEST_PHRASE = 12


def cannot_be_said(words: Sequence[Word]) -> bool:
    """Whether a segment's words are too many for their time, or the same phrase over and over."""
    return _too_fast(words) or _loops([w.text.casefold().strip(".,?!") for w in words])


def _too_fast(words: Sequence[Word]) -> bool:
    if len(words) < _FEWEST_WORDS:
        return False
    seconds = max(w.end for w in words) - min(w.start for w in words)
    return sum(len(w.text) for w in words) > _MOST_LETTERS_PER_S * seconds


def _loops(texts: Sequence[str]) -> bool:
    for size in range(_PHRASE_WORDS, min(_LONGEST_PHRASE, len(texts) // _REPETITIONS) + 1):
        run = 0
        for i in range(size, len(texts)):
            run = run + 1 if texts[i] == texts[i - size] else 0
            # One word again and again ("no no no no") is a loop of length 1, and people do say that.
            if run >= size * (_REPETITIONS - 1) and len(set(texts[i - size + 1 : i + 1])) > 1:
                return True
    return False


def said_again(text: str) -> bool:
    """Whether all of a text is the same thing twice or more: a decoder that saw no end of the speech."""
    words = [word.strip(".,?!").casefold() for word in text.split()]
    return any(
        len(words) % size == 0 and words == words[:size] * (len(words) // size)
        for size in range(1, len(words) // 2 + 1)
    )
