"""What is left of an original under a fill is found, and what correlates with it by chance is not."""

import numpy as np
import pytest
import sounds

from redactor.verify.leftover import FRAME_S, left_over, margin, thinned

RATE = 8_000
REACH = 40
MIN_GAIN = 0.01
VOICE = sounds.voice(12.0, seed=3)[::2]
HUM = 0.1 * np.sin(2 * np.pi * 50 * np.arange(6 * RATE) / RATE) + 1e-4 * np.random.default_rng(
    1
).standard_normal(6 * RATE)
START = 8_000


def fill_of(kind, size, seed=0):
    rng = np.random.default_rng(seed)
    if kind == "noise":  # the colour of a room
        return 0.003 * np.convolve(rng.standard_normal(size + 7), np.ones(8) / 3, "valid")
    if kind == "tone":
        return 0.1 * np.sin(2 * np.pi * 1000 * np.arange(size) / RATE) + 1e-5 * rng.standard_normal(size)
    return 1e-5 * rng.standard_normal(size)


def searched(original, released, *, kind="noise", min_gain=MIN_GAIN):
    around = original[START - REACH : START + len(released) + REACH]
    tone_hz = 1000.0 if kind == "tone" else None
    return left_over(around, released, reach=REACH, sample_rate=RATE, min_gain=min_gain, tone_hz=tone_hz)


def whole(x):
    return slice(0, len(x)), x


PLANTED = {
    "left in place": lambda x, fill: x,
    "inverted": lambda x, fill: -x,
    "20 dB below the original": lambda x, fill: fill + 0.1 * x,
    "30 dB below the original": lambda x, fill: fill + 0.0316 * x,
    "4 ms late": lambda x, fill: VOICE[START - 32 : START - 32 + len(x)],
    "4 ms early": lambda x, fill: VOICE[START + 32 : START + 32 + len(x)],
    "40 ms late": lambda x, fill: np.concatenate([fill[:320], x[:-320]]),
    "backwards": lambda x, fill: x[::-1],
    "half of it cut out": lambda x, fill: np.where(np.arange(len(x)) % 1600 < 800, x, fill),
    "clipped": lambda x, fill: np.clip(x, -0.02, 0.02),
    "telephone band": lambda x, fill: np.convolve(x, [-0.2, 0.1, 0.6, 0.1, -0.2], "same"),
}


@pytest.mark.parametrize("kind", ["silence", "tone", "noise"])
@pytest.mark.parametrize("planted", PLANTED)
@pytest.mark.parametrize("seconds", [0.3, 1.0])
def test_what_is_left_is_found(kind, planted, seconds):
    x = VOICE[START : START + round(seconds * RATE)]
    released = PLANTED[planted](x, fill_of(kind, len(x)))
    assert searched(VOICE, released, kind=kind)


@pytest.mark.parametrize("kind", ["silence", "tone", "noise"])
@pytest.mark.parametrize("at", [0, 3_000, 7_600])
def test_50_ms_of_it_is_found_where_it_is(kind, at):
    released = fill_of(kind, RATE)
    piece = slice(at, at + 400)
    released[piece] = VOICE[START:][piece]
    traces = searched(VOICE, released, kind=kind)
    frame = FRAME_S * RATE
    singles = [t for t in traces if t.stop - t.start < 1.5 * frame]
    assert singles
    assert all(at - frame < t.start and t.stop < at + 400 + frame for t in singles)
    assert all(0.5 < t.gain < 2 for t in singles)


@pytest.mark.parametrize("kind", ["silence", "tone", "noise"])
@pytest.mark.parametrize("original", [VOICE, HUM], ids=["voice", "hum"])
def test_a_fill_alone_is_nothing(kind, original):
    for seed in range(20):
        assert searched(original, fill_of(kind, RATE, seed), kind=kind) == []


@pytest.mark.parametrize("size", [300, 900, 8_000])
def test_a_low_noise_that_correlates_with_a_hum_by_chance_is_nothing(size):
    rng = np.random.default_rng(size)
    by_chance = 0
    for _ in range(40):
        low = np.convolve(rng.standard_normal(size + 79), np.hanning(80) / 30, "valid")
        x = HUM[START : START + 160]
        by_chance = max(by_chance, abs(np.corrcoef(x, low[:160])[0, 1]))
        assert searched(HUM, 0.01 * low) == []
    assert by_chance > 0.3, "a frame alone would be an alarm"


def test_a_gain_below_what_is_asked_for_is_nothing():
    x = VOICE[START : START + RATE]
    released = fill_of("silence", RATE) * 1e-3 + 0.005 * x
    assert searched(VOICE, released) == []
    assert searched(VOICE, released, min_gain=0.004)


def test_what_cannot_be_heard_is_nothing():
    quiet = 1e-4 * VOICE  # below -90 dBFS
    assert searched(quiet, quiet[START : START + RATE]) == []
    assert searched(VOICE, np.zeros(RATE)) == []
    assert searched(np.zeros(3 * RATE), VOICE[START : START + RATE]) == []


@pytest.mark.parametrize("size", [0, 1, 2, 3, 5, 20, 160, 161])
def test_stretches_of_any_length_are_searched(size):
    x = VOICE[START : START + size]
    for kind in ("silence", "tone"):
        assert searched(VOICE, fill_of(kind, size), kind=kind) == []
        if size >= 160:
            assert searched(VOICE, x, kind=kind)


@pytest.mark.parametrize("factor", [1, 2, 3, 6])
def test_thinning_keeps_the_band_and_tells_where_it_stands(factor):
    time = np.arange(3_000)
    low = np.sin(2 * np.pi * 0.3 / factor * time)
    out = thinned(low, factor)
    at = np.arange(len(out)) * factor + margin(factor)
    np.testing.assert_allclose(out, low[at], atol=2e-3)
    if factor > 1:
        high = np.sin(2 * np.pi * 0.65 / factor * time)
        assert np.abs(thinned(high, factor)).max() < 2e-3
        assert len(thinned(low[: 2 * margin(factor)], factor)) == 0
