"""What people say when they ask for personal data, and what they say around an answer. Tables only.

A question is a way of asking (ASKS) and a thing asked for (THINGS) in one sentence, or a phrase that is both
(QUESTIONS). Every entry is phrases in lower case without punctuation, separated by "|"; the longest that fits
counts. They are read by :mod:`redactor.detect.questions`.
"""

from __future__ import annotations

from enum import StrEnum

from redactor.detect.recognizers.dates import MISHEARD_BIRTH
from redactor.detect.recognizers.slots import Cues
from redactor.detect.recognizers.spoken import FILLERS


class Asked(StrEnum):
    """What an answer will hold; the value is the entity type it is reported as."""

    NAME = "PERSON"
    SPELLING = "SPELLED_NAME"
    NUMBER = "ID_NUMBER"
    CODE = "PIN_CODE"
    EXPIRY = "CARD_EXPIRY"
    BIRTH = "DATE_OF_BIRTH"
    AGE = "AGE"
    POSTCODE = "POSTAL_CODE"
    PLATE = "LICENSE_PLATE"
    ADDRESS = "STREET_ADDRESS"
    PLACE = "LOCATION"
    EMAIL = "EMAIL_ADDRESS"
    USER = "USER_NAME"
    SECRET = "PASSWORD"


# Ways of asking. A thing follows within a few words, in the same sentence.
ASKS = Cues(
    {
        "can i|can i have|can i get|can i take|can i just|can i ask|can we|could i|could we|may i|might i|"
        "may we|may i know|can i know|shall i take|let me take|let me get|let me have|let me just get|"
        "let me just take|let me grab|let's have|let's get|let's start|if i can|if i could|if we could|"
        "if you can|if you could|if you would|if you don't mind": None,
        "can you|could you|would you|will you|can you please|could you please|would you mind|do you mind|"
        "you mind|mind giving|mind telling|mind confirming": None,
        "please give|please tell|please confirm|please verify|please provide|please state|please enter|"
        "please say|please read|please repeat|please spell|please share|kindly give|kindly tell|"
        "kindly confirm|kindly share|kindly provide|kindly|give me|give us|tell me|tell us|read me|read out|"
        "confirm|verify|state|say|enter|spell|spell out|repeat": None,
        "i need|i just need|i'll need|i will need|i'm going to need|i am going to need|gonna need|i'd need|"
        "we need|we'll need|we will need|need you to|i require|all i need|what i need|need to confirm|"
        "need to verify|need to take|need to get|have to ask|have to verify|need to ask|i'll take|"
        "i'll just take|i'll grab|i'll get|i'd like to verify|i would like to verify|like to confirm|"
        "looking for|ask for|asking for|ask you for|take down": None,
        "what is|what's|whats|what was|what are|what're|what were|what|which|and which": None,
        "do you have|do you know|have you got|do you remember|do you recall|you have": None,
        "go ahead with|ready for|start with|starting with|begin with|beginning with|how about|what about": None,
        "is there|has he got|has she got|who is|who's|who was|who are|who will be": None,
    }
)

