"""Words by their place in the text of their channel: by bisection, since a day of calls has many findings."""

from __future__ import annotations

import bisect
from collections.abc import Iterable

from redactor.types import PiiSpan, Word


class TextPlaces:
    """Where the words of one channel stand in its text.

    Parameters
    ----------
    words : iterable of Word
        In text order, as from :meth:`redactor.types.Transcript.words`.
    """

    def __init__(self, words: Iterable[Word]) -> None:
        self.words = list(words)
        self._char_ends = [word.char_end for word in self.words]

    def under(self, pii: PiiSpan) -> range:
        """Indices of the words that a finding lies on: they stand together."""
        first = stop = bisect.bisect_right(self._char_ends, pii.char_start)
        while stop < len(self.words) and self.words[stop].char_start < pii.char_end:
            stop += 1
        return range(first, stop)
