"""Bounds and sample sizes against enumeration in fractions: every small lot, every outcome."""

import itertools
import math
import sys
from fractions import Fraction
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redactor.errors import UsageError
from redactor.review.bounds import (
    adjusted_bound,
    allocate,
    cohens_kappa,
    least_sensitivity,
    planned_draw,
    recordings_with_slots,
    sample_size,
    slots_in_recordings,
    stratified_upper_bound,
    upper_bound,
)

pytestmark = pytest.mark.long

CONFIDENCES = [0.5, 0.8, 0.95]
SENSITIVITIES = [0.9, 0.5]
# Two strata and three; unlike shares drawn, all drawn, nothing drawn.
DRAWS = [
    [(6, 3), (6, 3)],
    [(4, 3), (9, 2)],
    [(5, 5), (7, 2)],
    [(3, 0), (8, 5)],
    [(2, 1), (4, 2), (6, 3)],
    [(1, 1), (3, 1), (5, 4)],
]


@cache
def chances(size, leaking, drawn, sensitivity=Fraction(1)):
    """Chance of noticing 0, 1, ... leaking units, by counting draws; fractions of one denominator, so whole."""
    seen, one = sensitivity.numerator, sensitivity.denominator
    noticed = [0] * (drawn + 1)
    for j in range(max(0, drawn - (size - leaking)), min(leaking, drawn) + 1):
        ways = math.comb(leaking, j) * math.comb(size - leaking, drawn - j) * one ** (drawn - j)
        for x in range(j + 1):
            noticed[x] += ways * math.comb(j, x) * seen**x * (one - seen) ** (j - x)
    return [Fraction(number, math.comb(size, drawn) * one**drawn) for number in noticed]


def printed(number):
    return Fraction(str(number))


def few(size, leaking, drawn, noticed, sensitivity=1):
    """Chance of noticing so few."""
    if noticed == 0:
        missed, least = 1 - printed(sensitivity), max(0, drawn - (size - leaking))
        terms = (
            math.comb(leaking, j) * math.comb(size - leaking, drawn - j) * missed**j
            for j in range(least, min(leaking, drawn) + 1)
        )
        return sum(terms) / math.comb(size, drawn)
    return sum(chances(size, leaking, drawn, printed(sensitivity))[: noticed + 1])


def bound_by_counting(size, drawn, noticed, confidence, sensitivity=1):
    """The definition: largest K under which so few are noticed with a chance above what is left."""
    left = 1 - printed(confidence)
    return max(k for k in range(noticed, size + 1) if few(size, k, drawn, noticed, sensitivity) > left)


def none_under_the_worst_split(strata, total):
    """Largest chance that none of so many leaking units is drawn."""
    return max(
        math.prod((chances(n, k, d)[0] for (n, d), k in zip(strata, leaking, strict=True)), start=Fraction(1))
        for leaking in itertools.product(*(range(size + 1) for size, _ in strata))
        if sum(leaking) == total
    )


@pytest.mark.parametrize("confidence", CONFIDENCES)
@pytest.mark.parametrize("size", [1, 2, 7, 12])
def test_the_bound_is_that_of_the_definition_in_every_small_lot(size, confidence):
    for drawn in range(size + 1):
        for noticed in range(drawn + 1):
            expected = bound_by_counting(size, drawn, noticed, confidence)
            assert upper_bound(size, drawn, noticed, confidence=confidence) == expected, (drawn, noticed)


@pytest.mark.parametrize("confidence", CONFIDENCES)
@pytest.mark.parametrize("sensitivity", SENSITIVITIES)
def test_the_bound_is_that_of_the_definition_when_leaks_are_missed(sensitivity, confidence):
    for drawn in range(10):
        for noticed in range(drawn + 1):
            expected = bound_by_counting(9, drawn, noticed, confidence, sensitivity)
            found = upper_bound(9, drawn, noticed, confidence=confidence, least_sensitivity=sensitivity)
            while found > expected:  # on a tie the safe side may be taken
                assert few(9, found, drawn, noticed, sensitivity) == 1 - printed(confidence), (drawn, noticed)
                found -= 1
            assert found == expected, (drawn, noticed)


