"""What counts as a wrong word, and what is only written differently."""

import math

import pytest

from redactor.bench.gold import GoldRecording, GoldWord
from redactor.bench.wer import WordErrors, said_and_heard, word_errors
from redactor.types import Segment, Transcript, Word


@pytest.mark.parametrize(
    ("said", "recognized", "errors", "words"),
    [
        ("call four one five", "Call 4-1-5.", 0, 4),
        ("call four one five", "Call 4-1-6.", 1, 4),
        ("oh seven", "07", 0, 2),
        ("o seven", "07", 1, 2),
        ("it's anna", "Its Anna!", 0, 2),
        ("it is anna", "its Anna", 2, 3),
        ("anna", "Hannah", 1, 1),
        ("anna maria", "Annamaria", 2, 2),
        ("two hundred", "200", 2, 2),  # a number that is written out otherwise counts as wrong
        ("say it once more", "say once more", 1, 4),
        ("say it once", "say it it once", 1, 3),
        ("say it once", "once it say", 2, 3),
        ("nothing came", "", 2, 2),
        ("", "thank you", 2, 0),
    ],
)
def test_errors_are_words_and_not_ways_of_writing(said, recognized, errors, words):
    assert word_errors(said, recognized) == WordErrors(errors, words)


def test_rates_of_texts_are_of_all_their_words_and_of_none_there_is_none():
    assert (word_errors("a", "b") + word_errors("a b c", "a b c")).rate == 0.25
    assert math.isnan(WordErrors().rate)


def test_every_channel_is_held_against_what_was_said_on_it_in_order_of_time():
    said = (GoldWord("two", 1.0, 1.5), GoldWord("one", 0.0, 0.5), GoldWord("other", 0.2, 0.4, channel=1))
    segments = [
        Segment(channel, "en", None, 0.0, 1.0, (Word(text, 0.0, 1.0, 1.0),), 0.0, 0.0, 1.0)
        for channel, text in ((0, "One"), (2, "noise"))
    ]
    pairs = list(said_and_heard(GoldRecording("a.wav", said), Transcript.build(2.0, segments)))
    assert pairs == [("one two", "One"), ("other", "")]
