"""The tokens of a channel with their times, and the turns and clauses that they form."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from redactor.detect.recognizers.spoken import Token, tokenize
from redactor.types import PiiSpan, Seconds, Transcript, Word

# A pause that ends a clause, and one that ends a turn.
CLAUSE_PAUSE_S = 0.7
TURN_PAUSE_S = 1.0


@dataclass(frozen=True, eq=False)
class Speech:
    """What one channel says.

    Attributes
    ----------
    channel : int
    text : str
        The channel's text; tokens lie on its characters.
    tokens : tuple of Token
    starts, ends : tuple of float
        Seconds, one for each token; tokens of one word share its time by their characters.
    """

    channel: int
    text: str
    tokens: tuple[Token, ...]
    starts: tuple[Seconds, ...]
    ends: tuple[Seconds, ...]

    @classmethod
    def of(cls, transcript: Transcript, channel: int) -> Speech:
        """Tokens outside any word (there are none in a transcript that was built) are left out."""
        words = list(transcript.words(channel))
        text = transcript.text(channel)
        tokens, starts, ends = [], [], []
        at = 0
        for token in tokenize(text):
            while at < len(words) and words[at].char_end <= token.start:
                at += 1
            if at == len(words):
                break
            last = at
            while last + 1 < len(words) and words[last + 1].char_start < token.end:
                last += 1
            tokens.append(token)
            starts.append(_time_of(words[at], token.start))
            ends.append(_time_of(words[last], token.end))
        return cls(channel, text, tuple(tokens), tuple(starts), tuple(ends))

    def pause_before(self, index: int) -> Seconds:
        """Silence between a token and the one before; endless before the first."""
        return self.starts[index] - self.ends[index - 1] if index else float("inf")

    def opens_clause(self, index: int) -> bool:
        """A mark or a pause stands before a token."""
        if index == 0 or any(mark in self.tokens[index].gap for mark in ",.?!;:"):
            return True
        return self.pause_before(index) >= CLAUSE_PAUSE_S

    def opens_sentence(self, index: int) -> bool:
        if index == 0 or self.tokens[index].opens_sentence:
            return True
        return self.pause_before(index) >= CLAUSE_PAUSE_S

    def turns(self) -> Iterator[tuple[int, int]]:
        """First token of each turn and the one after its last; a long pause parts them."""
        first = 0
        for index in range(1, len(self.tokens) + 1):
            if index == len(self.tokens) or self.pause_before(index) >= TURN_PAUSE_S:
                yield first, index
                first = index

    def under(self, pii: PiiSpan) -> tuple[int, int]:
        """Tokens under a finding, half-open; of one between two tokens none, at the one behind it."""
        first = bisect_right(self.tokens, pii.char_start, key=lambda t: t.end)
        last = bisect_left(self.tokens, pii.char_end, key=lambda t: t.start)
        return first, max(first, last)

    def span(
        self, first: int, last: int, entity_type: str, score: float, recognizer: str, *, hearing: int = 0
    ) -> PiiSpan:
        """A finding over tokens `first` to `last`, half-open."""
        return PiiSpan(
            self.channel,
            entity_type,
            self.tokens[first].start,
            self.tokens[last - 1].end,
            score,
            recognizer,
            hearing,
        )


def _time_of(word: Word, char: int) -> Seconds:
    share = (char - word.char_start) / max(word.char_end - word.char_start, 1)
    return word.start + min(max(share, 0.0), 1.0) * (word.end - word.start)
