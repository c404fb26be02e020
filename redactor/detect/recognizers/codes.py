"""Short numbers that open something (PIN_CODE), and the expiry date of a card (CARD_EXPIRY).

Three digits are nobody's; "the three digits on the back" makes them a secret. So each form here is a cue and a
run within its reach, before or behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from redactor.detect.recognizers.announced import is_counted, is_near, run_after, run_before
from redactor.detect.recognizers.numeral_words import COUNTED
from redactor.detect.recognizers.numerals import Run, is_years, runs
from redactor.detect.recognizers.recognizer import SpokenRecognizer
from redactor.detect.recognizers.slots import Cues, text_at
from redactor.detect.recognizers.spoken import FILLERS, MONTHS, Finding, Kind, Token

_SCORE = 0.6
_MOST_DIGITS = 9


@dataclass(frozen=True)
class _Need:
    """What a cue asks of the run beside it."""

    digits: int = 3
    reach: int = 8
    before: int = 4
    years: bool = True  # "ends in 2026" is the end of a contract, "card ending in 2026" of a number
    numbered: bool = False  # counts only where something that has a number was named


_CODES = Cues(
    {
        # These mean nothing else.
        "last four|last 4|last three|last 3|last two digits|last 2 digits|last five|last 5|last six|"
        "last 6|first four|first 4|first six|first 6|final four|last four digits|last 4 digits|"
        "last four numbers|last digits|four digits|4 digits|three digits|3 digits|six digits|"
        "6 digits|three digit|3 digit|four digit|4 digit|six digit|6 digit|security code|"
        "security number|security digits|cvv|cvc|csc|cid|c v v|c v c|"
        "card verification|verification value|on the back|on the front of|signature strip|pin|"
        "pin number|pin code|p i n|pincode|atm code|one time code|one time password|"
        "one time passcode|one time pin|onetime code|otp|o t p|passcode|pass code|"
        "verification code|verification number|confirmation code|authentication code|authorization code|"
        "authorisation code|auth code|access code|entry code|door code|doorcode|gate code|gatecode|"
        "alarm code|unlock code|lock code|safe code|keypad code|lockbox code|key code|garage code|"
        "combination is|combination to|login code|log in code|activation code|two factor code|text code|"
        "six digit code|6 digit code|four digit code|4 digit code|sort code|telephone banking code|"
        "house code|voicemail code|code we sent|code i sent|code sent|code you received|"
        "code i received|code i got|code you got|code from the text|texted you|texted me|"
        "sent me a code|sent you a code": _Need(),
        "ends in|ended in|ended with|ending in|ends with|ending with|ending|finishing in|"
        "finishes in|terminating in|starts with|starting with|begins with|beginning with|starting in": _Need(
            digits=3, reach=4, before=0, years=False
        ),
        "ends|finishes|finishing": _Need(digits=3, reach=4, before=0, years=False, numbered=True),
        "code|code's|the code|code is|code was|code said|code says": _Need(digits=3, reach=6, before=3),
        "extension|ext|extension number|extension's": _Need(digits=2, reach=4, before=0),
        "password": _Need(digits=4, reach=4, before=0),
    }
)
# "Code" of these opens nothing.
_HARMLESS_CODES = frozenset(
    "area bar building color colour country coupon dial dialing discount dress error exit fault highway "
    "offer penal postal product promo promotion promotional qr reason reward source status tax voucher "
    "zip".split()
)
# "Last four" is of a number where one of these comes next.
_ORDERS = frozenset("final first last".split())
_AFTER_ORDER = FILLERS | frozenset(
    "are as digit digits for in is it's number numbers of on please read should that's was were would "
    "yes".split()
)
_CARDS_ALONE = True  # a cue that is said of many things and counts for cards
_EXPIRY = Cues(
    {
        "expiry|expiry date|expires|expire|expired|expiring|expiration|expiration date|expires on|"
        "expires in|exp|exp date|valid through|valid thru|valid until|valid till|valid to|"
        "good through|good thru|good until|month and year|end date|expiring on|valid up to|use by": False,
        "runs out|run out|running out|ran out": _CARDS_ALONE,
    }
)
# What else has an end: "my contract expires in March 2026".
_OTHER_ENDS = frozenset(
    "contract coupon deal food insurance lease licence license link membership milk offer parking "
    "passport plan policy promotion session subscription ticket trial visa voucher warranty".split()
)
_CARD = frozenset("card visa mastercard amex debit credit".split())
# What has a number, and how many tokens in front of "ending in" it stands.
_NUMBERED = _CARD | frozenset("account mobile number passport phone policy social ssn telephone".split())
_NEAR = 6
_EXPIRY_YEARS = range(20, 50)
# Between a month and a year in digits; none begins with one.
_LINKS = frozenset("dash of slash uh um".split())


class CodeRecognizer(SpokenRecognizer):
    """Finds PINs, security and one-time codes, last digits (PIN_CODE) and card expiry dates (CARD_EXPIRY)."""

    ENTITIES = ("PIN_CODE", "CARD_EXPIRY")

    def find(self, tokens: Sequence[Token], text: str) -> Iterator[Finding]:
        tokens = tuple(tokens)
        found = runs(tokens, text)
        for first, end, need in _CODES(tokens):
            for run in _values(tokens, found, first, end, need):
                yield Finding("PIN_CODE", tokens[run.first].start, tokens[run.last - 1].end, _SCORE)
        for start, end in (*_announced_expiry(tokens), *_expiry_behind_card(tokens, found)):
            yield Finding("CARD_EXPIRY", tokens[start].start, tokens[end - 1].end, _SCORE)


def _values(
    tokens: Sequence[Token], found: Sequence[Run], first: int, end: int, need: _Need
) -> Iterator[Run]:
    if tokens[end - 1].text == "code" and text_at(tokens, end - 2) in _HARMLESS_CODES:
        return
    if tokens[first].text in _ORDERS and end < len(tokens) and not _is_about_digits(tokens[end]):
        return
    has_number = any(t.text in _NUMBERED for t in tokens[max(first - _NEAR, 0) : first])
    if need.numbered and not has_number:
        return
    need = replace(need, years=need.years or has_number)
    behind = run_after(tokens, found, end, need.reach)
    if behind is not None and _fits(tokens, behind, need):
        yield behind
    if need.before:
        before = run_before(tokens, found, first, need.before)
        if before is not None and _fits(tokens, before, need):
            yield before


def _is_about_digits(following: Token) -> bool:
    """ "The last four are", "last four of my social", but "the last four months"."""
    return following.is_numeric or following.opens_sentence or following.text in _AFTER_ORDER


def _fits(tokens: Sequence[Token], run: Run, need: _Need) -> bool:
    enough = len(run.digits) >= need.digits or (run.letters and len(run.digits) >= 1 and run.size >= 4)
    quantity = any(p.quantity for p in run.parts)
    if not need.years and is_years(run):
        return False
    return bool(enough and run.size <= _MOST_DIGITS and not is_counted(tokens, run) and not quantity)


def _announced_expiry(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    for first, end, cards_alone in _EXPIRY(tokens):
        said_before = {t.text for t in tokens[max(first - 6, 0) : first]}
        if (cards_alone or said_before & _OTHER_ENDS) and not said_before & _CARD:
            continue
        for start in range(end, min(end + 8, len(tokens))):
            if not is_near(tokens, end, start, 8):
                break
            if tokens[start].text not in _LINKS and (stop := _month_and_year(tokens, start, sure=False)):
                yield start, stop
                break
        for start in range(max(first - 6, 0), first):
            stop = _month_and_year(tokens, start, sure=True)
            if stop and stop <= first and not any(t.opens_sentence for t in tokens[start + 1 : first + 1]):
                yield start, stop
                break


def _expiry_behind_card(tokens: Sequence[Token], found: Sequence[Run]) -> Iterator[tuple[int, int]]:
    """ "4556 7375 8689 9855, March 25": nobody asks for anything else there."""
    for run in found:
        if len(run.digits) < 13:
            continue
        for start in range(run.last, min(run.last + 14, len(tokens))):
            if tokens[start].text in MONTHS and (stop := _month_and_year(tokens, start, sure=True)):
                yield start, stop
                break


def _month_and_year(tokens: Sequence[Token], start: int, *, sure: bool) -> int:
    """Token after the month and the year that begin at `start`; 0 if none do.

    Parameters
    ----------
    sure : bool
        Only a month and a year that cards have.
    """
    named = tokens[start].text in MONTHS
    index = start + 1 if named else start
    while named and index < len(tokens) and tokens[index].text in ("of", "the", "in", "twenty", "um", "uh"):
        if tokens[index].is_numeric:
            break
        index += 1
    digits, stop = "", index
    while stop < len(tokens) and len(digits) < (4 if named else 6) and stop - index < 7:
        token = tokens[stop]
        if not token.is_numeric and token.text not in _LINKS and token.text != "for":  # it may be "four"
            break
        if token.kind is Kind.TENS and stop + 1 < len(tokens) and tokens[stop + 1].kind is Kind.UNIT:
            digits += token.digits[0]
        else:
            digits += token.digits
        stop += 1
        if named and digits and _is_year(digits) and not _goes_on(tokens, stop, digits):
            break
    while stop > index and not tokens[stop - 1].is_numeric:
        stop -= 1
    if text_at(tokens, stop) in COUNTED:
        return 0
    if named:
        return stop if _is_year(digits) or (not sure and digits) else 0
    month, year = digits[:-2].removesuffix("20"), digits[-2:]
    fits = 3 <= len(digits) <= 6 and month.isdigit() and 1 <= int(month) <= 12 and int(year) in _EXPIRY_YEARS
    return stop if fits or (not sure and 3 <= len(digits) <= 6) else 0


def _goes_on(tokens: Sequence[Token], stop: int, digits: str) -> bool:
    """ "March twenty" of "March twenty twenty eight", and "March 20, 28"."""
    return len(digits) == 2 and digits.startswith("2") and stop < len(tokens) and (
        tokens[stop].is_numeric and len(tokens[stop].digits) <= 2
    )


def _is_year(digits: str) -> bool:
    if len(digits) == 4:
        return digits.startswith("20") and int(digits[2:]) in _EXPIRY_YEARS
    return len(digits) == 2 and int(digits) in _EXPIRY_YEARS
