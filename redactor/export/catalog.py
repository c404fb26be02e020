"""Whose recording is which: ``private/catalog.sqlite3``, one entry a recording.

Ids of subjects and accounts are keyed hashes. With the key of subjects at hand every entry that is read is held
to a code that only the key can make, so that a row that was edited or exchanged on disk stops whoever reads it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from redactor.audit.lines import canonical
from redactor.errors import UsageError
from redactor.export.entries import CatalogEntry
from redactor.names import key_fingerprint
from redactor.runfolder import RunFolder
from redactor.sqlite import Store, scrub, store_errors

CATALOG_NAME = "catalog.sqlite3"
_INCOMING_NAME = "catalog.incoming.sqlite3"
_SQLITE_FILES = ("", "-wal", "-shm", "-journal")
_ROWS_AT_ONCE = 1000
_FINGERPRINT, _DIGEST = "key_fingerprint", "digest"
_FIELDS = frozenset(CatalogEntry.__dataclass_fields__)

_STEPS = (
    """
CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE entry (name TEXT PRIMARY KEY, subject TEXT NOT NULL, value TEXT NOT NULL, code TEXT);
CREATE INDEX entry_subject ON entry (subject);
CREATE TABLE other (
    subject TEXT NOT NULL,
    name TEXT NOT NULL REFERENCES entry (name),
    PRIMARY KEY (subject, name)
) WITHOUT ROWID;
CREATE INDEX other_name ON other (name)
""",
    # No table changes: the value of an entry says since then which input it is about, and the version before
    # would take such a row for one that somebody else wrote.
    "",
)
# What entries of the first version do not say. No step can add it, for their codes are over what they say.
_ADDED = {"input_keyed": None}


class Catalog(Store):
    """The catalog of one run folder; any number of threads may use it.

    Parameters
    ----------
    path : pathlib.Path
        Made for its owner alone where there is none.
    key : bytes, optional
        Key of subjects: entries are written with a code, and none is read without its own.

    Raises
    ------
    UsageError
        If the catalog was imported with another key.
    StoreError
        From here and every method, if the database cannot be used or an entry is not as it was imported.
    """

    def __init__(self, path: Path, *, key: bytes | None = None) -> None:
        super().__init__(path, steps=_STEPS)
        self._key = key
        known = self.key_fingerprint
        if key is not None and known not in (None, key_fingerprint(key)):
            self.close()
            raise UsageError(
                "the catalog was imported with another key of subjects; put the right file back, or name it "
                "with --subject-key"
            )

    @property
    def key_fingerprint(self) -> str | None:
        """Tells the key of the last import; None before the first."""
        return self._setting(_FINGERPRINT)

    @property
    def digest(self) -> str | None:
        """Of what was imported last, as in the audit record."""
        return self._setting(_DIGEST)

    def entry(self, name: str) -> CatalogEntry | None:
        """What is known of a recording."""
        return next(self._entries("WHERE name = ?", (name,)), None)

    def of_subject(self, subject_hash: str) -> list[CatalogEntry]:
        """Recordings that are theirs, in order of name."""
        return list(self._entries("WHERE subject = ?", (subject_hash,)))

    def with_other(self, subject_hash: str) -> list[CatalogEntry]:
        """Recordings of others in which they speak, in order of name."""
        where = "WHERE name IN (SELECT name FROM other WHERE subject = ?)"
        found = list(self._entries(where, (subject_hash,)))
        with store_errors(self._path):
            if not all(subject_hash in entry.others for entry in found):
                raise sqlite3.DatabaseError("a row that this package did not write")
        return found

    def entries(self) -> Iterator[CatalogEntry]:
        """All, in order of name."""
        return self._entries("", ())

    def by_subject(self) -> Iterator[CatalogEntry]:
        """All, those of one subject after each other."""
        # Named, so that no archive is sorted in a temporary file.
        return self._entries("INDEXED BY entry_subject", (), order="subject")

    def count(self) -> int:
        """Number of recordings that have an owner."""
        return self._number("SELECT count(*) FROM entry")

    def count_subjects(self) -> int:
        """Number of owners."""
        return self._number("SELECT count(DISTINCT subject) FROM entry")

    @property
    def is_empty(self) -> bool:
        return self.count() == 0

    def replace(self, entries: Iterable[CatalogEntry], digest: str) -> None:
        """Take these entries, each recording once, for all that there was; all of them or none.

        Parameters
        ----------
        entries : iterable of CatalogEntry
        digest : str
            From :func:`digest_of`.
        """
        with self.transaction() as db:
            db.execute("DELETE FROM other")
            db.execute("DELETE FROM entry")
            for entry in entries:
                self.insert(db, entry)
            db.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (_DIGEST, digest))
            if self._key is not None:
                values = (_FINGERPRINT, key_fingerprint(self._key))
                db.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", values)

    def insert(self, db: sqlite3.Connection, entry: CatalogEntry) -> None:
        """Within a transaction, an entry of a recording that has none."""
        value = canonical(document(entry))
        code = None if self._key is None else _code(self._key, value)
        db.execute("INSERT INTO entry VALUES (?, ?, ?, ?)", (entry.name, entry.subject, value.decode(), code))
        db.executemany("INSERT INTO other VALUES (?, ?)", ((other, entry.name) for other in entry.others))

    def forget(self, name: str) -> None:
        """Take a recording out, and every byte of its entry out of the file."""
        with self.transaction() as db:
            db.execute("DELETE FROM other WHERE name = ?", (name,))
            db.execute("DELETE FROM entry WHERE name = ?", (name,))
        scrub(self.db, self._path)

    def _entries(
        self, where: str, values: tuple[Any, ...], *, order: str = "name"
    ) -> Iterator[CatalogEntry]:
        with store_errors(self._path):
            cursor = self.db.execute(f"SELECT * FROM entry {where} ORDER BY {order}", values)
            rows = cursor.fetchmany(_ROWS_AT_ONCE)
        while rows:
            for row in rows:
                with store_errors(self._path):
                    entry = self._entry_of(row)
                yield entry
            with store_errors(self._path):
                rows = cursor.fetchmany(_ROWS_AT_ONCE)

    def _entry_of(self, row: Mapping[str, Any]) -> CatalogEntry:
        try:
            value = row["value"].encode()
            if self._key is not None and not hmac.compare_digest(row["code"] or "", _code(self._key, value)):
                raise ValueError("code")
            found = {**_ADDED, **json.loads(value)}
            if found.keys() != _FIELDS or (found["name"], found["subject"]) != (row["name"], row["subject"]):
                raise ValueError("columns")
            roles = {int(channel): role for channel, role in found["roles"].items()}
            return CatalogEntry(**{**found, "roles": roles, "others": tuple(found["others"])})
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise sqlite3.DatabaseError("a row that this package did not write") from None

    def _setting(self, key: str) -> str | None:
        with store_errors(self._path):
            row = self.db.execute("SELECT value FROM setting WHERE key = ?", (key,)).fetchone()
        return row["value"] if row else None

    def _number(self, query: str) -> int:
        with store_errors(self._path):
            return self.db.execute(query).fetchone()[0]


def document(entry: CatalogEntry) -> dict[str, Any]:
    """An entry as JSON values."""
    return {
        "name": entry.name,
        "subject": entry.subject,
        "account": entry.account,
        "device": entry.device,
        "language": entry.language,
        "recorded_at": entry.recorded_at,
        "roles": {str(channel): role for channel, role in entry.roles.items()},
        "others": list(entry.others),
        "input_keyed": entry.input_keyed,
    }


def digest_of(entries: Iterable[CatalogEntry]) -> str:
    """SHA-256 of entries in order of name: the same for the same catalog, whatever file it came in."""
    digest = hashlib.sha256()
    for entry in entries:
        digest.update(canonical(document(entry)) + b"\n")
    return digest.hexdigest()


def open_catalog(folder: RunFolder, *, key: bytes | None = None) -> Catalog:
    """The catalog that was imported into a run folder.

    Raises
    ------
    UsageError
        If there is none, or it was imported with another key.
    StoreError
        If it cannot be used.
    """
    path = folder.private / CATALOG_NAME
    if has_import(folder):
        return Catalog(path, key=key)
    raise UsageError(f"{str(folder.out)!r} has no catalog yet; use `redactor catalog import`")


def has_import(folder: RunFolder) -> bool:
    """Whether a catalog was ever imported into a run folder."""
    path = folder.private / CATALOG_NAME
    if not path.is_file():
        return False
    with closing(Catalog(path)) as catalog:
        return catalog.digest is not None


@contextmanager
def incoming(folder: RunFolder) -> Iterator[Catalog]:
    """A catalog for what is being checked; nothing of it stays. Use it while holding the folder's lock."""
    _remove_incoming(folder)
    staged = Catalog(folder.private / _INCOMING_NAME)
    try:
        yield staged
    finally:
        staged.close()
        _remove_incoming(folder)


def forget_catalog(folder: RunFolder, name: str) -> None:
    """Drop what the catalog of a run folder knows of a recording, be it of an import that was killed."""
    _remove_incoming(folder)
    path = folder.private / CATALOG_NAME
    if path.is_file():
        with closing(Catalog(path)) as catalog:
            catalog.forget(name)


def _remove_incoming(folder: RunFolder) -> None:
    path = folder.private / _INCOMING_NAME
    with store_errors(path):
        for suffix in _SQLITE_FILES:
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def _code(key: bytes, value: bytes) -> str:
    return hmac.new(key, b"redactor catalog entry\0" + value, hashlib.sha256).hexdigest()
