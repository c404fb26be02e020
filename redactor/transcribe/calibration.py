"""Word times of a model, put right by its measured bias."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from redactor.errors import ModelError
from redactor.types import Seconds, Word

# What a word is widened by, on both sides, when nobody has measured its model: base starts and ends 0.06 s
# early, tiny.en 0.09 s late, and others lie elsewhere.
_UNMEASURED_S = 0.1
_SHORTEST_WORD_S = 0.02
_KEYS = {"start_bias_ms", "end_bias_ms"}


@dataclass(frozen=True)
class Calibration:
    """How far a model's word times lie from the true ones.

    Attributes
    ----------
    start_bias, end_bias : float
        Median of (recognized - true) in seconds, negative where the model is early; from
        ``[model.NAME.calibration]`` of the registry, made by ``benchmarks/calibrate.py``.
    margin : float
        Seconds added to both sides of every word.
    """

    start_bias: Seconds = 0.0
    end_bias: Seconds = 0.0
    margin: Seconds = _UNMEASURED_S

    @classmethod
    def of(cls, values: Mapping[str, Any], *, model: str) -> Calibration:
        """From the registry's table; an empty one gives the margin of a model that was not measured.

        Raises
        ------
        ModelError
            If a key is missing, unknown or no number.
        """
        if not values:
            return cls()
        numbers = [v for v in values.values() if isinstance(v, int | float) and abs(v) < 1000]
        if values.keys() != _KEYS or len(numbers) != len(_KEYS):
            raise ModelError(
                f"calibration of model {model!r} must hold {' and '.join(sorted(_KEYS))} in milliseconds and "
                "nothing else; run benchmarks/calibrate.py"
            )
        return cls(values["start_bias_ms"] / 1000, values["end_bias_ms"] / 1000, margin=0.0)

    def apply(self, word: Word, duration: Seconds) -> Word:
        """The word at its corrected time, inside the recording.

        Times that cannot be (NaN, reversed) are let through for the pipeline's check to find.
        """
        if not word.start <= word.end:
            return word
        start = _within(word.start - self.start_bias - self.margin, 0.0, max(duration - _SHORTEST_WORD_S, 0.0))
        end = _within(word.end - self.end_bias + self.margin, min(start + _SHORTEST_WORD_S, duration), duration)
        return replace(word, start=round(start, 3), end=min(round(end, 3), duration))


def _within(time: Seconds, low: Seconds, high: Seconds) -> Seconds:
    return min(max(time, low), high)