def covered(strata, leaking, sensitivity, bound):
    """Chance that `bound`, of what was noticed in each stratum, is not below the truth."""
    each = [chances(n, k, d, printed(sensitivity)) for (n, d), k in zip(strata, leaking, strict=True)]
    total = Fraction(0)
    for noticed in itertools.product(*(range(len(chance)) for chance in each)):
        chance = math.prod((c[x] for c, x in zip(each, noticed, strict=True)), start=Fraction(1))
        if chance and bound(noticed) >= sum(leaking):
            total += chance
    return total


@pytest.mark.parametrize("confidence", CONFIDENCES)
@pytest.mark.parametrize("sensitivity", [1, *SENSITIVITIES])
def test_whatever_leaks_the_bound_holds_as_often_as_it_says(sensitivity, confidence):
    for drawn in (1, 4, 9, 10):

        @cache
        def bound(noticed, drawn=drawn):
            return upper_bound(10, drawn, *noticed, confidence=confidence, least_sensitivity=sensitivity)

        for leaking in range(11):
            assert covered([(10, drawn)], [leaking], sensitivity, bound) >= printed(confidence)


@pytest.mark.parametrize("confidence", CONFIDENCES)
@pytest.mark.parametrize("sensitivity", [1, 0.9])
@pytest.mark.parametrize("strata", DRAWS, ids=str)
def test_whatever_leaks_in_which_stratum_the_bound_holds_as_often_as_it_says(strata, sensitivity, confidence):
    @cache
    def bound(noticed):
        seen = [(n, d, x) for (n, d), x in zip(strata, noticed, strict=True)]
        return stratified_upper_bound(seen, confidence=confidence, least_sensitivity=sensitivity)

    for leaking in itertools.product(*(range(size + 1) for size, _ in strata)):
        assert covered(strata, leaking, sensitivity, bound) >= printed(confidence), leaking


@pytest.mark.parametrize("confidence", CONFIDENCES)
@pytest.mark.parametrize("strata", DRAWS, ids=str)
def test_with_nothing_seen_the_bound_is_that_of_the_worst_split(strata, confidence):
    left = 1 - printed(confidence)
    found = stratified_upper_bound([(*stratum, 0) for stratum in strata], confidence=confidence)
    # On a tie the safe side is taken.
    assert none_under_the_worst_split(strata, found) >= left
    assert found == sum(size for size, _ in strata) or none_under_the_worst_split(strata, found + 1) < left


def test_a_stratum_of_which_nothing_was_drawn_counts_wholly():
    assert stratified_upper_bound([(50, 50, 0), (70, 0, 0)], confidence=0.95) == 70
    assert stratified_upper_bound([(50, 50, 2), (70, 0, 0)], confidence=0.95) == 72
    assert stratified_upper_bound([(50, 0, 0), (70, 0, 0)], confidence=0.95, least_sensitivity=0.9) == 120


def test_one_stratum_is_a_plain_lot_and_empty_ones_do_not_matter():
    assert stratified_upper_bound([(0, 0, 0), (900, 80, 2)], confidence=0.9) == upper_bound(
        900, 80, 2, confidence=0.9
    )
    assert stratified_upper_bound([], confidence=0.9) == 0


def test_proportional_strata_cost_next_to_nothing():
    plain = upper_bound(100_000, 300, 0, confidence=0.95)
    assert plain <= stratified_upper_bound([(50_000, 150, 0)] * 2, confidence=0.95) <= plain * 1.001
    plain, seen = upper_bound(100_000, 300, 3, confidence=0.95), [(50_000, 150, 3), (50_000, 150, 0)]
    assert plain <= stratified_upper_bound(seen, confidence=0.95) <= plain * 1.01


