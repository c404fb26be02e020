"""The shipped tagger: what it finds by the conversation, what it leaves, and that it fails closed."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from conversations import conversation, texts

from redactor.config import load_policy
from redactor.detect import Tagger, wordpieces
from redactor.detect.dialogue import SpokenWord, dialogue
from redactor.detect.tagger import _spans, agreements
from redactor.detect.wordpieces import CONTEXT, WINDOW, Agreement, Pieces, WordPieces, windows
from redactor.entities import ENTITY_TYPES
from redactor.errors import ModelError, NonsenseError
from redactor.model_registry import resolve
from redactor.types import PiiSpan, Transcript

STANDARD = load_policy("standard").entities


@pytest.fixture(scope="module")
def folder():
    return resolve("spoken_pii_en", task="tag").path


@pytest.fixture(scope="module")
def tagger(folder):
    return Tagger(folder, language="en", entities=STANDARD)


def test_what_is_not_wanted_is_not_found(folder):
    only_numbers = Tagger(folder, language="en", entities={"ID_NUMBER": 0.5})
    heard = conversation("a: May I take your name?", "b: It's Wojciech Kaminski.")
    assert only_numbers.read(heard.hearings).found == ()


def test_words_in_another_language_are_left_to_others(folder):
    german = Tagger(folder, language="de", entities=STANDARD)
    assert german.read(conversation("a: My name is Wojciech Kaminski.").hearings).found == ()


def test_silence_holds_nothing(tagger):
    assert tagger.read([Transcript.build(10.0, [])]).found == ()


def test_a_finding_keeps_to_its_channel(tagger):
    heard = conversation("a: Thanks for calling, this is Wojciech.", "b: Wojciech, I am Anna Kaminski.")
    assert texts(heard, tagger.read([heard]).found) == ["Wojciech.", "Wojciech,", "Anna Kaminski."]


def test_each_hearing_is_read_and_the_other_casts_doubt():
    one = conversation("a: Great service, fun.")
    other = conversation("a: Great service, phone.")
    spoken = [dialogue(h) for h in (one, other)]
    assert agreements(spoken[0], [spoken[1]]) == [Agreement.SAME, Agreement.SAME, Agreement.DIFFERS]
    assert agreements(spoken[0], []) == [Agreement.UNKNOWN] * 3


def test_a_tentative_hearing_is_no_witness_and_has_witnesses(tagger, monkeypatch):
    asked = []

    def noted(spoken, others):
        asked.append((spoken[-1].text, [other[-1].text for other in others]))
        return [Agreement.UNKNOWN] * len(spoken)

    monkeypatch.setattr("redactor.detect.tagger.agreements", noted)
    plain, second, tentative = (conversation(f"a: service {word}") for word in ("few", "fume", "Fionn"))
    tagger.read([plain, second, replace(tentative, tentative=True)])
    assert asked == [("few", ["fume"]), ("fume", ["few"]), ("Fionn", ["few", "fume"])]


def test_how_probable_something_personal_is_then_goes_by_the_words_of_that_time(tagger):
    heard = conversation("a: My name is Wojciech Kaminski and the weather is nice")
    reading = tagger.read([heard])
    words = list(heard.words(0))
    name, weather = words[3], words[7]
    assert reading.chance_then(0, 0, name.start, name.end) > 0.5
    assert reading.chance_then(0, 0, weather.start + 0.01, weather.end - 0.01) < 0.1
    assert reading.chance_then(0, 0, 900.0, 901.0) == 1.0  # where nobody has a word, it may be anything
    assert reading.chance_then(0, 1, name.start, name.end) == reading.chance_then(1, 0, 0.0, 9.0) == 1.0


def test_the_same_word_at_another_time_or_on_another_channel_is_no_agreement():
    words = dialogue(conversation("a: one two three", "b: one"))
    late = [replace(w, start=w.start + 3.0) for w in words]
    assert agreements(words, [late]) == [Agreement.DIFFERS] * 4
    swapped = [replace(w, channel=1 - w.channel) for w in words]
    assert agreements(words, [swapped]) == [Agreement.DIFFERS] * 4


def test_findings_name_the_hearing_they_are_in(tagger):
    hearings = [conversation("a: this is the weather"), conversation("a: this is Wojciech Kaminski")]
    assert {pii.hearing for pii in tagger.read(hearings).found} == {1}


def test_every_word_of_a_long_conversation_is_decided_once_with_context():
    rng = np.random.default_rng(1)
    heads = np.cumsum(rng.integers(1, 9, 700))
    pieces = Pieces(np.zeros(heads[-1] + 3, np.int64), np.zeros(heads[-1] + 3, np.int64), heads)
    decided = []
    for first, stop, word, last in windows(pieces):
        assert 0 < stop - first <= WINDOW
        assert first <= heads[word] and heads[last - 1] < stop
        if word:
            assert heads[word] - first >= CONTEXT - 9
        if last < len(heads):
            assert stop - heads[last - 1] >= CONTEXT - 9
        decided += range(word, last)
    assert decided == list(range(len(heads)))


def test_a_word_of_hundreds_of_digits_is_read(folder, tagger):
    read = WordPieces(folder / "tokenizer.json").read(["1" * 900, "now"], [False] * 2, [0, 0])
    assert len(read.ids) < WINDOW
    assert tagger.read(conversation("a: my account is " + "1" * 900).hearings).found


def test_what_the_vocabulary_does_not_know_is_read(folder):
    read = WordPieces(folder / "tokenizer.json").read(["№", "\u200b", "ünal"], [False, True, False], [0] * 3)
    assert len(read.heads) == 3


def test_words_are_cut_into_pieces_a_part_at_a_time(folder, monkeypatch):
    words = "my surname is Oyelaran and the postcode was 90210 as ever".split()
    whole = WordPieces(folder / "tokenizer.json").read(words, [False] * len(words), [0] * len(words))
    for size in (1, 4, len(words)):
        monkeypatch.setattr(wordpieces, "_WORDS_AT_ONCE", size)
        part = WordPieces(folder / "tokenizer.json").read(words, [False] * len(words), [0] * len(words))
        assert (part.ids.tolist(), part.heads.tolist()) == (whole.ids.tolist(), whole.heads.tolist())


def test_no_probability_is_an_error(tagger, folder, monkeypatch):
    num_labels = 1 + len(json.loads((folder / "config.json").read_bytes())["types"])

    class Broken:
        @staticmethod
        def run(outputs, inputs):
            return [np.full((1, inputs["ids"].shape[1], num_labels), np.nan)]

    monkeypatch.setattr(tagger, "_session", Broken())
    with pytest.raises(NonsenseError, match="no probability"):
        tagger.read(conversation("a: hello there").hearings)


@pytest.mark.parametrize(
    ("places", "spans"),
    [
        ([(0, 3), (4, 8)], [(0, 8)]),
        ([(0, 3), (9, 12)], [(0, 3), (9, 12)]),  # another word lies between
        ([(9, 12), (0, 3), (4, 8)], [(9, 12), (0, 8)]),  # segments overlap: turns are not in text order
    ],
)
def test_only_words_that_follow_each_other_in_the_text_become_one_finding(places, spans):
    words = [SpokenWord("x", 0, a, b, 0.0, 0.1, "en") for a, b in places]
    tags, scores = np.zeros(len(words), int), np.full(len(words), 0.9)
    found = list(_spans(words, tags, scores, ("PERSON",), "en", 0))
    assert [(pii.char_start, pii.char_end) for pii in found] == spans


def finding(heard, channel, text, hearing=0):
    start = heard.text(channel).index(text)
    return PiiSpan(channel, "PERSON", start, start + len(text), 0.6, "test", hearing)


def test_chance_is_that_of_the_words_under_a_finding(tagger):
    heard = conversation("a: May I take your name?", "b: Yes, it's Wojciech Kaminski.")
    reading = tagger.read([heard])
    assert reading.chance(finding(heard, 1, "Wojciech Kaminski")) > 0.5
    assert reading.chance(finding(heard, 1, "it's Wojciech")) > 0.5
    assert reading.chance(finding(heard, 0, "take your")) < 0.1


def test_of_what_was_not_read_everything_is_possible(tagger, folder):
    heard = conversation("a: May I take your coat?")
    assert tagger.read([heard]).chance(finding(heard, 0, "your", hearing=1)) == 1.0
    assert tagger.read([heard]).chance(PiiSpan(3, "PERSON", 0, 3, 0.6, "test")) == 1.0
    german = Tagger(folder, language="de", entities=STANDARD)
    assert german.read([heard]).chance(finding(heard, 0, "your")) == 1.0


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "config.json"])
def test_a_broken_model_is_refused(folder, tmp_path, name):
    broken = tmp_path / "model"
    shutil.copytree(folder, broken)
    (broken / name).write_bytes(b"nonsense")
    with pytest.raises(ModelError, match="cannot be loaded"):
        Tagger(broken, language="en", entities=STANDARD)


def test_every_type_of_the_tagger_is_one_that_policies_know(folder):
    assert set(json.loads((folder / "config.json").read_bytes())["types"]) <= ENTITY_TYPES.keys()
