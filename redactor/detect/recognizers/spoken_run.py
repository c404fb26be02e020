"""Digits and letters said one after another: account and card numbers, codes, spelled names.

A pattern for typed text breaks on one dropped or doubled digit, and recognizers write the same number as
"415-555-2671", "4 1 5, 5 5 5", "four one five" or "415555267 1". So nothing here asks what kind of number it is
or whether a checksum fits: a run long enough to tell somebody apart is personal data, however it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from presidio_analyzer import AnalysisExplanation, LocalRecognizer, RecognizerResult

_SCORE = 0.6

_UNITS = frozenset("zero one two three four five six seven eight nine oh nought".split())
_TEENS = frozenset(
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
)
_TENS = frozenset("twenty thirty forty fifty sixty seventy eighty ninety".split())
_REPEATS = {"double": 1, "triple": 2, "treble": 2}
_FILLERS = frozenset("um uh er erm hmm dash hyphen".split())
_SPELLING_ALPHABET = frozenset(
    "alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike november oscar "
    "papa quebec romeo sierra tango uniform victor whiskey whisky x-ray xray yankee zulu".split()
)
# "B as in boy", "N like nancy": the word after stands for the letter before.
_EXPLAINS = frozenset(("as in", "like", "for"))
# Letters that are words of their own; a run of nothing else is somebody who stammers.
_WORD_LETTERS = frozenset("aio")

# A number in front of one of these counts or measures something.
_MEASURES = frozenset(
    "dollar dollars cent cents euro euros pound pounds percent degree degrees minute minutes hour hours day "
    "days week weeks month months year years am pm mile miles people times million thousand hundred".split()
)

_TOKEN = re.compile(
    r"(?P<amount>[$€£]\s?\d[\d,.]*|\d[\d,.]*\s?%|\d{1,2}:\d{2}|\d+\.\d{1,2}(?![\d.]))"
    r"|(?P<number>\d+)|(?P<as_in>\bas in\b)|(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)?)",
    re.IGNORECASE,
)
# What may stand between two parts of a run.
_JOINT = re.compile(r"[\s,.\-–/()]*")
_YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True)
class _Part:
    """A token, and how many digits and letters it stands for."""

    start: int
    end: int
    text: str
    digits: int = 0
    letters: int = 0

    @property
    def counts(self) -> bool:
        return bool(self.digits or self.letters)


class SpokenRunRecognizer(LocalRecognizer):
    """Finds runs of spoken digits (ID_NUMBER) and of letters (SPELLED_NAME) in a transcript.

    A run counts from 7 digits on; from 4 if they come in three or more pieces; from 5 if written as one or two.
    With letters in it (bookings, licence plates) from 5 pieces of both. Letters alone count from three on.
    Amounts, times of day, years and measures do not.
    """

    def __init__(self, supported_language: str = "en") -> None:
        super().__init__(
            supported_entities=["ID_NUMBER", "SPELLED_NAME"], supported_language=supported_language
        )

    def load(self) -> None:
        """Nothing to load."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: object = None) -> list[RecognizerResult]:
        found = []
        for run, following in _runs(text):
            entity_type = _kind(run, following)
            if entity_type in entities:
                found.append(self._result(entity_type, run[0].start, run[-1].end))
        return found

    def _result(self, entity_type: str, start: int, end: int) -> RecognizerResult:
        return RecognizerResult(
            entity_type,
            start,
            end,
            _SCORE,
            analysis_explanation=AnalysisExplanation(self.name, _SCORE),
            recognition_metadata={
                RecognizerResult.RECOGNIZER_NAME_KEY: self.name,
                RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
            },
        )


def _kind(run: list[_Part], following: str) -> str | None:
    digits = sum(part.digits for part in run)
    letters = sum(part.letters for part in run)
    pieces = sum(part.counts for part in run)
    if digits == 0:
        only_words = all(part.text in _WORD_LETTERS for part in run if part.letters)
        return "SPELLED_NAME" if letters >= 3 and not only_words else None
    if following in _MEASURES and digits < 7:
        return None
    if letters and (digits >= 2 or letters >= 2):
        return "ID_NUMBER" if digits + letters >= 5 else None
    if all(_YEAR.fullmatch(part.text) for part in run if part.digits):
        return None
    enough = digits >= 7 or (digits >= 4 and pieces >= 3) or (digits >= 5 and pieces <= 2)
    return "ID_NUMBER" if enough else None


def _runs(text: str) -> Iterator[tuple[list[_Part], str]]:
    """Maximal runs of parts, fillers between them allowed, each with the word that comes after it."""
    run: list[_Part] = []
    held: list[_Part] = []  # fillers that belong to the run only if it goes on
    end = 0
    for part, word in _parts(text):
        joined = not run or _JOINT.fullmatch(text, end, part.start)
        if run and not (joined and (part.counts or word in _FILLERS)):
            yield _trimmed(run), word
            run, held = [], []
        if part.counts:
            run += [*held, part]
            held = []
        elif run:
            held.append(part)
        end = part.end
    if run:
        yield _trimmed(run), ""


def _trimmed(run: list[_Part]) -> list[_Part]:
    """Without a lone "a", "I" or "o" at the borders of a run of digits: that is the sentence around it."""
    first, last = 0, len(run)
    if any(part.digits for part in run):
        while last - first > 1 and run[first].text in _WORD_LETTERS:
            first += 1
        while last - first > 1 and run[last - 1].text in _WORD_LETTERS - {"o"}:
            last -= 1
    return run[first:last]


def _parts(text: str) -> Iterator[tuple[_Part, str]]:
    """Tokens in order; "forty two" and "B as in boy" are one part each."""
    tokens = list(_TOKEN.finditer(text))
    index = 0
    while index < len(tokens):
        token = tokens[index]
        word = token.group().casefold()
        digits, letters = _weight(token, word)
        end, taken = token.end(), 1
        following = tokens[index + 1 : index + 3]
        if word in _TENS and following and following[0].group().casefold() in _UNITS - {"oh", "zero"}:
            end, taken = following[0].end(), 2
        elif len(word) == 1 and letters and _explains(following):
            end, taken = following[1].end(), 3
        yield _Part(token.start(), end, word, digits, letters), word
        index += taken


def _explains(tokens: list[re.Match[str]]) -> bool:
    return (
        len(tokens) == 2
        and tokens[0].group().casefold() in _EXPLAINS
        and len(tokens[1].group()) > 1
    )


def _weight(token: re.Match[str], word: str) -> tuple[int, int]:
    """Digits and letters that a token stands for."""
    if token["number"]:
        return len(word), 0
    if not token["word"]:
        return 0, 0
    if word in _UNITS:
        return 1, 0
    if word in _TEENS or word in _TENS:
        return 2, 0
    if word in _REPEATS:
        return _REPEATS[word], 0
    if len(word) == 1 or word in _SPELLING_ALPHABET:
        return 0, 1
    return 0, 0
