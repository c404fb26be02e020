"""Licence plates, after the words that announce them or in the shape of a British one (LICENSE_PLATE)."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import islice, takewhile

from redactor.detect.recognizers.announced import is_counted, misheard_lead, run_after, run_before
from redactor.detect.recognizers.numerals import Run, runs
from redactor.detect.recognizers.recognizer import SpokenRecognizer
from redactor.detect.recognizers.slots import Cues, text_at
from redactor.detect.recognizers.spoken import Finding, Kind, Token

_SCORE = 0.6
_CUES = Cues(
    {
        "license plate|licence plate|license plates|licence plates|number plate|numberplate|"
        "number plates|plate number|plate|plates|plate's|registration|registration number|"
        "registration plate|reg number|reg|rego|rego number|vehicle registration|car registration|"
        "vehicle number|car number|tag number|car tag|car tags|tags are|tag is|my tag|vehicle tag|"
        "license tag|index number": 8,
    }
)
# "Plate" and "registration" of these are not a car's.
_HARMLESS = frozenset(
    "back company course dinner event home hot name paper plates side steel voter".split()
)
_BRITISH = re.compile(r"\b[A-Z]{2}[\s-]?\d{2}[\s,-]{0,2}[A-Z]{3}\b")
_MOST = 10


class PlateRecognizer(SpokenRecognizer):
    """Finds the licence plates of vehicles, spelled or written as one word."""

    ENTITIES = ("LICENSE_PLATE",)

    def find(self, tokens: Sequence[Token], text: str) -> Iterator[Finding]:
        tokens = tuple(tokens)
        found = runs(tokens, text)
        for match in _BRITISH.finditer(text):
            yield Finding("LICENSE_PLATE", match.start(), match.end(), _SCORE)
        for first, end, reach in _CUES(tokens):
            if text_at(tokens, first - 1) in _HARMLESS:
                continue
            run = _plate_behind(tokens, found, end, reach)
            if run is not None:
                start = misheard_lead(tokens, end, max(run.first, end))
                yield Finding("LICENSE_PLATE", tokens[start].start, tokens[run.last - 1].end, _SCORE)
            before = run_before(tokens, found, first, 4)
            if before is not None and before.letters and _fits(tokens, before):
                yield Finding("LICENSE_PLATE", tokens[before.first].start, tokens[before.last - 1].end, _SCORE)


def _fits(tokens: Sequence[Token], run: Run) -> bool:
    if is_counted(tokens, run) or any(p.quantity for p in run.parts) or run.size > _MOST:
        return False
    lettered = sum(tokens[p.first].kind is Kind.LETTER for p in run.parts)
    return len(run.digits) >= 3 or (run.letters and run.size >= 4) or lettered >= 3


def _plate_behind(tokens: Sequence[Token], found: Sequence[Run], end: int, reach: int) -> Run | None:
    """The first run behind a cue that is a plate; letters that became words may part it from others."""
    run = run_after(tokens, found, end, reach)
    if run is None or _fits(tokens, run):
        return run
    index = bisect_right(found, end, key=lambda r: r.first)
    near = takewhile(lambda r: r.first < end + reach, islice(found, index, None))
    return next((r for r in near if _fits(tokens, r)), None)
