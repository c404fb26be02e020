"""Speech far below the rest: found whatever its level, and nothing else is."""

from pathlib import Path

import numpy as np
import pytest

from redactor.audio import recording as recordings
from redactor.audio.decode import decode
from redactor.audio.recording import Recording
from redactor.audio.resample import model_channel
from redactor.intervals import CoveredTime
from redactor.kernels.power import frame_power
from redactor.transcribe.faint import faint_speech
from redactor.transcribe.speech import loud_regions, speech_in
from redactor.types import Audio, AudioFormat, SpeechRegion

EXAMPLES = Path(__file__).parents[2] / "examples"
RATE = 16_000
PAUSE_S = 1.0


@pytest.fixture(scope="module")
def order():
    sound = model_channel(decode(EXAMPLES / "coffee_order.flac").audio, 0)
    first, stop = speech_in(sound, threshold=0.35)[0][0], speech_in(sound, threshold=0.35)[-1][1]
    return sound[first:stop].astype(np.float64)


def loud_and_faint(faint, loud, *, offset=0.0, dtype="int32"):
    """Somebody loud, a pause, something faint, a pause; over a hiss of -100 dBFS."""
    pause = np.zeros(round(PAUSE_S * RATE))
    sound = np.concatenate((loud, pause, faint, pause))
    sound += np.random.default_rng(1).normal(0, 1e-5, len(sound)) + offset
    samples = sound.astype(dtype) if dtype.startswith("float") else (sound * 2**31).astype(dtype)
    audio = Audio(samples[:, None], RATE, AudioFormat("WAV", "PCM_24"))
    begin = len(loud) / RATE + PAUSE_S
    return audio, begin, begin + len(faint) / RATE


def known_of(audio):
    """What the model of speech and loudness find."""
    found = [(a / RATE, b / RATE) for a, b in speech_in(model_channel(audio, 0), threshold=0.35)]
    power = frame_power(audio.samples, sample_rate=RATE)
    found += loud_regions(power[:, 0], duration=audio.duration)
    return [SpeechRegion(0, *times) for times in found], power


def looked_for(audio):
    known, power = known_of(audio)
    return faint_speech(Recording.of(audio), known, power, threshold=0.35)


def share(regions, start, end):
    return CoveredTime((region.start, region.end) for region in regions).share(start, end)


@pytest.mark.parametrize("level_db", [-50, -55])
@pytest.mark.parametrize("offset", [0.0, 0.02])
@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_speech_far_below_the_rest_is_found(order, level_db, offset, dtype):
    audio, start, end = loud_and_faint(order * 10 ** (level_db / 20), order, offset=offset, dtype=dtype)
    assert share(known_of(audio)[0], start, end) < 0.3  # else this asks nothing
    assert share(looked_for(audio), start, end) > 0.5
    assert share(known_of(audio)[0] + looked_for(audio), start, end) > 0.65


@pytest.mark.parametrize(
    "faint",
    [
        np.zeros(2 * RATE),
        np.random.default_rng(2).normal(0, 1e-3, 2 * RATE),
        1e-3 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE),
        1e-3 * (np.arange(2 * RATE) % 8000 < 80),
    ],
    ids=["silence", "hiss", "tone", "clicks"],
)
def test_what_is_faint_and_no_speech_is_none(order, faint):
    audio, *_ = loud_and_faint(faint, order)
    assert looked_for(audio) == []


def test_below_one_step_of_16_bits_nothing_is_looked_at(order):
    audio, *_ = loud_and_faint(order * 10 ** (-85 / 20), order)
    assert looked_for(audio) == []


@pytest.mark.parametrize("size", [1_000, 16_001])
def test_it_is_the_same_whatever_the_blocks(order, monkeypatch, size):
    faint = np.tile(np.pad(order, (0, RATE)), 3) * 10 ** (-55 / 20)
    audio, *_ = loud_and_faint(faint, order)
    at_once = looked_for(audio)
    monkeypatch.setattr("redactor.audio.blocks.BLOCK_SAMPLES", size)
    in_blocks = looked_for(audio)
    assert len(at_once) == len(in_blocks) >= 3
    for one, other in zip(at_once, in_blocks, strict=True):
        assert (one.start, one.end) == pytest.approx((other.start, other.end), abs=0.1)


def test_channels_are_looked_at_by_themselves(order):
    audio, start, end = loud_and_faint(order * 10 ** (-55 / 20), order)
    silent = np.zeros_like(audio.samples)
    both = Audio(np.concatenate((silent, audio.samples), axis=1), RATE, audio.format)
    known, power = known_of(audio)
    known = [SpeechRegion(1, region.start, region.end) for region in known]
    power = np.concatenate((np.zeros_like(power), power), axis=1)
    found = faint_speech(Recording.of(both), known, power, threshold=0.35)
    assert {region.channel for region in found} == {1}
    assert share(found, start, end) > 0.5


def test_where_nothing_stands_out_nothing_is_read_again(order, monkeypatch):
    audio, *_ = loud_and_faint(np.zeros(0), order)
    monkeypatch.setattr(recordings, "copied_blocks", None)
    assert looked_for(audio) == []
