"""Transcript -> PiiSpans. The public verb is :meth:`Detector.detect`."""

from redactor.detect.base import Detector
from redactor.detect.presidio import PresidioDetector
from redactor.detect.speech import SpeechDetector
from redactor.detect.tagger import Tagger

__all__ = ["Detector", "PresidioDetector", "SpeechDetector", "Tagger"]
