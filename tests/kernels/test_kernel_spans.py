"""Cutting overlapping spans into disjoint ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redactor.kernels.spans import disjoint_spans, near, raised_cosine


def rows(ranges, channels, num_channels=2):
    wanted = np.zeros((len(ranges), num_channels), dtype=bool)
    for row, chosen in enumerate(channels):
        wanted[row, list(chosen)] = True
    spans, mask = disjoint_spans(np.array(ranges, dtype=np.int64).reshape(-1, 2), wanted)
    return [(a, b, tuple(np.flatnonzero(m))) for (a, b), m in zip(spans.tolist(), mask, strict=True)]


@pytest.mark.parametrize(
    ("ranges", "channels", "expected"),
    [
        ([], [], []),
        ([(1, 5)], [(0,)], [(1, 5, (0,))]),
        ([(7, 9), (1, 5)], [(0,), (1,)], [(1, 5, (1,)), (7, 9, (0,))]),
        ([(1, 5), (5, 9)], [(0,), (0,)], [(1, 9, (0,))]),
        ([(1, 5), (5, 9)], [(0,), (1,)], [(1, 5, (0,)), (5, 9, (1,))]),
        ([(1, 5), (3, 9)], [(0,), (1,)], [(1, 3, (0,)), (3, 5, (0, 1)), (5, 9, (1,))]),
        ([(1, 9), (3, 5)], [(0,), (0,)], [(1, 9, (0,))]),
        ([(1, 5), (1, 5)], [(0,), (0,)], [(1, 5, (0,))]),
    ],
)
def test_overlapping_ranges_become_disjoint_spans(ranges, channels, expected):
    assert rows(ranges, channels) == expected


drawn_ranges = st.lists(
    st.tuples(st.integers(0, 50), st.integers(1, 20), st.sampled_from([(0,), (1,), (2, 0), (0, 1, 2)])),
    max_size=10,
)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(drawn=drawn_ranges)
def test_disjoint_spans_cover_the_same_samples(drawn):
    expected = np.zeros((80, 3), dtype=bool)
    for first, length, channels in drawn:
        expected[first : first + length, list(channels)] = True
    found = np.zeros((80, 3), dtype=int)
    spans = rows([(a, a + n) for a, n, _ in drawn], [c for _, _, c in drawn], 3)
    for first, stop, channels in spans:
        assert first < stop and channels
        found[first:stop, list(channels)] += 1
    np.testing.assert_array_equal(found, expected.astype(int))
    assert spans == sorted(spans)


@pytest.mark.parametrize(
    ("first", "stop", "expected"),
    [
        (0, 7, []),  # the fade of [10, 20) begins at 7
        (0, 8, [0]),
        (22, 27, [0]),  # it ends at 23, and that of [30, 40) begins at 27
        (22, 28, [0, 1]),
        (23, 27, []),
        (42, 99, [1]),
        (43, 99, []),
    ],
)
def test_near_finds_spans_whose_fades_reach_in(first, stop, expected):
    spans = np.array([[10, 20], [30, 40]])
    assert list(range(2)[near(spans, first, stop, fade_len=3)]) == expected


@pytest.mark.parametrize("fade_len", [0, 1, 2, 160])
def test_fade_rises_between_zero_and_one_and_reaches_neither(fade_len):
    gains = raised_cosine(fade_len)
    assert gains.shape == (fade_len,)
    assert ((gains > 0) & (gains < 1)).all() and (np.diff(gains) > 0).all()
    np.testing.assert_allclose(gains + gains[::-1], 1.0, rtol=0, atol=2**-23)
