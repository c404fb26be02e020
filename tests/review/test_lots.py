"""A lot is frozen by its digest, and the draw from it is nobody's choice."""

import json
from collections import Counter

import pytest

from redactor.errors import UsageError
from redactor.ledger import Row, State
from redactor.review.lots import (
    Entry,
    draw,
    facts_of,
    lot_digest,
    num_units,
    seed_of,
    stratified,
    units_of,
)
from redactor.types import ReleasedFile


def entry(name, duration=60.0, sha256="0" * 64, verdict="passed"):
    files = (ReleasedFile(f"audio/{name[:2]}/{name}.flac", sha256, 1),)
    provenance = {"policy": {"name": "standard", "digest": "p" * 64}, "models": {}}
    row = Row(name, State.DONE, duration=duration, verdict=verdict, files=files, provenance=provenance)
    return Entry(name, duration, row)


LOT = [entry(f"{number:04}") for number in range(300)]


def test_a_lot_is_what_it_holds_whatever_the_order():
    assert lot_digest(LOT) == lot_digest(LOT[::-1])
    changes = ({"sha256": "1" * 64}, {"verdict": "unchecked"}, {"duration": 59.0})
    others = [LOT[1:], *([*LOT[1:], entry("0000", **change)] for change in changes)]
    assert len({lot_digest(lot) for lot in [LOT, *others]}) == 5


def test_a_recording_is_cut_into_slots_without_gap_or_overlap():
    units = units_of(entry("a", duration=250.0), 120.0)
    assert [(unit.start, unit.end) for unit in units] == [(0.0, 120.0), (120.0, 240.0), (240.0, 250.0)]
    assert [(u.start, u.end) for u in units_of(entry("a", duration=120.0), 120.0)] == [(0.0, 120.0)]
    assert [(u.start, u.end) for u in units_of(entry("a", duration=250.0), None)] == [(0.0, 250.0)]
    assert [num_units(duration, 120.0) for duration in (0.0, 0.5, 120.0, 120.1, 240.0)] == [1, 1, 1, 2, 2]


def all_units(slot_s=30.0):
    return [unit for each in LOT for unit in units_of(each, slot_s)]


def test_a_draw_depends_on_the_seed_alone():
    units = all_units()
    first = draw(units, 40, seed_of("lot", "line"))
    assert len(set(first)) == 40
    assert draw(units[::-1], 40, seed_of("lot", "line")) == first
    assert draw(units, 60, seed_of("lot", "line"))[:40] == first
    assert draw(units, 40, seed_of("lot", "other")) != first != draw(units, 40, seed_of("other", "line"))


def test_every_unit_is_drawn_as_often_as_any_other():
    units = all_units()[:20]
    counts = Counter(unit for number in range(2000) for unit in draw(units, 5, seed_of("lot", str(number))))
    expected = 2000 * 5 / 20
    # Variance of a binomial; five of its roots are passed once in a million.
    assert all(abs(counts[unit] - expected) < 5 * (expected * 0.75) ** 0.5 for unit in units)


def test_a_recording_without_a_stratum_is_refused():
    strata = {each.name: "a" for each in LOT[:-1]}
    with pytest.raises(UsageError, match="1 of 300 released recordings"):
        stratified(LOT, strata)
    assert {each.stratum for each in stratified(LOT, {**strata, LOT[-1].name: "b"})} == {"a", "b"}


def test_facts_count_policies_and_slots():
    facts = facts_of([*LOT, entry("z", duration=250.0)], 120.0)
    assert facts["policies"] == [{"name": "standard", "digest": "p" * 64, "recordings": 301}]
    assert facts["slots_per_recording"] == [(1, 300), (3, 1)]
    assert facts["verdicts"] == {"passed": 301}
    assert json.loads(json.dumps(facts))["slots_per_recording"] == [[1, 300], [3, 1]]
