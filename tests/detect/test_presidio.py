"""The real analyzer over the real spaCy model: positions, thresholds, long texts, no network."""

import functools
import socket
from dataclasses import replace

import pytest
import tldextract

from redactor.detect import PresidioDetector, presidio
from redactor.detect.presidio import IN_CONTEXT, OfflineEmailRecognizer, supported_entities
from redactor.detect.recognizers.spoken_forms import SPOKEN_FORMS
from redactor.entities import ENTITY_TYPES
from redactor.errors import ModelError
from redactor.invariants import check_found
from redactor.model_registry import resolve
from redactor.policy import Policy
from redactor.types import Segment, Transcript, Word

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def spacy_models():
    return {"en": resolve("en_core_web_sm", task="ner").path}


_load_spacy_once = functools.cache(presidio._load_spacy)


@pytest.fixture(autouse=True)
def _loaded_once(monkeypatch):
    monkeypatch.setattr(presidio, "_load_spacy", _load_spacy_once)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    # This one fetches a list of domains, but only where no earlier call has left it on the disk.
    monkeypatch.setattr(tldextract, "extract", refuse)


def spoken(*texts):
    """A transcript with one text a channel, a word every half second."""
    segments = []
    for channel, text in enumerate(texts):
        words = tuple(Word(w, i / 2, i / 2 + 0.4, 0.9) for i, w in enumerate(text.split()))
        segments.append(Segment(channel, "en", None, 0, len(words) / 2, words, -0.1, 0, 1))
    return Transcript.build(max(s.end for s in segments), segments)


def search(detector, *texts):
    heard = spoken(*texts)
    found = detector.detect(heard)
    check_found(found, heard)
    return [(p.channel, p.entity_type, heard.text(p.channel)[p.char_start : p.char_end]) for p in found]


def detect(spacy_models, entities, *texts):
    return search(PresidioDetector(Policy("t", entities=entities), spacy_models=spacy_models), *texts)


def test_every_entity_type_of_a_policy_has_a_recognizer_that_is_listed():
    assert set(ENTITY_TYPES) == supported_entities("en") | IN_CONTEXT


def test_every_entity_type_can_be_asked_for(spacy_models):
    everything = dict.fromkeys(ENTITY_TYPES, 0.0)
    found = detect(spacy_models, everything, "Hello, this is John Smith from Boston.")
    assert {"PERSON", "LOCATION"} <= {entity_type for _, entity_type, _ in found}


def test_finds_names_at_their_place_on_their_channel(spacy_models):
    found = detect(spacy_models, {"PERSON": 0.5}, "My name is John Smith.", "Thanks, Mary Johnson, one moment.")
    assert found == [(0, "PERSON", "John Smith"), (1, "PERSON", "Mary Johnson")]


@pytest.mark.parametrize(
    ("entity_type", "text", "value"),
    [
        ("PERSON", "My name is John Smith.", "John Smith"),
        ("LOCATION", "I live in Boston these days.", "Boston"),
        ("PHONE_NUMBER", "You can call 617-253-0138 after five.", "617-253-0138"),
        ("EMAIL_ADDRESS", "It is ada@example.co.uk, all small.", "ada@example.co.uk"),
        ("CREDIT_CARD", "The card is 4111 1111 1111 1111 I think.", "4111 1111 1111 1111"),
        ("IP_ADDRESS", "The router has 192.168.7.21 today.", "192.168.7.21"),
        ("US_SSN", "My social security number is 536-22-1983.", "536-22-1983"),
        ("ID_NUMBER", "So the number is 5 5 5 0 1 3 8 okay.", "5 5 5 0 1 3 8"),
        ("SPELLED_NAME", "That is spelled Q U I L L please.", "Q U I L L"),
    ],
)
def test_positions_are_exact(spacy_models, entity_type, text, value):
    found = detect(spacy_models, {entity_type: 0.4}, text)
    assert (0, entity_type, value) in [(c, e, v.rstrip(".,")) for c, e, v in found]


def test_thresholds_count_from_the_score_itself(spacy_models):
    text = "My name is John Smith."
    assert detect(spacy_models, {"PERSON": 0.85}, text)
    assert not detect(spacy_models, {"PERSON": 0.86}, text)


def test_each_type_has_its_own_threshold(spacy_models):
    text = "John Smith lives in Boston"
    assert detect(spacy_models, {"PERSON": 0.86, "LOCATION": 0.1}, text) == [(0, "LOCATION", "Boston")]
    assert detect(spacy_models, {"PERSON": 0.1, "LOCATION": 0.86}, text) == [(0, "PERSON", "John Smith")]


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


