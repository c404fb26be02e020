"""How far a review is, for the operator; nothing in it tells which items are which."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from redactor.review.entries import Finding, Stage
from redactor.review.people import People, Person
from redactor.review.store import ReviewStore


@dataclass(frozen=True)
class PersonRow:
    """Somebody, how many verdicts they gave, and how many items lie with them."""

    person: Person
    num_verdicts: int
    num_open: int


@dataclass(frozen=True)
class Overview:
    """Where a review stands.

    Attributes
    ----------
    num_items, num_void : int
        Drawn, and of them withdrawn meanwhile.
    num_done : int
        Heard by as many as are to hear them.
    num_verdicts, num_wanted : int
    people : tuple of PersonRow
    num_pairs, num_agreed : int
        Items that two have heard, and of them those with the same verdict.
    kappa : float or None
        Cohen's, where it is known.
    stages : tuple of str
    findings : tuple of (type, numbers by stage)
    each : tuple of Finding
    """

    num_items: int
    num_void: int
    num_done: int
    num_verdicts: int
    num_wanted: int
    people: tuple[PersonRow, ...]
    num_pairs: int
    num_agreed: int
    kappa: float | None
    stages: tuple[str, ...]
    findings: tuple[tuple[str, tuple[int, ...]], ...]
    each: tuple[Finding, ...]


def overview(store: ReviewStore, people: People) -> Overview:
    """Read where a review stands."""
    items = store.fetch(
        "SELECT required, is_void, (SELECT count(*) FROM verdict v WHERE v.item = i.id) AS given FROM item i"
    )
    given = _counts(store, "SELECT reviewer, count(*) FROM verdict GROUP BY reviewer")
    in_hand = _counts(
        store,
        "SELECT a.reviewer, count(*) FROM assignment a JOIN item i ON i.id = a.item "
        "JOIN reviewer r ON r.id = a.reviewer WHERE i.is_void = 0 AND r.revoked IS NULL AND "
        "NOT EXISTS (SELECT 1 FROM verdict v WHERE v.item = a.item AND v.reviewer = a.reviewer) "
        "GROUP BY a.reviewer",
    )
    pairs = _pairs(store)
    stages = tuple(stage.value for stage in Stage)
    found = store.findings()
    counts = Counter((finding.type, finding.stage.value) for finding in found)
    return Overview(
        num_items=len(items),
        num_void=sum(row["is_void"] for row in items),
        num_done=sum(row["given"] >= row["required"] for row in items),
        num_verdicts=sum(given.values()),
        num_wanted=sum(row["required"] for row in items),
        people=tuple(
            PersonRow(person, given.get(person.reviewer.id, 0), in_hand.get(person.reviewer.id, 0))
            for person in people.everybody()
        ),
        num_pairs=len(pairs),
        num_agreed=sum(one == other for one, other in pairs),
        kappa=_kappa(pairs),
        stages=stages,
        findings=tuple(
            (entity, tuple(counts[entity, stage] for stage in stages))
            for entity in sorted({entity for entity, _ in counts})
        ),
        each=tuple(sorted(found, key=lambda finding: (finding.name, finding.start, finding.id))),
    )


def _counts(store: ReviewStore, query: str) -> dict[str, int]:
    return {row[0]: row[1] for row in store.fetch(query)}


def _pairs(store: ReviewStore) -> list[tuple[str, str]]:
    """Verdicts of the items that two have heard."""
    opinions: dict[str, list[str]] = defaultdict(list)
    query = "SELECT item, json_extract(value, '$.opinion') AS opinion FROM verdict ORDER BY item, reviewer"
    for row in store.fetch(query):
        opinions[row["item"]].append(row["opinion"])
    return [(said[0], said[1]) for said in opinions.values() if len(said) == 2]


def _kappa(pairs: list[tuple[str, str]]) -> float | None:
    if not pairs:
        return None
    from redactor.review.bounds import cohens_kappa

    return cohens_kappa(pairs).kappa
