"""Numbers in front of places whose street became other words."""

import pytest
from conversations import conversation

from redactor.detect import SpeechDetector
from redactor.detect.house_numbers import house_numbers
from redactor.policy import Policy
from redactor.types import PiiSpan


def numbers_in(said, place, entity_type="LOCATION"):
    """What is found in front of a place, as text."""
    heard = conversation(f"a: {said}")
    text = heard.text(0)
    at = text.index(place)
    pii = PiiSpan(0, entity_type, at, at + len(place), 0.7, "ConversationTagger")
    found = house_numbers([heard], [pii])
    assert {(p.entity_type, p.score, p.hearing) for p in found} <= {("STREET_ADDRESS", 0.7, 0)}
    return [text[p.char_start : p.char_end] for p in found]


@pytest.mark.parametrize("entity_type", ["LOCATION", "STREET_ADDRESS"])
def test_a_number_right_before_a_place_belongs_to_it(entity_type):
    said = "the invoice went to 11 butter or worth of use"
    assert numbers_in(said, "butter or", entity_type) == ["11"]


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("it went to twenty eight twenty Bramley", "twenty eight twenty"),
        ("it went to 28.20 from Bramley", "28.20 from"),
        ("it went to twenty eight oh two the Bramley", "twenty eight oh two the"),
        ("she is at 95-28. Bramley", "95-28"),
        ("you are still at 5,751 by Bramley", "5,751 by"),
    ],
)
def test_a_long_number_also_does_with_a_word_between(said, number):
    assert numbers_in(said, "Bramley") == [number]


@pytest.mark.parametrize(
    "said",
    ["the train at 9 to Bramley is late", "call me at 11. Bramley can wait", "from Bramley", "Bramley 28 20",
     "we sold 2820 of them in Bramley", "2820? Bramley"],
)  # fmt: skip
def test_other_numbers_do_not(said):
    assert numbers_in(said, "Bramley") == []


def test_in_front_of_a_name_there_is_none():
    assert numbers_in("it went to 2820 Bramley", "Bramley", "PERSON") == []


class _Places:
    """Finds "Bramley" in every hearing."""

    def detect(self, transcript, *, by_model=True):
        at = transcript.text(0).index("Bramley")
        return (PiiSpan(0, "LOCATION", at, at + 7, 0.9, "Places"),)


@pytest.mark.parametrize("is_wanted", [True, False])
def test_a_detector_looks_for_them_if_streets_are_wanted(is_wanted):
    policy = Policy("test", entities={"LOCATION": 0.5} | ({"STREET_ADDRESS": 0.5} if is_wanted else {}))
    heard = conversation("a: it went to 2820 Bramley")
    found = SpeechDetector(_Places(), policy, context=(), looks=[house_numbers]).detect(heard)
    assert ("STREET_ADDRESS" in {p.entity_type for p in found}) is is_wanted
