"""Words of both sides in the order in which they were said, each with its place in its channel's text."""

import pytest

from redactor.detect.dialogue import dialogue
from redactor.types import Segment, Transcript, Word


def transcript(*segments):
    """Segments as (channel, start, text or words); each word takes 0.3 s."""
    made = []
    for channel, start, text in segments:
        words = tuple(
            Word(w.lstrip("+"), start + 0.3 * i, start + 0.3 * i + 0.3, 0.9, joined=w.startswith("+"))
            for i, w in enumerate(text.split())
        )
        made.append(Segment(channel, "en", None, start, words[-1].end, words, 0.0, 0.0, 1.0))
    return Transcript.build(60.0, made)


def turns(heard):
    lines = []
    for word in dialogue(heard):
        if word.first_of_turn or not lines:
            lines.append((word.channel, []))
        lines[-1][1].append(word.text)
    return [(channel, " ".join(words)) for channel, words in lines]


def test_sides_take_turns_in_order_of_time():
    heard = transcript((0, 0.0, "who is this"), (1, 1.2, "it is ann"), (0, 2.4, "thanks"))
    assert turns(heard) == [(0, "who is this"), (1, "it is ann"), (0, "thanks")]


def test_an_answer_inside_a_long_segment_of_the_other_side_comes_where_it_was_said():
    words = [*"and your name".split(), *"thank you".split()]
    starts = [0.0, 0.3, 0.6, 3.0, 3.3]
    asked = tuple(Word(w, s, s + 0.3, 0.9) for w, s in zip(words, starts, strict=True))
    heard = Transcript.build(
        60.0,
        [
            Segment(0, "en", None, 0.0, 3.6, asked, 0.0, 0.0, 1.0),
            *transcript((1, 1.4, "ann quill")).segments,
        ],
    )
    assert turns(heard) == [(0, "and your name"), (1, "ann quill"), (0, "thank you")]


def test_one_channel_has_no_turns():
    assert [w.first_of_turn for w in dialogue(transcript((0, 0.0, "who is this"), (0, 5.0, "ann")))] == [
        False
    ] * 4


@pytest.mark.parametrize("text", ["call 617 +-555 +-0101 now", "one", "it is 98 +.7 degrees"])
def test_a_word_is_what_stands_between_two_spaces_of_the_text(text):
    heard = transcript((1, 0.0, text))
    said = dialogue(heard)
    assert [w.text for w in said] == heard.text(1).split()
    assert [heard.text(1)[w.char_start : w.char_end] for w in said] == [w.text for w in said]


def test_every_word_of_every_channel_is_there_once():
    heard = transcript((0, 0.0, "a b c"), (1, 0.1, "d e f"), (0, 0.9, "g h"), (1, 4.0, "i"))
    assert sorted(w.text for w in dialogue(heard)) == list("abcdefghi")
