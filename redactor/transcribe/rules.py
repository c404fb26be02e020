"""How a model is asked: lengths of windows and what of them a decoder is shown, as measured for each model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redactor.errors import ModelError
from redactor.types import Seconds

# What a Whisper was trained on: windows of 30 s, 50 states a second of them.
FULL_WINDOW_S = 30.0
STATES_PER_S = 50
MEL_FRAMES_PER_S = 100
FULL_STATES = round(FULL_WINDOW_S * STATES_PER_S)
# Windows are encoded at their length rounded up to this.
ENCODED_STEP_S = 0.5
# The log-mel value of silence in a window of speech: Whisper cuts 8 decades below the loudest, which is taken
# for 10 ** 1.2 here ((1.2 - 8 + 4) / 4).
SILENT_MEL = -0.7

# Pairs that are chosen the most alike first can always leave so few: where they block each other, two in three.
_LEAST_KEPT = 0.7
# Prompted, a decoder is shown less silence: more finds no more.
_PROMPTED_SILENCE_S = 6.0


@dataclass(frozen=True)
class View:
    """What a decoder is shown of a window.

    Attributes
    ----------
    kept_share : float
        Share of the window's states that is left when alike neighbours are merged.
    silence_every : int
        Of the model's own states of silence behind the window one in so many; 0 for none.
    silence : float
        Seconds behind the window that they are of, as far as there are any up to 30 s.
    """

    kept_share: float = 1.0
    silence_every: int = 0
    silence: Seconds = FULL_WINDOW_S


@dataclass(frozen=True)
class WindowRules:
    """How long windows may be, and what a decoder is shown of them.

    Attributes
    ----------
    longest : float
        Seconds of sound in a window at most.
    tail : float
        Seconds of silence that are encoded behind the sound.
    kept_share, silence_every
        As in :class:`View`. A decoder that sees no end of the speech says it again.
    short : float
        Windows of less seconds than this are shown with more states of silence.
    short_silence_every : int
        As `silence_every`, of these.
    """

    longest: Seconds = FULL_WINDOW_S
    tail: Seconds = FULL_WINDOW_S
    kept_share: float = 1.0
    silence_every: int = 0
    short: Seconds = 0.0
    short_silence_every: int = 0

    @classmethod
    def of(cls, values: Mapping[str, Any], *, model: str) -> WindowRules:
        """From ``[model.NAME.windows]`` of the registry, times in milliseconds; empty, windows of 30 s.

        Raises
        ------
        ModelError
            If a key is missing, unknown or no number, or a value cannot be.
        """
        if not values:
            return cls()
        if values.keys() == _LIMITS.keys() and all(_is_within(values[key], *_LIMITS[key]) for key in _LIMITS):
            return cls(
                longest=values["longest_ms"] / 1000,
                tail=values["tail_ms"] / 1000,
                kept_share=float(values["kept_share"]),
                silence_every=values["silence_every"],
                short=values["short_ms"] / 1000,
                short_silence_every=values["short_silence_every"],
            )
        allowed = ", ".join(f"{key} ({low:g} to {high:g})" for key, (low, high) in _LIMITS.items())
        raise ModelError(
            f"windows of model {model!r} must hold {allowed}, and nothing else; run benchmarks/windows.py"
        )

    def view(self, duration: Seconds, *, prompted: bool) -> View:
        """What is shown of a window of so many seconds of sound."""
        if prompted:
            return View(self.kept_share, self.silence_every, _PROMPTED_SILENCE_S)
        every = self.short_silence_every if duration < self.short else self.silence_every
        return View(self.kept_share, every)


# The keys of the registry, and what their values may be: of those with a whole number for a limit, whole ones.
_LIMITS = {
    "longest_ms": (1000.0, 1000 * FULL_WINDOW_S),
    "tail_ms": (0.0, 1000 * FULL_WINDOW_S),
    "kept_share": (_LEAST_KEPT, 1.0),
    "silence_every": (0, FULL_STATES),
    "short_ms": (0.0, 1000 * FULL_WINDOW_S),
    "short_silence_every": (0, FULL_STATES),
}


def _is_within(value: Any, low: float, high: float) -> bool:
    kinds = int if isinstance(low, int) else int | float
    return isinstance(value, kinds) and not isinstance(value, bool) and low <= value <= high
