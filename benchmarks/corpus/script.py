"""Who says what: templates and values become turns of labelled words. No sound here."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from benchmarks.corpus import forms, values
from benchmarks.corpus.forms import Said

FILLER = "-"  # label of words that count for neither leak nor loss
CALL_SECONDS = (30.0, 180.0)
WORDS_PER_SECOND = 2.2  # of the voices at normal rate, pauses counted
_SLOT = re.compile(r"\{([a-z]+)(\d*)(?:\.([a-z_]+))?\}")
_TOKEN = re.compile(r"\{[^}]*\}|[^\s{}]+")


@dataclass(frozen=True)
class Token:
    """One spoken word of a turn.

    Attributes
    ----------
    text : str
        As it stands in the gold.
    label : str
        Entity type, "" for an ordinary word, "-" for a filler inside a value.
    entity : int
        Number of the mention within the recording, 0 for ordinary words.
    pause : float
        Seconds of silence after the word, 0 where speech runs on.
    """

    text: str
    label: str = ""
    entity: int = 0
    pause: float = 0.0


@dataclass(frozen=True)
class Turn:
    side: int
    tokens: tuple[Token, ...]


@dataclass(frozen=True)
class Script:
    """Everything said in one recording, with the templates and values it was made from (for the tests)."""

    kind: str
    turns: tuple[Turn, ...]
    templates: tuple[str, ...]
    values: tuple[str, ...]


@dataclass
class _Memory:
    """What a recording has said so far: the same slot says the same value again."""

    half: str
    rng: random.Random
    drawn: dict[str, Any] = field(default_factory=dict)
    mentions: int = 0

    def get(self, kind: str, key: str) -> Any:
        name = kind + key
        if name not in self.drawn:
            self.drawn[name] = self._draw(kind)
        return self.drawn[name]

    def _draw(self, kind: str) -> Any:
        if kind in values.PEOPLE:
            return values.person(self.half, self.rng)
        if kind in values.OTHERS:
            return values.OTHERS[kind][1](self.half, self.rng)
        make = values.NUMBERS[kind][1]
        return values.draw(self.half, lambda: make(self.rng))

    def spoken_values(self) -> tuple[str, ...]:
        """Every personal value that the recording holds, names in parts."""
        out = []
        for value in self.drawn.values():
            out += [value.first, value.last] if isinstance(value, values.Person) else [value]
        return tuple(out)


@cache
def templates(name: str, half: str) -> dict[str, Any]:
    """data/NAME_HALF.toml."""
    path = values.DATA / f"{name}_{half}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _slot(match: re.Match[str], memory: _Memory) -> list[Token]:
    """What a slot says, as labelled tokens."""
    kind, key, form = match.group(1), match.group(2), match.group(3) or ""
    half, rng = memory.half, memory.rng
    if kind in values.HARMLESS:
        return [Token(w) for w in values.HARMLESS[kind](half, rng).split()]
    said: list[Said]
    if kind in values.PEOPLE:
        label = "PERSON"
        table = values.tables(half)["spelling"]["as_in"]
        said = values.say_person(memory.get(kind, key), form, table, rng)
    elif kind == "cardend":
        label = "CREDIT_CARD"
        said = values.say_value(kind, memory.get("card", key)[-4:], rng)
    else:
        label = (values.NUMBERS.get(kind) or values.OTHERS[kind])[0]
        said = values.say_value(kind, memory.get(kind, key), rng)
    memory.mentions += 1
    return [Token(s.text, FILLER if s.filler else label, memory.mentions, s.pause) for s in said]


def tokens_of(line: str, memory: _Memory) -> tuple[Token, ...]:
    """Words of one line of a template; commas, full stops and "|" become pauses."""
    out: list[Token] = []
    pauses = {",": forms.SHORT_PAUSE, ".": forms.BREATH, "|": forms.BREATH}
    for part in _TOKEN.findall(line):
        mark = part[-1] if part[-1] in pauses else ""
        body = part.rstrip(",.|")
        slot = _SLOT.fullmatch(body)
        if slot:
            out += _slot(slot, memory)
        elif body:
            out.append(Token(body))
        if mark and out:
            out[-1] = replace(out[-1], pause=max(out[-1].pause, pauses[mark]))
    return tuple(out)


def _hesitate(tokens: tuple[Token, ...], rng: random.Random) -> tuple[Token, ...]:
    """Now and then an "um" before a turn, as callers do."""
    if rng.random() < 0.15:
        return (Token(rng.choice(("um", "uh", "well")), pause=forms.SHORT_PAUSE), *tokens)
    return tokens


def _exchanges(half: str, rng: random.Random, target_seconds: float) -> Iterator[dict[str, Any]]:
    """Openings, identification, details and small talk in the order of a call."""
    by_part: dict[str, list[dict[str, Any]]] = {}
    for exchange in templates("calls", half)["exchange"]:
        by_part.setdefault(exchange["part"], []).append(exchange)
    for pool in by_part.values():
        rng.shuffle(pool)
    middle_count = max(2, round(target_seconds / 14))
    yield by_part["open"][0]
    yield by_part["identify"][0]
    pools = {"identify": by_part["identify"][1:], "detail": by_part["detail"], "harmless": by_part["harmless"]}
    for _ in range(middle_count):
        part = rng.choices(("identify", "detail", "harmless"), (1, 3, 2))[0]
        if pools[part]:
            yield pools[part].pop()
    yield by_part["close"][0]


def call(half: str, rng: random.Random) -> Script:
    """A call of 30 s to 3 minutes: agent is side 0, caller side 1."""
    memory = _Memory(half, rng)
    turns: list[Turn] = []
    used: list[str] = []
    for exchange in _exchanges(half, rng, rng.uniform(*CALL_SECONDS)):
        for line in exchange["turns"]:
            side = "AC".index(line[0])
            tokens = tokens_of(line[2:], memory)
            turns.append(Turn(side, _hesitate(tokens, rng) if side else tokens))
            used.append(line[2:])
    return Script("call", tuple(turns), tuple(used), memory.spoken_values())


def command(half: str, rng: random.Random) -> Script:
    """One command to an assistant; two in three hold personal data."""
    table = templates("commands", half)
    line = rng.choice(table["personal"] if rng.random() < 2 / 3 else table["harmless"])
    memory = _Memory(half, rng)
    turn = Turn(0, tokens_of(line, memory))
    return Script("command", (turn,), (line,), memory.spoken_values())
