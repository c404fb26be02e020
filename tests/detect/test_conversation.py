"""Answers to telling questions and bare values: what is muted, beside what is nearly the same and stays."""

import pytest
from conversations import MUTED_FROM, conversation, texts

from redactor.detect.conversation import answers, fragments
from redactor.types import Segment, Transcript, Word

QUESTIONS = [
    # names
    ("Can I have your full name, please?", "Sure, it's Anna Schmidt.", ["Anna Schmidt"], "PERSON"),
    ("Who am I speaking to?", "Yes, this is Zofia Nowakowski.", ["Zofia Nowakowski"], "PERSON"),
    ("who am i speaking with today", "hi yeah it's priya raghunathan", ["priya raghunathan"], "PERSON"),
    ("And who's calling, please?", "Anishmet.", ["Anishmet"], "PERSON"),
    ("May I know your good name, sir?", "Myself Venkatesh.", ["Venkatesh"], "PERSON"),
    ("Could I just take your surname?", "Okonkwo.", ["Okonkwo"], "PERSON"),
    ("and the surname", "uh kowalczyk", ["kowalczyk"], "PERSON"),
    ("What's the patient's name?", "Her name is Siobhan Gallagher.", ["Siobhan Gallagher"], "PERSON"),
    ("And what's her first name?", "Ottoline.", ["Ottoline"], "PERSON"),
    ("Who is the emergency contact?", "My neighbor Torsten Holmgren.", ["Torsten Holmgren"], "PERSON"),
    ("What name is the booking under?", "It should be under Takahashi.", ["Takahashi"], "PERSON"),
    ("And you are?", "Dmitri.", ["Dmitri"], "PERSON"),
    ("Can I get your name?", "It is generally for month.", ["generally for month"], "PERSON"),
    # spelling
    ("How do you spell that?", "S-I-O-B-H-A-N.", ["S-I-O-B-H-A-N"], "SPELLED_NAME"),
    ("Could you spell the last name for me?", "Yes, N G U Y E N.", ["N G U Y E N"], "SPELLED_NAME"),
    ("How is that spelt?", "It's NGVYN.", ["NGVYN"], "SPELLED_NAME"),
    # numbers
    ("And the card number?", "Yeah, 4539 1488 0343 6467.", ["4539 1488 0343 6467"], "ID_NUMBER"),
    (
        "I just need the long number on the front of the card.",
        "okay 4 5 3 9, 1 4",
        ["4 5 3 9, 1 4"],
        "ID_NUMBER",
    ),
    ("Go ahead with the number.", "Okay so it's 0 7 7 double 1.", ["0 7 7 double 1"], "ID_NUMBER"),
    ("What's the best number to reach you on?", "That would be 555, 0142.", ["555, 0142"], "ID_NUMBER"),
    ("Do you have your booking reference handy?", "Yes, it is XC3FQS.", ["XC3FQS"], "ID_NUMBER"),
    ("what does the customer number on the letter say", "um that would be XL 850", ["XL 850"], "ID_NUMBER"),
    ("Tell me your policy number", "Let me see, one moment. It's 8 8 1 3.", ["8 8 1 3"], "ID_NUMBER"),
    ("Can you confirm the last four of your social?", "Sure. 5 0 double 3.", ["5 0 double 3"], None),
    ("And the three digits on the back?", "Six oh five.", ["Six oh five"], "PIN_CODE"),
    ("In the free digits on the back.", "605", ["605"], "PIN_CODE"),
    (
        "I've just sent a code to your phone, could you read it to me?",
        "It says 895-324.",
        ["895-324"],
        "PIN_CODE",
    ),
    ("What's the expiry?", "December twenty six.", ["December twenty six"], "CARD_EXPIRY"),
    ("and the expiration date", "oh four twenty nine", ["oh four twenty nine"], "CARD_EXPIRY"),
    ("Your date of birth for security?", "The 17th of June 1996.", ["17th of June 1996"], "DATE_OF_BIRTH"),
    ("And your date of bird?", "July seventh.", ["July seventh"], "DATE_OF_BIRTH"),
    ("And your house number?", "It's number nine.", ["nine"], "STREET_ADDRESS"),
    ("What was the name of your first pet?", "It was patch.", ["patch"], "PASSWORD"),
    ("What day were you born?", "The 12th of May.", ["12th of May"], "DATE_OF_BIRTH"),
    ("when were you born", "third of march nineteen sixty", ["third of march nineteen sixty"], "DATE_OF_BIRTH"),
    ("And how old are you now?", "I am 66 years old.", ["66"], "AGE"),
    ("What's your postcode?", "It's SW1A 2AA.", ["SW1A 2AA"], "POSTAL_CODE"),
    ("And your zip?", "Nine oh two one oh.", ["Nine oh two one oh"], "POSTAL_CODE"),
    ("What is the license plate of the vehicle?", "The plate is VGW-2912.", ["VGW-2912"], "LICENSE_PLATE"),
    ("Can I take the registration?", "L T 5 1, D K E.", ["L T 5 1, D K E"], "LICENSE_PLATE"),
    # places
    ("What's your address?", "We live at 97 Harbourview Lane.", ["97 Harbourview Lane"], "STREET_ADDRESS"),
    ("Is it still 40 Mill Road?", "No, the new place is 12 Kensington Court.", ["12 Kensington Court"], None),
    ("And what city is that?", "Worcester.", ["Worcester"], "LOCATION"),
    # mail, users, secrets
    (
        "What email address should I use?",
        "m dot johnson at gmail dot com",
        ["m dot johnson at gmail dot com"],
        None,
    ),
    ("And your e-mail?", "It's mjonsonatgmail.com.", ["mjonsonatgmail.com"], "EMAIL_ADDRESS"),
    ("What's your mother's maiden name?", "Marmalade.", ["Marmalade"], "PASSWORD"),
    ("And the phone password on your profile?", "I think it is sparrow 93.", ["sparrow 93"], "PASSWORD"),
    ("What's the answer to your security question?", "Okay, blue heron.", ["blue heron"], "PASSWORD"),
]


