"""The real analyzer over the real spaCy model: positions, thresholds, long texts, no network."""

import socket

import pytest

from redactor.config import Policy
from redactor.detect import PresidioDetector
from redactor.detect.presidio import supported_entities
from redactor.entities import ENTITY_TYPES
from redactor.errors import ModelError
from redactor.model_registry import resolve
from redactor.types import Segment, Transcript, Word

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def spacy_models():
    return {"en": resolve("en_core_web_sm", task="ner").path}


def spoken(*texts):
    """A transcript with one text a channel, a word every half second."""
    segments = []
    for channel, text in enumerate(texts):
        words = tuple(Word(w, i / 2, i / 2 + 0.4, 0.9) for i, w in enumerate(text.split()))
        segments.append(Segment(channel, "en", None, 0, len(words) / 2, words, -0.1, 0, 1))
    return Transcript.build(max(s.end for s in segments), segments)


def detect(spacy_models, entities, *texts):
    heard = spoken(*texts)
    found = PresidioDetector(Policy("t", entities=entities), spacy_models=spacy_models).detect(heard)
    return [(p.channel, p.entity_type, heard.text(p.channel)[p.char_start : p.char_end]) for p in found]


def test_every_entity_type_of_a_policy_has_a_recognizer_that_is_listed():
    assert set(ENTITY_TYPES) == supported_entities("en")


def test_finds_names_at_their_place_on_their_channel(spacy_models):
    found = detect(spacy_models, {"PERSON": 0.5}, "My name is John Smith.", "Thanks, Mary Johnson, one moment.")
    assert found == [(0, "PERSON", "John Smith"), (1, "PERSON", "Mary Johnson")]


def test_thresholds_count_from_the_score_itself(spacy_models):
    text = "My name is John Smith."
    assert detect(spacy_models, {"PERSON": 0.85}, text)
    assert not detect(spacy_models, {"PERSON": 0.86}, text)


def test_entity_types_that_are_not_asked_for_are_left(spacy_models):
    assert detect(spacy_models, {"EMAIL_ADDRESS": 0.5}, "John Smith wrote to js@example.com today") == [
        (0, "EMAIL_ADDRESS", "js@example.com")
    ]


def test_nothing_is_lost_at_the_borders_of_a_long_text(spacy_models):
    filler = "and then we had a look at the invoice again because it was late"
    number, times_said = "5 5 5 0 1 3 8", 600
    text = " ".join([f"{filler} so my number is {number} okay"] * times_said)
    assert len(text) > 50_000
    found = detect(spacy_models, {"ID_NUMBER": 0.5}, text)
    # Where texts overlap, a part may be found besides the whole.
    assert found.count((0, "ID_NUMBER", number)) == times_said


def test_no_detector_talks_to_the_network(spacy_models, monkeypatch):
    def refuse(*_):
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert detect(spacy_models, {"EMAIL_ADDRESS": 0.5}, "write to ada@example.co.uk please")


def test_an_entity_type_without_a_recognizer_is_refused(spacy_models):
    with pytest.raises(ModelError, match="no recognizer for SHOE_SIZE"):
        PresidioDetector(Policy("t", entities={"SHOE_SIZE": 0.5}), spacy_models=spacy_models)
