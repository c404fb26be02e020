"""Words of a conversation as the pieces that the tagger reads (models/spoken_pii)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np

# Pieces of one window, and how many of them at each end are context alone, where there is more beyond.
WINDOW = 192
CONTEXT = 40
# Longer words are cut: a run of forty digits is told by its first, and of words over a hundred letters the
# vocabulary knows none.
_MOST_CHARS, _MOST_PIECES = 60, 24
_WORDS_AT_ONCE = 1024


class Agreement(IntEnum):
    """What another hearing says of a word."""

    SAME = 0
    DIFFERS = 1
    UNKNOWN = 2  # there is no other hearing


@dataclass(frozen=True)
class Pieces:
    """Wordpieces of some words.

    Attributes
    ----------
    ids : numpy.ndarray, shape [num_pieces], int64
        Of the vocabulary; one for the border in front of a word that opens a turn.
    marks : numpy.ndarray, shape [num_pieces], int64
        What the vocabulary does not say of the piece's word: twice its agreement, 1 more for a capital.
    heads : numpy.ndarray, shape [num_words], int64
        Index of each word's first piece.
    """

    ids: np.ndarray
    marks: np.ndarray
    heads: np.ndarray


class WordPieces:
    """The vocabulary of the tagger.

    Parameters
    ----------
    path : pathlib.Path
        ``tokenizer.json`` of the model.
    """

    def __init__(self, path: Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer: Any = Tokenizer.from_file(str(path))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.open, self.border, self._unknown = map(self._tokenizer.token_to_id, ("[CLS]", "[SEP]", "[UNK]"))

    def read(self, words: Sequence[str], opens_turn: Sequence[bool], agreements: Sequence[Agreement]) -> Pieces:
        """Pieces of words, with a border in front of those that open a turn."""
        ids: list[int] = []
        marks: list[int] = []
        heads: list[int] = []
        for word, border, agreement, of_word in zip(
            words, opens_turn, agreements, self._each(words), strict=True
        ):
            if border:
                ids.append(self.border)
                marks.append(0)
            heads.append(len(ids))
            pieces = of_word or [self._unknown]
            ids += pieces
            marks += [2 * agreement + word[:1].isupper()] * len(pieces)
        return Pieces(np.array(ids, np.int64), np.array(marks, np.int64), np.array(heads, np.int64))

    def _each(self, words: Sequence[str]) -> Iterator[list[int]]:
        """Pieces of each word; some words at a time, since the tokenizer has much more to say of each."""
        for first in range(0, len(words), _WORDS_AT_ONCE):
            cut = [word[:_MOST_CHARS] for word in words[first : first + _WORDS_AT_ONCE]]
            for one in self._tokenizer.encode_batch(cut, add_special_tokens=False):
                yield one.ids[:_MOST_PIECES]


def windows(pieces: Pieces) -> Iterator[tuple[int, int, int, int]]:
    """Windows over long conversations.

    Yields
    ------
    first, stop : int
        Pieces of the window, half-open; at most WINDOW.
    first_word, stop_word : int
        Words whose tags it decides. Together the windows decide every word once.
    """
    count, num_words = len(pieces.ids), len(pieces.heads)
    word = 0
    while word < num_words:
        first = 0 if word == 0 else max(int(pieces.heads[word]) - CONTEXT, 0)
        stop = min(first + WINDOW, count)
        last = max(int(np.searchsorted(pieces.heads, stop - CONTEXT)), word + 1) if stop < count else num_words
        yield first, stop, word, last
        word = last
