"""What a reviewer hears next, how much of it they heard, and their verdict: one transaction each."""

from __future__ import annotations

import json
import math
import secrets
import sqlite3
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from redactor.entities import ENTITY_TYPES
from redactor.errors import RedactorError
from redactor.intervals import union
from redactor.review.entries import Finding, Item, Mark, Opinion, Stage, Verdict, meets
from redactor.review.store import ReviewStore, insert_verdict, item_of
from redactor.types import Seconds

OTHER = "OTHER"
FASTEST = 2.0  # highest speed that the page offers
MAX_MARKS = 50

# A mark that a player puts at the very end may lie behind it by a frame.
_END_SLACK_S: Seconds = 0.1
# Saying one of these is saying that nothing leaks, and that needs all of it heard.
_NEEDS_ALL = {Opinion.CLEAN, Opinion.TOO_MUCH}
_MAY_MARK = {Opinion.LEAK, Opinion.TOO_MUCH}


class Refusal(RedactorError):
    """A verdict that cannot be taken; the text says what to do, and names nothing of what was heard."""


class NotTheirs(Refusal):
    """The item was not given to this reviewer."""


class GivenAlready(Refusal):
    """This reviewer has given a verdict on the item."""


class Withdrawn(Refusal):
    """The recording is no longer to be heard."""


class NotHeard(Refusal):
    """Too little of it was heard for this opinion."""


class BadMark(Refusal):
    """A mark that is missing, or cannot be."""


@dataclass(frozen=True)
class Assignment:
    """An item that was given to a reviewer.

    Attributes
    ----------
    item : Item
    first_heard : float or None
        Seconds since the epoch at the first byte of its audio.
    heard : tuple of (int, int)
        Bytes of the audio that were served to them, half-open, disjoint and in order.
    is_void : bool
        Whether the recording was withdrawn meanwhile.
    opinion : Opinion or None
        Their verdict, where they have given one.
    """

    item: Item
    first_heard: float | None
    heard: tuple[tuple[int, int], ...]
    is_void: bool
    opinion: Opinion | None


@dataclass(frozen=True)
class Said:
    """What a reviewer sends: an opinion, marks, and a comment that was searched already."""

    opinion: Opinion
    marks: tuple[Mark, ...] = ()
    comment: str = ""


@dataclass(frozen=True)
class Progress:
    """How many items a reviewer has given a verdict on, and how many more they could get."""

    done: int
    waiting: int


# Counts as taken: a verdict, whoever gave it, and what lies with somebody who may still enter.
_FREE_FOR = """
FROM item i JOIN lot l ON l.id = i.lot
WHERE i.is_void = 0
    AND NOT EXISTS (SELECT 1 FROM assignment a WHERE a.item = i.id AND a.reviewer = ?)
    AND i.required > (
        SELECT count(*) FROM assignment a JOIN reviewer r ON r.id = a.reviewer
        WHERE a.item = i.id AND (
            r.revoked IS NULL
            OR EXISTS (SELECT 1 FROM verdict v WHERE v.item = a.item AND v.reviewer = a.reviewer)
        )
    )
"""
_OPEN_OF = """
FROM assignment a JOIN item i ON i.id = a.item JOIN lot l ON l.id = i.lot
WHERE a.reviewer = ? AND i.is_void = 0
    AND NOT EXISTS (SELECT 1 FROM verdict v WHERE v.item = a.item AND v.reviewer = a.reviewer)
"""
_IN_ORDER = " ORDER BY l.number, i.position"


