"""``redactor review sample``."""

from __future__ import annotations

import json
import math
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redactor.errors import UsageError
from redactor.review.consequences import withdraw_open_findings
from redactor.review.drawing import Extras, draw_sample, released
from redactor.review.entries import Item, Kind, Lot
from redactor.review.sampling import Wish, is_in_reach
from redactor.review.store import STORE_NAME, ReviewStore
from redactor.review.strata import BY_REPORT, strata_by_report, strata_by_table
from redactor.runfolder import locked, open_run_folder
from redactor.runs import Archive
from redactor.runthrough import settings_of


@dataclass(frozen=True)
class SampleOptions:
    """What stands on the command line of ``redactor review sample``."""

    out: Path
    private: Path | None
    wish: Wish
    extras: Extras
    strata: str | None
    column: str | None
    as_json: bool


def review_sample(options: SampleOptions) -> int:
    """Freeze what is released, draw what is to be heard, and say how much that is.

    Raises
    ------
    UsageError
        If names were kept, nothing is released, or this lot was drawn from before.
    """
    folder = open_run_folder(options.out, private=options.private)
    withdraw_open_findings(folder)  # what leaks as reviewers said is no part of another lot
    with locked(folder):
        settings = settings_of(folder)
        archive = Archive(folder, key_file=settings.key_file, keep_names=settings.keep_names)
        store = ReviewStore(folder.private / STORE_NAME)
        with closing(archive), closing(store):
            entries = released(archive)
            strata = None
            if options.strata in BY_REPORT:
                strata = strata_by_report(folder, entries, options.strata)
            elif options.strata is not None:
                if options.column is None:
                    raise UsageError("--strata FILE needs --column, the column that has the strata")
                strata = strata_by_table(archive, Path(options.strata), options.column)
            lot = draw_sample(archive, store, options.wish, options.extras, strata=strata)
            document = _document(lot, store.items(lot.id))
    if options.as_json:
        print(json.dumps(document))
    print(_sentences(document), file=sys.stderr)
    return 0


def _document(lot: Lot, items: list[Item]) -> dict[str, Any]:
    seconds = sum((item.end - item.start) * item.required for item in items)
    kinds = {kind.value: sum(item.kind is kind for item in items) for kind in Kind}
    return {
        "lot": lot.id,
        "seed": lot.seed,
        "recordings": lot.num_recordings,
        "units": lot.num_units,
        "slot_seconds": lot.slot_s,
        "strata": lot.strata,
        "drawn": kinds,
        "heard_twice": sum(item.required == 2 for item in items),
        "seconds_to_hear": round(seconds, 1),
        "confidence": lot.confidence,
        "max_leak_rate": lot.max_leak_rate,
        "allowed": lot.allowed,
        "in_reach": is_in_reach(
            lot.strata,
            confidence=lot.confidence,
            max_leak_rate=lot.max_leak_rate,
            allowed=lot.allowed,
            num_planted=kinds[Kind.PLANTED.value],
        ),
    }


def _sentences(document: dict[str, Any]) -> str:
    drawn = document["drawn"]
    units = "recordings" if document["units"] == document["recordings"] else "recordings and slots of them"
    lines = [
        f"lot {document['lot'][:16]} is frozen: {document['recordings']} recordings, {document['units']} units",
        f"{drawn['uniform']} {units} were drawn; {_claim(document)}",
        f"beside them {drawn['targeted']} that look risky and {drawn['planted']} with a leak of our own, "
        "not told apart",
        *_second_reviewer(document["heard_twice"]),
        f"{math.ceil(document['seconds_to_hear'] / 60)} minutes to hear; next: `redactor review invite`, "
        "`redactor review serve`",
    ]
    return "\n".join(lines)


def _claim(document: dict[str, Any]) -> str:
    most, sure = f"at most {document['max_leak_rate'] * 100:.10g} %", f"{document['confidence'] * 100:.10g} %"
    if document["in_reach"]:
        return f"if at most {document['allowed']} of them leak, {most} of the lot does, with {sure} confidence"
    return (
        f"that {most} of the lot leaks cannot be shown with {sure} confidence, whatever is heard: the lot is "
        "too small, or has room for too few leaks of our own"
    )


def _second_reviewer(number: int) -> list[str]:
    if not number:
        return []
    which = "1 of these waits" if number == 1 else f"{number} of these wait"
    return [f"{which} for a second reviewer, and nothing is shown without: `redactor review invite`"]
