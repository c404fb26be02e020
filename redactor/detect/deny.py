"""Default-deny: everything is muted but words that are known to be harmless and were surely said.

A word stays where every hearing has it at the same time, it is in the safe vocabulary, its length fits what
is said, and it stands among others like it: a misheard name is seldom three everyday words in a row to two
models that fail in different places. How probable a recognizer holds a word plays no part.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from redactor.detect.recognizers.lexicon import FUNCTION_WORDS, stem
from redactor.detect.turns import Speech
from redactor.detect.vocabulary import is_safe_token
from redactor.policy import DenyPolicy
from redactor.types import Origin, PiiSpan, Seconds, TimeSpan, Transcript

# The same word of two hearings: its times differ by less (benchmarks/calibrate.py, both models' errors).
_SAME_TIME_S = 0.4
# Nobody says a word faster or slower; longer ones have something else in them.
_LEAST_S_PER_LETTER = 0.015
_MOST_S, _MOST_S_PER_LETTER = 0.4, 0.09
# Words of a run follow each other within this; a longer gap may hide one nobody heard.
_LONGEST_GAP_S = 1.2
# Kept beyond a run, of a pause longer than that.
_MARGIN_S, _SHORTEST_PAUSE_S = 0.2, 0.12
# A word that begins this much before a border lies behind it.
_BORDER_S = 0.05
# Letters of a word that may be the first syllable of a name.
_SMALL = 3
_BEFORE_TIME = frozenset("around at by past till until".split())
_BEHIND_TIME = frozenset("am and in o'clock on please pm this today tomorrow tonight".split())
_BEFORE_ONE = frozenset("another any each every that the this which".split())


@dataclass(frozen=True)
class _Kept:
    """A word that may stay."""

    start: Seconds
    end: Seconds
    index: int


def denied(transcript: Transcript, found: Sequence[PiiSpan], policy: DenyPolicy) -> list[TimeSpan]:
    """What is muted because nobody knows it to be harmless: all of each channel but runs of safe words.

    Parameters
    ----------
    transcript : Transcript
        With at least one other hearing; without one, nothing stays.
    found : sequence of PiiSpan
        What was found in it: muted anyway, and so no reason to doubt the word beside it.
    policy : DenyPolicy

    Returns
    -------
    list of TimeSpan
        Origin "denied", in order of time on each channel.
    """
    spans = []
    for channel in transcript.channels:
        reached = 0.0
        for start, end in _heard(transcript, channel, found, policy):
            if start > reached:
                spans.append(_span(reached, start, channel))
            reached = max(reached, end)
        if reached < transcript.duration:
            spans.append(_span(reached, transcript.duration, channel))
    return spans


def _span(start: Seconds, end: Seconds, channel: int) -> TimeSpan:
    return TimeSpan(start, end, (channel,), (), Origin.DENIED)


def _heard(
    transcript: Transcript, channel: int, found: Sequence[PiiSpan], policy: DenyPolicy
) -> Iterator[tuple[Seconds, Seconds]]:
    """Stretches that stay, in order."""
    every = [Speech.of(hearing, channel) for hearing in transcript.hearings]
    speeches = [s for s, hearing in zip(every, transcript.hearings, strict=True) if not hearing.tentative]
    own = speeches[0]
    if len(speeches) < 2:
        return
    personal = _personal(every, found)
    run: list[_Kept] = []
    for index in range(len(own.tokens)):
        kept = _kept(speeches, index, policy)
        if kept is None:
            continue
        if run and not _go_together(speeches, run[-1], kept):
            yield from _stretch(own, run, personal, policy)
            run = []
        run.append(kept)
    yield from _stretch(own, run, personal, policy)


def _personal(speeches: Sequence[Speech], found: Sequence[PiiSpan]) -> set[int]:
    """Tokens of the first hearing at the time of a finding in any."""
    own = speeches[0]
    personal = set()
    for pii in found:
        if pii.channel != own.channel:
            continue
        heard = speeches[pii.hearing]
        under = [i for i, t in enumerate(heard.tokens) if t.start < pii.char_end and pii.char_start < t.end]
        if not under:
            continue
        first = bisect_left(own.ends, heard.starts[under[0]])
        last = bisect_left(own.starts, heard.ends[under[-1]])
        personal.update(range(first, last))
    return personal


def _stretch(
    own: Speech, run: list[_Kept], personal: set[int], policy: DenyPolicy
) -> Iterator[tuple[Seconds, Seconds]]:
    """A run without a small word at its end that may be the first syllable of a misheard name."""
    if run and _is_doubtful(own, run[-1].index, personal):
        run = run[:-1]
    if len(run) >= max(policy.min_words, 1):
        yield _edges(own, run)


def _is_doubtful(own: Speech, index: int, personal: set[int]) -> bool:
    """ "To mash", "so a lot": a small word right before one that neither stays nor was found."""
    after = index + 1
    if after == len(own.tokens) or after in personal:
        return False
    if own.starts[after] - own.ends[index] > _SHORTEST_PAUSE_S:
        return False
    word = own.tokens[index].text
    return len(word) <= _SMALL and word in FUNCTION_WORDS


def _go_together(speeches: Sequence[Speech], before: _Kept, after: _Kept) -> bool:
    """Nothing between two kept words but a short pause, or small words that the hearings disagree on."""
    if after.start - before.end > _LONGEST_GAP_S:
        return False
    between = [t.text for t in speeches[0].tokens[before.index + 1 : after.index]]
    if not between:
        return True
    for other in speeches[1:]:
        first = bisect_left(other.starts, before.end - _BORDER_S)
        last = bisect_left(other.starts, after.start - _BORDER_S)
        between += [t.text for t in other.tokens[first:last]]
    return FUNCTION_WORDS.issuperset(between)


def _kept(speeches: Sequence[Speech], index: int, policy: DenyPolicy) -> _Kept | None:
    own = speeches[0]
    token = own.tokens[index]
    if not (is_safe_token(token, policy.vocabulary) or _is_pronoun(own, index) or _is_time(own, index)):
        return None
    start, end = own.starts[index], own.ends[index]
    if not _fits(token.text, end - start):
        return None
    for other in speeches[1:]:
        at = _agreeing(other, token.text, start)
        if at is None:
            return None
        start, end = max(start, other.starts[at]), min(end, other.ends[at])
    return _Kept(start, max(start, end), index)


def _is_pronoun(own: Speech, index: int) -> bool:
    """ "Skip this one": no number where no other is beside it."""
    if own.tokens[index].text != "one" or index == 0 or own.tokens[index - 1].text not in _BEFORE_ONE:
        return False
    return index + 1 == len(own.tokens) or not own.tokens[index + 1].is_numeric


def _is_time(own: Speech, index: int) -> bool:
    """ "At 415", "past 11", "at eight am": a time of day, with nothing behind it that makes it an address."""
    token = own.tokens[index]
    if not token.is_numeric or index == 0 or own.tokens[index - 1].text not in _BEFORE_TIME:
        return False
    digits = token.digits if len(token.digits) > 2 else f"{token.digits}00"
    if len(digits) > 4 or not (1 <= int(digits[:-2]) <= 12 and int(digits[-2:]) < 60):
        return False
    if index + 1 == len(own.tokens) or own.tokens[index + 1].text in _BEHIND_TIME:
        return True
    return own.opens_clause(index + 1) and not own.tokens[index + 1].is_numeric


def _fits(word: str, seconds: Seconds) -> bool:
    return len(word) * _LEAST_S_PER_LETTER <= seconds <= _MOST_S + len(word) * _MOST_S_PER_LETTER


def _agreeing(other: Speech, word: str, start: Seconds) -> int | None:
    """The same word at the same time; one that only sounds the same may be another half of a name."""
    at = bisect_left(other.starts, start - _SAME_TIME_S)
    while at < len(other.tokens) and other.starts[at] <= start + _SAME_TIME_S:
        said = other.tokens[at].text
        if said == word or stem(said) == stem(word):
            return at
        at += 1
    return None


def _edges(own: Speech, run: Sequence[_Kept]) -> tuple[Seconds, Seconds]:
    """Of a run: into the pause beside it, and away from a word beside it that does not stay."""
    first, last = run[0], run[-1]
    start, end = own.starts[first.index], own.ends[last.index]
    pause_before = start - own.ends[first.index - 1] if first.index else start
    pause_after = own.starts[last.index + 1] - end if last.index + 1 < len(own.tokens) else float("inf")
    if pause_before > _SHORTEST_PAUSE_S:
        start -= min(pause_before - _SHORTEST_PAUSE_S, _MARGIN_S)
    else:
        start = max(start, first.start)
    if pause_after > _SHORTEST_PAUSE_S:
        end += min(pause_after - _SHORTEST_PAUSE_S, _MARGIN_S)
    else:
        end = min(end, last.end)
    return max(start, 0.0), max(start, end, 0.0)
