"""Nothing is released that is not the subject's, whatever is mixed up: by a few hundred cases, or by storm."""

import os
from collections import Counter

import pytest
from export_mixups import FAULTS, be_twins, exchange_input, mix_up

from redactor.export import holdings, release, tools
from redactor.export.binding import manifest_of

FEW = 300
MANY = int(os.environ.get("REDACTOR_STORM_MIXUPS", "10000"))


def figures(seeds):
    """Leaks by seed, and how often each fault came about and something was released all the same."""
    leaks, faults, released = {}, Counter(), 0
    for seed in seeds:
        told = mix_up(seed)
        faults.update(told.faults)
        released += told.released
        if told.leaks:
            leaks[seed] = (told.faults, told.leaks)
    return leaks, faults, released


@pytest.mark.long
def test_no_mix_up_lets_anything_out_that_is_not_the_subjects():
    leaks, faults, released = figures(range(FEW))
    assert leaks == {}
    assert set(faults) == {fault.__name__ for fault in FAULTS}
    assert released > FEW / 4, "what stops everything shows nothing"


@pytest.mark.storm
def test_no_mix_up_of_ten_thousand_does():
    leaks, faults, released = figures(range(1_000_000, 1_000_000 + MANY))
    print(f"\n{MANY} mix-ups: {sum(faults.values())} faults, {released} releases, {len(leaks)} leaks")  # noqa: T201
    for fault, count in sorted(faults.items()):
        print(f"  {fault:24} {count}")  # noqa: T201
    assert leaks == {}


@pytest.mark.parametrize("seed", range(3))
def test_without_a_fault_both_get_what_is_theirs(seed):
    told = mix_up(seed, faults=0)
    assert (told.released, told.leaks) == (2, ())


@pytest.mark.long
def test_without_the_binding_check_the_mix_ups_would_show(monkeypatch):
    """Otherwise the others would show nothing."""
    monkeypatch.setattr(tools, "check_binding", lambda document, *_, **__: manifest_of(document))
    assert sum(bool(mix_up(seed).leaks) for seed in range(100)) > 0


# Each check that one fault alone is stopped by, and what would be there without it.
ALONE = [
    (exchange_input, holdings, "claim_misfit", "ben's recording went to anna"),
    (be_twins, release, "are_of_others", "anna was known by what another could tell too"),
]


@pytest.mark.long
@pytest.mark.parametrize(("fault", "module", "check", "leak"), ALONE, ids=[row[0].__name__ for row in ALONE])
def test_what_one_check_alone_stops_would_show_without_it(monkeypatch, fault, module, check, leak):
    with_it = [mix_up(seed, faults=1, kinds=[fault]) for seed in range(60)]
    assert {told.leaks for told in with_it} == {()}
    assert sum(fault.__name__ in told.faults for told in with_it) > 5
    monkeypatch.setattr(module, check, lambda *_, **__: None)
    assert any(leak in mix_up(seed, faults=1, kinds=[fault]).leaks for seed in range(60))
