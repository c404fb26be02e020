"""Power in frames of 10 ms, on the scale of each sample type."""

import numpy as np
import pytest

from redactor.kernels.power import frame_power


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