@pytest.mark.parametrize(
    ("size", "drawn", "noticed", "bound"),
    [
        (100, 100, 0, 0),
        (100, 100, 3, 3),
        (10_000_000, 10_000_000, 3, 3),
        (100, 0, 0, 100),
        (0, 0, 0, 0),
        # P(none of one leaking unit drawn) is 1 - 95/100: exactly what is left, so one unit is ruled out.
        (100, 95, 0, 0),
        (100, 94, 0, 1),
        (10_000_000, 9_500_000, 0, 0),
        (10_000_000, 9_499_999, 0, 1),
    ],
)
def test_bounds_that_can_be_worked_out_by_hand(size, drawn, noticed, bound):
    assert upper_bound(size, drawn, noticed, confidence=0.95) == bound


@pytest.mark.parametrize(("drawn", "noticed"), [(299, 0), (1000, 2), (20_000, 5)])
def test_in_a_lot_of_ten_million_the_bound_is_exact_to_the_unit(drawn, noticed):
    size = 10_000_000
    bound = upper_bound(size, drawn, noticed, confidence=0.95)

    def chance(leaking):
        least, most = sorted((leaking, drawn))
        ways = sum(math.comb(most, j) * math.comb(size - most, least - j) for j in range(noticed + 1))
        return Fraction(ways, math.comb(size, least))

    assert chance(bound) > Fraction(5, 100) >= chance(bound + 1)


def test_reviewers_who_hear_next_to_nothing_leave_a_bound_that_is_exact_too():
    bound = upper_bound(2000, 1500, 0, confidence=0.95, least_sensitivity=0.02)
    assert few(2000, bound, 1500, 0, 0.02) > Fraction(5, 100) >= few(2000, bound + 1, 1500, 0, 0.02)


def test_leaks_in_strata_drawn_alike_are_bounded_as_in_a_sample_with_replacement():
    # Clopper-Pearson for 4 of 20: 40.1 %.
    assert stratified_upper_bound([(50, 10, 4), (50, 10, 0)], confidence=0.95) == 40
    assert stratified_upper_bound([(50, 10, 2), (50, 10, 2)], confidence=0.95) == 40


def test_a_sure_miss_bounds_nothing():
    assert upper_bound(40, 30, 0, confidence=0.95, least_sensitivity=0) == 40


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_a_bound_falls_with_more_drawn_and_rises_with_more_seen_more_missed_and_more_confidence(data):
    size = data.draw(st.integers(2, 3000))
    drawn = data.draw(st.integers(1, size - 1))
    noticed = data.draw(st.integers(0, min(drawn - 1, 6)))
    confidence, sensitivity = data.draw(st.sampled_from([0.6, 0.9, 0.95])), data.draw(st.floats(0.05, 1))

    def bound(drawn=drawn, noticed=noticed, confidence=confidence, sensitivity=sensitivity):
        return upper_bound(size, drawn, noticed, confidence=confidence, least_sensitivity=sensitivity)

    assert noticed <= bound(drawn + 1) <= bound() <= bound(noticed=noticed + 1) <= size
    assert bound() <= bound(sensitivity=sensitivity / 2)
    assert bound() <= bound(confidence=0.99)


@given(
    st.lists(st.tuples(st.integers(1, 400), st.floats(0, 1), st.integers(0, 2)), min_size=2, max_size=4),
    st.sampled_from([1, 0.97, 0.6]),
)
@settings(max_examples=100, deadline=None)
def test_a_bound_over_strata_is_never_below_that_of_any_one_nor_above_the_lot(drawn, sensitivity):
    strata = [(size, round(size * share), min(seen, round(size * share))) for size, share, seen in drawn]
    bound = stratified_upper_bound(strata, confidence=0.9, least_sensitivity=sensitivity)
    assert bound <= sum(size for size, _, _ in strata)
    assert bound >= sum(seen for _, _, seen in strata)
    more = [(size, num, min(seen + 1, num)) for size, num, seen in strata]
    assert bound <= stratified_upper_bound(more, confidence=0.9, least_sensitivity=sensitivity)
    if sum(seen for _, _, seen in strata) == 0 and sensitivity == 1:
        assert bound >= max(upper_bound(*stratum, confidence=0.9) for stratum in strata)


