"""Sentences with labelled values: how their words are placed, and what is counted."""

import json

from benchmarks.texts import count, heard, labelled
from redactor.types import PiiSpan

TURNS = [["A", "and your name?"], ["B", "it's {PERSON:Anna Lee}, of {CITY:Cork}."]]


def test_what_hangs_on_a_value_is_part_of_its_last_word():
    words = [(w.text, w.label, w.value) for w in labelled(TURNS[1][1], 5)]
    assert words == [
        ("it's", "", 0), ("Anna", "PERSON", 5), ("Lee,", "PERSON", 5), ("of", "", 0), ("Cork.", "CITY", 6),
    ]  # fmt: skip


def test_words_lie_in_their_channels_text_where_they_are_said_to():
    transcript, said = heard(TURNS, 1)
    for channel, labels in said.items():
        words = list(transcript.words(channel))
        assert [word.text for word in words] == [label.text for label in labels]
        for word in words:
            assert transcript.text(channel)[word.char_start : word.char_end] == word.text


def test_found_words_whole_values_and_harmless_words_are_counted():
    class Finds:
        def detect(self, transcript):
            at = transcript.text(1).index("Anna")
            return (PiiSpan(1, "PERSON", at, at + 4, 0.9, "r"), PiiSpan(0, "PERSON", 0, 3, 0.9, "r"))

    counts = count([json.dumps({"turns": TURNS})], Finds())
    assert counts.words == {"": 5, "PERSON": 2, "CITY": 1}
    assert (counts.found["PERSON"], counts.found["CITY"], counts.found[""]) == (1, 0, 1)
    assert (counts.values.total(), counts.whole.total()) == (2, 0)
