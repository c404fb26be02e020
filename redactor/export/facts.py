"""Whether the one who has the canary knows what only the right one does: facts held to the catalog exactly.

A yes proves nothing, and what the canary itself shows proves nothing either: it holds no dates, devices or
numbers of recordings. Two facts that do not follow from each other have to match, and none may be wrong.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

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
_FORMS = (
    "calls:YYYY-MM=NUMBER, first=YYYY-MM-DD, last=YYYY-MM-DD, device=NAME or account=NUMBER, as the recipient "
    "tells them"
)


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
        raise UsageError(f"a fact is {_FORMS}; a month without calls proves nothing")
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
        If too few that are independent were given, which is said before any is compared; or if the catalog
        cannot say of a fact whether it is right.
    """
    _check_independent(facts, entries)
    days = [entry.recorded_at[:10] for entry in entries if entry.recorded_at]
    if len(days) < len(entries) and any(GROUPS[fact.kind] in ("number", "day") for fact in facts):
        raise UsageError("some recordings have no date in the catalog; ask for the device and the account")
    months = Counter(day[:7] for day in days)
    devices = {_plain(entry.device) for entry in entries if entry.device}
    accounts = {entry.account for entry in entries if entry.account}
    matching, wrong = set(), set()
    for fact in facts:
        is_right = {
            "calls": lambda f: months[f.about] == int(f.value),
            "first": lambda f: min(days) == f.value,
            "last": lambda f: max(days) == f.value,
            "device": lambda f: _plain(f.value) in devices,
            "account": lambda f: account_hash(f.value) in accounts,
        }[fact.kind](fact)
        (matching if is_right else wrong).add(fact.kind)
    return Judgement(tuple(sorted(matching)), tuple(sorted(wrong)))


def _check_independent(facts: Sequence[Fact], entries: Sequence[CatalogEntry]) -> None:
    groups = {GROUPS[fact.kind] for fact in facts}
    if len(entries) < 2 and "day" in groups:
        groups.discard("number")  # of one recording the number follows from its day
    if not entries or len(groups) < MIN_GROUPS:
        raise UsageError(
            f"{MIN_GROUPS} facts are needed that do not follow from each other ({', '.join(GROUPS)}; first and "
            f"last count as one, and of one recording calls does too); a fact is {_FORMS}"
        )


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip().casefold()
