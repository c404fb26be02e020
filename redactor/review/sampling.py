"""How many of a lot are to be heard, and which: the wish, the strata, the draw, the order of the queue."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redactor.errors import UsageError
from redactor.review.bounds import adjusted_bound, planned_draw
from redactor.review.chances import exact
from redactor.review.lots import Entry, Unit, draw, num_units, units_of
from redactor.types import Seconds


@dataclass(frozen=True)
class Wish:
    """What a review is to show.

    Attributes
    ----------
    confidence : float
        To be so sure...
    max_leak_rate : float
        ...that at most this share of the units leaks.
    allowed : int
        Leaking units that may be found and it still be shown.
    slot_s : float or None
        Longer recordings are cut into slots of so many seconds.
    bound_each : bool
        Whether it is to be shown of each stratum by itself; of all together otherwise.
    """

    confidence: float = 0.95
    max_leak_rate: float = 0.01
    allowed: int = 0
    slot_s: Seconds | None = 120.0
    bound_each: bool = False

    def __post_init__(self) -> None:
        if not 0.5 <= self.confidence < 1.0:
            raise UsageError("--confidence is a probability from 0.5 up to, but not, 1")
        if not 0.0 < self.max_leak_rate < 1.0:
            raise UsageError("--max-leak-rate is a share between 0 and 1")
        if self.allowed < 0:
            raise UsageError("--allow is a number of leaking units, 0 or more")
        if self.slot_s is not None and not (math.isfinite(self.slot_s) and self.slot_s >= 1.0):
            raise UsageError("--slot is a length in seconds, at least 1")

    def fields(self) -> dict[str, Any]:
        """For the record."""
        return {
            "confidence": self.confidence,
            "max_leak_rate": self.max_leak_rate,
            "allowed": self.allowed,
            "slot_s": self.slot_s,
            "bound_each": self.bound_each,
        }


@dataclass(frozen=True)
class Sample:
    """What was drawn.

    Attributes
    ----------
    units : tuple of (str, Unit)
        Stratum and unit.
    strata : mapping of str to mapping
        "units" of the lot, "drawn", "bound".
    num_units : int
        Of the lot.
    """

    units: tuple[tuple[str, Unit], ...]
    strata: Mapping[str, Mapping[str, Any]]
    num_units: int


def take_sample(entries: Sequence[Entry], wish: Wish, seed: str, *, num_planted: int = 0) -> Sample:
    """Draw as many units as the wish needs, stratum by stratum.

    Parameters
    ----------
    entries : sequence of Entry
    wish : Wish
    seed : str
    num_planted : int
        Leaks of our own that will be heard besides. They show how many leaks reviewers miss at most, and what
        they may miss takes a larger sample.
    """
    by_stratum = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: entry.name):
        by_stratum[entry.stratum].append(entry)
    sizes = {
        stratum: sum(num_units(entry.duration, wish.slot_s) for entry in members)
        for stratum, members in sorted(by_stratum.items())
    }
    numbers = sizes_of_samples(sizes, wish, num_planted=num_planted)
    drawn = []
    for stratum, members in sorted(by_stratum.items()):
        units = (unit for entry in members for unit in units_of(entry, wish.slot_s))
        drawn += [(stratum, unit) for unit in draw(units, numbers[stratum], f"{seed}\n{stratum}")]
    strata = {
        stratum: {"units": sizes[stratum], "drawn": numbers[stratum], "bound": wish.bound_each}
        for stratum in sizes
    }
    return Sample(tuple(drawn), strata, sum(sizes.values()))


def sizes_of_samples(sizes: Mapping[str, int], wish: Wish, *, num_planted: int = 0) -> dict[str, int]:
    """How many units of each stratum are to be heard; all planted leaks taken to be noticed."""
    wanted = {
        "confidence": wish.confidence,
        "max_rate": wish.max_leak_rate,
        "allowed": wish.allowed,
        "num_planted": num_planted,
    }
    if wish.bound_each:
        return {stratum: planned_draw((size,), **wanted)[0] for stratum, size in sizes.items()}
    return dict(zip(sizes, planned_draw(tuple(sizes.values()), **wanted), strict=True))


def check_allowed(entries: Sequence[Entry], wish: Wish) -> None:
    """Refuse a wish that contradicts itself, before a lot is frozen: it could never be shown.

    Raises
    ------
    UsageError
        If more leaks may be found than there may be.
    """
    sizes: Counter[str] = Counter()
    for entry in entries:
        sizes[entry.stratum if wish.bound_each else ""] += num_units(entry.duration, wish.slot_s)
    most = min(math.floor(exact(wish.max_leak_rate) * size) for size in sizes.values())
    if wish.allowed > most:
        raise UsageError(
            f"--allow {wish.allowed} is more than may leak by --max-leak-rate {wish.max_leak_rate:g} (here "
            f"{most}); allow fewer, or ask for less"
        )


def is_in_reach(
    strata: Mapping[str, Mapping[str, Any]],
    *,
    confidence: float,
    max_leak_rate: float,
    allowed: int,
    num_planted: int,
) -> bool:
    """Whether the best review of what was drawn shows the wish: one that notices every planted leak.

    Parameters
    ----------
    strata : mapping
        As in :class:`Sample`.
    num_planted : int
        That are there; a small lot has room for few.
    """
    groups = [[s] for s in strata.values() if s["bound"]] or [list(strata.values())]
    for group in groups:
        left, sampled = allowed, []
        for stratum in group:
            sampled.append((stratum["units"], stratum["drawn"], min(left, stratum["drawn"])))
            left -= sampled[-1][2]
        bound = adjusted_bound(sampled, confidence=confidence, num_planted=num_planted, num_noticed=num_planted)
        if left or bound.num_leaking > math.floor(exact(max_leak_rate) * sum(size for size, _, _ in sampled)):
            return False
    return True


def shuffled(count: int, rng: random.Random) -> list[int]:
    """Places in the queue: uniform, targeted and planted items are in no order that tells them apart."""
    places = list(range(count))
    rng.shuffle(places)
    return places


def doubled(count: int, share: float, rng: random.Random) -> set[int]:
    """Which of so many items two reviewers hear."""
    return set(rng.sample(range(count), min(count, math.ceil(share * count - 1e-9))))


# How far a report or the check's account speaks for a closer look; all that counts is the order.
_LOW_SCORE = 0.6
_MANY_NAMES = "PERSON"


def risk(report: Mapping[str, Any], account: Mapping[str, Any] | None) -> dict[str, float]:
    """What makes a released recording worth a targeted look, each the more the larger it is.

    Parameters
    ----------
    report : mapping
        The released report.
    account : mapping or None
        What the check saw, from the ledger.
    """
    rows = report["redactions"]
    scores = [row["score"] for row in rows if row["score"] is not None]
    unheard = sum(row["end"] - row["start"] for row in rows if row["origin"] == "unheard")
    rounds = (account or {}).get("check", [])
    agreements = [seen["agreement"] for seen in rounds if seen.get("agreement") is not None]
    return {
        "low scores": float(sum(score < _LOW_SCORE for score in scores)),
        "unknown speech": unheard / max(report["duration"], 1e-9),
        "names": float(sum(_MANY_NAMES in row["types"] for row in rows)),
        "near quarantine": float(len(rounds)) + (1.0 - min(agreements, default=1.0)),
    }


def riskiest(risks: Mapping[str, Mapping[str, float]], number: int) -> list[str]:
    """Names to look at first: in turn the next of each kind of risk, so that none drowns the others."""
    kinds = sorted({kind for risk in risks.values() for kind in risk})
    queues = {
        kind: iter(sorted((n for n in risks if risks[n][kind] > 0), key=lambda n: (-risks[n][kind], n)))
        for kind in kinds
    }
    chosen: dict[str, None] = {}
    while queues and len(chosen) < number:
        for kind in list(queues):
            name = next((name for name in queues[kind] if name not in chosen), None)
            if name is None:
                del queues[kind]
            elif len(chosen) < number:
                chosen[name] = None
    return list(chosen)
