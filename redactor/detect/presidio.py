"""Presidio's analyzer over spaCy, with what is wrong for speech left out."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import spacy
import tldextract
from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry, RecognizerResult
from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    CryptoRecognizer,
    EmailRecognizer,
    IbanRecognizer,
    IpRecognizer,
    MacAddressRecognizer,
    MedicalLicenseRecognizer,
    PhoneRecognizer,
    SpacyRecognizer,
    UkNinoRecognizer,
    UsBankRecognizer,
    UsItinRecognizer,
    UsLicenseRecognizer,
    UsPassportRecognizer,
    UsSsnRecognizer,
)
from spacy.language import Language
from spacy.tokens import Doc

from redactor.detect.recognizers.spoken_forms import SPOKEN_FORMS
from redactor.errors import ModelError
from redactor.types import PiiSpan, Transcript, Word

if TYPE_CHECKING:
    from redactor.policy import Policy

# spaCy's own limit is a million characters and its memory grows with the text; an hour of talk has about
# 50,000. The overlap is longer than any spoken address, so that nothing is cut in two by a border.
_CHUNK_CHARS = 8_000
_OVERLAP_CHARS = 400
# Pieces that spaCy reads at a time: more take memory, and no less time.
_BATCH_PIECES = 1

# Types that no text shows by itself: see redactor/detect/conversation.py.
IN_CONTEXT = frozenset({"ANSWER"})

_SPACY_ENTITIES = ("PERSON", "LOCATION", "NRP", "ORGANIZATION")

# The suffix list that comes with the package: tldextract would otherwise try to fetch a newer one.
_offline_suffixes = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


# Only names are read of a spaCy model. What makes lemmas costs as much again, and Presidio looks among them for
# words such as "number" and "account", which are their own.
_NOT_READ = ["tok2vec", "parser", "senter", "tagger", "attribute_ruler", "lemmatizer"]


# No country has shorter ones that libphonenumber takes for valid in running text.
_SHORTEST_PHONE_NUMBER = 5


class OfflineEmailRecognizer(EmailRecognizer):
    """Presidio's e-mail pattern, checked against the shipped list of domain suffixes, never the network."""

    def validate_result(self, pattern_text: str) -> bool:
        return _offline_suffixes(pattern_text).fqdn != ""


class BriefPhoneRecognizer(PhoneRecognizer):
    """Presidio's, asked only about texts with digits enough: libphonenumber takes its time over all others."""

    def __init__(self, supported_language: str) -> None:
        super().__init__(supported_language=supported_language, name=PhoneRecognizer.__name__)

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:
        if sum(c.isdigit() for c in text) < _SHORTEST_PHONE_NUMBER:
            return []
        return super().analyze(text, entities, nlp_artifacts)


_PATTERN_RECOGNIZERS: tuple[type[EntityRecognizer], ...] = (
    CreditCardRecognizer,
    CryptoRecognizer,
    OfflineEmailRecognizer,
    IbanRecognizer,
    IpRecognizer,
    MacAddressRecognizer,
    MedicalLicenseRecognizer,
    BriefPhoneRecognizer,
    UkNinoRecognizer,
    UsBankRecognizer,
    UsItinRecognizer,
    UsLicenseRecognizer,
    UsPassportRecognizer,
    UsSsnRecognizer,
)


@dataclass(frozen=True)
class _Piece:
    """Text of one channel in one language, from a character of the channel's text on."""

    channel: int
    language: str
    first: int
    text: str


