"""How likely a sample shows so few of the leaking units of a lot, exactly enough to decide by.

Numbers that a person typed (0.95, 0.01) are taken as printed, not as the binary fractions next to them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from redactor.errors import UsageError
from redactor.extras import install_command

Share = float | Fraction

# Chances are computed to about 1e-12 of themselves. Nearer to the limit than this, whole numbers decide, and
# where those would take too long, the side that makes the bound larger.
NEAR = 1e-9
_MOST_WHOLE_NUMBER_FACTORS = 20_000
# What is left out of a sum must not show beside NEAR times any limit one would ask for.
_NEVER = 1e-24


class Likely:
    """Whether noticing at most `most` is likelier than `alpha`, for a lot, its leaking units and a draw.

    Parameters
    ----------
    most : int
    sensitivity : float
        Chance of noticing a leaking unit that was drawn.
    alpha : Fraction
    most_drawn : int
        No draw that is asked about is larger.
    """

    def __init__(self, most: int, sensitivity: float, alpha: Fraction, *, most_drawn: int) -> None:
        self._most, self._alpha, self._is_sure = most, alpha, sensitivity_of(sensitivity) == 1
        # Chance of noticing at most `most` of j leaking units drawn, for all j where it is not next to nothing.
        self._weights, last = np.ones(most + 1), most
        while not self._is_sure and self._weights[-1] > _NEVER and last < most_drawn:
            last = min(2 * last + 64, max(most_drawn, most))
            self._weights = scipy_stats().binom.cdf(most, np.arange(last + 1), sensitivity)

    def __call__(self, lot_size: int, num_leaking: int, num_drawn: int) -> bool:
        first, logs = _log_chances(lot_size, num_leaking, num_drawn, len(self._weights) - 1)
        chance, alpha = float(np.exp(logs) @ self._weights[first : first + len(logs)]), float(self._alpha)
        if abs(chance - alpha) > NEAR * alpha:
            return chance > alpha
        draw, good = sorted((num_leaking, num_drawn))
        if not self._is_sure or draw > _MOST_WHOLE_NUMBER_FACTORS:
            return True
        return _whole_number_chance(lot_size, good, draw, self._most) > self._alpha


def _log_chances(lot_size: int, num_leaking: int, num_drawn: int, last: int) -> tuple[int, np.ndarray]:
    """First number of leaking units that can be drawn, and logarithms of the chances of first, ... last.

    From the chance of the first by the ratios of neighbours: differences of log-gammas, as in scipy's own,
    are off by 1e-7 in lots of ten million.
    """
    clean, undrawn = lot_size - num_leaking, lot_size - num_drawn
    first = max(0, num_drawn - clean)
    last = min(last, num_leaking, num_drawn)
    if last < first:
        return first, np.empty(0)
    # None of the leaking ones drawn or, where some must be, none of the clean ones left out.
    few, many = sorted((num_leaking, num_drawn) if first == 0 else (clean, undrawn))
    start = np.log1p(-many / (lot_size - np.arange(few, dtype=np.float64))).sum()
    j = np.arange(first, last, dtype=np.float64)
    ratios = (num_leaking - j) * (num_drawn - j) / ((j + 1) * (clean - num_drawn + j + 1))
    return first, start + np.concatenate(([0.0], np.cumsum(np.log(ratios))))


def _whole_number_chance(lot_size: int, good: int, draw: int, most: int) -> Fraction:
    """P(at most `most` good ones in a draw), without rounding."""
    first = max(0, draw - (lot_size - good))
    ways = math.comb(good, first) * math.comb(lot_size - good, draw - first)
    total = 0
    for j in range(first, min(most, draw) + 1):
        total += ways
        ways = ways * (good - j) * (draw - j) // ((j + 1) * (lot_size - good - draw + j + 1))
    return Fraction(total, math.comb(lot_size, draw))


def exact(share: Share) -> Fraction:
    """The number that was printed: 7/100 for 0.07."""
    return share if isinstance(share, Fraction) else Fraction(str(float(share)))


def last_where(holds: Callable[[int], bool], first: int, last: int) -> int:
    """By bisection, a number after which it holds no more; it holds at `first`, and after `last` it cannot."""
    while first < last:
        middle = (first + last + 1) // 2
        if holds(middle):
            first = middle
        else:
            last = middle - 1
    return first


def alpha_of(confidence: Share) -> Fraction:
    """What a confidence leaves to chance, above 0 and below 1."""
    alpha = 1 - exact(confidence)
    if not 0 < alpha < 1:
        raise ValueError("a confidence is above 0 and below 1")
    return alpha


def sensitivity_of(share: Share) -> float:
    """A share of leaks that are noticed, from 0 to 1."""
    if not 0 <= share <= 1:
        raise ValueError("a sensitivity is from 0 to 1")
    return float(share)


def scipy_stats() -> Any:
    """The module of that name; it comes with an extra."""
    try:
        from scipy import stats
    except ModuleNotFoundError:
        raise UsageError(f"the statistics of a review need scipy: {install_command('review')}") from None
    return stats
