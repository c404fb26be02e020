"""A muted stretch is silent wherever it may be heard, and the other side is kept only where it covers it."""

import numpy as np
import pytest

from redactor import crosstalk
from redactor.crosstalk import Crosstalk
from redactor.kernels.power import FRAME_S
from redactor.types import Origin, TimeSpan

SECONDS = 60
RATE = 100  # frames a second


def turns(*stretches, level_db=-20.0, floor_db=-90.0):
    """Power of one side that speaks in these stretches (seconds)."""
    power = np.full(SECONDS * RATE, 10 ** (floor_db / 10))
    for start, end in stretches:
        power[round(start * RATE) : round(end * RATE)] = 10 ** (level_db / 10)
    return power


def call(one, two, *, crosstalk_db=None, delay_s=0.0, upto=SECONDS):
    """Both sides, the first one on the second's channel as well, until some time."""
    power = np.column_stack((one, two))
    if crosstalk_db is not None:
        late = np.concatenate((np.zeros(round(delay_s * RATE)), one))[: len(one)]
        late[round(upto * RATE) :] = 0.0
        power[:, 1] += late * 10 ** (crosstalk_db / 10)
    return power


def span(start, end, channel=0):
    return TimeSpan(start, end, (channel,), ("PERSON",), Origin.DETECTED, 0.8, ("test",))


def silent(power, muted, channel):
    """Seconds of a channel that are muted, to the frame."""
    found = Crosstalk(power).audible([muted])
    frames = {
        frame
        for s in found
        if channel in s.channels
        for frame in range(round(s.start / FRAME_S), round(s.end / FRAME_S))
    }
    return len(frames) * FRAME_S


FIRST = turns((0, 20), (40, 60))
OVER = turns((20, 40), (50, 51))  # the other side says something while the first one goes on
ALONE = turns((20, 40))


def test_the_other_side_stays_where_it_covers_what_may_be_heard():
    power = call(FIRST, OVER, crosstalk_db=-30)
    assert silent(power, span(49.0, 53.0), 0) == pytest.approx(4.0)
    assert silent(power, span(49.0, 53.0), 1) == pytest.approx(3.0, abs=0.1)
    found = list(Crosstalk(power).audible([span(49.0, 53.0)]))
    assert (found[0].start, found[0].end, found[0].channels) == (49.0, 53.0, (0,))
    assert {s.origin for s in found} == {Origin.DETECTED}


def test_where_the_other_side_says_nothing_its_channel_is_silent():
    power = call(FIRST, ALONE, crosstalk_db=-30)
    assert [s.channels for s in Crosstalk(power).audible([span(49.0, 53.0)])] == [(0, 1)]


@pytest.mark.parametrize("level_db", [-20.0, -30.0, -40.0])
def test_a_side_that_is_not_far_louder_than_the_crosstalk_covers_nothing(level_db):
    soft = turns((20, 40)) + turns((50, 51), level_db=level_db)
    kept = 4.0 - silent(call(FIRST, soft, crosstalk_db=-25), span(49.0, 53.0), 1)
    # 16 dB over crosstalk of -45 dB.
    assert kept == pytest.approx(1.0 if level_db > -29 else 0.0, abs=0.1)


@pytest.mark.parametrize(
    "power",
    [
        call(FIRST, OVER, crosstalk_db=-15),  # two microphones in one room
        np.column_stack((FIRST, FIRST)),
        call(turns((0, 60)), turns((0, 60))),  # both talk all the time
        call(turns((49, 52)), OVER),  # too little speech
        call(FIRST, np.maximum(OVER, 10 ** (-36 / 10))),  # in noise nobody knows
        call(FIRST, OVER, crosstalk_db=-10, upto=6.0),  # an echo that was cancelled later
        call(FIRST, OVER, crosstalk_db=-10, delay_s=0.45),
    ],
)
def test_what_cannot_be_told_is_taken_for_audible(power):
    assert silent(power, span(49.0, 53.0), 1) == pytest.approx(4.0)


