"""Words about numbers: what sounds like a digit, what joins digits, what a number counts."""

from __future__ import annotations

from redactor.detect.recognizers.spoken import FILLERS, MEASURES

# What recognizers write for a digit inside a run.
SOUNDS = {
    "to": "2", "too": "2", "tu": "2", "do": "2", "for": "4", "fore": "4", "ford": "4", "ate": "8", "hate": "8",
    "eights": "8", "won": "1", "wan": "1", "tree": "3", "free": "3", "sex": "6", "sick": "6", "sicks": "6",
    "owe": "0", "nein": "9", "go": "0", "line": "9", "fife": "5", "zeros": "0", "fours": "4", "fives": "5",
    "nines": "9",
}  # fmt: skip
# Said between the parts of one number; no more of the second sort in a row than these many.
JOINERS = FILLERS | frozenset("comma dash dot hyphen period slash space stroke underscore".split())
SOFT = frozenset(
    "actually again and as but by followed i is it it's know let like me mean next no now ok okay "
    "please right see so sorry that that's the then wait well with yeah yes you".split()
)
# Hung onto a number, they count or order: "17th", "500mg", "80s".
SUFFIXES = frozenset(
    "am bn cm ft g gb ghz hr hrs hz k kb kg khz km kph kw kwh lb lbs m mb mcg mg mhz min mins ml mm mph "
    "nd oz p pm rd s sec secs st tb th v volt volts w watt watts x".split()
)
# Counts and measures beside the shared ones.
COUNTED = MEASURES | frozenset(
    "acre acres ago amp amps bedroom bedrooms bpm bps caller callers calories card cards celsius "
    "character characters customer customers decade decades digit digits dozen employees episode "
    "episodes fahrenheit families fold gb grand grands half hundreds kg kilograms kilometre kilometres "
    "km kph lb lbs letters mb mcg mg milliliter milliliters millilitres milliseconds ml mm mph newton "
    "numbers o'clock of ones orders ounce ounces oz p packs page pages pence percentage pint pints "
    "places plus points puffs quarter quarters rooms rupees seats sets shares sides sites something "
    "square stone storey stories tablet tablets tests th thousands ticket tickets ton tonnes tons units "
    "users volts watts white words yard yards yen yr yrs".split()
)
MULTIPLIERS = {
    "hundred": "00", "thousand": "000", "lakh": "00000", "million": "000000", "crore": "0000000",
    "billion": "000000000",
}  # fmt: skip
# Short words in capitals that are no letters of a code.
ACRONYMS = frozenset(
    "ac ai am apr asap atm bbc bmw bp cbs ceo cm cnn covid cpr cpu ct cv dc diy dna dr dvd ecg ekg er "
    "eu faq fbi fm ft gb gbp gmt gp gps gpu gtx hd hdmi hiv hr html http icu id ios ipad iphone irs iso "
    "isp it itv kb km la lcd led lg ltd mac mb mg mhz ml mm mp mph mr mri mrs ms mtv nasa nato nba nbc "
    "nfl nhl nhs no npr ny nyc oh ok okay pbs pc pdf pin pm ps rtx sd sim sms ssn suv tb tv uk ups url "
    "us usa usb usd usps utc vat vip vpn wd wifi www xbox zip".split()
)
# They announce a number and are no part of it.
ANNOUNCING = frozenset("cvc cvv dob iban id no ok okay otp pan pin ref ssn vin zip".split())
# Between two numbers, these set them apart: "120 over 80".
BETWEEN = frozenset(
    "about above after around at before below between but by came from had has have in into left less "
    "minus more off on or over past per said since than until up versus was were within without".split()
)
# In front of a value.
BEFORE_VALUE = frozenset("is are was it's that's number number's numbers well yes yeah okay um uh so".split())
# "This one", "no one": not a digit.
ONE = frozenset(
    "another any each every good last new next no old only other some that the this which".split()
)
# "The last four": not a digit either.
LAST = frozenset("final first last next past previous top".split())
