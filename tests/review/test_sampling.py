"""How much is heard, of which stratum, and what is looked at besides."""

import random

import pytest
from test_lots import LOT

from redactor.errors import UsageError
from redactor.review.bounds import adjusted_bound
from redactor.review.lots import Entry
from redactor.review.sampling import (
    Wish,
    check_allowed,
    doubled,
    is_in_reach,
    risk,
    riskiest,
    shuffled,
    sizes_of_samples,
    take_sample,
)

MANY = [Entry(f"{n:05}", 10.0, LOT[0].row, stratum="a" if n % 10 else "b") for n in range(30_000)]


def test_the_wish_of_one_percent_takes_299_of_very_many_and_fewer_of_fewer():
    numbers = [sizes_of_samples({"all": size}, Wish())["all"] for size in (10**7, 30_000, 300, 20, 1)]
    assert numbers[0] == 299 and numbers == sorted(numbers, reverse=True) and numbers[-2:] == [19, 1]
    assert len(take_sample(LOT, Wish(), "seed").units) == numbers[2] < 299


def test_what_reviewers_may_miss_takes_a_larger_sample():
    numbers = [sizes_of_samples({"all": 30_000}, Wish(), num_planted=n)["all"] for n in (0, 30, 20, 10)]
    assert numbers == sorted(numbers) and numbers[1] > 400


@pytest.mark.parametrize("sizes", [{"a": 27_000, "b": 3_000}, {"a": 270_000, "b": 300, "c": 17, "d": 1}])
@pytest.mark.parametrize("num_planted", [0, 30])
@pytest.mark.parametrize("allowed", [0, 2])
def test_a_sample_in_which_all_goes_well_shows_what_was_wished_for(sizes, num_planted, allowed):
    wish = Wish(allowed=allowed)

    def bound(numbers):
        seen = [(size, numbers[name], 0) for name, size in sizes.items()]
        seen[0] = (*seen[0][:2], allowed)
        planted = {"num_planted": num_planted, "num_noticed": num_planted}
        return adjusted_bound(seen, confidence=0.95, **planted).num_leaking

    numbers = sizes_of_samples(sizes, wish, num_planted=num_planted)
    assert bound(numbers) <= 0.01 * sum(sizes.values())
    assert bound({**numbers, "a": numbers["a"] * 9 // 10}) > 0.01 * sum(sizes.values())


def test_strata_are_drawn_from_by_their_size_or_for_a_bound_each():
    shared = take_sample(MANY, Wish(), "seed").strata
    assert {name: row["units"] for name, row in shared.items()} == {"a": 27_000, "b": 3_000}
    assert shared["a"]["drawn"] / shared["b"]["drawn"] == pytest.approx(9, rel=0.1)
    each = take_sample(MANY, Wish(bound_each=True), "seed")
    assert each.strata["a"]["drawn"] > 290 and each.strata["b"]["drawn"] > 270
    assert sum(stratum == "b" for stratum, _ in each.units) == each.strata["b"]["drawn"]
    assert {unit.name for stratum, unit in each.units if stratum == "b"} <= {e.name for e in MANY[::10]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"confidence": 1.0}, {"confidence": float("nan")}, {"max_leak_rate": 0.0}, {"max_leak_rate": 1.0},
        {"allowed": -1}, {"slot_s": 0.0}, {"slot_s": float("inf")},
    ],
)  # fmt: skip
def test_a_wish_that_means_nothing_is_refused(wrong):
    with pytest.raises(UsageError):
        Wish(**wrong)


def test_the_queue_and_the_double_reviews_are_chosen_once_each():
    rng = random.Random(1)
    assert sorted(shuffled(50, rng)) == list(range(50)) != shuffled(50, rng)
    assert [len(doubled(30, share, rng)) for share in (0.0, 0.1, 0.11, 1.0)] == [0, 3, 4, 30]


def report(*rows, duration=10.0):
    return {"duration": duration, "redactions": list(rows)}


def muted(origin="detected", score=0.9, types=("PERSON",), seconds=1.0):
    return {"origin": origin, "score": score, "types": list(types), "start": 0.0, "end": seconds}


def test_each_kind_of_risk_comes_to_its_turn():
    calm = risk(report(), {"check": [{"agreement": 1.0}]})
    risks = {
        "calm": calm,
        "unsure": risk(report(muted(score=0.4, types=["CITY"])), None),
        "unheard": risk(report(muted("unheard", None, [], seconds=6.0)), None),
        "names": risk(report(*[muted()] * 9), None),
        "fewer": risk(report(*[muted()] * 8), None),
        "rounds": risk(report(), {"check": [{"agreement": 0.9}] * 4}),
    }
    assert calm["near quarantine"] == 1.0 and not any(calm[k] for k in calm if k != "near quarantine")
    assert set(riskiest(risks, 4)) == {"unsure", "unheard", "names", "rounds"}
    assert riskiest(risks, 99)[-1] == "calm" and len(riskiest(risks, 99)) == 6


@pytest.mark.parametrize(
    ("sizes", "allowed", "bound_each", "most"),
    [((4,), 1, False, 0), ((200,), 3, False, 2), ((200, 60), 1, True, 0), ((200, 60), 3, False, 2)],
)
def test_more_leaks_allowed_than_there_may_be_is_refused(sizes, allowed, bound_each, most):
    names = [(f"{stratum}{n:05}", f"s{stratum}") for stratum, size in enumerate(sizes) for n in range(size)]
    entries = [Entry(name, 1.0, LOT[0].row, stratum) for name, stratum in names]
    wish = Wish(allowed=allowed, bound_each=bound_each)
    with pytest.raises(UsageError, match=rf"--allow {allowed} is more than may leak .*\(here {most}\)"):
        check_allowed(entries, wish)
    check_allowed(entries, Wish(allowed=most, bound_each=bound_each))


@pytest.mark.parametrize(
    ("units", "drawn", "allowed", "planted", "reach"),
    [
        (4, 4, 0, 0, True), (4, 4, 0, 3, False), (4, 4, 4, 0, False), (10_000, 299, 0, 0, True),
        (10_000, 250, 0, 0, False), (10_000, 299, 0, 30, False), (10_000, 450, 0, 30, True),
    ],
)  # fmt: skip
@pytest.mark.parametrize("bound", [True, False])
def test_a_wish_is_in_reach_where_the_best_review_shows_it(units, drawn, allowed, planted, reach, bound):
    strata = {"all": {"units": units, "drawn": drawn, "bound": bound}}
    found = is_in_reach(strata, confidence=0.95, max_leak_rate=0.01, allowed=allowed, num_planted=planted)
    assert found is reach
