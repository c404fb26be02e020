"""``redactor forget``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from redactor.errors import StoreError, UsageError
from redactor.known_runs import known_runs
from redactor.ledger import Ledger
from redactor.names import default_key_file
from redactor.runfolder import RunFolder, locked, open_run_folder
from redactor.runs import Archive


def forget(
    targets: Sequence[str],
    *,
    outs: Sequence[Path],
    private: Path | None,
    key_file: Path | None,
    as_json: bool,
) -> int:
    """Erase every derivative of recordings, in the named run folders or in all that this user has made.

    The originals are not touched: they are only ever read.

    Returns
    -------
    int
        0, or 2 if a target is in none of the folders; nothing was erased for it.
    """
    folders = [open_run_folder(out, private=private) for out in outs] if outs else _known()
    erased: dict[str, set[str]] = {target: set() for target in targets}
    for folder in folders:
        with locked(folder), closing(_archive(folder, key_file)) as archive:
            for target in targets:
                for name in archive.names_for(target):
                    archive.forget(name)
                    erased[target].add(name)
    unknown = [target for target, names in erased.items() if not names]
    names = sorted(set().union(*erased.values()))
    if as_json:
        print(json.dumps({"forgotten": names, "run_folders": len(folders), "unknown": len(unknown)}))
    print(f"{len(names)} recordings forgotten in {len(folders)} run folders", file=sys.stderr)
    if unknown:
        print(
            f"redactor: not known in any of {len(folders)} run folders: {', '.join(map(repr, unknown))}; "
            "name a NAME, the INPUT as it was given to run, and the --out",
            file=sys.stderr,
        )
    return UsageError.exit_code if unknown else 0


def _known() -> list[RunFolder]:
    folders = []
    for out in known_runs():
        try:
            folders.append(open_run_folder(out))
        except UsageError:
            # Said, not hidden: a folder that was moved still holds what is to be erased.
            print(f"{str(out)!r} is gone; if it was moved, name it with --out", file=sys.stderr)
    return folders


def _archive(folder: RunFolder, key_file: Path | None) -> Archive:
    with closing(Ledger(folder.ledger)) as ledger:
        key_file = key_file or _last_key_file(ledger.setting("settings"))
        keep_names = ledger.setting("keep_names") == "true"
    return Archive(folder, key_file=key_file, keep_names=keep_names)


def _last_key_file(settings: str | None) -> Path:
    try:
        return Path(json.loads(settings)["key_file"]) if settings else default_key_file()
    except (ValueError, TypeError, KeyError, RecursionError):
        raise StoreError(
            "the settings of the last run are damaged in the ledger; name the --key-file"
        ) from None
