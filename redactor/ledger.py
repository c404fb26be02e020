"""What became of every recording. The ledger is the truth: a file that it does not list is not released.

Rows are known by NAME alone. Which input a NAME stands for is in :class:`InputMap`, a store of its own.
Only the parent process writes. The verbs (`add`, `lease`, `finish`, `give_back`) are all that an engine
needs, so that a server database can stand behind them later.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from redactor.entities import ENTITY_TYPES
from redactor.sqlite import connect, scrub, store_errors, transaction
from redactor.types import Origin as Why
from redactor.types import ReleasedFile, TimeSpan

_STEPS = (
    """
CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE job (
    name TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    run_identity TEXT,
    identity TEXT,
    input_sha256 TEXT,
    stage TEXT,
    reason TEXT,
    detail TEXT,
    duration REAL,
    muted REAL,
    verdict TEXT,
    files TEXT NOT NULL DEFAULT '[]',
    provenance TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX job_state ON job (state)
""",
    "ALTER TABLE job ADD COLUMN account TEXT NOT NULL DEFAULT '{}'",
    """
CREATE TABLE reviewed (
    name TEXT NOT NULL,
    start REAL NOT NULL,
    "end" REAL NOT NULL,
    channels TEXT NOT NULL,
    type TEXT NOT NULL,
    PRIMARY KEY (name, start, "end", channels, type)
)
""",
)


# Why what was released is pending: slug -> what a person is told.
WITHDRAWN = {
    "other-settings": "it was released under another policy, model or version than a later run's",
    "file-lost": "a released file was lost or altered",
    "reviewed": "a person heard something in it",
}


class State(StrEnum):
    """Where a recording stands."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    QUARANTINED = "quarantined"
    FORGOTTEN = "forgotten"


@dataclass(frozen=True)
class Row:
    """One recording.

    Attributes
    ----------
    name : str
    state : State
    run_identity, identity : str or None
        Digest of everything but the input, and of everything, that made the row what it is.
    input_sha256 : str or None
    stage, reason, detail : str or None
        Where and why it was not released; no text and no file name.
    duration, muted : float or None
        Seconds.
    verdict : str or None
        Of the independent check.
    files : tuple of ReleasedFile
    provenance : mapping
        Policy and models, by name and digest.
    account : mapping
        What the independent check saw, and of a recording that it held back what was muted; no text.
    """

    name: str
    state: State
    run_identity: str | None = None
    identity: str | None = None
    input_sha256: str | None = None
    stage: str | None = None
    reason: str | None = None
    detail: str | None = None
    duration: float | None = None
    muted: float | None = None
    verdict: str | None = None
    files: tuple[ReleasedFile, ...] = ()
    provenance: Mapping[str, Any] | None = None
    account: Mapping[str, Any] | None = None

    def bare(self) -> Row:
        """Without files, provenance and account, which of a large archive would fill the memory."""
        return replace(self, files=(), provenance=None, account=None)


class Ledger:
    """The ledger of one run folder.

    Raises
    ------
    StoreError
        From every method, if the database cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = connect(path, steps=_STEPS)

    def close(self) -> None:
        self._db.close()

    def setting(self, key: str) -> str | None:
        with store_errors(self._path):
            row = self._db.execute("SELECT value FROM setting WHERE key = ?", (key,)).fetchone()
        return row["value"] if row else None

    def set_setting(self, key: str, value: str) -> None:
        with transaction(self._db, self._path) as db:
            db.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (key, value))

    def add(self, names: Iterable[str]) -> None:
        """Make rows, pending, for names that have none."""
        with transaction(self._db, self._path) as db:
            db.executemany(
                "INSERT OR IGNORE INTO job (name, state) VALUES (?, 'pending')", ((n,) for n in names)
            )

    def row(self, name: str) -> Row | None:
        """The row of a NAME; None for what cannot be one, such as a path that is not UTF-8."""
        if not _is_text(name):
            return None
        with store_errors(self._path):
            found = self._db.execute("SELECT * FROM job WHERE name = ?", (name,)).fetchone()
            return _row(found) if found else None

    def rows(self, *states: State) -> Iterator[Row]:
        """Rows in order of name; of the given states, or all."""
        where = f"WHERE state IN ({', '.join('?' * len(states))})" if states else ""
        with store_errors(self._path):
            cursor = self._db.execute(f"SELECT * FROM job {where} ORDER BY name", states)
            while batch := cursor.fetchmany(1000):
                yield from map(_row, batch)

    def counts(self) -> dict[State, int]:
        """Number of recordings in each state."""
        with store_errors(self._path):
            found = dict(self._db.execute("SELECT state, count(*) FROM job GROUP BY state").fetchall())
        return {state: found.get(state.value, 0) for state in State}

    def listed_files(self) -> Iterator[str]:
        """Paths below ``release/`` of everything that is released."""
        for row in self.rows(State.DONE):
            for file in row.files:
                yield file.path

    def lease(self, names: Iterable[str]) -> None:
        """Mark recordings as being worked on."""
        with transaction(self._db, self._path) as db:
            db.executemany("UPDATE job SET state = 'running' WHERE name = ?", ((name,) for name in names))

    def finish(self, row: Row) -> None:
        """Write what became of a recording; the last step after its files are in place."""
        with transaction(self._db, self._path) as db:
            db.execute(
                "INSERT OR REPLACE INTO job VALUES (:name, :state, :run_identity, :identity, :input_sha256, "
                ":stage, :reason, :detail, :duration, :muted, :verdict, :files, :provenance, :account)",
                _values(row),
            )

    def give_back(self, names: Iterable[str] | None = None) -> None:
        """Make running recordings pending again: those named, or all after a run that was killed."""
        with transaction(self._db, self._path) as db:
            if names is None:
                db.execute("UPDATE job SET state = 'pending' WHERE state = 'running'")
            else:
                db.executemany(
                    "UPDATE job SET state = 'pending' WHERE state = 'running' AND name = ?",
                    ((name,) for name in names),
                )

    def reset(
        self, names: Iterable[str], *, reason: str | None = None, detail: str | None = None
    ) -> None:
        """Withdraw recordings: pending again, nothing of them released. Their files are swept after this.

        What people heard in them stays, and is muted the next time. `reason` and `detail` say why they wait.
        """
        with transaction(self._db, self._path) as db:
            db.executemany(
                "INSERT OR REPLACE INTO job (name, state, reason, detail) VALUES (?, 'pending', ?, ?)",
                ((name, reason, detail) for name in names),
            )

    def reviewed(self, name: str) -> tuple[TimeSpan, ...]:
        """What people heard in a recording that is to be muted in every run, in order of time."""
        query = 'SELECT start, "end", channels, type FROM reviewed WHERE name = ? ORDER BY 1, 2, 3, 4'
        with store_errors(self._path):
            return tuple(_reviewed(found) for found in self._db.execute(query, (name,)).fetchall())

    def names_reviewed(self) -> list[str]:
        """Recordings in which people heard something, in order."""
        with store_errors(self._path):
            found = self._db.execute("SELECT DISTINCT name FROM reviewed ORDER BY name").fetchall()
            return [row["name"] for row in found]

    def add_reviewed(self, name: str, spans: Iterable[TimeSpan]) -> None:
        """Keep what people heard in a recording; what is known already is kept once.

        Raises
        ------
        ValueError
            For times that cannot be, or a type that is none of :data:`redactor.entities.ENTITY_TYPES`: it may
            be what was said.
        """
        values = [(name, *found) for span in spans for found in _reviewed_values(span)]
        with transaction(self._db, self._path) as db:
            db.executemany("INSERT OR IGNORE INTO reviewed VALUES (?, ?, ?, ?, ?)", values)

    def forget(self, *names: str) -> None:
        """Keep of recordings only that they were erased; a name without a row gets one, so it stays out.

        What was known of them is gone from every byte of the files only after :meth:`scrub`.
        """
        with transaction(self._db, self._path) as db:
            db.executemany("DELETE FROM reviewed WHERE name = ?", ((name,) for name in names))
            db.executemany(
                "INSERT OR REPLACE INTO job (name, state) VALUES (?, 'forgotten')", ((name,) for name in names)
            )

    def scrub(self) -> None:
        """Take what was forgotten out of the files; it fails while another process reads them."""
        scrub(self._db, self._path)


def _is_text(name: str) -> bool:
    try:
        return bool(name.encode())
    except UnicodeEncodeError:
        return False


@dataclass(frozen=True)
class Origin:
    """Which input a NAME stands for.

    Attributes
    ----------
    uri : str
    relative : str
        Path below the INPUT it was found in, percent-encoded: paths hold any bytes, a database text does not.
    stamp : str
        Size, times and inode at the last look: unchanged means that the bytes need not be hashed again.
    within : str
        URI of the INPUT it was found in, its own where it was named itself; "" if an older version noted it.
    """

    uri: str
    relative: str
    stamp: str
    within: str = ""


_INPUT_STEPS = (
    "CREATE TABLE input (name TEXT PRIMARY KEY, uri TEXT, relative TEXT, stamp TEXT)",
    "ALTER TABLE input ADD COLUMN within TEXT NOT NULL DEFAULT ''",
)


class InputMap:
    """The private map from NAME to input."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = connect(path, steps=_INPUT_STEPS)

    def close(self) -> None:
        self._db.close()

    def put(self, origins: Mapping[str, Origin]) -> None:
        with transaction(self._db, self._path) as db:
            db.executemany(
                "INSERT OR REPLACE INTO input VALUES (?, ?, ?, ?, ?)",
                ((name, o.uri, o.relative, o.stamp, o.within) for name, o in origins.items()),
            )

    def get(self, name: str) -> Origin | None:
        with store_errors(self._path):
            found = self._db.execute(
                "SELECT uri, relative, stamp, within FROM input WHERE name = ?", (name,)
            ).fetchone()
        return Origin(*found) if found else None

    def items(self) -> Iterator[tuple[str, Origin]]:
        with store_errors(self._path):
            for row in self._db.execute("SELECT * FROM input ORDER BY name").fetchall():
                yield row["name"], Origin(row["uri"], row["relative"], row["stamp"], row["within"])

    def drop(self, names: Iterable[str]) -> None:
        """Take names out of the map."""
        with transaction(self._db, self._path) as db:
            db.executemany("DELETE FROM input WHERE name = ?", ((name,) for name in names))

    def forget(self, *names: str) -> None:
        """Take names out of the map, and every byte of their inputs out of the files.

        While another process reads them it fails, and the names stay known: by them it is done again.
        """
        scrub(self._db, self._path)  # writes anew, which shows every reader; a look at the log would not
        self.drop(names)
        scrub(self._db, self._path)


def num_half_forgotten(ledger: Ledger, inputs: InputMap) -> int:
    """Recordings of which something may be left to erase: forgotten, and still in the map, which comes last."""
    return sum(inputs.get(row.name) is not None for row in ledger.rows(State.FORGOTTEN))


def _row(found: Any) -> Row:
    values = dict(found)
    try:
        values["state"] = State(values["state"])
        files = json.loads(values["files"])
        values["files"] = tuple(
            ReleasedFile(f["path"], f["sha256"], f["bytes"], f.get("stamp", "")) for f in files
        )
        values["provenance"] = json.loads(values["provenance"])
        values["account"] = json.loads(values["account"]) or None
        return Row(**values)
    except (ValueError, TypeError, KeyError):
        raise sqlite3.DatabaseError("a row that this package did not write") from None


def _reviewed(found: Any) -> TimeSpan:
    try:
        channels = tuple(json.loads(found["channels"]))
        types = (found["type"],) if found["type"] else ()
        span = TimeSpan(found["start"], found["end"], channels, types, Why.REVIEWED)
        list(_reviewed_values(span))  # which refuses what cannot be
        return span
    except (ValueError, TypeError):
        raise sqlite3.DatabaseError("a span that this package did not write") from None


def _reviewed_values(span: TimeSpan) -> Iterator[tuple[float, float, str, str]]:
    """The rows of a span, one for each type."""
    if not 0.0 <= span.start < span.end < math.inf:
        raise ValueError("a span has times that cannot be")
    if not all(type(channel) is int and channel >= 0 for channel in span.channels):
        raise ValueError("a span has a channel that cannot be")
    if not ENTITY_TYPES.keys() >= set(span.entity_types):
        raise ValueError("a span is of no known type")
    channels = json.dumps(sorted(span.channels))
    for entity_type in span.entity_types or ("",):
        yield float(span.start), float(span.end), channels, entity_type


def _values(row: Row) -> dict[str, Any]:
    return {
        **{key: getattr(row, key) for key in Row.__dataclass_fields__},
        "state": row.state.value,
        "files": json.dumps(
            [{"path": f.path, "sha256": f.sha256, "bytes": f.num_bytes, "stamp": f.stamp} for f in row.files]
        ),
        "provenance": json.dumps(row.provenance or {}, sort_keys=True),
        "account": json.dumps(row.account or {}, sort_keys=True),
    }
