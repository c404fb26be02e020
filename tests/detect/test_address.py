"""Street addresses, beside numbers and streets that are nobody's."""

import pytest
from spoken_tables import muted

from redactor.detect.recognizers.address import AddressRecognizer


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("I live at forty two eleven Maple Street", "forty two eleven Maple Street"),
        ("4211 Maple street apartment 3, Dayton, Ohio", "4211 Maple street apartment 3, Dayton, Ohio"),
        ("twelve B Baker Street", "twelve B Baker Street"),
        ("221 B Baker Street", "221 B Baker Street"),
        ("Is it still 405 holocreek court? I will", "405 holocreek court"),
        ("Is it still $4,100 for Harlow Creek Street? No", "$4,100 for Harlow Creek Street"),
        ("Directions to 80-34 Kensington Street", "80-34 Kensington Street"),
        ("Directions to 2687 June the port.", "2687 June the port"),
        ("Is it still 5,263 in the first street? Well", "5,263 in the first street"),
        ("Is it still 97th Harborview Lane?", "97th Harborview Lane"),
        ("Navigate to 8,363 St. James Court", "8,363 St. James Court"),
        ("the new place is 99 prospect street in Worcester. I", "99 prospect street in Worcester"),
        ("fifty six Hollow Creek court apartment eighteen", "fifty six Hollow Creek court apartment eighteen"),
        ("100 5th Avenue", "100 5th Avenue"),
        ("21 MG Road", "21 MG Road"),
        ("P.O. Box 112", "P.O. Box 112"),
        ("at the corner of Fifth and Main", "Fifth and Main"),
        ("I live on Meadow Street", "Meadow Street"),
        ("I live on Maple", "Maple"),
        ("I'm at Bahnhofstrasse 12", "Bahnhofstrasse 12"),
        ("it's 27 Rue Cler", "27 Rue Cler"),
        ("unit twelve B", "unit twelve B"),
        ("Flat 4b please", "Flat 4b"),
        ("house number 42 please", "house number 42"),
    ],
)
def test_finds_an_address_however_it_is_said(text, value):
    assert muted(AddressRecognizer(), text) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "street view is nice",
        "I am on the way",
        "go this way",
        "by the way",
        "I want to place an order",
        "see you in court",
        "drive safely",
        "he came in first place",
        "at 4 PM tomorrow",
        "turn to channel 42 now",
        "it costs 20 dollars",
        "I ordered 11 of the coffee grinder",
        "half past eleven",
        "the next street on the left",
        "the hard drive is full",
        "two hours away",
        "set the temperature to 21 degrees",
        "from 9 to 5",
        "on June 5 we met",
        "I have two flat tires",
        "to 3 different places",
        "call me at 5 tomorrow afternoon",
        "it is a long road",
        "close the account",
        "around the block",
        "I paid on the 4th of July",
        "the party at jack's place",
        "a box of 12 bottles",
        "gate twelve",
        "Call Dr. Weiss",
        "There's an accident on Highway 101",
        "seven business days",
        "in 2019 the first street was closed",
    ],
)
def test_leaves_numbers_and_ways_that_are_no_address(text):
    assert muted(AddressRecognizer(), text) == []
