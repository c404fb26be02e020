"""What exports leave behind goes when its time is over: requests, packages, redactions made for them.

What is open stays, whatever its age. What has an incident stays until somebody says that it is cleared up: it
is looked into until then. The audit record stays too: it holds ids, digests and slugs alone.
"""

from __future__ import annotations

import math
import os
import re
import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from redactor.errors import StoreError, UsageError
from redactor.export.entries import State
from redactor.export.instants import DAY_S
from redactor.export.moves import ENDED
from redactor.export.request_entries import Request
from redactor.export.requests import RequestStore

_FOLDER = re.compile("([0-9a-f]{16})(-canary)?")
_APPROVAL = re.compile(r"approval-([0-9a-f]{16})-[0-9a-f]{32}\.json")
APPROVALS = "approvals"


@dataclass(frozen=True)
class Purge:
    """What is to go.

    Attributes
    ----------
    requests : tuple of str
        Ids of requests that ended before.
    cleared_up : tuple of str
        Those of them whose incident is said to be.
    paths : tuple of pathlib.Path
        Folders and files below ``private/export``: theirs, and those of no request.
    num_bytes : int
    kept_open : int
        Requests that are older and still open.
    kept_incident : int
        Requests that are older and ended, with an incident of which nobody said that it is cleared up.
    """

    requests: tuple[str, ...]
    cleared_up: tuple[str, ...]
    paths: tuple[Path, ...]
    num_bytes: int
    kept_open: int
    kept_incident: int


def plan_purge(
    store: RequestStore,
    root: Path,
    *,
    older_than_days: float,
    now: float,
    cleared_up: Collection[str] = (),
) -> Purge:
    """Say what goes; nothing is changed.

    Parameters
    ----------
    root : pathlib.Path
        ``private/export``.
    older_than_days : float
        Days since the last event of a request, or since a folder of no request was changed.
    cleared_up : collection of str
        Ids of requests whose incidents are.

    Raises
    ------
    UsageError
        If the number cannot be, or a request that is named is not there, or has no incident.
    """
    if not (math.isfinite(older_than_days) and older_than_days >= 0):
        raise UsageError("--older-than is a number of days, 0 or more")
    before = now - older_than_days * DAY_S
    requests = store.all()
    old = [request for request in requests if _last_event(store, request) <= before]
    waiting = {incident.request for incident in store.incidents()}
    cleared = _cleared_up(store, cleared_up, waiting)
    waiting -= cleared
    over = {request.id for request in old if _is_over(request)}
    ended = over - waiting
    known = {request.id for request in requests}
    paths = [
        path for path, owner in _belongings(root)
        if owner in ended or (owner not in known and path.lstat().st_mtime <= before)
    ]  # fmt: skip
    num_bytes = sum(_num_bytes(path) for path in paths)
    return Purge(
        tuple(sorted(ended)), tuple(sorted(ended & cleared)), tuple(paths), num_bytes,
        kept_open=len(old) - len(over), kept_incident=len(over) - len(ended),
    )  # fmt: skip


def carry_out_purge(store: RequestStore, purge: Purge, *, record: Callable[[str], None]) -> None:
    """Remove what was said to go: on record, then the files, then the rows; repeated, it ends what it began.

    Parameters
    ----------
    record : callable
        Puts the purge of a request on record.

    Raises
    ------
    StoreError
        If something cannot be removed.
    """
    for request in purge.requests:
        record(request)
    for path in purge.paths:
        try:
            # A link is removed, never what it leads to.
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise StoreError(f"{str(path)!r} cannot be removed: {error.strerror}; do it again then") from None
    for request in purge.requests:
        store.delete(request)


def _cleared_up(store: RequestStore, named: Collection[str], waiting: Collection[str]) -> set[str]:
    found = {store.get(request).id for request in named}
    if others := found - set(waiting):
        raise UsageError(f"request {min(others)} has no incident that could be cleared up; leave it out")
    return found


def _is_over(request: Request) -> bool:
    if request.state is State.RELEASED:
        return request.handed_over
    return request.state in ENDED


def _last_event(store: RequestStore, request: Request) -> float:
    return max((event.at for event in store.events(request.id)), default=request.opened_at)


def _belongings(root: Path) -> Iterator[tuple[Path, str]]:
    """Everything below ``private/export`` that belongs to some request, with its id."""
    for folder, pattern in ((root, _FOLDER), (root / APPROVALS, _APPROVAL)):
        for name in sorted(os.listdir(folder)) if folder.is_dir() else ():
            if found := pattern.fullmatch(name):
                yield folder / name, found[1]


def _num_bytes(path: Path) -> int:
    if path.is_symlink() or path.is_file():
        return path.lstat().st_size
    return sum(
        os.lstat(os.path.join(where, name)).st_size for where, _, names in os.walk(path) for name in names
    )
