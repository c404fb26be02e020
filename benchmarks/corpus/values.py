"""Names and values of one half, and how each kind of value is drawn and said."""

from __future__ import annotations

import hashlib
import random
import string
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.corpus import forms
from benchmarks.corpus.forms import Said

HALVES = ("dev", "test")
DATA = Path(__file__).parent / "data"


@cache
def tables(half: str) -> dict[str, Any]:
    """The lists of one half, as in data/values_HALF.toml."""
    return tomllib.loads((DATA / f"values_{half}.toml").read_text(encoding="utf-8"))


def half_of(value: str) -> str:
    """The half that a made-up number, code or date belongs to, by its digest: no value can be in both."""
    return HALVES[hashlib.sha256(value.encode()).digest()[0] % 2]


def draw(half: str, make: Callable[[], str]) -> str:
    """Make values until one belongs to the half."""
    while True:
        value = make()
        if half_of(value) == half:
            return value


@dataclass(frozen=True)
class Person:
    first: str
    last: str


def _number_of(rng: random.Random, count: int, *, first: str = string.digits) -> str:
    return rng.choice(first) + "".join(rng.choice(string.digits) for _ in range(count - 1))


def _letters_of(rng: random.Random, count: int) -> str:
    return "".join(rng.choice("ABCDEFGHJKLMNPQRSTVWXYZ") for _ in range(count))


def luhn_number(rng: random.Random, prefix: str, length: int) -> str:
    """A card number with a valid check digit (ISO/IEC 7812-1)."""
    body = prefix + "".join(rng.choice(string.digits) for _ in range(length - len(prefix) - 1))
    doubled = [int(c) * (2 if i % 2 == 0 else 1) for i, c in enumerate(reversed(body))]
    total = sum(d - 9 if d > 9 else d for d in doubled)
    return body + str(-total % 10)


def person(half: str, rng: random.Random) -> Person:
    """A first and a last name of one locale."""
    names = tables(half)["names"]
    locale = names[rng.choice(sorted(names))]
    return Person(rng.choice(locale["first"]), rng.choice(locale["last"]))


def _street(half: str, rng: random.Random) -> str:
    places = tables(half)["places"]
    house = draw(half, lambda: str(rng.choice((rng.randint(2, 99), rng.randint(100, 9899)))))
    unit = ""
    if rng.random() < 0.3:
        unit = f"|{rng.choice(places['units'])} {rng.randint(1, 40)}"
    return f"{house}|{rng.choice(places['streets'])} {rng.choice(places['street_types'])}{unit}"


def _email(half: str, rng: random.Random) -> str:
    table = tables(half)
    who = person(half, rng)
    last = "".join(c for c in who.last.lower() if c.isalpha())
    first = who.first.lower()
    local = rng.choice((
        f"{first[0]}{rng.choice(('', '.'))}{last}",
        f"{first}.{last}",
        f"{first}{rng.randint(10, 99)}",
        f"{rng.choice(table['mail']['words'])}_{first}",
        f"{last}{rng.randint(1950, 2010)}",
    ))  # fmt: skip
    if local.startswith(first[0] + last):
        local = f"{first[0]}.{last}"
    return f"{local} {rng.choice(table['mail']['domains'])}"


def _postcode(rng: random.Random) -> str:
    if rng.random() < 0.6:
        return _number_of(rng, 5)
    return f"{_letters_of(rng, 2)}{rng.randint(1, 20)} {rng.randint(1, 9)}{_letters_of(rng, 2)}"


def _birth(rng: random.Random) -> str:
    return f"{rng.randint(1, 28)}/{rng.randint(1, 12)}/{rng.randint(1938, 2006)}"


def _time(rng: random.Random) -> str:
    full = f"{forms.number(rng.randint(1, 12))} {rng.choice(('thirty', 'fifteen', 'am', 'pm'))}"
    return rng.choice((full, f"half past {forms.number(rng.randint(1, 12))}"))


def _secret(half: str, rng: random.Random) -> str:
    chosen = rng.sample(tables(half)["secret"]["words"], 2)
    return f"{chosen[0]} {rng.choice((chosen[1], str(rng.randint(11, 99))))}"


