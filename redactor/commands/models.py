"""``redactor models list`` and ``redactor models verify``."""

from __future__ import annotations

import json
import sys

from redactor.model_registry import Check, Entry, State, check, entries, installed, unknown_model


def models_list(*, as_json: bool) -> int:
    """Print every model of the registry and whether it is here; return the exit code."""
    rows = [_describe(entry) for entry in entries()]
    if as_json:
        print(json.dumps({"models": rows}, ensure_ascii=False))
        return 0
    columns = ("name", "task", "languages", "installed", "verified_against", "licence", "source", "revision")
    table = [columns] + [tuple(_cell(row[column]) for column in columns) for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for cells in table:
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        print(line.rstrip())
    print(
        'verified against "first use": the digests of the first download on this machine are recorded, and '
        "every later use is held to them",
        file=sys.stderr,
    )
    return 0


def models_verify(names: list[str], *, as_json: bool) -> int:
    """Hash every file of the named models, or of all, and print what was found; return the exit code.

    Returns
    -------
    int
        2 if a file is altered or missing, or a named model is not installed; else 0.

    Raises
    ------
    ModelError
        If a name is not in the registry.
    """
    known = {entry.name: entry for entry in entries()}
    for name in names:
        if name not in known:
            raise unknown_model(name, list(known))
    checks = [check(known[name]) for name in names or known]
    bad = [c for c in checks if c.state is State.ALTERED or (names and c.state is State.NOT_INSTALLED)]
    if as_json:
        print(json.dumps({"ok": not bad, "models": [_outcome(c) for c in checks]}, ensure_ascii=False))
    else:
        for found in checks:
            print(f"{found.entry.name}: {found.state}")
    for found in bad:
        print(found.detail, file=sys.stderr)
    return 2 if bad else 0


def _describe(entry: Entry) -> dict[str, object]:
    return {
        "name": entry.name,
        "task": entry.task,
        "languages": list(entry.languages),
        "installed": installed(entry),
        "verified_against": str(entry.integrity),
        "licence": entry.licence,
        "licence_from": entry.licence_from,
        "source": entry.source,
        "revision": entry.revision,
        "files": dict(entry.files),
    }


def _outcome(found: Check) -> dict[str, str]:
    return {
        "name": found.entry.name,
        "state": str(found.state),
        "verified_against": str(found.entry.integrity),
        "detail": found.detail,
    }


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ",".join(value)
    return "-" if value is None else str(value)
