"""Numbers, codes and spelled names: as they are said, and as recognizers write them."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from wordlists import COMMON_GIVEN, WORDS

from benchmarks.corpus.forms import NATO, ONES, number

LISTS = Path(__file__).parents[2] / "redactor/detect/recognizers/data"

COMMON_BY_LETTER = {c: [n for n in COMMON_GIVEN if n[0] == c] or [c] for c in string.ascii_lowercase}


@dataclass(frozen=True)
class Value:
    """A value in two forms of the same meaning; `written` is empty where recognizers write what is said."""

    spoken: str
    written: str = ""


@cache
def read_list(name: str) -> list[str]:
    """One of the product's word lists; not to be changed."""
    return (LISTS / f"{name}.txt").read_text(encoding="utf-8").split("\n")[:-1]


def nth_written(value: int) -> str:
    """An ordinal in digits: "3rd"."""
    last = value % 10 if value % 100 not in (11, 12, 13) else 0
    return f"{value}" + {1: "st", 2: "nd", 3: "rd"}.get(last, "th")


def digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice(string.digits) for _ in range(count))


@cache
def _everyday_words() -> list[str]:
    """Without the most common ones, which stand everywhere."""
    return [w for w in read_list("common_words")[300:9_000] if w.isalpha() and 2 < len(w) < 11]


def everyday(rng: random.Random) -> str:
    """A word that people make passwords and streets of."""
    return rng.choice(_everyday_words() if rng.random() < 0.7 else WORDS)


def say_digits(text: str, rng: random.Random, *, pairs: float = 0.15) -> str:
    """Digits as people say them: one by one, "double seven", in pairs, with an "um" or "then" between."""
    oh = "oh" if rng.random() < 0.5 else "zero"
    doubles, paired = rng.random() < 0.3, rng.random() < pairs and len(text) % 2 == 0
    out: list[str] = []
    at = 0
    while at < len(text):
        two = text[at : at + 2]
        if paired and len(two) == 2 and two[0] != "0":
            out.append(number(int(two)))
            at += 2
        elif doubles and text[at : at + 3] == text[at] * 3 and rng.random() < 0.5:
            out += ["triple", oh if text[at] == "0" else ONES[int(text[at])]]
            at += 3
        elif doubles and text[at : at + 2] == text[at] * 2:
            out += ["double", oh if text[at] == "0" else ONES[int(text[at])]]
            at += 2
        else:
            out.append(oh if text[at] == "0" else ONES[int(text[at])])
            at += 1
        if at < len(text) and rng.random() < 0.03:
            out.append(rng.choice(("um", "uh", "then", "er")))
    return " ".join(out)


def write_digits(text: str, rng: random.Random) -> str:
    """Digits as recognizers write them: in groups with all kinds of marks, now and then one lost or doubled."""
    if len(text) > 4 and rng.random() < 0.15:
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(("", text[at] * 2)) + text[at + 1 :]
    way = rng.random()
    if way < 0.3:
        return text
    if way < 0.65:
        sizes, at, parts = (
            rng.choice(((3, 3, 4), (4, 4, 4, 4), (2, 2, 2, 2), (3, 3, 3), (5, 4), (1, 3, 3, 4))),
            0,
            [],
        )
        while at < len(text):
            size = sizes[len(parts) % len(sizes)]
            parts.append(text[at : at + size])
            at += size
        return rng.choice(("-", " ", ", ", "-", " ")).join(parts)
    return rng.choice(("-", " ", ", ", " ")).join(text)


def code(spoken: str, written: str, rng: random.Random) -> Value:
    return Value(spoken, "" if rng.random() < 0.12 else written)


def number_of(rng: random.Random, *lengths: int) -> Value:
    text = digits(rng, rng.choice(lengths))
    return code(say_digits(text, rng), write_digits(text, rng), rng)


def read_out(text: str, rng: random.Random) -> Value:
    """Letters and digits of a code one by one."""
    spoken = " ".join(c if c.isalpha() else ONES[int(c)] for c in text.lower())
    if rng.random() < 0.2:
        spoken = " ".join(NATO[ord(c) - 97] if c.isalpha() else ONES[int(c)] for c in text.lower())
        return Value(spoken, "" if rng.random() < 0.7 else spoken.title())
    written = rng.choice(
        (text.upper(), " ".join(text.upper()), "-".join(text.upper()), ", ".join(text.upper()))
    )
    return Value(spoken, written)


@cache
def _initial_words() -> dict[str, list[str]]:
    """Everyday words by their first letter, for alphabets that people make up."""
    by_letter: dict[str, list[str]] = {c: [] for c in string.ascii_lowercase}
    for word in read_list("common_words")[:6_000]:
        if word.isalpha() and 2 < len(word) < 9 and word[0] in by_letter:
            by_letter[word[0]].append(word)
    return {c: words or ["x-ray"] for c, words in by_letter.items()}


def _word_for(letter: str, rng: random.Random) -> str:
    if rng.random() < 0.4:
        return NATO[ord(letter) - 97]
    return rng.choice(_initial_words()[letter] if rng.random() < 0.6 else COMMON_BY_LETTER[letter])


def spell(name: str, rng: random.Random) -> Value:
    """A name letter by letter: plain, by an alphabet, or with a word for some of the letters."""
    plain = [c for c in name.lower() if c in string.ascii_lowercase] or ["a"]
    way = rng.random()
    if way < 0.12:
        words = [NATO[ord(c) - 97] for c in plain]
        return Value(" ".join(words), rng.choice((" ".join(words), " ".join(words).title(), ", ".join(words))))
    if way < 0.32:
        link, share = rng.choice(("for", "as in", "like", "as in")), rng.choice((1.0, 0.4, 0.25))
        parts = [f"{c} {link} {_word_for(c, rng)}" if rng.random() < share else c for c in plain]
        return Value(" ".join(parts), rng.choice((" ", ", ")).join(p[0].upper() + p[1:] for p in parts))
    spoken = " ".join(plain)
    if rng.random() < 0.3:
        for pair in sorted({a + b for a, b in zip(plain, plain[1:], strict=False) if a == b}):
            spoken = spoken.replace(f"{pair[0]} {pair[1]}", f"double {pair[0]}")
    marks = rng.choice(("-", "-", " ", ", ", ".", ""))
    written = marks.join(c.upper() for c in plain)
    if marks == "-" and len(plain) > 4 and rng.random() < 0.3:
        at = rng.randint(1, len(plain) - 2)
        written = written[: 2 * at - 1] + written[2 * at :]
    return Value(spoken, written)
