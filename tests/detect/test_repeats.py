"""What was found once is found again, however it is written; and what only looks like it stays."""

import pytest

from redactor.detect.phonetic import likeness, sound_key
from redactor.detect.repeats import repeats
from redactor.types import PiiSpan, Segment, Transcript, Word

WORD_S = 0.3


def hearing(*channels, start=0.0):
    """One text per channel, a word each 0.3 s."""
    segments = []
    for channel, text in enumerate(channels):
        words = tuple(
            Word(t, start + i * WORD_S, start + (i + 1) * WORD_S, 0.9) for i, t in enumerate(text.split())
        )
        if words:
            segments.append(Segment(channel, "en", None, words[0].start, words[-1].end, words, 0.0, 0.0, 1.0))
    return Transcript.build(60.0, segments)


def finding(transcript, text, entity="PERSON", channel=0, number=0, score=0.85):
    """The first place of `text`, as if a recognizer had found it."""
    start = transcript.text(channel).index(text)
    return PiiSpan(channel, entity, start, start + len(text), score, "Stand-in", number)


def said_again(hearings, *found):
    """(hearing, channel, text) of what repeats."""
    return [
        (p.hearing, p.channel, hearings[p.hearing].text(p.channel)[p.char_start : p.char_end])
        for p in repeats(hearings, found)
    ]


NAMES = [
    ("my name is Anna Schmidt", "Schmidt", "so Mrs Schmidt it is", ["Schmidt"]),
    ("my name is Anna Schmidt", "Schmidt", "okay Schmitt with two t", ["Schmitt"]),
    ("my name is Anna Schmidt", "Schmidt", "noted shmit for friday", ["shmit"]),
    ("this is Zofia Nowakowski", "Zofia Nowakowski", "thank you noakowski bye", ["noakowski"]),
    ("this is Zofia Nowakowski", "Nowakowski", "hello Noah Kowski speaking", ["Noah Kowski", "Kowski"]),
    ("I am Rajesh Chatterjee", "Chatterjee", "thanks Mr. Chaturgy", ["Chaturgy"]),
    ("it is S I O B H A N", "S I O B H A N", "thank you siobhan", ["siobhan"]),
    (
        "it is november oscar whiskey alpha kilo",
        "november oscar whiskey alpha kilo",
        "so nowak then",
        ["nowak"],
    ),
    ("call Mark please", "Mark", "I saw Mark yesterday", ["Mark"]),
    ("call Mark please", "Mark", "thanks Mark", ["Mark"]),
    # near-misses
    ("call Mark please", "Mark", "will you mark it and make a mark", []),
    ("I am Will", "Will", "it will be there. Will it?", []),
    ("this is Rose", "Rose", "the price rose again", []),
    ("this is Anna Schmidt", "Anna Schmidt", "any other smart idea is fine", []),
    ("this is Duc", "Duc", "a duck in the dock", []),
    ("this is Thuy", "Thuy", "that is too much for today", []),
    ("ask Reading council", "Reading", "I was reading the news", []),
    ("my name is Solan", "Solan", "so long and see you soon", []),
]


@pytest.mark.parametrize(("first", "value", "second", "expected"), NAMES)
def test_a_name_said_again_on_another_channel(first, value, second, expected):
    entity = "SPELLED_NAME" if " " in value and value.split()[0].lower() in ("s", "november") else "PERSON"
    both = hearing(first, second)
    found = said_again([both], finding(both, value, entity))
    assert found == [(0, 1, text) for text in expected]


NUMBERS = [
    ("it is 415 555 2671", "415 555 2671", "four one five five five five two six seven one", None),
    ("it is 4 1 5 5", "4 1 5 5", "so 4155 then", "4155"),
    ("it is 4539 1488 0343 6467", "4539 1488 0343 6467", "ending in 6467 right", "6467"),
    ("it is 4539148803436467", "4539148803436467", "it ends six four six seven", "six four six seven"),
    ("it is double five 0 9", "double five 0 9", "5509 yes", "5509"),
    # near-misses
    ("it is 4539 1488", "4539 1488", "about 45 people came in 2019", ""),
    ("it is 4539 1488", "4539 1488", "room 453", ""),
    ("it is 4539 1488", "4539 1488", "flight 8841", ""),
]


