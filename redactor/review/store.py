"""The state of reviews, beside the ledger: ``private/review.sqlite3``. One transaction a verdict.

Tokens are stored as SHA-256 alone. Any number of threads and processes may use one store.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from redactor.review.entries import Finding, Item, Kind, Lot, Mark, Opinion, Stage, Verdict, meets
from redactor.runfolder import RunFolder
from redactor.sqlite import Store, scrub

STORE_NAME = "review.sqlite3"

_STEPS = (
    """
CREATE TABLE lot (id TEXT PRIMARY KEY, number INTEGER NOT NULL, value TEXT NOT NULL);
CREATE TABLE item (
    id TEXT PRIMARY KEY,
    lot TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    position INTEGER NOT NULL,
    required INTEGER NOT NULL,
    is_void INTEGER NOT NULL DEFAULT 0,
    value TEXT NOT NULL
);
CREATE INDEX item_position ON item (lot, position);
CREATE INDEX item_name ON item (name);
CREATE TABLE reviewer (
    id TEXT PRIMARY KEY,
    label TEXT NOT NULL,
    role TEXT NOT NULL,
    created REAL NOT NULL,
    revoked REAL
);
CREATE TABLE invitation (
    token_sha256 TEXT PRIMARY KEY,
    reviewer TEXT NOT NULL REFERENCES reviewer (id),
    expires REAL NOT NULL,
    used REAL
);
CREATE TABLE session (
    token_sha256 TEXT PRIMARY KEY,
    reviewer TEXT NOT NULL REFERENCES reviewer (id),
    csrf TEXT NOT NULL,
    started REAL NOT NULL,
    seen REAL NOT NULL
);
CREATE TABLE assignment (
    item TEXT NOT NULL REFERENCES item (id),
    reviewer TEXT NOT NULL REFERENCES reviewer (id),
    given REAL NOT NULL,
    first_heard REAL,
    heard TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (item, reviewer)
);
CREATE TABLE verdict (
    item TEXT NOT NULL REFERENCES item (id),
    reviewer TEXT NOT NULL REFERENCES reviewer (id),
    value TEXT NOT NULL,
    PRIMARY KEY (item, reviewer)
);
CREATE TABLE finding (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    stage TEXT NOT NULL,
    value TEXT NOT NULL
)
""",
)


class ReviewStore(Store):
    """Lots, items, verdicts and findings of one run folder.

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
        self.db  # noqa: B018  opened now, so that what is wrong with it shows now

    # Lots and items.

    def add_lot(self, lot: Lot, items: Iterable[Item]) -> None:
        """Keep a lot and what is to be heard of it, all at once; a lot is drawn from once."""
        with self.transaction() as db:
            number = db.execute("SELECT count(*) FROM lot").fetchone()[0] + 1
            db.execute("INSERT INTO lot VALUES (?, ?, ?)", (lot.id, number, _json(lot)))
            db.executemany(
                "INSERT INTO item (id, lot, kind, name, position, required, value) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                ((i.id, i.lot, i.kind.value, i.name, i.position, i.required, _json(i)) for i in items),
            )

    def lot(self, lot: str) -> Lot | None:
        rows = self.fetch("SELECT value FROM lot WHERE id = ?", [lot])
        return Lot(**json.loads(rows[0]["value"])) if rows else None

    def lots(self) -> list[Lot]:
        """In the order in which they were drawn from."""
        return [Lot(**json.loads(row["value"])) for row in self.fetch("SELECT value FROM lot ORDER BY number")]

    def items(self, lot: str, kind: Kind | None = None) -> list[Item]:
        """In the order of the queue."""
        where = "lot = ?" if kind is None else "lot = ? AND kind = ?"
        values = [lot] if kind is None else [lot, kind.value]
        rows = self.fetch(f"SELECT value FROM item WHERE {where} ORDER BY position", values)
        return [item_of(row) for row in rows]

    def item(self, item: str) -> Item | None:
        rows = self.fetch("SELECT value FROM item WHERE id = ?", [item])
        return item_of(rows[0]) if rows else None

    def items_of(self, name: str) -> list[Item]:
        """All items of a recording."""
        return [item_of(row) for row in self.fetch("SELECT value FROM item WHERE name = ?", [name])]

    # Verdicts and what follows.

    def verdicts(self, lot: str) -> list[Verdict]:
        """In the order of the queue."""
        query = (
            "SELECT verdict.value AS value FROM verdict JOIN item ON item.id = verdict.item "
            "WHERE item.lot = ? ORDER BY item.position, verdict.reviewer"
        )
        return [verdict_of(row["value"]) for row in self.fetch(query, [lot])]

    def findings(self, *stages: Stage) -> list[Finding]:
        """Those of the given stages, or all."""
        where = f"WHERE stage IN ({', '.join('?' * len(stages))})" if stages else ""
        rows = self.fetch(f"SELECT value, stage FROM finding {where} ORDER BY id", [s.value for s in stages])
        return [_finding(row) for row in rows]

    def finding(self, finding: str) -> Finding | None:
        rows = self.fetch("SELECT value, stage FROM finding WHERE id = ?", [finding])
        return _finding(rows[0]) if rows else None

    def set_stage(self, findings: Iterable[str], stage: Stage) -> None:
        with self.transaction() as db:
            db.executemany("UPDATE finding SET stage = ? WHERE id = ?", ((stage.value, f) for f in findings))

    def forget(self, name: str) -> None:
        """Drop what was said of a recording that is erased; for the numbers stays what was drawn and leaked."""
        with self.transaction() as db:
            found = [finding for finding in self.findings() if finding.name == name]
            for item in self.items_of(name):
                lot = self.lot(item.lot)
                has_leaked = item.has_leaked or any(lot and finding.is_in(item, lot) for finding in found)
                bare = _json(replace(item, has_leaked=has_leaked))
                db.execute("UPDATE item SET is_void = 1, value = ? WHERE id = ?", (bare, item.id))
            db.execute("DELETE FROM finding WHERE name = ?", (name,))
            rows = db.execute(
                "SELECT verdict.rowid AS at, verdict.value AS said, item.value AS value FROM verdict JOIN item "
                "ON item.id = verdict.item WHERE item.name = ?",
                (name,),
            ).fetchall()
            for row in rows:
                verdict, truth = verdict_of(row["said"]), item_of(row).truth
                # Where a leak of our own was noticed says nothing of the recording.
                planted = tuple(m for m in verdict.marks if truth and meets(truth, m.start, m.end))
                bare = replace(verdict, marks=planted, comment="")
                db.execute("UPDATE verdict SET value = ? WHERE rowid = ?", (_json(bare), row["at"]))
        scrub(self.db, self._path)


