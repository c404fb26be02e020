"""Seconds become samples here alone, and a redaction rounds outward."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redactor.timebase import num_samples_for, outward_milliseconds, outward_samples, seconds

RATES = st.sampled_from([8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000])


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0.0, 0.001, (0, 8)),
        (0.5, 1.0, (4000, 8000)),
        (0.50001, 1.0, (4000, 8000)),  # start down
        (0.5, 0.99999, (4000, 8000)),  # end up
        (0.1 + 0.2, 0.7 + 0.1, (2400, 6400)),  # what floats add is no sample
        (-1.0, 0.5, (0, 4000)),
        (0.5, 99.0, (4000, 8000)),
        (5.0, 9.0, (8000, 8000)),  # past the end there is nothing
        (-9.0, -5.0, (0, 0)),
        (0.25, 0.25, (2000, 2000)),
    ],
)
def test_seconds_become_the_samples_that_cover_them(start, end, expected):
    assert outward_samples(start, end, sample_rate=8_000, num_samples=8_000) == expected


@pytest.mark.parametrize(
    ("start", "end"),
    [(math.nan, 1.0), (0.0, math.nan), (0.0, math.inf), (-math.inf, 1.0), (1.0, 0.999)],
)
def test_what_is_no_interval_is_refused(start, end):
    with pytest.raises(ValueError, match="not an interval"):
        outward_samples(start, end, sample_rate=8_000, num_samples=8_000)


@given(st.floats(0, 86_400), st.floats(0, 100), RATES)
def test_no_audible_part_of_the_interval_is_left_out_and_at_most_a_sample_added(start, length, rate):
    end = start + length
    first, stop = outward_samples(start, end, sample_rate=rate, num_samples=90_000 * rate)
    one, slack = Fraction(1, rate), Fraction(2, 10**9)
    assert Fraction(first, rate) <= Fraction(start) + slack
    assert Fraction(stop, rate) >= Fraction(end) - slack
    assert Fraction(first, rate) > Fraction(start) - one - slack
    assert Fraction(stop, rate) < Fraction(end) + one + slack or stop == first


@given(st.integers(0, 10**8), st.integers(0, 10**6), RATES)
def test_times_of_samples_come_back_as_these_samples(first, length, rate):
    stop = first + length
    times = seconds(first, sample_rate=rate), seconds(stop, sample_rate=rate)
    assert outward_samples(*times, sample_rate=rate, num_samples=stop + 1) == (first, stop)


@given(st.floats(0, 86_400), st.floats(0, 100), RATES)
def test_printed_milliseconds_cover_every_sample_that_the_exact_times_cover(start, length, rate):
    printed = outward_milliseconds(start, start + length)
    exact = outward_samples(start, start + length, sample_rate=rate, num_samples=90_000 * rate)
    muted = outward_samples(*printed, sample_rate=rate, num_samples=90_000 * rate)
    if exact[0] < exact[1]:
        assert muted[0] <= exact[0]
        assert muted[1] >= exact[1]
    assert [round(time, 3) for time in printed] == list(printed)


@pytest.mark.parametrize(
    ("duration", "rate", "expected"),
    [(0.01, 8_000, 80), (0.01, 11_025, 111), (0.0, 8_000, 0), (0.1, 44_100, 4410)],
)
def test_a_duration_becomes_the_samples_that_hold_it(duration, rate, expected):
    assert num_samples_for(duration, sample_rate=rate) == expected


@pytest.mark.parametrize("duration", [-0.1, math.nan, math.inf])
def test_what_is_no_duration_is_refused(duration):
    with pytest.raises(ValueError, match="not a duration"):
        num_samples_for(duration, sample_rate=8_000)
