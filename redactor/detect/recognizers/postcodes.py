"""Postal codes: after the words that announce them, behind a state, and in shapes that nothing else has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from redactor.detect.recognizers.announced import is_counted, misheard_lead, run_after, run_before
from redactor.detect.recognizers.numerals import Run, is_years, runs
from redactor.detect.recognizers.recognizer import SpokenRecognizer
from redactor.detect.recognizers.slots import Cues, text_at
from redactor.detect.recognizers.spoken import Finding, Token

_SCORE = 0.6
_CUES = Cues(
    {
        "zip|zipcode|zip code|zip codes|zip's|zip plus four|postcode|postcodes|post code|"
        "postcode's|postal code|postal|post codes|pin code|pincode|eircode|eir code|mailing code|"
        "plz|postleitzahl|sip code": 8,
    }
)
# "Zip it", "zip file".
_NOT_POSTAL = frozenset(
    "car drive file files folder it jacket line lines lock the tie ties up".split()
)
# Behind these, four to six digits are a postal code.
_STATES = frozenset(
    "alabama alaska arizona arkansas bengal california carolina colorado connecticut dakota delaware "
    "delhi florida georgia gujarat hampshire hawaii idaho illinois indiana iowa island jersey kansas "
    "karnataka kentucky kerala louisiana maharashtra maine maryland massachusetts mexico michigan "
    "minnesota mississippi missouri montana nebraska nevada nsw ohio oklahoma oregon pennsylvania "
    "punjab qld queensland rajasthan tasmania telangana tennessee texas utah vermont victoria virginia "
    "wales washington wisconsin wyoming york".split()
)
_BRITISH = re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?[\s,-]{0,2}\d[A-Z]{2}\b")
_CANADIAN = re.compile(r"\b[A-Z]\d[A-Z][\s,-]{0,2}\d[\s-]?[A-Z][\s-]?\d\b")
_IRISH = re.compile(r"\b[A-Z]\d{2}[\s,-]{1,2}[A-Z]{1,2}\d{1,2}[A-Z]?\d?\b")
_SHAPES = (_BRITISH, _CANADIAN, _IRISH)
_MOST = 10


class PostalCodeRecognizer(SpokenRecognizer):
    """Finds postal codes of several countries, written or said digit by digit (POSTAL_CODE)."""

    ENTITIES = ("POSTAL_CODE",)

    def find(self, tokens: Sequence[Token], text: str) -> Iterator[Finding]:
        tokens = tuple(tokens)
        found = runs(tokens, text)
        for shape in _SHAPES:
            for match in shape.finditer(text):
                yield Finding("POSTAL_CODE", match.start(), match.end(), _SCORE)
        for first, end in (*_announced(tokens, found), *_behind_state(tokens, found)):
            yield Finding("POSTAL_CODE", tokens[first].start, tokens[end - 1].end, _SCORE)


def _announced(tokens: tuple[Token, ...], found: Sequence[Run]) -> Iterator[tuple[int, int]]:
    for first, end, reach in _CUES(tokens):
        if text_at(tokens, end) in _NOT_POSTAL:
            continue
        run = run_after(tokens, found, end, reach)
        if run is not None and _fits(tokens, run):
            yield misheard_lead(tokens, end, max(run.first, end)), run.last
        before = run_before(tokens, found, first, 4)
        if before is not None and _fits(tokens, before):
            yield before.first, before.last


def _fits(tokens: Sequence[Token], run: Run) -> bool:
    long_enough = len(run.digits) >= 3 or (run.letters and run.size >= 3)
    return bool(long_enough and run.size <= _MOST and not is_counted(tokens, run))


def _behind_state(tokens: Sequence[Token], found: Sequence[Run]) -> Iterator[tuple[int, int]]:
    for run in found:
        state = text_at(tokens, run.first - 1) in _STATES
        if state and 4 <= len(run.digits) <= 9 and not is_years(run) and not is_counted(tokens, run):
            yield run.first, run.last