@pytest.mark.parametrize("floor_db", [-200.0, -90.0, -75.0])
@pytest.mark.parametrize("echo_db", [-22.0, -26.0, -32.0, -40.0])
def test_crosstalk_that_is_there_for_a_moment_is_no_side_that_covers_it(floor_db, echo_db):
    """A line that is open only now and then, as of a headset that gates: its usual level says nothing."""
    echo = turns((20, 40), (50, 51), floor_db=floor_db)
    echo[50 * RATE : 51 * RATE] = FIRST[50 * RATE : 51 * RATE] * 10 ** (echo_db / 10)
    assert silent(call(FIRST, echo), span(49.0, 53.0), 1) == pytest.approx(4.0)


def test_what_comes_back_late_is_looked_for_after_its_side_fell_silent():
    """Half a second after the first side its echo may come back, and only loud speech covers that."""
    for level_db, kept in ((-20.0, 2.8), (-45.0, 2.5)):
        other = turns((20, 40)) + turns((50.2, 53), level_db=level_db)
        power = call(turns((0, 20), (40, 50)), other, crosstalk_db=-30)
        assert 4.0 - silent(power, span(49.0, 53.0), 1) == pytest.approx(kept, abs=0.1)


def test_a_short_sound_of_the_other_side_does_not_stay_and_a_short_dip_in_it_does():
    click = call(FIRST, turns((20, 40), (50, 50.1)), crosstalk_db=-30)
    assert silent(click, span(49.0, 53.0), 1) == pytest.approx(4.0)
    dip = call(FIRST, turns((20, 40), (50, 50.5), (50.55, 51)), crosstalk_db=-30)
    assert silent(dip, span(49.0, 53.0), 1) == pytest.approx(3.0, abs=0.15)


def test_silence_and_a_recording_of_one_channel_are_no_trouble():
    assert [s.channels for s in Crosstalk(np.zeros((6000, 2))).audible([span(1.0, 2.0)])] == [(0, 1)]
    assert [s.channels for s in Crosstalk(np.zeros((0, 2))).audible([span(0.0, 0.001)])] == [(0, 1)]
    assert [s.channels for s in Crosstalk(np.ones((6000, 1))).audible([span(1.0, 2.0)])] == [(0,)]


def test_a_span_at_the_edges_of_a_recording_keeps_its_times():
    power = call(FIRST, turns((0, 0.5), (20, 40), (59, 60)), crosstalk_db=-30)
    for muted in (span(0.0, 1.0), span(58.0, 60.0)):
        found = list(Crosstalk(power).audible([muted]))
        assert all(muted.start <= s.start < s.end <= muted.end for s in found)
        kept = 1.0 if muted.start else 0.5
        assert silent(power, muted, 1) == pytest.approx(muted.end - muted.start - kept, abs=0.1)


@pytest.mark.parametrize("num_frames", [1, 2, 3, 1000])
def test_a_long_recording_is_smoothed_in_blocks_that_leave_no_trace(monkeypatch, num_frames):
    power = np.random.default_rng(0).random((num_frames, 2)).astype(np.float32)
    padded = np.pad(power.astype(np.float64), ((2, 2), (0, 0)))
    mean = np.stack([np.convolve(padded[:, channel], np.ones(5) / 5, "valid") for channel in (0, 1)], axis=1)
    for size in (1, 7, 1 << 16):
        monkeypatch.setattr(crosstalk, "_FRAMES_AT_ONCE", size)
        assert crosstalk._smoothed(power) == pytest.approx(mean, rel=1e-6)


@pytest.mark.parametrize("frame", [57, 4523, 29, 58, 1129])
def test_no_hair_of_a_span_is_left_between_its_times_and_a_frame(frame):
    """Frames are counted in floats: 57 of them are a hair longer than 0.57 s."""
    time = frame / 100
    # Power is smoothed over two frames to each side.
    power = call(turns((0, 60)), turns((time + 0.02, time + 0.98)))
    for start in (time, np.nextafter(time, 0), np.nextafter(time, 99)):
        for end in (time + 1, np.nextafter(time + 1, 0), np.nextafter(time + 1, 99)):
            found = list(Crosstalk(power).audible([span(start, end)]))
            assert found[0].channels == (0,)  # else this asks nothing
            assert all(s.end - s.start > FRAME_S / 2 for s in found)
