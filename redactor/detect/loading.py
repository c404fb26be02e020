"""A detector with the models of a policy in memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from redactor.detect.presidio import PresidioDetector
from redactor.detect.speech import SpeechDetector
from redactor.detect.tagger import Tagger, least_probabilities
from redactor.policy import Policy


def load_detector(policy: Policy, *, ner: Mapping[str, Path], tag: Mapping[str, Path]) -> SpeechDetector:
    """The detector of a policy.

    Parameters
    ----------
    policy : Policy
    ner, tag : mapping of str to pathlib.Path
        By ISO 639-1 code, folders of verified models: of spaCy's that search texts, and of taggers.

    Raises
    ------
    ModelError
        If one of them cannot be loaded.
    """
    entities = least_probabilities(policy)
    taggers = [Tagger(path, language=language, entities=entities) for language, path in tag.items()]
    return SpeechDetector(PresidioDetector(policy, spacy_models=ner), policy, taggers=taggers)
