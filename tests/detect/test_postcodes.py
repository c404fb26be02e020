"""Postal codes of several countries, beside zips of other kinds."""

import pytest
from spoken_tables import muted

from redactor.detect.recognizers.postcodes import PostalCodeRecognizer

RECOGNIZER = PostalCodeRecognizer()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("zip is nine four one one oh", "nine four one one oh"),
        ("my zip code? 9-4-1-1-0", "9-4-1-1-0"),
        ("zip code 94110-1234", "94110-1234"),
        ("the zip is 8-9-3, okay", "8-9-3"),
        ("I'm in Austin, Texas 78701", "78701"),
        ("94110 is my zip", "94110"),
        ("postcode SW1A 1AA", "SW1A 1AA"),
        ("we are at GK11-7CF now", "GK11-7CF"),
        ("the zip is GK-1-1, 7-C-F. I am", "GK-1-1, 7-C-F"),
        ("postcode is S W one A one A A", "S W one A one A A"),
        ("zip is eligible to foster five, nine Romeo Golf.", "eligible to foster five, nine Romeo Golf"),
        ("that's M5V 2T6", "M5V 2T6"),
        ("the postal code is K 1 A 0 B 1", "K 1 A 0 B 1"),
        ("pin code is 560001", "560001"),
        ("the postcode is 2000", "2000"),
        ("post code 3056", "3056"),
        ("Sydney NSW 2000", None),
        ("Brisbane, Queensland 4101", "4101"),
        ("my Postleitzahl is eight oh three three one", "eight oh three three one"),
    ],
)
def test_finds_a_postal_code(text, value):
    # A round number of four digits behind a state could be a year.
    assert muted(RECOGNIZER, text) == ([value] if value else [])


@pytest.mark.parametrize(
    "text",
    [
        "zip it up in 10",
        "a zip file of 200 megabytes",
        "what is your zip code?",
        "enter the 5 digits of your zip",
        "in Texas 2000 was a good year",
        "in Texas 4500 people came",
        "the area code",
        "call 555 0138",
    ],
)
def test_leaves_other_numbers(text):
    assert muted(RECOGNIZER, text) == []