@pytest.mark.parametrize(("first", "value", "second", "expected"), NUMBERS)
def test_digits_said_again_in_another_form(first, value, second, expected):
    both = hearing(first, second)
    found = {text for _, _, text in said_again([both], finding(both, value, "ID_NUMBER"))}
    if expected is None:
        muted = repeats([both], [finding(both, value, "ID_NUMBER")])
        assert min(p.char_start for p in muted) == 0
        assert max(p.char_end for p in muted) == len(second)
    else:
        assert found == ({expected} if expected else set())


def test_three_digits_repeat_a_code_only():
    both = hearing("it is 605", "so six oh five")
    assert said_again([both], finding(both, "605", "PIN_CODE")) == [(0, 1, "six oh five")]
    assert said_again([both], finding(both, "605", "ID_NUMBER")) == []


def test_everyday_words_repeat_together_only():
    both = hearing("my password is copper lantern", "so copper lantern and not a copper pipe or a lantern")
    assert said_again([both], finding(both, "copper lantern", "PASSWORD")) == [(0, 1, "copper lantern")]


def test_the_part_of_a_mail_address_before_the_at_sign_repeats():
    both = hearing("mail vkowalczyk at gmail dot com", "vkowalczyk at yahoo is it")
    found = said_again([both], finding(both, "vkowalczyk at gmail dot com", "EMAIL_ADDRESS"))
    assert found == [(0, 1, "vkowalczyk")]


def test_a_value_is_found_in_every_hearing():
    one = hearing("hello there my name is Anna Schmidt", "thank you Schmidt")
    two = hearing("hello there my name is Anna Smith", "thank you Schmitt")
    found = said_again([one, two], finding(one, "Schmidt"))
    assert found == [(0, 1, "Schmidt"), (1, 1, "Schmitt")]


def test_another_spelling_at_the_same_time_is_searched_for_too():
    one = hearing("my name is Nguyen", "lovely thanks Newian bye")
    two = hearing("my name is Newyan", "lovely thanks Nguyen bye")
    found = said_again([one, two], finding(one, "Nguyen"))
    assert found == [(0, 1, "Newian"), (1, 1, "Nguyen")]


def test_an_everyday_word_at_the_same_time_is_not():
    one = hearing("my name is Nguyen", "")
    two = hearing("my name is when", "tell me when it comes")
    assert said_again([one, two], finding(one, "Nguyen")) == []


def test_type_score_and_recognizer():
    both = hearing("my name is Kowalczyk", "thanks Kowalczyk")
    (pii,) = repeats([both], [finding(both, "Kowalczyk", score=0.85)])
    assert (pii.entity_type, pii.score, pii.recognizer) == ("PERSON", 0.55, "RepeatRecognizer")
    (pii,) = repeats([both], [finding(both, "Kowalczyk", score=0.4)])
    assert pii.score == 0.4


def test_what_is_found_already_is_not_found_again():
    both = hearing("my name is Kowalczyk", "thanks Kowalczyk")
    found = [finding(both, "Kowalczyk"), finding(both, "Kowalczyk", channel=1)]
    assert repeats([both], found) == []


@pytest.mark.parametrize("entity", ["AGE", "ORGANIZATION"])
def test_some_kinds_are_not_searched_for(entity):
    both = hearing("at Kowalczyk limited 4155", "Kowalczyk 4155")
    assert repeats([both], [finding(both, "Kowalczyk limited 4155", entity)]) == []


def test_nothing_in_nothing():
    assert repeats([Transcript.build(1.0, [])], []) == []
    assert repeats([], []) == []


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("schmidt", "schmitt"), ("schmidt", "shmit"), ("nowakowski", "noakowski"), ("chatterjee", "chaturgy"),
        ("philip", "filip"), ("katherine", "catherine"), ("zofia", "sofia"), ("stephen", "steffen"),
    ],
)  # fmt: skip
def test_one_sound_one_key(a, b):
    assert sound_key(a) == sound_key(b)


@pytest.mark.parametrize(("a", "b"), [("schmidt", "smart"), ("mark", "make"), ("torsten", "boston")])
def test_other_sounds_other_keys(a, b):
    assert sound_key(a) != sound_key(b)


@pytest.mark.parametrize(
    ("a", "b", "expected"), [("abc", "abc", 1), ("abc", "", 0), ("", "", 1), ("abcd", "abed", 0.75)]
)
def test_likeness(a, b, expected):
    assert likeness(a, b) == expected
