"""What all recognizers of our own share: a text's tokens in, Presidio's results out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence

from presidio_analyzer import AnalysisExplanation, LocalRecognizer, RecognizerResult

from redactor.detect.recognizers.spoken import Finding, Token, tokenize


class SpokenRecognizer(LocalRecognizer):
    """Base of the recognizers of spoken forms: a subclass names its ENTITIES and finds them among tokens."""

    ENTITIES: tuple[str, ...] = ()

    def __init__(self, supported_language: str = "en") -> None:
        super().__init__(supported_entities=list(self.ENTITIES), supported_language=supported_language)

    def load(self) -> None:
        """Nothing to load."""

    @abstractmethod
    def find(self, tokens: Sequence[Token], text: str) -> Iterator[Finding]:
        """Findings of any of ENTITIES, in any order, overlaps allowed."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: object = None) -> list[RecognizerResult]:
        return [
            self._result(found) for found in self.find(tokenize(text), text) if found.entity_type in entities
        ]

    def _result(self, found: Finding) -> RecognizerResult:
        return RecognizerResult(
            found.entity_type,
            found.start,
            found.end,
            found.score,
            analysis_explanation=AnalysisExplanation(self.name, found.score),
            recognition_metadata={
                RecognizerResult.RECOGNIZER_NAME_KEY: self.name,
                RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
            },
        )
