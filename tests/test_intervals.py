"""Half-open intervals: what is covered, and how much."""

import pytest

from redactor.intervals import CoveredTime

COVERED = CoveredTime([(3.0, 4.0), (1.0, 2.0), (1.5, 2.5)])


def test_what_is_covered_is_disjoint_and_in_order():
    assert COVERED.intervals == [(1.0, 2.5), (3.0, 4.0)]
    assert CoveredTime([]).intervals == []


@pytest.mark.parametrize(
    ("start", "end", "touches", "share"),
    [
        (0.0, 1.0, False, 0.0),
        (0.0, 1.1, True, 0.1 / 1.1),
        (2.5, 3.0, False, 0.0),
        (2.0, 3.5, True, 1.0 / 1.5),
        (1.2, 1.3, True, 1.0),
        (0.0, 5.0, True, 0.5),
        (1.5, 1.5, True, 1.0),  # no length is a millisecond
        (2.4995, 2.4995, True, 0.5),
        (2.5, 2.5, False, 0.0),
        (4.0, 9.0, False, 0.0),
    ],
)
def test_touch_and_share(start, end, touches, share):
    assert COVERED.touches(start, end) is touches
    assert COVERED.share(start, end) == pytest.approx(share, abs=1e-6)
