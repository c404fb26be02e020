"""``redactor purge``."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from redactor.export.desk import Desk
from redactor.export.purge import Purge, carry_out_purge, plan_purge
from redactor.runfolder import locked


def purge(
    out: Path,
    *,
    older_than: float,
    cleared_up: Sequence[str],
    yes: bool,
    private: Path | None,
    as_json: bool,
) -> int:
    """Remove what exports that ended left behind: requests, packages, redactions made for them.

    Parameters
    ----------
    older_than : float
        Days since their last event.
    cleared_up : sequence of str
        Ids of requests whose incidents are; others with an incident stay.
    yes : bool
        Do it; without, it is said and no more.

    Returns
    -------
    int
        0.

    Raises
    ------
    UsageError
        If the number cannot be, or a request that is named is not there, or has no incident.
    StoreError
        If something cannot be removed.
    """
    desk = Desk(out, private=private)
    with closing(desk), locked(desk.folder):
        found = plan_purge(
            desk.store, desk.root, older_than_days=older_than, now=time.time(), cleared_up=cleared_up
        )
        if yes:
            carry_out_purge(desk.store, found, record=_recorder(desk, found, older_than))
    document = {
        "requests": list(found.requests),
        "paths": len(found.paths),
        "bytes": found.num_bytes,
        "kept_open": found.kept_open,
        "kept_incident": found.kept_incident,
        "removed": yes,
    }
    if as_json:
        print(json.dumps(document))
    verb = "removed" if yes else "to be removed with --yes"
    print(
        f"{len(found.requests)} requests and {len(found.paths)} files and folders of {found.num_bytes:,} bytes "
        f"{verb}; {found.kept_open} older requests are open and stay, and {found.kept_incident} with an "
        "incident (--cleared-up ID once that is cleared up)",
        file=sys.stderr,
    )
    return 0


def _recorder(desk: Desk, found: Purge, older_than: float) -> Callable[[str], None]:
    record = desk.tools.record

    def purged(request: str) -> None:
        cleared = {"cleared-up": True} if request in found.cleared_up else {}
        record("purged", request, {"days": older_than, **cleared})

    return purged
