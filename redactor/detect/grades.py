"""How much a word can be part of a value of some kind: a number, a date, a name, an address."""

from __future__ import annotations

from enum import IntEnum

from redactor.detect.recognizers.lexicon import FUNCTION_WORDS, Standing, place_length, rank, standing
from redactor.detect.recognizers.slots import text_at
from redactor.detect.recognizers.spoken import FILLERS, MEASURES, MONTHS, ORDINALS, Kind
from redactor.detect.turns import Speech

# Said around a value, never as one.
_AROUND = (
    FUNCTION_WORDS
    | FILLERS
    | frozenset(
        "absolutely account actually address afternoon age answer anyway apologies basically birth birthday "
        "calling capital card case certainly code company correct course customer date day "
        "definitely different "
        "digit digits drive email evening exactly expiry first full given hold honestly id issue last legal "
        "letter letters listening login lowercase maiden member middle mobile moment morning "
        "mother's name names "
        "number numbers obviously old password patient perfect phone pin postcode problem question ready "
        "reference registration second security sir speaking spell spelled spelling spelt street surname sure "
        "telephone thing time ugh uh-huh uppercase username word worries wow yea zip customer's correctly "
        "wonderful lovely excellent brilliant awesome minute sec okey okie alrighty cheers ta mate love dear "
        "information details detail card's website system page file form paper letterhead wallet purse glasses "
        "car house home office work place driver's license".split()
    )
)
# After one of these the value comes at once.
LEADS = frozenset("is it's its that's be name i'm im this under called surname and with".split())
# What recognizers write for a digit, taken for one at the border of a number only.
_SOUNDS = frozenset("for to too ate fore won tree free sex sick hate".split())
_NOT_ONE = frozenset(
    "moment second sec minute thing more of person place way time day problem question".split()
)
_INSIDE_AMOUNT = frozenset("hundred thousand and point million".split())
_BEFORE_TIME = frozenset(
    "about almost around before every half nearly next over past since till under until".split()
)
_LONGEST_CODE = 6
_LONGEST_SPELLING = 12
_NO_CODES = frozenset(
    "gp nhs hr dvla irs dmv am pm ok okay tv usa uk us gb mb id pin zip cvv ssn dvla atm".split()
)
_BEFORE_MONEY = frozenset(
    "about at bill charged cost costs only over owe paid pay spend spent total under was".split()
)
_BEFORE_ONE = frozenset("that this the which another first last new old other right same wrong no any".split())
_MAIL = frozenset(
    "at dot underscore dash hyphen gmail yahoo hotmail outlook icloud aol com co uk org net edu mail live "
    "protonmail proton me dotcom".split()
)
STREETS = frozenset(
    "avenue ave boulevard blvd crescent court gardens grove highway lane mews parade road rd street "
    "terrace nagar marg chowk".split()
)
UNITS = frozenset("flat apartment apt unit suite".split())
_REGION = frozenset("north south east west saint st mount fort port new san santa los las".split())
# An ordinary word from this rank on, alone where a name belongs, is a misheard name.
_UNUSUAL = 4_000
_BRIEF = 3
_MISHEARD = 4
_PLAIN = 1_500
_SAYS = frozenset("is it's i'm name's that's".split())
# With one of these the clause says something else.
_SAYS_MORE = frozenset(
    "about again all been calling correct from good i it just me my no not our out really regarding so still "
    "that their this under very what when where which who why with you your going trying having looking".split()
)


class Grade(IntEnum):
    """How much a word can be part of the value."""

    NO = 0
    MAYBE = 1  # beside others, or where a value belongs
    SURE = 2


def of_number(speech: Speech, index: int) -> Grade:
    token = speech.tokens[index]
    after = text_at(speech.tokens, index + 1)
    if token.is_numeric:
        if _is_counted(speech, index):
            return Grade.NO
        if token.text == "one" and (after in _NOT_ONE or text_at(speech.tokens, index - 1) in _BEFORE_ONE):
            return Grade.NO
        return Grade.SURE
    if token.kind is Kind.LETTER:
        return Grade.SURE if token.text not in ("a", "i") or _is_code_letter(speech, index) else Grade.NO
    if token.kind in (Kind.REPEAT, Kind.AMOUNT):
        return Grade.NO if text_at(speech.tokens, index - 1) in _BEFORE_MONEY else Grade.SURE
    if token.text in _SOUNDS:
        return Grade.MAYBE if _beside_code(speech, index) else Grade.NO
    if is_code_word(speech, index):
        return Grade.SURE
    unknown = standing(token, speech.text) is Standing.NAME
    return Grade.MAYBE if unknown and _beside_code(speech, index) else Grade.NO


