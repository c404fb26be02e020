"""Where two hearings differ and neither makes sense, a name was said."""

import pytest

from redactor.detect.disagreement import disagreements
from redactor.types import Segment, Transcript, Word


def hearing(text, *, shift=0.0):
    words = tuple(Word(w, 0.4 * i + shift, 0.4 * i + 0.35 + shift, 0.9) for i, w in enumerate(text.split()))
    segment = Segment(0, "en", None, words[0].start, words[-1].end, words, 0.0, 0.0, 1.0)
    return Transcript.build(60.0, [segment])


def found(*texts, **times):
    hearings = [hearing(texts[0]), *(hearing(t, **times) for t in texts[1:])]
    return [
        (p.hearing, hearings[p.hearing].text(0)[p.char_start : p.char_end].rstrip(".,"))
        for p in disagreements(hearings)
    ]


@pytest.mark.parametrize(
    ("one", "other", "names"),
    [
        ("call Paul Linne please", "call Polyni please", ["Paul Linne", "Polyni"]),
        ("set a meeting with Lothman now", "set a meeting with Lofman now", ["Lothman", "Lofman"]),
        ("thanks anishmet for that", "thanks unishmed for that", ["anishmet", "unishmed"]),
    ],
)
def test_two_odd_readings_are_a_name_in_both(one, other, names):
    assert found(one, other) == list(enumerate(names))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("turn on the light", "turn off the light"),
        ("I have a question", "I had the question"),
        ("set an alarm for Lothman", "set an alarm for then"),  # only one is odd
        ("call Lothman please", "call Lothman please"),  # no disagreement, and others' to find
    ],
)
def test_everyday_words_that_differ_are_left(one, other):
    assert found(one, other) == []


def test_a_stretch_that_one_model_could_not_follow_is_no_name():
    one = "so Lothman Skiver Brubik Zabor Noskin too"
    assert found(one, "so Lofman Skivel Brubig Zaber Noskan too") == []


def test_readings_of_different_moments_are_not_held_against_each_other():
    assert found("call Lothman please", "call Lofman please", shift=9.0) == []


def test_one_hearing_cannot_disagree():
    assert found("call Lothman please") == []