# Things asked for. Adjectives in between do not matter: "your full legal name" is a name.
THINGS: Cues[Asked] = Cues(
    {
        "name|names|surname|surnames|forename|christian name|good name|initials|full name|first name|"
        "last name|first and last name|middle name|family name|given name|cardholder|account holder|"
        "account holder's name|emergency contact|next of kin|card holder|policy holder|policyholder|"
        "passenger|passengers|contact person|"
        "primary contact|main contact|account owner|name on the card|name on the account|name of the patient|"
        "name of the account holder|name of the passenger|name of your doctor|name of your gp|beneficiary|"
        "beneficiaries|your gp|your doctor": Asked.NAME,
        "spelling|spelling of": Asked.SPELLING,
        "number|numbers|phone number|mobile|mobile number|cell number|cell|landline|telephone|digits|"
        "account number|card number|number on the card|number of your card|number of the card|"
        "number on the front|reference|reference number|order number|booking reference|confirmation code|"
        "confirmation number|record locator|pnr|policy number|member id|membership id|member number|id|"
        "i d|customer id|customer number|account id|patient id|patient number|national insurance|social|"
        "social security|ssn|nhs number|medicare|medicaid|aadhaar|aadhar|pan card|passport|passport number|"
        "tax id|tax file number|iban|sort code|routing|routing number|swift code|swift|ifsc|ifsc code|bsb|"
        "long number|tracking|tracking number|serial number|imei|contact details|contact number|callback|"
        "callback number|call back number|driver's license|drivers license|driver's licence|"
        "driving licence|driving license|extension|card details|bank details|visa card|credit card|"
        "debit card|digit number|claim number|case number|ticket number|invoice number": Asked.NUMBER,
        "last four|last 4|last four digits|last 4 digits|last three|last 3|last five|last six|first six|"
        "three digits|3 digits|free digits|four digits|4 digits|three digit code|3 digit code|"
        "three digit number|3 digit number|three numbers|3 numbers|code|codes|security code|"
        "security number|cvv|c v v|cvc|c v c|cv2|cvv2|csc|pin|pin number|p i n|passcode|pass code|"
        "one time code|one time password|one time passcode|otp|o t p|verification code|"
        "authorization code|authorisation code|access code|door code|gate code|telephone pin|"
        "digits on the back|numbers on the back|number on the back": Asked.CODE,
        "expiry|expiry date|expiration|expiration date|exp date|expiring date|valid thru|valid through|"
        "expires end|date on the card|month and year": Asked.EXPIRY,
        "date of birth|dates of birth|birth date|birthdate|birthday|d o b|dob|day of birth|year of birth|"
        "month and year of birth": Asked.BIRTH,
        MISHEARD_BIRTH: Asked.BIRTH,
        "age|exact age": Asked.AGE,
        "zip|zip code|zipcode|postcode|post code|postal code|postal|area code|pin code|area pin code|"
        "billing zip|eircode": Asked.POSTCODE,
        "license plate|licence plate|license plate number|plate|plates|number plate|plate number|"
        "registration|registration number|vehicle registration|reg|rego|reg number|tag number|"
        "car registration|vin|vin number": Asked.PLATE,
        "address|mailing address|billing address|shipping address|home address|street|street name|"
        "street address|house number|house name|house number or name|flat number|apartment number|"
        "unit number|first line|first line of your address|line of the address|door number|"
        "delivery address|residence": Asked.ADDRESS,
        "city|town|suburb|county|village|hometown|home town|city and state|state and zip|place of birth|"
        "town of birth|city of birth|landmark|employer|workplace": Asked.PLACE,
        "email|e mail|email address|e mail address|mail id|email id|e mail id|email i d|mail "
        "address": Asked.EMAIL,
        "username|user name|user id|user i d|login|login id|login name|handle|screen name|gamer tag|"
        "gamertag|skype id": Asked.USER,
        "password|passwords|pass word|passphrase|pass phrase|security word|secret word|memorable word|"
        "memorable place|memorable name|memorable date|code word|codeword|safe word|phone password|"
        "security answer|answer to your|answer to the|answer for your|security question|maiden name|"
        "mother's maiden name|mothers maiden name|mum's maiden name|mom's maiden name|first pet|pet's name|"
        "name of your pet|name of your first pet|first school|name of your first school|primary school|"
        "elementary school|favourite teacher|favorite teacher|first car|street you grew up on|"
        "city you were born in|town you were born in|childhood nickname|childhood friend|"
        "mother's birthplace|wifi password|pets name": Asked.SECRET,
    }
)

# Questions that need no thing.
QUESTIONS: Cues[Asked] = Cues(
    {
        "am i speaking to|am i speaking with|am i talking to|am i talking with|i am speaking to|"
        "i am speaking with|i'm speaking to|i'm speaking with|i'm talking to|i am talking to|am i speaking|"
        "do i have the pleasure of speaking|do i have on the line|do i have on the phone|who do i have|"
        "who's calling|who is calling|whos calling|who's this|who is this|who's speaking|who is speaking|"
        "who's that|who am i|who are you|you are called|are you called|is he called|is she called|"
        "are they called|do i call you|should i call you|can i call you by|i address you|i call you|"
        "do you go by|"
        "who should we contact|who should i contact|who can we contact|"
        "anyone else who should|anybody else who should|who else|who will be|who'll be|who would be|"
        "who shall i say|who may i say|who can i say|who should i say|who is it for|who's it for|"
        "who is that for|who are you calling|who do you want to call|"
        "who do you want to|who would you like to|whose name|account in the name of|is it under|"
        "find it under|put it under|book it under|"
        "account under|booking under|reservation under|"
        "and you are|may i say is calling|is it your gp|who referred you": Asked.NAME,
        "how do you spell|how do i spell|how is that spelled|how's that spelled|how is that spelt|"
        "how's that spelt|how is it spelled|how do you write|how does that spell|spell that|spell it|"
        "spell your|spell the|spell out|spell his|spell her|can you spell|could you spell|"
        "would you spell|spell me|with a c or|is that with a": Asked.SPELLING,
        "how old|what age|age are you|age is he|age is she": Asked.AGE,
        "when were you born|day were you born|when was he born|when was she born|when is your birthday|"
        "when's your birthday|"
        "were you born on|year were you born|born in which": Asked.BIRTH,
        "when does it expire|when does that expire|when does the card expire|when is it valid|"
        "when will it expire|date does it expire": Asked.EXPIRY,
        "where do you live|where are you living|where do you stay|where you live|where you stay|"
        "where are you staying|where should we send|where should i send|where shall we send|"
        "where shall i send|where would you like it|where would you like that|where is it going|"
        "where are we delivering|where are we sending|where can we send|is it still at|still live at|"
        "still living at|still at|where should we deliver|where do we deliver|where does he live|"
        "where does she live|where should i pick you up|picking you up|where are you located": Asked.ADDRESS,
        "is it still": Asked.ADDRESS,
        "where can i send|where do i send|where should this be sent|where can we email|"
        "where can i email": Asked.EMAIL,
        "where are you calling from|where were you born|where you from|where are you from": Asked.PLACE,
        "reach you|contact you|call you back|ring you back|get hold of you|get a hold of you|"
        "reach you on|reach you at|call you back on|call you back at|text you|call you on": Asked.NUMBER,
        "which card would you like to use|which card|how would you like to pay|how will you be paying|"
        "read me the number|read the number|number whenever you are ready|ready when you are|"
        "whenever you're ready": Asked.NUMBER,
        "sent a code|sent you a code|texted you a code|sent a text|sending you a code|send you a code|"
        "text you a code|sent a six digit|sent you a six digit|sent an otp|read it to me|"
        "read it back to me|read that to me|read me the code|code we sent|code i sent": Asked.CODE,
    }
)

