"""Appending to the record: under a lock, after a look at its end, one write, then a new signature."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from redactor.audit.chain import ADOPTED, REPAIRED
from redactor.audit.head import Head, head_file, read_head, sign_head
from redactor.audit.keys import SigningKey
from redactor.audit.lines import START, BadLine, Event, Position, format_line, utc_now, who
from redactor.audit.tail import Tail, read_block, read_tail
from redactor.errors import StoreError
from redactor.files import remove_drafts, write_atomic

LOG_NAME = "audit.jsonl"


class AuditLog:
    """The record of a run folder, open for appending by any number of processes.

    Opening looks at the end of the log, not at all of it (:func:`redactor.audit.verify` does): a line changed
    farther up goes on showing, whatever is appended.

    Parameters
    ----------
    path : pathlib.Path
        ``private/audit.jsonl``; it and ``audit.head.json`` are made, for the owner alone, where there is
        neither.
    key : SigningKey

    Attributes
    ----------
    head : Head
        After the last append of this object.

    Raises
    ------
    StoreError
        From here and from every append: the log is not what its signed head says (cut, rewritten, another key,
        no head), is a link, or cannot be written. Nothing is appended then.
    UsageError
        If the head's file is not a head.
    """

    def __init__(self, path: Path, *, key: SigningKey) -> None:
        self._path = path
        self._key = key
        self.head = self.append(())

    def append(self, events: Sequence[Event]) -> Head:
        """Record events, all in one write that has reached the disk on return, and sign the new end.

        What a killed process left is put in order first, and that goes on record too. After an error, some of
        the events may be in the log; the next append records that they were found unsigned.
        """
        try:
            with _locked(self._path) as descriptor:
                head = self._signed_head(descriptor)
                tail = read_tail(descriptor, head.position)
                todo = [*_findings(descriptor, tail, head.position), *events]
                # Here alone: nobody else signs while this lock is held, and no other lock keeps them from it.
                remove_drafts(head_file(self._path))
                if todo:
                    end = _write(descriptor, todo, tail)
                    head = self._sign(end)
        except BadLine as bad:
            raise self._misfit(bad.args[0]) from None
        except OSError as error:
            raise StoreError(
                f"the record {str(self._path)!r} cannot be used: {_why(error)}; check the folder and the disk"
            ) from None
        self.head = head
        return head

    def _signed_head(self, descriptor: int) -> Head:
        try:
            head = read_head(head_file(self._path))
        except FileNotFoundError:
            if os.fstat(descriptor).st_size:
                raise BadLine("no-head") from None
            # Signed before there is a line: a log without a head is never what a killed process left.
            return self._sign(START)
        if head.key != self._key.public.fingerprint:
            raise BadLine("head-key")
        if not head.is_signed_by(self._key.public):
            raise BadLine("head-signature")
        return head

    def _sign(self, end: Position) -> Head:
        head = sign_head(end, self._key)
        write_atomic(head_file(self._path), head.to_json().encode() + b"\n", mode=0o600)
        return head

    def _misfit(self, reason: str) -> StoreError:
        found, remedy = f"is not what its signed head says ({reason})", "put both back from a backup"
        if reason == "head-key":
            found, remedy = "was signed with another key", "put the right signing key back"
        return StoreError(
            f"the record {str(self._path)!r} {found}, so nothing was appended; `redactor audit verify` tells "
            f"more; {remedy}, or move it and {head_file(self._path).name} elsewhere, and keep them, to begin a "
            "new one"
        )


def _findings(descriptor: int, tail: Tail, head: Position) -> list[Event]:
    """What a killed process left, as events."""
    found = []
    if tail.end.count > head.count:
        found.append(Event(ADOPTED, {"first": head.count + 1, "last": tail.end.count}))
    if tail.torn_bytes:
        digest = hashlib.sha256()
        for at in range(tail.num_bytes, tail.num_bytes + tail.torn_bytes, 1 << 20):
            digest.update(read_block(descriptor, at, min(at + (1 << 20), tail.num_bytes + tail.torn_bytes)))
        found.append(Event(REPAIRED, {"bytes": tail.torn_bytes, "sha256": digest.hexdigest()}))
    return found


def _write(descriptor: int, events: Sequence[Event], tail: Tail) -> Position:
    end, lines, now = tail.end, [], utc_now()
    for event in events:
        line, end = format_line(event, end, time=now, who=who())
        lines.append(line)
    data, at = memoryview(b"".join(lines)), tail.num_bytes
    # Over the torn bytes, and only then shorter: killed in between, what is left of them is still found.
    while data:
        num_written = os.pwrite(descriptor, data, at)
        data, at = data[num_written:], at + num_written
    os.ftruncate(descriptor, at)
    os.fsync(descriptor)
    return end


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """Open the log, waiting for its lock."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            if not os.path.samestat(found, path.lstat()):
                raise OSError(errno.ESTALE, "it was moved while it was opened; run again")
            if stat.S_IMODE(found.st_mode) & 0o077:
                os.fchmod(descriptor, 0o600)
            yield descriptor
        finally:
            # By hand: a child that was forked meanwhile has the descriptor too, and would keep the lock.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def _why(error: OSError) -> str:
    return "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror or "unknown"
