"""Speech in a language without a detector is never taken for one that has a detector."""

import numpy as np
import pytest

from redactor.errors import LanguageError
from redactor.policy import LanguagePolicy
from redactor.transcribe.language import LanguageTeller
from redactor.transcribe.speech import MODEL_RATE_HZ
from redactor.transcribe.windows import Window

POLICY = LanguagePolicy(detectors={"en": "a", "de": "b"}, min_probability=0.3)
ENGLISH, GERMAN = {"en": 0.9}, {"de": 0.8, "en": 0.1}
FRENCH, NOTHING = {"fr": 0.9, "en": 0.1}, {"en": float("nan")}


class Group:
    """Windows that follow each other, given as (seconds, what a model says of their language)."""

    def __init__(self, *given, start=0.0):
        self.windows, self.asked = [], []
        self.answers = [answer for _, answer in given]
        first = round(start * MODEL_RATE_HZ)
        for seconds, _ in given:
            self.windows.append(Window(first, np.zeros(round(seconds * MODEL_RATE_HZ), np.float32)))
            first += round(seconds * MODEL_RATE_HZ)

    def identify(self, number):
        self.asked.append(number)
        return self.answers[number]


def decide(*groups, policy=POLICY):
    teller = LanguageTeller(policy)
    return [teller.decide(group.windows, group.identify) for group in groups]


@pytest.mark.parametrize(
    ("given", "language"),
    [
        ([(3, ENGLISH)], "en"),
        ([(3, GERMAN)], "de"),
        ([(12, ENGLISH), (2, FRENCH)], "en"),
        # Neither alone lasts long enough: both are asked, and the longer one counts for more.
        ([(2, FRENCH), (7, GERMAN)], "de"),
        ([(5, GERMAN), (6, ENGLISH)], "en"),
    ],
)
def test_the_longest_speech_tells(given, language):
    assert decide(Group(*given)) == [language]


@pytest.mark.parametrize("given", [[(3, FRENCH)], [(3, NOTHING)], [(9, FRENCH), (1, ENGLISH)], [(12, FRENCH)]])
def test_speech_that_no_detector_knows_is_refused_with_its_time(given):
    with pytest.raises(LanguageError, match=r"speech from 7\.0 s on"):
        decide(Group(*given, start=7.0))


def test_no_more_windows_are_asked_than_it_takes():
    group = Group((4, FRENCH), (11, ENGLISH), (5, FRENCH))
    assert decide(group) == ["en"]
    assert group.asked == [1]


def test_a_change_of_language_is_found():
    assert decide(Group((30, ENGLISH)), Group((30, GERMAN), start=30)) == ["en", "de"]


def test_a_change_into_an_unknown_language_is_refused():
    with pytest.raises(LanguageError, match=r"from 30\.0 s"):
        decide(Group((30, ENGLISH)), Group((30, FRENCH), start=30))


def test_a_short_rest_is_judged_with_what_came_before_it():
    """Three seconds mislead: real German was taken for French on them."""
    assert decide(Group((30, GERMAN)), Group((3, FRENCH), start=30)) == ["de", "de"]


def test_a_rest_that_is_long_enough_stands_for_itself():
    with pytest.raises(LanguageError):
        decide(Group((30, GERMAN)), Group((10, FRENCH), start=30))


def test_a_trusted_language_is_asked_of_nobody():
    group = Group((30, FRENCH))
    assert decide(group, policy=LanguagePolicy(spoken="en", detectors={"en": "a"})) == ["en"]
    assert group.asked == []


def test_without_a_model_that_can_tell_nothing_is_guessed():
    with pytest.raises(LanguageError, match=r"set language\.spoken"):
        LanguageTeller(POLICY).decide(Group((3, ENGLISH)).windows, None)
