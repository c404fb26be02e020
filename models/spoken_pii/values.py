"""What stands in the slots of a template: a value as it is said, and as a recognizer may write it.

The slots are listed in templates/README.md. Numbers and codes are random; names and places are those of
``redactor/detect/recognizers/data``.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable

from addresses import address, box, corner, house_number, named_house, postcode, street, unit
from codes import Value, everyday, nth_written, number_of, read_list, read_out, say_digits, spell
from wordlists import (
    COMMON,
    COMMON_FAMILY,
    COMMON_GIVEN,
    COMMON_PLACES,
    COMPANIES,
    DAYS,
    DEVICES,
    FOODS,
    ORDINALS,
    PRODUCTS,
    SONGS,
    WEATHER,
    WORDS,
)

from benchmarks.corpus.forms import MONTHS, ONES, number

# Entity type of the words in each slot; slots that are not listed hold nothing personal.
LABELS = {
    "g": "PERSON", "f": "PERSON", "p": "PERSON", "sp": "SPELLED_NAME", "c": "LOCATION",
    "s": "STREET_ADDRESS", "a": "STREET_ADDRESS", "hn": "STREET_ADDRESS", "unit": "STREET_ADDRESS",
    "house": "STREET_ADDRESS", "corner": "STREET_ADDRESS", "box": "STREET_ADDRESS", "baby": "AGE",
    "decade": "AGE",
    "zip": "POSTAL_CODE", "phone": "ID_NUMBER",
    "card": "ID_NUMBER", "acct": "ID_NUMBER", "ref": "ID_NUMBER", "ssn": "ID_NUMBER", "exp": "CARD_EXPIRY",
    "cvv": "PIN_CODE", "last4": "PIN_CODE", "otp": "PIN_CODE", "pin": "PIN_CODE", "plate": "LICENSE_PLATE",
    "dob": "DATE_OF_BIRTH", "age": "AGE", "email": "EMAIL_ADDRESS", "user": "USER_NAME", "pw": "PASSWORD",
}  # fmt: skip
TYPES = tuple(sorted(set(LABELS.values())))


class Names:
    """Names to fill in: of training and of held-out sentences, by every tenth of a seeded shuffle.

    Parameters
    ----------
    held_out : bool
    """

    def __init__(self, *, held_out: bool) -> None:
        rng = random.Random(11)
        self.given = _part(read_list("given_names"), rng, held_out)
        self.family = _part(read_list("family_names"), rng, held_out)
        self.places = _part(read_list("places"), rng, held_out)
        self._common = 0.0 if held_out else COMMON

    def one(self, kind: str, rng: random.Random) -> str:
        """A name of a kind: "given", "family" or "places"."""
        common = {"given": COMMON_GIVEN, "family": COMMON_FAMILY, "places": COMMON_PLACES}[kind]
        return rng.choice(common if rng.random() < self._common else getattr(self, kind))


def _part(names: list[str], rng: random.Random, held_out: bool) -> list[str]:
    shuffled = sorted(names)
    rng.shuffle(shuffled)
    tenth = len(shuffled) // 10
    return shuffled[:tenth] if held_out else shuffled[tenth:]


def _birth(rng: random.Random) -> Value:
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(1930, 2015)
    head, tail = divmod(year, 100)
    said_year = f"{number(head)} {number(tail) if tail > 9 else ('oh ' + ONES[tail] if tail else 'hundred')}"
    if year >= 2000 and rng.random() < 0.7:
        said_year = f"two thousand {'and ' if rng.random() < 0.4 else ''}{ONES[tail] if tail else ''}".strip()
    if rng.random() < 0.2:
        said_year = number(tail) if tail > 9 else f"oh {ONES[tail]}"
    name, nth = MONTHS[month - 1], ORDINALS[day - 1].replace("-", " ")
    way = rng.random()
    if way < 0.06:
        of = f"{rng.choice(('', 'the '))}{nth} of {rng.choice(('', 'the '))}{ORDINALS[month - 1]}"
        return Value(f"{of} {said_year}", f"{of} {rng.choice((year, f'{tail:02d}', said_year))}")
    if way < 0.3:
        return Value(f"{name} {nth} {said_year}", f"{name.title()} {nth_written(day)}, {year}")
    if way < 0.55:
        return Value(f"the {nth} of {name} {said_year}", f"the {nth_written(day)} of {name.title()} {year}")
    if way < 0.7:
        return Value(f"{number(day)} {name} {said_year}", f"{day} {name.title()}, {year}")
    if way < 0.78:
        return Value(f"{name} {nth}", f"{name.title()} {nth_written(day)}")
    short = year if rng.random() < 0.5 else f"{tail:02d}"
    written = rng.choice((f"{day}/{month}/{short}", f"{month}-{day}-{short}", f"{day:02d} {month:02d} {short}"))
    said_month = ONES[month] if month > 9 else rng.choice(("oh ", "", "zero ")) + ONES[month]
    return Value(f"{said_month} {number(day)} {said_year}", written)


def _age(rng: random.Random) -> Value:
    age = rng.randint(1, 99)
    if age < 15 and rng.random() < 0.2:
        part = rng.choice(("a half", "a half", "three quarters", "a bit"))
        return Value(f"{number(age)} and {part}", rng.choice(("", f"{age} and {part}")))
    return Value(number(age), str(age) if rng.random() < 0.75 else "")


def _email(names: Names, rng: random.Random) -> Value:
    first, last = names.one("given", rng), names.one("family", rng)
    tail = rng.choice(("", "", str(rng.randint(1, 99)), str(rng.randint(1950, 2012))))
    local, said = rng.choice((
        (f"{first}.{last}{tail}", f"{first} dot {last} {tail}"),
        (f"{first[0]}{last}{tail}", f"{first[0]} {last} {tail}"),
        (f"{first}{tail or rng.randint(10, 99)}", f"{first} {tail or 'seven'}"),
        (f"{first}_{last}", f"{first} underscore {last}"),
        (f"{rng.choice(WORDS)}{first}{tail}", f"{rng.choice(WORDS)} {first} {tail}"),
        (f"{last}-{first}", f"{last} dash {first}"),
    ))  # fmt: skip
    domain = rng.choice(
        "gmail.com gmail.com yahoo.com hotmail.com outlook.com icloud.com aol.com gmx.de btinternet.com web.de "
        "yahoo.co.uk protonmail.com example.org mail.com comcast.net live.com".split()
    )
    said_domain = domain.replace(".", " dot ")
    said = " ".join(say_digits(w, rng, pairs=1.0) if w.isdigit() else w for w in said.split())
    written = rng.choice((
        f"{local}@{domain}", f"{local}@{domain}", f"{local} at {domain}", f"{local} at {said_domain}",
        f"{local}at{domain}", f"{said.replace(' dot ', '.').replace(' ', '')}@{domain}", f"{said} at {domain}",
    ))  # fmt: skip
    return Value(f"{said} at {said_domain}", written)


def _user(names: Names, rng: random.Random) -> Value:
    number_ = str(rng.randint(1, 999))
    base = rng.choice((names.one("given", rng), rng.choice(WORDS), rng.choice(WORDS) + rng.choice(WORDS)))
    return Value(f"{base} {say_digits(number_, rng)}", rng.choice((f"{base}{number_}", f"{base} {number_}")))


# As recognizers write them, or as they are said.
_SYMBOLS = (
    ("exclamation mark", "!"), ("exclamation point", "!"), ("hash", "#"), ("hashtag", "#"),
    ("dollar sign", "$"), ("at sign", "@"), ("underscore", "_"), ("question mark", "?"), ("asterisk", "*"),
    ("star", "*"), ("percent sign", "%"), ("ampersand", "&"), ("dash", "-"), ("dot", "."), ("plus", "+"),
)  # fmt: skip


def _password(names: Names, rng: random.Random) -> Value:
    way = rng.random()
    if way < 0.12:
        phrase = " ".join(rng.choice(read_list("common_words")[:4_000]) for _ in range(rng.randint(3, 5)))
        return Value(phrase, phrase.replace(" ", "") if rng.random() < 0.15 else "")
    words = [names.one("given", rng) if rng.random() < 0.15 else everyday(rng)]
    words += [everyday(rng) for _ in range(rng.choice((0, 0, 1, 1, 1, 2)))]
    spoken = written = " ".join(words)
    if rng.random() < 0.2:
        initial = words[0][0]
        spoken, written = f"capital {initial} {spoken}", f"capital {initial.upper()} {written}"
    if rng.random() < 0.5:
        tail = str(rng.randint(1, 9999))
        spoken, written = f"{spoken} {say_digits(tail, rng, pairs=0.5)}", f"{written} {tail}"
    if rng.random() < 0.2:
        said, sign = rng.choice(_SYMBOLS)
        spoken, written = f"{spoken} {said}", f"{written} {said}" if rng.random() < 0.7 else written + sign
    if rng.random() < 0.2:
        written = written.replace(" ", "").title()
    return Value(spoken, rng.choice((spoken, written)))


def _months_old(rng: random.Random) -> Value:
    value, unit = rng.randint(2, 30), rng.choice(("weeks", "months", "months", "days"))
    return Value(f"{number(value)} {unit}", rng.choice(("", f"{value} {unit}")))


def _decade(rng: random.Random) -> Value:
    tens = rng.randint(2, 9)
    part = rng.choice(("early", "mid", "late", "mid to late"))
    spoken = f"{part} {number(10 * tens).removesuffix('y')}ies"
    return Value(spoken, rng.choice(("", f"{part} {tens}0s", f"{part}-{tens}0s", spoken.replace(" ", "-"))))


def _shaped(rng: random.Random, *shapes: str) -> Value:
    """A code of letters (L) and digits (N)."""
    kinds = {"L": string.ascii_uppercase, "N": string.digits}
    return read_out("".join(rng.choice(kinds[c]) for c in rng.choice(shapes)), rng)


def _reference(rng: random.Random) -> Value:
    return _shaped(
        rng, "LLNLLL", "LLNNNNNN", "LNNNNNNN", "LLLNNN", "LNLNLN", "LLLLLL", "LLNNLL", "NLLNNN", "LLLNNNN"
    )


def _plate(rng: random.Random) -> Value:
    return _shaped(rng, "LLLNNNN", "LLNNLLL", "NLLLNNN", "LLLNNN", "LLNNNN", "LNNNLLL", "NNNLLL")


def _expiry(rng: random.Random) -> Value:
    month, year = rng.randint(1, 12), rng.randint(24, 34)
    said = rng.choice((MONTHS[month - 1], f"oh {ONES[month]}" if month < 10 else ONES[month], ONES[month]))
    full = rng.random() < 0.3
    written = rng.choice(
        (
            f"{month:02d}/{year}",
            f"{month} {year}",
            f"{MONTHS[month - 1].title()} 20{year}",
            f"{month:02d}{year}",
        )
    )
    return Value(f"{said} {'twenty ' if full else ''}{number(year)}", written)


def _time(rng: random.Random) -> Value:
    hour, minute = rng.randint(1, 12), rng.choice((0, 0, 15, 30, 45, 10, 20, 40))
    way = rng.random()
    if way < 0.35:
        half = rng.choice(("am", "pm"))
        spoken = f"{ONES[hour]} {number(minute) + ' ' if minute else ''}{half}"
        return Value(
            spoken, rng.choice((f"{hour}:{minute:02d} {half}", f"{hour} {half[0]}.m.", f"{hour}:{minute:02d}"))
        )
    if way < 0.55:
        return Value(rng.choice(("half past ", "quarter to ", "quarter past ", "ten to ")) + ONES[hour])
    if way < 0.75 and minute:
        return Value(
            f"{ONES[hour]} {number(minute)}",
            f"{hour}:{minute:02d}" if rng.random() < 0.8 else f"{hour}{minute:02d}",
        )
    return Value(rng.choice((f"{ONES[hour]} o'clock", ONES[hour], "noon", "midnight")), "")


def _money(rng: random.Random) -> Value:
    amount = rng.choice((rng.randint(1, 99), rng.randint(100, 999), rng.randint(1000, 9999)))
    cents = rng.choice((0, 0, rng.randint(1, 99)))
    unit, sign = rng.choice((("dollars", "$"), ("pounds", "£"), ("euros", "€")))
    tail = f" {'and ' if rng.random() < 0.5 else ''}{number(cents)}" + (
        " cents" if unit == "dollars" and rng.random() < 0.5 else ""
    )
    spoken = f"{number(amount)} {unit}{tail if cents else ''}"
    return Value(
        spoken,
        f"{sign}{amount:,}" + (f".{cents:02d}" if cents else "") if rng.random() < 0.8 else f"{amount} {unit}",
    )


def _date(rng: random.Random) -> Value:
    day, month = rng.randint(1, 28), rng.choice(MONTHS)
    nth = ORDINALS[day - 1].replace("-", " ")
    return rng.choice((
        Value(f"{month} {nth}", f"{month.title()} {nth_written(day)}"),
        Value(f"the {nth}", f"the {nth_written(day)}"),
        Value(f"the {nth} of {month}", f"the {nth_written(day)} of {month.title()}"),
        Value(f"{month} {number(day)}", f"{month.title()} {day}"),
    ))  # fmt: skip


def _count(rng: random.Random) -> Value:
    value = rng.choice(
        (
            rng.randint(1, 12),
            rng.randint(1, 12),
            rng.randint(13, 99),
            rng.choice((100, 150, 200, 250, 500, 1000)),
        )
    )
    return Value(number(value), str(value) if value > 9 or rng.random() < 0.3 else "")


_FLAT: dict[str, Callable[[random.Random], Value]] = {
    "zip": postcode, "hn": house_number, "unit": unit, "box": box, "exp": _expiry, "plate": _plate,
    "ref": _reference, "dob": _birth, "age": _age, "baby": _months_old, "decade": _decade,
    "phone": lambda r: number_of(r, 10, 10, 10, 11, 7, 9), "card": lambda r: number_of(r, 16, 16, 16, 15),
    "acct": lambda r: number_of(r, 6, 7, 8, 8, 9, 10, 12), "ssn": lambda r: number_of(r, 9, 9, 11, 10),
    "cvv": lambda r: number_of(r, 3, 3, 4), "last4": lambda r: number_of(r, 4, 4, 4, 3, 6),
    "otp": lambda r: number_of(r, 6, 6, 4, 5), "pin": lambda r: number_of(r, 4, 4, 4, 6, 5),
    "time": _time, "date": _date, "money": _money, "count": _count,
    "day": lambda r: Value(rng_day := r.choice(DAYS), rng_day.title()),
    "month": lambda r: Value(month := r.choice(MONTHS), month.title()),
    "pct": lambda r: Value(f"{number(n := r.randint(1, 100))} percent", f"{n}%"),
    "year": lambda r: Value(f"twenty {number(n := r.randint(15, 29))}", f"20{n}"),
    "o": lambda r: Value(o := r.choice(COMPANIES), o.title() if r.random() < 0.7 else ""),
    "product": lambda r: Value(r.choice(PRODUCTS)), "food": lambda r: Value(r.choice(FOODS)),
    "song": lambda r: Value(r.choice(SONGS)), "device": lambda r: Value(r.choice(DEVICES)),
    "weather": lambda r: Value(r.choice(WEATHER)), "num": _count, "n": _count,
}  # fmt: skip
_NAMED: dict[str, Callable[[Names, random.Random], Value]] = {
    "g": lambda n, r: Value(n.one("given", r)), "f": lambda n, r: Value(n.one("family", r)),
    "c": lambda n, r: Value(n.one("places", r)), "s": street, "a": address, "house": named_house,
    "corner": corner,
    "email": _email, "user": _user, "pw": _password,
    "sp": lambda n, r: spell(r.choice((n.one("given", r), n.one("family", r))), r),
    "p": lambda n, r: Value(" ".join((n.one("given", r), n.one("family", r)))),
}  # fmt: skip
KINDS = frozenset((*_FLAT, *_NAMED))


def draw(kind: str, names: Names, rng: random.Random) -> Value:
    """A value of a kind.

    Raises
    ------
    KeyError
        If there is no such slot.
    """
    return _FLAT[kind](rng) if kind in _FLAT else _NAMED[kind](names, rng)
