"""Windows hold all the speech, once, at its place; and they do not depend on how sound arrives."""

import numpy as np
import pytest

from redactor.transcribe.speech import MODEL_RATE_HZ as RATE
from redactor.transcribe.windows import GridStream, WindowStream


def ramp(seconds):
    """Every sample is its own number, so that a window shows where it was cut from."""
    return np.arange(round(seconds * RATE), dtype=np.float32)


def cut(regions, *, seconds, longest=15.0, padding=0.4, blocks=(1.0,), sound=None):
    """Windows of regions given in seconds, the sound arriving in blocks of these lengths, again and again."""
    sound = ramp(seconds) if sound is None else sound
    waiting = [(round(a * RATE), round(b * RATE)) for a, b in regions]
    stream = WindowStream(longest=longest, padding=padding)
    windows, at, number = [], 0, 0
    while at < len(sound):
        stop = min(at + round(blocks[number % len(blocks)] * RATE), len(sound))
        ended = [r for r in waiting if r[1] <= stop]
        waiting = waiting[len(ended) :]
        quiet_from = min(waiting[0][0], stop) if waiting else stop
        windows += stream.feed(sound[at:stop], ended, quiet_from=quiet_from)
        at, number = stop, number + 1
    windows += stream.finish()
    return windows


def times(windows):
    return [(round(w.start, 3), round(w.start + w.duration, 3)) for w in windows]


def pieces(window):
    """Where its stretches lie in the recording."""
    return [(round(s.begin + s.shift, 3), round(s.end + s.shift, 3)) for s in window.stretches]


@pytest.mark.parametrize(
    ("regions", "expected"),
    [
        ([], []),
        ([(1.0, 2.0)], [(0.6, 2.4)]),
        ([(0.1, 2.0)], [(0.0, 2.4)]),
        ([(8.0, 9.9)], [(7.6, 10.0)]),
        ([(1.0, 2.0), (3.7, 4.0)], [(0.6, 4.4)]),
    ],
)
def test_neighbours_share_a_window(regions, expected):
    assert times(cut(regions, seconds=10.0)) == expected


def test_a_pause_of_more_than_a_second_beside_the_padding_is_left_out():
    (window,) = cut([(1.0, 2.0), (3.9, 5.0), (9.0, 10.0)], seconds=12.0)
    assert pieces(window) == [(0.6, 2.4), (3.5, 5.4), (8.6, 10.4)]
    assert window.duration == pytest.approx(5.5)
    said = np.concatenate([np.arange(round(a * RATE), round(b * RATE)) for a, b in pieces(window)])
    assert np.array_equal(window.samples, said)


def test_what_is_too_much_for_a_window_or_too_far_away_does_not_share_it():
    windows = cut([(1.0, 4.0), (8.0, 12.0), (20.0, 21.0), (52.0, 53.0)], seconds=60.0, longest=8.0)
    assert [pieces(w) for w in windows] == [
        [(0.6, 4.4)], [(7.6, 12.4), (19.6, 21.4)], [(51.6, 53.4)],
    ]  # fmt: skip


def test_a_window_is_given_once_nothing_can_share_it_any_more():
    stream = WindowStream(longest=15.0, padding=0.4)
    given = []
    for second in range(60):
        ended = [(RATE, 2 * RATE)] if second == 2 else []
        windows = stream.feed(np.zeros(RATE, np.float32), ended, quiet_from=(second + 1) * RATE)
        given += [second] * len(windows)
    assert len(given) == 1 and 30 <= given[0] <= 36


def test_what_does_not_fit_stands_in_a_window_of_its_own_and_padding_never_overlaps():
    windows = cut([(0.0, 6.0), (6.2, 12.0), (12.2, 13.0)], seconds=20.0, longest=8.0)
    assert times(windows) == [(0.0, 6.1), (6.1, 13.4)]


def test_speech_that_never_pauses_is_cut_where_it_is_weakest():
    sound = np.ones(30 * RATE, np.float32)
    for quiet in (8.5, 17.0, 24.0):
        sound[round(quiet * RATE) : round((quiet + 0.1) * RATE)] = 0.0
    windows = cut([(0.0, 30.0)], seconds=30.0, longest=10.0, sound=sound)
    assert times(windows) == [(0.0, 8.55), (8.55, 17.05), (17.05, 24.05), (24.05, 30.0)]


