"""What is released at one moment, frozen, and a sample of it that nobody could choose.

The digest of the lot goes on record first. The seed of the draw is made from that digest and the hash of the
line that recorded it, which nobody knows beforehand; and of one lot there is one draw, so that nobody can draw
until it looks good. The ticket of a unit is the hash of the seed and the unit, and those with the smallest
tickets are drawn: a uniform sample without replacement that anybody can draw again with the lot at hand.
"""

from __future__ import annotations

import hashlib
import heapq
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redactor.errors import UsageError
from redactor.ledger import Row
from redactor.types import Seconds

ONE_STRATUM = "all"
# What slots are counted in where nothing was cut.
SLOT_S = 120.0


@dataclass(frozen=True)
class Entry:
    """A recording of a lot.

    Attributes
    ----------
    name : str
    duration : float
        Seconds.
    row : Row
        As the ledger had it.
    stratum : str
    """

    name: str
    duration: Seconds
    row: Row
    stratum: str = ONE_STRATUM

    def line(self) -> str:
        """What the digest of the lot is made of."""
        files = sorted((file.path, file.sha256) for file in self.row.files)
        return json.dumps(
            [self.name, files, self.duration, self.row.verdict, self.row.run_identity], separators=(",", ":")
        )


@dataclass(frozen=True, order=True)
class Unit:
    """Something that may be drawn: a recording, or a slot of one; seconds within the recording."""

    name: str
    start: Seconds
    end: Seconds
    index: int = field(compare=False, default=0)


def lot_digest(entries: Iterable[Entry]) -> str:
    """SHA-256 of a lot, whatever order its recordings are in."""
    digest = hashlib.sha256(b"redactor lot v1\n")
    for entry in sorted(entries, key=lambda entry: entry.name):
        digest.update(entry.line().encode() + b"\n")
    return digest.hexdigest()


def seed_of(lot: str, line_hash: str) -> str:
    """Seed of the one draw from a lot whose freezing the record's line of this hash says."""
    return hashlib.sha256(f"redactor draw v1\n{lot}\n{line_hash}\n".encode()).hexdigest()


def units_of(entry: Entry, slot_s: Seconds | None) -> list[Unit]:
    """A recording as one unit, or as slots of at most `slot_s` seconds from its start on."""
    number = num_units(entry.duration, slot_s)
    if number == 1 or slot_s is None:
        return [Unit(entry.name, 0.0, entry.duration)]
    return [
        Unit(entry.name, index * slot_s, min((index + 1) * slot_s, entry.duration), index)
        for index in range(number)
    ]


def num_units(duration: Seconds, slot_s: Seconds | None) -> int:
    """How many units a recording is."""
    return 1 if slot_s is None else max(1, math.ceil(duration / slot_s - 1e-9))


def draw(units: Iterable[Unit], number: int, seed: str) -> list[Unit]:
    """So many units, uniformly and without replacement, in the order of their tickets."""
    return heapq.nsmallest(number, units, key=lambda unit: (ticket(seed, unit), unit))


def ticket(seed: str, unit: Unit) -> str:
    """What decides whether a unit is drawn: small ones are."""
    return hashlib.sha256(f"{seed}\n{unit.name}\n{unit.index}\n".encode()).hexdigest()


def frozen_before(audit: Path, lot: str) -> tuple[str, Mapping[str, Any]] | None:
    """The record's first line that froze this lot: its hash and its fields; None if it never was."""
    mark = f'"lot":"{lot}"'.encode()
    for line in _lines(audit):
        if mark in line:
            value = json.loads(line)
            if value["event"] == "lot-frozen" and value["fields"].get("lot") == lot:
                return value["hash"], value["fields"]
    return None


def num_frozen(audit: Path) -> int:
    """How many lots of this folder were drawn from so far, by its record."""
    return sum(b'"event":"lot-frozen"' in line for line in _lines(audit))


def heard_by(audit: Path) -> set[str]:
    """Ids of the reviewers to whom something was played or handed, by the record."""
    marks = (b'"event":"listened"', b'"event":"handed-out"')
    return {json.loads(line)["fields"]["reviewer"] for line in _lines(audit) if any(m in line for m in marks)}


def _lines(audit: Path) -> Iterator[bytes]:
    try:
        with audit.open("rb") as stream:
            yield from stream
    except FileNotFoundError:
        return


def stratified(entries: Sequence[Entry], strata: Mapping[str, str] | None) -> list[Entry]:
    """The same recordings with the stratum of each.

    Raises
    ------
    UsageError
        If some recording has none: a sample of the others would say nothing about it.
    """
    if strata is None:
        return list(entries)
    missing = sum(entry.name not in strata for entry in entries)
    if missing:
        raise UsageError(
            f"{missing} of {len(entries)} released recordings have no stratum; give each one, or leave the "
            "option out"
        )
    return [Entry(e.name, e.duration, e.row, strata[e.name]) for e in entries]


def facts_of(entries: Sequence[Entry], slot_s: Seconds | None) -> dict[str, Any]:
    """What a certificate says about the lot beside its size: policies, models, verdicts, slots a recording."""
    policies: Counter[tuple[str, str]] = Counter()
    models: Counter[tuple[str, str, str]] = Counter()
    for entry in entries:
        provenance = entry.row.provenance or {}
        policy = provenance.get("policy") or {}
        policies[policy.get("name", "?"), policy.get("digest", "?")] += 1
        for role, model in (provenance.get("models") or {}).items():
            models[role, model.get("name", "?"), model.get("digest", "?")] += 1
    slots = Counter(num_units(entry.duration, slot_s or SLOT_S) for entry in entries)
    return {
        "policies": [
            {"name": name, "digest": digest, "recordings": number}
            for (name, digest), number in sorted(policies.items())
        ],
        "models": [
            {"role": role, "name": name, "digest": digest, "recordings": number}
            for (role, name, digest), number in sorted(models.items())
        ],
        "verdicts": dict(sorted(Counter(str(entry.row.verdict) for entry in entries).items())),
        "slots_per_recording": sorted(slots.items()),
    }
