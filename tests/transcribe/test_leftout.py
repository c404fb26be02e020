"""Where a window has speech and no words: before, between and behind what was written of it."""

import math

import numpy as np
import pytest

from redactor.transcribe.leftout import left_out
from redactor.transcribe.windows import Window
from redactor.transcribe.written import RawWord

RATE = 16_000
PADDING = 0.4
LOUD = 1_000_000


def window(seconds, *, first=0.0, seams=()):
    """Its samples count up, so that a piece shows where it was taken from; all of it is about as loud."""
    return Window(round(first * RATE), LOUD + np.arange(round(seconds * RATE), dtype=np.float32), seams)


def words(*timed):
    return [RawWord(f" {text}", start, end, 0.9) for text, start, end in timed]


def look(sound, said, *speech, own_channel=True):
    """What is left out, where each sound that is asked about has speech at these seconds."""
    asked = []

    def speech_in(samples):
        asked.append(len(samples) / RATE)
        return [(round(a * RATE), round(b * RATE)) for a, b in speech[len(asked) - 1]]

    found = left_out(sound, said, speech_in=speech_in, padding=PADDING, own_channel=own_channel)
    return found, [round(seconds, 3) for seconds in asked]


def places(found):
    return [(round(w.first / RATE, 3), round(w.stop / RATE, 3)) for w in found.windows]


def test_speech_between_two_words_is_left_out_and_the_second_word_begins_behind_it():
    said = words(("My", 0.2, 0.6), ("name", 0.6, 9.0))
    found, asked = look(window(9.9, first=5.0), said, [(1.0, 2.0), (3.0, 4.0)])
    assert asked == [7.5]  # a word of four letters lasts 0.9 s at most: it begins at 8.1
    assert places(found) == [(6.2, 10.0)]  # from 0.4 s before that speech until 0.4 s behind it
    assert (found.windows[0].samples[0], len(found.windows)) == (LOUD + 1.2 * RATE, 1)
    assert [(w.start, w.end) for w in found.words] == [(0.2, 0.6), (pytest.approx(8.1), 9.0)]
    assert found.openers == {1}


def test_what_is_left_out_keeps_within_its_gap():
    found, _ = look(window(9.5), words(("one", 1.2, 2.0), ("two", 7.9, 8.7)), [(0.1, 5.9)])
    assert places(found) == [(2.0, 7.9)]


def test_speech_before_the_first_word_is_left_out():
    found, asked = look(window(10.0), words(("name", 0.0, 6.0), ("is", 6.0, 9.5)), [(0.5, 3.0)], [])
    assert asked == [5.1, 2.8]
    assert places(found) == [(0.1, 3.4)]
    assert found.openers == {0} and found.words[0].start == pytest.approx(5.1)
    assert found.words[1].start == 6.0  # nobody speaks in the pause before it


def test_speech_behind_the_last_word_is_left_out_until_the_end():
    found, asked = look(window(6.0), words(("My", 0.1, 0.5)), [(2.0, 4.0)])
    assert (asked, places(found), found.openers) == ([5.5], [(2.1, 6.0)], frozenset())


@pytest.mark.parametrize("speech", [[], [(0.2, 0.6), (1.0, 1.5)]])
def test_less_than_a_second_of_speech_is_not_heard_by_itself(speech):
    said = words(("My", 0.2, 0.6), ("name", 4.0, 4.5), ("is", 4.5, 9.5))
    found, asked = look(window(10.0), said, speech, speech)
    assert len(asked) == 2
    assert (found.windows, found.openers, list(found.words)) == ((), frozenset(), said)


@pytest.mark.parametrize(
    "said",
    [
        [],
        words(("My", 0.0, 0.5), ("name", 1.0, 2.3), ("is", 2.9, 3.5), ("not", 4.0, 4.9)),
        words(("", 0.0, 0.1), ("My", 4.5, 4.9)),  # nearly all of it: it would not end
        words(("My", 0.0, 0.1)),
        words(("My", math.nan, 0.5), ("name", 0.6, math.nan)),
    ],
    ids=["nothing", "no-gap", "all-before", "all-behind", "nan"],
)
def test_nothing_is_asked_where_there_is_no_gap_or_no_end_of_asking(said):
    found, asked = look(window(5.0), said)
    assert (asked, found.windows, list(found.words)) == ([], (), said)


@pytest.mark.parametrize(
    ("fainter_by_db", "own_channel", "count"), [(9.0, True, 1), (11.0, True, 0), (30.0, False, 1)]
)
def test_what_is_much_fainter_than_the_words_is_left_where_the_other_side_has_a_channel(
    fainter_by_db, own_channel, count
):
    """A microphone picks up the far end some 20 dB below its own speaker; decoders pass over it."""
    samples = np.random.default_rng(0).standard_normal(10 * RATE).astype(np.float32)
    samples[2 * RATE : 8 * RATE] *= 10 ** (-fainter_by_db / 20)
    said = words(("one", 1.2, 2.0), ("two", 8.0, 8.7), ("six", 8.7, 9.5))
    found, asked = look(Window(0, samples), said, [(0.5, 5.5)], own_channel=own_channel)
    assert (len(asked), len(found.windows)) == (1, count)


def test_a_gap_keeps_its_places_behind_a_pause_that_was_left_out():
    sound = window(9.5, first=1.0, seams=((4 * RATE, 20 * RATE),))
    found, _ = look(sound, words(("one", 1.2, 2.0), ("two", 8.0, 8.8)), [(0.0, 5.5)])
    (piece,) = found.windows
    assert [(s.begin + s.shift, s.end + s.shift) for s in piece.stretches] == [
        (3.0, 5.0), (20.0, pytest.approx(23.9)),
    ]  # fmt: skip
