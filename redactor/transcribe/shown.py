"""What a decoder is shown of a window: of states that are much alike the mean, and a few states of silence.

For every token that it writes a decoder reads all the states that it is shown. Whisper has one for every
20 ms, which is less than a sound lasts, so neighbours are alike: pairs of them become one. Li et al. do the
same within an encoder ("Accelerating Transducers through Adjacent Token Merging", Interspeech 2023,
arXiv:2306.16009). Behind the speech a decoder looks for its end up to 30 s, but needs no state of silence for
every 20 ms of that. The figures are in benchmarks/windows.py.
"""

from __future__ import annotations

import math

import numpy as np

from redactor.transcribe.rules import FULL_STATES, STATES_PER_S, View

# Windows are decoded in batches of equal length: it is rounded up to this.
_STEP = 2 * STATES_PER_S


def shown(states: np.ndarray, silence: np.ndarray, view: View) -> np.ndarray:
    """States of a window as the decoder is shown them.

    Parameters
    ----------
    states : numpy.ndarray, shape [num_states, size]
        Of less than 30 s.
    silence : numpy.ndarray, shape [FULL_STATES, size]
        Of 30 s of silence; some of those at the places behind the window are taken.
    view : View

    Returns
    -------
    numpy.ndarray, shape [num_shown, size]
        Their number depends on that of `states` and the view alone.
    """
    own = len(states)
    kept = merged(states, math.ceil(own * view.kept_share))
    stop = min(own + round(view.silence * STATES_PER_S), FULL_STATES)
    needed = len(kept) + (-(-(stop - own) // view.silence_every) if view.silence_every else 0)
    count = min(-(-needed // _STEP) * _STEP, FULL_STATES) - len(kept)
    places = np.linspace(own, stop - 1, count).round().astype(np.intp)
    return np.concatenate((kept, silence[places]))


def merged(states: np.ndarray, count: int) -> np.ndarray:
    """States in order, pairs of neighbours as their mean: those that are most alike, until `count` are left.

    Parameters
    ----------
    states : numpy.ndarray, shape [num_states, size]
    count : int
        Two thirds of them or more: each is part of one pair at most, and fewer may be out of reach.

    Returns
    -------
    numpy.ndarray, shape [count, size]
    """
    if len(states) <= count:
        return states
    firsts = alike(states, len(states) - count)
    left = states.copy()
    left[firsts] = (states[firsts] + states[np.add(firsts, 1)]) / 2
    return np.delete(left, np.add(firsts, 1), axis=0)


def alike(states: np.ndarray, most: int) -> np.ndarray:
    """Which states are most like the next one: the most alike pairs first, none of which share a state.

    Parameters
    ----------
    states : numpy.ndarray, shape [num_states, size]
    most : int
        So many pairs, or fewer where they block each other.

    Returns
    -------
    numpy.ndarray, shape [num_pairs], int64
        The first state of each.
    """
    lengths = np.linalg.norm(states, axis=1)
    likeness = np.einsum("ij,ij->i", states[:-1], states[1:]) / (lengths[:-1] * lengths[1:] + 1e-9)
    taken = [False] * len(states)
    firsts: list[int] = []
    for first in np.argsort(-likeness, kind="stable").tolist():
        if len(firsts) >= most:
            break
        if not (taken[first] or taken[first + 1]):
            taken[first] = taken[first + 1] = True
            firsts.append(first)
    return np.array(firsts, np.intp)
