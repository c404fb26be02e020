"""``redactor review apply``."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from redactor.commands.progress import Progress
from redactor.ledger import Row, State
from redactor.review.apply import apply
from redactor.review.consequences import settle_findings, withdraw_open_findings
from redactor.review.store import STORE_NAME, ReviewStore
from redactor.runfolder import RunFolder, open_run_folder
from redactor.runs import Plan


def review_apply(out: Path, *, private: Path | None, as_json: bool, verbose: bool) -> int:
    """Mute what reviewers found in the recordings that were withdrawn for it; return the exit code.

    Returns
    -------
    int
        0 if all of them are released again, else 1.
    """
    folder = open_run_folder(out, private=private)
    withdraw_open_findings(folder)  # of a server, or an import, that was killed before it came to it
    shown: list[Progress] = []

    def watch(plan: Plan) -> Callable[[Row], None]:
        shown.append(Progress(len(plan.jobs), plan.paths, verbose=verbose))
        return shown[0].on_row

    try:
        rows = apply(out, private=private, watch=watch)
    finally:
        for progress in shown:
            progress.close()
    _settle(folder)
    _say(rows, as_json=as_json)
    return 0 if all(row.state is State.DONE for row in rows) else 1


def _settle(folder: RunFolder) -> None:
    """Findings of which the recordings are done anew are settled, here as on the reviewers' page."""
    path = folder.private / STORE_NAME
    if path.is_file():
        with closing(ReviewStore(path)) as store:
            settle_findings(folder, store)


def _say(rows: tuple[Row, ...], *, as_json: bool) -> None:
    states = Counter(row.state for row in rows)
    counts = {
        "released": states[State.DONE],
        "quarantined": states[State.QUARANTINED],
        "failed": states[State.FAILED],
    }
    if as_json:
        print(json.dumps(counts))
    told = ", ".join(f"{count} {state}" for state, count in counts.items())
    print(told if rows else "no recording waits for what a reviewer found in it", file=sys.stderr)
