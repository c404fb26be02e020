"""Whether the one who has the canary knows what only the right one does: facts held to the catalog exactly.

A yes proves nothing, and what the canary itself shows proves nothing either: it holds no dates, devices or
numbers of recordings. Two facts that do not follow from each other have to match, none may be wrong, and no
other subject may be one of whom they are all right: half of a catalog may have one device, or one first day.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from redactor.errors import UsageError
from redactor.export.entries import CatalogEntry

# Facts of one group follow from each other: the first day of somebody's one call is the last one too.
GROUPS: Mapping[str, str] = {
    "calls": "number",
    "first": "day",
    "last": "day",
    "device": "device",
    "account": "account",
}
MIN_GROUPS = 2
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_DAY = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_FORMS: Mapping[str, str] = {
    "calls": "calls:YYYY-MM=NUMBER",
    "first": "first=YYYY-MM-DD",
    "last": "last=YYYY-MM-DD",
    "device": "device=NAME",
    "account": "account=NUMBER",
}
_UNDATED = "some recordings have no date in the catalog"
_WHY_NOT: Mapping[str, str] = {
    "number": _UNDATED,
    "day": _UNDATED,
    "device": "these recordings have no device in the catalog",
    "account": "these recordings have no account in the catalog",
}


@dataclass(frozen=True)
class Fact:
    """What a recipient says of their recordings; it is compared and never stored.

    Attributes
    ----------
    kind : str
        One of :data:`GROUPS`.
    about : str
        Month of "calls", else "".
    value : str
    """

    kind: str
    about: str
    value: str


def parse_fact(text: str) -> Fact:
    """Read ``calls:2026-05=3``, ``first=2026-05-03``, ``last=...``, ``device=...`` or ``account=...``.

    Raises
    ------
    UsageError
        If it is none of these; what was given is not told.
    """
    head, equals, value = text.partition("=")
    kind, _, about = head.strip().partition(":")
    value = value.strip()
    fits = {
        # A month without calls can be guessed.
        "calls": bool(_MONTH.fullmatch(about)) and bool(re.fullmatch("[1-9][0-9]{0,5}", value)),
        "first": not about and bool(_DAY.fullmatch(value)),
        "last": not about and bool(_DAY.fullmatch(value)),
        "device": not about and bool(value),
        "account": not about and bool(value),
    }
    if not equals or not fits.get(kind, False):
        raise UsageError(f"a fact is {_told(GROUPS)}; a month without calls proves nothing")
    return Fact(kind, about, value)


@dataclass(frozen=True)
class Judgement:
    """What came of a comparison: kinds of facts, never what was said.

    Attributes
    ----------
    matching : tuple of str
        In order, each once.
    wrong : tuple of str
    """

    matching: tuple[str, ...]
    wrong: tuple[str, ...]


def judge_facts(
    facts: Sequence[Fact], entries: Sequence[CatalogEntry], *, account_hash: Callable[[str], str]
) -> Judgement:
    """Compare facts with what the catalog says of the subject's recordings.

    That they are right of nobody else is another question, see :func:`are_of_others`.

    Parameters
    ----------
    facts : sequence of Fact
    entries : sequence of CatalogEntry
        All of the subject's; for other purposes those of the manifest.
    account_hash : callable
        Keyed hash of an account, as the catalog has it.

    Raises
    ------
    UsageError
        If too few that are independent were given, which is said before any is compared; or if none is wrong
        and the catalog cannot say of one whether it is right.
    """
    known = _known(entries)
    held = _held(known)
    _check_independent(facts, entries, held)
    matching, wrong, unheld = set(), set(), set()
    for fact in facts:
        if fact.kind not in held:
            unheld.add(_WHY_NOT[GROUPS[fact.kind]])
        else:
            is_right = _may_hold(_as_catalogued(fact, account_hash), known)
            (matching if is_right else wrong).add(fact.kind)
    if unheld and not wrong:
        raise UsageError(
            f"{' and '.join(sorted(unheld))}, so that nobody can tell whether such a fact is right; give only "
            f"facts out of {', '.join(held) or 'what it has'}"
        )
    return Judgement(tuple(sorted(matching)), tuple(sorted(wrong)))


def kinds_held(entries: Iterable[CatalogEntry]) -> tuple[str, ...]:
    """Kinds of facts of which the catalog can say whether they are right, in the order of :data:`GROUPS`."""
    return _held(_known(entries))


def check_confirmable(entries: Sequence[CatalogEntry]) -> None:
    """See to it, before anything is sealed, that there are facts by which it can be confirmed.

    Parameters
    ----------
    entries : sequence of CatalogEntry
        As in :func:`judge_facts`.

    Raises
    ------
    UsageError
        If the catalog holds fewer independent ones than are needed.
    """
    held = kinds_held(entries)
    if len(_groups(held, entries)) < MIN_GROUPS:
        raise UsageError(
            "the catalog holds too little of these recordings for anybody to confirm that a package is theirs: "
            f"facts of {MIN_GROUPS} kinds are needed that do not follow from each other, and it has "
            f"{', '.join(held) or 'none'}. Give recorded_at of every recording, and device or account, and "
            "import it again"
        )


def are_of_others(
    facts: Sequence[Fact],
    entries: Iterable[CatalogEntry],
    *,
    subject: str,
    account_hash: Callable[[str], str],
) -> bool:
    """Whether facts that are right of a subject are all right, or may be, of another one too.

    Where others have recordings without a date, these may be of any day. A device or an account is theirs only
    if the catalog says so, as it is the subject's.

    Parameters
    ----------
    facts : sequence of Fact
    entries : iterable of CatalogEntry
        The whole catalog, those of one subject after each other; of no more than one something is kept.
    subject : str
        Keyed hash.
    account_hash : callable
        As in :func:`judge_facts`.
    """
    wanted = [_as_catalogued(fact, account_hash) for fact in facts]
    for other, theirs in groupby(entries, key=lambda entry: entry.subject):
        if other != subject:
            known = _known(theirs)
            if all(_may_hold(fact, known) for fact in wanted):
                return True
    return False


@dataclass(frozen=True)
class _Known:
    """What the catalog says of somebody's recordings, as far as facts can ask for it."""

    days: Mapping[str, int]
    num_undated: int
    devices: frozenset[str]
    accounts: frozenset[str]