@pytest.mark.parametrize(
    ("size", "drawn", "noticed", "options"),
    [
        (10, 11, 0, {}),
        (10, 5, 6, {}),
        (10, 5, -1, {}),
        (10, 5, 0, {"confidence": 1}),
        (10, 5, 0, {"confidence": 0}),
        (10, 5, 0, {"least_sensitivity": 1.1}),
        (10, 5, 0, {"least_sensitivity": float("nan")}),
    ],
)
def test_numbers_that_cannot_be_are_refused(size, drawn, noticed, options):
    with pytest.raises(ValueError, match=" is | and | from "):
        upper_bound(size, drawn, noticed, **{"confidence": 0.95, **options})
    with pytest.raises(ValueError, match=" is | and | from "):
        stratified_upper_bound([(10, 5, 0), (size, drawn, noticed)], **{"confidence": 0.95, **options})


@pytest.mark.parametrize(
    ("size", "confidence", "rate", "allowed", "expected"),
    [
        (10_000_000, 0.95, 0.01, 0, 299),
        (500, 0.95, 0.01, 0, 196),
        (100, 0.95, 0.01, 0, 78),
        (20, 0.95, 0.01, 0, 19),
        (19, 0.95, 0.01, 0, 19),
        (10_000_000, 0.95, 0.01, 1, 473),
        (10_000_000, 0.99, 0.001, 0, 4602),
        (3, 0.95, 0, 3, 3),
        (0, 0.95, 0.01, 0, 0),
        # 0.29 * 100 is 28.999999999999996 in binary.
        (100, 0.95, 0.07, 0, 31),
        (100, 0.95, 0.29, 0, 9),
    ],
)
def test_sizes_of_samples(size, confidence, rate, allowed, expected):
    assert sample_size(size, confidence=confidence, max_rate=rate, allowed=allowed) == expected


@pytest.mark.parametrize("rate", [0, 0.07, 0.1, 0.29, 0.3, 0.5])
@pytest.mark.parametrize("allowed", [0, 1, 2])
def test_a_sample_is_the_smallest_whose_bound_keeps_the_promise(rate, allowed):
    for size in (1, 2, 9, 10, 30, 100):
        num = sample_size(size, confidence=0.95, max_rate=rate, allowed=allowed)
        most = math.floor(printed(rate) * size)

        def keeps(num, size=size, most=most):
            return num >= allowed and bound_by_counting(size, num, allowed, 0.95) <= most

        assert keeps(num) or num == size
        assert num <= allowed or not keeps(num - 1)


def test_a_lot_that_may_not_leak_at_all_is_heard_wholly_where_leaks_are_missed():
    assert sample_size(50, confidence=0.95, max_rate=0, least_sensitivity=0.5) == 50
    # As if half as many leaked.
    assert sample_size(10**7, confidence=0.95, max_rate=0.01, least_sensitivity=0.5) == 598


@pytest.mark.parametrize("sizes", [[5000], [2500, 2400, 100], [40, 30, 3], [9, 0, 1]])
@pytest.mark.parametrize(("allowed", "planted"), [(0, 0), (1, 0), (0, 40)])
def test_a_planned_draw_supports_the_claim_and_nothing_much_smaller_does(sizes, allowed, planted):
    def bound(drawn):
        seen = [(size, num, 0) for size, num in zip(sizes, drawn, strict=True)]
        seen[0] = (sizes[0], drawn[0], min(allowed, drawn[0]))
        return adjusted_bound(seen, confidence=0.95, num_planted=planted, num_noticed=planted).num_leaking

    drawn = planned_draw(sizes, confidence=0.95, max_rate=0.02, allowed=allowed, num_planted=planted)
    most = math.floor(Fraction(2, 100) * sum(sizes))
    assert bound(drawn) <= most or list(drawn) == sizes
    assert bound(allocate(max(0, sum(drawn) - 1), sizes)) > most