@pytest.mark.parametrize(("question", "answer", "muted", "entity"), QUESTIONS)
def test_the_answer_on_the_other_channel_is_muted(question, answer, muted, entity):
    transcript = conversation(f"a: {question}", f"b: {answer}", "a: Okay, thank you for that.")
    found = answers(transcript)
    assert texts(transcript, found) == muted
    if entity:
        assert entity in {pii.entity_type for pii in found}


@pytest.mark.parametrize(("question", "answer", "muted", "entity"), QUESTIONS)
def test_the_answer_in_one_channel_is_muted(question, answer, muted, entity):
    turns = f"a: {question}", f"b: {answer}", "a: Thank you. Is there anything else I can do?"
    transcript = conversation(*turns, mono=True)
    # "Still at 40 Mill Road" lies behind the question's own words in one channel.
    assert texts(transcript, answers(transcript))[-1:] == muted


EVASIONS = [
    ("Can I have your full name?", "Why do you need that?"),
    ("Can I have your full name?", "Sorry, can you repeat that?"),
    ("Who am I speaking to?", "Good morning, how are you?"),
    ("And the card number?", "I don't have it with me."),
    ("And the card number?", "One moment, let me get my wallet."),
    ("And the card number?", "Which one do you mean?"),
    ("Could you confirm the last four?", "No, I'd rather not."),
    ("What's your date of birth?", "Yes, that is right."),
    ("What's your date of birth?", "You have it on file already."),
    ("What's your address?", "It's the same as before."),
    ("What's your e-mail address?", "I don't use e-mail."),
    ("What's your password?", "I forgot it."),
    ("What's the best number to reach you on?", "The one you are calling."),
    ("How do you spell that?", "Just like it sounds."),
    ("And the postal code there?", "I don't know."),
]


@pytest.mark.parametrize(("question", "answer"), EVASIONS)
@pytest.mark.parametrize("mono", [False, True])
def test_an_evasive_answer_stays(question, answer, mono):
    transcript = conversation(f"a: {question}", f"b: {answer}", mono=mono)
    assert texts(transcript, answers(transcript)) == []


HARMLESS = [
    ("What seems to be the problem?", "The charger broke after 12 days."),
    ("What is the number of boxes?", "I ordered 20 of them."),
    ("Your name is on the list.", "Great, I will be there at 4 30."),
    ("The account number does not match.", "I paid $250 on Tuesday."),
    ("What is the name of the tablets?", "It's amoxicillin."),
    ("Can I help you find the right size?", "A size 42 please."),
    ("How long have you had the pain?", "About 3 weeks."),
    ("I will call you back at four.", "Okay, after half past 4."),
    ("I lost my card because I moved.", "That was 150 miles away."),
    ("Can you check if the address changed?", "It takes 10 minutes."),
    ("How many do you want?", "A hundred and twenty."),
    ("Is the number of people correct?", "We are 12 people."),
]


@pytest.mark.parametrize(("question", "answer"), HARMLESS)
@pytest.mark.parametrize("mono", [False, True])
def test_what_was_not_asked_for_stays(question, answer, mono):
    transcript = conversation(f"a: {question}", f"b: {answer}", mono=mono)
    assert texts(transcript, answers(transcript)) == []


def test_words_around_the_value_stay():
    transcript = conversation(
        "a: Can I take your date of birth?",
        "b: Sure, let me think, um, it is the 4th of May 1987, yes that is right.",
    )
    assert texts(transcript, answers(transcript)) == ["4th of May 1987"]


def test_an_answer_ends_when_the_asker_goes_on():
    transcript = conversation(
        "a: May I take your name?",
        "b: Anna Schmidt.",
        "a: Thank you. Now tell me what happened with the delivery.",
        "b: Well, Melbourne was cold and the parcel never came.",
    )
    assert texts(transcript, answers(transcript)) == ["Anna Schmidt"]


def test_a_patient_asker_does_not_end_the_answer():
    transcript = conversation(
        "a: And the card number?",
        "b: 4539",
        "a: Mm-hm.",
        "b: 1488",
        "a: Take your time, no rush.",
        "b: 0343 6467.",
    )
    assert texts(transcript, answers(transcript)) == ["4539 1488 0343 6467"]