def is_code_word(speech: Speech, index: int) -> bool:
    """Letters of a code in one word: "RD-879869", "XC3FQS"."""
    token = speech.tokens[index]
    if token.kind is not Kind.WORD or len(token.text) > _LONGEST_CODE or token.text in _NO_CODES:
        return False
    if not speech.text[token.start : token.end].isupper() or token.text in _AROUND:
        return False
    return _beside_code(speech, index)


def _is_counted(speech: Speech, index: int) -> bool:
    """ "Two hundred fifty three dollars and eighty two", "around 730", "12 days"."""
    tokens = speech.tokens
    at = index + 1
    while at < len(tokens) and at - index < 6 and (tokens[at].is_numeric or tokens[at].text in _INSIDE_AMOUNT):
        at += 1
    if text_at(tokens, at) in MEASURES and at - index < 6:
        return True
    before = text_at(tokens, index - 1)
    if before == "and" and text_at(tokens, index - 2) in MEASURES:
        return True
    alone = at == index + 1 and len(tokens[index].digits) <= 4
    return (
        before in _BEFORE_TIME and alone and index + 1 < len(tokens) and not _is_code_letter(speech, index + 1)
    )


def _is_code_letter(speech: Speech, index: int) -> bool:
    """A letter with a digit or a letter next to it, and no "I" or "a" that opens what follows."""
    tokens = speech.tokens
    if tokens[index].kind is not Kind.LETTER or not _beside_code(speech, index):
        return False
    if tokens[index].text not in ("a", "i"):
        return True
    after = tokens[index + 1] if index + 1 < len(tokens) else None
    ends = after is None or speech.opens_clause(index + 1)
    return not speech.opens_sentence(index) and (ends or after.is_numeric or after.kind is Kind.LETTER)


def _beside_code(speech: Speech, index: int) -> bool:
    """A digit or another letter stands next to it."""
    tokens = speech.tokens
    return any(
        0 <= i < len(tokens)
        and (tokens[i].is_numeric or (tokens[i].kind is Kind.LETTER and tokens[i].text not in "ai"))
        for i in (index - 1, index + 1)
    )


def of_date(speech: Speech, index: int) -> Grade:
    token = speech.tokens[index]
    if token.text in MONTHS and not (token.text in ("may", "march") and _is_verb(speech, index)):
        return Grade.SURE
    if token.text in ORDINALS:
        return Grade.MAYBE
    if token.is_numeric and text_at(speech.tokens, index + 1) in ("hundred", "thousand"):
        return Grade.SURE
    return of_number(speech, index)


def _is_verb(speech: Speech, index: int) -> bool:
    """ "May" and "march" with no number near."""
    near = speech.tokens[max(index - 3, 0) : index + 3]
    return not any(t.is_numeric or t.text in ORDINALS for t in near)


def of_age(speech: Speech, index: int) -> Grade:
    token = speech.tokens[index]
    after = text_at(speech.tokens, index + 1)
    if not token.is_numeric or (after in MEASURES and after not in ("years", "year", "months")):
        return Grade.NO
    if after in _NOT_ONE:
        return Grade.NO
    long = token.kind in (Kind.TENS, Kind.TEEN, Kind.NUMBER) or _beside_code(speech, index)
    return Grade.SURE if long else Grade.MAYBE


def of_name(speech: Speech, index: int) -> Grade:
    token = speech.tokens[index]
    if token.kind is Kind.LETTER:
        return Grade.SURE if _beside_letter(speech, index) else Grade.NO
    if token.kind is not Kind.WORD:
        return Grade.NO
    if _is_shouted(speech, index):
        return Grade.SURE
    if token.text in _AROUND:
        return Grade.NO
    grade = standing(token, speech.text)
    if grade >= Standing.CAPITALISED:
        return Grade.SURE
    if grade is Standing.AMBIGUOUS:
        return Grade.SURE if in_slot(speech, index) else Grade.MAYBE
    if grade is Standing.ORDINARY and (misheard := _misheard(speech, index)):
        return misheard
    if grade is Standing.ORDINARY and in_slot(speech, index):
        return Grade.SURE if rank(token.text) > _UNUSUAL and _is_brief(speech, index) else Grade.MAYBE
    return Grade.NO


def _is_shouted(speech: Speech, index: int) -> bool:
    """A spelling that was written as a word: "NGVYN", "GRAC"; where all is in capitals that says nothing."""
    token = speech.tokens[index]
    if token.text in _NO_CODES or not 2 <= len(token.text) <= _LONGEST_SPELLING:
        return False
    if not speech.text[token.start : token.end].isupper() or not any(c.islower() for c in speech.text):
        return False
    return (len(token.text) > 2 or _beside_letter(speech, index)) and token.text not in FUNCTION_WORDS


def in_slot(speech: Speech, index: int) -> bool:
    """First of its clause, or right behind "it's", "name is"."""
    return speech.opens_clause(index) or speech.tokens[index - 1].text in LEADS


