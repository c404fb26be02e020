"""From what was heard to figures: words, entities, recordings, lost speech, and how sure they are.

A recording that was held back is wholly lost and not free of leaks; its words are in no leak rate, so
that holding back cannot better one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from redactor.bench.gold import FILLER, GoldRecording, entities
from redactor.bench.measure import Heard, Stretch, pieces

DRAWS = 2000
LEVEL = 0.95
TAILS = ((1 - LEVEL) / 2, 1 - (1 - LEVEL) / 2)


@dataclass(frozen=True)
class Unit:
    """An entity and whether something of it is heard."""

    entity_type: str
    words: int
    words_heard: int
    held_back: bool = False

    @property
    def leaks(self) -> bool:
        return self.words_heard > 0


@dataclass(frozen=True)
class Scored:
    """One recording's counts.

    Attributes
    ----------
    group : str
        Speaker where known, else the recording: what intervals resample.
    other_seconds, lost_seconds : float
        Time of words that are no personal data, and how much of it is muted.
    """

    audio: str
    kind: str
    group: str
    held_back: bool
    units: tuple[Unit, ...]
    other_seconds: float
    lost_seconds: float
    text_words: int = 0
    text_words_read: int = 0
    names_read: int = 0

    @property
    def leaks(self) -> bool:
        return any(unit.leaks for unit in self.units)


@dataclass(frozen=True)
class Rate:
    """A share with its interval; `value` None where there is nothing to count."""

    value: float | None
    low: float = 0.0
    high: float = 1.0
    count: float = 0.0
    of: float = 0.0


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    recordings: int
    with_pii: int
    held_back: Rate
    words: Rate
    entities: Rate
    clean: Rate
    lost: Rate
    text: Rate = field(default_factory=lambda: Rate(None))


def stretches_of(gold: GoldRecording) -> tuple[list[Stretch], list[list[int]], list[str], list[int]]:
    """What to measure in a recording.

    Returns
    -------
    stretches : list of Stretch
        Every word but fillers, then the pieces of spans.
    groups : list of list of int
        Indices of the stretches of each entity.
    types : list of str
        The entities' types.
    others : list of int
        Indices of ordinary words.
    """
    kept = [w for w in gold.words if w.label != FILLER]
    stretches = [Stretch(w.channel, w.start, w.end) for w in kept]
    groups = entities(kept)
    types = [kept[group[0]].label for group in groups]
    others = [i for i, w in enumerate(kept) if not w.label]
    for span in gold.spans:
        cut = pieces(span.channel, span.start, span.end)
        groups.append(list(range(len(stretches), len(stretches) + len(cut))))
        types.append(span.entity_type)
        stretches += cut
    return stretches, groups, types, others


def score(gold: GoldRecording, heard: Heard | None) -> Scored:
    """Counts of one recording; `heard` None for one that was held back."""
    stretches, groups, types, others = stretches_of(gold)
    seconds = [stretches[i].end - stretches[i].start for i in others]
    if heard is None:
        units = tuple(Unit(t, len(g), 0, held_back=True) for t, g in zip(types, groups, strict=True))
        lost = sum(seconds)
    else:
        leaks, muted = heard.leaks, heard.muted
        units = tuple(Unit(t, len(g), int(leaks[g].sum())) for t, g in zip(types, groups, strict=True))
        lost = float(sum(s * muted[i] for s, i in zip(seconds, others, strict=True)))
    group = gold.speaker or gold.audio
    return Scored(gold.audio, gold.kind, group, heard is None, units, sum(seconds), lost)


def binomial_below(successes: int, trials: int, chance: float) -> float:
    """Probability of at most `successes` in `trials`."""
    if chance <= 0.0:
        return 1.0
    if chance >= 1.0:
        return 1.0 if successes >= trials else 0.0
    log_p, log_q = math.log(chance), math.log1p(-chance)
    terms = (
        math.lgamma(trials + 1)
        - math.lgamma(k + 1)
        - math.lgamma(trials - k + 1)
        + k * log_p
        + (trials - k) * log_q
        for k in range(successes + 1)
    )
    return min(1.0, math.fsum(math.exp(t) for t in terms))


def clopper_pearson_upper(successes: int, trials: int, level: float = LEVEL) -> float:
    """One-sided exact upper bound of a share (Clopper and Pearson 1934); 299 clean samples give 1 % at 95 %."""
    if successes >= trials:
        return 1.0
    low, high = successes / trials, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if binomial_below(successes, trials, middle) > 1 - level:
            low = middle
        else:
            high = middle
    return high


def _share(
    rows: Sequence[Scored], weights: np.ndarray, of: np.ndarray, part: Callable[[Scored], tuple[float, float]]
) -> Rate:
    """Ratio of sums over recordings, with a percentile interval over the resampled groups."""
    counts = np.array([part(row) for row in rows], dtype=np.float64).reshape(-1, 2)
    count, total = counts.sum(axis=0)
    if total == 0:
        return Rate(None)
    by_group = np.zeros((weights.shape[1], 2))
    np.add.at(by_group, of, counts)
    drawn = weights @ by_group
    drawn = drawn[drawn[:, 1] > 0]
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], TAILS)
    return Rate(count / total, float(low), float(high), count, total)


def _words(row: Scored) -> tuple[float, float]:
    return sum(u.words_heard for u in row.units if not u.held_back), sum(
        u.words for u in row.units if not u.held_back
    )


def _entities(row: Scored) -> tuple[float, float]:
    return sum(u.leaks for u in row.units), sum(not u.held_back for u in row.units)


def _dirty(row: Scored) -> tuple[float, float]:
    return float(row.leaks or row.held_back), 1.0


def _bounded(rate: Rate, recordings: int) -> Rate:
    """At zero leaks the resampled interval has no width: the exact bound over recordings instead."""
    if rate.value != 0.0 or recordings == 0:
        return rate
    return Rate(0.0, 0.0, clopper_pearson_upper(0, recordings), rate.count, rate.of)


def draws(size: int, *, seed: int) -> np.ndarray:
    """How often each of `size` things is in each of the draws with replacement; shape [num_draws, size]."""
    if not size:
        return np.zeros((1, 0))
    return np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), DRAWS)


def summarize(name: str, rows: Sequence[Scored], *, seed: int = 0) -> Row:
    """One line of the table over the given recordings."""
    groups = {group: i for i, group in enumerate(sorted({row.group for row in rows}))}
    of = np.array([groups[row.group] for row in rows], dtype=np.int64)
    weights = draws(len(groups), seed=seed)
    with_pii = [i for i, row in enumerate(rows) if row.units]
    pii_rows = [rows[i] for i in with_pii]
    released = sum(not row.held_back for row in pii_rows)
    dirty = _bounded(_share(pii_rows, weights, of[with_pii], _dirty), len(pii_rows))
    clean = Rate(None)
    if dirty.value is not None:
        clean = Rate(1 - dirty.value, 1 - dirty.high, 1 - dirty.low, dirty.of - dirty.count, dirty.of)
    return Row(
        name=name,
        recordings=len(rows),
        with_pii=len(pii_rows),
        held_back=_share(rows, weights, of, lambda r: (float(r.held_back), 1.0)),
        words=_bounded(_share(rows, weights, of, _words), released),
        entities=_bounded(_share(rows, weights, of, _entities), released),
        clean=clean,
        lost=_share(rows, weights, of, lambda r: (r.lost_seconds, r.other_seconds)),
        text=_bounded(_share(rows, weights, of, lambda r: (r.text_words_read, r.text_words)), released),
    )


def only_type(row: Scored, entity_type: str) -> Scored:
    """A recording with the entities of one type alone; speech lost is no matter of a type."""
    units = tuple(u for u in row.units if u.entity_type == entity_type)
    return Scored(row.audio, row.kind, row.group, row.held_back, units, 0.0, 0.0)


def table(rows: Sequence[Scored], *, seed: int = 0) -> list[Row]:
    """Overall, by kind, and by entity type."""
    kinds = sorted({row.kind for row in rows if row.kind})
    types = sorted({unit.entity_type for row in rows for unit in row.units})
    out = [summarize("all", rows, seed=seed)]
    if len(kinds) > 1:
        out += [summarize(kind, [r for r in rows if r.kind == kind], seed=seed) for kind in kinds]
    for entity_type in types:
        chosen: Iterable[Scored] = (only_type(r, entity_type) for r in rows)
        out.append(summarize(entity_type, [r for r in chosen if r.units], seed=seed))
    return out
