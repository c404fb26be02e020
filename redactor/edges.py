"""Where a muted stretch begins and ends: beyond the word, through the pause beside it, at a quiet moment.

Word times are right to within about 0.1 s once a model's bias is taken out (``benchmarks/calibrate.py``); the
worst of them lie beside pauses, where a recognizer lets a word begin late or end early (faster-whisper shortens
long words there on purpose). So an edge is moved outward by a padding, runs on through a pause, where it costs
nothing, and otherwise comes to rest where the sound is weakest: between two words rather than inside a
syllable of one. A neighbour that lasts longer than anybody says it has some of the finding in it. The method
and its figures are in ``benchmarks/ablation.py`` and ``benchmarks/padding.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from redactor.kernels.power import FRAME_S
from redactor.types import Seconds, Word

# A gap between two words that is shorter than this is no pause: recognizers leave such gaps at random.
_SHORTEST_PAUSE_S = 0.12
# What stays of a pause towards the word beyond it, whose own time is no surer than the finding's.
_LEFT_OF_PAUSE_S = 0.03
# Before the first word and behind the last one a pause may be muted this much farther: there is no other word
# to lose, and a recognizer's first and last times are its worst.
_OPEN_END = 4

# What a word takes at most, as a rule: this, and so much for each letter; a digit is said as a word of four.
_WORD_S, _LETTER_S, _LETTERS_OF_A_DIGIT = 0.2, 0.07, 4
# Of what a neighbour has more than that, so much is taken for the finding's at most.
_MOST_SPARE_S = 0.2
# A word begins where it reaches this share of its mean power: first words are given the silence before them.
_SOUND = 0.2


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


def spare_time(word: Word, power: np.ndarray, *, begins_at_sound: bool = False) -> Seconds:
    """How much longer a neighbour of a finding lasts than its letters need; that may be of the finding.

    Parameters
    ----------
    word : Word
        Right before or right behind the finding.
    power : numpy.ndarray, shape [num_frames], float64
        Of its channel.
    begins_at_sound : bool
        Leave out the silence at its beginning, which lies away from a finding behind it.

    Returns
    -------
    float
        Seconds, 0 for a word of ordinary length.
    """
    letters = sum(_LETTERS_OF_A_DIGIT if c.isdigit() else 1 for c in word.text if c.isalnum())
    start = word.start
    if begins_at_sound:
        first = int(word.start / FRAME_S)
        under = power[first : int(word.end / FRAME_S) + 1]
        start += FRAME_S * int(np.argmax(under > _SOUND * under.mean())) if under.size else 0.0
    return min(max(word.end - start - _WORD_S - _LETTER_S * letters, 0.0), _MOST_SPARE_S)


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
