"""The measurement on sounds whose answer is known."""

import io
from functools import partial

import numpy as np
import pytest
import soundfile as sf
from sounds import RATE, pink, voice

from redactor.bench import measure as m
from redactor.bench.measure import Stretch, find_lag, pieces

pytestmark = pytest.mark.long

# Sounds here are unrelated on purpose, so that only what is more than chance may count.
measure = partial(m.measure, discount_chance=True)

WORDS = [Stretch(0, 0.3 * i, 0.3 * i + 0.25) for i in range(30)]
SECONDS = 10.0


def mono(samples):
    return samples[:, None]


def db(value):
    return 10 ** (value / 20)


def muted(samples, fill=0.0, *, stretches=WORDS, padding=0.0):
    out = samples.copy()
    for s in stretches:
        at = slice(max(0, round((s.start - padding) * RATE)), round((s.end + padding) * RATE))
        out[at, s.channel] = fill if np.isscalar(fill) else fill[at]
    return out


@pytest.mark.parametrize(
    ("what", "make", "leaks"),
    [
        ("untouched", lambda x: x, True),
        ("upside down", lambda x: -x, True),
        ("20 dB down", lambda x: x * db(-20), True),
        ("39 dB down", lambda x: x * db(-39), True),
        ("41 dB down", lambda x: x * db(-41), False),
        ("silence", lambda x: np.zeros_like(x), False),
        ("a constant offset in place of it", lambda x: np.full_like(x, 0.1), False),
        ("reversed in time", lambda x: x[::-1].copy(), False),
        ("other speech", lambda x: mono(voice(SECONDS, seed=9, pitch_hz=171.0)), False),
        ("under a tone as loud", lambda x: x + mono(0.15 * np.sin(np.arange(len(x)) * 0.4)), True),
        ("under noise as loud", lambda x: x + mono(pink(SECONDS, level=float(x.std()))), True),
        ("with an offset", lambda x: x * 0.5 + 0.2, True),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_a_copy_leaks_and_what_only_sounds_in_its_place_does_not(what, make, leaks):
    x = mono(voice(SECONDS))
    heard = measure(x, make(x), RATE, WORDS)
    assert heard.leaks.mean() > 0.9 if leaks else not heard.leaks.any()


@pytest.mark.parametrize(
    "fill",
    [
        0.1 * np.sin(2 * np.pi * 1000 * np.arange(round(SECONDS * RATE)) / RATE),
        pink(SECONDS, level=0.03),
        pink(SECONDS, seed=3, level=0.1),
        0.05 * np.random.default_rng(2).standard_normal(round(SECONDS * RATE)),
    ],
    ids=["tone", "soft pink noise", "loud pink noise", "white noise"],
)
def test_fill_that_holds_nothing_of_the_original_is_not_audible(fill):
    x = mono(voice(SECONDS))
    assert not measure(x, muted(x, fill), RATE, WORDS).leaks.any()


@pytest.mark.parametrize(("share_kept", "leaks"), [(0.0, False), (0.16, False), (0.4, True), (1.0, True)])
def test_a_word_leaks_when_over_a_quarter_of_its_energy_is_left(share_kept, leaks):
    steady = mono(np.sin(np.cumsum(np.linspace(0.05, 0.4, round(SECONDS * RATE)))) * 0.2)
    cut = [Stretch(0, s.start, s.end - 0.25 * share_kept) for s in WORDS]
    heard = measure(steady, muted(steady, stretches=cut), RATE, WORDS)
    assert np.all(heard.leaks == leaks)
    assert heard.muted.mean() == pytest.approx(1 - share_kept, abs=0.1)


@pytest.mark.parametrize(
    ("echo_db", "leaks"), [(-20, True), (-30, True), (-37, True), (-50, False), (None, False)]
)
def test_echo_on_the_other_channel_counts_above_forty_decibels(echo_db, leaks):
    one, other = voice(SECONDS, noise=1e-5), np.zeros(round(SECONDS * RATE))
    rng = np.random.default_rng(5)
    other = 1e-5 * rng.standard_normal(len(one)) + (0.0 if echo_db is None else one * db(echo_db))
    x = np.stack([one, other], axis=1)
    assert measure(x, muted(x), RATE, WORDS).leaks.any() == leaks


def test_noise_on_the_other_channel_is_no_echo_however_loud():
    one = voice(60.0, seed=4)
    stretches = [Stretch(0, 0.3 * i, 0.3 * i + 0.2) for i in range(190)]
    for seed in range(2):
        x = np.stack([one, pink(60.0, seed=seed, level=0.05)], axis=1)
        assert not measure(x, muted(x, stretches=stretches), RATE, stretches).leaks.any()


def test_an_echo_below_the_other_channels_noise_is_found_where_it_can_be_heard():
    one = voice(60.0, seed=4, noise=1e-5)
    stretches = [Stretch(0, 0.3 * i, 0.3 * i + 0.2) for i in range(190)]
    level = float(one.std())
    other = one * db(-30) + 1.5 * level * db(-30) * np.random.default_rng(0).standard_normal(len(one))
    x = np.stack([one, other], axis=1)
    assert measure(x, muted(x, stretches=stretches), RATE, stretches).leaks.mean() > 0.5


def test_words_of_the_second_channel_are_measured_there():
    x = np.stack([voice(SECONDS, seed=1), voice(SECONDS, seed=2, pitch_hz=190)], axis=1)
    both = [*WORDS, *(Stretch(1, s.start, s.end) for s in WORDS)]
    heard = measure(x, muted(x, stretches=WORDS), RATE, both)
    assert not heard.leaks[: len(WORDS)].any()
    assert heard.leaks[len(WORDS) :].all()


def test_a_mono_mix_is_held_against_every_channel_of_the_original():
    x = np.stack([voice(SECONDS, seed=1), 1e-4 * pink(SECONDS)], axis=1)
    assert measure(x, x.mean(axis=1, keepdims=True), RATE, WORDS).leaks.all()


@pytest.mark.parametrize("dtype", ["int16", "int32", "float32", "float64"])
def test_sample_types_may_differ(dtype):
    x = mono(voice(SECONDS))
    y = muted(x)
    if dtype.startswith("int"):
        y = (y * np.iinfo(dtype).max).astype(dtype)
    heard = measure((x * 32767).astype(np.int16), y.astype(dtype), RATE, WORDS)
    assert not heard.leaks.any()
    assert heard.muted.min() > 0.99


@pytest.mark.parametrize("lag", [-800, -37, 0, 400, 1105])
def test_a_delayed_copy_still_leaks(lag):
    x = voice(SECONDS)
    y = np.roll(x, lag) * 0.5
    assert find_lag(x, y, RATE) == lag
    assert measure(mono(x), mono(y), RATE, WORDS[3:-3]).leaks.all()


def test_a_lossy_codec_keeps_kept_words_audible_and_muted_ones_muted():
    x = mono(voice(SECONDS))
    kept = [Stretch(0, s.start + 0.27, s.end + 0.03) for s in WORDS]
    buffer = io.BytesIO()
    sf.write(buffer, muted(x, padding=0.02), RATE, format="OGG", subtype="VORBIS")
    buffer.seek(0)
    coded, _ = sf.read(buffer, always_2d=True)
    assert not measure(x, coded, RATE, WORDS).leaks.any()
    del kept
    buffer = io.BytesIO()
    sf.write(buffer, x, RATE, format="OGG", subtype="VORBIS")
    buffer.seek(0)
    coded, _ = sf.read(buffer, always_2d=True)
    heard = measure(x, coded, RATE, WORDS)
    assert heard.leaks.all()
    assert heard.muted.max() < 0.1


def test_nothing_leaks_where_nothing_sounds():
    x = mono(voice(SECONDS))
    x[: RATE * 3] = 0.0
    heard = measure(x, x, RATE, WORDS)
    assert not heard.leaks[:9].any()
    assert not heard.muted[:9].any()


def test_faint_pauses_inside_a_word_say_nothing_about_what_was_muted():
    x = voice(SECONDS, noise=0.0)
    x[np.arange(len(x)) % 4000 > 2000] *= 1e-4
    y = x.copy()
    y[np.abs(y) < 1e-4] = 0.0
    assert measure(mono(x), mono(y), RATE, WORDS).muted.max() < 0.1


@pytest.mark.parametrize(("samples", "expected"), [(0, 0.0), (10, 0.0), (round(5 * RATE), 0.5)])
def test_a_shorter_output_is_silence_from_its_end(samples, expected):
    x = mono(voice(SECONDS))
    assert measure(x, x[:samples], RATE, WORDS).leaks.mean() == pytest.approx(expected, abs=0.1)


def test_an_empty_recording_has_nothing_to_hear():
    assert not measure(np.zeros((0, 1)), np.zeros((0, 1)), RATE, WORDS).leaks.any()


@pytest.mark.parametrize(
    ("start", "end", "count"),
    [(0, 0.1, 1), (0, 0.25, 1), (1, 1.3, 1), (0, 0.4, 2), (0, 1.0, 4), (2.0, 3.1, 4), (2.0, 3.13, 5)],
)
def test_spans_are_cut_into_pieces_of_250_ms(start, end, count):
    cut = pieces(1, start, end)
    assert len(cut) == count
    assert (cut[0].start, cut[-1].end) == (start, end)
    assert all(a.end == b.start for a, b in zip(cut, cut[1:], strict=False))
    assert all(s.channel == 1 for s in cut)


def test_frames_cover_a_stretch_exactly():
    for start, end in [(0.0, 0.5), (0.1234, 0.5678), (1.0, 1.001), (9.99, 10.5)]:
        edges = m._frame_edges(start, end, RATE, round(SECONDS * RATE))
        sizes = np.diff(edges)
        assert sizes.min() >= 0.01 * RATE - 1
        assert sizes.max() <= 0.03 * RATE + 1


def test_an_hour_takes_seconds():
    import time

    x = np.tile(voice(60.0), 60).astype(np.float32)[:, None][: 3600 * 8000]
    stretches = [Stretch(0, 0.4 * i, 0.4 * i + 0.3) for i in range(8900)]
    started = time.perf_counter()
    measure(x, x, 8000, stretches)
    assert time.perf_counter() - started < 60  # 5 s on an idle core


def test_the_bare_rule_never_shows_less():
    x = np.stack([voice(SECONDS, seed=1), voice(SECONDS, seed=2, pitch_hz=190)], axis=1)
    y = muted(x, stretches=WORDS[::2])
    bare = m.measure(x, y, RATE, WORDS).audible
    assert (bare >= measure(x, y, RATE, WORDS).audible - 1e-9).all()
    assert m.measure(x, np.zeros_like(x), RATE, WORDS).audible.max() == 0
    assert m.measure(x, x, RATE, WORDS).leaks.all()
