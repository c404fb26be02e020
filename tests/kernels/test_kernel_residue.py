"""The kernels that hold a release against its original, each against a slow twin."""

import numpy as np
import pytest

from redactor.kernels.mute import FULL_SCALE
from redactor.kernels.residue import SUM_COLUMNS, add_sums, lag_products, mark_changes

DTYPES = ["int16", "int32", "float32", "float64"]


def loud(dtype, shape=(1000, 2), seed=0):
    rng = np.random.default_rng(seed)
    return (rng.uniform(-0.9, 0.9, shape) * FULL_SCALE[np.dtype(dtype)]).astype(dtype)


def everything(samples):
    return np.array([(c, 0, len(samples)) for c in range(samples.shape[1])], dtype=np.int64)


def marked(original, released, rows, first=0, frame_len=50, **options):
    return mark_changes(
        original, released, np.array(rows, dtype=np.int64), first, frame_len=frame_len, **options
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_same_samples_are_not_marked_and_one_other_marks_its_frame(dtype):
    x = loud(dtype)
    y = x.copy()
    assert not marked(x, y, everything(x)).any()
    y[149, 1] = np.nextafter(y[149, 1], 1e9) if y.dtype.kind == "f" else y[149, 1] + 1
    assert np.argwhere(marked(x, y, everything(x))).tolist() == [[2, 1]]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(0, 0, 1000)], [[2, 0]]),
        ([(1, 0, 1000)], [[2, 1]]),
        ([(0, 0, 149)], []),
        ([(0, 149, 150)], [[2, 0]]),
        ([(0, 150, 1000)], []),
        ([(0, 0, 10), (0, 100, 200), (1, 149, 300)], [[2, 0], [2, 1]]),
        ([], []),
    ],
)
def test_only_the_rows_that_are_asked_for_are_compared(rows, expected):
    x = loud("int16")
    y = x.copy()
    y[149] += 1
    assert np.argwhere(marked(x, y, np.array(rows, dtype=np.int64).reshape(-1, 3))).tolist() == expected


@pytest.mark.parametrize("first", [0, 1, 49, 50, 51, 12_345_678_901])
def test_frames_count_from_the_start_of_the_recording(first):
    x = loud("float32", (130, 1))
    expected = sorted({(first + i) // 50 - first // 50 for i in range(130)})
    assert np.flatnonzero(marked(x, -x, everything(x), first=first)[:, 0]).tolist() == expected


@pytest.mark.parametrize(
    ("value", "differs"), [(0.0, False), (1.0, False), (1.1, True), (-1.1, True), (np.nan, True)]
)
def test_differences_up_to_the_tolerance_are_none(value, differs):
    x = loud("float64", (10, 1))
    y = x + value
    assert marked(x, y, everything(x), tolerance=1.0 + 1e-9).any() == differs


def test_the_original_is_scaled_and_clipped_before_it_is_compared():
    x = np.array([[0.5], [1.5], [-2.0], [-1.0]], np.float32)
    y = np.array([[16384], [32767], [-32768], [-32768]], np.int16)
    how = {"factor": 2.0**15, "bounds": (-(2.0**15), 2.0**15 - 1)}
    assert not marked(x, y, everything(x), **how).any()
    assert marked(x, y - np.int16(1) * (y > 0), everything(x), **how).any()


def plain_sums(original, released, rows, first, frame_len, group_len, num_frames):
    """Sample by sample, group by group."""
    out = np.zeros((num_frames, original.shape[1], SUM_COLUMNS))
    scales = [FULL_SCALE[a.dtype] for a in (original, released)]
    for channel, begin, end in rows:
        cuts = [begin]
        while cuts[-1] < end:
            next_frame = ((first + cuts[-1]) // frame_len + 1) * frame_len - first
            cuts.append(min(cuts[-1] + group_len, end, next_frame))
        for a, b in zip(cuts[:-1], cuts[1:], strict=True):
            x, y = original[a:b, channel].astype(float), released[a:b, channel].astype(float)
            x, y = x / scales[0], y / scales[1]
            mean_x, mean_y = x.mean(), y.mean()
            out[(first + a) // frame_len - first // frame_len, channel] += [
                b - a, x.sum(), y.sum(), (x * x).sum(), (y * y).sum(),
                1, mean_x, mean_y, mean_x**2, mean_y**2, mean_x * mean_y,
            ]  # fmt: skip
    return out


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("first", "group_len"), [(0, 1), (0, 7), (33, 4), (1_000_007, 12)])
def test_sums_are_those_of_the_plain_definition(dtype, first, group_len):
    x, y = loud(dtype), loud("float32", seed=1)
    rows = np.array([(0, 0, 1000), (1, 3, 90), (1, 200, 977)], dtype=np.int64)
    expected = plain_sums(x, y, rows, first, 100, group_len, 12)
    out = np.zeros_like(expected)
    add_sums(x, y, rows, first, 100, group_len, 1 / FULL_SCALE[x.dtype], 1.0, out)
    np.testing.assert_allclose(out, expected, rtol=1e-9, atol=1e-12)


def test_sums_of_blocks_add_up():
    x, y = loud("int16"), loud("int16", seed=1)
    whole, pieces = np.zeros((2, 10, 2, SUM_COLUMNS))
    add_sums(x, y, everything(x), 0, 100, 4, 1.0, 1.0, whole)
    for first, stop in [(0, 124), (124, 500), (500, 1000)]:  # cut between groups
        cut = slice(first, stop)
        add_sums(x[cut], y[cut], everything(x[cut]), first, 100, 4, 1.0, 1.0, pieces[first // 100 :])
    np.testing.assert_allclose(pieces, whole)


@pytest.mark.parametrize("num_lags", [1, 2, 33])
@pytest.mark.parametrize("edges", [[0, 10], [0, 1, 7, 7, 40], [0, 40]])
def test_products_at_every_lag_are_those_of_the_plain_definition(num_lags, edges):
    rng = np.random.default_rng(num_lags)
    x, y = rng.standard_normal(edges[-1] + num_lags - 1), rng.standard_normal(edges[-1])
    out = np.full((len(edges) - 1, num_lags), np.nan)
    lag_products(x, y, np.array(edges), out)
    expected = [
        [sum(y[t] * x[t + lag] for t in range(a, b)) for lag in range(num_lags)]
        for a, b in zip(edges[:-1], edges[1:], strict=True)
    ]
    np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-12)
