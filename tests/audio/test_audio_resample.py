"""One channel as models want it: right in time, in level, in length, whatever the rate and the sample type."""

from __future__ import annotations

import numpy as np
import pytest
import soxr
from audio_files import noise, tone

from redactor.audio import resample
from redactor.audio.resample import MODEL_SAMPLE_RATE_HZ, ModelStream, model_channel
from redactor.types import Audio, AudioFormat

WAV = AudioFormat("WAV", "PCM_16")


@pytest.mark.parametrize("sample_rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("channel", [0, 1])
def test_a_tone_stays_where_it_is(sample_rate, channel):
    samples = tone(2 * sample_rate + 1, 2, sample_rate=sample_rate)
    resampled = model_channel(Audio(samples, sample_rate, WAV), channel)
    expected = tone(len(resampled), 2)[:, channel]
    assert resampled.dtype == np.float32
    assert len(resampled) == int(np.ceil((2 * sample_rate + 1) * MODEL_SAMPLE_RATE_HZ / sample_rate))
    inner = slice(1_000, 31_000)  # the ends ring
    np.testing.assert_allclose(resampled[inner], expected[inner], atol=2e-3)


@pytest.mark.parametrize("dtype", ["int16", "int32", "float32", "float64"])
def test_every_sample_type_has_the_same_level(dtype):
    wave = tone(20_000, 1, sample_rate=8_000)
    if dtype.startswith("int"):
        samples = (wave.astype(np.float64) * np.iinfo(dtype).max).astype(dtype)
    else:
        samples = wave.astype(dtype)
    resampled = model_channel(Audio(samples, 8_000, WAV), 0)
    reference = model_channel(Audio(wave, 8_000, WAV), 0)
    np.testing.assert_allclose(resampled, reference, atol=1e-4)


@pytest.mark.parametrize("sample_rate", [16_000, 44_100])
def test_what_overshoots_is_clipped(sample_rate):
    loud = model_channel(Audio(noise(30_000, 1, "float32"), sample_rate, WAV), 0)
    assert loud.max() == 1.0
    assert loud.min() == -1.0


@pytest.mark.parametrize("sample_rate", [8_000, 44_100])
def test_blocks_leave_no_seam(monkeypatch, sample_rate):
    audio = Audio(tone(50_000, 1, sample_rate=sample_rate), sample_rate, WAV)
    at_once = soxr.resample(audio.samples[:, 0], sample_rate, MODEL_SAMPLE_RATE_HZ, quality="HQ")
    monkeypatch.setattr(resample, "_BLOCK_SAMPLES", 1_000)
    in_blocks = model_channel(audio, 0)
    np.testing.assert_allclose(in_blocks[: len(at_once)], at_once[: len(in_blocks)], atol=1e-5)


def test_16_khz_passes_unchanged():
    samples = noise(100_000, 3, "int16")
    resampled = model_channel(Audio(samples, 16_000, WAV), 2)
    np.testing.assert_array_equal(resampled, samples[:, 2] / np.float32(32_768))


@pytest.mark.parametrize("num_samples", [1, 2, 7])
def test_very_short_recordings(num_samples):
    resampled = model_channel(Audio(np.ones((num_samples, 1), np.int16), 8_000, WAV), 0)
    assert len(resampled) == 2 * num_samples
    assert np.isfinite(resampled).all()


def streamed(samples, sample_rate, sizes):
    """Fed in blocks of these sizes, over and over."""
    stream = ModelStream(sample_rate, len(samples))
    ready, position, number = [], 0, 0
    while position < len(samples):
        size = sizes[number % len(sizes)]
        ready.append(stream.feed(samples[position : position + size]))
        position, number = position + size, number + 1
    ready.append(stream.finish())
    assert {part.dtype for part in ready} == {np.dtype(np.float32)}
    result = np.concatenate(ready)
    assert len(result) == stream.num_model_samples
    return result


@pytest.mark.parametrize("sample_rate", [8_000, 11_025, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("sizes", [(977,), (65_536,), (1, 65_535, 3, 0, 70_001), (10**9,)])
@pytest.mark.parametrize("dtype", ["int16", "float64"])
def test_a_stream_gives_the_same_bits_whatever_the_size_of_its_blocks(sample_rate, sizes, dtype):
    samples = noise(150_001, 2, dtype)
    expected = model_channel(Audio(samples, sample_rate, WAV), 1)
    assert streamed(samples[:, 1], sample_rate, sizes).tobytes() == expected.tobytes()


@pytest.mark.parametrize("sample_rate", [8_000, 11_025, 16_000])
@pytest.mark.parametrize("num_samples", [0, 1, 7, 65_536])
def test_a_stream_of_few_samples_gives_as_many_as_their_duration_holds(sample_rate, num_samples):
    samples = noise(num_samples, 1, "int16") if num_samples else np.zeros((0, 1), np.int16)
    expected = model_channel(Audio(samples, sample_rate, WAV), 0)
    assert len(expected) == int(np.ceil(num_samples * MODEL_SAMPLE_RATE_HZ / sample_rate))
    assert streamed(samples[:, 0], sample_rate, (3,)).tobytes() == expected.tobytes()


def test_a_stream_gives_samples_before_its_end_and_keeps_nothing_of_its_blocks():
    samples = noise(300_000, 1, "float32")[:, 0]
    stream = ModelStream(16_000, len(samples))
    block = samples[:200_000].copy()
    ready = stream.feed(block)
    block[:] = 0
    assert len(ready) > 100_000
    rest = stream.feed(samples[200_000:])
    np.testing.assert_array_equal(np.concatenate((ready, rest, stream.finish())), np.clip(samples, -1, 1))


@pytest.mark.parametrize(
    ("block", "match"),
    [(np.zeros(11, np.int16), "10 are missing"), (np.zeros((5, 1), np.int16), "one channel")],
)
def test_a_stream_refuses_what_is_not_its_channel(block, match):
    with pytest.raises(ValueError, match=match):
        ModelStream(8_000, 10).feed(block)


def test_a_stream_does_not_end_early():
    stream = ModelStream(8_000, 10)
    stream.feed(np.zeros(9, np.int16))
    with pytest.raises(ValueError, match="1 samples are missing"):
        stream.finish()


@pytest.mark.parametrize("channel", [-1, 2])
def test_no_such_channel(channel):
    with pytest.raises(IndexError, match="no channel"):
        model_channel(Audio(np.zeros((10, 2), np.int16), 8_000, WAV), channel)
