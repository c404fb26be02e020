"""PINs, security codes and last digits; expiry dates of cards; beside counts, prices and other ends."""

import pytest
from spoken_tables import muted

from redactor.detect.recognizers.codes import CodeRecognizer

RECOGNIZER = CodeRecognizer()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("the last four are 4258", "4258"),
        ("last 4 of my social 4471", "4471"),
        ("the last four digits are four four two one", "four four two one"),
        ("the last four of your social? 4258, thank you", "4258"),
        ("ends in 3, 4, 1, 0.", "3, 4, 1, 0"),
        ("so that ended in 693 correct", "693"),
        ("the security code is 8 6 7", "8 6 7"),
        ("the three digits on the back. 8-6-7, okay", "8-6-7"),
        ("security code? Sure. 4 4 1", "4 4 1"),
        ("eight six seven is the security code", "eight six seven"),
        ("4258 are the last four", "4258"),
        ("the CVV is 123", "123"),
        ("my pin is 1234", "1234"),
        ("PIN number: four four two one", "four four two one"),
        ("one-time passcode 449 021", "449 021"),
        ("verification code um it's eight nine five three two four", "eight nine five three two four"),
        ("the door code is 90 to 45", "90 to 45"),
        ("I got a code, it says 895-324", "895-324"),
        ("extension 42", "42"),
        ("it's the card ending in 2012", "2012"),
        ("the mobile number that ends with 1990", "1990"),
        ("my debit card ends two oh oh four", "two oh oh four"),
    ],
)
def test_finds_a_code_beside_its_cue(text, value):
    assert muted(RECOGNIZER, text, "PIN_CODE") == [value]


@pytest.mark.parametrize(
    "text",
    [
        "the 6-digit code",
        "enter your four digit pin",
        "what are the last four digits of your card?",
        "give me the three digits on the back please",
        "the code expires in 10 minutes",
        "the code is good for 300 seconds",
        "error code 404",
        "a discount code for 150 people",
        "in the last three months we had 450 orders",
        "the last four years",
        "the contract ends in 2026",
        "the year ending in 2012",
        "it all ends 1999",
        "starting in 2019",
        "a combination of 100 or 200",
        "the pin is broken. I called. They took 300",
        "extension of 10 days",
        "eight six seven and then the security code",
        "code red",
    ],
)
def test_leaves_numbers_about_codes(text):
    assert muted(RECOGNIZER, text, "PIN_CODE") == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("expires oh four twenty seven", "oh four twenty seven"),
        ("expiry september twenty nine", "september twenty nine"),
        ("the expiration date December 29 and the", "December 29"),
        ("It expires March 20, 28. It", "March 20, 28"),
        ("it expires march twenty twenty eight", "march twenty twenty eight"),
        ("it expires March 2028", "March 2028"),
        ("valid through 09/27", "09/27"),
        ("exp 4 27", "4 27"),
        ("it expires for 2027", "for 2027"),
        ("my new card runs out oh four twenty eight", "oh four twenty eight"),
        ("The card runs out of 428.", "428"),
        ("the expiration is 0 9 2 8", "0 9 2 8"),
        ("March 2027 is the expiry date", "March 2027"),
        ("5176-0998-2415-7944, well, March 25, thanks", "March 25"),
    ],
)
def test_finds_the_expiry_of_a_card(text, value):
    assert muted(RECOGNIZER, text, "CARD_EXPIRY") == [value]


@pytest.mark.parametrize(
    "text",
    [
        "my contract expires in March 2026",
        "the offer expires in March",
        "my passport expires in 2027",
        "the session expires in 300 seconds",
        "it expires in 3 months",
        "the milk runs out by 4 28",
        "we ran out of 428 screws",
        "before the card runs out of money",
        "see you March 25",
        "the meeting is in September 2029",
    ],
)
def test_leaves_other_ends(text):
    assert muted(RECOGNIZER, text, "CARD_EXPIRY") == []
