"""Licence plates beside dinner plates and registrations of other things."""

import pytest
from spoken_tables import muted

from redactor.detect.recognizers.plates import PlateRecognizer

RECOGNIZER = PlateRecognizer()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("license plate is K L M 4 0 7", "K L M 4 0 7"),
        ("The plate is VGW-2912.", "VGW-2912"),
        ("license plate is kilo echo foxtrot nine eight four", "kilo echo foxtrot nine eight four"),
        ("my license plate is Bravo with KCR 9129.", "Bravo with KCR 9129"),
        ("my license plate is kilo ochofoxtric 9 8 4 2", "kilo ochofoxtric 9 8 4 2"),
        ("my license plate is game 7149", "game 7149"),
        ("registration AB12 CDE", "AB12 CDE"),
        ("it's an old Ford, AB12 CDE", "AB12 CDE"),
        ("the tag number is 7XYZ123", "7XYZ123"),
        ("my rego is 1AB 2CD", "1AB 2CD"),
        ("the reg is LK 19 O P J", "LK 19 O P J"),
        ("K L M 4 0 7 is my plate", "K L M 4 0 7"),
        ("the number plate? It's lima bravo five three oscar", "lima bravo five three oscar"),
        ("the license plate is K L M", "K L M"),
    ],
)
def test_finds_a_plate_with_its_letters(text, value):
    assert muted(RECOGNIZER, text) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "the plate is hot",
        "a dinner plate for 200 people",
        "registration is open until 5",
        "voter registration for 2024",
        "registration costs 300 dollars",
        "my plate is full. Anyway. I paid 4 5 6",
        "KLM flies there",
    ],
)
def test_leaves_other_plates_and_registrations(text):
    assert muted(RECOGNIZER, text) == []
