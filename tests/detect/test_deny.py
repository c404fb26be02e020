"""Default-deny: what stays is safe, agreed on and in company; everything else is silent."""

from dataclasses import replace

import pytest

from redactor.detect.deny import denied
from redactor.detect.vocabulary import is_safe
from redactor.policy import DenyPolicy
from redactor.types import Origin, PiiSpan, Segment, Transcript, Word

POLICY = DenyPolicy(enabled=True, vocabulary=30_000, min_words=2)
DURATION = 20.0


def hearing(text, *, at=1.0, word_s=0.3, channel=0, shift=0.0):
    """Words one right after the other; "_" is a word's time with nothing in it."""
    words, time = [], at + shift
    for word in text.split():
        if word != "_":
            words.append(Word(word, time, time + word_s, 0.9))
        time += word_s
    segment = Segment(channel, "en", None, words[0].start, words[-1].end, tuple(words), 0.0, 0.0, 1.0)
    return Transcript.build(DURATION, [segment])


def heard(own, other, found=(), policy=POLICY, **times):
    """The words of `own` that stay audible at their middle."""
    first = hearing(own, **times)
    spans = denied(replace(first, others=(hearing(other, **times),)), found, policy)
    assert all(span.origin is Origin.DENIED for span in spans)
    return [
        word.text
        for word in first.words(0)
        if not any(span.start <= (word.start + word.end) / 2 < span.end for span in spans)
    ]


def test_harmless_words_that_both_models_heard_stay():
    text = "please turn off the kitchen light"
    assert heard(text, text) == text.split()


@pytest.mark.parametrize(
    "word", ["Zofia", "seven", "Boston", "47", "K", "november", "avenue", "march", "Rose", "tango", "vx"]
)
def test_names_numbers_letters_and_what_no_list_knows_never_stay(word):
    text = f"please turn off {word} in the kitchen"
    assert word not in heard(text, text)
    assert "kitchen" in heard(text, text)


def test_a_word_that_the_models_disagree_on_does_not_stay_nor_a_small_one_right_before_it():
    kept = heard("thank you for your help to mash now please", "thank you for your help to match now please")
    assert kept == "thank you for your help".split() + ["now", "please"]


def test_a_small_word_before_what_was_found_stays():
    own = hearing("thank you for your help to mash")
    found = [PiiSpan(0, "PERSON", own.text(0).index("mash"), len(own.text(0)), 0.6, "test")]
    kept = heard("thank you for your help to mash", "thank you for your help to match", found)
    assert kept[-1] == "to"


def test_small_words_that_the_models_disagree_on_stay_between_agreed_ones():
    assert heard("please turn on the light", "please turn off the light") == "please turn on the light".split()


def test_another_time_is_no_agreement():
    first = hearing("please stop the music")
    later = hearing("please stop the music", shift=5.0)
    (span,) = denied(replace(first, others=(later,)), (), POLICY)
    assert (span.start, span.end) == (0.0, DURATION)


@pytest.mark.parametrize("word_s", [0.02, 3.0])
def test_a_word_whose_sound_is_too_short_or_too_long_for_it_does_not_stay(word_s):
    assert heard("please continue", "please continue", word_s=word_s) == []


def test_a_word_alone_does_not_stay():
    assert heard("Zofia please Kowalski", "Zofia please Kowalski") == []
    assert heard("Zofia please Kowalski", "Zofia please Kowalski", policy=replace(POLICY, min_words=1)) == [
        "please"
    ]


def test_without_a_second_hearing_nothing_stays():
    (span,) = denied(hearing("turn off the light"), (), POLICY)
    assert (span.start, span.end, span.channels) == (0.0, DURATION, (0,))


def test_a_time_of_day_stays_and_a_house_number_does_not():
    text = "come home at 415 please"
    assert heard(text, text) == text.split()
    assert "415" not in heard("i live at 415 meadow lane", "i live at 415 meadow lane")
    assert "99" not in heard("come home at 99 please", "come home at 99 please")


def test_one_is_a_number_only_beside_others():
    assert heard("play this one please", "play this one please") == "play this one please".split()
    assert "one" not in heard("play this one five times", "play this one five times")


@pytest.mark.parametrize("word", ["the", "kitchen", "appointment", "thanks", "umbrella"])
def test_everyday_words_are_safe(word):
    assert is_safe(word, 30_000)


def test_the_vocabulary_ends_where_the_policy_says():
    assert is_safe("kitchen", 30_000)
    assert not is_safe("kitchen", 10)
    assert is_safe("the", 0)


def test_a_tentative_hearing_takes_nothing_away_and_makes_nothing_safe():
    text = "please turn off the kitchen light"
    first, second = hearing(text), hearing(text)
    tentative = replace(hearing("Elise turnoff de Kitchener Light"), tentative=True)
    with_it = denied(replace(first, others=(second, tentative)), (), POLICY)
    assert with_it == denied(replace(first, others=(second,)), (), POLICY)
    alone = denied(replace(first, others=(replace(second, tentative=True),)), (), POLICY)
    assert [(span.start, span.end) for span in alone] == [(0.0, DURATION)]


def test_what_only_a_tentative_hearing_has_is_personal():
    text = "thank you for your help to mash"
    tentative = replace(hearing("thank you for your help Tomasz"), tentative=True)
    found = [PiiSpan(0, "PERSON", 24, 30, 0.6, "test", 2)]
    first = replace(hearing(text), others=(hearing(text), tentative))
    spans = denied(first, found, POLICY)
    word = [w for w in first.words(0) if w.text == "help"][0]
    assert not any(span.start < word.end and word.start < span.end for span in spans)
