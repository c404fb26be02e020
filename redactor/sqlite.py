"""SQLite as the private stores use it: whole transactions, owner-only files, one kind of error."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from redactor.errors import StoreError

_BUSY_TIMEOUT_S = 30.0


def connect(path: Path, *, steps: Sequence[str]) -> sqlite3.Connection:
    """Open a store, making it if it is new and bringing it up to date if it is old.

    Parameters
    ----------
    path : pathlib.Path
    steps : sequence of str
        SQL that leads from each version of the store to the next, from none on.

    Raises
    ------
    StoreError
        If the file is not a database, is damaged, cannot be written, or is of a newer version.
    """
    with store_errors(path):
        # Made by hand first, so that it never exists with wider permissions. One that exists is not opened
        # here: closing it would let go of the locks that other connections of this process hold on it, and
        # another process would take itself for the last one and remove the log that these are writing to.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
    try:
        _prepare(connection, path, steps)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, steps: Sequence[str]) -> None:
    version = len(steps)
    with store_errors(path):
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        # What is deleted is overwritten: an erased row must not be readable in the file.
        connection.execute("PRAGMA secure_delete = ON")
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found > version:
            raise StoreError(
                f"{str(path)!r} was written by a newer version of redactor (store {found}, known {version}); "
                "use that version"
            )
        if found < version:
            _bring_up_to_date(connection, path, steps)
        if connection.execute("PRAGMA quick_check").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("quick_check")


def _bring_up_to_date(connection: sqlite3.Connection, path: Path, steps: Sequence[str]) -> None:
    with transaction(connection, path):
        # Asked again: another process may have done it while this one waited for the lock.
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        for statement in "; ".join(steps[found:]).split(";"):  # a script would commit what was begun
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(steps)}")


class Store:
    """A store that any number of threads may use, each over a connection of its own.

    Parameters
    ----------
    path : pathlib.Path
        Made for its owner alone where there is none.
    steps : sequence of str
        As in :func:`connect`.

    Raises
    ------
    StoreError
        From every method, if the database cannot be used.
    """

    def __init__(self, path: Path, *, steps: Sequence[str]) -> None:
        self._path = path
        self._steps = steps
        self._local = threading.local()

    @property
    def db(self) -> sqlite3.Connection:
        """This thread's connection; it is closed with the thread at the latest."""
        if not hasattr(self._local, "db"):
            self._local.db = self._connect()
        return self._local.db

    def _connect(self) -> sqlite3.Connection:
        return connect(self._path, steps=self._steps)

    def transaction(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        """All of a block's statements, or none."""
        return transaction(self.db, self._path)

    def fetch(self, query: str, values: Iterable[Any] = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        with store_errors(self._path):
            return self.db.execute(query, tuple(values)).fetchall()

    def close(self) -> None:
        """Close this thread's connection."""
        self.db.close()
        del self._local.db


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[sqlite3.Connection]:
    """All of the block's statements, or none."""
    with store_errors(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


@contextlib.contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turn the database's errors into :class:`StoreError`, without the values they may hold."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        kind = getattr(error, "sqlite_errorname", None) or getattr(error, "strerror", None) or "damaged"
        raise StoreError(
            f"{str(path)!r} cannot be used ({kind}); check the disk, or restore the file from a backup"
        ) from None


def scrub(connection: sqlite3.Connection, path: Path) -> None:
    """Rewrite the file without what was deleted, and empty its write-ahead log.

    Raises
    ------
    StoreError
        If another process still reads what was deleted.
    """
    with store_errors(path):
        connection.execute("VACUUM")
        is_busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if is_busy:
        raise StoreError(
            f"what was erased is not gone from {str(path)!r} yet: another process reads it; end that process, "
            "then do the same again"
        )
