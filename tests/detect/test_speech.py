"""What a tagger's word is worth against other findings, and what is asked of which hearing."""

from dataclasses import replace

import pytest
from conversations import conversation

from redactor.detect import SpeechDetector
from redactor.policy import Policy
from redactor.types import PiiSpan

POLICY = Policy("test", entities={"PERSON": 0.5, "ANSWER": 0.5})
HEARD = conversation("a: so Ada Quill it is")


class Texts:
    """Finds what it is given in every hearing, and notes how it was asked."""

    def __init__(self, *found):
        self.found = found
        self.by_model = []

    def detect(self, transcript, *, by_model=True):
        self.by_model.append(by_model)
        return self.found


class Reader:
    """A tagger that finds nothing and holds everything for equally probable."""

    def __init__(self, chance):
        self.found = ()
        self._chance = chance

    def read(self, hearings):
        return self

    def chance(self, pii):
        return self._chance

    def chance_then(self, hearing, channel, start, end):
        return self._chance


def finding(recognizer, entity_type="PERSON"):
    return PiiSpan(0, entity_type, 3, 12, 0.85, recognizer)


def kept(pii, *chances):
    detector = SpeechDetector(Texts(pii), POLICY, context=(), taggers=[Reader(c) for c in chances], looks=())
    return detector.detect(HEARD) == (pii,)


@pytest.mark.parametrize("recognizer", ["SpacyRecognizer", "ConversationRecognizer"])
def test_a_weak_finding_counts_unless_a_tagger_holds_it_for_unlikely(recognizer):
    assert kept(finding(recognizer), 0.03)
    assert kept(finding(recognizer), 1.0)
    assert not kept(finding(recognizer), 0.029)


def test_without_a_tagger_every_finding_counts():
    assert kept(finding("SpacyRecognizer"))


def test_of_two_taggers_the_one_that_did_not_read_the_words_has_no_word():
    assert not kept(finding("SpacyRecognizer"), 1.0, 0.0)


@pytest.mark.parametrize(
    "pii",
    [
        finding("NameRecognizer"),
        finding("SpokenRunRecognizer"),
        finding("ConversationRecognizer", "ANSWER"),
        finding("ConversationRecognizer", "DATE_OF_BIRTH"),
    ],
)
def test_other_findings_count_whatever_a_tagger_says(pii):
    assert kept(pii, 0.0)


def test_what_a_tagger_found_itself_counts():
    reader = Reader(0.0)
    reader.found = (finding("ConversationTagger"),)
    detector = SpeechDetector(Texts(), POLICY, context=(), taggers=[reader], looks=())
    assert detector.detect(HEARD) == reader.found


def test_spacys_model_is_asked_about_the_first_hearing_alone():
    texts = Texts()
    both = replace(HEARD, others=(HEARD, HEARD))
    SpeechDetector(texts, POLICY, context=(), looks=()).detect(both)
    assert texts.by_model == [True, False, False]


class ByHearing(Reader):
    """Holds all words of a hearing for equally probable, and notes when it was asked about."""

    def __init__(self, *chances):
        super().__init__(0.0)
        self.chances, self.asked = chances, []

    def chance_then(self, hearing, channel, start, end):
        self.asked.append((hearing, channel, start, end))
        return self.chances[hearing]


def found_by_prompt(*readers):
    """Whether a name that only the tentative hearing has is kept."""
    heard = replace(HEARD, others=(HEARD, replace(HEARD, tentative=True)))
    pii = replace(finding("NameRecognizer"), hearing=2)

    def look(hearings, found):
        return [pii]

    detector = SpeechDetector(Texts(), POLICY, context=(), taggers=readers, looks=[look])
    return detector.detect(heard) == (pii,)


@pytest.mark.parametrize(
    ("chances", "is_kept"),
    [((0.003, 0.0, 0.0), True), ((0.0, 0.003, 0.0), True), ((0.0029, 0.0029, 1.0), False)],
)
def test_what_a_tentative_hearing_has_counts_unless_all_other_hearings_rule_it_out(chances, is_kept):
    assert found_by_prompt(ByHearing(*chances)) is is_kept


def test_they_are_asked_about_the_time_of_the_finding():
    reader = ByHearing(0.0, 0.0, 0.0)
    found_by_prompt(reader)
    ada, quill = list(HEARD.words(0))[1:3]
    assert [asked[:2] for asked in reader.asked] == [(0, 0), (1, 0)]
    for *_, start, end in reader.asked:
        assert ada.start < start < ada.end and quill.start < end < quill.end


def test_without_a_tagger_what_a_tentative_hearing_has_counts():
    assert found_by_prompt()


def test_findings_of_other_hearings_are_not_asked_about():
    reader = ByHearing(0.0, 0.0, 0.0)
    pii = finding("NameRecognizer")
    detector = SpeechDetector(Texts(pii), POLICY, context=(), taggers=[reader], looks=())
    assert detector.detect(HEARD) == (pii,)
    assert reader.asked == []
