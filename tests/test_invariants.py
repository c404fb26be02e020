"""What a stage may hand on: everything that makes sense passes, and each kind of nonsense is refused."""

import math
from dataclasses import replace

import numpy as np
import pytest

from redactor.errors import NonsenseError
from redactor.invariants import check_found, check_transcript
from redactor.types import Audio, AudioFormat, PiiSpan, Segment, SpeechRegion, Transcript, Word

SECRET = "Quill"
AUDIO = Audio(np.zeros((16_000, 2), np.int16), 8_000, AudioFormat("WAV", "PCM_16"))


def segment(*words, channel=0):
    made = tuple(Word(text, start, end, 0.9) for text, start, end in words)
    return Segment(channel, "en", None, 0.0, 2.0, made, -0.2, 0.0, 1.0)


GOOD = Transcript.build(
    2.0,
    [segment(("Ada", 0.0, 0.5), (SECRET, 0.5, 1.0), ("Ada", 1.0, 2.0)), segment(("yes", 0.1, 0.1), channel=1)],
    speech=[SpeechRegion(1, 0.0, 2.0)],
)
NAME = PiiSpan(0, "PERSON", 0, 9, 0.8, "test")


def with_word(index, **changes):
    first, *rest = GOOD.segments
    words = list(first.words)
    words[index] = replace(words[index], **changes)
    return replace(GOOD, segments=(replace(first, words=tuple(words)), *rest))


def with_segment(**changes):
    first, *rest = GOOD.segments
    return replace(GOOD, segments=(replace(first, **changes), *rest))


def with_speech(**changes):
    return replace(GOOD, speech=(replace(GOOD.speech[0], **changes),))


@pytest.mark.parametrize(
    "transcript",
    [
        GOOD,
        Transcript.build(2.0, []),
        replace(GOOD, duration=2.0005),  # milliseconds are rounded on the way
        with_word(2, end=2.0005),
        with_word(0, end=0.0),  # a word without length
        with_word(0, probability=0.0),
        with_word(0, probability=1.0),
        with_speech(start=2.0),
    ],
)
def test_what_makes_sense_passes(transcript):
    check_transcript(transcript, AUDIO)


@pytest.mark.parametrize(
    ("transcript", "message"),
    [
        (replace(GOOD, duration=2.01), "another duration"),
        (replace(GOOD, duration=math.nan), "another duration"),
        (with_word(0, start=math.nan), "a word has times"),
        (with_word(0, end=math.nan), "a word has times"),
        (with_word(0, start=0.6), "a word has times"),
        (with_word(0, start=-0.01), "a word has times"),
        (with_word(2, end=2.01), "a word has times"),
        (with_word(2, end=math.inf), "a word has times"),
        (with_segment(start=math.nan), "a segment has times"),
        (with_segment(end=3.0), "a segment has times"),
        (with_segment(start=1.5, end=1.0), "a segment has times"),
        (with_segment(channel=2), "channel 2 does not exist"),
        (with_segment(channel=-1), "channel -1 does not exist"),
        (with_speech(end=math.nan), "a segment has times"),
        (with_speech(end=2.5), "a segment has times"),
        (with_speech(channel=7), "channel 7 does not exist"),
        (with_word(0, probability=math.nan), "probability"),
        (with_word(0, probability=1.01), "probability"),
        (with_word(0, probability=-0.1), "probability"),
        (with_word(1, char_start=5), "not at its place"),
        (with_word(1, char_end=3), "not at its place"),
        (with_word(1, text="", char_start=4, char_end=4), "not at its place"),
        # The same word said twice: each must be at its own place, or the wrong one is muted.
        (with_word(0, char_start=10, char_end=13), "not at its place"),
        (with_word(2, char_start=0, char_end=3), "not at its place"),
    ],
)
def test_nonsense_of_a_recognizer_is_refused_without_its_words(transcript, message):
    with pytest.raises(NonsenseError, match=message) as caught:
        check_transcript(transcript, AUDIO)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "found", [[], [NAME], [NAME, NAME], [replace(NAME, score=0.0), replace(NAME, score=1.0)]]
)
def test_findings_in_their_text_pass(found):
    check_found(found, GOOD)


@pytest.mark.parametrize(
    "changes",
    [
        {"char_start": -1},
        {"char_start": 9},  # empty
        {"char_start": 9, "char_end": 4},
        {"char_end": 14},  # the text has 13
        {"channel": 1, "char_end": 4},  # the other side's text is shorter
        {"channel": 2},
        {"channel": -1},
        {"score": math.nan},
        {"score": 1.01},
        {"score": -0.1},
    ],
)
def test_findings_outside_their_text_or_without_a_score_are_refused(changes):
    with pytest.raises(NonsenseError, match="a finding of type PERSON") as caught:
        check_found([NAME, replace(NAME, **changes)], GOOD)
    assert SECRET not in str(caught.value)
