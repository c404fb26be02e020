"""Noise: the same on any machine, white before its filter, and made of nothing but numbers counted up."""

import hashlib

import mute_oracle as oracle
import numpy as np
import pytest

from redactor.kernels.noise import (
    CHUNK,
    NUM_TAPS,
    TAP_BITS,
    WHITE_RMS,
    quantized_taps,
    render_noise,
    white_sample,
)

TAPS = quantized_taps(np.hanning(NUM_TAPS) * np.cos(np.arange(NUM_TAPS)) * 3e-7)
IMPULSE = np.eye(1, NUM_TAPS)[0]


def rendered(first, channel, taps, num_samples=CHUNK):
    out, white = np.empty(num_samples), np.empty(CHUNK + NUM_TAPS - 1)
    render_noise(out, white, first, channel, taps)
    return out


@pytest.mark.parametrize("sample", [-127, 0, 1, 12_345_678_901])
@pytest.mark.parametrize("channel", [0, 1, 4])
def test_white_noise_equals_oracle(sample, channel):
    assert white_sample(sample, channel) == oracle.white(sample, channel)


@pytest.mark.parametrize("first", [0, 1000, 2**33])
@pytest.mark.parametrize("channel", [0, 3])
def test_rendered_noise_equals_oracle_to_the_last_bit(first, channel):
    taps = np.zeros((channel + 1, NUM_TAPS))
    taps[channel] = TAPS
    expected = oracle.noise(60, taps, first)[:, channel]
    np.testing.assert_array_equal(rendered(first, channel, TAPS, 60), expected)


def test_order_of_summation_changes_no_bit():
    out = rendered(0, 0, TAPS, 50)
    white = [oracle.white(t, 0) for t in range(-NUM_TAPS + 1, 50)]
    for t in range(50):
        products = [float(white[t + NUM_TAPS - 1 - k] * TAPS[k]) for k in range(NUM_TAPS)]
        assert sum(products) == sum(reversed(products)) == sum(sorted(products)) == out[t]


def test_noise_is_the_same_bytes_as_ever():
    digest = hashlib.sha256(rendered(0, 1, IMPULSE).astype("<f8").tobytes()).hexdigest()
    assert digest[:16] == "56fb17d4a28cd338"


def test_noise_before_the_filter_is_white_and_its_channels_are_unrelated():
    size = 200 * CHUNK
    dry = [
        np.concatenate([rendered(first, c, IMPULSE) for first in range(0, size, CHUNK)]) / WHITE_RMS
        for c in range(2)
    ]
    five_sigma = 5 / np.sqrt(size)
    assert abs(dry[0].mean()) < five_sigma
    assert abs(dry[0].var() - 1) < 2 * five_sigma
    for lag in range(1, 300):
        assert abs(np.mean(dry[0][lag:] * dry[0][:-lag])) < five_sigma
    assert abs(np.mean(dry[0] * dry[1])) < five_sigma
    assert np.unique(dry[0][:1000]).size > 950


@pytest.mark.parametrize("scale", [1e-12, 1.0, 0.999999, 2.0**-20, 3e5])
def test_quantized_taps_are_whole_multiples_of_a_power_of_two(scale):
    taps = np.random.default_rng(0).uniform(-1, 1, NUM_TAPS) * scale
    taps[0] = scale
    found = quantized_taps(taps)
    np.testing.assert_allclose(found, taps, rtol=0, atol=scale * 2.0 ** (2 - TAP_BITS))
    whole = found / 2.0 ** (np.frexp(np.abs(taps).max())[1] - TAP_BITS + 1)
    assert (whole == np.round(whole)).all() and np.abs(whole).max() < 2**TAP_BITS


def test_taps_of_silence_are_zero():
    assert not quantized_taps(np.zeros(NUM_TAPS)).any()
