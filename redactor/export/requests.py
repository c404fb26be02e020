"""Requests and how far they are: ``private/export.sqlite3``. One transaction a step, with what happened.

The inner identity of a package lies in a table of its own and is overwritten when it is destroyed. What a
request holds of people are keyed hashes, slugs and the legal note, which is never printed but by `show`.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from redactor.errors import StoreError, UsageError
from redactor.export.entries import Approval, Purpose, State
from redactor.export.moves import NEEDS, WORTHLESS, Step, check_move
from redactor.export.request_entries import Happened, Incident, Move, Request, Sealed
from redactor.sqlite import Store, scrub, store_errors

STORE_NAME = "export.sqlite3"

_STEPS = (
    """
CREATE TABLE request (id TEXT PRIMARY KEY, state TEXT NOT NULL, version INTEGER NOT NULL, value TEXT NOT NULL);
CREATE TABLE secret (request TEXT PRIMARY KEY, identity TEXT NOT NULL);
CREATE TABLE unscrubbed (request TEXT PRIMARY KEY);
CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    request TEXT NOT NULL,
    at REAL NOT NULL,
    by TEXT NOT NULL,
    step TEXT NOT NULL,
    before TEXT,
    after TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX event_request ON event (request);
CREATE TABLE incident (request TEXT NOT NULL, at REAL NOT NULL, reason TEXT NOT NULL, line INTEGER)
""",
)
# What happened is only ever added to; it goes with its request.
_TRIGGERS = (
    "CREATE TRIGGER IF NOT EXISTS event_kept BEFORE UPDATE ON event "
    "BEGIN SELECT RAISE(ABORT, 'events are kept'); END",
    "CREATE TRIGGER IF NOT EXISTS event_held BEFORE DELETE ON event "
    "WHEN EXISTS (SELECT 1 FROM request WHERE id = OLD.request) "
    "BEGIN SELECT RAISE(ABORT, 'events are kept'); END",
)


class RequestStore(Store):
    """The requests of one run folder; any number of threads and processes may use one.

    Parameters
    ----------
    path : pathlib.Path
        Made for its owner alone where there is none.

    Raises
    ------
    StoreError
        From here and every method, if the database cannot be used.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, steps=_STEPS)
        self.finish_destroying()

    def _connect(self) -> sqlite3.Connection:
        connection = super()._connect()
        with store_errors(self._path):
            for trigger in _TRIGGERS:
                connection.execute(trigger)
        return connection

    def get(self, request: str) -> Request:
        """A request by its id, or by a beginning of it that only one has.

        Raises
        ------
        UsageError
            If there is none, or more than one.
        """
        rows = []
        if re.fullmatch("[0-9a-f]{4,16}", request):
            rows = self.fetch("SELECT * FROM request WHERE substr(id, 1, ?) = ?", [len(request), request])
        if len(rows) != 1:
            raise UsageError(f"{len(rows)} requests have this id; name one as `redactor export list` shows it")
        return _request(rows[0])

    def all(self) -> list[Request]:
        """By deadline, so that what is overdue comes first."""
        found = [_request(row) for row in self.fetch("SELECT * FROM request")]
        return sorted(found, key=lambda request: (request.deadline, request.id))

    def events(self, request: str) -> list[Happened]:
        """In the order in which they happened."""
        rows = self.fetch("SELECT * FROM event WHERE request = ? ORDER BY seq", [request])
        return [
            Happened(r["at"], r["by"], r["step"], r["before"], r["after"], json.loads(r["detail"]))
            for r in rows
        ]

    def incidents(self, request: str | None = None) -> list[Incident]:
        """Of one request, or of all."""
        where, values = ("WHERE request = ?", [request]) if request else ("", [])
        rows = self.fetch(f"SELECT request, at, reason, line FROM incident {where} ORDER BY rowid", values)
        return [Incident(*row) for row in rows]

    def secret(self, request: str) -> str | None:
        """The inner identity, while it is here."""
        rows = self.fetch("SELECT identity FROM secret WHERE request = ?", [request])
        return rows[0]["identity"] if rows else None

    def add(self, request: Request, *, by: str, on_record: Callable[[], None] = lambda: None) -> Request:
        """Open a request."""
        opened = replace(request, state=State.OPENED, version=1)
        detail = {"purpose": request.purpose.value, "handler": request.handler}
        with self.transaction() as db:
            db.execute("INSERT INTO request VALUES (?, ?, ?, ?)", _values(opened))
            move = Move(Step.OPEN, opened.opened_at, by, detail=detail)
            _insert_event(db, opened.id, None, opened.state, move)
            on_record()
        return opened

    def move(self, seen: Request, move: Move, *, on_record: Callable[[], None] = lambda: None) -> Request:
        """Take a request one step on: all of it, with its event, or nothing.

        The inner identity is destroyed where the request ends without a release, or once it was handed over.

        Parameters
        ----------
        seen : Request
            As it was read; it is refused if somebody else has changed it since.
        move : Move
        on_record : callable
            Writes to the audit record, last but for the commit: nothing happens that is not on record.

        Returns
        -------
        Request
            As it is now.

        Raises
        ------
        UsageError
            If the step is not possible from here, what it needs is missing, the clock is behind the last event,
            or somebody else was faster. Nothing is changed then.
        """
        with self.transaction() as db:
            row = db.execute("SELECT * FROM request WHERE id = ?", (seen.id,)).fetchone()
            if row is None or row["version"] != seen.version:
                raise UsageError("the request was changed meanwhile; look at it again, and then do this again")
            known = _request(row)
            state = check_move(move.step, known.state, move.to)
            if known.handed_over and state is State.STOPPED:
                raise UsageError("the package was handed over; nothing stops it any more")
            _check_clock(db, known.id, move.at)
            moved = replace(known, **move.change, state=state, version=known.version + 1)
            _check_needs(moved)
            db.execute("UPDATE request SET state = ?2, version = ?3, value = ?4 WHERE id = ?1", _values(moved))
            if move.secret is not None:
                db.execute("INSERT OR REPLACE INTO secret VALUES (?, ?)", (moved.id, move.secret))
            if moved.handed_over or state in WORTHLESS:
                _drop_secret(db, moved.id)
            _insert_event(db, moved.id, known.state, state, move)
            if move.incident is not None:
                db.execute("INSERT INTO incident VALUES (?, ?, ?, ?)", (moved.id, move.at, *move.incident))
            on_record()
        self.finish_destroying()
        return moved

    def finish_destroying(self) -> None:
        """Overwrite what was deleted, also what a process that was killed has left to do."""
        if self.fetch("SELECT 1 FROM unscrubbed"):
            scrub(self.db, self._path)
            with self.transaction() as db:
                db.execute("DELETE FROM unscrubbed")

    def delete(self, request: str) -> None:
        """Remove everything of a request; that it was here stays in the audit record."""
        with self.transaction() as db:
            db.execute("INSERT OR REPLACE INTO unscrubbed VALUES (?)", (request,))
            db.execute("DELETE FROM request WHERE id = ?", (request,))
            for table in ("event", "incident", "secret"):
                db.execute(f"DELETE FROM {table} WHERE request = ?", (request,))
        self.finish_destroying()


