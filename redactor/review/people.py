"""Who may enter the reviewers' page: invitations, sessions, and their ends. Tokens are kept as SHA-256."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from redactor.errors import UsageError
from redactor.review.entries import Reviewer, Role, Session
from redactor.review.store import ReviewStore
from redactor.types import Seconds

IDLE_LIMIT_S: Seconds = 30 * 60
ABSOLUTE_LIMIT_S: Seconds = 8 * 3600
LONGEST_INVITATION_S: Seconds = 31 * 24 * 3600

_TOKEN_BYTES = 32  # 256 bits: nobody guesses one, so a plain digest at rest is enough
_MAX_LABEL_CHARS = 60
# A session that is used says so this often only: a write for every picture and stretch of audio is too many.
_SEEN_EVERY_S: Seconds = 30.0
# Clocks are set back by a little now and then; by more, nobody can say how old a session is.
_CLOCK_SLACK_S: Seconds = 60.0


@dataclass(frozen=True)
class Invitation:
    """A link that was just made; its token is known here and never again.

    Attributes
    ----------
    reviewer : Reviewer
    token : str
    expires : float
        Seconds since the epoch.
    """

    reviewer: Reviewer
    token: str = field(repr=False)
    expires: float


@dataclass(frozen=True)
class Person:
    """A reviewer as the operator sees them.

    Attributes
    ----------
    reviewer : Reviewer
    invitation : str
        "unused", "used", "expired" or "revoked".
    is_in : bool
        Whether a session of theirs is open.
    """

    reviewer: Reviewer
    invitation: str
    is_in: bool


class People:
    """Reviewers of one store.

    Parameters
    ----------
    store : ReviewStore
    now : callable
        Seconds since the epoch.
    """

    def __init__(self, store: ReviewStore, *, now: Callable[[], float] = time.time) -> None:
        self._store, self._now = store, now

    def invite(self, label: str, role: Role, *, lifetime_s: Seconds) -> Invitation:
        """A new link for somebody; links of theirs that nobody used are void from now on.

        Parameters
        ----------
        label : str
            The operator's word for them. Who has been invited under it before is the same person.
        role : Role
        lifetime_s : float
            How long the link can be used.

        Raises
        ------
        UsageError
            If the label cannot be one, or belongs to somebody of the other role.
        """
        label = label.strip()
        if not label or len(label) > _MAX_LABEL_CHARS or not label.isprintable():
            raise UsageError(f"a label is 1 to {_MAX_LABEL_CHARS} printable characters")
        if not 0 < lifetime_s <= LONGEST_INVITATION_S:
            raise UsageError(f"an invitation is good for up to {LONGEST_INVITATION_S / 3600:.0f} hours")
        token, now = secrets.token_urlsafe(_TOKEN_BYTES), self._now()
        with self._store.transaction() as db:
            reviewer = _known(db, label) or _added(db, label, role, now)
            if reviewer.role is not role:
                raise UsageError(f"{label!r} is invited as {reviewer.role} already; use another label")
            db.execute("DELETE FROM invitation WHERE reviewer = ? AND used IS NULL", (reviewer.id,))
            db.execute(
                "INSERT INTO invitation (token_sha256, reviewer, expires) VALUES (?, ?, ?)",
                (_digest(token), reviewer.id, now + lifetime_s),
            )
        return Invitation(reviewer, token, now + lifetime_s)

    def enter(self, token: str) -> tuple[str, Session] | None:
        """Use an invitation up.

        Returns
        -------
        tuple of str and Session, or None
            The token of a new session; None where the link is unknown, used, expired or revoked.
        """
        now, session_token, csrf = self._now(), *(secrets.token_urlsafe(_TOKEN_BYTES) for _ in range(2))
        with self._store.transaction() as db:
            row = db.execute(
                "SELECT r.* FROM invitation i JOIN reviewer r ON r.id = i.reviewer "
                "WHERE i.token_sha256 = ? AND i.used IS NULL AND i.expires > ? AND r.revoked IS NULL",
                (_digest(token), now),
            ).fetchone()
            if row is None:
                return None
            db.execute("UPDATE invitation SET used = ? WHERE token_sha256 = ?", (now, _digest(token)))
            db.execute("DELETE FROM session WHERE started < ?", (now - ABSOLUTE_LIMIT_S,))
            db.execute(
                "INSERT INTO session VALUES (?, ?, ?, ?, ?)",
                (_digest(session_token), row["id"], csrf, now, now),
            )
        return session_token, Session(_reviewer(row), csrf)

    def session(self, token: str) -> Session | None:
        """Whose session this is; None where there is none or it has ended."""
        rows = self._store.fetch(
            "SELECT r.*, s.csrf, s.started, s.seen FROM session s JOIN reviewer r ON r.id = s.reviewer "
            "WHERE s.token_sha256 = ? AND r.revoked IS NULL",
            [_digest(token)],
        )
        if not rows:
            return None
        row, now = rows[0], self._now()
        if not self._is_open(row, now):
            self.leave(token)
            return None
        if now - row["seen"] > _SEEN_EVERY_S:
            with self._store.transaction() as db:
                db.execute("UPDATE session SET seen = ? WHERE token_sha256 = ?", (now, _digest(token)))
        return Session(_reviewer(row), row["csrf"])

    def leave(self, token: str) -> None:
        """End a session."""
        with self._store.transaction() as db:
            db.execute("DELETE FROM session WHERE token_sha256 = ?", (_digest(token),))

    def revoke(self, reviewer: str) -> bool:
        """Shut somebody out at once: links, sessions, and what was given them to hear.

        Returns
        -------
        bool
            Whether there is such a reviewer who was not revoked already.
        """
        with self._store.transaction() as db:
            changed = db.execute(
                "UPDATE reviewer SET revoked = ? WHERE id = ? AND revoked IS NULL", (self._now(), reviewer)
            ).rowcount
            db.execute("DELETE FROM invitation WHERE reviewer = ? AND used IS NULL", (reviewer,))
            db.execute("DELETE FROM session WHERE reviewer = ?", (reviewer,))
        return bool(changed)

    def everybody(self) -> list[Person]:
        """In the order in which they were invited first."""
        rows = self._store.fetch("SELECT * FROM reviewer ORDER BY created, id")
        return [Person(_reviewer(row), self._invitation(row), self._is_in(row["id"])) for row in rows]

    def _invitation(self, row: sqlite3.Row) -> str:
        if row["revoked"] is not None:
            return "revoked"
        last = self._store.fetch(
            "SELECT used, expires FROM invitation WHERE reviewer = ? ORDER BY expires DESC", [row["id"]]
        )
        unused = [i for i in last if i["used"] is None]
        if unused:
            return "unused" if unused[0]["expires"] > self._now() else "expired"
        return "used"

    def _is_in(self, reviewer: str) -> bool:
        rows = self._store.fetch("SELECT started, seen FROM session WHERE reviewer = ?", [reviewer])
        return any(self._is_open(row, self._now()) for row in rows)

    @staticmethod
    def _is_open(row: sqlite3.Row, now: float) -> bool:
        return (
            -_CLOCK_SLACK_S <= now - row["started"] < ABSOLUTE_LIMIT_S
            and -_CLOCK_SLACK_S <= now - row["seen"] < IDLE_LIMIT_S
        )


def _known(db: sqlite3.Connection, label: str) -> Reviewer | None:
    row = db.execute("SELECT * FROM reviewer WHERE label = ? AND revoked IS NULL", (label,)).fetchone()
    return _reviewer(row) if row else None


def _added(db: sqlite3.Connection, label: str, role: Role, now: float) -> Reviewer:
    reviewer = Reviewer(secrets.token_hex(8), label, role, revoked=False)
    db.execute(
        "INSERT INTO reviewer (id, label, role, created) VALUES (?, ?, ?, ?)",
        (reviewer.id, label, role.value, now),
    )
    return reviewer


def _reviewer(row: sqlite3.Row) -> Reviewer:
    return Reviewer(row["id"], row["label"], Role(row["role"]), revoked=row["revoked"] is not None)


def _digest(token: str) -> str:
    # What is not UTF-8 comes out of no link of ours, and finds nothing.
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
