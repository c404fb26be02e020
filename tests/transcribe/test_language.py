"""Speech in a language without a detector is never taken for one that has a detector."""

import numpy as np
import pytest

from redactor.errors import LanguageError
from redactor.policy import LanguagePolicy
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


@pytest.mark.parametrize(
    ("regions", "sizes"),
    [
        ([(0, 30)], [30]),
        ([(0, 75)], [30, 30, 15]),
        ([(0, 65)], [30, 35]),  # a rest of 5 s is judged with what came before it
        ([(0, 4)], [4]),
        ([(0, 20), (21, 41)], [20, 20]),
        ([(0, 20), (21, 25), (30, 36)], [30]),
        ([(0, 29), (40, 49)], [38]),
    ],
)
def test_every_window_of_speech_is_looked_at_once(regions, sizes):
    seen = []

    def listen(window):
        seen.append(len(window) / MODEL_RATE_HZ)
        return {"en": 1.0}

    regions = [(float(start), float(end)) for start, end in regions]
    (found,) = stretches(sound((80, 0.1)), regions, policy=POLICY, identify=listen)
    assert (found.start, found.end) == (regions[0][0], regions[-1][1])
    assert seen == [min(size, 30) for size in sizes]  # Whisper decides on 30 s


def test_a_change_inside_long_speech_is_found_and_nothing_lies_between_stretches():
    found = stretches(sound((60, 0.1), (60, 0.2)), [(0.0, 120.0)], policy=POLICY, identify=identify)
    assert found == [Stretch("en", 0.0, 60.0), Stretch("de", 60.0, 120.0)]


@pytest.mark.parametrize(
    ("probabilities", "language"),
    [
        ({"en": 0.3}, "en"),
        ({"en": 0.16, "de": 0.15, "fr": 0.69}, "en"),
        ({"en": 0.1, "de": 0.9}, "de"),
        ({"en": 0.29, "fr": 0.01}, None),
        ({"fr": 1.0}, None),
        ({}, None),
        ({"en": 0.9, "de": float("nan")}, None),
    ],
)
def test_the_languages_of_the_policy_together_must_be_likely(probabilities, language):
    def decide():
        return stretches(sound((9, 0.1)), [(0.0, 9.0)], policy=POLICY, identify=lambda _: probabilities)

    if language is None:
        with pytest.raises(LanguageError, match=r"speech from 0\.0 s on"):
            decide()
    else:
        assert decide() == [Stretch(language, 0.0, 9.0)]
