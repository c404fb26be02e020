"""A value found once is searched for everywhere: every channel, every hearing, also where it only sounds alike.

Numbers are compared by their digits, however they are grouped or said; names by how they sound. What was
written at the same time in another hearing is a second spelling of the value. Everyday words are never
searched for by themselves: "mark it" stays audible when somebody is called Mark.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from redactor.detect.phonetic import likeness, near_keys, sound_key
from redactor.detect.recognizers.lexicon import (
    FUNCTION_WORDS,
    Standing,
    is_given,
    opens,
    rank,
    standing,
    stem,
)
from redactor.detect.recognizers.numerals import Run, runs
from redactor.detect.recognizers.spoken import MEASURES, NATO, Kind, Token
from redactor.detect.turns import Speech
from redactor.types import PiiSpan, Seconds, Transcript

RECOGNIZER = "RepeatRecognizer"
_MOST_SCORE = 0.55

# Kinds whose words name somebody or something; of others only the digits are searched for.
_WORDED = frozenset(
    "ANSWER EMAIL_ADDRESS LOCATION PASSWORD PERSON SPELLED_NAME STREET_ADDRESS USER_NAME".split()
)
# Never said again as themselves.
_NEVER = frozenset("AGE NRP ORGANIZATION".split())
# So many digits in a row are the same number; fewer where they are all that a code has.
_RUN = 4
_CODE = 3
_CODES = frozenset("PIN_CODE CARD_EXPIRY POSTAL_CODE LICENSE_PLATE PASSWORD".split())
# Likeness from which words of one sound are one name.
_ALIKE = 0.6
_ALIKE_IN_SLOT = 0.5
# An English word from this rank on is more likely a misheard name where it sounds like one.
_UNUSUAL = 10_000
# Searched for beside another one only: "prospect" of "prospect street".
_PLAIN = 1_500
# So frequent that a capital inside a finding makes no name of it: "Text Torsten Happy Birthday".
_FREQUENT = 2_500
_SHORTEST = 3
# Spellings of one sound that are compared: more are a list of names, and would cost a comparison of all pairs.
_MOST_SPELLINGS = 12
# Before a name that somebody is called by.
_CALLS = frozenset("mr mrs ms miss mister doctor dr hi hello hey dear sir madam thanks".split())


@dataclass(frozen=True, slots=True)
class _Place:
    """Tokens `first` to `last`, half-open, of one channel of one hearing."""

    hearing: int
    channel: int
    first: int
    last: int


@dataclass(eq=False)
class _Index:
    """Where words, pairs of words and digits stand, over all hearings."""

    speeches: Mapping[tuple[int, int], Speech]
    words: dict[str, list[_Place]] = field(default_factory=lambda: defaultdict(list))
    sounds: dict[str, dict[str, list[_Place]]] = field(default_factory=lambda: defaultdict(dict))
    pairs: dict[tuple[str, str], list[_Place]] = field(default_factory=lambda: defaultdict(list))
    digits: dict[str, list[_Place]] = field(default_factory=lambda: defaultdict(list))
    runs: dict[tuple[int, int], Sequence[Run]] = field(default_factory=dict)

    def token(self, place: _Place) -> Token:
        return self.speeches[place.hearing, place.channel].tokens[place.first]

    def text(self, place: _Place) -> str:
        tokens = self.speeches[place.hearing, place.channel].tokens[place.first : place.last]
        return "".join(stem(t.text) for t in tokens)


def repeats(hearings: Sequence[Transcript], found: Sequence[PiiSpan]) -> list[PiiSpan]:
    """Other places where what was found is said.

    Parameters
    ----------
    hearings : sequence of Transcript
        As in :attr:`Transcript.hearings`.
    found : sequence of PiiSpan
        Findings in them, by position.

    Returns
    -------
    list of PiiSpan
        Of the type of what they repeat, with a score of 0.55 at most; nothing that `found` covers already.
    """
    speeches = {
        (number, channel): Speech.of(hearing, channel)
        for number, hearing in enumerate(hearings)
        for channel in hearing.channels
    }
    found = [pii for pii in found if pii.entity_type not in _NEVER and (pii.hearing, pii.channel) in speeches]
    if not found:
        return []
    index = _index(speeches)
    covered = _covered(speeches, found)
    best: dict[_Place, PiiSpan] = {}
    searched: set[tuple[str, object]] = set()
    for pii in sorted(found, key=lambda p: -p.score):
        for place in _said_again(index, pii, searched):
            taken = covered[place.hearing, place.channel]
            if place not in best and taken.isdisjoint(range(place.first, place.last)):
                best[place] = _span(speeches, place, pii)
    return sorted(best.values(), key=lambda p: (p.hearing, p.channel, p.char_start, p.char_end, p.entity_type))


def _span(speeches: Mapping[tuple[int, int], Speech], place: _Place, pii: PiiSpan) -> PiiSpan:
    tokens = speeches[place.hearing, place.channel].tokens
    return PiiSpan(
        place.channel,
        pii.entity_type,
        tokens[place.first].start,
        tokens[place.last - 1].end,
        min(_MOST_SCORE, pii.score),
        RECOGNIZER,
        place.hearing,
    )


def _covered(
    speeches: Mapping[tuple[int, int], Speech], found: Iterable[PiiSpan]
) -> dict[tuple[int, int], set[int]]:
    """Tokens that are found already, also under another hearing: their time is muted."""
    covered: dict[tuple[int, int], set[int]] = {key: set() for key in speeches}
    for pii in found:
        key = pii.hearing, pii.channel
        first, last = speeches[key].under(pii)
        covered[key].update(range(first, last))
        if first < last:
            for place in _aliases(speeches, pii, first, last):
                covered[place.hearing, place.channel].add(place.first)
    return covered


def _index(speeches: Mapping[tuple[int, int], Speech]) -> _Index:
    index = _Index(speeches)
    for (hearing, channel), speech in speeches.items():
        for at, token in enumerate(speech.tokens):
            if token.kind is not Kind.WORD and token.text not in NATO:
                continue
            _index_word(index, speech, _Place(hearing, channel, at, at + 1))
        index.runs[hearing, channel] = runs(speech.tokens, speech.text)
        for run in index.runs[hearing, channel]:
            under = [part for part in run.parts for _ in part.digits]
            digits = _digits(run)
            for start in range(len(digits) - _RUN + 1):
                shared = _Place(hearing, channel, under[start].first, under[start + _RUN - 1].last)
                index.digits[digits[start : start + _RUN]].append(shared)
            if len(digits) == _CODE:
                index.digits[digits].append(_Place(hearing, channel, run.first, run.last))
    return index


def _index_word(index: _Index, speech: Speech, place: _Place) -> None:
    token = speech.tokens[place.first]
    index.words[stem(token.text)].append(place)
    if place.last < len(speech.tokens):
        index.pairs[token.text, speech.tokens[place.last].text].append(
            _Place(place.hearing, place.channel, place.first, place.last + 1)
        )
    if not _may_be_misheard(speech, place.first):
        return
    _index_sound(index, stem(token.text), place)
    pair = _Place(place.hearing, place.channel, place.first, place.last + 1)
    if _is_split(speech, place.first):
        _index_sound(index, index.text(pair), pair)


def _index_sound(index: _Index, spelling: str, place: _Place) -> None:
    for key in near_keys(sound_key(spelling)):
        spellings = index.sounds[key]
        if spelling in spellings or len(spellings) < _MOST_SPELLINGS:
            spellings.setdefault(spelling, []).append(place)


def _may_be_misheard(speech: Speech, at: int) -> bool:
    """A word that another spelling of a name can be: no everyday word, unless it stands where names do."""
    token = speech.tokens[at]
    if len(token.text) < _SHORTEST or token.text in FUNCTION_WORDS:
        return False
    if token.kind is not Kind.WORD:
        return False
    grade = standing(token, speech.text)
    if grade is Standing.NAME or grade is Standing.CAPITALISED:
        return True
    if grade is Standing.NEVER:
        return False
    return rank(stem(token.text)) > _UNUSUAL or _is_called(speech, at)


def _is_split(speech: Speech, at: int) -> bool:
    """The next word may be the rest of this one: "Noah Kowski"."""
    if at + 1 == len(speech.tokens):
        return False
    rest = speech.tokens[at + 1]
    return rest.kind is Kind.WORD and not rest.gap.strip(" -'") and rest.text not in FUNCTION_WORDS


def _is_called(speech: Speech, at: int) -> bool:
    """Somebody is called by it: "thank you, ...", "Mr. ..."."""
    before = speech.tokens[at - 1].text if at else ""
    if before == "you" and at > 1:
        return speech.tokens[at - 2].text == "thank" and "," in speech.tokens[at].gap
    return before in _CALLS


def _digits(run: Run) -> str:
    return "".join(part.digits for part in run.parts)


def _said_again(index: _Index, pii: PiiSpan, searched: set[tuple[str, object]]) -> Iterator[_Place]:
    """Places like one finding; what was searched for once is not searched for again."""
    first, last = index.speeches[pii.hearing, pii.channel].under(pii)
    if first == last:
        return
    for run in _runs_under(index.runs[pii.hearing, pii.channel], first, last):
        yield from _numbers(index, run, pii.entity_type, searched)
    if pii.entity_type not in _WORDED:
        return
    own = _Place(pii.hearing, pii.channel, first, last)
    for place in (own, *_aliases(index.speeches, pii, first, last)):
        under = index.speeches[place.hearing, place.channel]
        for word in _names_in(under, place.first, place.last):
            if ("word", word) not in searched:
                searched.add(("word", word))
                yield from _sounding(index, word)
        for at in range(place.first, place.last - 1):
            pair = under.tokens[at].text, under.tokens[at + 1].text
            if ("pair", pair) not in searched and _is_telling(pair):
                searched.add(("pair", pair))
                yield from index.pairs.get(pair, ())


def _aliases(
    speeches: Mapping[tuple[int, int], Speech], pii: PiiSpan, first: int, last: int
) -> Iterator[_Place]:
    """Tokens of other hearings that stand at the time of a finding, one by one."""
    own = speeches[pii.hearing, pii.channel]
    start, end = min(own.starts[first:last]), max(own.ends[first:last])
    for (hearing, channel), speech in speeches.items():
        if channel != pii.channel or hearing == pii.hearing:
            continue
        at = max(bisect_left(speech.starts, start) - 2, 0)
        while at < len(speech.tokens) and speech.starts[at] < end:
            if _is_under(speech, at, start, end):
                yield _Place(hearing, channel, at, at + 1)
            at += 1


def _is_under(speech: Speech, at: int, start: Seconds, end: Seconds) -> bool:
    """More than half of a word lies between two times."""
    shared = min(end, speech.ends[at]) - max(start, speech.starts[at])
    return shared > 0.5 * (speech.ends[at] - speech.starts[at])


def _names_in(speech: Speech, first: int, last: int) -> Iterator[str]:
    """Words of a value that can be searched for: names and rare words, and names that were spelled."""
    letters: list[str] = []
    for token in (*speech.tokens[first:last], None):
        if token is not None and token.kind is Kind.LETTER:
            letters.append(NATO.get(token.text, token.text))
            continue
        if len(letters) > _SHORTEST:
            yield "".join(letters)
        letters = []
        if token is None or token.kind is not Kind.WORD or len(token.text) < _SHORTEST:
            continue
        word = stem(token.text)
        grade = standing(token, speech.text)
        known = grade is Standing.NAME or is_given(word)
        unusual = rank(word) > (_FREQUENT if grade is Standing.CAPITALISED else _UNUSUAL)
        if known or (grade >= Standing.AMBIGUOUS and unusual):
            yield word


def _sounding(index: _Index, word: str) -> Iterator[_Place]:
    """Where a name is said again, in its own or another spelling."""
    plain = rank(word) < _UNUSUAL * 3
    for place in index.words.get(word, ()):
        speech = index.speeches[place.hearing, place.channel]
        token = index.token(place)
        written = speech.text[token.start].isupper() and not opens(token)
        if not plain or written or _is_called(speech, place.first):
            yield place
    key = sound_key(word)
    seen = {word}
    for near in near_keys(key):
        for spelling, places in index.sounds.get(near, {}).items():
            if spelling in seen and spelling != word:
                continue
            seen.add(spelling)
            alike = likeness(word, spelling)
            if alike >= _ALIKE_IN_SLOT:
                yield from (place for place in places if _is_alike(index, word, key, place, alike))


def _is_alike(index: _Index, word: str, key: str, place: _Place, alike: float) -> bool:
    speech = index.speeches[place.hearing, place.channel]
    if place.last - place.first > 1:
        # Two words are one name only if neither is like it alone.
        alone = max(likeness(word, stem(t.text)) for t in speech.tokens[place.first : place.last])
        return alike >= max(_ALIKE, alone + 0.1)
    if alike == 1:
        return False  # found by its spelling, or kept out there
    called = _is_called(speech, place.first)
    return alike >= (_ALIKE_IN_SLOT if called else _ALIKE) and (len(key) > 1 or called)


def _is_telling(pair: tuple[str, str]) -> bool:
    """Two words that are a value together though each is an everyday word."""
    if any(word in FUNCTION_WORDS or word in MEASURES or len(word) < _SHORTEST for word in pair):
        return False
    return any(rank(stem(word)) > _PLAIN for word in pair)


def _numbers(index: _Index, run: Run, entity_type: str, searched: set[tuple[str, object]]) -> Iterator[_Place]:
    """Runs that share enough digits in a row with one under a finding."""
    digits = _digits(run)
    if ("digits", digits) in searched:
        return
    searched.add(("digits", digits))
    if len(digits) == _CODE and entity_type in _CODES:
        yield from index.digits.get(digits, ())
    for start in range(len(digits) - _RUN + 1):
        gram = digits[start : start + _RUN]
        if ("gram", gram) not in searched:
            searched.add(("gram", gram))
            yield from index.digits.get(gram, ())


def _runs_under(listed: Sequence[Run], first: int, last: int) -> Iterator[Run]:
    at = bisect_right(listed, first, key=lambda r: r.last)
    while at < len(listed) and listed[at].first < last:
        yield listed[at]
        at += 1