def _known(entries: Iterable[CatalogEntry]) -> _Known:
    days: Counter[str] = Counter()
    devices, accounts = set(), set()
    for entry in entries:
        days[(entry.recorded_at or "")[:10]] += 1
        if entry.device:
            devices.add(_plain(entry.device))
        if entry.account:
            accounts.add(entry.account)
    num_undated = days.pop("", 0)
    return _Known(days, num_undated, frozenset(devices), frozenset(accounts))


def _as_catalogued(fact: Fact, account_hash: Callable[[str], str]) -> Fact:
    """With the value as the catalog would have it."""
    written = {"device": _plain, "account": account_hash}.get(fact.kind)
    return fact if written is None else replace(fact, value=written(fact.value))


def _may_hold(fact: Fact, known: _Known) -> bool:
    """Whether a fact is right; where recordings have no date, whether it can be."""
    if fact.kind == "device":
        return fact.value in known.devices
    if fact.kind == "account":
        return fact.value in known.accounts
    if fact.kind == "calls":
        found = sum(number for day, number in known.days.items() if day.startswith(fact.about))
        return found <= int(fact.value) <= found + known.num_undated
    end = min if fact.kind == "first" else max
    is_there = fact.value in known.days or known.num_undated > 0
    return is_there and end([*known.days, fact.value]) == fact.value


def _held(known: _Known) -> tuple[str, ...]:
    is_dated = bool(known.days) and not known.num_undated
    has = {
        "number": is_dated, "day": is_dated,
        "device": bool(known.devices), "account": bool(known.accounts),
    }  # fmt: skip
    return tuple(kind for kind, group in GROUPS.items() if has[group])


def _groups(kinds: Iterable[str], entries: Sequence[CatalogEntry]) -> set[str]:
    """Groups of facts, without those that follow from the others."""
    groups = {GROUPS[kind] for kind in kinds}
    if len(entries) < 2 and "day" in groups:
        groups.discard("number")  # of one recording the number follows from its day
    return groups


def _check_independent(facts: Sequence[Fact], entries: Sequence[CatalogEntry], held: Sequence[str]) -> None:
    if not entries or len(_groups((fact.kind for fact in facts), entries)) < MIN_GROUPS:
        kinds = held or tuple(GROUPS)
        raise UsageError(
            f"{MIN_GROUPS} facts are needed that do not follow from each other ({', '.join(kinds)}; first and "
            f"last count as one, and of one recording calls does too); a fact is {_told(kinds)}"
        )


def _told(kinds: Iterable[str]) -> str:
    *most, last = (_FORMS[kind] for kind in kinds)
    return f"{', '.join(most)}{' or ' if most else ''}{last}, as the recipient tells them"


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip().casefold()
