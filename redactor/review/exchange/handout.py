"""Who gets which clips: handing out for another tool counts as an assignment in the queue does."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from redactor.errors import UsageError
from redactor.review.entries import Item
from redactor.review.store import ReviewStore

# As in the queue: what lies with somebody who may not enter any more is free again.
_OPEN = """
SELECT item.id AS id, item.required AS required,
    (
        SELECT count(*) FROM assignment JOIN reviewer ON reviewer.id = assignment.reviewer
        WHERE assignment.item = item.id AND (
            reviewer.revoked IS NULL
            OR EXISTS (
                SELECT 1 FROM verdict
                WHERE verdict.item = item.id AND verdict.reviewer = assignment.reviewer
            )
        )
    ) AS num_given,
    EXISTS (
        SELECT 1 FROM assignment WHERE assignment.item = item.id AND assignment.reviewer = :reviewer
    ) AS is_theirs
FROM item WHERE lot = :lot AND is_void = 0
    AND NOT EXISTS (SELECT 1 FROM verdict WHERE verdict.item = item.id AND verdict.reviewer = :reviewer)
"""


@dataclass(frozen=True)
class Handout:
    """What a reviewer is to hear.

    Attributes
    ----------
    items : tuple of Item
        In the order of the queue; with what was theirs before and has no verdict.
    new : frozenset of str
        Those that became theirs now.
    """

    items: tuple[Item, ...]
    new: frozenset[str]


def check_reviewer(store: ReviewStore, reviewer: str) -> None:
    """See that somebody may hear clips.

    Raises
    ------
    UsageError
        If the store does not know them, or their access was revoked.
    """
    rows = store.fetch("SELECT revoked FROM reviewer WHERE id = ?", [reviewer])
    if not rows:
        raise UsageError("there is no such reviewer in this review; invite them first, then name their id")
    if rows[0]["revoked"] is not None:
        raise UsageError("this reviewer's access was revoked; invite them anew, or name another one")


def hand_out(store: ReviewStore, *, lot: str, reviewer: str) -> Handout:
    """Assign everything that is open in a lot to a reviewer.

    Raises
    ------
    UsageError
        If they may hear nothing.
    """
    with store.transaction() as db:
        check_reviewer(store, reviewer)
        rows = db.execute(_OPEN, {"lot": lot, "reviewer": reviewer}).fetchall()
        free = [row["id"] for row in rows if not row["is_theirs"] and row["num_given"] < row["required"]]
        db.executemany(
            "INSERT INTO assignment (item, reviewer, given) VALUES (?, ?, ?)",
            ((item, reviewer, time.time()) for item in free),
        )
    theirs = {row["id"] for row in rows if row["is_theirs"]} | set(free)
    return Handout(tuple(item for item in store.items(lot) if item.id in theirs), frozenset(free))


def take_back(store: ReviewStore, items: Iterable[str], *, reviewer: str) -> None:
    """Undo assignments of clips that did not get to the reviewer after all."""
    with store.transaction() as db:
        db.executemany(
            "DELETE FROM assignment WHERE item = ? AND reviewer = ? AND first_heard IS NULL",
            ((item, reviewer) for item in items),
        )
