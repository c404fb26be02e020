"""Names of people and places by the words around them, beside the same words with nothing personal in them."""

import pytest
from spoken_tables import muted

from redactor.detect.recognizers.names import NameRecognizer
from redactor.detect.recognizers.places import PlaceRecognizer


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("my name is Solan, how can I help", "Solan"),
        ("My name is too. How can I help?", "too"),
        ("this is anishmet", "anishmet"),
        ("Hi this is Sarah Jones calling", "Sarah Jones"),
        ("and the surname is Noah Kowski.", "Noah Kowski"),
        ("Guadalupe speaking. This call", "Guadalupe"),
        ("customer care, Lucia speaking, this call is recorded", "Lucia"),
        ("You are speaking with Ramon. Who am", "Ramon"),
        ("my wife, Torsten Bergstrom, her number", "Torsten Bergstrom"),
        ("our son Chiar too he just turned", "Chiar"),
        ("my brother in law Tom", "Tom"),
        ("Lovely, thanks Mr. Nowakowski.", "Nowakowski"),
        ("Thanks Dr. Patel.", "Patel"),
        ("doctor okonkwo said so", "okonkwo"),
        ("My name is Doctor Adeyemi", "Adeyemi"),
        ("under the name of van der Berg", "van der Berg"),
        ("my name is Jean-Luc", "Jean-Luc"),
        ("I spoke to M. Johnson", "M. Johnson"),
        ("on behalf of my mother Maria Gonzalez", "Maria Gonzalez"),
        ("And is torston living with you?", "torston"),
        ("And is cheaty all living with you?", "cheaty all"),
        ("Okay, Rosalind, one moment please", "Rosalind"),
        ("Sarah's birthday is on Friday", "Sarah's"),
        ("does she know sarah", "sarah"),
        ("Sure, Tyrone Biggums.", "Tyrone Biggums"),
        ("Can I have your good name? Myself Venkatesh.", "Venkatesh"),
        ("it was wieczorkova who called", "wieczorkova"),
        ("the reservation is under price", "price"),
    ],
)
def test_finds_names_in_conversation(text, value):
    assert muted(NameRecognizer(), text) == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("call martin mueller tomorrow at four", "martin mueller"),
        ("call bill", "bill"),
        ("call george brown", "george brown"),
        ("text rose happy birthday", "rose"),
        ("Text Torsten Sandbird Happy Birthday", "Torsten Sandbird"),
        ("Remind me to pick up the arming from practice", "the arming"),
        ("Remind me to pick up theory from practice at 415", "theory"),
        ("Set a meeting with Lothman for Wednesday.", "Lothman"),
        ("Add your own whole grand to my contacts.", "your own whole grand"),
        ("Message my that I am running late.", "my"),
        ("Read the last message from Rose.", "Rose"),
        ("Save the number 826-897-6453 for Lushen.", "Lushen"),
        ("Play the voice mail from Lakshmi Iyer", "Lakshmi Iyer"),
        ("please call my sister priya", "priya"),
    ],
)
def test_finds_names_in_commands(text, value):
    assert muted(NameRecognizer(), text) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "this is great",
        "call me back",
        "call the police",
        "message saying hello",
        "this is about my bill",
        "it's not working",
        "thanks for calling",
        "Hi there",
        "remind me to buy milk",
        "call customer service",
        "Will you mark it",
        "I was reading the news",
        "my name is spelled wrong",
        "my name is on the account",
        "the name is not on the list",
        "I'm calling about my internet",
        "This is the third time",
        "You're welcome",
        "add milk to my shopping list",
        "add this number to my contacts",
        "pick up the kids from school",
        "pick up milk from the store",
        "tell me about the weather",
        "tell him that I am late",
        "set a meeting with the team",
        "It's Monday",
        "generally speaking, it is fine",
        "Have you had any difficulty speaking?",
        "English speaking agents",
        "the doctor told me to rest",
        "thanks will do",
        "Can you text me the code?",
        "email me the bill",
        "The Internet keeps dropping",
        "ring the bell",
        "who is the president",
        "what is the name of the song",
        "miss you",
        "call mom",
        "is your mother living with you",
        "Is there anyone living with you?",
        "Ohh, okay, mmm",
        "I was sent by my GP with the ECG",
        "I take Ibuprofen and amoxicillin",
        "I'm wheezy and lethargic",
        "Good morning, Pinewood Bank",
        "twenty one degrees at gate twelve",
        "We need to talk to HR about the policy",
        "Is this the account holder? Yes, speaking.",
        "a caramel macchiato and an audiobook",
        "the booking is under review",
        "my favorite theater in the neighborhood",
    ],
)
def test_leaves_speech_that_names_nobody(text):
    assert muted(NameRecognizer(), text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("What is the weather in Leicester?", "Leicester"),
        ("weather in springfield tomorrow", "springfield"),
        ("What is the weather in Delight?", "Delight"),
        ("What is the weather in the Ton Rouge?", "Ton Rouge"),
        ("directions to san francisco", "san francisco"),
        ("I live in Dayton, Ohio", "Dayton, Ohio"),
        ("flight to Swansea", "Swansea"),
        ("flat 16 in Baton Rouge. I", "Baton Rouge"),
        ("I was born in new york", "new york"),
        ("I'm calling from Reading", "Reading"),
        ("what time is it in tokyo", "tokyo"),
        ("traffic in los angeles", "los angeles"),
        ("a train ticket to chicago please", "chicago"),
        ("city of Tucson", "Tucson"),
        ("from Slough", "Slough"),
        ("Toowoomba, Queensland", "Queensland"),
    ],
)
def test_finds_places(text, value):
    assert muted(PlaceRecognizer(), text) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "weather in the morning",
        "flight to the moon",
        "I was reading the news",
        "live in fear",
        "in English please",
        "in March",
        "it's in transit",
        "from Monday to Friday",
        "I live in a house",
        "take me to the settings",
        "visit our website",
        "get to work",
        "My mobile is at home",
        "Nice weather today",
        "see your GP in the morning",
    ],
)
def test_leaves_speech_without_a_place(text):
    assert muted(PlaceRecognizer(), text) == []