class Queue:
    """The queue of one store.

    Parameters
    ----------
    store : ReviewStore
    now : callable
        Seconds since the epoch.
    """

    def __init__(self, store: ReviewStore, *, now: Callable[[], float] = time.time) -> None:
        self._store, self._now = store, now

    def next_item(self, reviewer: str, *, skip: Collection[str] = ()) -> Item | None:
        """What this reviewer hears next: what lies with them, else the first that still needs somebody.

        Parameters
        ----------
        reviewer : str
        skip : collection of str
            Items that cannot be heard now.
        """
        with self._store.transaction() as db:
            for row in db.execute(f"SELECT i.value AS value {_OPEN_OF} {_IN_ORDER}", (reviewer,)):
                item = item_of(row)
                if item.id not in skip:
                    return item
            row = db.execute(
                f"SELECT i.value AS value {_FREE_FOR} {_IN_ORDER} LIMIT 1", (reviewer,)
            ).fetchone()
            if row is None:
                return None
            item = item_of(row)
            db.execute(
                "INSERT INTO assignment (item, reviewer, given) VALUES (?, ?, ?)",
                (item.id, reviewer, self._now()),
            )
        return item

    def assigned(self, reviewer: str, item: str) -> Assignment | None:
        """The item, if it was given to this reviewer."""
        rows = self._store.fetch(
            "SELECT i.value AS value, i.is_void, a.first_heard, a.heard, v.value AS verdict "
            "FROM assignment a JOIN item i ON i.id = a.item "
            "LEFT JOIN verdict v ON v.item = a.item AND v.reviewer = a.reviewer "
            "WHERE a.reviewer = ? AND a.item = ?",
            [reviewer, item],
        )
        return _assignment(rows[0]) if rows else None

    def progress(self, reviewer: str) -> Progress:
        """Where this reviewer stands."""
        done = self._count("FROM verdict WHERE reviewer = ?", reviewer)
        return Progress(done, self._count(_OPEN_OF, reviewer) + self._count(_FREE_FOR, reviewer))

    def _count(self, what: str, reviewer: str) -> int:
        return self._store.fetch(f"SELECT count(*) {what}", [reviewer])[0][0]

    def note_heard(self, reviewer: str, item: str, start: int, end: int) -> None:
        """Bytes [start, end) of the audio are served to this reviewer; an empty stretch notes the time."""
        with self._store.transaction() as db:
            row = db.execute(
                "SELECT first_heard, heard FROM assignment WHERE reviewer = ? AND item = ?", (reviewer, item)
            ).fetchone()
            if row is None:
                return
            before = [(a, b) for a, b in json.loads(row["heard"])]
            heard = union([*before, (start, end)] if start < end else before)
            first = self._now() if row["first_heard"] is None else row["first_heard"]
            if heard != before or row["first_heard"] is None:
                db.execute(
                    "UPDATE assignment SET first_heard = ?, heard = ? WHERE reviewer = ? AND item = ?",
                    (first, json.dumps(heard), reviewer, item),
                )

    def give_verdict(self, reviewer: str, item: str, said: Said, *, audio_bytes: int) -> list[Finding]:
        """Keep a verdict together with what follows from it.

        Parameters
        ----------
        reviewer, item : str
        said : Said
        audio_bytes : int
            Size of the item's audio; of a leak it does not matter.

        Returns
        -------
        list of Finding
            See :func:`findings_of`.

        Raises
        ------
        NotTheirs, GivenAlready, Withdrawn, NotHeard, BadMark
            Nothing was kept.
        """
        now = self._now()
        with self._store.transaction() as db:
            assignment = _looked_up(db, reviewer, item)
            marks = checked_marks(said, assignment.item.end - assignment.item.start)
            _check_heard(assignment, said.opinion, audio_bytes, now)
            began = now if assignment.first_heard is None else assignment.first_heard
            at = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds")
            heard_s = round(max(now - began, 0.0), 3)
            verdict = Verdict(item, reviewer, said.opinion, marks, said.comment, at, heard_s)
            findings = findings_of(assignment.item, verdict)
            insert_verdict(db, verdict, findings)
        return findings