def _check_clock(db: sqlite3.Connection, request: str, at: float) -> None:
    last = db.execute("SELECT max(at) FROM event WHERE request = ?", (request,)).fetchone()[0]
    if last is not None and not at >= last:
        raise UsageError(
            "the clock of this machine is behind what was done last with this request; set it right, or open "
            "another request if it was ahead then"
        )


def _check_needs(request: Request) -> None:
    missing = [name for name in NEEDS.get(request.state, ()) if not getattr(request, name)]
    if missing:
        raise UsageError(f"the request cannot be {request.state.value} without {', '.join(missing)}")
    # Whoever checks signatures comes before; that there are two people is held here too.
    needs_two = "approvals" in NEEDS.get(request.state, ())
    if needs_two and len({approval.approver for approval in request.approvals}) < 2:
        raise UsageError(f"the request cannot be {request.state.value} without approvals by two people")


def _drop_secret(db: sqlite3.Connection, request: str) -> None:
    if db.execute("DELETE FROM secret WHERE request = ?", (request,)).rowcount:
        db.execute("INSERT OR REPLACE INTO unscrubbed VALUES (?)", (request,))


def _insert_event(
    db: sqlite3.Connection, request: str, before: State | None, after: State, move: Move
) -> None:
    detail = json.dumps(dict(move.detail), sort_keys=True)
    db.execute(
        "INSERT INTO event (request, at, by, step, before, after, detail) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (request, move.at, move.by, move.step.value, before and before.value, after.value, detail),
    )


def _values(request: Request) -> tuple[str, str, int, str]:
    return request.id, request.state.value, request.version, json.dumps(asdict(request), sort_keys=True)


def _request(row: Mapping[str, Any]) -> Request:
    try:
        value = json.loads(row["value"])
        for name in ("canary", "package"):
            found = value[name]
            value[name] = found and Sealed(**{**found, "names": tuple(found["names"])})
        value["approvals"] = tuple(Approval(**approval) for approval in value["approvals"])
        value.update(
            purpose=Purpose(value["purpose"]),
            state=State(row["state"]),
            version=row["version"],
            confirmed_by=tuple(value["confirmed_by"]),
        )
        return Request(**value)
    except (ValueError, TypeError, KeyError):
        raise StoreError(
            "a request is stored that this package did not write; restore the store from a backup"
        ) from None
