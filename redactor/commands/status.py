"""``redactor status``."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

from redactor.commands.progress import describe, objections
from redactor.inputs import input_path
from redactor.ledger import WITHDRAWN, InputMap, Ledger, State
from redactor.runfolder import open_run_folder

_WHY_PENDING = {**WITHDRAWN, "not-reached": "a run was stopped before it was done"}


def status(out: Path, *, private: Path | None, as_json: bool) -> int:
    """Say how many recordings stand where, and why those that are not released are not.

    Returns
    -------
    int
        0 if every recording is released (or was forgotten), else 1.
    """
    folder = open_run_folder(out, private=private)
    with closing(Ledger(folder.ledger)) as ledger, closing(InputMap(folder.inputs)) as inputs:
        counts = ledger.counts()
        held = list(ledger.rows(State.FAILED, State.QUARANTINED))
        done = list(ledger.rows(State.DONE))
        pending = _pending(ledger)
        audio = sum(row.duration or 0.0 for row in done)
        muted = sum(row.muted or 0.0 for row in done)
        if as_json:
            document = {
                "out": os.fspath(out),
                "states": {state.value: number for state, number in counts.items()},
                "audio_seconds": round(audio, 3),
                "muted_seconds": round(muted, 3),
                "not_released": [
                    {
                        "id": row.name,
                        "state": row.state.value,
                        "stage": row.stage,
                        "reason": row.reason,
                        "detail": row.detail,
                        "objections": objections(row),
                    }
                    for row in held
                ],
                "pending": [
                    {"reason": reason, "detail": _WHY_PENDING[reason], "recordings": number}
                    for reason, number in pending.items()
                ],
            }
            print(json.dumps(document))
        else:
            print(", ".join(f"{number} {state.value}" for state, number in counts.items() if number) or "empty")
            print(f"{audio:.1f} s of audio released, {muted:.1f} s of it muted")
            for row in held:
                origin = inputs.get(row.name)
                print(describe(row, input_path(origin.uri) if origin else None))
            for reason, number in pending.items():
                print(f"{number} pending: {reason}: {_WHY_PENDING[reason]}")
            if pending:
                print(f"to release them: run again with their INPUT, or redactor retry {out}", file=sys.stderr)
            if held:
                print(f"after a fix: redactor retry {out} [--quarantined]", file=sys.stderr)
    settled = counts[State.DONE] + counts[State.FORGOTTEN]
    return 0 if settled == sum(counts.values()) else 1


def _pending(ledger: Ledger) -> dict[str, int]:
    """Why recordings are pending, and how many."""
    reviewed = set(ledger.names_reviewed())
    reasons = Counter(
        "reviewed" if row.name in reviewed else row.reason if row.reason in WITHDRAWN else "not-reached"
        for row in ledger.rows(State.PENDING)
    )
    return {reason: reasons[reason] for reason in _WHY_PENDING if reasons[reason]}
