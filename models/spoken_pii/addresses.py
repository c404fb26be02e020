"""Streets, houses and what else an address is made of, in all the ways that people say it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from codes import Value, everyday, nth_written, number_of, read_out, say_digits
from wordlists import (
    HOUSES,
    NUMBERED_ROADS,
    ORDINALS,
    RARE_STREET_TYPES,
    STREET_PREFIXES,
    STREET_TYPES,
    STREETS,
    UNITS,
)

from benchmarks.corpus.forms import ONES, number

if TYPE_CHECKING:
    from values import Names


def house_number(rng: random.Random) -> Value:
    """"forty one oh two", "27A"."""
    value = rng.choice((rng.randint(1, 99), rng.randint(100, 9999)))
    head, tail = divmod(value, 100)
    if value < 100 or tail == 0 or rng.random() < 0.2:
        spoken = number(value)
    elif rng.random() < 0.4:
        spoken = say_digits(str(value), rng, pairs=0)
    else:
        spoken = f"{number(head)} {number(tail) if tail > 9 else 'oh ' + ONES[tail]}"
    written = "" if rng.random() < 0.25 else str(value)
    if rng.random() < 0.07:
        letter = rng.choice("abcd")
        return Value(f"{spoken} {letter}", written and f"{written}{letter.upper()}")
    return Value(spoken, written)


def _nth_of(rng: random.Random, most: int) -> Value:
    """An ordinal: "eighty second", "82nd"."""
    value = rng.randint(1, most)
    tens, ones = divmod(value, 10)
    if value <= len(ORDINALS):
        spoken = ORDINALS[value - 1].replace("-", " ")
    elif ones:
        spoken = f"{number(10 * tens)} {ORDINALS[ones - 1]}"
    else:
        spoken = number(value).removesuffix("y") + ("ieth" if number(value).endswith("y") else "th")
    return Value(spoken, nth_written(value))


def _street_name(names: Names, rng: random.Random) -> Value:
    way = rng.random()
    if way < 0.08:
        return _nth_of(rng, 140)
    if way < 0.35:
        name = rng.choice(STREETS)
    elif way < 0.55:
        name = names.one("family", rng)
    elif way < 0.62:
        name = names.one("given", rng)
    elif way < 0.7:
        name = names.one("places", rng)
    else:
        name = " ".join(everyday(rng) for _ in range(rng.choice((1, 1, 2))))
    if rng.random() < 0.12:
        name = f"{rng.choice(STREETS)} {name}"
    return Value(name)


def street(names: Names, rng: random.Random) -> Value:
    """"old mill lane", "the shambles", "county road 12"."""
    way = rng.random()
    if way < 0.05:
        kind, value = rng.choice(NUMBERED_ROADS), rng.randint(1, 999)
        said = rng.choice((number(value), say_digits(str(value), rng)))
        return Value(f"{kind} {said}", rng.choice(("", f"{kind} {value}")))
    if way < 0.11:
        return Value(f"the {rng.choice((*RARE_STREET_TYPES, rng.choice(STREETS), everyday(rng)))}")
    name = _street_name(names, rng)
    before = f"{rng.choice(STREET_PREFIXES)} " if rng.random() < 0.12 else ""
    kinds = STREET_TYPES if rng.random() < 0.7 else RARE_STREET_TYPES
    after = f" {rng.choice(kinds)}" if rng.random() < 0.92 else ""
    return Value(f"{before}{name.spoken}{after}", name.written and f"{before}{name.written}{after}")


def _numbered(rng: random.Random, kind: str) -> Value:
    """A kind of thing and its number or letter."""
    way, letter = rng.random(), rng.choice("abcdefgh")
    value = rng.choice((rng.randint(1, 30), rng.randint(1, 30), rng.randint(100, 1200)))
    if way < 0.15:
        return Value(f"{kind} {letter}", f"{kind} {letter.upper()}")
    if way < 0.3:
        return Value(f"{kind} {number(value)} {letter}", f"{kind} {value}{letter.upper()}")
    return Value(f"{kind} {number(value)}", rng.choice(("", f"{kind} {value}", f"{kind} {value}")))


def unit(rng: random.Random) -> Value:
    """A part of a building or a site: "apartment 6C", "third floor"."""
    if rng.random() < 0.15:
        nth, kind = _nth_of(rng, 30), rng.choice(("floor", "floor", "level"))
        return Value(f"{nth.spoken} {kind}", rng.choice(("", f"{nth.written} {kind}")))
    return _numbered(rng, rng.choice(UNITS))


def named_house(names: Names, rng: random.Random) -> Value:
    """"the old forge"."""
    name = _street_name(names, rng).spoken
    before = rng.choice(("", "", "", "the ", "the old ", "old ", "the "))
    return Value(f"{before}{name} {rng.choice(HOUSES)}")


def corner(names: Names, rng: random.Random) -> Value:
    """Two streets that meet."""
    one, two = street(names, rng), street(names, rng)
    before = rng.choice(("the corner of ", "the corner of ", "corner of ", "the junction of ", "", ""))
    link = rng.choice((" and ", " and ", " at ", " where it meets ")) if not before else " and "
    written = before + (one.written or one.spoken) + link + (two.written or two.spoken)
    return Value(f"{before}{one.spoken}{link}{two.spoken}", written)


def box(rng: random.Random) -> Value:
    """A post box, or a box on a rural route."""
    at = _numbered(rng, rng.choice(("p o box", "post office box", "private bag", "locked bag", "post box")))
    if rng.random() < 0.35:
        route, value = rng.choice(("rural route", "r r", "route")), rng.randint(1, 9)
        at = _numbered(rng, "box")
        return Value(f"{route} {number(value)} {at.spoken}", f"{route} {value}, {at.written or at.spoken}")
    written = (at.written or at.spoken).replace("p o box", rng.choice(("PO box", "P.O. box")))
    return Value(at.spoken, written)


def address(names: Names, rng: random.Random) -> Value:
    """Number and street, now and then with a part of the building."""
    house, road = house_number(rng), street(names, rng)
    named = road.written or road.spoken
    if rng.random() < 0.6:
        named = " ".join(word[:1].upper() + word[1:] for word in named.split())
    spoken, written = f"{house.spoken} {road.spoken}", f"{house.written or house.spoken} {named}"
    way = rng.random()
    if way < 0.06:  # the number last
        link = rng.choice((" number", " number", ""))
        spoken = f"{road.spoken}{link} {house.spoken}"
        written = f"{named}{link and ', number'} {house.written or house.spoken}"
    elif way < 0.26:
        part = unit(rng)
        comma = rng.choice(("", ","))
        if rng.random() < 0.6:
            return Value(f"{spoken} {part.spoken}", f"{written}{comma} {part.written or part.spoken}")
        return Value(f"{part.spoken} {spoken}", f"{part.written or part.spoken}{comma} {written}")
    return Value(spoken, written)


def postcode(rng: random.Random) -> Value:
    """Of the United States, Great Britain, Canada and others."""
    way = rng.random()
    if way < 0.55:
        return number_of(rng, 5, 5, 5, 4, 6)
    pick = "ABCDEFGHJKLMNPRSTUWYZ"
    if way < 0.85:
        outward = "".join(rng.choice(pick) for _ in range(rng.choice((1, 2, 2)))) + str(rng.randint(1, 39))
        return read_out(f"{outward}{rng.randint(1, 9)}{rng.choice(pick)}{rng.choice(pick)}", rng)
    a, b, c = (rng.choice(pick) for _ in range(3))
    return read_out(f"{a}{rng.randint(1, 9)}{b}{rng.randint(1, 9)}{c}{rng.randint(1, 9)}", rng)