def test_two_things_asked_in_one_sentence():
    transcript = conversation(
        "a: Could you confirm your birthday and your zip code?",
        "b: I was born on the 5th of May 1946 and the zip is 76769.",
    )
    assert texts(transcript, answers(transcript)) == ["5th of May 1946 and the zip is 76769"] or texts(
        transcript, answers(transcript)
    ) == ["5th of May 1946", "76769"]


def test_an_answer_may_overlap_the_question():
    question = Segment(
        0, "en", None, 0.0, 3.0,
        tuple(
            Word(t, i * 0.5, i * 0.5 + 0.5, 0.9)
            for i, t in enumerate("And the card number please sir?".split())
        ),
        0.0, 0.0, 1.0,
    )  # fmt: skip
    answer = Segment(
        1, "en", None, 1.8, 3.0, (Word("4539", 1.8, 2.4, 0.9), Word("1488", 2.4, 3.0, 0.9)), 0, 0, 1
    )
    transcript = Transcript.build(4.0, [question, answer])
    assert texts(transcript, answers(transcript)) == ["4539 1488"]


def test_an_answer_too_late_is_none():
    transcript = conversation("a: And the card number?", "b: 4539 1488 0343", pause=30.0)
    assert texts(transcript, answers(transcript)) == []


def test_in_one_channel_digits_may_stand_in_the_question_itself():
    transcript = conversation(
        "a: Can you give me the last four of your social 4258? 4258, thank you.", mono=True
    )
    assert texts(transcript, answers(transcript)) == ["4258? 4258"]


def test_a_doubtful_answer_is_for_strict_policies_only():
    transcript = conversation("a: Can I have your name?", "b: Sure, it is the land though month.")
    found = answers(transcript)
    assert texts(transcript, found) == []
    assert texts(transcript, found, least=0.3)


BARE = [
    "PITTSBURGH", "fifteen two sixteen", "S I O B H A N", "meadow lane", "Anishmet",
    "march third nineteen sixty",
    "FIFTY TWO SEVENTEEN", "oh six one five oh", "november oscar whiskey", "Kowalczyk",
    "john nowakowski", "four one two, five five five, one two", "F E B ONE EIGHT ONE NINE SIX FOUR",
    "OAKDALE ROAD", "415-555-2671", "M G E FOUR OH TWO",
]  # fmt: skip
NOT_BARE = [
    "yes", "okay thank you", "stop", "volume up", "turn off the lights", "coffee please", "medium roast",
    "cappuccino with oat milk", "next song", "play jazz", "good morning", "Perfect.", "All right.", "Mm-hm.",
    "What?", "double shot", "Great, thanks.", "Absolutely.", "No problem at all.", "ten", "alexa",
    "the fast lane",
    "Large latte, no sugar.", "Hello?", "ibuprofen", "two percent milk", "pause", "Is that it?", "Netflix",
    "twenty dollars", "at four", "seven business days", "Bye.",
]  # fmt: skip


@pytest.mark.parametrize("text", BARE)
@pytest.mark.parametrize("casing", [str, str.lower])
def test_a_bare_value_is_muted(text, casing):
    transcript = conversation(f"a: {casing(text)}")
    (pii,) = fragments(transcript)
    assert pii.entity_type == "ANSWER"
    assert pii.score >= MUTED_FROM
    assert transcript.text(0)[pii.char_start : pii.char_end] == casing(text).rstrip(".")


def test_a_spelling_in_shreds_is_muted():
    transcript = conversation("a: Um, WH-IT-N-E-Y.")
    assert texts(transcript, fragments(transcript)) == ["Um, WH-IT-N-E-Y"]


@pytest.mark.parametrize("text", NOT_BARE)
def test_a_short_turn_that_is_no_value_stays(text):
    transcript = conversation(f"a: {text}")
    assert texts(transcript, fragments(transcript)) == []


def test_a_bare_turn_among_others_is_muted():
    transcript = conversation(
        "a: Okay then, I am listening.", "b: Kowalczyk.", "a: Good.", "b: And I want to pay it.", pause=1.5
    )
    assert texts(transcript, fragments(transcript)) == ["Kowalczyk"]


@pytest.mark.parametrize("mono", [False, True])
@pytest.mark.parametrize(("question", "answer", "muted", "entity"), QUESTIONS)
def test_spans_begin_and_end_on_words(question, answer, muted, entity, mono):
    transcript = conversation(f"a: {question}", f"b: {answer}", mono=mono)
    for pii in (*answers(transcript), *fragments(transcript)):
        text = transcript.text(pii.channel)
        assert 0 <= pii.char_start < pii.char_end <= len(text)
        assert text[pii.char_start].isalnum() or text[pii.char_start] in "$£€"
        assert pii.recognizer == "ConversationRecognizer"
        assert pii.hearing == 0
        assert pii.score in (0.6, 0.4)


def test_nothing_is_found_in_nothing():
    transcript = Transcript.build(3.0, [])
    assert answers(transcript) == []
    assert fragments(transcript) == []
