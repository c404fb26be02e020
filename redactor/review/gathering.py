"""From the state of a review to the facts of a certificate. Of several verdicts on a clip the worst counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from redactor.audit.lines import utc_now
from redactor.review.certificate import assess
from redactor.review.entries import Finding, Item, Kind, Lot, Opinion, Stage, Verdict
from redactor.review.facts import OPEN, Facts, Provenance, Stratum
from redactor.review.lots import SLOT_S, heard_by, num_frozen
from redactor.review.plants import noticed
from redactor.review.store import ReviewStore
from redactor.runfolder import RunFolder

_WORST_FIRST = tuple(
    str(opinion) for opinion in (Opinion.LEAK, Opinion.CANNOT_TELL, OPEN, Opinion.TOO_MUCH, Opinion.CLEAN)
)


def gather(folder: RunFolder, store: ReviewStore, lot: Lot) -> Facts:
    """Everything that a certificate of a lot is computed from."""
    lots = store.lots()
    before = lots[: [each.id for each in lots].index(lot.id)]
    outcomes = Counter(_outcome(store, earlier) for earlier in before)
    unknown = num_frozen(folder.audit) - len(lots)
    if unknown > 0:  # frozen, by the record, and their draws are not here
        outcomes["unknown"] += unknown
    known = {row["id"] for row in store.fetch("SELECT id FROM reviewer")}
    if not heard_by(folder.audit) <= known:  # a state was removed, with what they said, and drawn anew
        outcomes["unknown"] += 1
    return _facts(store, lot, outcomes)


def _outcome(store: ReviewStore, lot: Lot) -> str:
    facts = _facts(store, lot, {})
    if facts.verdicts.get(OPEN, 0):
        return "abandoned"
    return "shown" if assess(facts)["claim"]["shown"] else "not-shown"


def _facts(store: ReviewStore, lot: Lot, earlier: Mapping[str, int]) -> Facts:
    items = store.items(lot.id)
    said = defaultdict(list)
    for verdict in store.verdicts(lot.id):
        said[verdict.item].append(verdict)
    uniform = [item for item in items if item.kind is Kind.UNIFORM]
    found = store.findings()
    leaking = {item.id for item in uniform if item.has_leaked or any(f.is_in(item, lot) for f in found)}
    worst = {item.id: _worst(item, said[item.id], has_leaked=item.id in leaking) for item in uniform}
    planted = [item for item in items if item.kind is Kind.PLANTED]
    is_cut = any(number > 1 for number, _ in lot.facts["slots_per_recording"]) and lot.slot_s is not None
    return Facts(
        lot_digest=lot.id,
        frozen_at=lot.frozen_at,
        made_at=utc_now(),
        audit_head=lot.head,
        seed=lot.seed,
        unit="slot" if is_cut else "recording",
        slot_s=lot.slot_s or SLOT_S,
        num_recordings=lot.num_recordings,
        hours=lot.seconds / 3600,
        slots_per_recording=tuple((slots, number) for slots, number in lot.facts["slots_per_recording"]),
        strata=_strata(lot, uniform, worst),
        confidence=lot.confidence,
        max_leak_rate=lot.max_leak_rate,
        allowed=lot.allowed,
        policies=tuple(Provenance(p["name"], p["digest"], p["recordings"]) for p in lot.facts["policies"]),
        models=tuple(
            Provenance(m["name"], m["digest"], m["recordings"], m["role"]) for m in lot.facts["models"]
        ),
        verdicts=dict(Counter(worst.values())),
        leaks_by_type=_leaks_by_type(uniform, said),
        num_leaks_removed=_num_removed(uniform, worst, found),
        num_planted=len(planted),
        num_noticed=sum(_is_noticed(item, said[item.id]) for item in planted),
        double_reviews=_double_reviews(items, said),
        targeted=dict(
            Counter(_worst(item, said[item.id]) for item in items if item.kind is Kind.TARGETED)
        ),
        earlier_draws=dict(earlier),
        num_reviewers=len({verdict.reviewer for verdicts in said.values() for verdict in verdicts}),
        num_waiting=sum(bool(said[item.id]) and worst[item.id] == OPEN for item in uniform),
    )


def _worst(item: Item, verdicts: Sequence[Verdict], *, has_leaked: bool = False) -> str:
    """What counts of an item; a leak too where one was found in it by way of another sample."""
    opinions = {verdict.opinion.value for verdict in verdicts}
    if len({verdict.reviewer for verdict in verdicts}) < item.required:
        opinions.add(OPEN)
    if has_leaked:
        opinions.add(Opinion.LEAK.value)
    return next(opinion for opinion in _WORST_FIRST if opinion in opinions)


def _strata(lot: Lot, uniform: Sequence[Item], worst: Mapping[str, str]) -> tuple[Stratum, ...]:
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for item in uniform:
        seen[item.stratum][worst[item.id]] += 1
    return tuple(
        Stratum(
            name=name,
            lot_size=stratum["units"],
            num_drawn=stratum["drawn"],
            num_leaking=seen[name][Opinion.LEAK.value],
            num_cannot_tell=seen[name][Opinion.CANNOT_TELL.value],
            num_open=seen[name][OPEN],
            is_bound_alone=stratum["bound"],
        )
        for name, stratum in sorted(lot.strata.items())
    )


def _leaks_by_type(uniform: Sequence[Item], said: Mapping[str, Sequence[Verdict]]) -> dict[str, int]:
    return dict(
        Counter(
            mark.type
            for item in uniform
            for verdict in said[item.id]
            if verdict.opinion is Opinion.LEAK
            for mark in verdict.marks
        )
    )


def _num_removed(uniform: Sequence[Item], worst: Mapping[str, str], found: Sequence[Finding]) -> int:
    gone = {f.name for f in found if f.stage in (Stage.WITHDRAWN, Stage.SETTLED)}
    return sum(item.name in gone and worst[item.id] == Opinion.LEAK.value for item in uniform)


def _is_noticed(item: Item, verdicts: Sequence[Verdict]) -> bool:
    """Whether the first reviewer of a planted item marked it; one is enough, as one hears most items."""
    marks = [
        (mark.start, mark.end)
        for verdict in verdicts[:1]
        if verdict.opinion is Opinion.LEAK
        for mark in verdict.marks
    ]
    return item.truth is not None and noticed(item.truth, marks)


def _double_reviews(
    items: Sequence[Item], said: Mapping[str, Sequence[Verdict]]
) -> tuple[tuple[str, str], ...]:
    pairs = []
    for item in items:
        verdicts = sorted(said[item.id], key=lambda verdict: verdict.at)
        if item.required == 2 and len(verdicts) == 2:
            pairs.append((verdicts[0].opinion.value, verdicts[1].opinion.value))
    return tuple(pairs)
