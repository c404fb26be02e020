"""What a reviewer said in another tool becomes verdicts: all of a file, or none of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from redactor.errors import UsageError
from redactor.review.comments import Search, replaced
from redactor.review.entries import Finding, Item, Mark, Opinion, Verdict
from redactor.review.exchange.answers import Answer, Said
from redactor.review.exchange.formats import Format, read_answers
from redactor.review.exchange.handout import check_reviewer
from redactor.review.queue import OTHER, findings_of
from redactor.review.store import ReviewStore, insert_verdict, verdict_of
from redactor.types import Seconds

# Tools count a clip's length in frames of their own.
_END_SLACK_S: Seconds = 0.1


@dataclass(frozen=True)
class Imported:
    """What a file brought.

    Attributes
    ----------
    num_verdicts : int
        Stored now.
    num_known : int
        Given before, in the same words.
    num_erased : int
        Of recordings that were erased since; not stored.
    num_open : int
        The reviewer's clips that still have no verdict.
    num_comments_cleaned : int
        Comments in which personal data was replaced.
    num_marks_left_out : int
        Marks of too much muting in clips with a leak, where a verdict has room for the leak alone.
    opinions : dict of Opinion to int
        Of the verdicts stored now.
    findings : tuple of Finding
        Leaks heard in released recordings, to be followed up.
    """

    num_verdicts: int
    num_known: int
    num_erased: int
    num_open: int
    num_comments_cleaned: int
    num_marks_left_out: int
    opinions: dict[Opinion, int]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class _Judged:
    """An answer whose comment may be stored."""

    answer: Answer
    comment: str
    is_cleaned: bool


def read_verdicts(store: ReviewStore, *, reviewer: str, form: Format, path: Path, comments: Search) -> Imported:
    """Read a tool's export and store its verdicts in one transaction.

    Parameters
    ----------
    comments : callable
        Finds personal data in a text: start, end and type of each.

    Raises
    ------
    UsageError
        If anything in the file cannot be a verdict of this reviewer; nothing is stored then.
    """
    # Before the transaction: the detector may take seconds, in which no other verdict could be stored.
    judged = [_judged(answer, comments) for answer in read_answers(form, path)]
    if not judged:
        raise UsageError(f"{str(path)!r} holds no verdicts; export again once clips are labelled")
    with store.transaction() as db:
        check_reviewer(store, reviewer)
        return _stored(db, store, judged, reviewer)


def _judged(answer: Answer, comments: Search) -> _Judged:
    if not answer.comment:
        return _Judged(answer, "", False)
    comment = replaced(answer.comment, comments)
    if comment is None:
        raise UsageError(
            f"{answer.place}: the comment holds personal data that cannot be taken out; write it anew"
        )
    return _Judged(answer, comment, comment != answer.comment)


def _stored(db: sqlite3.Connection, store: ReviewStore, judged: Sequence[_Judged], reviewer: str) -> Imported:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    opinions = dict.fromkeys(Opinion, 0)
    findings: list[Finding] = []
    num_known = num_erased = num_cleaned = num_left_out = 0
    for one in judged:
        item, is_void = _item_of(db, store, one.answer, reviewer)
        # Checked before it is skipped: a file that is wrong somewhere is wrong.
        marks = _marks(one.answer, item.end - item.start)
        verdict = Verdict(item.id, reviewer, one.answer.opinion, marks, one.comment, now, 0.0)
        if is_void:
            num_erased += 1
        elif _is_known(db, verdict, one.answer.place):
            num_known += 1
        else:
            made = findings_of(item, verdict)
            insert_verdict(db, verdict, made)
            findings += made
            opinions[verdict.opinion] += 1
            num_cleaned += one.is_cleaned
            num_left_out += one.answer.num_left_out
    return Imported(
        num_verdicts=sum(opinions.values()),
        num_known=num_known,
        num_erased=num_erased,
        num_open=_num_open(db, reviewer),
        num_comments_cleaned=num_cleaned,
        num_marks_left_out=num_left_out,
        opinions=opinions,
        findings=tuple(findings),
    )


def _item_of(db: sqlite3.Connection, store: ReviewStore, answer: Answer, reviewer: str) -> tuple[Item, bool]:
    """The reviewer's item that is answered, and whether its recording was erased."""
    item = store.item(answer.clip)
    if item is None:
        raise UsageError(
            f"{answer.place}: no clip of this review has this id; keep the ids (and file names) that were "
            "written, and name the right OUT"
        )
    theirs = db.execute(
        "SELECT 1 FROM assignment WHERE item = ? AND reviewer = ?", (item.id, reviewer)
    ).fetchone()
    if theirs is None:
        raise UsageError(
            f"{answer.place}: this clip was not handed to this reviewer; name the reviewer who heard it"
        )
    (is_void,) = db.execute("SELECT is_void FROM item WHERE id = ?", (item.id,)).fetchone()
    return item, bool(is_void)


def _is_known(db: sqlite3.Connection, verdict: Verdict, place: str) -> bool:
    row = db.execute(
        "SELECT value FROM verdict WHERE item = ? AND reviewer = ?", (verdict.item, verdict.reviewer)
    ).fetchone()
    if row is None:
        return False
    before = verdict_of(row["value"])
    if replace(verdict, at=before.at, heard_s=before.heard_s) != before:
        raise UsageError(
            f"{place}: this reviewer gave another verdict on this clip before, and a verdict is given once; "
            "take the clip out of the file"
        )
    return True


def _marks(answer: Answer, duration: Seconds) -> tuple[Mark, ...]:
    return tuple(
        sorted({_mark(piece, duration) for piece in answer.marks}, key=lambda m: (m.start, m.end, m.type))
    )


def _mark(piece: Said, duration: Seconds) -> Mark:
    start, end = piece.start, piece.end
    if start is None or end is None or not start < end:
        raise UsageError(
            f"{piece.place}: a mark does not end after it starts; select the stretch, from its start to its end"
        )
    if start < 0 or start >= duration or end > duration + _END_SLACK_S:
        raise UsageError(
            f"{piece.place}: a mark lies outside the clip, which has {duration:.3f} s; mark it again"
        )
    return Mark(start, min(end, duration), piece.type or OTHER)


def _num_open(db: sqlite3.Connection, reviewer: str) -> int:
    query = (
        "SELECT count(*) FROM assignment JOIN item ON item.id = assignment.item "
        "WHERE assignment.reviewer = ? AND item.is_void = 0 AND NOT EXISTS "
        "(SELECT 1 FROM verdict WHERE verdict.item = item.id AND verdict.reviewer = assignment.reviewer)"
    )
    return db.execute(query, (reviewer,)).fetchone()[0]
