"""Edges lie beyond the word, run through pauses, and come to rest where the sound is weak."""

import numpy as np
import pytest

from redactor.edges import EdgeRule, end_edge, spare_time, start_edge
from redactor.types import Word

RULE = EdgeRule(padding=0.05, pause=0.25, valley=0.05)
LOUD = np.ones(1000)


def quiet_at(*seconds):
    power = np.ones(1000)
    for second in seconds:
        power[round(second * 100) - 1 : round(second * 100) + 2] = 1e-4
    return power


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (6.0, 5.25),  # a long pause: as far as the rule goes
        (5.2, 5.17),  # a short one: nearly up to the next word
        (None, 6.0),  # nothing follows: farther
    ],
)
def test_an_edge_runs_through_a_pause(after, expected):
    assert end_edge(5.0, after, LOUD, RULE) == pytest.approx(expected)
    mirrored = None if after is None else 10.0 - after
    assert start_edge(5.0, mirrored, LOUD, RULE) == pytest.approx(10.0 - expected)


@pytest.mark.parametrize("quiet", [5.02, 5.04, 5.08])
def test_between_words_an_edge_comes_to_rest_at_the_weakest_moment(quiet):
    assert end_edge(5.0, 5.01, quiet_at(quiet), RULE) == pytest.approx(quiet, abs=0.011)
    assert start_edge(5.0, 4.99, quiet_at(10.0 - quiet), RULE) == pytest.approx(10.0 - quiet, abs=0.011)


def test_an_edge_never_moves_into_the_word_or_past_its_reach():
    rule = EdgeRule(padding=0.02, pause=0.0, valley=0.08)
    assert end_edge(5.0, 5.0, quiet_at(4.95), rule) >= 5.0
    assert start_edge(5.0, 5.0, quiet_at(5.05), rule) <= 5.0
    assert end_edge(5.0, 5.0, quiet_at(5.3), rule) <= 5.0 + 0.02 + 0.08 + 0.01


def test_without_pause_and_valley_the_padding_alone_counts():
    flat = EdgeRule(padding=0.1, pause=0.0, valley=0.0)
    assert end_edge(5.0, 7.0, LOUD, flat) == pytest.approx(5.1)
    assert start_edge(5.0, 3.0, LOUD, flat) == pytest.approx(4.9)


@pytest.mark.parametrize("time", [0.0, 0.01, 9.99, 10.0, 30.0])
def test_at_the_borders_of_a_recording_an_edge_still_lies_outside_the_word(time):
    assert end_edge(time, time + 0.01, LOUD, RULE) >= time
    assert start_edge(time, time - 0.01, LOUD, RULE) <= time


@pytest.mark.parametrize(
    ("text", "seconds", "spare"),
    [
        ("that", 0.25, 0.0),
        ("that", 0.48, 0.0),  # slow, but people do
        ("that", 0.58, 0.1),
        ("could", 1.3, 0.2),  # so much at most
        ("415", 0.9, 0.0),  # three words in digits
        ("extraordinary", 1.0, 0.0),
    ],
)
def test_a_neighbour_that_lasts_too_long_has_time_to_spare(text, seconds, spare):
    assert spare_time(Word(text, 2.0, 2.0 + seconds, 0.9), LOUD) == pytest.approx(spare)
    assert spare_time(Word(text, 2.0, 2.0 + seconds, 0.9), LOUD, begins_at_sound=True) == pytest.approx(spare)


def test_silence_before_a_word_is_not_counted_where_it_lies_away_from_the_finding():
    power = np.where(np.arange(1000) < 250, 1e-4, 1.0)
    word = Word("call", 2.0, 2.8, 0.9)
    assert spare_time(word, power) == pytest.approx(0.2)
    assert spare_time(word, power, begins_at_sound=True) == 0.0


def test_a_word_past_the_end_of_the_sound_has_nothing_to_spare():
    assert spare_time(Word("call", 50.0, 50.3, 0.9), LOUD, begins_at_sound=True) == 0.0
