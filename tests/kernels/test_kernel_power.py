"""Power in frames of 10 ms, on the scale of each sample type."""

import numpy as np
import pytest

from redactor.kernels.mute import FULL_SCALE
from redactor.kernels.power import FRAME_S, PowerStream, frame_power


def sine(seconds, rate, level):
    return level * np.sin(2 * np.pi * 500 * np.arange(round(seconds * rate)) / rate)


@pytest.mark.parametrize(
    ("dtype", "scale"), [(np.int16, 2**15), (np.int32, 2**31), (np.float32, 1), (np.float64, 1)]
)
def test_power_does_not_depend_on_the_sample_type(dtype, scale):
    x = (sine(1.0, 16_000, 0.5) * scale).astype(dtype)[:, None]
    assert frame_power(x, sample_rate=16_000) == pytest.approx(np.full((100, 1), 0.125), rel=1e-3)


def test_each_channel_and_each_frame_has_its_own():
    x = np.zeros((44_100, 2), np.float32)
    x[22_050:, 1] = sine(0.5, 44_100, 1.0)
    power = frame_power(x, sample_rate=44_100)
    assert power.shape == (100, 2)
    assert power[:, 0].max() == power[:50, 1].max() == 0.0
    assert power[50:, 1] == pytest.approx(np.full(50, 0.5), rel=0.02)


def test_the_last_frame_may_be_short_and_a_recording_without_samples_has_none():
    assert frame_power(np.ones((250, 1), np.float32), sample_rate=8_000).shape == (4, 1)
    assert frame_power(np.ones((0, 2), np.float32), sample_rate=8_000).shape == (0, 2)


def test_a_constant_offset_is_silence_and_what_is_not_finite_is_loud():
    x = np.full((160, 1), 0.7, np.float64)
    assert frame_power(x, sample_rate=16_000) == pytest.approx(0.0, abs=1e-12)
    x[3] = np.nan
    assert frame_power(x, sample_rate=16_000) == 1.0


def oracle(samples, rate):
    """Frame by frame, in numpy."""
    num_frames = int(np.ceil(len(samples) / (rate * FRAME_S) - 1e-9))
    bounds = [round(frame * (rate * FRAME_S)) for frame in range(num_frames)] + [len(samples)]
    scaled = samples.astype(np.float64) / FULL_SCALE[samples.dtype]
    return np.array([scaled[a:b].var(axis=0) for a, b in zip(bounds[:-1], bounds[1:], strict=True)])


def streamed(samples, rate, sizes):
    """Fed in blocks of these sizes, over and over."""
    stream = PowerStream(rate, *samples.shape, samples.dtype)
    position, number = 0, 0
    while position < len(samples):
        stream.feed(samples[position : position + sizes[number % len(sizes)]])
        position, number = position + sizes[number % len(sizes)], number + 1
    return stream.finish()


def loud(num_samples, num_channels, dtype):
    rng = np.random.default_rng(num_samples)
    peak = 1.0 if dtype.startswith("float") else np.iinfo(dtype).max
    return (rng.uniform(-peak, peak, (num_samples, num_channels))).astype(dtype)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("dtype", ["int16", "int32", "float32", "float64"])
def test_power_is_that_of_the_plain_definition(rate, dtype):
    samples = loud(3 * rate + 17, 2, dtype)
    power = frame_power(samples, sample_rate=rate)
    assert power.dtype == np.float64
    np.testing.assert_allclose(power, oracle(samples, rate), rtol=1e-9)


@pytest.mark.parametrize("rate", [50, 8_000, 11_025, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("sizes", [(1, 7, 0, 300), (79,), (80,), (441,), (65_536,), (10**9,)])
@pytest.mark.parametrize("dtype", ["int16", "float32"])
def test_a_stream_gives_the_same_power_whatever_the_size_of_its_blocks(rate, sizes, dtype):
    samples = loud(10_003, 2, dtype)
    if dtype == "float32":
        samples[5_000:5_010, 1] = np.nan, np.inf, -np.inf, 3e38, 0, 0, 0, 0, 0, 0
    power = streamed(samples, rate, sizes)
    assert power.dtype == np.float32
    expected = frame_power(samples, sample_rate=rate).astype(np.float32)
    assert power.tobytes() == expected.tobytes()


@pytest.mark.parametrize("num_samples", [0, 1, 79, 80, 81, 160])
def test_a_stream_of_few_samples_has_its_frames(num_samples):
    samples = loud(num_samples, 1, "int16")
    expected = frame_power(samples, sample_rate=8_000).astype(np.float32)
    assert expected.shape == (-(-num_samples // 80), 1)
    np.testing.assert_array_equal(streamed(samples, 8_000, (3,)), expected)


@pytest.mark.parametrize(
    ("block", "match"),
    [
        (np.zeros((11, 2), np.int16), "ends past"),
        (np.zeros((5, 1), np.int16), "must be"),
        (np.zeros(5, np.int16), "must be"),
        (np.zeros((5, 2), np.float32), "must be"),
    ],
)
def test_a_stream_refuses_what_is_not_of_its_recording(block, match):
    with pytest.raises(ValueError, match=match):
        PowerStream(8_000, 10, 2, np.dtype(np.int16)).feed(block)


def test_a_stream_does_not_end_early():
    stream = PowerStream(8_000, 10, 1, np.dtype(np.int16))
    stream.feed(np.zeros((9, 1), np.int16))
    with pytest.raises(ValueError, match="1 samples are missing"):
        stream.finish()
