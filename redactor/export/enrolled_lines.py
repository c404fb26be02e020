"""The file of enrolments: whole lines under a lock, held to what the audit record says of it."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redactor.audit import head_file, read_head
from redactor.audit.chain import FITS
from redactor.audit.lines import BadLine, parse_line
from redactor.audit.verdict import read_chain
from redactor.errors import StoreError

EVENTS = ("enrolled", "enrolment-revoked")
MAX_LINE_BYTES = 4096
_MAX_FILE_BYTES = 16 << 20
# In the canonical form the kind of an event comes first.
_BEGINNINGS = tuple(f'{{"event":"{kind}",'.encode() for kind in EVENTS)


@dataclass(frozen=True)
class Recorded:
    """What the audit record says of the file of enrolments.

    Attributes
    ----------
    count : int
        Lines it has at least.
    sha256 : str
        Of those lines.
    """

    count: int
    sha256: str


def sha256_of(lines: Sequence[bytes]) -> str:
    """Of lines, each with its newline."""
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line + b"\n")
    return digest.hexdigest()


def recorded(log: Path) -> Recorded:
    """What stands in the record of a run folder, up to its signed head.

    Whether the head's signature is good shows when the record is opened for appending, which everybody does
    who acts on this.

    Raises
    ------
    StoreError
        If the record does not fit itself or its head.
    UsageError
        If it cannot be read.
    """
    try:
        head = read_head(head_file(log))
    except FileNotFoundError:
        if os.path.lexists(log):
            raise _bad_record(log) from None
        return Recorded(0, sha256_of(()))
    chain = read_chain(log, at=[head.count])
    if chain.hashes.get(head.count) != head.hash or chain.reason not in (FITS, "torn"):
        raise _bad_record(log)
    found = Recorded(0, sha256_of(()))
    for seq, fields in _events(log):
        # What stands behind the head is not signed.
        if seq <= head.count and fields["count"] >= found.count:
            found = Recorded(fields["count"], fields["lines"])
    return found


def check_recorded(lines: Sequence[bytes], known: Recorded, path: Path) -> None:
    """Whether the file still begins with what is on record.

    Raises
    ------
    StoreError
        If lines were taken out of it or changed.
    """
    if len(lines) < known.count:
        raise StoreError(
            f"{str(path)!r} has {len(lines)} lines and had {known.count}, says the audit record: some were "
            "taken out, revocations perhaps; put the whole file back from a backup"
        )
    if sha256_of(lines[: known.count]) != known.sha256:
        raise StoreError(f"{str(path)!r} is not what the audit record says it was; put it back from a backup")


def read_lines(path: Path) -> list[bytes]:
    """The whole lines, without their newlines; what a killed process left behind the last is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unusable(path, error) from None
    try:
        return _lines(descriptor, path)
    finally:
        os.close(descriptor)


@contextmanager
def locked_lines(path: Path) -> Iterator[int]:
    """Open the file for appending, waiting for its lock.

    Raises
    ------
    StoreError
        If it cannot be used.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unusable(path, error) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if not os.path.samestat(os.fstat(descriptor), path.lstat()):
                raise OSError(errno.ESTALE, "it was moved while it was opened; run again")
        except OSError as error:
            raise _unusable(path, error) from None
        try:
            yield descriptor
        finally:
            # By hand: a child that was forked meanwhile has the descriptor too, and would keep the lock.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def lines_in(descriptor: int, path: Path) -> list[bytes]:
    """As :func:`read_lines`, of a file that is open."""
    return _lines(descriptor, path)


def append_line(descriptor: int, lines: Sequence[bytes], line: bytes, path: Path) -> None:
    """Write a line behind those, over what a killed process left there; it has reached the disk on return."""
    if len(line) > MAX_LINE_BYTES or b"\n" in line:
        raise ValueError("not a line of enrolments")
    at = sum(len(known) + 1 for known in lines)
    data = memoryview(line + b"\n")
    try:
        # Shortened first: a torn end that is longer than the new line would stand behind it as a line.
        os.ftruncate(descriptor, at)
        while data:
            num_written = os.pwrite(descriptor, data, at)
            data, at = data[num_written:], at + num_written
        os.fsync(descriptor)
    except OSError as error:
        raise _unusable(path, error) from None


def _lines(descriptor: int, path: Path) -> list[bytes]:
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        if found.st_size > _MAX_FILE_BYTES:
            raise OSError(errno.EFBIG, "too large to be one")
        with os.fdopen(os.dup(descriptor), "rb") as stream:
            stream.seek(0)
            data = stream.read(_MAX_FILE_BYTES)
    except OSError as error:
        raise _unusable(path, error) from None
    return data.split(b"\n")[:-1]


def _events(log: Path) -> Iterator[tuple[int, dict[str, object]]]:
    try:
        with log.open("rb") as stream:
            for raw in stream:
                if raw.startswith(_BEGINNINGS) and raw.endswith(b"\n"):
                    line, fields = parse_line(raw[:-1]), json.loads(raw)["fields"]
                    if type(fields.get("count")) is not int or not isinstance(fields.get("lines"), str):
                        raise BadLine("malformed")
                    yield line.seq, fields
    except FileNotFoundError:
        return
    except (OSError, BadLine):
        raise _bad_record(log) from None


def _bad_record(log: Path) -> StoreError:
    return StoreError(
        f"the record {str(log)!r} does not fit, so no enrolment counts; `redactor audit verify` tells more"
    )


def _unusable(path: Path, error: OSError) -> StoreError:
    why = "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror
    return StoreError(f"{str(path)!r} cannot be used: {why}; check the folder and the disk")
