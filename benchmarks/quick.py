"""The leak of spans that were not yet cut into audio: seconds for a corpus instead of minutes.

A frame of 10 ms counts as muted where a span holds all of it. The contract (redactor/bench/measure.py) looks at
the released audio itself; figures that are reported as results come from there.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from redactor.bench.gold import GoldRecording
from redactor.bench.measure import FAINT, Heard, Stretch
from redactor.bench.score import Scored, score, stretches_of
from redactor.kernels.power import FRAME_S
from redactor.types import TimeSpan

_EDGE = 1e-6


def muted_frames(spans: Iterable[TimeSpan], shape: tuple[int, int]) -> np.ndarray:
    """Which frames lie whole inside a span; shape [num_frames, num_channels], bool."""
    muted = np.zeros(shape, bool)
    for span in spans:
        first = int(np.ceil(span.start / FRAME_S - _EDGE))
        last = int(np.floor(span.end / FRAME_S + _EDGE))
        muted[first:last, list(span.channels)] = True
    return muted


def score_spans(gold: GoldRecording, spans: Iterable[TimeSpan], power: np.ndarray) -> Scored:
    """Counts of one recording, were it muted in these spans.

    Parameters
    ----------
    gold : GoldRecording
    spans : iterable of TimeSpan
    power : numpy.ndarray, shape [num_frames, num_channels], float64
        From :func:`redactor.kernels.power.frame_power`.
    """
    muted = muted_frames(spans, power.shape)
    stretches, *_ = stretches_of(gold)
    audible, gone = np.zeros(len(stretches)), np.zeros(len(stretches))
    for i, stretch in enumerate(stretches):
        audible[i], gone[i] = _heard(stretch, muted, power)
    return score(gold, Heard(audible, gone))


def _heard(stretch: Stretch, muted: np.ndarray, power: np.ndarray) -> tuple[float, float]:
    """Share of a stretch's energy outside the muted frames, and share of its time inside them."""
    first = int(stretch.start / FRAME_S + _EDGE)
    last = max(int(np.ceil(stretch.end / FRAME_S - _EDGE)), first + 1)
    energy = power[first:last, stretch.channel]
    gone = muted[first:last, stretch.channel]
    total = energy.sum()
    if total <= 0:
        return 0.0, 0.0
    tells = energy > FAINT * energy.mean()
    return float(energy[~gone].sum() / total), float((tells & gone).sum() / max(tells.sum(), 1))
