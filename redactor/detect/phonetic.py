"""How words sound, roughly: a key for look-ups, and the likeness of two spellings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

# In this order; what is left of vowels, "h", "w" and "y" is dropped afterwards. Voiced and voiceless consonants
# are one: recognizers confuse them first.
_RULES = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"^(kn|gn|pn)", "n"), (r"^wr", "r"), (r"^x", "s"), (r"^wh", "w"), (r"^ts", "s"),
        (r"tsch|tch|sch|sh|ch|cz|sz|tj", "J"), (r"ph", "f"), (r"gh(?=[tn]|$)", ""),
        (r"gh", "k"), (r"dt", "t"), (r"th", "t"),
        (r"ti(?=on)", "J"), (r"dg(?=[eiy])|g(?=[eiy])|j", "J"), (r"ck|q|c(?![eiy])", "k"), (r"c", "s"),
        (r"x", "ks"), (r"z", "s"), (r"d", "t"), (r"b", "p"), (r"g", "k"), (r"v", "f"), (r"mb$", "m"),
    )
)  # fmt: skip
_VOWELS = re.compile(r"[^bcdfgjklmnpqrstvxzJ]")
_DOUBLE = re.compile(r"(.)\1+")


@lru_cache(maxsize=4096)
def sound_key(word: str) -> str:
    """Consonants as they sound: "Schmidt", "Schmitt" and "Shmit" are "JMT"; a vowel in front is "A".

    Parameters
    ----------
    word : str
        Small letters without accents.
    """
    sounds = word
    for pattern, sound in _RULES:
        sounds = pattern.sub(sound, sounds)
    front = "A" if sounds[:1] and sounds[0] in "aeiouy" else ""
    return front + _DOUBLE.sub(r"\1", _VOWELS.sub("", sounds)).upper()


def near_keys(key: str) -> Iterator[str]:
    """The key, and for a long one each with one sound left out: two that differ in one share one of these."""
    yield key
    if len(key) >= 4:
        yield from {key[:at] + key[at + 1 :] for at in range(len(key))}


def likeness(a: str, b: str) -> float:
    """1 for the same spelling, 0 for nothing in common: 1 - edit distance / length of the longer."""
    longest = max(len(a), len(b))
    if not longest:
        return 1.0
    row = list(range(len(b) + 1))
    for i, from_a in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, from_b in enumerate(b, 1):
            cost = before + (from_a != from_b)
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, cost)
    return 1 - row[-1] / longest
