"""Transcript -> PiiSpans. The public verb is :meth:`Detector.detect`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from redactor.detect.base import Detector

if TYPE_CHECKING:
    from redactor.detect.loading import load_detector
    from redactor.detect.presidio import PresidioDetector
    from redactor.detect.speech import SpeechDetector
    from redactor.detect.tagger import Tagger

__all__ = ["Detector", "PresidioDetector", "SpeechDetector", "Tagger", "load_detector"]

# Presidio and spaCy take long to import, and the process that hands out work needs neither.
_MODULES = {
    "PresidioDetector": "presidio",
    "SpeechDetector": "speech",
    "Tagger": "tagger",
    "load_detector": "loading",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
