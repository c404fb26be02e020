"""Dates of birth and ages of people, beside dates of meetings and ages of things."""

import pytest
from spoken_tables import muted

from redactor.detect.recognizers.ages import AgeRecognizer
from redactor.detect.recognizers.dates import BirthDateRecognizer

DATES = BirthDateRecognizer()
AGES = AgeRecognizer()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("I was born march third nineteen sixty four", "march third nineteen sixty four"),
        ("my DOB is 03/04/64", "03/04/64"),
        ("born in 1964", "1964"),
        ("born in the summer of '69", "69"),
        ("born nineteen fifty eight uh on the eighth of May", "nineteen fifty eight uh on the eighth of May"),
        ("born on double one of four 2006.", "double one of four 2006"),
        ("I was born on 12, 0, 3, 19, 44, and", "12, 0, 3, 19, 44"),
        ("I was born on September 7-4, T-4, and", "September 7-4, T-4"),
        ("born on 06. 25 1982 and", "06. 25 1982"),
        ("born on the fifth of the fifth two thousand and one", "fifth of the fifth two thousand and one"),
        ("my birthday is March 3rd", "March 3rd"),
        ("date of earth for months. July 7th.", "July 7th"),
        ("the date of both, july seventh", "july seventh"),
        ("my birthday is the 21st of June", "21st of June"),
        ("date of birth? Yes, it's the second of may eighty one", "the second of may eighty one"),
        ("may two is mary's birthday", "may two"),
        ("March 3rd 1964 is my date of birth", "March 3rd 1964"),
        ("birth date twenty second of the ninth eighty eight", "twenty second of the ninth eighty eight"),
    ],
)
def test_finds_a_date_that_a_birth_is_told_with(text, value):
    assert muted(DATES, text) == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("the 14th of July, 1979", "the 14th of July, 1979"),
        ("September second nineteen sixty", "September second nineteen sixty"),
        ("It's 17th of June 1996.", "17th of June 1996"),
        ("Well, 22nd of July 80.", "22nd of July 80"),
        ("Ah, 20 of the March 90, long ago.", "20 of the March 90"),
        ("june twenty five eighty two", "june twenty five eighty two"),
        ("June 2582,", "June 2582"),
        ("the twenty ninth of September, nineteen eighty", "the twenty ninth of September, nineteen eighty"),
        ("march fifth two thousand and six", "march fifth two thousand and six"),
        ("3 4 1964", "3 4 1964"),
        ("two fifteen sixty two", "two fifteen sixty two"),
        ("1964-03-04", "1964-03-04"),
        ("14.7.1979", "14.7.1979"),
        ("The date is the 31st of the 10th, 58.", "31st of the 10th, 58"),
        ("third of the seventh, nineteen eighty four", "third of the seventh, nineteen eighty four"),
    ],
)
def test_finds_a_full_date_of_a_living_adult_without_any_cue(text, value):
    assert muted(DATES, text) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "the meeting is on March 3rd",
        "the meeting is on the fifth of the ninth",
        "the third of the seven, 84 of them",
        "the summer of '69 was great",
        "on March 3rd, 2024",
        "in 2019",
        "since 1998",
        "in March 1998",
        "invoice of May 2nd",
        "from March 3 to March 10",
        "June 25 and 26",
        "see you on the 21st of June",
        "12/25/2023",
        "10:30 on the 5th",
        "my birthday is in two weeks",
        "a birthday cake for 20 people",
        "birthday present of 100 dollars",
        "happy birthday, and see you March 3rd",
        "born 40 years ago",
        "save the date, the earth day is on april 22nd",
        "the date of the bath is July 7th",
        "he was born at home",
        "your date of birth, and the first line of your address",
        "may I have two of them",
        "march on",
        "6 4, 6 3",
    ],
)
def test_leaves_dates_of_anything_else(text):
    assert muted(DATES, text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("I am 43 years old", "43 years"),
        ("I am 6-T-6 years old.", "6-T-6 years"),
        ("she is ninety four", "ninety four"),
        ("aged 91", "91"),
        ("turning 80", "80"),
        ("he just turned 36 yeah", "36"),
        ("his son just turned 5", "5"),
        ("a 67-year-old man", "67-year"),
        ("he's a 67 year old with chest pain", "67 year"),
        ("at the age of 82", "82"),
        ("I'm fifty one, and", "fifty one"),
        ("she is probably 41, hopeless with computers", "41"),
        ("my dad's maybe roughly eighty now", "eighty"),
        ("my mother, who is 91, fell", "91"),
        ("she's a hundred and two years old", "hundred and two years"),
        ("forty two years old.", "forty two years"),
        ("our daughter is 15 months old", "15 months"),
        ("I am in my mid 40s and I smoke", "mid 40s"),
        ("my aunt is in her eighties", "eighties"),
        ("she's late fifties", "late fifties"),
    ],
)
def test_finds_the_age_of_a_person(text, value):
    assert muted(AGES, text) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "a 40 year old house",
        "20 years old whisky",
        "a 20 year old account",
        "my account is 20 years old",
        "the boiler is 12 years old",
        "my 2-year-old phone",
        "a three year old subscription",
        "I'm 5 minutes away",
        "I'm 100 percent sure",
        "I'm 5 10",
        "you are 12 in the queue",
        "you're 3rd in line",
        "she is one of 12 candidates",
        "it is 43",
        "turn it to 20",
        "turn 90 degrees",
        "she turned 90 degrees",
        "my plan is 43 a month",
        "it is probably 43",
        "a 30-day return policy",
        "he works 40 hours",
        "for 20 years",
        "kids aged 5 to 12",
        "in the late eighties",
        "her eighties music",
        "it was in the mid 90s",
    ],
)
def test_leaves_the_age_of_things_and_other_numbers(text):
    assert muted(AGES, text) == []
