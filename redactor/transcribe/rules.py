"""How a model is asked: lengths of windows and of the silence behind them, as measured for each model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from redactor.errors import ModelError
from redactor.types import Seconds

# What a Whisper was trained on: windows of 30 s, 50 states a second of them.
FULL_WINDOW_S = 30.0
STATES_PER_S = 50
MEL_FRAMES_PER_S = 100

# May be left out of the registry.
_OPTIONAL = {"short_ms"}


@dataclass(frozen=True)
class WindowRules:
    """How long windows may be, and what a model needs to see behind the speech in them.

    Attributes
    ----------
    longest : float
        Seconds of sound in a window at most.
    tail : float
        Seconds of silence that are encoded behind the sound.
    silence : float
        Seconds of the model's own states of silence behind that, up to 30 s in all. A decoder that sees no end
        of the speech says it again.
    short : float
        Windows of less seconds than that have states of silence up to 30 s behind them.
    """

    longest: Seconds = FULL_WINDOW_S
    tail: Seconds = FULL_WINDOW_S
    silence: Seconds = 0.0
    short: Seconds = 0.0

    @classmethod
    def of(cls, values: Mapping[str, Any], *, model: str) -> WindowRules:
        """From ``[model.NAME.windows]`` of the registry, in milliseconds; an empty one gives windows of 30 s.

        ``short_ms`` may be left out.

        Raises
        ------
        ModelError
            If a key is missing, unknown or no number, or a time cannot be.
        """
        if not values:
            return cls()
        names = {f"{field.name}_ms" for field in fields(cls)}
        rules = None
        if names - _OPTIONAL <= values.keys() <= names and all(_is_time(v) for v in values.values()):
            rules = cls(**{name.removesuffix("_ms"): v / 1000 for name, v in values.items()})
        if rules is None or not 1.0 <= rules.longest <= FULL_WINDOW_S:
            raise ModelError(
                f"windows of model {model!r} must hold {', '.join(sorted(names))}, milliseconds up to "
                f"{FULL_WINDOW_S * 1000:.0f}, and nothing else; run benchmarks/windows.py"
            )
        return rules


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= FULL_WINDOW_S * 1000
