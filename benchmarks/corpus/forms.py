"""How people say a value: digits in groups, spelled names, dates, e-mails. Text in, spoken words out.

Every function takes the random generator last and returns :class:`Said` words. Words that carry nothing by
themselves ("at", "as in", "um" between digits) are marked as fillers: muting them is no loss, and hearing them
no leak.
"""

from __future__ import annotations

import random
import string
from collections.abc import Iterable
from dataclasses import dataclass, replace


def _list(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ONES = _list(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
TENS = _list("zero ten twenty thirty forty fifty sixty seventy eighty ninety")
ORDINALS = _list(
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
MONTHS = _list("january february march april may june july august september october november december")
NATO = _list(
    "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar papa "
    "quebec romeo sierra tango uniform victor whiskey x-ray yankee zulu"
)
SHORT_PAUSE, BREATH = 0.18, 0.45  # seconds; the renderer varies them


@dataclass(frozen=True)
class Said:
    """One spoken word of a value, and the pause that follows it in seconds (0: none)."""

    text: str
    filler: bool = False
    pause: float = 0.0


def words(text: str, *, filler: bool = False) -> list[Said]:
    """Plain words, nothing spelled."""
    return [Said(w, filler) for w in text.split()]


def with_pause(said: Iterable[Said], pause: float) -> list[Said]:
    """The same words with a pause after the last one."""
    out = list(said)
    if out:
        out[-1] = replace(out[-1], pause=max(pause, out[-1].pause))
    return out


def number(value: int) -> str:
    """0 .. 9999 in words, as in "three hundred twelve"."""
    if value < 20:
        return ONES[value]
    if value < 100:
        return TENS[value // 10] + ("" if value % 10 == 0 else " " + ONES[value % 10])
    unit, name = (100, "hundred") if value < 1000 else (1000, "thousand")
    rest = "" if value % unit == 0 else " " + number(value % unit)
    return f"{number(value // unit)} {name}{rest}"


def ordinal(value: int) -> str:
    """1 .. 99 as an ordinal in words."""
    if value <= 20:
        return ORDINALS[value]
    if value % 10 == 0:
        return TENS[value // 10][:-1] + "ieth"
    return f"{TENS[value // 10]} {ORDINALS[value % 10]}"


def pairwise_number(value: int) -> str:
    """House numbers and years: "four twelve", "nineteen oh four", "twenty two ten"."""
    if value < 100 or value % 1000 == 0:
        return number(value)
    head, tail = divmod(value, 100)
    if tail == 0:
        return f"{number(head)} hundred"
    return f"{number(head)} {'oh ' + ONES[tail] if tail < 10 else number(tail)}"


def digits(text: str, rng: random.Random) -> list[Said]:
    """Digits one by one: now and then "oh" for zero, "double seven", "triple four"."""
    oh = rng.random() < 0.5
    doubles = rng.random() < 0.35
    out: list[Said] = []
    at = 0
    while at < len(text):
        run = len(text[at:]) - len(text[at:].lstrip(text[at]))
        name = "oh" if text[at] == "0" and oh else ONES[int(text[at])]
        if doubles and run in (2, 3):
            out += [Said("double" if run == 2 else "triple"), Said(name)]
            at += run
        else:
            out.append(Said(name))
            at += 1
    return out


def grouped(text: str, sizes: Iterable[int], rng: random.Random, *, pause: float = SHORT_PAUSE) -> list[Said]:
    """Digits in groups with a pause after each, sometimes a longer breath or an "um"."""
    out: list[Said] = []
    at = 0
    for size in sizes:
        out += with_pause(digits(text[at : at + size], rng), pause)
        at += size
        if at < len(text) and rng.random() < 0.06:
            out += with_pause([Said("um", filler=True)], SHORT_PAUSE)
        elif rng.random() < 0.2:
            out = with_pause(out, BREATH)
    return out


def in_pairs(text: str, rng: random.Random) -> list[Said]:
    """Digits as two-digit numbers: "forty two fifteen"; one by one where a pair begins with zero."""
    pairs = [text[i : i + 2] for i in range(0, len(text), 2)]
    if any(p[0] == "0" for p in pairs):
        return digits(text, rng)
    return [w for p in pairs for w in words(number(int(p)))]


def letters(text: str) -> list[Said]:
    """Letters one by one; what is no letter is not said."""
    return [Said(c) for c in text.upper() if c in string.ascii_uppercase]


def spelled(text: str, rng: random.Random) -> list[Said]:
    """A name spelled in letters, in runs of three or four, with "double L" now and then."""
    plain = [c for c in text.upper() if c in string.ascii_uppercase]
    doubles = rng.random() < 0.5
    out: list[Said] = []
    at = 0
    while at < len(plain):
        if doubles and at + 1 < len(plain) and plain[at] == plain[at + 1]:
            out += [Said("double"), Said(plain[at])]
            at += 2
        else:
            out.append(Said(plain[at]))
            at += 1
        if len(plain) - at >= 2 and at % rng.choice((3, 4)) == 0:
            out = with_pause(out, SHORT_PAUSE)
    return out


def nato(text: str) -> list[Said]:
    """A name in the NATO alphabet."""
    return [
        Said(NATO[ord(c) - ord("a")], pause=SHORT_PAUSE if i % 3 == 2 else 0.0)
        for i, c in enumerate(c for c in text.lower() if c in string.ascii_lowercase)
    ]


def as_in(text: str, table: list[str], rng: random.Random) -> list[Said]:
    """Letters with a word for some of them: "B as in boy", "M for Mary"."""
    by_letter = {w[0]: w for w in table} | {"x": table[23]}
    link = rng.choice(("as in", "for", "like"))
    out: list[Said] = []
    for c in text.lower():
        if c not in string.ascii_lowercase:
            continue
        out.append(Said(c.upper()))
        if rng.random() < 0.6:
            out += words(link, filler=True) + [Said(by_letter[c], pause=SHORT_PAUSE)]
    return out


def mixed(code: str, rng: random.Random, *, phonetic: bool = False) -> list[Said]:
    """A code of letters and digits ("QX7 4LT"), letters plain or in the NATO alphabet; a blank is a pause."""
    out: list[Said] = []
    for group in code.split():
        for c in group:
            if c.isdigit():
                out += digits(c, rng)
            else:
                out += nato(c) if phonetic else letters(c)
        out = with_pause(out, SHORT_PAUSE)
    return out


def email(address: str, rng: random.Random) -> list[Said]:
    """`m.johnson84 gmail dot com` as it is said: "m dot johnson eighty four at gmail dot com".

    `address` is the part before the sign, a blank, and the spoken domain.
    """
    local, domain = address.split(" ", 1)
    out: list[Said] = []
    for char_class, part in _runs(local):
        if char_class == "digit":
            out += in_pairs(part, rng) if len(part) % 2 == 0 and rng.random() < 0.5 else digits(part, rng)
        elif char_class == "mark":
            out += words({".": "dot", "_": "underscore", "-": "dash"}[part], filler=True)
        elif len(part) == 1:
            out += letters(part)
        else:
            out.append(Said(part))
    said_domain = [Said(w, filler=w in {"dot", "com", "net", "co"}) for w in domain.split()]
    return [*out, Said("at", filler=True), *said_domain]


def _runs(text: str) -> list[tuple[str, str]]:
    """Stretches of letters, digits and marks."""
    out: list[tuple[str, str]] = []
    for c in text:
        kind = "digit" if c.isdigit() else "alpha" if c.isalpha() else "mark"
        if out and out[-1][0] == kind and kind != "mark":
            out[-1] = (kind, out[-1][1] + c)
        else:
            out.append((kind, c))
    return out


def date(day: int, month: int, year: int, rng: random.Random) -> list[Said]:
    """A date of birth in one of the ways it is said."""
    long_year = pairwise_number(year) if year < 2000 else number(year)
    short_year = number(year % 100) if year % 100 >= 10 else f"oh {ONES[year % 100]}"
    month_name = MONTHS[month - 1]
    style = rng.randrange(5)
    if style == 0:
        return with_pause(words(f"{month_name} {ordinal(day)}"), SHORT_PAUSE) + words(long_year)
    if style == 1:
        said = words(ordinal(day)) + words("of", filler=True) + words(month_name)
        return said + words(rng.choice((long_year, short_year)))
    if style == 2:
        return words(f"{number(month)} {number(day)} {short_year}")
    if style == 3:
        two = with_pause(digits(f"{month:02d}", rng), SHORT_PAUSE) + with_pause(
            digits(f"{day:02d}", rng), SHORT_PAUSE
        )
        return two + words(long_year)
    return words(f"{month_name} {number(day)}") + words(short_year)