@pytest.mark.parametrize("blocks", [(0.1,), (3.7, 0.01), (100.0,)])
@pytest.mark.parametrize("longest", [4.0, 15.0])
def test_windows_do_not_depend_on_how_sound_arrives(blocks, longest):
    rng = np.random.default_rng(3)
    borders = np.cumsum(rng.uniform(0.15, 6.0, 40)).reshape(-1, 2)
    seconds = float(borders[-1, 1]) + 0.2
    sound = rng.normal(size=round(seconds * RATE)).astype(np.float32)
    first = cut(borders.tolist(), seconds=seconds, longest=longest, sound=sound)
    again = cut(borders.tolist(), seconds=seconds, longest=longest, sound=sound, blocks=blocks)
    assert times(first) == times(again)
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(first, again, strict=True))
    # Everything that is speech is in some window, nothing is in two, and none is too long.
    parts = [pair for w in first for pair in pieces(w)]
    flat = [t for pair in parts for t in pair]
    assert flat == sorted(flat)
    assert all(w.duration <= longest + 1e-6 for w in first)
    for start, end in borders.tolist():
        covered = sum(max(0.0, min(end, b) - max(start, a)) for a, b in parts)
        assert covered == pytest.approx(end - start, abs=2e-3)
    for window in first:
        where = [(round((s.begin + s.shift) * RATE), round((s.end + s.shift) * RATE)) for s in window.stretches]
        assert np.array_equal(window.samples, np.concatenate([sound[a:b] for a, b in where]))


def test_sound_that_no_window_needs_is_let_go():
    stream = WindowStream(longest=15.0, padding=0.4)
    for second in range(600):
        stream.feed(np.zeros(RATE, np.float32), [], quiet_from=(second + 1) * RATE)
        assert len(stream._sound) < 3 * RATE


def grid(sound, *, longest=8.0, block=1.0):
    stream = GridStream(longest=longest)
    step = round(block * RATE)
    windows = [w for at in range(0, len(sound), step) for w in stream.feed(sound[at : at + step])]
    return windows + stream.finish()


@pytest.mark.parametrize("block", [0.05, 1.0, 7.3, 60.0])
def test_a_grid_holds_everything_once_however_it_arrives(block):
    sound = ramp(41.3) + 1
    windows = grid(sound, block=block)
    assert np.array_equal(np.concatenate([w.samples for w in windows]), sound)
    assert [w.first for w in windows] == [int(w.samples[0]) - 1 for w in windows]
    assert max(w.duration for w in windows) <= 8.0 and windows[0].duration <= 4.0


def test_a_grid_is_cut_where_the_sound_is_weakest():
    sound = np.ones(20 * RATE, np.float32)
    for quiet in (3.0, 9.0, 15.5):
        sound[round(quiet * RATE) : round((quiet + 0.1) * RATE)] = 0.1
    assert times(grid(sound)) == [(0.0, 3.05), (3.05, 9.05), (9.05, 15.55), (15.55, 20.0)]


def test_digital_silence_is_not_worth_a_window():
    sound = np.zeros(40 * RATE, np.float32)
    sound[20 * RATE] = 1e-4
    (window,) = grid(sound)
    assert window.start <= 20.0 < window.start + window.duration
    assert grid(np.zeros(0, np.float32)) == []


def test_windows_are_told_apart_by_place_and_sound():
    keys = [w.key for w in grid(ramp(30.0))]
    assert keys == [w.key for w in grid(ramp(30.0), block=0.7)] and len(set(keys)) == len(keys)
    other = ramp(30.0)
    other[-1] = 0.0
    assert [w.key for w in grid(other)][:-1] == keys[:-1] and [w.key for w in grid(other)][-1] != keys[-1]


@pytest.mark.parametrize(
    ("begin", "left"),
    [
        (-1.0, [(0.6, 3.4), (9.6, 11.4)]),
        (1.0, [(1.6, 3.4), (9.6, 11.4)]),
        (2.8, [(9.6, 11.4)]),
        (3.8, [(10.6, 11.4)]),
    ],
)
def test_what_follows_a_moment_of_a_window_stays_at_its_place(begin, left):
    (window,) = cut([(1.0, 3.0), (10.0, 11.0)], seconds=20.0)
    rest = window.after(begin)
    assert pieces(rest) == left and rest.stop == window.stop
    for stretch in rest.stretches:
        place = round(stretch.begin * RATE)
        assert rest.samples[place] == round((stretch.begin + stretch.shift) * RATE)
