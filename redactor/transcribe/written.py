"""What passes between the parts of a Whisper: states of a window, its text, and pieces of that with times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from redactor.transcribe.rules import FULL_STATES
from redactor.types import Seconds

# The most tokens that a second of speech can become, and some to begin with. Fast speech has about 7 words a
# second, spelled letters and digits two tokens each at 5 a second; a loop has no end.
_TOKENS_PER_S = 12
_FIRST_TOKENS = 10
_MOST_TOKENS = 224
# Slow speech has about ten letters a second.
LONGEST_LETTER_S = 0.1


@dataclass(frozen=True, eq=False)
class Encoded:
    """What a model's encoder makes of a window.

    Attributes
    ----------
    states : numpy.ndarray, shape [num_states, size]
    duration : float
        Seconds of sound in it.
    """

    states: np.ndarray
    duration: Seconds

    @property
    def full(self) -> bool:
        """Whether it was encoded as a window of 30 s."""
        return len(self.states) >= FULL_STATES


@dataclass(frozen=True)
class Written:
    """What a model's decoder makes of it.

    Attributes
    ----------
    tokens : tuple of int
        Of text alone.
    text : str
    compression_ratio : float
        How much smaller zlib makes the text: Whisper's measure of repetition.
    avg_logprob, no_speech_prob : float
    complete : bool
        Whether the decoder came to an end before it had said more than can be said in the time.
    second : Written or None
        What it held for most probable of what has other words; None where it weighed nothing else.
    """

    tokens: tuple[int, ...]
    text: str
    compression_ratio: float
    avg_logprob: float
    no_speech_prob: float
    complete: bool
    second: Written | None = None


@dataclass(frozen=True)
class RawWord:
    """A piece of text with its time in the window, uncorrected."""

    text: str
    start: Seconds
    end: Seconds
    probability: float


def most_tokens(duration: Seconds) -> int:
    """The most tokens that so many seconds can have become."""
    return min(_FIRST_TOKENS + math.ceil(_TOKENS_PER_S * duration), _MOST_TOKENS)


def written_of(result: Any, tokenizer: Any, most: int) -> Written:
    """One of CTranslate2's results as text; of `most` tokens or more it did not come to its end."""
    best, *others = (
        _written(ids, score, result.no_speech_prob, tokenizer, most)
        for ids, score in zip(result.sequences_ids, result.scores, strict=True)
    )
    same = _letters(best.text)
    return replace(best, second=next((other for other in others if _letters(other.text) != same), None))


def _written(ids: Sequence[int], score: float, no_speech_prob: float, tokenizer: Any, most: int) -> Written:
    from faster_whisper.transcribe import get_compression_ratio

    # CTranslate2 divides the sum of log-probabilities by the number of tokens; Whisper counts the end as one.
    avg_logprob = score * len(ids) / (len(ids) + 1)
    of_text = tuple(token for token in ids if token < tokenizer.eot)
    text = str(tokenizer.decode(list(of_text)))
    ratio = get_compression_ratio(text.strip())
    return Written(of_text, text, ratio, avg_logprob, no_speech_prob, complete=len(ids) < most)


def _letters(text: str) -> str:
    """What is left of a text without case, marks and spaces."""
    return "".join(c for c in text.casefold() if c.isalnum())
