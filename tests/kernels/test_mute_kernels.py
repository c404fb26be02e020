"""The mute kernels against their oracle, at every border."""

from functools import cache

import mute_oracle as oracle
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redactor.kernels.mute import FULL_SCALE, mute_noise, mute_silence, mute_tone, tone_step
from redactor.kernels.noise import NUM_TAPS, quantized_taps
from redactor.kernels.spans import disjoint_spans

NUM_SAMPLES = 400
RATE = 8000
DTYPES = ["int16", "int32", "float32", "float64"]
KINDS = ["silence", "tone", "noise"]
TAPS = np.array([quantized_taps(np.random.default_rng(c).standard_normal(NUM_TAPS) * 1e-7) for c in range(5)])


def kernel(kind, num_channels):
    if kind == "silence":
        return mute_silence, {}
    if kind == "tone":
        return mute_tone, {"step": tone_step(997.0, sample_rate=RATE), "amplitude": 0.25}
    return mute_noise, {"taps": TAPS[:num_channels]}


@cache
def fill_of(kind, num_channels):
    if kind == "silence":
        return np.zeros((NUM_SAMPLES, num_channels))
    if kind == "tone":
        return oracle.tone(NUM_SAMPLES, num_channels, 997.0, RATE, 0.25)
    return oracle.noise(NUM_SAMPLES, TAPS[:num_channels])


def loud(dtype, num_channels, seed=0):
    """Loud everywhere and nowhere equal to a fill."""
    rng = np.random.default_rng(seed)
    shape = (NUM_SAMPLES, num_channels)
    values = rng.choice([-1.0, 1.0], size=shape) * rng.uniform(0.5, 0.999, size=shape)
    return (values * FULL_SCALE[np.dtype(dtype)]).astype(dtype)


def apply(kind, samples, spans, mask, fade_len, cuts=()):
    run, parameters = kernel(kind, samples.shape[1])
    borders = [0, *sorted(cuts), samples.shape[0]]
    for first, stop in zip(borders[:-1], borders[1:], strict=True):
        run(samples[first:stop], first, spans, mask, fade_len=fade_len, **parameters)
    return samples


def arrays(ranges, num_channels, channels=None):
    wanted = np.zeros((len(ranges), num_channels), dtype=bool)
    for row in range(len(ranges)):
        wanted[row, list(channels[row]) if channels else slice(None)] = True
    return np.array(ranges, dtype=np.int64).reshape(-1, 2), wanted


CASES = [
    pytest.param([], 20, id="no span"),
    pytest.param([(100, 200)], 20, id="one"),
    pytest.param([(100, 200)], 0, id="no fade"),
    pytest.param([(0, 50)], 20, id="at the start"),
    pytest.param([(350, 400)], 20, id="at the end"),
    pytest.param([(0, 400)], 20, id="everything"),
    pytest.param([(0, 1), (399, 400)], 3, id="first and last sample"),
    pytest.param([(200, 201)], 20, id="one sample"),
    pytest.param([(100, 150), (150, 200)], 20, id="adjoining"),
    pytest.param([(100, 150), (151, 200)], 20, id="one sample between"),
    pytest.param([(100, 150), (175, 200)], 20, id="fades overlap, odd gap"),
    pytest.param([(100, 150), (174, 200)], 20, id="fades overlap, even gap"),
    pytest.param([(100, 150), (190, 200)], 20, id="fades meet"),
    pytest.param([(100, 150), (191, 200)], 20, id="one sample between the fades"),
    pytest.param([(200, 210), (100, 300), (50, 120)], 20, id="unsorted, overlapping"),
    pytest.param([(5, 6), (395, 396)], 300, id="fades longer than the recording"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("ranges", "fade_len"), CASES)
@pytest.mark.parametrize(("dtype", "num_channels"), [("int16", 2), ("float64", 1)])
def test_kernel_equals_oracle_at_every_border(kind, ranges, fade_len, dtype, num_channels):
    check_against_oracle(kind, dtype, *arrays(ranges, num_channels), fade_len)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("num_channels", [1, 2, 5])
def test_kernel_equals_oracle_for_every_type_and_channel_count(kind, dtype, num_channels):
    ranges = [(30, 60), (50, 120), (130, 150), (300, 301)]
    last = num_channels - 1
    channels = [[0], [last], list(range(num_channels)), [last]]
    check_against_oracle(kind, dtype, *arrays(ranges, num_channels, channels), 25)


def check_against_oracle(kind, dtype, ranges, wanted, fade_len):
    num_channels = wanted.shape[1]
    samples = loud(dtype, num_channels)
    expected = oracle.muted(samples, ranges, wanted, fade_len, fill_of(kind, num_channels))
    result = apply(kind, samples.copy(), *disjoint_spans(ranges, wanted), fade_len)
    inside, near = covered(ranges, wanted, 0), covered(ranges, wanted, fade_len)
    np.testing.assert_array_equal(result[~near], samples[~near])
    if kind == "silence":
        assert not result[inside].any()
    # Gains hold 24 bits and the phase of the tone 32.
    tolerance = {"int16": 1, "float32": 2e-7}.get(dtype, 1e-7 * FULL_SCALE[np.dtype(dtype)])
    np.testing.assert_allclose(result.astype(np.float64), expected.astype(np.float64), rtol=0, atol=tolerance)


def covered(ranges, wanted, fade_len):
    cover = np.zeros((NUM_SAMPLES, wanted.shape[1]), dtype=bool)
    for (first, stop), on in zip(ranges, wanted, strict=True):
        cover[max(first - fade_len, 0) : stop + fade_len] |= on
    return cover


spans_and_cuts = st.tuples(
    st.lists(
        st.tuples(
            st.integers(0, NUM_SAMPLES - 1),
            st.integers(1, 90),
            st.sampled_from([(0,), (1,), (0, 1)]),
        ),
        max_size=8,
    ),
    st.lists(st.integers(0, NUM_SAMPLES), max_size=8),
    st.sampled_from([0, 1, 7, 40]),
)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None, derandomize=True)
@given(drawn=spans_and_cuts)
def test_borders_of_blocks_change_nothing(kind, drawn):
    spans, cuts, fade_len = drawn
    ranges = [(first, min(first + length, NUM_SAMPLES)) for first, length, _ in spans]
    ranges, wanted = arrays(ranges, 2, [channels for _, _, channels in spans])
    spans = disjoint_spans(ranges, wanted)
    whole = apply(kind, loud("int16", 2), *spans, fade_len)
    cut = apply(kind, loud("int16", 2), *spans, fade_len, cuts)
    np.testing.assert_array_equal(cut, whole)
    near = covered(ranges, wanted, fade_len)
    np.testing.assert_array_equal(whole[~near], loud("int16", 2)[~near])