# kind -> (label, how to draw it). Numbers and codes are drawn until they belong to the half.
NUMBERS: dict[str, tuple[str, Callable[[random.Random], str]]] = {
    "phone": ("PHONE_NUMBER", lambda r: _number_of(r, 10, first="23456789")),
    "card": ("CREDIT_CARD", lambda r: luhn_number(r, r.choice(("4", "51", "37")), 16)),
    "expiry": ("CARD_EXPIRY", lambda r: f"{r.randint(1, 12)}/{r.randint(25, 32)}"),
    "cvv": ("CARD_SECURITY_CODE", lambda r: _number_of(r, 3)),
    "account": ("BANK_ACCOUNT", lambda r: _number_of(r, r.choice((8, 9, 10)))),
    "routing": ("ROUTING_NUMBER", lambda r: _number_of(r, r.choice((6, 9)))),
    "ssn": ("NATIONAL_ID", lambda r: _number_of(r, 9, first="12345678")),
    "lastfour": ("NATIONAL_ID", lambda r: _number_of(r, 4)),
    "postcode": ("POSTAL_CODE", _postcode),
    "dob": ("DATE_OF_BIRTH", _birth),
    "age": ("AGE", lambda r: str(r.randint(7, 88))),
    "booking": ("BOOKING_REFERENCE", lambda r: _letters_of(r, 2) + _number_of(r, 1) + _letters_of(r, 3)),
    "plate": ("LICENSE_PLATE", lambda r: f"{_letters_of(r, 3)} {_number_of(r, 4)}"),
    "otp": ("ONE_TIME_CODE", lambda r: _number_of(r, 6)),
    "pin": ("PIN", lambda r: _number_of(r, 4)),
    "customer": ("CUSTOMER_NUMBER", lambda r: f"{_letters_of(r, 2)} {_number_of(r, 6)}"),
}  # fmt: skip
OTHERS: dict[str, tuple[str, Callable[[str, random.Random], str]]] = {
    "email": ("EMAIL_ADDRESS", _email),
    "street": ("STREET_ADDRESS", _street),
    "city": ("CITY", lambda h, r: r.choice(tables(h)["places"]["cities"])),
    "place": ("LOCATION", lambda h, r: r.choice(tables(h)["places"]["cities"])),
    "password": ("PASSWORD", _secret),
}
PEOPLE = ("caller", "agent", "other", "person")
HARMLESS: dict[str, Callable[[str, random.Random], str]] = {
    "time": lambda h, r: _time(r),
    "money": lambda h, r: f"{forms.number(r.randint(3, 480))} dollars"
                          + r.choice(("", f" and {forms.number(r.randint(11, 99))} cents")),
    "count": lambda h, r: forms.number(r.randint(2, 20)),
    "gigabytes": lambda h, r: forms.number(r.choice((20, 50, 100, 250, 500))),
    "weekday": lambda h, r: r.choice(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday")),
    "product": lambda h, r: r.choice(tables(h)["harmless"]["products"]),
    "company": lambda h, r: r.choice(tables(h)["harmless"]["companies"]),
    "song": lambda h, r: r.choice(tables(h)["harmless"]["songs"]),
    "food": lambda h, r: r.choice(tables(h)["harmless"]["foods"]),
    "device": lambda h, r: r.choice(tables(h)["harmless"]["devices"]),
}  # fmt: skip
LABELS = tuple(sorted({label for label, _ in (*NUMBERS.values(), *OTHERS.values())} | {"PERSON"}))


def say_person(who: Person, form: str, table: list[str], rng: random.Random) -> list[Said]:
    """A person's name in the form that the slot asks for."""
    name = {"first": who.first, "last": who.last}.get(form.rpartition("_")[2], who.last)
    if form in ("first", "last"):
        return [Said(name)]
    if form == "full":
        return [Said(who.first), Said(who.last)]
    if form == "mr_last":
        return [Said(rng.choice(("mister", "miss", "missus")), filler=True), Said(who.last)]
    if form.startswith("spell_"):
        return forms.spelled(name, rng)
    if form.startswith("nato_"):
        return forms.nato(name)
    if form.startswith("asin_"):
        return forms.as_in(name, table, rng)
    raise ValueError(f"unknown form of a name: {form}")


def say_value(kind: str, value: str, rng: random.Random) -> list[Said]:
    """A drawn value as somebody says it; forms differ from one time to the next."""
    breath = forms.BREATH
    if kind == "card":
        return forms.grouped(value, (4, 4, 4, 4), rng, pause=rng.choice((forms.SHORT_PAUSE, breath)))
    if kind == "phone":
        return forms.grouped(value, (3, 3, 4), rng)
    if kind == "ssn":
        return forms.grouped(value, (3, 2, 4), rng)
    if kind in ("account", "routing", "otp"):
        return forms.grouped(value, [3] * (len(value) // 3) + [len(value) % 3], rng)
    if kind in ("cvv", "lastfour", "pin", "cardend"):
        pairs = len(value) == 4 and rng.random() < 0.3
        return forms.in_pairs(value, rng) if pairs else forms.digits(value, rng)
    if kind == "age":
        return forms.words(forms.number(int(value)))
    if kind == "expiry":
        month, year = (int(v) for v in value.split("/"))
        first = rng.choice(
            (forms.MONTHS[month - 1], f"oh {forms.ONES[month]}" if month < 10 else forms.ONES[month])
        )
        return forms.words(f"{first} {rng.choice(('', 'twenty '))}{forms.number(year)}")
    if kind == "dob":
        return forms.date(*(int(v) for v in value.split("/")), rng)
    if kind in ("postcode", "plate", "booking", "customer"):
        return forms.mixed(value, rng, phonetic=rng.random() < 0.3)
    if kind == "email":
        return forms.email(value, rng)
    if kind == "street":
        house, *rest = value.split("|")
        how = forms.pairwise_number if rng.random() < 0.7 else forms.number
        said = forms.words(how(int(house))) + forms.words(rest[0])
        for unit in rest[1:]:
            name, count = unit.split()
            said = forms.with_pause(said, forms.SHORT_PAUSE) + forms.words(f"{name} {forms.number(int(count))}")
        return said
    if kind == "password":
        return forms.words(" ".join(forms.number(int(w)) if w.isdigit() else w for w in value.split()))
    return forms.words(value)
