"""Numbered placeholders through presidio-anonymizer: ``<PERSON_1>`` is one person all through a recording."""

from __future__ import annotations

import logging
import re
from typing import Any

from presidio_anonymizer import AnonymizerEngine
from presidio_anonymizer.entities import OperatorConfig, RecognizerResult
from presidio_anonymizer.operators import Operator, OperatorType

_LETTERS_AND_DIGITS = re.compile(r"[^\W_]+")


class NumberedPlaceholder(Operator):
    """Presidio operator: replaces a value by its type and the number of that value in the recording.

    The parameter "numbers" is the state of one recording: for each type, the values seen so far.
    """

    def operate(self, text: str = "", params: dict[str, Any] | None = None) -> str:
        params = params or {}
        entity_type = params["entity_type"]
        seen: list[set[str]] = params["numbers"].setdefault(entity_type, [])
        return f"<{entity_type}_{_number_of(text, seen)}>"

    def validate(self, params: dict[str, Any] | None = None) -> None:
        if not params or "numbers" not in params:
            raise ValueError("the operator needs the recording's numbers")

    def operator_name(self) -> str:
        return "numbered_placeholder"

    def operator_type(self) -> OperatorType:
        return OperatorType.Anonymize


class Placeholders:
    """The placeholders of one recording."""

    def __init__(self) -> None:
        logging.getLogger("presidio-anonymizer").setLevel(logging.CRITICAL)
        self._engine = AnonymizerEngine()
        self._engine.add_anonymizer(NumberedPlaceholder)
        self._numbers: dict[str, list[set[str]]] = {}

    def replace(self, value: str, *, entity_type: str) -> str:
        """Placeholder for a value; the value itself goes no further."""
        result = self._engine.anonymize(
            text=value,
            analyzer_results=[RecognizerResult(entity_type, 0, len(value), 1.0)],
            operators={
                "DEFAULT": OperatorConfig(
                    NumberedPlaceholder().operator_name(), {"numbers": self._numbers}
                )
            },
        )
        return result.text


def _number_of(text: str, seen: list[set[str]]) -> int:
    """Number of a value among those seen, from 1; a part of just one earlier value counts as that value.

    "John" after "John Smith" is the same person; after "John Smith" and "John Miller" it is a new one, since
    nobody can say which.
    """
    parts = set(_LETTERS_AND_DIGITS.findall(text.casefold()))
    if parts in seen:
        return seen.index(parts) + 1
    kin = [i for i, other in enumerate(seen) if parts and (parts <= other or other <= parts)]
    if len(kin) == 1:
        seen[kin[0]] |= parts
        return kin[0] + 1
    seen.append(parts)
    return len(seen)
