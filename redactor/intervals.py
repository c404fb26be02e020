"""Half-open intervals of time: what is covered, what is left, and what touches what."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator
from itertools import islice

from redactor.types import Seconds

Interval = tuple[Seconds, Seconds]

# A word without length still is somewhere.
_SHORTEST_S = 1e-3


def subtract(intervals: Iterable[Interval], taken: Iterable[Interval]) -> list[Interval]:
    """What is left of `intervals` outside `taken`; half-open, in any order, overlaps allowed."""
    covers = union(taken)
    left = []
    passed = 0  # covers before this one end before anything that is still to come
    for start, end in union(intervals):
        while passed < len(covers) and covers[passed][1] <= start:
            passed += 1
        for cover_start, cover_end in islice(covers, passed, None):
            if cover_start >= end:
                break
            if cover_start > start:
                left.append((start, cover_start))
            start = max(start, cover_end)
        if start < end:
            left.append((start, end))
    return left


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time as disjoint intervals in order."""
    joined: list[Interval] = []
    for start, end in sorted(intervals):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


class CoveredTime:
    """Time that intervals cover, asked by bisection: a day of calls has many of them.

    Parameters
    ----------
    intervals : iterable of (start, end)
        In any order; they may overlap.
    """

    def __init__(self, intervals: Iterable[Interval]) -> None:
        joined = union(intervals)
        self._starts = [start for start, _ in joined]
        self._ends = [end for _, end in joined]

    def touches(self, start: Seconds, end: Seconds) -> bool:
        """Whether any of [start, end) is covered; what has no length is taken for a millisecond."""
        first = bisect.bisect_right(self._ends, start)
        return first < len(self._starts) and self._starts[first] < max(end, start + _SHORTEST_S)

    def share(self, start: Seconds, end: Seconds) -> float:
        """How much of [start, end) is covered, 0 to 1; what has no length is taken for a millisecond."""
        end = max(end, start + _SHORTEST_S)
        return sum(b - a for a, b in self.within(start, end)) / (end - start)

    def within(self, start: Seconds, end: Seconds) -> Iterator[Interval]:
        """What of [start, end) is covered, disjoint and in order."""
        for index in range(bisect.bisect_right(self._ends, start), len(self._starts)):
            if self._starts[index] >= end:
                break
            yield max(self._starts[index], start), min(self._ends[index], end)

    @property
    def intervals(self) -> list[Interval]:
        """Disjoint and in order."""
        return list(zip(self._starts, self._ends, strict=True))
