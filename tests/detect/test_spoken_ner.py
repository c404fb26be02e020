"""The shipped name model: what it adds, and what it is not believed on."""

import pytest
import spacy
from spoken_tables import muted

from redactor.detect.recognizers.spoken_ner import SpokenNameRecognizer
from redactor.model_registry import resolve


@pytest.fixture(scope="module")
def recognizer():
    return SpokenNameRecognizer(spacy.load(resolve("spoken_pii_en", task="ner").path))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("the driver wojciech left it with next door", "wojciech"),
        ("Did Nkechi Adebayo sign for it?", "Nkechi Adebayo"),
        ("my landlord is thorvald hegerberg", "thorvald hegerberg"),
    ],
)
def test_names_are_found_without_a_cue_or_a_capital(recognizer, text, name):
    assert name in " ".join(muted(recognizer, text))


@pytest.mark.parametrize(
    "text",
    ["a latte with brown sugar please", "will you mark it as done", "turn off the lights in the kitchen"],
)
def test_everyday_words_are_left(recognizer, text):
    assert muted(recognizer, text) == []


def test_what_ships_holds_no_words_it_was_trained_on():
    strings = resolve("spoken_pii_en", task="ner").path / "vocab" / "strings.json"
    assert strings.stat().st_size < 100