def _misheard(speech: Speech, index: int) -> Grade:
    """A word of "it is generally for month": what a name became, in a short clause that says what it is."""
    first = index
    while index - first < _MISHEARD and first > 0 and not speech.opens_clause(first):
        if speech.tokens[first - 1].text in _SAYS:
            break
        first -= 1
    if first == 0 or speech.tokens[first - 1].text not in _SAYS or speech.opens_clause(first):
        return Grade.NO
    stop = first
    while stop < len(speech.tokens) and (stop == first or not speech.opens_clause(stop)):
        if stop - first >= _MISHEARD or speech.tokens[stop].text in _SAYS_MORE:
            return Grade.NO
        stop += 1
    words = [t.text for t in speech.tokens[first:stop] if t.text not in FUNCTION_WORDS]
    if _AROUND.intersection(words):
        return Grade.NO
    return Grade.SURE if any(rank(word) > _PLAIN for word in words) else Grade.MAYBE


def _is_brief(speech: Speech, index: int) -> bool:
    """The clause ends soon behind a token, and has no verb or joint in it until then."""
    for at in range(index + 1, index + 1 + _BRIEF):
        if at >= len(speech.tokens) or speech.opens_clause(at):
            return True
        if speech.tokens[at].text in _AROUND:
            return False
    return False


def _beside_letter(speech: Speech, index: int) -> bool:
    tokens = speech.tokens
    if tokens[index].text in ("a", "i") and index + 1 < len(tokens):
        after = tokens[index + 1]
        if after.text in ("a", "i") and not speech.opens_clause(index + 1):
            return False  # a stutter
        if after.kind is not Kind.LETTER and not speech.opens_clause(index + 1):
            return tokens[index].text == "a" and after.text == "as"
    return any(0 <= i < len(tokens) and tokens[i].kind is Kind.LETTER for i in (index - 1, index + 1)) or (
        text_at(tokens, index + 1) in ("as", "for", "like") and tokens[index].text != "i"
    )


def of_address(speech: Speech, index: int) -> Grade:
    token = speech.tokens[index]
    if token.is_numeric or token.kind is Kind.AMOUNT:
        return of_number(speech, index)
    if token.text in UNITS or token.text in ORDINALS:
        return Grade.MAYBE
    if token.text in STREETS:
        return Grade.NO if index and speech.tokens[index - 1].text in FUNCTION_WORDS else Grade.MAYBE
    if token.kind is Kind.LETTER:
        return Grade.SURE if _is_code_letter(speech, index) else Grade.NO
    if token.text in _AROUND or token.kind is not Kind.WORD:
        return Grade.NO
    if standing(token, speech.text) >= Standing.CAPITALISED:
        return Grade.SURE
    before = speech.tokens[index - 1] if index else None
    return Grade.MAYBE if before and (before.is_numeric or before.text in _REGION) else Grade.NO


def of_place(speech: Speech, index: int) -> Grade:
    token = speech.tokens[index]
    if token.text in _AROUND or token.kind is not Kind.WORD:
        return Grade.SURE if token.kind is Kind.LETTER and _beside_letter(speech, index) else Grade.NO
    if standing(token, speech.text) >= Standing.CAPITALISED:
        return Grade.SURE
    if place_length(speech.tokens, index) and token.text not in FUNCTION_WORDS:
        return Grade.SURE
    doubtful = token.text in _REGION or standing(token, speech.text) is Standing.AMBIGUOUS
    return Grade.MAYBE if doubtful else Grade.NO


def of_mail(speech: Speech, index: int) -> Grade:
    token = speech.tokens[index]
    if token.text in _MAIL:
        return Grade.MAYBE if token.text in ("at", "me", "live", "mail", "dash") else Grade.SURE
    if token.is_numeric:
        return of_number(speech, index)
    if token.kind is Kind.LETTER:
        spelled = _is_code_letter(speech, index) or text_at(speech.tokens, index + 1) in _MAIL
        return Grade.SURE if spelled else Grade.NO
    if token.text in _AROUND or token.kind is not Kind.WORD:
        return Grade.NO
    return Grade.SURE if standing(token, speech.text) >= Standing.CAPITALISED else Grade.MAYBE


def of_secret(speech: Speech, index: int) -> Grade:
    token = speech.tokens[index]
    if token.is_numeric:
        return of_number(speech, index)
    if token.kind is Kind.LETTER:
        return Grade.SURE if _beside_letter(speech, index) or _is_code_letter(speech, index) else Grade.NO
    if token.text in _AROUND:
        return Grade.NO
    told = in_slot(speech, index) or speech.tokens[index - 1].text == "was"  # "it was biscuit"
    return Grade.SURE if told or standing(token, speech.text) >= Standing.CAPITALISED else Grade.MAYBE
