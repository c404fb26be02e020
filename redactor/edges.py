"""Where a muted stretch begins and ends: beyond the word, through the pause beside it, at a quiet moment.

Word times are right to within about 0.1 s once a model's bias is taken out (``benchmarks/calibrate.py``); the
worst of them lie beside pauses, where a recognizer lets a word begin late or end early (faster-whisper shortens
long words there on purpose). So an edge is moved outward by a padding, runs on through a pause, where it costs
nothing, and otherwise comes to rest where the sound is weakest: between two words rather than inside a
syllable of one. The method and its figures are in ``benchmarks/ablation.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from redactor.kernels.power import FRAME_S
from redactor.types import Seconds

# A gap between two words that is shorter than this is no pause: recognizers leave such gaps at random.
_SHORTEST_PAUSE_S = 0.12
# What stays of a pause towards the word beyond it, whose own time is no surer than the finding's.
_LEFT_OF_PAUSE_S = 0.03
# Before the first word and behind the last one a pause may be muted this much farther: there is no other word
# to lose, and a recognizer's first and last times are its worst.
_OPEN_END = 4


@dataclass(frozen=True)
class EdgeRule:
    """How far an edge may move, in seconds.

    Attributes
    ----------
    padding : float
        Outward from the word's time, whatever is there.
    pause : float
        Outward at most, through a pause.
    valley : float
        To either side of the padded edge, to the weakest moment; 0 leaves it where it is.
    """

    padding: Seconds
    pause: Seconds
    valley: Seconds


def start_edge(start: Seconds, before: Seconds | None, power: np.ndarray, rule: EdgeRule) -> Seconds:
    """Where to begin muting for a word that begins at `start`.

    Parameters
    ----------
    start : float
        Seconds.
    before : float or None
        End of the word before it, None if there is none.
    power : numpy.ndarray, shape [num_frames], float64
        Of the word's channel, from :func:`redactor.kernels.power.frame_power`.
    rule : EdgeRule
    """
    return -_edge(-start, None if before is None else -before, power, rule, towards=-1)


def end_edge(end: Seconds, after: Seconds | None, power: np.ndarray, rule: EdgeRule) -> Seconds:
    """Where to end muting for a word that ends at `end`; `after` is the start of the word after it."""
    return _edge(end, after, power, rule, towards=1)


def _edge(
    time: Seconds, neighbour: Seconds | None, power: np.ndarray, rule: EdgeRule, *, towards: int
) -> Seconds:
    """An edge on an axis that grows outward: for starts (`towards` -1) all times are negated."""
    padded = time + rule.padding
    if neighbour is None and rule.pause > 0:
        return max(padded, time + rule.pause * _OPEN_END)
    gap = np.inf if neighbour is None else neighbour - time
    if gap > _SHORTEST_PAUSE_S and rule.pause > 0:
        return max(padded, time + min(gap - _LEFT_OF_PAUSE_S, rule.pause))
    if rule.valley <= 0:
        return padded
    inner = max(padded - rule.valley, time)  # never into the word
    low, high = sorted((towards * inner, towards * (padded + rule.valley)))
    first, stop = max(round(low / FRAME_S), 0), min(round(high / FRAME_S) + 1, len(power))
    if stop - first < 3:
        return padded
    # Three frames together: a single quiet frame is as often the closure of a stop within a word.
    smooth = np.convolve(power[max(first - 1, 0) : stop + 1], np.ones(3), "same")
    smooth = smooth[first - max(first - 1, 0) :][: stop - first]
    weakest = (first + int(np.argmin(smooth)) + 0.5) * FRAME_S
    return max(towards * weakest, inner)
