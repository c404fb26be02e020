"""Numbers that tell somebody apart: accounts, cards, telephones, policies, bookings (ID_NUMBER).

A pattern for typed text breaks on one dropped or doubled digit, and recognizers write the same number as
"415-555-2671", "4 1 5, 5 5 5", "four one five" or "415555267 1". So nothing here asks what kind of number it is
or whether a checksum fits: a run long enough is personal data however it is written, a shorter one where the
words before it announce it or nothing else is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from redactor.detect.recognizers.announced import is_counted, is_linked, is_near
from redactor.detect.recognizers.numerals import Run, is_progression, is_years, runs
from redactor.detect.recognizers.recognizer import SpokenRecognizer
from redactor.detect.recognizers.slots import Cues, text_at
from redactor.detect.recognizers.spoken import FILLERS, MONTHS, Finding, Kind, Token

_SCORE = 0.6
# For strict policies alone: four digits that nothing announces.
_UNSURE = 0.35
# From here on a run is personal whatever follows it: no amount is said digit by digit.
_LONG = 7
# How far a cue reaches, in tokens, and over how many ends of sentences.
_REACH = 8

_ANNOUNCED = Cues(
    {
        "number|numbers|account|acct|card|visa|mastercard|amex|routing|sort code|aba|iban|bic|"
        "swift|reference|ref|confirmation|booking|reservation|record locator|locator|pnr|ticket|"
        "order|invoice|tracking|shipment|policy|claim|case|member|membership|subscriber|group|id|"
        "i d|i.d|identification|passport|licence|license|social|social security|ssn|"
        "national insurance|medicare|medicaid|nhs|aadhaar|aadhar|pan|tax file|tfn|ein|serial|vin|"
        "imei|sim|customer|client|patient|student|employee|badge|phone|telephone|cell|mobile|"
        "fax|landline|whatsapp|extension|call me at|call me on|call me back at|call me back on|"
        "call back at|call back on|reach me at|reach me on|reached at|reached on|text me at|"
        "text me on|contact me on|contact me at|dial|ends in|ending in|ends with|ending with|ending|"
        "starts with|starting with|begins with|beginning with|starting in|prescription|rx|mrn|npi|account's|"
        "number's|meter|unit number|first part|second part|third part|last part|next part|first half|"
        "second half": None
    }
)
# Behind these even "2015" is no year.
_NUMBERS = frozenset("account acct id number reference".split())
_TELLING = frozenset("equals i is it it's me no read that's was were which".split())
# They come before a rounded amount: nobody says "about" of five digits or more that end in anything but zero.
_APPROXIMATE = frozenset("about almost approximately around nearly".split())
# In front of a short number, these say what it counts, orders or names.
_HARMLESS_BEFORE = _APPROXIMATE | frozenset(
    "$ above age aged at below between bus by channel chapter check "
    "flight gate half highway interstate iphone least level mic minus model most option over "
    "page past phase platform press quarter route season since stage step terminal testing than till "
    "times to top type under until up version volume windows within".split()
)
# A sentence of these and a number is somebody's answer.
_POLITE = FILLERS | frozenset(
    "a ah all alright and are be correct course for great hello hi i is it it's just let ma'am madam me "
    "my no of oh ok okay perfect please right see sir so sorry sure thank thanks that that's the then "
    "this uh-huh was well would yeah yep yes you your".split()
)
_EMERGENCY = frozenset("000 100 108 110 111 112 119 211 311 411 511 611 711 811 911 988 999".split())
_YEAR = re.compile(r"(?:19|20)\d\d")
_HOURS = range(24)


class SpokenRunRecognizer(SpokenRecognizer):
    """Finds runs of digits, and of letters and digits, that are long enough or announced (ID_NUMBER).

    A run counts from 7 digits on; from 4 if they come in three or more pieces, are announced ("account number")
    or are all that is said; from 5 if written as one or two. With letters in it from 5 of both. Amounts, times
    of day, years, measures and somebody's counting do not.
    """

    ENTITIES = ("ID_NUMBER",)

    def find(self, tokens: Sequence[Token], text: str) -> Iterator[Finding]:
        tokens = tuple(tokens)
        found = runs(tokens, text)
        announced = _announced(tokens, found)
        for run, (is_announced, is_number) in zip(found, announced, strict=True):
            if score := _score(tokens, run, is_announced, is_number=is_number):
                yield Finding("ID_NUMBER", tokens[run.first].start, tokens[run.last - 1].end, score)


def _announced(tokens: tuple[Token, ...], found: Sequence[Run]) -> Iterator[tuple[bool, bool]]:
    """For each run whether a cue announces it, from before or ("4471 is my account") from behind.

    And whether that says beyond doubt that it is no year.
    """
    cues = [(first, end) for first, end, _ in _ANNOUNCED(tokens)]
    position = 0
    for run in found:
        while position < len(cues) and cues[position][1] <= run.first:
            position += 1
        before = position > 0 and is_near(tokens, cues[position - 1][1], run.first, _REACH)
        behind = position < len(cues) and is_linked(tokens, run.last, cues[position][0])
        is_number = before and _is_told(tokens, cues[position - 1][1], run.first)
        yield before or behind, is_number


def _is_told(tokens: Sequence[Token], end: int, first: int) -> bool:
    """ "Member number is 2015", "my account, 2015"; not "the number of people in 2015"."""
    told = all(t.text in _TELLING or t.text in FILLERS for t in tokens[end:first])
    return told and tokens[end - 1].text in _NUMBERS


def _score(tokens: tuple[Token, ...], run: Run, is_announced: bool, *, is_number: bool = False) -> float:
    if not run.digits:
        return 0.0
    if run.letters:
        return _SCORE if _is_reference(tokens, run, is_announced) else 0.0
    if _is_everything(tokens, run) and len(run.digits) == run.pieces == 3 and not is_progression(run):
        return _SCORE if run.digits not in _EMERGENCY else 0.0
    if len(run.digits) < 4 or (len(run.digits) < _LONG and is_counted(tokens, run)):
        return 0.0
    if (is_years(run) and not is_number) or _is_round(run) or _is_date_of_now(tokens, run):
        return 0.0
    if is_announced or len(run.digits) > 12:
        return _SCORE
    if is_progression(run) or _is_list(tokens, run) or _is_times(run) or _is_ranges(tokens, run):
        return 0.0
    before = text_at(tokens, run.first - 1)
    rounded = len(run.digits) < 5 or run.digits.endswith("0")
    harmless_before = before in _HARMLESS_BEFORE and (rounded or before not in _APPROXIMATE)
    if len(run.digits) < 6 and (harmless_before or _is_scale(tokens, run.first)):
        return 0.0
    enough = len(run.digits) >= 5 or run.pieces >= 3 or _is_torn(tokens, run) or _stands_alone(tokens, run)
    return _SCORE if enough else _UNSURE


def _is_everything(tokens: Sequence[Token], run: Run) -> bool:
    return run.first == 0 and run.last == len(tokens)


def _is_reference(tokens: Sequence[Token], run: Run, is_announced: bool) -> bool:
    """Letters and digits: a booking, a policy, a plate."""
    if is_announced:
        return run.size >= 3 and not (is_counted(tokens, run) and run.size < 5)
    listed = any(tokens[p.first].text == "and" for p in run.parts)  # "vitamins B12 and D3"
    return run.size >= (8 if listed else 5) and (len(run.digits) >= 2 or run.glued)


def _is_round(run: Run) -> bool:
    """ "Two hundred and fifty", "1,500", "300-400"."""
    counting = [p for p in run.parts if p.digits and p.sure]
    lengths = {len(p.digits) for p in counting}
    if len(counting) == 2 and len(lengths) == 1 and max(lengths) < _LONG:
        low, high = (int(p.digits) for p in counting)
        if low < high and low % 50 == high % 50 == 0:
            return True  # "300-400", "500 to 1000"
    return any(p.quantity for p in counting) and (
        run.pieces <= 1 or sum(len(p.digits) for p in counting if not p.quantity) < 3
    )


def _is_scale(tokens: Sequence[Token], first: int) -> bool:
    """ "On a scale of one to ten, ten being the worst"."""
    return any(t.text == "scale" for t in tokens[max(first - 4, 0) : first])


def _is_torn(tokens: Sequence[Token], run: Run) -> bool:
    """ "898-3": a hyphen between unequal parts stands for a breath, between equal ones for a range."""
    parts = _sure(run)
    hyphened = all("-" in t.gap for t in tokens[run.first + 1 : run.last])
    return hyphened and len(parts) == 2 and len(parts[0]) != len(parts[1])


def _is_date_of_now(tokens: Sequence[Token], run: Run) -> bool:
    """ "On 3/4/2024", "until five twelve twenty five": nobody's birth."""
    parts = _sure(run)
    if text_at(tokens, run.first - 1) in MONTHS and int(parts[0]) <= 31:
        return bool(_YEAR.fullmatch("".join(parts[1:])))
    tail = "".join(parts[2:])
    recent = len(tail) == 4 and 2013 <= int(tail) <= 2039
    written = all("/" in t.gap for t in tokens[run.first + 1 : run.last])
    dated = text_at(tokens, run.first - 1) in ("on", "since", "until", "by", "from", "dated", "before", "after")
    day_and_month = len(parts) >= 3 and all(0 < int(p) <= 31 for p in parts[:2])
    return day_and_month and recent and (written or dated)


