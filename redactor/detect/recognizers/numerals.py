"""Runs of digits and letters among the tokens of a transcript: the material of numbers, codes and plates.

A run is read as it is said: "double seven" is two digits, "forty two" one piece of two, "ABX412" three letters
and three digits. Fillers, breaths and words that sound like digits ("to", "for", "ate") belong to it where it
goes on behind them. Nothing here decides what is personal, only what is one run and what counts something.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from redactor.detect.recognizers.lexicon import rank
from redactor.detect.recognizers.numeral_words import (
    ACRONYMS,
    ANNOUNCING,
    BEFORE_VALUE,
    BETWEEN,
    COUNTED,
    JOINERS,
    LAST,
    MULTIPLIERS,
    ONE,
    SOFT,
    SOUNDS,
    SUFFIXES,
)
from redactor.detect.recognizers.slots import text_at
from redactor.detect.recognizers.spoken import MONTHS, NATO, REPEATS, Kind, Token

_MOST_SOFT = 3
# Before a run and after it, as far as one breath goes.
_JOINT = re.compile(r"[\s,.\-–—/()#+*:;…]*")
_AS_IN = (("as", "in"), ("is", "in"), ("like",), ("for",), ("as",))
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3}){1,5}(?![\d,-])")
_YEAR = re.compile(r"(?:1[89]\d\d|20[0-3]\d)")
# These are words where they stand between two numbers.
_NEVER_MISHEARD = COUNTED | MONTHS | BETWEEN
_TIGHT = ("", "-", ",")
_LONG = 6
_RARE = 20_000


@dataclass(frozen=True)
class Part:
    """A piece of a run, and what it stands for. `sure` is False where it only counts beside others."""

    first: int
    last: int
    digits: str = ""
    letters: int = 0
    sure: bool = True
    quantity: bool = False  # "hundred", "1,500"

    @property
    def counts(self) -> bool:
        return bool(self.digits or self.letters)


@dataclass(frozen=True)
class Run:
    """Digits and letters said in one go: tokens `first` to `last`, half-open.

    Attributes
    ----------
    digits : str
        Without those of quantities ("two hundred") where the run is nothing else.
    letters : int
    pieces : int
        How many parts they came in.
    glued : bool
        Letters and digits stand in one word, "ABX412".
    parts : tuple of Part
    """

    first: int
    last: int
    parts: tuple[Part, ...]
    digits: str
    letters: int
    pieces: int
    glued: bool

    @property
    def size(self) -> int:
        return len(self.digits) + self.letters


@lru_cache(maxsize=2)
def runs(tokens: tuple[Token, ...], text: str) -> tuple[Run, ...]:
    """Every run of a transcript in order, the shortest too. The last ones are kept: several recognizers ask."""
    found: list[Run] = []
    for parts in _chains(tokens, text):
        run = _run(tokens, text, _trimmed(tokens, parts))
        if run is None:
            continue
        if found and _is_bridged(tokens, found[-1], run):
            middle = Part(found[-1].last, run.first)
            run = _run(tokens, text, [*found.pop().parts, middle, *run.parts]) or run
        found.append(run)
    return tuple(found)


def _chains(tokens: Sequence[Token], text: str) -> Iterator[list[Part]]:
    """Parts that follow one another, with what stands between them."""
    shouted = not any(c.islower() for c in text)
    chain: list[Part] = []
    held: list[Part] = []
    index = 0
    while index < len(tokens):
        part = _part(tokens, text, index, shouted)
        joined = not chain or _JOINT.fullmatch(tokens[index].gap)
        if chain and (part is None or not joined or _parted(tokens, chain, held)):
            yield chain + held
            chain, held = [], []
        if part is None or not joined:
            held = []
        if part is None:
            index += 1
            continue
        if part.counts and part.sure:
            chain += [*held, part]
            held = []
        elif chain or part.counts:
            held.append(part)
        if not chain and not (part.counts and part.sure):
            # "Well for 910-516": a digit that became a word may be the first.
            held = [part] if part.counts else []
        index = part.last
    if chain:
        yield chain + held


def _parted(tokens: Sequence[Token], chain: Sequence[Part], held: Sequence[Part]) -> bool:
    """Too much is said in between, or a number is done and a new sentence begins: "5526. It is 415"."""
    soft = [p for p in held if tokens[p.first].text in SOFT]
    if len(soft) > _MOST_SOFT:
        return True
    anew = len(soft) > 1 and any(tokens[p.first].opens_sentence for p in soft)
    return anew and sum(len(p.digits) for p in chain if p.sure) >= _LONG


def _part(tokens: Sequence[Token], text: str, index: int, shouted: bool) -> Part | None:
    """What token `index` begins; None where a run cannot go on."""
    token = tokens[index]
    if token.kind is Kind.NUMBER:
        return _written_number(tokens, text, index)
    if token.is_numeric:
        return _said_number(tokens, index)
    if token.kind is Kind.REPEAT:
        return _repeated(tokens, text, index, shouted)
    if token.kind is Kind.LETTER:
        return _letter(tokens, text, index)
    if token.kind is Kind.AMOUNT and "%" not in token.text:
        # "4-1-5, $5,55, 2671": digits run together look like money or a time of day.
        return Part(index, index + 1, "".join(c for c in token.text if c.isdigit()), sure=False)
    if token.text in MULTIPLIERS:
        before = index and (tokens[index - 1].is_numeric or tokens[index - 1].text in MULTIPLIERS)
        return Part(index, index + 1, MULTIPLIERS[token.text], quantity=True) if before else None
    if token.text == "of" and index + 1 < len(tokens) and len(tokens[index + 1].digits) == 1:
        return Part(index, index + 1, "0", sure=False)  # "three oh eight" heard as "3 of 8"
    if token.text in SOUNDS:
        return Part(index, index + 1, SOUNDS[token.text], sure=False)
    if token.text in JOINERS or token.text in SOFT:
        return Part(index, index + 1)
    if _is_code_word(tokens, text, index, shouted):
        return Part(index, index + 1, letters=len(token.text))
    return None


def _written_number(tokens: Sequence[Token], text: str, index: int) -> Part | None:
    token = tokens[index]
    if _is_count(tokens, index):
        return None
    thousands = _THOUSANDS.match(text, token.start)
    if thousands and (token.gap or index == 0):
        last = index + 1 + thousands.group().count(",")
        digits = thousands.group().replace(",", "")
        return Part(index, last, digits, quantity=len(digits) < 7 or digits.endswith("00"))
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    if following and not following.gap and following.text in SUFFIXES and text[following.start].islower():
        return None
    return Part(index, index + 1, token.digits)


def _said_number(tokens: Sequence[Token], index: int) -> Part | None:
    token = tokens[index]
    if _is_count(tokens, index) or _is_pronoun(tokens, index):
        return None
    if token.kind is Kind.TENS and index + 1 < len(tokens):
        unit = tokens[index + 1]
        if unit.kind is Kind.UNIT and unit.digits != "0" and unit.gap in (" ", "-", ""):
            return Part(index, index + 2, token.digits[0] + unit.digits)
    # "Oh" opens many a sentence; it is a zero where the run goes on without a breath.
    sighed = token.text == "oh" and (index + 1 == len(tokens) or tokens[index + 1].gap.strip() in (",", "."))
    return Part(index, index + 1, token.digits, sure=not (sighed and token.opens_sentence))


def _is_count(tokens: Sequence[Token], index: int) -> bool:
    """ "The last four", "three digits on the back": a number about a number."""
    following = text_at(tokens, index + 1)
    if following in ("digit", "digits", "numbers", "letters", "characters"):
        return True
    small = len(tokens[index].digits) == 1
    return small and text_at(tokens, index - 1) in LAST and not tokens[index].gap.strip()


def _is_pronoun(tokens: Sequence[Token], index: int) -> bool:
    """ "No one", "this one", "one of them"."""
    if tokens[index].text != "one" or (index + 1 < len(tokens) and tokens[index + 1].is_numeric):
        return False
    return text_at(tokens, index - 1) in ONE or text_at(tokens, index + 1) == "of"


def _repeated(tokens: Sequence[Token], text: str, index: int, shouted: bool) -> Part | None:
    """ "Double seven", "triple A"."""
    if index + 1 == len(tokens) or not _JOINT.fullmatch(tokens[index + 1].gap):
        return None
    if tokens[index + 1].kind in (Kind.REPEAT, Kind.WORD):
        return None
    part = _part(tokens, text, index + 1, shouted)
    if part is None:
        return None
    times = REPEATS[tokens[index].text]
    digits = part.digits[:1] * (times - 1) + part.digits
    return replace(part, first=index, digits=digits, letters=part.letters * times)


def _letter(tokens: Sequence[Token], text: str, index: int) -> Part:
    token = tokens[index]
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    if len(token.text) > 1:
        return Part(index, index + 1, letters=1)
    for words in _AS_IN:
        after = index + 1 + len(words)
        if [t.text for t in tokens[index + 1 : after]] == list(words) and after < len(tokens):
            named = tokens[after]
            if len(named.text) > 1 and not named.is_numeric and named.text.startswith(token.text):
                return Part(index, after + 1, letters=1)
    if token.text not in "ai":
        return Part(index, index + 1, letters=1)
    before = tokens[index - 1] if index and not token.opens_sentence else None
    if following is not None and following.opens_sentence:
        following = None
    behind, ahead = _is_sign(before), _is_sign(following)
    # "A B 4", "4 A A.", "is A 4 4", but "a 4 4", "4 a day", "I 4".
    capital = token.text == "a" and text[token.start] == "A" and before is not None
    sure = (behind and (ahead or (following is None and token.text == "a"))) or (
        ahead and following is not None and (following.text not in ("a", "i") or behind)
        and (capital or not following.is_numeric)
    )
    return Part(index, index + 1, letters=1, sure=bool(sure))


def _is_sign(token: Token | None) -> bool:
    return token is not None and (token.is_numeric or (token.kind is Kind.LETTER and len(token.text) == 1))


def _is_code_word(tokens: Sequence[Token], text: str, index: int, shouted: bool) -> bool:
    """ "KLM" beside digits: letters in capitals that are no word."""
    token = tokens[index]
    if len(token.text) > 5 or not text[token.start : token.end].isupper() or not token.text.isalpha():
        return False
    before = tokens[index - 1] if index and token.gap.strip() in _TIGHT else None
    after = tokens[index + 1] if index + 1 < len(tokens) and tokens[index + 1].gap.strip() in _TIGHT else None
    if not any(t is not None and (t.is_numeric or t.kind is Kind.LETTER) for t in (before, after)):
        return False
    glued = (before is not None and not token.gap) or (after is not None and not after.gap)
    if glued:
        return token.text != "covid"
    if shouted or token.text in ANNOUNCING:
        return False
    if token.text in ACRONYMS:
        return after is not None and len(after.digits) >= 3 and after.gap.strip() in ("", ",")
    return len(token.text) <= 3 or rank(token.text) > _RARE


def _trimmed(tokens: Sequence[Token], parts: list[Part]) -> list[Part]:
    """Without a lone "a" or "I", or a word that only might be a digit, at the borders: the sentence around."""
    first, last = 0, len(parts)
    if any(part.digits and part.sure for part in parts):
        while first < last and _is_border_word(tokens, parts[first]):
            first += 1
        while last > first and _is_border_word(tokens, parts[last - 1]):
            last -= 1
    while last > first and not parts[last - 1].counts:
        last -= 1
    long = sum(len(p.digits) for p in parts[first:last]) >= _LONG
    if long and first and _is_misheard_first(tokens, parts[first - 1]):
        first -= 1
    return parts[first : last + _misheard_tail(tokens, parts, first, last)]


def _is_misheard_first(tokens: Sequence[Token], part: Part) -> bool:
    """ "Well, for 910-516", "it is for 415": a digit that became a word opens the number."""
    opens = part.first == 0 or tokens[part.first].gap.strip() or tokens[part.first - 1].text in BEFORE_VALUE
    return bool(part.digits and opens)


def _misheard_tail(tokens: Sequence[Token], parts: list[Part], first: int, last: int) -> int:
    """How many words at the end were digits: "27090573 do.", "five five five oh won too tree."."""
    tail = 0
    while last + tail < len(parts) and parts[last + tail].digits:
        if tokens[parts[last + tail].first].gap.strip():
            break
        tail += 1
    end = parts[last + tail - 1].last
    closes = end == len(tokens) or tokens[end].opens_sentence
    digits = sum(len(p.digits) for p in parts[first:last] if p.sure)
    return tail if closes and (digits >= _LONG or (tail > 1 and digits >= 3)) else 0


def _is_border_word(tokens: Sequence[Token], part: Part) -> bool:
    return not part.counts or not part.sure


def _text(tokens: Sequence[Token], part: Part) -> str:
    return tokens[part.first].text if part.last - part.first == 1 else ""


def _run(tokens: Sequence[Token], text: str, parts: list[Part]) -> Run | None:
    counting = [p for p in parts if p.counts and p.sure]
    if not counting:
        return None
    plain = _without_quantities(counting)
    letters = sum(p.letters for p in plain)
    if letters == 1 and any(_text(tokens, p) in NATO and p.letters for p in plain):
        letters = 0  # "hotel 500", "november 20"
    first, last = parts[0].first, parts[-1].last
    glued = any(
        not b.gap and (a.kind is Kind.NUMBER) != (b.kind is Kind.NUMBER) and text[b.start - 1].isalnum()
        for a, b in pairwise(tokens[first:last])
    )
    return Run(first, last, tuple(parts), "".join(p.digits for p in plain), letters, len(plain), glued)


def _without_quantities(parts: list[Part]) -> list[Part]:
    """Parts outside "two hundred and fifty"; all of them where a longer number is around it."""
    kept: list[Part] = []
    in_quantity = False
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        opens = following is not None and following.quantity and not part.quantity
        # "Two hundred five", but "two hundred five five five" is said digit by digit.
        closes = following is None or following.quantity or not following.digits
        if part.quantity or opens or (in_quantity and closes and 0 < len(part.digits) <= 2):
            in_quantity = True
        else:
            in_quantity = False
            kept.append(part)
    solid = sum(len(p.digits) for p in kept)
    return parts if solid >= 3 else kept


def _is_bridged(tokens: Sequence[Token], left: Run, right: Run) -> bool:
    """One word that nobody knows, in a number: "609 077, dump 3854"."""
    between = tokens[left.last : right.first]
    if not 1 <= len(between) <= 2 or any(t.text in _NEVER_MISHEARD for t in between):
        return False
    if any(t.opens_sentence for t in (*between, tokens[right.first])):
        return False
    if any(_is_count(tokens, left.last + i) for i, t in enumerate(between) if t.is_numeric):
        return False
    if text_at(tokens, right.last) in COUNTED or left.letters or right.letters:
        return False
    if is_years(left) or is_years(right):
        return False
    sizes = len(left.digits), len(right.digits)
    strong = min(sizes) >= 2 and max(sizes) >= 4 and sum(sizes) >= 7
    return strong and (len(between) == 1 or min(sizes) >= 3)


def is_years(run: Run) -> bool:
    """Nothing but years: "2019, 2020", "nineteen ninety eight"."""
    if run.letters or not run.digits:
        return False
    parts = [p.digits for p in run.parts if p.digits and p.sure]
    index = 0
    while index < len(parts):
        if _YEAR.fullmatch(parts[index]):
            index += 1
        elif _YEAR.fullmatch("".join(parts[index : index + 2])) and len(parts[index]) == 2:
            index += 2
        elif parts[index] in ("19", "20") and _YEAR.fullmatch("".join(parts[index : index + 3])):
            index += 3
        else:
            return False
    return True


def is_progression(run: Run) -> bool:
    """ "One, two, three, four", "10, 15, 20": somebody counts."""
    values = [int(p.digits) for p in run.parts if p.digits and p.sure and len(p.digits) <= 2]
    steps = {b - a for a, b in pairwise(values)}
    even = len(steps) == 1 and steps != {0}
    upward = values[:2] == [1, 2] and steps <= {1, 2}
    return 3 <= len(values) == run.pieces and (even or upward) and not run.letters
