"""``redactor status``."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from redactor.commands.progress import counted, describe, half_forgotten, objections
from redactor.inputs import input_path
from redactor.ledger import WITHDRAWN, InputMap, Ledger, Row, State, num_half_forgotten
from redactor.review.store import open_findings
from redactor.runfolder import is_held, open_run_folder

_WHY_PENDING = {**WITHDRAWN, "not-reached": "a run was stopped before it was done"}
_AT_WORK = "a run is at work and has yet to come to it"


def status(out: Path, *, private: Path | None, as_json: bool) -> int:
    """Say how many recordings stand where, and why those that are not released are not.

    Returns
    -------
    int
        0 if every recording is released (or was forgotten, with nothing left of it) and none is to be
        withdrawn, else 1.
    """
    folder = open_run_folder(out, private=private)
    found = open_findings(folder)
    at_work = is_held(folder)
    why = {**_WHY_PENDING, "not-reached": _AT_WORK} if at_work else _WHY_PENDING
    with closing(Ledger(folder.ledger)) as ledger, closing(InputMap(folder.inputs)) as inputs:
        counts = ledger.counts()
        if not at_work:  # a run that was killed has left them so
            counts[State.PENDING] += counts[State.RUNNING]
            counts[State.RUNNING] = 0
        held = list(ledger.rows(State.FAILED, State.QUARANTINED))
        done = list(ledger.rows(State.DONE))
        pending = _pending(ledger, *([State.PENDING] if at_work else [State.PENDING, State.RUNNING]))
        num_half = num_half_forgotten(ledger, inputs)
        audio = sum(row.duration or 0.0 for row in done)
        muted = sum(row.muted or 0.0 for row in done)
        if as_json:
            document = {
                "out": os.fspath(out),
                "at_work": at_work,
                "states": {state.value: number for state, number in counts.items()},
                "audio_seconds": round(audio, 3),
                "muted_seconds": round(muted, 3),
                "not_released": [_held_back(row) for row in held],
                "open_findings": len(found),
                "pending": [
                    {"reason": reason, "detail": why[reason], "recordings": number}
                    for reason, number in pending.items()
                ],
                "half_forgotten": num_half,
            }
            print(json.dumps(document))
        else:
            print(", ".join(f"{number} {state.value}" for state, number in counts.items() if number) or "empty")
            print(f"{audio:.1f} s of audio released, {muted:.1f} s of it muted")
            for row in held:
                origin = inputs.get(row.name)
                print(describe(row, input_path(origin.uri) if origin else None))
            for reason, number in pending.items():
                print(f"{number} pending: {reason}: {why[reason]}")
            if found:
                number = len({finding.name for finding in found})
                print(f"{number} to be withdrawn: {counted(len(found), 'finding')}: {WITHDRAWN['reviewed']}")
            if num_half:
                print(half_forgotten(num_half, out))
            _say_next(
                out, at_work=at_work, are_found=bool(found), are_pending=bool(pending), are_held=bool(held)
            )
    settled = counts[State.DONE] + counts[State.FORGOTTEN]
    return 0 if settled == sum(counts.values()) and not found and not num_half else 1


def _held_back(row: Row) -> dict[str, Any]:
    return {
        "id": row.name,
        "state": row.state.value,
        "stage": row.stage,
        "reason": row.reason,
        "detail": row.detail,
        "objections": objections(row),
    }


def _say_next(out: Path, *, at_work: bool, are_found: bool, are_pending: bool, are_held: bool) -> None:
    if at_work:
        print("a run, or another command, is at work on this folder now", file=sys.stderr)
        return
    if are_found:
        print(f"to withdraw and mute what was found: redactor review apply {out}", file=sys.stderr)
    if are_pending:
        print(f"to release them: run again with their INPUT, or redactor retry {out}", file=sys.stderr)
    if are_held:
        print(f"after a fix: redactor retry {out} [--quarantined]", file=sys.stderr)


def _pending(ledger: Ledger, *states: State) -> dict[str, int]:
    """Why recordings are pending, and how many."""
    reviewed = set(ledger.names_reviewed())
    reasons = Counter(
        "reviewed" if row.name in reviewed else row.reason if row.reason in WITHDRAWN else "not-reached"
        for row in ledger.rows(*states)
    )
    return {reason: reasons[reason] for reason in _WHY_PENDING if reasons[reason]}
