"""Recognizers of our own, one file per spoken form, in Presidio's interface.

Presidio's patterns expect text as people type it. A recognizer here is a
:class:`presidio_analyzer.LocalRecognizer` whose constructor takes ``supported_language``; once its class is
listed in :mod:`redactor.detect.recognizers.spoken_forms`, policies may name its entity types (see
:mod:`redactor.entities`). Nothing is imported here: word lists and tokens are used without Presidio, too.
"""
