"""Names by a small spaCy model of our own, trained on spoken-style text (models/spoken_pii)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from redactor.detect.recognizers.lexicon import FUNCTION_WORDS, Standing, rank, standing, stem
from redactor.detect.recognizers.spoken import Finding, Kind, SpokenRecognizer, Token

if TYPE_CHECKING:
    from spacy.language import Language

_SCORE = 0.5
# An English word from this rank on is rare enough for a name, should the model take it for one.
_RARE = 6_000


class SpokenNameRecognizer(SpokenRecognizer):
    """Finds names of people (PERSON) in sentences that no rule knows.

    What the model finds counts only if some word of it is rare, unknown or written as a name is: alone the
    model takes "brown sugar" for a person.

    Parameters
    ----------
    nlp : spacy.language.Language
        With an ``ner`` that knows PERSON.
    """

    ENTITIES = ("PERSON",)

    def __init__(self, nlp: Language, supported_language: str = "en") -> None:
        super().__init__(supported_language=supported_language)
        self._nlp = nlp

    def find(self, tokens: Sequence[Token], text: str) -> Iterator[Finding]:
        # spaCy keeps every new word for good unless it is told when a text is done with.
        with self._nlp.memory_zone():
            spans = [(e.start_char, e.end_char) for e in self._nlp(text).ents if e.label_ == "PERSON"]
        for start, end in spans:
            under = [token for token in tokens if start <= token.start < end]
            if any(_may_be_name(token, text) for token in under):
                yield Finding("PERSON", start, end, _SCORE)


def _may_be_name(token: Token, text: str) -> bool:
    if token.kind is not Kind.WORD or token.text in FUNCTION_WORDS:
        return False
    return standing(token, text) >= Standing.CAPITALISED or rank(stem(token.text)) > _RARE
