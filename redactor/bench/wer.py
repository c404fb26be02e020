"""Word-error rate of what was recognized, after the differences in writing that change no meaning are out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from redactor.bench.gold import GoldRecording
from redactor.types import Transcript

_DIGITS = {word: str(n) for n, word in enumerate("zero one two three four five six seven eight nine".split())}
_DIGITS["oh"] = "0"


@dataclass(frozen=True)
class WordErrors:
    """Errors (substituted, missing and additional words) and words of one or more texts."""

    errors: int = 0
    words: int = 0

    def __add__(self, other: WordErrors) -> WordErrors:
        return WordErrors(self.errors + other.errors, self.words + other.words)

    @property
    def rate(self) -> float:
        """Errors by words said; NaN where nothing was."""
        return self.errors / self.words if self.words else float("nan")


def plain_words(text: str) -> list[str]:
    """Lower case, no marks, every digit a word: "Call 4-1-5." and "call four one five" are the same."""
    text = text.casefold().replace("'", "")
    text = re.sub(r"[^a-z0-9 ]", " ", re.sub(r"(\d)", r" \1 ", text))
    return [_DIGITS.get(word, word) for word in text.split()]


def word_errors(said: str, recognized: str) -> WordErrors:
    """The fewest words to change, leave out and add that make one text the other."""
    true: Sequence[str] = plain_words(said)
    return WordErrors(Levenshtein.distance(true, plain_words(recognized)), len(true))


def said_and_heard(gold: GoldRecording, transcript: Transcript) -> Iterator[tuple[str, str]]:
    """Of every channel on which somebody speaks: what was said, in order, and what was recognized."""
    for channel in sorted({word.channel for word in gold.words}):
        words = sorted((w for w in gold.words if w.channel == channel), key=lambda w: w.start)
        yield " ".join(w.text for w in words), transcript.text(channel)