def open_findings(folder: RunFolder) -> list[Finding]:
    """What people found in a run folder and nobody has followed up: the ledger does not know it yet."""
    path = folder.private / STORE_NAME
    if not path.is_file():
        return []
    with closing(ReviewStore(path)) as store:
        return store.findings(Stage.FOUND)


def insert_verdict(db: sqlite3.Connection, verdict: Verdict, findings: Iterable[Finding]) -> None:
    """Within a transaction, a verdict and the findings that it makes.

    Raises
    ------
    sqlite3.IntegrityError
        If this reviewer has given one on this item already.
    """
    db.execute("INSERT INTO verdict VALUES (?, ?, ?)", (verdict.item, verdict.reviewer, _json(verdict)))
    insert_findings(db, findings)


def insert_findings(db: sqlite3.Connection, findings: Iterable[Finding]) -> None:
    """Within a transaction, findings that are to be followed up."""
    db.executemany(
        "INSERT INTO finding VALUES (?, ?, ?, ?)",
        ((f.id, f.name, f.stage.value, _json(f)) for f in findings),
    )


def verdict_of(text: str) -> Verdict:
    """A verdict as it is stored."""
    value = json.loads(text)
    marks = tuple(Mark(**mark) for mark in value.pop("marks"))
    return Verdict(**{**value, "opinion": Opinion(value["opinion"]), "marks": marks})


def item_of(row: Mapping[str, Any]) -> Item:
    """An item as it is stored, in the column `value`."""
    value = json.loads(row["value"])
    return Item(**{**value, "kind": Kind(value["kind"])})


def _finding(row: Mapping[str, Any]) -> Finding:
    return Finding(**{**json.loads(row["value"]), "stage": Stage(row["stage"])})


def _json(value: Any) -> str:
    return json.dumps(asdict(value), sort_keys=True)
