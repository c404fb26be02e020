"""What a review shows of a lot, as a document and as a page: a number to defend, or "not shown" and why."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from importlib import resources
from typing import Any

from redactor.audit.lines import canonical
from redactor.errors import UsageError
from redactor.extras import install_command
from redactor.review.bounds import (
    AdjustedBound,
    Sampled,
    adjusted_bound,
    cohens_kappa,
    recordings_with_slots,
    slots_in_recordings,
)
from redactor.review.chances import exact
from redactor.review.entries import Opinion
from redactor.review.facts import OPEN, VERDICTS, Facts, Provenance, Stratum

SCHEMA = 1

NOT_COVERED = (
    "The voice itself: who knows a speaker may recognise the voice, the manner of speaking or a sound behind "
    "it.",
    "Content that is not personal data of a kind that reviewers were asked to mark, trade secrets among it, "
    "and harmless details that identify a person only together.",
    "What reviewers cannot hear, read or know: a language they do not speak, a fact that only acquaintances "
    "recognise, sound that a machine could recover and an ear cannot.",
    "Recordings that were quarantined, failed or forgotten: they are not in the lot.",
    "Whatever was released or changed after the lot was frozen, and any file whose digest is not in the lot.",
    "The originals, the private folder, and copies made before the lot was frozen.",
    "How grave a leak is: each counts as one, and a unit with several leaks counts once.",
    "Leaks that are noticed less often than planted ones: how well reviewers do is measured on synthetic "
    "leaks.",
)
METHOD = (
    "The lot was frozen by its digest before anything was drawn; the seed of the draw is made from that "
    "digest and the hash of the line of the record that froze it. There is one draw a lot.",
    "Units were drawn uniformly and without replacement within each stratum. Targeted and planted items are "
    "in no bound.",
    "A unit counts as leaking if a reviewer marked a leak, if it could not be told, or if it has no verdict "
    "or not the second of two; also if the leak has been removed since.",
    "One stratum: the exact one-sided hypergeometric limit (Buonaccorsi 1987). Several: the largest number of"
    " leaking units that, split over the strata in the worst way, shows so few with a chance above what the "
    "confidence leaves; exactly where none was seen and none was planted, by Hoeffding's (1956) bound on sums"
    " of independent trials otherwise.",
    "Where leaks were planted, what the confidence leaves is halved (Bonferroni): one half for the share of "
    "leaks that reviewers notice (Clopper-Pearson), one for the step from the sample to the lot, where each "
    "drawn leaking unit is taken to be noticed with that share only.",
    "Shares are rounded up, so that no bound is printed smaller than it is.",
)
CANONICAL_FORM = (
    "JSON with the keys of every object sorted, no space between tokens, everything outside ASCII as \\u "
    "escapes, and no newline at the end; in Python: json.dumps(document, sort_keys=True, separators=(',', "
    "':'))."
)


def assess(facts: Facts) -> dict[str, Any]:
    """Compute a certificate.

    Returns
    -------
    dict
        Plain JSON values, the same for the same facts. ``claim.shown`` says whether the wish of the draw holds;
        ``claim.reasons`` why not.
    """
    bound = _bound(facts, facts.strata)
    reasons = _reasons(facts, bound)
    return {
        "kind": "redactor-review-certificate",
        "schema": SCHEMA,
        "made_at": facts.made_at,
        "claim": {
            "shown": not reasons,
            "statement": _statement(facts, bound, reasons),
            "wish": _wish(facts),
            "reasons": reasons,
            "notes": _notes(facts),
            "confidence": facts.confidence,
            "max_leak_rate": facts.max_leak_rate,
            "allowed": facts.allowed,
            "unit": facts.unit,
        },
        "bounds": _bounds(facts, bound),
        "lot": _lot(facts),
        "draw": {
            "seed": facts.seed,
            "drawn": facts.num_drawn,
            "strata": [_stratum(facts, stratum) for stratum in facts.strata],
            "earlier": dict(facts.earlier_draws),
        },
        "verdicts": {verdict: facts.verdicts.get(verdict, 0) for verdict in VERDICTS},
        "leaks": {"by_type": dict(facts.leaks_by_type), "removed_since": facts.num_leaks_removed},
        "sensitivity": {
            "planted": facts.num_planted,
            "noticed": facts.num_noticed,
            "least": bound.least_sensitivity,
            "confidence": bound.sensitivity_confidence,
            "bound_confidence": bound.confidence,
        },
        "agreement": _agreement(facts),
        "over_muting": _over_muting(facts),
        "targeted": {verdict: facts.targeted.get(verdict, 0) for verdict in VERDICTS},
        "not_covered": list(NOT_COVERED),
        "method": list(METHOD),
        "canonical_form": CANONICAL_FORM,
    }


def to_json(document: Mapping[str, Any]) -> bytes:
    """The document in its canonical form: what its SHA-256 is taken of."""
    return canonical(document)


def to_html(document: Mapping[str, Any]) -> str:
    """The document as a page that stands alone: no script, nothing from outside."""
    try:
        from jinja2 import Environment, StrictUndefined
    except ModuleNotFoundError:
        raise UsageError(f"a certificate needs Jinja2: {install_command('review')}") from None
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {
        "number": lambda count: f"{count:,}",
        "percent": _percent,
        "percent_down": lambda share: f"{math.floor(exact(share) * 1000) / 10} %",
    }
    environment.globals["share_up"] = _share_up
    template = resources.files("redactor.review").joinpath("templates/certificate.html").read_text("utf-8")
    digest = hashlib.sha256(to_json(document)).hexdigest()
    return environment.from_string(template).render(document=document, digest=digest)


def _bound(facts: Facts, strata: tuple[Stratum, ...]) -> AdjustedBound:
    seen = [Sampled(stratum.lot_size, stratum.num_drawn, stratum.num_counted) for stratum in strata]
    planted, noticed = facts.num_planted, facts.num_noticed
    return adjusted_bound(seen, confidence=facts.confidence, num_planted=planted, num_noticed=noticed)


def _keeps(facts: Facts, most: int, size: int) -> bool:
    return most <= exact(facts.max_leak_rate) * size


def _reasons(facts: Facts, bound: AdjustedBound) -> list[str]:
    """Why the claim is not shown; none where it is."""
    if facts.num_units == 0:
        return ["the lot is empty"]
    reasons = []
    if number := facts.verdicts.get(OPEN, 0) - facts.num_waiting:
        reasons.append(f"{number:,} drawn clip{' has' if number == 1 else 's have'} no verdict")
    if number := facts.num_waiting:
        reasons.append(f"{number:,} drawn clip{' waits' if number == 1 else 's wait'} for a second reviewer")
    if not _keeps(facts, bound.num_leaking, facts.num_units):
        reasons.append(_shortfall(facts, facts.strata))
    for stratum in facts.strata:
        alone = _bound(facts, (stratum,)).num_leaking
        if stratum.is_bound_alone and stratum.lot_size and not _keeps(facts, alone, stratum.lot_size):
            reasons.append(f"in stratum {stratum.name}, {_shortfall(facts, (stratum,))}")
    return reasons


def _shortfall(facts: Facts, strata: tuple[Stratum, ...]) -> str:
    """What keeps a bound above the wish: leaks, reviewers who miss them, or too few units."""
    size, drawn, counted = (
        sum(getattr(stratum, what) for stratum in strata) for what in ("lot_size", "num_drawn", "num_counted")
    )
    clean = [Sampled(stratum.lot_size, stratum.num_drawn, 0) for stratum in strata]

    def keeps(num_planted: int, num_noticed: int) -> bool:
        best = adjusted_bound(
            clean, confidence=facts.confidence, num_planted=num_planted, num_noticed=num_noticed
        )
        return _keeps(facts, best.num_leaking, size)

    would_keep = keeps(facts.num_planted, facts.num_noticed)
    what = []
    if counted:
        too_many = ", too many for the claim" if would_keep else ""
        what.append(f"{counted:,} of {drawn:,} drawn {_units(facts)} count as leaking{too_many}")
    if not would_keep and facts.num_planted and keeps(0, 0):
        what.append(
            f"the sample of {drawn:,} {_units(facts)} is too small for reviewers who were seen to notice "
            f"{facts.num_noticed:,} of {facts.num_planted:,} planted leaks"
        )
    elif not would_keep:
        what.append(f"the sample of {drawn:,} of {size:,} {_units(facts)} is too small for the claim")
    return "; ".join(what)


def _statement(facts: Facts, bound: AdjustedBound, reasons: list[str]) -> str:
    """The sentence to quote, with what it rests on."""
    if reasons:
        return f"Not shown: {'; '.join(reasons)}."
    rests_on = (
        "This allows for leaks that reviewers miss: they noticed "
        f"{facts.num_noticed:,} of {facts.num_planted:,} planted ones."
        if facts.num_planted
        else "How well reviewers find leaks was not measured; this assumes that they notice every one."
    )
    return (
        f"With {_percent(facts.confidence)} confidence, "
        f"at most {_share_up(bound.num_leaking, facts.num_units)} "
        f"({bound.num_leaking:,} of {facts.num_units:,}) "
        f"of the {_released(facts)} of this lot leak personal data that a reviewer can recognise. {rests_on}"
    )


def _wish(facts: Facts) -> str:
    return (
        f"At most {_percent(facts.max_leak_rate)} of the {_released(facts)} of this lot leak, "
        f"with {_percent(facts.confidence)} confidence."
    )


def _notes(facts: Facts) -> list[str]:
    """What a reader must know beside the sentence."""
    notes = []
    if removed := facts.num_leaks_removed:
        notes.append(
            f"Leaks found and since removed from the release: {removed:,}. They are counted all the same: a "
            "certificate for what is released now needs a fresh draw."
        )
    if number := facts.verdicts.get(Opinion.CANNOT_TELL, 0):
        notes.append(f"Of {number:,} drawn {_units(facts)} reviewers could not tell: they count as leaking.")
    if number := facts.verdicts.get(OPEN, 0):
        notes.append(
            f"Without a verdict, or the second of two: {number:,} drawn {_units(facts)}. They count as leaking."
        )
    counted = sum(stratum.num_counted for stratum in facts.strata)
    if counted > facts.allowed:
        notes.append(
            f"The sample was planned for at most {facts.allowed:,} leaking {_units(facts)} in it; {counted:,} "
            "count as leaking. The bounds take them into account."
        )
    if not facts.num_planted:
        notes.append(
            "Sensitivity was not measured: no leaks were planted, and the bounds assume that reviewers hear "
            "everything."
        )
    if earlier := sum(facts.earlier_draws.values()):
        notes.append(
            f"Earlier draws from this folder: {earlier:,}. The confidence is that of this draw alone: of many "
            "draws, some look good by chance."
        )
    return notes


def _bounds(facts: Facts, bound: AdjustedBound) -> dict[str, Any]:
    """For recordings and for slots: what was drawn directly, the other by a conversion that errs upward."""
    direct = "From the sample."
    if facts.unit == "recording":
        recordings = bound.num_leaking
        slots = slots_in_recordings(recordings, facts.slots_per_recording)
        by_recording = direct
        by_slot = "Conservative conversion: as if every slot of the so many longest recordings leaked."
    else:
        slots = bound.num_leaking
        recordings = recordings_with_slots(slots, facts.slots_per_recording)
        by_recording = "Conservative conversion: as if each leaking slot were in a recording of its own."
        by_slot = direct
    return {
        "recordings": _most(recordings, facts.num_recordings, by_recording, facts.unit == "recording"),
        "slots": _most(slots, facts.num_slots, by_slot, facts.unit == "slot"),
    }


def _most(most: int, size: int, explanation: str, is_direct: bool) -> dict[str, Any]:
    rate = math.ceil(Fraction(most, size) * 10**6) / 10**6 if size else None
    basis = "drawn" if is_direct else "converted"
    return {"most_leaking": most, "of": size, "most_rate": rate, "basis": basis, "explanation": explanation}


def _lot(facts: Facts) -> dict[str, Any]:
    return {
        "digest": facts.lot_digest,
        "frozen_at": facts.frozen_at,
        "recordings": facts.num_recordings,
        "slots": facts.num_slots,
        "slot_s": facts.slot_s,
        "hours": facts.hours,
        "slots_per_recording": [list(pair) for pair in sorted(facts.slots_per_recording)],
        "policies": [_provenance(policy) for policy in facts.policies],
        "models": [_provenance(model) for model in facts.models],
        "audit_head": None if facts.audit_head is None else dict(facts.audit_head),
    }


def _stratum(facts: Facts, stratum: Stratum) -> dict[str, Any]:
    return {
        "name": stratum.name,
        "units": stratum.lot_size,
        "drawn": stratum.num_drawn,
        "leaking": stratum.num_leaking,
        "cannot_tell": stratum.num_cannot_tell,
        "open": stratum.num_open,
        "bound_alone": stratum.is_bound_alone,
        "most_leaking": _bound(facts, (stratum,)).num_leaking,
    }


def _provenance(source: Provenance) -> dict[str, Any]:
    return {
        "role": source.role,
        "name": source.name,
        "digest": source.digest,
        "recordings": source.num_recordings,
    }


def _agreement(facts: Facts) -> dict[str, Any]:
    agreement = cohens_kappa(facts.double_reviews)
    return {
        "reviewers": facts.num_reviewers,
        "pairs": agreement.num_pairs,
        "share": agreement.share,
        "kappa": agreement.kappa,
    }


def _over_muting(facts: Facts) -> dict[str, Any]:
    judged = facts.num_drawn - facts.verdicts.get(OPEN, 0)
    clips = facts.verdicts.get(Opinion.TOO_MUCH, 0)
    return {"clips": clips, "judged": judged, "share": clips / judged if judged else None}


def _units(facts: Facts) -> str:
    return "recordings" if facts.unit == "recording" else f"{facts.slot_s:g}-second slots"


def _released(facts: Facts) -> str:
    return "released recordings" if facts.unit == "recording" else f"{_units(facts)} of the released time"


def _percent(share: float) -> str:
    """A share that somebody typed, as typed."""
    return f"{(Decimal(str(share)) * 100).normalize():f} %"


def _share_up(part: int, whole: int) -> str:
    """In percent, rounded up: two decimals, and two digits where those would be zeros."""
    if whole == 0:
        return "-"
    percent, decimals = Fraction(part * 100, whole), 2
    while percent and percent * 10**decimals < 10:
        decimals += 1
    return f"{Decimal(math.ceil(percent * 10**decimals)).scaleb(-decimals):f} %"