class PresidioDetector:
    """A Presidio analyzer for the languages and entity types of one policy.

    Parameters
    ----------
    policy : Policy
    spacy_models : mapping of str to pathlib.Path
        Verified spaCy model folder for each language of the policy.

    Raises
    ------
    ModelError
        If a spaCy model cannot be loaded, or an entity type of the policy has no recognizer.
    """

    def __init__(self, policy: Policy, *, spacy_models: Mapping[str, Path]) -> None:
        logging.getLogger("presidio-analyzer").setLevel(logging.CRITICAL)
        self._thresholds = dict(policy.entities)
        self._one_at_a_time = threading.Lock()
        self._nlp = {language: _load_spacy(path) for language, path in spacy_models.items()}
        languages = list(self._nlp)
        recognizers = [r for language in languages for r in _recognizers(language)]
        self._analyzer = AnalyzerEngine(
            registry=RecognizerRegistry(recognizers=recognizers, supported_languages=languages),
            nlp_engine=_loaded_engine(self._nlp),
            supported_languages=languages,
        )
        for language in languages:
            able = set(self._analyzer.get_supported_entities(language))
            if missing := sorted(set(self._thresholds) - able - IN_CONTEXT):
                raise ModelError(f"no recognizer for {', '.join(missing)} in language {language!r}")

    @property
    def recognizers(self) -> list[EntityRecognizer]:
        """What searches; the benchmark takes single ones out."""
        return list(self._analyzer.registry.recognizers)

    @recognizers.setter
    def recognizers(self, chosen: Iterable[EntityRecognizer]) -> None:
        self._analyzer.registry.recognizers = list(chosen)

    def detect(self, transcript: Transcript, *, by_model: bool = True) -> tuple[PiiSpan, ...]:
        """See :meth:`redactor.detect.Detector.detect`; each language by its own spaCy model.

        Parameters
        ----------
        by_model : bool
            Look for names with spaCy's model, too, and not by words and patterns alone.
        """
        pieces = [
            _Piece(channel, language, first, text[first:stop])
            for channel in transcript.channels
            for text in [transcript.text(channel)]
            for language, words in _by_language(transcript, channel)
            for first, stop in _chunks(words)
        ]
        found = set()
        # spaCy's components are switched for a whole pipeline, and its words are kept for all texts at a time.
        with self._one_at_a_time:
            for language in sorted({piece.language for piece in pieces}):
                own = [piece for piece in pieces if piece.language == language]
                with self._nlp[language].select_pipes(disable=[] if by_model else ["ner"]):
                    found.update(self._search(own, language))
        return tuple(
            sorted(found, key=lambda s: (s.channel, s.char_start, s.char_end, s.entity_type, s.recognizer))
        )

    def _search(self, pieces: Sequence[_Piece], language: str) -> Iterator[PiiSpan]:
        """Findings in the pieces of one recording, which are a batch of their own: not in each other's way."""
        engine = self._analyzer.nlp_engine
        # spaCy keeps every new word for good unless it is told when texts are done with.
        with self._nlp[language].memory_zone():
            texts = [piece.text for piece in pieces]
            parsed = engine.process_batch(texts, language, batch_size=_BATCH_PIECES)
            for piece, (_, artifacts) in zip(pieces, parsed, strict=True):
                results = self._analyzer.analyze(
                    piece.text,
                    language=language,
                    entities=[e for e in self._thresholds if e not in IN_CONTEXT],
                    score_threshold=min(self._thresholds.values()),
                    nlp_artifacts=artifacts,
                )
                for result in results:
                    if result.score >= self._thresholds[result.entity_type]:
                        yield PiiSpan(
                            channel=piece.channel,
                            entity_type=result.entity_type,
                            char_start=piece.first + result.start,
                            char_end=piece.first + result.end,
                            score=float(result.score),
                            recognizer=_recognizer_name(result),
                        )


def supported_entities(language: str) -> set[str]:
    """Entity types that some recognizer finds, whatever a policy asks for."""
    return {entity for r in _recognizers(language) for entity in r.supported_entities}


def _recognizers(language: str) -> Iterable[EntityRecognizer]:
    yield SpacyRecognizer(supported_language=language, supported_entities=list(_SPACY_ENTITIES))
    for kind in (*_PATTERN_RECOGNIZERS, *SPOKEN_FORMS):
        yield kind(supported_language=language)


def _loaded_engine(nlp: Mapping[str, Any]) -> SpacyNlpEngine:
    """Presidio's spaCy engine around pipelines that are loaded already (its own loader may download)."""
    engine = SpacyNlpEngine(
        models=[{"lang_code": language, "model_name": "loaded"} for language in nlp],
        ner_model_configuration=NerModelConfiguration(),
    )
    engine.nlp = dict(nlp)
    return engine


@Language.component("plain_lemmas")
def _plain_lemmas(doc: Doc) -> Doc:
    for token in doc:
        token.lemma_ = token.lower_
    return doc


def _load_spacy(path: Path) -> Any:
    try:
        nlp = spacy.load(path, exclude=_NOT_READ)
        nlp.add_pipe("plain_lemmas")
        return nlp
    except Exception as error:  # spaCy raises many kinds; none of them holds text at load time
        raise ModelError(
            f"spaCy model in {str(path)!r} cannot be loaded ({type(error).__name__}); "
            "run `redactor models verify`"
        ) from None


def _recognizer_name(result: Any) -> str:
    metadata = result.recognition_metadata or {}
    return str(metadata.get(result.RECOGNIZER_NAME_KEY, "unknown"))


def _by_language(transcript: Transcript, channel: int) -> Iterator[tuple[str, list[Word]]]:
    segments = [s for s in transcript.segments if s.channel == channel]
    for language, group in groupby(segments, key=lambda s: s.language):
        words = [word for segment in group for word in segment.words]
        if words:
            yield language, words


def _chunks(words: list[Word]) -> Iterator[tuple[int, int]]:
    """Character ranges of at most about `_CHUNK_CHARS`, on word borders, each overlapping the one before."""
    index = 0
    while True:
        first = words[index].char_start
        last = index
        while last + 1 < len(words) and words[last + 1].char_end - first <= _CHUNK_CHARS:
            last += 1
        yield first, words[last].char_end
        if last + 1 == len(words):
            return
        following = last + 1
        while following - 1 > index and (
            words[last].char_end - words[following - 1].char_start <= _OVERLAP_CHARS
        ):
            following -= 1
        index = following
