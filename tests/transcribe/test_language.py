"""Speech in a language without a detector is never taken for one that has a detector."""

import numpy as np
import pytest

from redactor.config import LanguagePolicy
from redactor.errors import LanguageError
from redactor.transcribe.language import Stretch, stretches
from redactor.transcribe.speech import MODEL_RATE_HZ

POLICY = LanguagePolicy(detectors={"en": "a", "de": "b"}, min_probability=0.3)


def sound(*seconds_and_levels):
    return np.concatenate([np.full(s * MODEL_RATE_HZ, level, np.float32) for s, level in seconds_and_levels])


LEVELS = {
    0.1: {"en": 0.9},
    0.2: {"de": 0.8, "en": 0.1},
    0.3: {"fr": 0.9, "en": 0.1},
    0.4: {"en": float("nan")},
}


def identify(window):
    """Stands in for Whisper: the level says the language."""
    return LEVELS[round(float(np.median(window)), 1)]


def test_one_language_is_one_stretch_over_all_speech():
    found = stretches(sound((90, 0.1)), [(1.0, 40.0), (45.0, 89.0)], policy=POLICY, identify=identify)
    assert found == [Stretch("en", 1.0, 89.0)]


def test_a_change_of_language_starts_a_stretch():
    regions = [(0.0, 30.0), (30.0, 60.0)]
    found = stretches(sound((30, 0.1), (30, 0.2)), regions, policy=POLICY, identify=identify)
    assert found == [Stretch("en", 0.0, 30.0), Stretch("de", 30.0, 60.0)]


@pytest.mark.parametrize("level", [0.3, 0.4])
def test_a_stretch_in_another_language_is_refused_wherever_it_is(level):
    for pieces in ([(30, 0.1), (30, level)], [(30, level), (30, 0.1)]):
        with pytest.raises(LanguageError, match="not in a language that the policy can search"):
            stretches(sound(*pieces), [(0.0, 30.0), (30.0, 60.0)], policy=POLICY, identify=identify)


def test_no_speech_has_no_language():
    assert stretches(sound((1, 0.0)), [], policy=POLICY, identify=identify) == []


def test_a_language_that_the_policy_gives_is_trusted():
    trusted = LanguagePolicy(spoken="de", detectors={"de": "b"})
    assert stretches(sound((9, 0.3)), [(1.0, 8.0)], policy=trusted, identify=None) == [Stretch("de", 1.0, 8.0)]


def test_without_a_model_that_can_tell_nothing_is_assumed():
    with pytest.raises(LanguageError):
        stretches(sound((9, 0.1)), [(1.0, 8.0)], policy=POLICY, identify=None)
