"""Names spelled letter by letter, beside letters and words that only look like it."""

import pytest
from spoken_tables import muted

from redactor.detect.recognizers.spelling import SpellingRecognizer


def spelled(text):
    return muted(SpellingRecognizer(), text, "SPELLED_NAME")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("S I O B H A N.", "S I O B H A N"),
        ("It's S-I-O-B-H-A-N, thanks", "S-I-O-B-H-A-N"),
        ("S.I.O.B.H.A.N.", "S.I.O.B.H.A.N"),
        ("A. L. A. N.", "A. L. A. N"),
        ("H-O-L, and G-R-E-N. Well, the bill", "H-O-L, and G-R-E-N"),
        ("that is Z-O-F, um, I-A", "Z-O-F, um, I-A"),
        ("M as in Mary, A as in apple, double L, E, Y", "M as in Mary, A as in apple, double L, E, Y"),
        ("capital M, c, capital D, o, n", "capital M, c, capital D, o, n"),
        ("B for boy, E for egg, C for cat", "B for boy, E for egg, C for cat"),
        ("O-Like Orange, W-Like Water, K-Like Kite", "O-Like Orange, W-Like Water, K-Like Kite"),
        ("it's in like Nancy, O like orange, E", "in like Nancy, O like orange, E"),
        ("ours in Robert, I as in Apple, H as in House", "ours in Robert, I as in Apple, H as in House"),
        ("D, dog, E, easy, N, Nancy", "D, dog, E, easy, N, Nancy"),
        ("J as in Juliet O H N", "J as in Juliet O H N"),
        ("It is O apostrophe D E L L", "O apostrophe D E L L"),
        ("november oscar whiskey alpha kilo", "november oscar whiskey alpha kilo"),
        ("Whiskey Cierre Kilo, India, thanks", "Whiskey Cierre Kilo, India"),
        ("echo line the Delta Sierra, yes", "echo line the Delta Sierra"),
        ("that's see H E N", "see H E N"),
        ("HOL and GRE in. Well", "HOL and GRE in"),
        ("Who is LEF, E-B-V-R-E?", "LEF, E-B-V-R-E"),
    ],
)
def test_finds_letters_however_they_are_said(text, value):
    assert spelled(text) == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [("it's SIOBHAN", "SIOBHAN"), ("Grace, GRAC and the bill", "GRAC"), ("NGOCI, yes", "NGOCI")],
)
def test_finds_letters_written_together(text, value):
    assert spelled(text) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "I watch TV and a DVD on my PC.",
        "A, B, C or D?",
        "plan B is good",
        "I see, are you okay? Why?",
        "vitamin C and D",
        "I, I, I don't know",
        "the hotel in India was nice",
        "golf and tango lessons",
        "oh I see you are a bee keeper",
        "the F B I and the N H S",
        "PLEASE CALL ME BACK AS SOON AS POSSIBLE THANK YOU",
        "give me an A for effort",
        "I like ice cream",
        "it's a for sale sign",
        "in like a minute",
        "size X L or M",
        "I have a T shirt and a U turn",
        "as in the past",
        "I for one agree",
        "the U.S. office",
        "you go to a TIA clinic",
        "if you're O. O. K. with it",
    ],
)
def test_leaves_words_and_abbreviations(text):
    assert spelled(text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Sure, it is the land though month. D-A-U, B-E. And", "the land though month"),
        ("This is my iron, that's M-E-I", "my iron"),
        ("This is to N-G-U-Y-E-N", "to"),
        ("Grace, GRAC and", "Grace"),
    ],
)
def test_finds_the_name_in_front_of_its_letters_whatever_it_became(text, value):
    assert muted(SpellingRecognizer(), text, "PERSON") == [value]


@pytest.mark.parametrize(
    "text", ["It is spelled H-O-L-M", "this is about my account number, A B C X", "That's H-O-L-M"]
)
def test_leaves_what_only_leads_to_letters(text):
    assert muted(SpellingRecognizer(), text, "PERSON") == []
