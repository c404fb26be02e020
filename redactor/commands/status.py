"""``redactor status``."""

from __future__ import annotations

import json
import os
import sys
from contextlib import closing
from pathlib import Path

from redactor.commands.progress import describe, objections
from redactor.inputs import input_path
from redactor.ledger import InputMap, Ledger, State
from redactor.runfolder import open_run_folder


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
            }
            print(json.dumps(document))
        else:
            print(", ".join(f"{number} {state.value}" for state, number in counts.items() if number) or "empty")
            print(f"{audio:.1f} s of audio released, {muted:.1f} s of it muted")
            for row in held:
                origin = inputs.get(row.name)
                print(describe(row, input_path(origin.uri) if origin else None))
            if held:
                print(f"after a fix: redactor retry {out} [--quarantined]", file=sys.stderr)
    settled = counts[State.DONE] + counts[State.FORGOTTEN]
    return 0 if settled == sum(counts.values()) else 1