def test_planting_costs_a_larger_draw():
    assert planned_draw([10**7], confidence=0.95, max_rate=0.01) == (299,)
    assert planned_draw([10**7], confidence=0.95, max_rate=0.01, num_planted=60) == (391,)


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_sensitivity_is_above_its_bound_as_often_as_said(confidence):
    for planted in (1, 5, 20):
        bounds = [least_sensitivity(planted, x, confidence=confidence) for x in range(planted + 1)]
        assert bounds == sorted(bounds)
        for true in [0.0, 0.3, 0.7, 0.95, 1.0, *(min(1.0, bound * (1 + 1e-6)) for bound in bounds)]:
            held = math.fsum(
                math.comb(planted, x) * true**x * (1 - true) ** (planted - x)
                for x, bound in enumerate(bounds)
                if bound <= true
            )
            assert held >= confidence - 1e-5


def test_sensitivity_by_hand():
    assert least_sensitivity(0, 0, confidence=0.95) is None
    assert least_sensitivity(30, 0, confidence=0.95) == 0
    # All of n noticed: the n-th root of what is left.
    assert least_sensitivity(30, 30, confidence=0.95) == pytest.approx(0.05 ** (1 / 30), rel=1e-8)
    assert least_sensitivity(30, 30, confidence=0.95) <= 0.05 ** (1 / 30)
    with pytest.raises(ValueError, match="than were planted"):
        least_sensitivity(3, 4, confidence=0.95)


def test_the_adjusted_bound_halves_what_is_left_to_chance():
    adjusted = adjusted_bound([(5000, 400, 1)], confidence=0.9, num_planted=50, num_noticed=45)
    assert adjusted.confidence == adjusted.sensitivity_confidence == 0.95
    assert adjusted.least_sensitivity == least_sensitivity(50, 45, confidence=0.95)
    assert adjusted.num_leaking == upper_bound(
        5000, 400, 1, confidence=0.95, least_sensitivity=adjusted.least_sensitivity
    )


def test_with_nothing_planted_the_sample_has_all_of_the_confidence():
    adjusted = adjusted_bound([(5000, 400, 1)], confidence=0.9, num_planted=0, num_noticed=0)
    assert (adjusted.least_sensitivity, adjusted.sensitivity_confidence) == (None, None)
    assert adjusted.confidence == 0.9
    assert adjusted.num_leaking == upper_bound(5000, 400, 1, confidence=0.9)


def test_every_planted_leak_missed_makes_the_bound_larger_up_to_the_lot():
    seen = [(3000, 300, 0), (2000, 200, 0)]
    bounds = [
        adjusted_bound(seen, confidence=0.95, num_planted=20, num_noticed=20 - missed).num_leaking
        for missed in range(21)
    ]
    assert all(one < other for one, other in itertools.pairwise(bounds[:10]))
    assert bounds == sorted(bounds)
    assert bounds[-1] == 5000


def test_the_adjusted_bound_holds_as_often_as_it_says_with_both_steps_left_to_chance():
    size, drawn, planted, confidence = 8, 5, 4, 0.8
    bounds = {
        (x, y): adjusted_bound([(size, drawn, x)], confidence=confidence, num_planted=planted, num_noticed=y)
        for x in range(drawn + 1)
        for y in range(planted + 1)
    }
    for sensitivity in (Fraction(1, 10), Fraction(1, 2), Fraction(9, 10), Fraction(1)):
        notice = [math.comb(planted, y) * sensitivity**y * (1 - sensitivity) ** (planted - y) for y in range(5)]
        for leaking in range(size + 1):
            seen = chances(size, leaking, drawn, sensitivity)
            held = sum(seen[x] * notice[y] for (x, y), bound in bounds.items() if bound.num_leaking >= leaking)
            assert held >= printed(confidence)


