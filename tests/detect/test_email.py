"""Spoken and squashed e-mail addresses and user names, beside other uses of "at" and "dot"."""

import pytest
from spoken_tables import muted

from redactor.detect.recognizers.email import SpokenEmailRecognizer


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("m johnson at gmail dot com", "m johnson at gmail dot com"),
        ("my email is mjonsonatgmail.com okay", "mjonsonatgmail.com"),
        (
            "em dot johnson nineteen eighty at yahoo dot co dot uk",
            "em dot johnson nineteen eighty at yahoo dot co dot uk",
        ),
        ("it's j underscore smith at outlook dot com", "j underscore smith at outlook dot com"),
        ("M. Johnson at gmail.com", "M. Johnson at gmail.com"),
        ("Tomash.Kowalski at Yahoo.com. Yep", "Tomash.Kowalski at Yahoo.com"),
        ("is it mash.cowalskiatahu.com, is that correct?", "mash.cowalskiatahu.com"),
        ("Well, don't hold rent at mail.com, is that right", "don't hold rent at mail.com"),
        (
            "Send an email to pixel underscore margarit at bti ntrnet.co.uk",
            "pixel underscore margarit at bti ntrnet.co.uk",
        ),
        ("Send an email to fitum90a.bdi and tdrnev.co.uk", "fitum90a.bdi and tdrnev.co.uk"),
        ("j o h n at example dot org", "j o h n at example dot org"),
        ("my e-mail is john dot smith forty two gmail dot com", "john dot smith forty two gmail dot com"),
        ("My email address is S-M-I-T-H at hotmail dot com", "S-M-I-T-H at hotmail dot com"),
        ("write to jane@example.com now", "jane@example.com"),
        ("send it to rosalind@gmail dot com", "rosalind@gmail dot com"),
    ],
)
def test_finds_an_address_from_its_first_letter(text, value):
    assert muted(SpokenEmailRecognizer(), text, "EMAIL_ADDRESS") == [value]


@pytest.mark.parametrize(
    "text",
    [
        "at gmail we do that",
        "meet me at noon dot",
        "look at dot com companies",
        "the website is example dot com",
        "go to example dot com",
        "log in at yahoo dot com",
        "check your gmail",
        "please send me an email",
        "I bought it at amazon dot com",
        "I will be at home. Com is",
        "the shop at apple.com",
        "I like tomatoes. Me too",
    ],
)
def test_leaves_websites_and_plain_words(text):
    assert muted(SpokenEmailRecognizer(), text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("my user name is blue tiger 42", "blue tiger 42"),
        ("my handle is night_owl", "night_owl"),
        ("find me on instagram at sunny days 88", "sunny days 88"),
        ("Username jsmith22, please", "jsmith22"),
    ],
)
def test_finds_user_names(text, value):
    assert muted(SpokenEmailRecognizer(), text, "USER_NAME") == [value]


@pytest.mark.parametrize(
    "text",
    ["the user name is wrong", "my username is not working", "a user name and password", "forgot my username"],
)
def test_leaves_talk_about_user_names(text):
    assert muted(SpokenEmailRecognizer(), text, "USER_NAME") == []
