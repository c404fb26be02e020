"""What a sample says about a finite lot: how many to draw, and how many leaking units there can be at most.

Everything here is one-sided and errs to one side: a bound is never too small, a sample never too short.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from redactor.review.chances import (
    NEAR,
    Likely,
    Share,
    alpha_of,
    exact,
    last_where,
    scipy_stats,
    sensitivity_of,
)


class Sampled(NamedTuple):
    """A stratum, or a whole lot, and what was seen of it: numbers of units."""

    lot_size: int
    num_drawn: int
    num_leaking: int


@dataclass(frozen=True)
class AdjustedBound:
    """A bound, and what it rests on.

    Attributes
    ----------
    num_leaking : int
        Most leaking units that there can be in the lot.
    confidence : float
        Of the step from the sample to the lot.
    least_sensitivity : float or None
        Share of leaks that reviewers notice, at least; None where nothing was planted to measure it.
    sensitivity_confidence : float or None
        Of `least_sensitivity`.
    """

    num_leaking: int
    confidence: float
    least_sensitivity: float | None
    sensitivity_confidence: float | None


@dataclass(frozen=True)
class Agreement:
    """How well two reviewers of the same clips agree; None where it is not defined."""

    num_pairs: int
    share: float | None
    kappa: float | None


def sample_size(
    lot_size: int, *, confidence: Share, max_rate: Share, allowed: int = 0, least_sensitivity: Share = 1.0
) -> int:
    """Fewest units to draw so that a lot that is worse than wished for is very likely to show it.

    Drawn without replacement. If more than `max_rate` of the lot leaks, the chance of noticing at most
    `allowed` of the leaking units is at most ``1 - confidence``. 299 for a large lot at 0.95, 0.01 and 0.

    Parameters
    ----------
    lot_size : int
    confidence, max_rate : float or Fraction
        Above 0 and below 1; `max_rate` may be 0.
    allowed : int
    least_sensitivity : float or Fraction
        See :func:`upper_bound`.

    Returns
    -------
    int
        The whole lot at worst, even where that cannot show it either.
    """
    alpha, rate = alpha_of(confidence), exact(max_rate)
    if lot_size < 0 or allowed < 0 or not 0 <= rate < 1:
        raise ValueError("sizes are not negative, and a rate is below 1")
    if lot_size == 0:
        return 0
    num_leaking = math.floor(rate * lot_size) + 1
    likely = Likely(allowed, float(least_sensitivity), alpha, most_drawn=lot_size)
    fewer = last_where(lambda num_drawn: likely(lot_size, num_leaking, num_drawn), 0, lot_size)
    return min(fewer + 1, lot_size)


def planned_draw(
    sizes: Sequence[int], *, confidence: Share, max_rate: Share, allowed: int = 0, num_planted: int = 0
) -> tuple[int, ...]:
    """How many units to draw of each stratum so that a good review supports the claim.

    Enough for :func:`adjusted_bound` to be at most `max_rate` of the lot where `allowed` leaks are seen and
    every planted one is noticed: planting costs confidence, and strata do by their rounding, so this is more
    than :func:`sample_size` as a rule. Proportional, see :func:`allocate`; the whole lot where nothing less
    will do.
    """
    total, most = sum(sizes), math.floor(exact(max_rate) * sum(sizes))

    def is_too_small(num: int) -> bool:
        if num < allowed:
            return True
        drawn, left, strata = allocate(num, sizes), allowed, []
        for size, num_drawn in zip(sizes, drawn, strict=True):
            strata.append(Sampled(size, num_drawn, min(left, num_drawn)))
            left -= strata[-1].num_leaking
        bound = adjusted_bound(strata, confidence=confidence, num_planted=num_planted, num_noticed=num_planted)
        return bound.num_leaking > most

    fewest = sample_size(total, confidence=confidence, max_rate=max_rate, allowed=allowed)
    if fewest >= total or not is_too_small(fewest):
        return allocate(fewest, sizes)
    return allocate(min(last_where(is_too_small, fewest, total) + 1, total), sizes)


def upper_bound(
    lot_size: int, num_drawn: int, num_leaking: int, *, confidence: Share, least_sensitivity: Share = 1.0
) -> int:
    """Most leaking units that a lot can have, by what was noticed in a uniform sample of it.

    The largest K for which the chance of noticing at most `num_leaking` is above ``1 - confidence``: the
    exact one-sided hypergeometric limit (Buonaccorsi, The American Statistician 41 (1987) 215), where each
    leaking unit that was drawn is noticed with probability `least_sensitivity`, independently. The chance
    falls as K grows, so K is found by bisection.

    Parameters
    ----------
    lot_size, num_drawn, num_leaking : int
        Units in the lot, drawn without replacement, and noticed to leak among those.
    confidence : float or Fraction
        Above 0 and below 1.
    least_sensitivity : float or Fraction
        From 0 to 1. A lower bound of the true one makes the result larger, never smaller.

    Returns
    -------
    int
        Exact to the unit where the sensitivity is 1 (beyond 20,000 factors, and with another sensitivity, one
        unit may be added on a tie of nine digits). ``num_leaking`` where everything was drawn and all is
        noticed.

    Raises
    ------
    ValueError
        For numbers that cannot be.
    """
    _check(Sampled(lot_size, num_drawn, num_leaking))
    sensitivity = float(least_sensitivity)
    likely = Likely(num_leaking, sensitivity, alpha_of(confidence), most_drawn=num_drawn)
    if sensitivity == 0:
        return lot_size
    most = lot_size - num_drawn + num_leaking if sensitivity == 1 else lot_size
    return last_where(lambda count: likely(lot_size, count, num_drawn), num_leaking, most)


def stratified_upper_bound(
    strata: Sequence[tuple[int, int, int]], *, confidence: Share, least_sensitivity: Share = 1.0
) -> int:
    """Most leaking units in all strata together; each was sampled on its own.

    With the number of leaking units known, let q be the chance of noticing no more in all than were noticed,
    under the split over the strata that makes it largest. A total is ruled out when q, or something above q,
    is at most ``1 - confidence``; one fewer than the smallest total so ruled out is the bound. That is a test
    for every total, of the sum that was noticed, so the bound is too small with at most that chance.

    - One stratum: :func:`upper_bound`.
    - Nothing noticed, and sensitivity 1: q exactly. The chance that stratum h shows none of its K is the
      product of ``1 - n / (N - i)`` for i < K, whose factors fall: its logarithm is concave in K, and giving
      each next leaking unit to the stratum whose next factor is largest is the worst split.
    - Otherwise: a hypergeometric number is a sum of independent trials (Vatutin & Mikhailov, Theory Probab.
      Appl. 27 (1982) 734), and stays one when thinned. For such sums of m trials and mean mu, ``P(sum <= x)``
      is at most that of a binomial number with as many trials and the same mean, while ``x <= mu - 1``
      (Hoeffding, Ann. Math. Statist. 27 (1956) 713, theorem 4). There are at most min(drawn, K) trials, and
      mu is smallest when the strata with the smallest shares drawn are filled first.

    A stratum of which nothing was drawn counts wholly.

    Parameters
    ----------
    strata : sequence of (lot_size, num_drawn, num_leaking)
    confidence, least_sensitivity : float or Fraction
        See :func:`upper_bound`.
    """
    kept = [Sampled(*stratum) for stratum in strata if stratum[0] or stratum[1]]
    for stratum in kept:
        _check(stratum)
    alpha, sensitivity = alpha_of(confidence), sensitivity_of(least_sensitivity)
    if not kept:
        return 0
    if len(kept) == 1:
        return upper_bound(*kept[0], confidence=confidence, least_sensitivity=least_sensitivity)
    if sensitivity == 1 and not any(stratum.num_leaking for stratum in kept):
        return _worst_split(kept, alpha)
    return _by_binomial(kept, alpha, sensitivity)


def adjusted_bound(
    strata: Sequence[tuple[int, int, int]], *, confidence: Share, num_planted: int, num_noticed: int
) -> AdjustedBound:
    """The bound, made larger by how many planted leaks reviewers missed.

    What is left to chance, ``1 - confidence``, is halved between the two steps (Bonferroni): with at most one
    half the true sensitivity is below `least_sensitivity`, and where it is not, the lot leaks more than its
    bound with at most the other. This takes a real leak to be noticed no less often than a planted one. Where
    nothing was planted the sample has it all, and the bound assumes that reviewers notice every leak.

    Parameters
    ----------
    strata : sequence of (lot_size, num_drawn, num_leaking)
        One of them for a uniform sample of the whole lot.
    confidence : float or Fraction
        Of the whole statement.
    num_planted, num_noticed : int
        A planted leak that nobody judged is a planted one that was not noticed.
    """
    if num_planted == 0:
        bound = stratified_upper_bound(strata, confidence=confidence)
        return AdjustedBound(bound, float(confidence), None, None)
    each = 1 - alpha_of(confidence) / 2
    sensitivity = least_sensitivity(num_planted, num_noticed, confidence=each)
    bound = stratified_upper_bound(strata, confidence=each, least_sensitivity=sensitivity)
    return AdjustedBound(bound, float(each), sensitivity, float(each))


def least_sensitivity(num_planted: int, num_noticed: int, *, confidence: Share) -> float | None:
    """Share of leaks that reviewers notice, at least, by the planted ones: Clopper-Pearson.

    Biometrika 26 (1934) 404.

    Returns
    -------
    float or None
        None where nothing was planted.
    """
    alpha = alpha_of(confidence)
    if not 0 <= num_noticed <= num_planted:
        raise ValueError("no more planted leaks can be noticed than were planted")
    if num_planted == 0:
        return None
    if num_noticed == 0:
        return 0.0
    least = scipy_stats().beta.ppf(float(alpha), num_noticed, num_planted - num_noticed + 1)
    return float(least) * (1 - NEAR)  # rounded to the safe side


def slots_in_recordings(num_recordings: int, slots_per_recording: Iterable[tuple[int, int]]) -> int:
    """Most slots that can leak when at most so many recordings do: all slots of the longest.

    Parameters
    ----------
    num_recordings : int
    slots_per_recording : iterable of (num_slots, how_many)
        `how_many` recordings of the lot have `num_slots` slots each.
    """
    slots = 0
    for num_slots, how_many in sorted(slots_per_recording, reverse=True):
        taken = min(how_many, num_recordings)
        slots, num_recordings = slots + taken * num_slots, num_recordings - taken
    return slots


def recordings_with_slots(num_slots: int, slots_per_recording: Iterable[tuple[int, int]]) -> int:
    """Most recordings that can leak when at most so many slots do: each has one such slot or more."""
    return min(num_slots, sum(how_many for slots, how_many in slots_per_recording if slots))


def allocate(num: int, sizes: Sequence[int]) -> tuple[int, ...]:
    """Share out a draw over strata in proportion to their sizes, by largest remainder.

    At least one from each stratum that has any where `num` allows, never more than a stratum has; of equals the
    first comes first.

    Raises
    ------
    ValueError
        If there are fewer units than are to be drawn.
    """
    total = sum(sizes)
    if not 0 <= num <= total:
        raise ValueError("more units are to be drawn than there are")
    if num == 0:
        return (0,) * len(sizes)
    quotas = [Fraction(num * size, total) for size in sizes]
    least = 1 if num >= sum(size > 0 for size in sizes) else 0
    shares = [max(math.floor(quota), min(least, size)) for quota, size in zip(quotas, sizes, strict=True)]
    order = range(len(sizes))
    while sum(shares) > num:  # what the smallest strata got beyond their share
        more = (i for i in order if shares[i] > 1)
        shares[max(more, key=lambda i: (shares[i] - quotas[i], -i))] -= 1
    while sum(shares) < num:
        fewer = (i for i in order if shares[i] < sizes[i])
        shares[max(fewer, key=lambda i: (quotas[i] - shares[i], -i))] += 1
    return tuple(shares)


def cohens_kappa(pairs: Iterable[tuple[str, str]]) -> Agreement:
    """Agreement of two reviewers beyond chance (Cohen, Educ. Psychol. Meas. 20 (1960) 37).

    Parameters
    ----------
    pairs : iterable of (str, str)
        The first and the second reviewer's category of one clip.

    Returns
    -------
    Agreement
        `kappa` is None without pairs, and where chance alone would make them agree always.
    """
    counts = Counter(pairs)
    num = sum(counts.values())
    if num == 0:
        return Agreement(0, None, None)
    first, second = Counter(), Counter()
    for (one, other), count in counts.items():
        first[one] += count
        second[other] += count
    agreed = sum(count for (one, other), count in counts.items() if one == other)
    by_chance = Fraction(sum(first[category] * second[category] for category in first), num * num)
    share = Fraction(agreed, num)
    kappa = None if by_chance == 1 else float((share - by_chance) / (1 - by_chance))
    return Agreement(num, float(share), kappa)


def _worst_split(strata: Sequence[Sampled], alpha: Fraction) -> int:
    """Most leaking units of which none is drawn with a chance above `alpha`, over all splits."""
    unseen = sum(stratum.lot_size for stratum in strata if stratum.num_drawn == 0)
    factors = [np.empty(0)]
    for size, drawn, _ in strata:
        if drawn:
            # No stratum can have more than it could if all others were clean.
            most = min(upper_bound(size, drawn, 0, confidence=1 - alpha) + 1, size - drawn)
            factors.append(np.log1p(-drawn / (size - np.arange(most, dtype=np.float64))))
    # The largest are the first of their strata, since they fall within each.
    logs = np.cumsum(np.sort(np.concatenate(factors))[::-1])
    return unseen + int(np.count_nonzero(logs > math.log(alpha) - NEAR))


def _by_binomial(strata: Sequence[Sampled], alpha: Fraction, sensitivity: float) -> int:
    """See :func:`stratified_upper_bound`."""
    size, drawn, noticed = (sum(column) for column in zip(*strata, strict=True))
    rarest_first = sorted(strata, key=lambda stratum: Fraction(stratum.num_drawn, stratum.lot_size))

    def is_possible(count: int) -> bool:
        left, mean = count, Fraction(0)
        for stratum in rarest_first:
            mean += min(left, stratum.lot_size) * Fraction(stratum.num_drawn, stratum.lot_size)
            left -= min(left, stratum.lot_size)
        expected = float(mean) * sensitivity
        trials = min(drawn, count)
        if trials == 0 or noticed > expected - 1:
            return True
        chance = scipy_stats().binom.cdf(noticed, trials, min(1.0, expected / trials))
        return float(chance) > float(alpha) * (1 - NEAR)

    most = size - drawn + noticed if sensitivity == 1 else size
    return last_where(is_possible, noticed, most)


def _check(stratum: Sampled) -> None:
    if not 0 <= stratum.num_leaking <= stratum.num_drawn <= stratum.lot_size:
        raise ValueError("what leaks was drawn, and what was drawn is in the lot")
