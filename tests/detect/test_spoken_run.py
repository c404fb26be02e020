"""Runs of spoken digits and letters: what tells somebody apart, beside what only looks like it."""

import pytest

from redactor.detect.recognizers.spoken_run import SpokenRunRecognizer

ENTITIES = ["ID_NUMBER", "SPELLED_NAME"]


def found(text, entities=ENTITIES):
    results = SpokenRunRecognizer().analyze(text, entities)
    return [(r.entity_type, text[r.start : r.end]) for r in results]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("it is 6, 1, 7, 5, 5, 5, 0, 1, 3, 8 thanks", "6, 1, 7, 5, 5, 5, 0, 1, 3, 8"),
        ("four, one, five, five, five, zero, one", "four, one, five, five, five, zero, one"),
        ("my number is 617-555-0138 okay", "617-555-0138"),
        ("it's 617555013 8.", "617555013 8"),
        ("so double seven oh three um five", "double seven oh three um five"),
        ("triple zero four nine", "triple zero four nine"),
        ("forty two eleven nine", "forty two eleven nine"),
        ("it ends in 4 2 1 1", "4 2 1 1"),
        ("zip code 94110", "94110"),
        ("the code is B A 4 5 9 2 yes", "B A 4 5 9 2"),
        ("plate K-L-M 4 0 7", "K-L-M 4 0 7"),
        ("call 5 5 5 0 1 3 8 a day", "5 5 5 0 1 3 8"),
    ],
)
def test_finds_a_run_of_digits_however_it_is_written(text, value):
    assert found(text) == [("ID_NUMBER", value)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("that is S I O B H A N.", "S I O B H A N"),
        ("S-I-O-B-H-A-N", "S-I-O-B-H-A-N"),
        ("N like Nancy, O like orange, W as in water", "N like Nancy, O like orange, W as in water"),
        ("surname november oscar whiskey alpha", "november oscar whiskey alpha"),
    ],
)
def test_finds_a_name_that_is_spelled(text, value):
    assert found(text) == [("SPELLED_NAME", value)]


@pytest.mark.parametrize(
    "text",
    [
        "I will call you at four",
        "seven business days",
        "twenty one degrees at gate twelve",
        "in 2019 or 2020",
        "2019, 2020",
        "at 10:30 on the 5",
        "$1,500 and 20%",
        "it was 98.7 degrees",
        "a 49 -year -old male",
        "one of the two or three",
        "one hundred and twenty five dollars",
        "I, I, I think a, a lot",
        "made in the U S",
        "twenty four seven",
        "flight 1549",
        "",
    ],
)
def test_leaves_what_counts_measures_or_dates(text):
    assert found(text) == []


def test_finds_only_what_is_asked_for():
    assert found("S I O B H A N 617-555-0138", ["SPELLED_NAME"]) == []
    assert found("S I O B and then 617-555-0138", ["ID_NUMBER"]) == [("ID_NUMBER", "617-555-0138")]
