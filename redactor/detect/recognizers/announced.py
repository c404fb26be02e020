"""Runs that the words around them announce: "the code is 4 2 5 8", "0427, that is the expiry"."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from redactor.detect.recognizers.lexicon import FUNCTION_WORDS
from redactor.detect.recognizers.numeral_words import COUNTED
from redactor.detect.recognizers.numerals import Run
from redactor.detect.recognizers.slots import text_at
from redactor.detect.recognizers.spoken import FILLERS, Token

# Between a cue and its value.
_LEADS = FILLERS | frozenset(
    "ah and are as be code follows for i'm is it it'd it's its just my number of oh okay on please "
    "reads says so sure that that's the this was well would yeah yes".split()
)
_MOST_MISHEARD = 5
_CLOSE = 3
_BREAKS = frozenset("and but or".split())
# Between a value and a cue behind it.
_LINKS = frozenset("are as for is it's its my on that's was your".split())


def is_near(tokens: Sequence[Token], cue_end: int, first: int, reach: int) -> bool:
    """A value at `first` can belong to a cue that ended before: not far, and a sentence further at most."""
    if not 0 <= first - cue_end <= reach:
        return False
    # "The security code? Sure. 4 4 1" is near enough in spite of two.
    return first - cue_end < _CLOSE or sum(t.opens_sentence for t in tokens[cue_end : first + 1]) <= 1


def is_counted(tokens: Sequence[Token], run: Run) -> bool:
    """What follows says what the number counts: "12 people", "30 -day"."""
    after = tokens[run.last] if run.last < len(tokens) else None
    return after is not None and after.text in COUNTED and after.gap.strip() in ("", "-")


def run_after(tokens: Sequence[Token], found: Sequence[Run], cue_end: int, reach: int) -> Run | None:
    """The first run behind a cue, if it is near; `found` in order."""
    index = bisect_right(found, cue_end, key=lambda run: run.last)
    if index == len(found):
        return None
    run = found[index]
    return run if is_near(tokens, cue_end, max(run.first, cue_end), reach) else None


def run_before(tokens: Sequence[Token], found: Sequence[Run], cue_first: int, reach: int) -> Run | None:
    """The last run in front of a cue in the same sentence, joined to it: "3 5 7 is the code"."""
    index = bisect_right(found, cue_first, key=lambda run: run.last)
    if index == 0:
        return None
    run = found[index - 1]
    return run if is_linked(tokens, run.last, cue_first, reach) else None


def is_linked(tokens: Sequence[Token], last: int, cue_first: int, reach: int = 4) -> bool:
    """ "Is my" or the like joins a value that ends at `last` to a cue behind it."""
    between = tokens[last:cue_first]
    if not 0 < len(between) <= reach or any(t.opens_sentence for t in tokens[last : cue_first + 1]):
        return False
    return any(t.text in _LINKS for t in between) and not any(t.text in _BREAKS for t in between)


def misheard_lead(tokens: Sequence[Token], cue_end: int, first: int) -> int:
    """Where a value begins whose first letters became words: "plate is Bravo with KCR 9129".

    Nothing is added where the words between are many, frequent ones, or not right behind the cue.
    """
    start = cue_end
    while start < first and tokens[start].text in _LEADS:
        start += 1
    between = tokens[start:first]
    direct = start > cue_end and text_at(tokens, start - 1) in ("is", "it's", "be", "just", "was", "that's")
    if not direct or not 0 < len(between) <= _MOST_MISHEARD:
        return first
    if any(t.opens_sentence for t in (*between[1:], tokens[first])):
        return first
    return first if all(t.text in FUNCTION_WORDS for t in between) else start