@pytest.mark.parametrize("kind", KINDS)
def test_long_stretches_and_long_fades_go_over_chunks(kind):
    rng = np.random.default_rng(3)
    samples = rng.uniform(-0.5, 0.5, (12_000, 1))
    ranges, wanted = arrays([(3000, 7001)], 1)
    whole = apply(kind, samples.copy(), ranges, wanted, 2500)
    cut = apply(kind, samples.copy(), ranges, wanted, 2500, cuts=[1, 499, 1777, 3000, 4024, 7000, 9500])
    np.testing.assert_array_equal(cut, whole)
    np.testing.assert_array_equal(whole[:500], samples[:500])
    np.testing.assert_array_equal(whole[9501:], samples[9501:])
    assert (whole[501:9500] != samples[501:9500]).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cut", [199, 200, 201, 210, 219, 220, 221])
def test_block_that_only_a_fade_reaches_is_muted_in_the_fade_alone(kind, cut):
    ranges, wanted = arrays([(100, 200)], 2)
    result = apply(kind, loud("int16", 2), ranges, wanted, 20, cuts=[cut])
    np.testing.assert_array_equal(result, apply(kind, loud("int16", 2), ranges, wanted, 20))
    np.testing.assert_array_equal(result[220:], loud("int16", 2)[220:])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fade_len", [0, 30])
def test_spans_elsewhere_change_nothing_here(kind, fade_len):
    ranges, wanted = arrays([(100, 130)], 2)
    alone = apply(kind, loud("float32", 2), ranges, wanted, fade_len)
    many = [(100, 130), *[(200 + 10 * k, 205 + 10 * k) for k in range(20)]]
    among = apply(kind, loud("float32", 2), *arrays(many, 2), fade_len)
    np.testing.assert_array_equal(among[:165], alone[:165])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nothing_that_is_not_a_number_survives_inside(kind, dtype, bad):
    samples = loud(dtype, 2)
    samples[100:200] = bad
    result = apply(kind, samples, *arrays([(100, 200)], 2), 20)
    assert np.isfinite(result).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_inside_depends_on_nothing_of_the_original(kind, dtype):
    ranges, wanted = arrays([(100, 200), (230, 231)], 2, [(0, 1), (1,)])
    inside = covered(ranges, wanted, 0)
    one, other = loud(dtype, 2, seed=1), loud(dtype, 2, seed=2)
    one, other = apply(kind, one, ranges, wanted, 20), apply(kind, other, ranges, wanted, 20)
    np.testing.assert_array_equal(one[inside], other[inside])


@pytest.mark.parametrize("dtype", ["int16", "int32"])
def test_integers_clip_and_do_not_wrap(dtype):
    limits = np.iinfo(dtype)
    samples = np.full((NUM_SAMPLES, 1), limits.max, dtype=dtype)
    ranges, wanted = arrays([(100, 200)], 1)
    step = tone_step(RATE / 4, sample_rate=RATE)
    mute_tone(samples, 0, ranges, wanted, fade_len=20, step=step, amplitude=1.0)
    assert samples[100:104, 0].tolist() == [0, limits.max, 0, limits.min]
    # The tone is at its peak at 81, 85, ...: full scale faded into full scale.
    assert (samples[81:100:4, 0] == limits.max).all()


@pytest.mark.parametrize("far", [0, 10**6, 2**32])
def test_tone_keeps_its_phase_at_any_sample(far):
    samples = np.zeros((64, 1))
    ranges, wanted = arrays([(far, far + 64)], 1)
    step = tone_step(440.0, sample_rate=48_000)
    mute_tone(samples, far, ranges, wanted, fade_len=0, step=step, amplitude=1.0)
    turns = np.array([(440 * (far + t)) % 48_000 / 48_000 for t in range(64)])
    np.testing.assert_allclose(samples[:, 0], np.sin(2 * np.pi * turns), rtol=0, atol=1e-8)


@pytest.mark.parametrize("frequency", [0.0, -1.0, 4000.0, 4000.1, 1e9, np.nan, np.inf])
def test_tone_outside_zero_to_nyquist_is_refused(frequency):
    with pytest.raises(ValueError, match="half the sample rate"):
        tone_step(frequency, sample_rate=8000)


@pytest.mark.parametrize("frequency", [1e-3, 3999.9])
def test_tone_between_zero_and_nyquist_is_accepted(frequency):
    assert 0 < tone_step(frequency, sample_rate=8000) < 2**63
