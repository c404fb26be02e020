"""``redactor purge``."""

from __future__ import annotations

import json
import sys
import time
from contextlib import closing
from pathlib import Path

from redactor.export.desk import Desk
from redactor.export.purge import carry_out_purge, plan_purge
from redactor.runfolder import locked


def purge(out: Path, *, older_than: float, yes: bool, private: Path | None, as_json: bool) -> int:
    """Remove what exports that ended left behind: requests, packages, redactions made for them.

    Parameters
    ----------
    older_than : float
        Days since their last event.
    yes : bool
        Do it; without, it is said and no more.

    Returns
    -------
    int
        0.

    Raises
    ------
    UsageError
        If the number cannot be.
    StoreError
        If something cannot be removed.
    """
    desk = Desk(out, private=private)
    with closing(desk), locked(desk.folder):
        found = plan_purge(desk.store, desk.root, older_than_days=older_than, now=time.time())
        if yes:
            record = desk.tools.record
            carry_out_purge(
                desk.store, found, record=lambda request: record("purged", request, {"days": older_than})
            )
    document = {
        "requests": list(found.requests),
        "paths": len(found.paths),
        "bytes": found.num_bytes,
        "kept_open": found.kept_open,
        "removed": yes,
    }
    if as_json:
        print(json.dumps(document))
    verb = "removed" if yes else "to be removed with --yes"
    print(
        f"{len(found.requests)} requests and {len(found.paths)} files and folders of {found.num_bytes:,} bytes "
        f"{verb}; {found.kept_open} older ones are open and stay",
        file=sys.stderr,
    )
    return 0
