"""What recognizers of spoken forms share: the tokens of a transcript.

A token is what one breath of a recognizer's text stands for: "415" and "seven" are numbers, "k" and "kilo"
letters, "$5" and "10:30" amounts, everything else a word. Nothing here decides what is personal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

UNITS = {
    "zero": "0", "oh": "0", "nought": "0", "naught": "0", "one": "1", "two": "2", "three": "3", "four": "4",
    "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "niner": "9",
}  # fmt: skip
TEENS = {
    "ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14", "fifteen": "15",
    "sixteen": "16", "seventeen": "17", "eighteen": "18", "nineteen": "19",
}  # fmt: skip
TENS = {
    "twenty": "20", "thirty": "30", "forty": "40", "fourty": "40", "fifty": "50", "sixty": "60",
    "seventy": "70", "eighty": "80", "ninety": "90",
}  # fmt: skip
REPEATS = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4}
MONTHS = frozenset(
    "january february march april may june july august september october november december "
    "jan feb mar apr jun jul aug sep sept oct nov dec".split()
)
ORDINALS = frozenset(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth thirtieth".split()
)
# ICAO spelling alphabet, in both its spellings.
NATO = {
    "alpha": "a", "alfa": "a", "bravo": "b", "charlie": "c", "delta": "d", "echo": "e", "foxtrot": "f",
    "golf": "g", "hotel": "h", "india": "i", "juliet": "j", "juliett": "j", "kilo": "k", "lima": "l",
    "mike": "m", "november": "n", "oscar": "o", "papa": "p", "quebec": "q", "romeo": "r", "sierra": "s",
    "tango": "t", "uniform": "u", "victor": "v", "whiskey": "w", "whisky": "w", "x-ray": "x", "xray": "x",
    "yankee": "y", "zulu": "z",
}  # fmt: skip
FILLERS = frozenset("um uh er erm hmm mm eh ah umm uhh".split())
# A number in front of one of these counts or measures something.
MEASURES = frozenset(
    "dollar dollars buck bucks cent cents euro euros pound pounds quid percent degree degrees second seconds "
    "minute minutes hour hours day days week weeks month months year years am pm a.m p.m o'clock mile miles "
    "kilometer kilometers meter meters metre metres foot feet inch inches people person persons times million "
    "billion thousand hundred kilo kilos gram grams milligram milligrams liter liters litre litres gallon "
    "gallons gigabyte gigabytes gigs megabyte megabytes items pieces points stars boxes bottles cups".split()
)


class Kind(StrEnum):
    """What a token stands for."""

    NUMBER = "number"  # written digits, "415"
    UNIT = "unit"  # "seven", "oh"
    TEEN = "teen"  # "ten" to "nineteen"
    TENS = "tens"  # "twenty" to "ninety"
    REPEAT = "repeat"  # "double"
    LETTER = "letter"  # "k", "kilo"
    AMOUNT = "amount"  # "$5", "10:30", "98.7", "20%"
    WORD = "word"


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a transcript.

    Attributes
    ----------
    start, end : int
        Its characters, half-open.
    text : str
        Casefolded, with a plain apostrophe.
    kind : Kind
    digits : str
        The digits of a NUMBER, UNIT, TEEN or TENS; empty for the rest.
    gap : str
        What stands between the token before and this one: blanks and punctuation.
    """

    start: int
    end: int
    text: str
    kind: Kind
    digits: str = ""
    gap: str = ""

    @property
    def opens_sentence(self) -> bool:
        """The one before ended in a full stop, a question mark or an exclamation mark."""
        return any(mark in self.gap for mark in ".?!")

    @property
    def is_numeric(self) -> bool:
        return bool(self.digits)


_TOKEN = re.compile(
    r"(?P<amount>[$€£]\s?\d[\d,.]*|\d[\d,.]{0,12}\s?%|\d{1,2}:\d{2}|\d+\.\d{1,2}(?![\d.]))"
    r"|(?P<number>\d+)|(?P<word>x-ray|o'clock|[ap]\.m\b|[^\W\d_]+(?:['’][^\W\d_]+)*)",
    re.IGNORECASE,
)


@lru_cache(maxsize=2)
def tokenize(text: str) -> tuple[Token, ...]:
    """Tokens of a transcript in order. The last texts are kept: every recognizer asks for the same one."""
    tokens = []
    end = 0
    for match in _TOKEN.finditer(text):
        word = match.group().casefold().replace("’", "'")
        kind, digits = _kind(match, word)
        tokens.append(Token(match.start(), match.end(), word, kind, digits, text[end : match.start()]))
        end = match.end()
    return tuple(tokens)


def _kind(match: re.Match[str], word: str) -> tuple[Kind, str]:
    if match["amount"]:
        return Kind.AMOUNT, ""
    if match["number"]:
        return Kind.NUMBER, word
    for kind, table in ((Kind.UNIT, UNITS), (Kind.TEEN, TEENS), (Kind.TENS, TENS)):
        if word in table:
            return kind, table[word]
    if word in REPEATS:
        return Kind.REPEAT, ""
    if len(word) == 1 or word in NATO:
        return Kind.LETTER, ""
    return Kind.WORD, ""


@dataclass(frozen=True)
class Finding:
    """Personal data by its characters, half-open. From 0.5 on it is for every policy, below for strict ones."""

    entity_type: str
    start: int
    end: int
    score: float = 0.6
