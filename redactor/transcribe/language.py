"""In which language each stretch of speech is, decided on windows of the speech itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from redactor.errors import LanguageError
from redactor.policy import AUTO_LANGUAGE, LanguagePolicy
from redactor.transcribe.speech import MODEL_RATE_HZ
from redactor.types import Seconds

# Whisper decides on one window of 30 s. A rest shorter than 10 s of speech is judged together with what
# came before it: on 3 s, real German was taken for French, on 10 s none of 40 clips was mistaken.
_WINDOW_S = 30.0
_SHORTEST_WINDOW_S = 10.0

# language -> probability for one window of float32 samples at 16 kHz
Identify = Callable[[np.ndarray], Mapping[str, float]]


@dataclass(frozen=True)
class Stretch:
    """Consecutive speech regions of a channel in one language."""

    language: str
    start: Seconds
    end: Seconds


def stretches(
    samples: np.ndarray,
    regions: Sequence[tuple[Seconds, Seconds]],
    *,
    policy: LanguagePolicy,
    identify: Identify | None,
) -> list[Stretch]:
    """Cut a channel's speech into stretches of one language each, together covering all of it.

    Parameters
    ----------
    samples : numpy.ndarray, shape [num_samples], float32
        One channel at 16 kHz.
    regions : sequence of (start, end)
        Where there is speech, seconds, in order.
    identify : callable or None
        Language probabilities of a window; None where the policy trusts one language.

    Raises
    ------
    LanguageError
        If a window is not in a language that the policy has a detector for.
    """
    if not regions:
        return []
    if policy.spoken != AUTO_LANGUAGE:
        return [Stretch(policy.spoken, regions[0][0], regions[-1][1])]
    if identify is None:
        raise LanguageError("no model at hand can tell languages apart; set language.spoken in the policy")
    found: list[Stretch] = []
    for window in _windows(regions):
        speech = np.concatenate([_slice(samples, region) for region in window])
        evidence = speech[-round(_WINDOW_S * MODEL_RATE_HZ) :]
        language = _decide(identify(evidence), policy, at=window[0][0])
        if found and found[-1].language == language:
            found[-1] = Stretch(language, found[-1].start, window[-1][1])
        else:
            found.append(Stretch(language, window[0][0], window[-1][1]))
    return found


def _decide(probabilities: Mapping[str, float], policy: LanguagePolicy, *, at: Seconds) -> str:
    known = {code: probabilities.get(code, 0.0) for code in policy.detectors}
    if not sum(known.values()) >= policy.min_probability:  # also true for NaN
        raise LanguageError(
            f"speech from {at:.1f} s on is not in a language that the policy can search "
            f"({', '.join(known)}); add a detector for it, or leave the recording out"
        )
    return max(known, key=lambda code: known[code])


def _windows(
    regions: Sequence[tuple[Seconds, Seconds]],
) -> Iterator[list[tuple[Seconds, Seconds]]]:
    """Group regions into windows of at most 30 s of speech; a short rest joins the last window."""
    windows: list[list[tuple[Seconds, Seconds]]] = [[]]
    held = 0.0
    for start, end in _split_long(regions):
        if held + (end - start) > _WINDOW_S and windows[-1]:
            windows.append([])
            held = 0.0
        windows[-1].append((start, end))
        held += end - start
    if len(windows) > 1 and held < _SHORTEST_WINDOW_S:
        rest = windows.pop()
        windows[-1] += rest
    yield from windows


def _split_long(
    regions: Sequence[tuple[Seconds, Seconds]],
) -> Iterator[tuple[Seconds, Seconds]]:
    for start, end in regions:
        while end - start > _WINDOW_S:
            yield start, start + _WINDOW_S
            start += _WINDOW_S
        yield start, end


def _slice(samples: np.ndarray, region: tuple[Seconds, Seconds]) -> np.ndarray:
    # Model input only: nothing is muted by these bounds, so they need no outward rounding.
    return samples[round(region[0] * MODEL_RATE_HZ) : round(region[1] * MODEL_RATE_HZ)]