def test_a_name_is_found_wherever_a_border_cuts_it(spacy_models, monkeypatch):
    # Short pieces, so that one text puts the name at every place relative to a border.
    monkeypatch.setattr(presidio, "_CHUNK_CHARS", 400)
    monkeypatch.setattr(presidio, "_OVERLAP_CHARS", 120)
    detector = PresidioDetector(Policy("t", entities={"PERSON": 0.5}), spacy_models=spacy_models)
    for shift in range(0, 400, 9):
        text = " ".join(["uh"] * (shift // 3) + ["so my name is John Smith and"] + ["uh"] * 120)
        covered = " ".join(value for _, _, value in search(detector, text))
        assert "John Smith" in covered, shift


def test_pieces_of_a_long_text_overlap_and_leave_nothing_out():
    words = list(spoken(" ".join(f"word{i}" for i in range(7_000))).words(0))
    pieces = list(presidio._chunks(words))
    assert len(pieces) > 5
    assert (pieces[0][0], pieces[-1][1]) == (0, words[-1].char_end)
    for (first, stop), (following, _) in zip(pieces, pieces[1:], strict=False):
        assert first < following < stop
        assert stop - following >= presidio._OVERLAP_CHARS - len("word0000 ")
        assert stop - first <= presidio._CHUNK_CHARS


@pytest.mark.parametrize("lengths", [[20_000], [20_000, 3, 20_000], [3, 20_000, 3], [7_999, 7_999, 7_999]])
def test_words_longer_than_a_piece_do_not_stop_it(lengths):
    words = list(spoken(" ".join("x" * length for length in lengths)).words(0))
    pieces = list(presidio._chunks(words))
    assert all(any(first <= w.char_start and w.char_end <= stop for first, stop in pieces) for w in words)


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("ada@example.com", True),
        ("ada.quill@mail.example.co.uk", True),
        ("ada@example.museum", True),
        ("ada@example.notadomain", False),
        ("ada@localhost", False),
    ],
)
def test_domains_are_checked_against_the_shipped_list(text, valid):
    assert OfflineEmailRecognizer().validate_result(text) is valid


@pytest.mark.parametrize(("domain", "found"), [("example.co.uk", 1), ("example.notadomain", 0)])
def test_no_detector_talks_to_the_network(spacy_models, domain, found):
    text = f"write to ada@{domain} please, or open https://example.com or 10.0.0.1"
    assert len(detect(spacy_models, {"EMAIL_ADDRESS": 0.5}, text)) == found


def test_text_in_a_language_without_a_model_is_an_error_and_never_just_skipped(spacy_models):
    detector = PresidioDetector(Policy("t", entities={"PERSON": 0.5}), spacy_models=spacy_models)
    heard = spoken("ich bin John Smith")
    german = replace(heard, segments=tuple(replace(s, language="de") for s in heard.segments))
    with pytest.raises(KeyError):
        detector.detect(german)


@pytest.mark.parametrize("segments", [(), (Segment(0, "en", None, 0.0, 1.0, (), -0.1, 0.0, 1.0),)])
def test_no_words_hold_nothing(spacy_models, segments):
    detector = PresidioDetector(Policy("t", entities={"PERSON": 0.5}), spacy_models=spacy_models)
    assert detector.detect(Transcript.build(1.0, segments)) == ()


def test_the_same_text_gives_the_same_findings_in_the_same_order(spacy_models):
    policy = Policy("t", entities=dict.fromkeys(ENTITY_TYPES, 0.1))
    everything = PresidioDetector(policy, spacy_models=spacy_models)
    heard = spoken("John Smith in Boston has 4111 1111 1111 1111 and 617-253-0138", "Mary has 12345678 there")
    first = everything.detect(heard)
    assert first == everything.detect(heard)
    assert list(first) == sorted(first, key=lambda p: (p.channel, p.char_start, p.char_end, p.entity_type))


def test_an_entity_type_without_a_recognizer_is_refused(spacy_models):
    with pytest.raises(ModelError, match="no recognizer for SHOE_SIZE"):
        PresidioDetector(Policy("t", entities={"SHOE_SIZE": 0.5}), spacy_models=spacy_models)


def test_a_folder_that_is_no_spacy_model_is_refused(tmp_path):
    with pytest.raises(ModelError, match="spaCy model .* cannot be loaded"):
        PresidioDetector(Policy("t", entities={"PERSON": 0.5}), spacy_models={"en": tmp_path})


def test_no_recognizer_of_ours_takes_the_name_of_one_of_presidios():
    # Presidio's own loader finds classes by their name alone.
    from presidio_analyzer import predefined_recognizers

    assert [kind.__name__ for kind in SPOKEN_FORMS if hasattr(predefined_recognizers, kind.__name__)] == []
