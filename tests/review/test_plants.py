"""Leaks of our own are where they are said to be, at the loudness of what is around them."""

import random

import numpy as np
import pytest

from redactor.review.plants import noticed, plant, sample_values

RATE = 8000


@pytest.fixture(scope="module")
def values():
    return sample_values()


def report(*muted, duration=20.0, channels=1):
    rows = [{"start": start, "end": end, "channels": [c]} for start, end, c in muted]
    return {"duration": duration, "channels": channels, "redactions": rows}


def transcript(channel=0):
    words = [{"text": f"w{n}", "start": n * 0.5, "end": n * 0.5 + 0.4} for n in range(40)]
    segment = {
        "channel": channel, "start": 0.0, "end": 20.0, "text": "", "words": words, "placeholders": []
    }  # fmt: skip
    return {"duration": 20.0, "channels": 1, "segments": [segment]}


def speech(num_channels=1, level=0.1):
    rng = np.random.default_rng(1)
    return rng.normal(0.0, level, (20 * RATE, num_channels)).astype(np.float32)


def test_the_sample_has_values_of_many_kinds(values):
    assert len(values) >= 10 and len({value.type for value in values}) >= 5
    for value in values:
        length = len(value.samples) / value.sample_rate
        assert 0.0 <= value.start < value.end <= length + 1e-6 and value.words
        assert np.abs(value.samples).max() > 0.01


@pytest.mark.parametrize("seed", range(8))
def test_a_plant_lies_where_nothing_is_muted(values, seed):
    muted = [(0.0, 6.0, 0), (14.0, 20.0, 0), (0.0, 20.0, 1)]
    before = speech(2)
    made = plant(
        before, RATE, report=report(*muted, channels=2), transcript=transcript(), value=values[seed],
        rng=random.Random(seed),
    )  # fmt: skip
    changed = np.flatnonzero((made.samples != before).any(axis=1)) / RATE
    assert 6.0 <= changed[0] <= made.truth["start"] < made.truth["end"] <= changed[-1] + 0.01 <= 14.01
    assert np.array_equal(made.samples[:, 1], before[:, 1]) and made.truth["type"] == values[seed].type
    inside = made.samples[round(changed[0] * RATE) : round(changed[-1] * RATE), 0]
    assert 0.02 < np.sqrt((inside**2).mean()) < 0.2  # as loud as what was there, give or take its pauses


def test_one_in_two_stands_in_the_transcript_and_what_it_replaced_never_does(values):
    value, heard = values[0], 0
    for seed in range(40):
        made = plant(
            speech(), RATE, report=report(), transcript=transcript(), value=value, rng=random.Random(seed)
        )
        words = [w for s in made.transcript["segments"] for w in s["words"]]
        there = [w for w in words if w["start"] < made.truth["end"] and w["end"] > made.truth["start"]]
        assert [w["text"] for w in there] in ([], [w.text for w in value.words])
        heard += bool(there)
    assert 8 < heard < 32


def test_where_no_stretch_is_long_enough_there_is_no_plant(values):
    muted = [(n * 0.5 + 0.2, n * 0.5 + 0.5, 0) for n in range(40)]
    made = plant(speech(), RATE, report=report(*muted), transcript=None, value=values[0], rng=random.Random(1))
    assert made is None


@pytest.mark.parametrize(
    ("marks", "expected"), [([], False), ([(0.0, 1.0)], False), ([(0.0, 1.0), (2.9, 9.0)], True)]
)
def test_a_plant_is_noticed_where_a_mark_meets_it(marks, expected):
    assert noticed({"start": 2.0, "end": 3.0, "type": "PERSON"}, marks) is expected
