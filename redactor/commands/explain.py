"""``redactor explain``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from redactor.errors import UsageError
from redactor.inputs import as_uri, input_path
from redactor.ledger import InputMap, Ledger, Row, State
from redactor.runfolder import RunFolder, open_run_folder

_WHY = {
    "detected": "personal data in the words",
    "unheard": "speech that became no words",
    "denied": "not known to be harmless",
    "verified": "found by the check of the finished file",
    "reviewed": "found by a person",
}
_SOURCES = {"text": "in the transcript", "hearing": "by listening again"}


def explain(out: Path, target: str, *, private: Path | None, as_json: bool) -> int:
    """Say what was muted in a recording and why, and what the check of the finished file saw; never text.

    Parameters
    ----------
    target : str
        NAME of the recording, or its path as it was given to ``run``.

    Returns
    -------
    int
        0 if it is released, else 1.

    Raises
    ------
    UsageError
        If the run folder does not know the recording.
    """
    folder = open_run_folder(out, private=private)
    with closing(Ledger(folder.ledger)) as ledger, closing(InputMap(folder.inputs)) as inputs:
        row = ledger.row(target) or _by_input(target, ledger, inputs)
    if row is None:
        raise UsageError(f"{str(out)!r} has no recording {target!r}; `redactor status` lists those held back")
    document = _document(row, _redactions(row, folder))
    print(json.dumps(document) if as_json else "\n".join(_lines(document)))
    return 0 if row.state is State.DONE else 1


def _by_input(target: str, ledger: Ledger, inputs: InputMap) -> Row | None:
    uri = as_uri(input_path(target))
    name = next((name for name, origin in inputs.items() if origin.uri == uri), None)
    return ledger.row(name) if name is not None else None


def _redactions(row: Row, folder: RunFolder) -> Sequence[Mapping[str, Any]] | None:
    """From the released report, or from what the ledger kept of a recording that was held back."""
    kept = (row.account or {}).get("redactions")
    reports = [file.path for file in row.files if file.path.startswith("reports/")]
    report = next((path for path in reports if path.endswith(".json")), None)
    if kept is not None or report is None:
        return kept
    try:
        return json.loads(folder.release_path(report).read_text(encoding="utf-8"))["redactions"]
    except (OSError, ValueError, KeyError):
        return None  # whatever is wrong with it, the next run says so


def _document(row: Row, redactions: Sequence[Mapping[str, Any]] | None) -> dict[str, Any]:
    return {
        "id": row.name,
        "state": row.state.value,
        "stage": row.stage,
        "reason": row.reason,
        "detail": row.detail,
        "duration": row.duration,
        "muted": row.muted,
        "verdict": row.verdict,
        "policy": (row.provenance or {}).get("policy"),
        "redactions": redactions,
        "check": (row.account or {}).get("check", []),
    }


def _lines(document: Mapping[str, Any]) -> list[str]:
    lines = [f"{document['id']}: {document['state']}"]
    if document["reason"]:
        where = f" at {document['stage']}" if document["stage"] else ""
        lines.append(f"  why{where}: {document['reason']}: {document['detail']}")
    if document["policy"]:
        lines.append(f"  policy {document['policy']['name']}")
    if document["duration"] is not None:
        lines.append(f"  {document['duration']:.1f} s, {document['muted'] or 0.0:.1f} s of it muted")
    lines += [f"  muted {_stretch(row)}: {_reason(row)}" for row in document["redactions"] or ()]
    for number, seen in enumerate(document["check"], 1):
        lines += [f"  check, round {number}: {_hearing(seen)}"]
        lines += [f"    wrong: {_fault(fault)}" for fault in seen["faults"]]
        lines += [f"    still heard {_found(found)}" for found in seen["found"]]
    if document["state"] == State.DONE:
        lines.append(f"  verdict: {document['verdict']}")
    return lines


def _stretch(row: Mapping[str, Any]) -> str:
    channels = ", ".join(map(str, row["channels"]))
    return f"{row['start']:.3f} to {row['end']:.3f} s (channel {channels})"


def _reason(row: Mapping[str, Any]) -> str:
    types = ", ".join(row["types"])
    score = "" if row["score"] is None else f", score {row['score']}"
    by = f" by {', '.join(row['recognizers'])}" if row["recognizers"] else ""
    return _WHY[row["origin"]] + (f" ({types}{score}{by})" if types else "")


def _hearing(seen: Mapping[str, Any]) -> str:
    if not seen["listened"]:
        return "files read, not listened to"
    agreement = seen["agreement"]
    return "listened to" + ("" if agreement is None else f"; {agreement:.0%} of the words as at first")


def _fault(fault: Mapping[str, Any]) -> str:
    at = "" if fault["start"] is None else f" at {fault['start']:.3f} to {fault['end']:.3f} s"
    return f"{fault['kind']}{at}" + (f" ({fault['detail']})" if fault["detail"] else "")


def _found(found: Mapping[str, Any]) -> str:
    what = found["type"] or "speech that only one of two hearings has"
    where = f"{found['start']:.2f} to {found['end']:.2f} s (channel {found['channel']})"
    return f"{where}: {what}, {_SOURCES[found['source']]}"
