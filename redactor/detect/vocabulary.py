"""Words that are harmless wherever they are said: frequent English words that are nothing else.

Safe is a word among the most frequent ones of models/lexicon/build.py's list that is in no list of names and
places, is no number, letter, month or word of a spelling alphabet, and is no secret people choose ("sparrow").
"""

from __future__ import annotations

from functools import lru_cache

from redactor.detect.recognizers.lexicon import (
    FUNCTION_WORDS,
    is_family,
    is_given,
    is_place,
    rank,
    stem,
)
from redactor.detect.recognizers.spoken import FILLERS, MONTHS, ORDINALS, Kind, Token

# Words of numbers, codes, spellings and addresses: what stands beside them is a value.
_PARTS_OF_VALUES = frozenset(
    "hundred thousand million double triple treble capital uppercase lowercase letter dash hyphen underscore "
    "slash dot street road lane avenue court drive boulevard terrace crescent square apartment suite flat "
    "north south east west saint nineteen twenty ninety doctor mister miss missus".split()
)
# What a recognizer writes for a letter or a digit.
_SOUNDS = frozenset(
    "won ate eight fore tree sex tea tee pea pee bee jay kay queue cue ex zed zee eye eh ay ess ef eff gee em "
    "en el ell vee dee ar".split()
)


@lru_cache(maxsize=8192)
def is_safe(word: str, most: int) -> bool:
    """Whether a word names nobody and nothing of anybody.

    Parameters
    ----------
    word : str
        Casefolded, as in :class:`redactor.detect.recognizers.spoken.Token`.
    most : int
        Frequent words that count, from the most frequent on.
    """
    if word in FUNCTION_WORDS or word in FILLERS:
        return True
    if word in _PARTS_OF_VALUES or word in _SOUNDS or word in MONTHS or word in ORDINALS:
        return False
    plain = stem(word)
    if is_given(plain) or is_place(plain):
        return False
    # A family name that is an everyday word ("may", "long") is not told by itself; a rarer one is.
    return rank(plain) < (most // 10 if is_family(plain) else most)


def is_safe_token(token: Token, most: int) -> bool:
    """The same for a token of a transcript; numbers and letters never are, "a" and "I" are."""
    if token.kind is Kind.WORD:
        return is_safe(token.text, most)
    return token.kind is Kind.LETTER and token.text in ("a", "i")
