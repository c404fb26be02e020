"""Names as a recognizer may write them: split, misspelt, or as everyday words that sound alike."""

from __future__ import annotations

import random
from collections import defaultdict
from functools import cache
from itertools import pairwise

from codes import read_list

from redactor.detect.phonetic import near_keys, sound_key


@cache
def _sounding() -> dict[str, list[str]]:
    """Everyday words by how they sound."""
    by_sound: dict[str, list[str]] = defaultdict(list)
    for word in read_list("common_words")[:12_000]:
        if word.isalpha() and len(word) > 1:
            by_sound[sound_key(word)].append(word)
    return by_sound


def _alike(word: str) -> list[str]:
    """Everyday words that sound like it, in an order that does not change from run to run."""
    return [w for key in sorted(near_keys(sound_key(word))) for w in _sounding().get(key, ())]


def misheard(name: str, rng: random.Random) -> str:
    """A name as a recognizer may write it."""
    return " ".join(_misheard(word, rng) for word in name.split())


def _misheard(word: str, rng: random.Random) -> str:
    way = rng.random()
    if way < 0.2 and (alike := _alike(word)):
        return rng.choice(alike)
    if way < 0.5 and len(word) > 3:
        cuts = [rng.randint(2, len(word) - 2)]
        if len(word) > 6 and rng.random() < 0.3:
            cuts = sorted({*cuts, rng.randint(2, len(word) - 2)})
        return " ".join(_likely(word[a:b], rng) for a, b in pairwise([0, *cuts, len(word)]))
    if way < 0.9 and len(word) > 3:
        return _misspelt(word, rng)
    return word


def _likely(part: str, rng: random.Random) -> str:
    alike = _alike(part)
    return rng.choice(alike) if alike and rng.random() < 0.85 else part


_CONFUSED = "ae ei oa uo bp dt kg sz vf mn yi ck".split()


def _misspelt(word: str, rng: random.Random) -> str:
    for _ in range(rng.choice((1, 1, 2))):
        at = rng.randint(1, len(word) - 2)
        way = rng.randint(0, 2)
        if way == 0 and len(word) > 3:
            word = word[:at] + word[at + 1 :]
        elif way == 1:
            word = word[:at] + word[at] + word[at:]
        else:
            pairs = dict((*_CONFUSED, *(p[::-1] for p in _CONFUSED)))
            word = word[:at] + pairs.get(word[at], word[at]) + word[at + 1 :]
    return word
