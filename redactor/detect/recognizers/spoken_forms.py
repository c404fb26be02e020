"""The recognizers of our own, as the analyzer takes them."""

from __future__ import annotations

from presidio_analyzer import LocalRecognizer

from redactor.detect.recognizers.address import AddressRecognizer
from redactor.detect.recognizers.ages import AgeRecognizer
from redactor.detect.recognizers.codes import CodeRecognizer
from redactor.detect.recognizers.dates import BirthDateRecognizer
from redactor.detect.recognizers.email import SpokenEmailRecognizer
from redactor.detect.recognizers.names import NameRecognizer
from redactor.detect.recognizers.places import PlaceRecognizer
from redactor.detect.recognizers.plates import PlateRecognizer
from redactor.detect.recognizers.postcodes import PostalCodeRecognizer
from redactor.detect.recognizers.secrets import SecretRecognizer
from redactor.detect.recognizers.spelling import SpellingRecognizer
from redactor.detect.recognizers.spoken_run import SpokenRunRecognizer
from redactor.detect.recognizers.vocative import VocativeRecognizer

SPOKEN_FORMS: tuple[type[LocalRecognizer], ...] = (
    SpokenRunRecognizer,
    SpellingRecognizer,
    NameRecognizer,
    PlaceRecognizer,
    AddressRecognizer,
    SpokenEmailRecognizer,
    SecretRecognizer,
    AgeRecognizer,
    CodeRecognizer,
    BirthDateRecognizer,
    PlateRecognizer,
    PostalCodeRecognizer,
    VocativeRecognizer,
)