def _looked_up(db: sqlite3.Connection, reviewer: str, item: str) -> Assignment:
    row = db.execute(
        "SELECT i.value AS value, i.is_void, a.first_heard, a.heard, v.value AS verdict "
        "FROM assignment a JOIN item i ON i.id = a.item JOIN reviewer r ON r.id = a.reviewer "
        "LEFT JOIN verdict v ON v.item = a.item AND v.reviewer = a.reviewer "
        "WHERE a.reviewer = ? AND a.item = ? AND r.revoked IS NULL",
        (reviewer, item),
    ).fetchone()
    if row is None:
        raise NotTheirs("this recording is not in your queue")
    assignment = _assignment(row)
    if assignment.opinion is not None:
        raise GivenAlready("you have given your verdict on this recording; the first one stands")
    if assignment.is_void:
        raise Withdrawn("this recording was withdrawn meanwhile; no verdict on it is needed")
    return assignment


def _assignment(row: sqlite3.Row) -> Assignment:
    opinion = Opinion(json.loads(row["verdict"])["opinion"]) if row["verdict"] else None
    heard = tuple((start, end) for start, end in json.loads(row["heard"]))
    return Assignment(item_of(row), row["first_heard"], heard, bool(row["is_void"]), opinion)


def _check_heard(assignment: Assignment, opinion: Opinion, audio_bytes: int, now: float) -> None:
    if opinion not in _NEEDS_ALL:
        return
    if assignment.first_heard is None or assignment.heard != ((0, audio_bytes),):
        raise NotHeard("play the recording to its end first: that nothing leaks can be said of all of it only")
    least = (assignment.item.end - assignment.item.start) / FASTEST
    if now - assignment.first_heard < least:
        raise NotHeard(
            f"this recording cannot have been heard in so short a time; it takes {least:.0f} seconds at the "
            "highest speed"
        )


def checked_marks(said: Said, duration: Seconds) -> tuple[Mark, ...]:
    """The marks of a verdict, ends cut to the end of the audio.

    Parameters
    ----------
    said : Said
    duration : float
        Of the item's audio.

    Raises
    ------
    BadMark
    """
    if said.marks and said.opinion not in _MAY_MARK:
        raise BadMark("a stretch is marked, but the verdict is neither leak nor too much; change one of them")
    if said.opinion is Opinion.LEAK and not said.marks:
        raise BadMark("mark where the leak is heard: from when to when, and what it is")
    if len(said.marks) > MAX_MARKS:
        raise BadMark(f"at most {MAX_MARKS} stretches can be marked; join those that lie close together")
    return tuple(_checked_mark(number, mark, duration) for number, mark in enumerate(said.marks, 1))


def _checked_mark(number: int, mark: Mark, duration: Seconds) -> Mark:
    if mark.type != OTHER and mark.type not in ENTITY_TYPES:
        raise BadMark(f"stretch {number}: pick one of the types")
    if not (math.isfinite(mark.start) and math.isfinite(mark.end)):
        raise BadMark(f"stretch {number}: times are seconds, such as 12.5")
    if mark.start < 0 or mark.end > duration + _END_SLACK_S:
        raise BadMark(f"stretch {number}: it has to lie within the recording, 0 to {duration:.1f} seconds")
    end = min(mark.end, duration)
    if mark.start >= end:
        raise BadMark(f"stretch {number}: it has to end after it starts")
    return Mark(mark.start, end, mark.type)


def findings_of(item: Item, verdict: Verdict) -> list[Finding]:
    """The leaks in a released recording that a verdict marks, in seconds of the recording.

    In a planted item too: what is marked beside the planted leak is one that the recording has by itself.
    """
    if verdict.opinion is not Opinion.LEAK:
        return []
    return [
        Finding(
            id=secrets.token_hex(16),
            item=item.id,
            reviewer=verdict.reviewer,
            name=item.name,
            start=item.start + mark.start,
            end=item.start + mark.end,
            type=mark.type,
            stage=Stage.FOUND,
        )
        for mark in verdict.marks
        if item.truth is None or not meets(item.truth, mark.start, mark.end)
    ]
