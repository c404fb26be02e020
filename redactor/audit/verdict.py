"""Whether a record fits: its lines each other, and all of them a signed head."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import stat
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from redactor.audit.chain import FITS, Chain, walk
from redactor.audit.head import Head
from redactor.audit.keys import PublicKey
from redactor.errors import UsageError


@dataclass(frozen=True)
class Verdict:
    """What became of the comparison.

    Attributes
    ----------
    count : int
        Lines that fit each other, from the first.
    first_bad_line : int or None
        Number, from 1, of the first line that does not fit; for "cut" the first that is missing.
    reason : str
        Why not: what :class:`redactor.audit.chain.Chain` has, "cut" (fewer lines than the head counts),
        "rewritten" (the head's line has another hash); for no line in particular "head-key" (signed by another
        key), "head-signature". "fits" if all does.
    lines_after_head : int
        Lines that fit, but that no trusted head counts.
    head : str
        "none", "head-key", "head-signature", or "fits" if its signature is good.
    times_back : int
        Lines whose time is before that of the line above; no fault, clocks jump.
    repairs : int
        Lines that record what a killed process had left.
    """

    count: int
    first_bad_line: int | None
    reason: str
    lines_after_head: int
    head: str = "none"
    times_back: int = 0
    repairs: int = 0

    @property
    def fits(self) -> bool:
        """Whether nothing was found."""
        return self.reason == FITS


def verify(path: Path, *, public_key: PublicKey, head: Head | None = None) -> Verdict:
    """Read all of a log, of any size, and hold it to a head.

    Without a head a cut at the border of two lines cannot show, nor a chain that was written anew.

    Raises
    ------
    UsageError
        If the log cannot be read; one that is missing is an empty one if there is a head.
    """
    if head is None and not os.path.lexists(path):
        raise UsageError(f"there is no record {str(path)!r}; name the right file")
    return judge(read_chain(path, at=[head.count] if head else []), head, public_key)


def judge(chain: Chain, head: Head | None, public_key: PublicKey) -> Verdict:
    """Hold a chain, read with the hash at the head's count, to the head."""
    reason, trust = chain.reason, trust_in(head, public_key)
    bad_line = None if reason == FITS else chain.end.count + 1
    counted = 0
    if head is not None and trust == FITS:
        if chain.end.count < head.count:
            # A line that ends in its middle below the head is no trace of a killed process.
            reason, bad_line = ("cut" if reason in (FITS, "torn") else reason), chain.end.count + 1
        elif chain.hashes[head.count] != head.hash:
            reason, bad_line = "rewritten", head.count
        counted = head.count
    elif reason == FITS and trust != "none":
        reason = trust
    return Verdict(
        count=chain.end.count,
        first_bad_line=bad_line,
        reason=reason,
        lines_after_head=max(0, chain.end.count - counted),
        head=trust,
        times_back=chain.times_back,
        repairs=chain.repairs,
    )


def trust_in(head: Head | None, public_key: PublicKey) -> str:
    """Whether a head may be believed, as `Verdict.head` has it."""
    if head is None:
        return "none"
    if head.key != public_key.fingerprint:
        return "head-key"
    return FITS if head.is_signed_by(public_key) else "head-signature"


def read_chain(path: Path, *, at: Collection[int]) -> Chain:
    """Read all of a log, as it is now: what is appended meanwhile is left out. None is an empty one."""
    try:
        with open(path, "rb", opener=_no_link) as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise UsageError(f"the record {str(path)!r} is not a regular file")
            return walk(stream, _settled_bytes(stream.fileno()), at=at)
    except FileNotFoundError:
        return walk(io.BytesIO(), 0, at=at)
    except OSError as error:
        raise UsageError(f"the record {str(path)!r} cannot be read: {error.strerror}") from None


def _no_link(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _settled_bytes(descriptor: int) -> int:
    """Size at a moment at which nobody writes; a line that is half written would look torn."""
    with contextlib.suppress(OSError):  # a file system without locks: a copy, that nobody writes to
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    try:
        return os.fstat(descriptor).st_size
    finally:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)
