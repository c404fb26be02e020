"""Text that cannot have been said beside text that only looks like it."""

import pytest

from redactor.transcribe.plausible import cannot_be_said
from redactor.types import Word


def said(text, seconds):
    words = text.split()
    step = seconds / max(len(words), 1)
    return tuple(Word(w, i * step, (i + 1) * step, 0.9) for i, w in enumerate(words))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("turn off the lights. turn off the lights. turn off the lights.", 4.0),
        ("Okay so I am here I am here I am here I am here", 6.0),
        ("thanks for watching and do not forget to subscribe to the channel", 0.6),
    ],
)
def test_loops_and_text_too_long_for_its_time_are_no_words(text, seconds):
    assert cannot_be_said(said(text, seconds))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("no no no no no no no", 2.0),
        ("four four four seven four four four seven one two", 5.0),
        ("yes yes that is right, yes that is right", 3.0),
        ("thank you very much for calling us today", 1.4),
        ("okay", 0.02),
        ("", 0.0),
    ],
)
def test_repetition_and_haste_that_people_are_capable_of_stay(text, seconds):
    assert not cannot_be_said(said(text, seconds))
