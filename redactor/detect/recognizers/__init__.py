"""Recognizers of our own, one file per spoken form, in Presidio's interface.

Presidio's patterns expect text as people type it. A recognizer here is a
:class:`presidio_analyzer.LocalRecognizer` whose constructor takes ``supported_language``; once its class is
listed, policies may name its entity types (see :mod:`redactor.entities`).
"""

from __future__ import annotations

from presidio_analyzer import LocalRecognizer

from redactor.detect.recognizers.spoken_run import SpokenRunRecognizer

SPOKEN_FORMS: tuple[type[LocalRecognizer], ...] = (SpokenRunRecognizer,)
