"""What of a window a decoder left out: speech before, between and behind the words that it wrote.

A decoder now and then stops in the middle, often where somebody begins to spell, or goes on some sentences
later. Either way the times of its words leave a gap with speech in it, and that is heard by itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from redactor.transcribe.speech import MODEL_RATE_HZ, Region
from redactor.transcribe.windows import Window
from redactor.transcribe.written import LONGEST_LETTER_S, RawWord
from redactor.types import Seconds

# With more speech than this in a gap, it is heard by itself.
_LEAST_SPEECH_S = 1.0
# So much fainter than the words around it, it is the other side, which has a channel of its own: a decoder
# that leaves it out is right, and hearing it alone would write that side's words here. It stays speech without
# words, which is muted unless the other channel accounts for it.
_FAINT = 10 ** (-10 / 10)
# Word times are no surer than that a shorter gap between words may be none.
_LEAST_GAP_S = 1.5
# A word that ends this early in a window leaves all of it: hearing that again would not end.
_LEAST_REACHED_S = 0.2
# Nor would hearing a gap that is nearly all of a window.
_MOST_OF_WINDOW = 0.8
# A slow word takes this long, and as much more for each letter. What else counts as its time lies before it.
_LONGEST_WORD_S = 0.5


@dataclass(frozen=True)
class LeftOut:
    """Windows that are to be heard by themselves, and what that means for the words around them.

    Attributes
    ----------
    windows : tuple of Window
    words : tuple of RawWord
        Those of the window; one behind a gap begins where that ends.
    openers : frozenset of int
        Which of these words stand behind a gap.
    """

    windows: tuple[Window, ...]
    words: tuple[RawWord, ...]
    openers: frozenset[int] = frozenset()


def left_out(
    window: Window,
    words: Sequence[RawWord],
    *,
    speech_in: Callable[[np.ndarray], Sequence[Region]],
    padding: Seconds,
    own_channel: bool,
) -> LeftOut:
    """Where a window has speech and no words.

    Parameters
    ----------
    window : Window
    words : sequence of RawWord
        All that was written of it, in order; where there are none, nothing is left out.
    speech_in : callable
        Stretches of speech in a sound at 16 kHz, as half-open ranges of its samples.
    padding : float
        Seconds before and behind the speech in a gap that are heard with it, as far as the gap has them.
    own_channel : bool
        Other speakers have channels of their own: what is faint is theirs.
    """
    if any(math.isnan(word.start + word.end) for word in words):
        return LeftOut((), tuple(words))  # for the pipeline's check to find
    windows: list[Window] = []
    kept = list(words)
    openers: set[int] = set()
    for number, begin, end in _gaps(words, window.duration):
        gap = window.after(begin).until(end - begin)
        regions = speech_in(gap.samples)
        if sum(stop - first for first, stop in regions) < _LEAST_SPEECH_S * MODEL_RATE_HZ:
            continue
        if own_channel and _power(gap.samples, regions) < _FAINT * _power_of_words(window, words):
            continue
        first, stop = regions[0][0] / MODEL_RATE_HZ, regions[-1][1] / MODEL_RATE_HZ
        if number < len(kept):
            openers.add(number)
            kept[number] = replace(kept[number], start=end)
            gap = gap.until(stop + padding)
        windows.append(gap.after(first - padding))
    return LeftOut(tuple(windows), tuple(kept), frozenset(openers))


def _gaps(words: Sequence[RawWord], duration: Seconds) -> Iterator[tuple[int, Seconds, Seconds]]:
    """Times without words, each with the number of the word behind it."""
    reached = 0.0
    for number, word in enumerate(words):
        if not word.text.strip():
            continue
        begin, _ = _said(word)
        if _LEAST_GAP_S <= begin - reached <= _MOST_OF_WINDOW * duration:
            yield number, reached, begin
        reached = max(reached, word.end)
    if words and _LEAST_REACHED_S <= reached <= duration - _LEAST_SPEECH_S:
        yield len(words), reached, duration


def _said(word: RawWord) -> tuple[Seconds, Seconds]:
    """The part of its time in which a word can have been said."""
    longest = _LONGEST_WORD_S + LONGEST_LETTER_S * len(word.text.strip())
    return max(word.start, word.end - longest), word.end


def _power_of_words(window: Window, words: Sequence[RawWord]) -> float:
    spoken = [(round(a * MODEL_RATE_HZ), round(b * MODEL_RATE_HZ)) for a, b in map(_said, words)]
    return _power(window.samples, spoken)


def _power(samples: np.ndarray, regions: Sequence[Region]) -> float:
    """Mean power of some parts of a sound."""
    sound = np.concatenate([samples[first:stop] for first, stop in regions], dtype=np.float64)
    return float(np.square(sound).mean()) if len(sound) else 0.0
