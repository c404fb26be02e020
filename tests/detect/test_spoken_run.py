"""Runs of digits, and of letters and digits: what tells somebody apart, beside what only looks like it."""

import pytest
from spoken_tables import muted

from redactor.detect.recognizers.spoken_run import SpokenRunRecognizer

RECOGNIZER = SpokenRunRecognizer()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("it is 6, 1, 7, 5, 5, 5, 0, 1, 3, 8 thanks", "6, 1, 7, 5, 5, 5, 0, 1, 3, 8"),
        ("four, one, five, five, five, zero, one", "four, one, five, five, five, zero, one"),
        ("my number is 617-555-0138 okay", "617-555-0138"),
        ("it's 617555013 8.", "617555013 8"),
        ("my number is 4-1-5 um 5-5-5 uh that's 2 6 7 1", "4-1-5 um 5-5-5 uh that's 2 6 7 1"),
        ("call 5 5 5 0 1 3 8 a day", "5 5 5 0 1 3 8"),
        ("reach me on 98450 12345", "98450 12345"),
        ("FIFTEEN TWO SIXTEEN", "FIFTEEN TWO SIXTEEN"),
        ("4 1 2 2 6 8 7 6 4 4", "4 1 2 2 6 8 7 6 4 4"),
    ],
)
def test_finds_a_run_of_digits_however_it_is_written(text, value):
    assert muted(RECOGNIZER, text) == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("so double seven oh three um five", "double seven oh three um five"),
        ("triple zero four nine", "triple zero four nine"),
        ("forty two eleven nine", "forty two eleven nine"),
        ("the account is twenty-one hundred five five five", "twenty-one hundred five five five"),
        ("eight hundred five five five one two one two", "eight hundred five five five one two one two"),
        ("nineteen eighty four sixty two", "nineteen eighty four sixty two"),
        ("O 2 0 7, 9 4 6, O 1 3 2", "O 2 0 7, 9 4 6, O 1 3 2"),
        ("it's five five five. That's two six seven one", "five five five. That's two six seven one"),
        ("four five three two, then seven seven one one", "four five three two, then seven seven one one"),
        ("5 5 5 dash 0 1 3 8", "5 5 5 dash 0 1 3 8"),
    ],
)
def test_reads_repeats_tens_hundreds_and_breaths(text, value):
    assert muted(RECOGNIZER, text) == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("nine one seven, ate four tree, two two oh six", "nine one seven, ate four tree, two two oh six"),
        ("It is nine for eight six nine zero nine two.", "nine for eight six nine zero nine two"),
        ("4-1-5, $5,55, 2671 please", "4-1-5, $5,55, 2671"),
        ("Well, for 910-516-5967-4690", "for 910-516-5967-4690"),
        ("the routing number for your bank. Hold on 4-3-1, 0-1-7, 2", "4-3-1, 0-1-7, 2"),
        ("that was 27090573 do.", "27090573 do"),
        ("It is 609-077, dump-3854.", "609-077, dump-3854"),
        ("the number 3 of 8 4 6 9 3 2 9 4", "3 of 8 4 6 9 3 2 9 4"),
        ("five five five, oh won too tree", "five five five, oh won too tree"),
    ],
)
def test_digits_that_became_words_belong_to_their_run(text, value):
    assert muted(RECOGNIZER, text) == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("it ends in 4 2 1 1", "4 2 1 1"),
        ("account ending 4471", "4471"),
        ("customer ID 8821", "8821"),
        ("4471 is my account", "4471"),
        ("the second part is 7711, then", "7711"),
        ("sort code 20-30-40", "20-30-40"),
        ("Give me the social? 4258. Thanks", "4258"),
        ("well yes, it's 4258, thank you.", "4258"),
        ("That is 50-33.", "50-33"),
        ("eleven twenty four", "eleven twenty four"),
        ("five two seven", "five two seven"),
        ("zip code 94110", "94110"),
        ("as it is 898-3, okay", "898-3"),
        ("my customer number is 2020", "2020"),
        ("your badge number, it's nineteen ninety nine", "nineteen ninety nine"),
    ],
)
def test_a_short_run_counts_where_it_is_announced_or_alone(text, value):
    assert muted(RECOGNIZER, text) == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("the code is B A 4 5 9 2 yes", "B A 4 5 9 2"),
        ("it's K L 4 0 7 2", "K L 4 0 7 2"),
        ("plate K-L-M 4 0 7", "K-L-M 4 0 7"),
        ("policy number A B dash 4 4 1", "A B dash 4 4 1"),
        ("my booking is QX7RTL.", "QX7RTL"),
        ("it is ABX412", "ABX412"),
        ("it is XL, 850-433 I think", "XL, 850-433"),
        ("reference G as in golf 4 4 B as in boy 2", "G as in golf 4 4 B as in boy 2"),
        ("delta foxtrot five nine romeo foxtrot", "delta foxtrot five nine romeo foxtrot"),
        ("postcode is S W one A one A A", "S W one A one A A"),
        ("the IBAN is D E 8 9 3 7 0 4 0 0 4 4 0 5", "D E 8 9 3 7 0 4 0 0 4 4 0 5"),
        ("my IBAN is GB29 NWBK 6016 1331 9268 19", "GB29 NWBK 6016 1331 9268 19"),
        ("passport number is C zero one X double zero T four", "C zero one X double zero T four"),
    ],
)
def test_letters_and_digits_are_one_run(text, value):
    assert muted(RECOGNIZER, text) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "I will call you at four",
        "seven business days",
        "twenty one degrees at gate twelve",
        "channel seven",
        "in 2019 or 2020",
        "the number of people in 2015",
        "our policy of 2015",
        "2019, 2020",
        "since nineteen ninety eight",
        "at 10:30 on the 5",
        "$1,500 and 20%",
        "1,250,000 people",
        "I paid 12,500 for it",
        "it was 98.7 degrees",
        "a 49 -year -old male",
        "one of the two or three",
        "4 or 5 times",
        "two to three weeks",
        "option one, two or three",
        "press 1, press 2, or press 3",
        "version 2.4.1",
        "24/7",
        "nine to five",
        "from 10 to 12, 2 to 4",
        "nine thirty, ten forty five and two fifteen",
        "one hundred and twenty five dollars",
        "two million three hundred thousand",
        "two lakh fifty thousand",
        "fourteen thirty to sixteen forty five",
        "between 300-400",
        "from 500 to 600 people",
        "a scale of one to ten, ten being the worst",
        "readings of 140, 152, 138 and 160",
        "120 over 80, 130 over 85 and 118 over 79",
        "five to ten minutes",
        "one two three testing",
        "testing one two one two",
        "10, 20, 30, 40",
        "ten nine eight seven six five",
        "top 10 of 2023",
        "no, no one else, and this one",
        "the invoice of March 3, 2024",
        "on 3/4/2024",
        "I, I, I think a, a lot",
        "made in the U S",
        "twenty four seven",
        "fifty fifty",
        "flight 1549",
        "highway 101",
        "COVID-19",
        "B12 or H2O",
        "call 911",
        "999",
        "hotel 500",
        "we flew Delta 1549 to Rome",
        "vitamins B12 and D3",
        "I have 4 a day",
        "the last four digits",
        "take 500 mg 3 times",
        "the 17th and the 18th, 80s music",
        "",
    ],
)
def test_leaves_what_counts_measures_or_dates(text):
    assert muted(RECOGNIZER, text) == []


def test_a_name_that_is_spelled_is_no_number():
    assert muted(RECOGNIZER, "that is S I O B H A N.") == []


def test_a_number_ends_where_a_new_sentence_begins_another():
    text = "My card is 4 5 6 3 8 9 1 1 1 7. It is 6 0 9 0 7 7 3 8."
    assert muted(RECOGNIZER, text) == ["4 5 6 3 8 9 1 1 1 7", "6 0 9 0 7 7 3 8"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("um, just about 10247. Can you put me through", ["10247"]),
        ("it was around one oh two four seven I think", ["one oh two four seven"]),
        ("there are about 15000 of them", []),
        ("about 12,500 miles", []),
        ("almost 4200 so far", []),
        ("almost 4217 so far", []),
    ],
)
def test_nobody_rounds_to_five_digits_that_are_not_round(text, found):
    assert muted(RECOGNIZER, text) == found


def test_four_digits_that_nothing_announces_are_for_strict_policies_alone():
    results = RECOGNIZER.analyze("we saw 4258 there", ["ID_NUMBER"])
    assert [0.3 <= r.score < 0.5 for r in results] == [True]


def test_finds_only_what_is_asked_for():
    assert RECOGNIZER.analyze("617-555-0138", ["PIN_CODE"]) == []
