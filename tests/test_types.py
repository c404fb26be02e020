"""Words and their places in a channel's text."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import redactor.types
from redactor.types import Audio, AudioFormat, Segment, SpeechRegion, Transcript, Word


def segment(channel, start, *words):
    made = tuple(Word(text, start, start + 1, 0.9, joined=joined) for text, joined in words)
    return Segment(channel, "en", None, start, start + 1, made, -0.2, 0.0, 1.0)


words = st.tuples(st.text("abc\"'é漢", min_size=1, max_size=4), st.booleans())
segments = st.lists(
    st.builds(
        lambda channel, start, said: segment(channel, float(start), *said),
        st.integers(0, 2),
        st.integers(0, 9),
        st.lists(words, max_size=4),
    ),
    max_size=8,
)


@given(segments)
def test_every_word_is_at_its_place_in_its_channels_text(said):
    heard = Transcript.build(10.0, said)
    for channel in range(3):
        text, end = heard.text(channel), 0
        for word in heard.words(channel):
            assert text[word.char_start : word.char_end] == word.text
            assert word.char_start >= end
            end = word.char_end
        assert end == len(text)
    assert sorted(w.text for s in heard.segments for w in s.words) == sorted(
        w.text for s in said for w in s.words
    )


@given(segments)
def test_segments_are_in_order_of_time_and_input_is_left_as_it_was(said):
    before = list(said)
    heard = Transcript.build(10.0, said)
    starts = [s.start for s in heard.segments]
    assert starts == sorted(starts)
    assert said == before


def test_text_is_per_channel_in_order_of_time():
    heard = Transcript.build(
        9.0,
        [segment(0, 4.0, ("there", False)), segment(1, 2.0, ("yes", False)), segment(0, 1.0, ("hi", False))],
    )
    assert (heard.text(0), heard.text(1), heard.text(2)) == ("hi there", "yes", "")


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ([("617", False), ("-555", True)], "617-555"),
        ([("98", True), (".7", True), ("now", False)], "98.7 now"),  # nothing before the first to join
        ([("a", False), ("b", False)], "a b"),
    ],
)
def test_joined_words_stand_together(said, text):
    assert Transcript.build(2.0, [segment(0, 0.0, *said)]).text(0) == text


def test_channels_are_those_with_words_or_speech():
    heard = Transcript.build(9.0, [segment(2, 0.0, ("a", False))], speech=[SpeechRegion(0, 1.0, 2.0)])
    assert heard.channels == (0, 2)


def test_audio_counts_samples_per_channel():
    audio = Audio(np.zeros((12_000, 2), np.int16), 8_000, AudioFormat("WAV", "PCM_16"))
    assert (audio.num_samples, audio.num_channels, audio.duration) == (12_000, 2, 1.5)


@pytest.mark.parametrize(
    "cls", [c for c in vars(redactor.types).values() if dataclasses.is_dataclass(c)], ids=lambda c: c.__name__
)
def test_what_stages_hand_on_is_frozen(cls):
    assert cls.__dataclass_params__.frozen
