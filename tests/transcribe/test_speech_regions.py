"""Where there is speech: the same whatever blocks sound arrives in, and never lost at an edge."""

from pathlib import Path

import numpy as np
import pytest

from redactor.audio.decode import decode
from redactor.audio.resample import model_channel
from redactor.transcribe.speech import MODEL_RATE_HZ as RATE
from redactor.transcribe.speech import SpeechStream, _Hysteresis, loud_regions, speech_in

EXAMPLES = Path(__file__).parents[2] / "examples"
FRAME = 512


@pytest.fixture(scope="module")
def order():
    return model_channel(decode(EXAMPLES / "coffee_order.flac").audio, 0)


def regions(sound, sizes=(16_000,)):
    stream = SpeechStream(threshold=0.35)
    found, at, number = [], 0, 0
    while at < len(sound):
        size = sizes[number % len(sizes)]
        found += stream.feed(sound[at : at + size])
        at, number = at + size, number + 1
    return found + stream.finish()


def test_it_is_silero_rule_for_rule(order):
    """faster-whisper's own function on the whole sound."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(
        threshold=0.35, min_silence_duration_ms=100, min_speech_duration_ms=0, speech_pad_ms=0
    )
    call = decode(EXAMPLES / "call_two_channels_8k.wav").audio
    sound = np.concatenate([model_channel(call, 0), order, model_channel(call, 1)])
    expected = [(r["start"], r["end"]) for r in get_speech_timestamps(sound.copy(), options)]
    assert len(expected) > 10
    assert regions(sound) == expected


@pytest.mark.parametrize("sizes", [(1,), (333, 70_000), (512,), (10**9,)], ids=str)
def test_speech_does_not_depend_on_the_blocks_it_arrives_in(order, sizes):
    sound = order[: 3 * RATE] if sizes == (1,) else np.tile(order, 3)
    assert regions(sound, sizes) == regions(sound)


@pytest.mark.parametrize("length", [0, 1, 511, 512, 513, 65_536])
def test_any_length_will_do(length):
    assert regions(np.zeros(length, np.float32)) == []


def rule(*frames):
    """Regions, in frames, of probabilities given as (probability, number of frames)."""
    judge = _Hysteresis(0.5)
    found = judge.judge(np.array([p for p, n in frames for _ in range(n)]))
    return [(a / FRAME, b / FRAME) for a, b in found + judge.finish(judge.at)]


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([(0.1, 5)], []),
        ([(0.1, 2), (0.9, 3), (0.1, 9)], [(2, 5)]),
        ([(0.9, 3)], [(0, 3)]),
        # Between the two thresholds speech goes on, and does not begin.
        ([(0.4, 3), (0.9, 1), (0.4, 9), (0.1, 9)], [(3, 13)]),
        # A pause of less than 100 ms (4 frames are 128) is none.
        ([(0.9, 2), (0.1, 3), (0.9, 2), (0.1, 9)], [(0, 7)]),
        ([(0.9, 2), (0.1, 5), (0.9, 2), (0.1, 9)], [(0, 2), (7, 9)]),
        ([(float("nan"), 5)], []),
        ([(0.9, 2), (float("nan"), 9)], [(0, 2)]),
    ],
)
def test_the_rule(frames, expected):
    assert rule(*frames) == expected


def test_what_never_pauses_is_told_of_in_pieces_without_a_gap():
    found = rule((0.9, 3000))
    assert len(found) > 2
    assert (found[0][0], found[-1][1]) == (0, 3000)
    assert all(a[1] == b[0] for a, b in zip(found, found[1:], strict=False))


def test_a_sound_by_itself_is_searched_to_its_end(order):
    sound = order[: len(order) * 2 // 3]
    assert speech_in(sound, threshold=0.35) == regions(sound, (7_000,)) != []


def test_the_next_speech_is_never_announced_too_late():
    """A window may be closed, and sound let go, only up to where nothing can begin any more."""
    stream = SpeechStream(threshold=0.35)
    sound = np.tile(model_channel(decode(EXAMPLES / "coffee_order.flac").audio, 0), 2)
    promised = 0
    for at in range(0, len(sound), 4000):
        found = stream.feed(sound[at : at + 4000])
        assert all(first >= promised for first, _ in found)
        promised = min(stream.quiet_from, at + 4000)


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([1e-6] * 100, []),
        ([0.0] * 100, []),
        ([1e-6] * 60 + [1e-2] * 20 + [1e-6] * 60, [(0.6, 0.8)]),
        ([1e-6] * 60 + [1e-2] * 11 + [1e-6] * 60, []),
        ([1e-6] * 60 + [1e-2] * 20 + [1e-6] * 9 + [1e-2] * 20 + [1e-6] * 60, [(0.6, 1.09)]),
        ([1e-6] * 60 + [1e-2] * 40, [(0.6, 0.995)]),
    ],
)
def test_what_is_loud(frames, expected):
    power = np.array(frames, np.float32)
    duration = len(frames) * 0.01 - 0.005
    assert loud_regions(power, duration=duration) == [pytest.approx(region) for region in expected]