@pytest.mark.parametrize(
    ("num", "sizes", "shares"),
    [
        (0, [3, 4], (0, 0)),
        (0, [], ()),
        (7, [3, 4], (3, 4)),
        (10, [50, 30, 20], (5, 3, 2)),
        (10, [47, 33, 20], (5, 3, 2)),
        (3, [10, 10], (2, 1)),
        (2, [100, 5, 1], (2, 0, 0)),
        (3, [100, 5, 1], (1, 1, 1)),
        (10, [1000, 1, 0, 1], (8, 1, 0, 1)),
        (10, [500, 500, 1, 1], (4, 4, 1, 1)),
        (9, [500, 500, 1, 1], (3, 4, 1, 1)),
    ],
)
def test_a_draw_is_shared_out_in_proportion(num, sizes, shares):
    assert allocate(num, sizes) == shares


@given(st.lists(st.integers(0, 500), max_size=8), st.data())
@settings(max_examples=200)
def test_every_stratum_gets_one_where_there_are_enough_and_none_more_than_it_has(sizes, data):
    num = data.draw(st.integers(0, sum(sizes)))
    shares = allocate(num, sizes)
    assert sum(shares) == num
    assert all(0 <= share <= size for share, size in zip(shares, sizes, strict=True))
    if num >= sum(size > 0 for size in sizes):
        assert all(share > 0 for share, size in zip(shares, sizes, strict=True) if size)


def test_more_than_there_is_cannot_be_shared_out():
    with pytest.raises(ValueError, match="than there are"):
        allocate(8, [3, 4])


@pytest.mark.parametrize(
    ("table", "share", "kappa"),
    [
        # Wikipedia's worked example: 0.7 agreed, 0.5 by chance.
        ({("yes", "yes"): 20, ("yes", "no"): 5, ("no", "yes"): 10, ("no", "no"): 15}, 0.7, 0.4),
        ({("a", "a"): 5, ("b", "b"): 5}, 1.0, 1.0),
        ({("a", "b"): 5, ("b", "a"): 5}, 0.0, -1.0),
        ({("a", "a"): 9, ("a", "b"): 1}, 0.9, 0.0),
        # 3 of 4 agreed; chance (2*1 + 1*1 + 1*2) / 16.
        ({("a", "a"): 1, ("a", "c"): 1, ("b", "b"): 1, ("c", "c"): 1}, 0.75, 7 / 11),
        ({("a", "a"): 7}, 1.0, None),
        ({}, None, None),
    ],
)
def test_agreement_by_hand(table, share, kappa):
    agreement = cohens_kappa([pair for pair, count in table.items() for _ in range(count)])
    assert agreement.num_pairs == sum(table.values())
    assert agreement.share == share
    assert agreement.kappa == (None if kappa is None else pytest.approx(kappa))


def test_leaking_recordings_may_be_the_longest_ones():
    lengths = [(1, 50), (10, 2), (4, 3), (0, 9)]
    assert [slots_in_recordings(n, lengths) for n in (0, 1, 2, 3, 5, 6, 99)] == [0, 10, 20, 24, 32, 33, 82]


def test_each_leaking_recording_has_a_slot_that_leaks():
    lengths = [(1, 50), (10, 2), (0, 9)]
    assert [recordings_with_slots(n, lengths) for n in (0, 1, 51, 52, 70)] == [0, 1, 51, 52, 52]


def test_without_scipy_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(UsageError, match=r"need scipy: pip install \"jinja2.* \"scipy"):
        least_sensitivity(3, 2, confidence=0.95)