# A question about anything else: whatever was asked before is over.
OTHER_QUESTIONS = Cues(
    {
        "is there anything|anything else|did you know|did you try|have you tried|how can i help|"
        "how may i help|what can i do|what seems|do you want|would you like|is that correct|is that right|"
        "does that|is this|are you|did you|how long|how much|how many|why|were you": None
    }
)

# Behind these a thing is not asked for: "the number of days", "your name is on it".
NOT_ASKED_AFTER = frozenset(
    "is was has had will would should must are were have isn't wasn't hasn't can't doesn't does did matches "
    "changed works field system policy history balance statement statements limit plan line lines again "
    "reader holder's itself yesterday brand".split()
)
# "Name of" and "number of" ask for it only with one of these behind: not "the name of the tablets".
OF_WHOM = frozenset(
    "account address applicant baby bank beneficiary birth booking caller card cardholder carer cat "
    "child client "
    "company contact customer daughter doctor dog driver emergency employer father gp guest holder husband "
    "insured landlord lead main mother next order owner partner passenger patient person pet policy "
    "policyholder primary registration school son teacher tenant vehicle whoever wife".split()
)
# Behind a thing that is asked for by its bare name: "email address please".
TAILS = frozenset(
    "again also and as associated at attached beginning can could first for from here if in it "
    "madam ma'am now of "
    "on or please registered sir so starting that then there to today too under we when whenever "
    "which with you "
    "your".split()
)
# Between a way of asking and its thing these turn the sentence elsewhere: "what is wrong with the card".
BREAKS = frozenset(
    "about because before but check change changed explain find help if look pay so than then when where "
    "while why wrong update updated use used cancel cancelled lost stolen help going because".split()
)
# Before a thing that opens a sentence: "and the surname", "great, now your date of birth".
OPENERS = FILLERS | frozenset(
    "alright all also and another any customer customer's finally first full great her his just last lastly "
    "for in lovely my new next now ok okay one or patient's perfect please right security so sure "
    "thank thanks that's "
    "the their then you you're your current legal complete home sixteen long best got it".split()
)

# Closing words of an answer in a recording of one channel, by the one who asked.
CLOSINGS = Cues(
    {
        "thank you|thanks|great|perfect|lovely|excellent|wonderful|brilliant|got it|alright|all right|"
        "okay so|ok so|okay and|okay let|okay thank|okay i|very good|awesome|fantastic|much appreciated|"
        "cheers|i found you|i have found|i see your|let me read|let me pull|let me check|let me just|"
        "pulling that up|i will update|i'll update|i have noted|one moment while|please hold|"
        "i can see|that matches|that's a match|and how can i|how can i help|no problem": None
    }
)

# Whoever says this has no answer yet, or none; the rest of the clause is no value.
STALLS = Cues(
    {
        "let me|one moment|one second|one sec|just a moment|just a second|just a sec|just a minute|hold on|"
        "hang on|bear with|give me a|i don't|i do not|i didn't|i can't|i cannot|i couldn't|not sure|"
        "i forgot|i've forgotten|i have forgotten|don't remember|can't remember|don't know|no idea|"
        "don't have|haven't got|do you need|do you want|can you repeat|could you repeat|say that again|"
        "can you say|could you say|what was that|sorry what|pardon|excuse me|come again|didn't catch|"
        "didn't hear|where do i|where can i|where is|is that the|is it the|do you mean|you mean|which one|"
        "take your time|you already|same as|the same|find it|get it|grab it|grab my|get my|find my|"
        "my wallet|my card|my purse|my glasses|why do you|what do you|are you able|i'd rather|"
        "i would rather|prefer not|rather not|i'm driving|no problem|of course|i think so|thank you|"
        "i need|i want|i would like|i'd like|i ordered|i am calling|i'm calling|can i|could i|"
        "will it|is there|i have a|i've got a|happy to|there is no|have to look|on my phone|"
        "in front of me|that is right|that is correct|that's right|that's correct|is correct": None
    }
)
