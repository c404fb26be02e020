"""What is left to hear, and whether two hearings are of one recording."""

from __future__ import annotations

from dataclasses import replace

import pytest
from verify_helpers import hearing

from redactor.types import Origin, PiiSpan, TimeSpan, Transcript
from redactor.verify.hearing import audible, compare, search

STORY = (
    "well the parcel came in on monday but the box was open and half of what we asked for was not in it so my "
    "partner rang the shop and somebody there said that they would look into it and ring us back by noon"
)
OTHER = (
    "please turn down every lamp upstairs then start washing dishes while playing relaxing music until dinner "
    "gets warm after which remind everybody about homework lunches sports kit umbrellas tickets keys"
)


def muted(start, end, *channels):
    return TimeSpan(start, end, channels or (0,), ("PERSON",), Origin.DETECTED)


def left(text, *spans):
    return audible(hearing(text), spans).text(0)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], "my name is Ada Quill and I"),
        ([muted(1.2, 2.0)], "my name is ... and I"),
        ([muted(0.0, 0.4)], "... name is Ada Quill and I"),
        ([muted(2.0, 2.8)], "my name is Ada Quill ..."),
        ([muted(1.2, 1.3)], "my name is Ada Quill and I"),  # a third of a word
        ([muted(1.2, 1.5)], "my name is ... Quill and I"),
        ([muted(1.2, 1.4), muted(1.4, 1.6)], "my name is ... Quill and I"),
        ([muted(0.0, 60.0)], ""),
        ([muted(0.0, 60.0, 1)], "my name is Ada Quill and I"),
    ],
)
def test_muted_words_are_gaps(spans, expected):
    assert left("my name is Ada Quill and I", *spans) == expected


def test_words_keep_their_times_beside_a_gap():
    words = {w.text: (w.start, w.end) for w in audible(hearing("one two three"), [muted(0.4, 0.8)]).words(0)}
    assert words["one"] == (0.0, pytest.approx(0.36)) and words["three"] == (0.8, pytest.approx(1.16))


def test_a_finding_on_nothing_but_gaps_is_muted_already():
    remains = audible(hearing("my name is Ada Quill"), [muted(1.2, 1.6)])
    at = remains.text(0).index("...")
    gap = PiiSpan(0, "PERSON", at, at + 3, 0.9, "test")
    beyond = replace(gap, char_end=at + 9)
    assert search(lambda transcript: [gap, beyond], remains) == (beyond,)


def test_a_detector_is_not_asked_about_nothing():
    def never(transcript):
        raise AssertionError("asked")

    assert search(never, Transcript.build(1.0, [])) == ()


def noisy(text, *, every):
    """The same words with each n-th misheard."""
    words = text.split()
    return " ".join("blub" if i % every == every - 1 else word for i, word in enumerate(words))


@pytest.mark.parametrize(
    ("second", "fits"),
    [
        (hearing(STORY), True),
        (hearing(noisy(STORY, every=2)), True),
        (hearing(STORY, start=0.8), True),  # word times are not that sure
        (hearing(STORY.upper().replace(" ", ", ")), True),
        (hearing(OTHER), False),
        (hearing(STORY, start=5.0), False),
        (hearing(" ".join(STORY.split()[: len(STORY.split()) // 3])), False),  # a part of it
        (hearing(STORY, channel=1), False),
    ],
)
def test_only_hearings_of_one_recording_fit(second, fits):
    agreement = compare(hearing(STORY), second)
    assert agreement.fits is fits and not agreement.nothing_heard


@pytest.mark.parametrize(
    ("first", "second"), [("yes", "please"), ("call home now", "cold foam"), ("", "two words")]
)
def test_a_few_words_tell_nothing(first, second):
    agreement = compare(hearing(first), hearing(second))
    assert agreement.fits and not agreement.nothing_heard


def test_nothing_heard_of_many_words_is_no_hearing():
    assert compare(hearing("turn off the lights"), hearing("")).nothing_heard
    assert not compare(hearing("lights off"), hearing("")).nothing_heard
    assert not compare(hearing(""), hearing("turn off the lights")).nothing_heard


def test_the_stretch_that_is_heard_otherwise_is_apart():
    strange = " ".join(OTHER.split()[:14])
    talk = f"{STORY} {STORY} {STORY}"
    first = hearing(f"{talk} {strange} {talk}")
    second = hearing(f"{talk} {' '.join(f'{w[::-1]}x' for w in strange.split())} {talk}")
    agreement = compare(first, second)
    (span,) = agreement.apart
    begin = 0.4 * len(talk.split())
    assert agreement.fits and span.origin is Origin.VERIFIED
    assert span.start <= begin + 0.4 and span.end >= begin + 0.4 * 13
    assert span.end - span.start < 14


def test_gaps_count_for_nothing():
    agreement = compare(audible(hearing("one two three four"), [muted(0.4, 0.8)]), hearing("one"))
    assert (agreement.first_words, agreement.words) == (3, 4)


@pytest.mark.parametrize(
    ("first", "second", "apart"),
    [
        ("call home", "cold foam", [(0.0, 0.76)]),
        ("call home", "[object Object]", [(0.0, 0.76)]),
        ("yes", "", [(0.0, 0.36)]),
        ("call home", "call Tom", []),
        ("", "two words", []),
    ],
)
def test_where_nothing_at_all_agrees_all_that_is_left_is_unknown(first, second, apart):
    spans = compare(hearing(first), hearing(second)).apart
    assert [(s.start, pytest.approx(s.end)) for s in spans] == apart


@pytest.mark.parametrize(
    ("said", "muted_from", "apart"),
    [("dial one two three", 0.4, []), ("please do dial now one two three", 1.6, [(0.0, 1.56)])],
)
def test_a_few_words_beside_what_is_muted_are_not_unknown_for_being_heard_otherwise(said, muted_from, apart):
    left = audible(hearing(said), [muted(muted_from, muted_from + 1.2)])
    spans = compare(left, hearing("bye")).apart
    assert [(s.start, pytest.approx(s.end)) for s in spans] == apart