def _is_list(tokens: Sequence[Token], run: Run) -> bool:
    """ "140, 152, 138 and 160"."""
    listed = any(tokens[p.first].text == "and" for p in run.parts)
    shortest = min(len(digits) for digits in _sure(run))
    return listed and ((run.pieces == 3 and shortest == 2) or (run.pieces >= 3 and shortest > 2))


def _is_times(run: Run) -> bool:
    """ "Nine thirty, ten forty five and two fifteen"; one of them may still be somebody's house number."""
    parts = _sure(run)
    hours, minutes = parts[::2], parts[1::2]
    return len(parts) >= 4 and len(hours) == len(minutes) and all(map(_is_time, hours, minutes))


def _is_ranges(tokens: Sequence[Token], run: Run) -> bool:
    """ "10 to 12, 2 to 4"."""
    between = [p for p in run.parts if not p.sure and tokens[p.first].text in ("to", "for")]
    return len(run.digits) < _LONG and len(between) > 0 and run.pieces <= 4


def _stands_alone(tokens: Sequence[Token], run: Run) -> bool:
    """Nothing else is said in its sentence, and it is no time of day ("ten thirty")."""
    first, last = run.first, run.last
    while first > 0 and not tokens[first].opens_sentence:
        first -= 1
    while last < len(tokens) and not tokens[last].opens_sentence:
        last += 1
    around = (*tokens[first : run.first], *tokens[run.last : last])
    if any(t.text not in _POLITE and t.kind is not Kind.LETTER for t in around):
        return False
    parts = _sure(run)
    pair = len(parts) == 2
    if pair and parts[0] == parts[1]:
        return False  # "fifty fifty"
    return last - first == len(tokens) or not (pair and _is_time(*parts))


def _is_time(hour: str, minute: str) -> bool:
    return int(hour) in _HOURS and minute in ("00", "15", "30", "45")


def _sure(run: Run) -> list[str]:
    """Digits of the parts that are numbers for certain."""
    return [p.digits for p in run.parts if p.digits and p.sure]
