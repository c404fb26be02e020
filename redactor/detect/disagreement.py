"""Places where two hearings differ and neither makes sense: what a name becomes that no model knows.

Two models that fail in different places write everyday words alike. Where they write different ones, and both
readings hold a word that is rare or a name, most likely neither is what was said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from redactor.detect.recognizers.lexicon import FUNCTION_WORDS, Standing, rank, standing, stem
from redactor.detect.recognizers.spoken import Kind
from redactor.detect.turns import Speech
from redactor.types import PiiSpan, Transcript

RECOGNIZER = "DisagreementRecognizer"
_SCORE = 0.5
# More words than this in a row are no name but a stretch that one model could not follow.
_MOST = 4
# From this rank on a word is rare enough to be a misheard one.
_RARE = 6_000
# The two readings are of the same sound.
_APART_S = 1.0


def disagreements(hearings: Sequence[Transcript]) -> list[PiiSpan]:
    """Names (PERSON) that two hearings disagree on.

    Parameters
    ----------
    hearings : sequence of Transcript
        As in :attr:`Transcript.hearings`; the first is held against each other.

    Returns
    -------
    list of PiiSpan
        One for each reading, with a score of 0.5.
    """
    found = []
    for number, other in enumerate(hearings[1:], 1):
        for channel in hearings[0].channels:
            ours, theirs = Speech.of(hearings[0], channel), Speech.of(other, channel)
            for (first, last), (other_first, other_last) in _differing(ours, theirs):
                found.append(ours.span(first, last, "PERSON", _SCORE, RECOGNIZER))
                span = theirs.span(other_first, other_last, "PERSON", _SCORE, RECOGNIZER, hearing=number)
                found.append(span)
    return found


def _differing(a: Speech, b: Speech) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    words = [stem(t.text) for t in a.tokens], [stem(t.text) for t in b.tokens]
    for what, i, j, k, m in SequenceMatcher(None, *words, autojunk=False).get_opcodes():
        if what != "replace" or j - i > _MOST or m - k > _MOST:
            continue
        apart = abs(a.starts[i] - b.starts[k])
        if apart < _APART_S and _is_odd(a, i, j) and _is_odd(b, k, m):
            yield (i, j), (k, m)


def _is_odd(speech: Speech, first: int, last: int) -> bool:
    """Some word is rare, or looks like a name."""
    for token in speech.tokens[first:last]:
        if token.kind is not Kind.WORD or token.text in FUNCTION_WORDS:
            continue
        if standing(token, speech.text) >= Standing.AMBIGUOUS or rank(stem(token.text)) > _RARE:
            return True
    return False
