"""What is here, looked up afresh whenever it is asked for: catalog, ledgers, files, what reviewers found."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from redactor.audit.lines import keyed_digest
from redactor.export.entries import CatalogEntry
from redactor.identity import RunIdentity
from redactor.ledger import Row, State
from redactor.types import ReleasedFile, TimeSpan

# The run's own release, as a line of a manifest names it.
RELEASE = "release"
# Parts of a release that go into a package; a report says more of others than it does for the person.
PARTS = ("audio/", "transcripts/")
PASSED = "passed"
_HASH_BLOCK_BYTES = 1 << 20
_MAX_REPORT_BYTES = 64 << 20


class CatalogLike(Protocol):
    """What is needed of :class:`redactor.export.catalog.Catalog`."""

    def entry(self, name: str) -> CatalogEntry | None: ...

    def of_subject(self, subject_hash: str) -> list[CatalogEntry]: ...

    def by_subject(self) -> Iterator[CatalogEntry]: ...


@dataclass(frozen=True)
class Source:
    """A folder of redacted files and the ledger that lists them.

    Attributes
    ----------
    root : pathlib.Path
        Its ``release/``.
    row : callable
        The ledger's row of a NAME.
    reviewed : callable
        What people heard in it, as that ledger knows it.
    """

    root: Path
    row: Callable[[str], Row | None]
    reviewed: Callable[[str], Sequence[TimeSpan]]


@dataclass(frozen=True)
class Holdings:
    """Everything that an export is looked up in.

    Attributes
    ----------
    key : bytes
        Of names, for :func:`redactor.audit.keyed_digest`.
    catalog : CatalogLike
    source : callable
        The `Source` of "release", or of a folder below ``private/export``; None where there is none.
    findings : callable
        NAMEs in which reviewers found something that nobody has followed up: the ledgers do not know it yet.
    """

    key: bytes
    catalog: CatalogLike
    source: Callable[[str], Source | None]
    findings: Callable[[], Collection[str]]


def misfit(holdings: Holdings, entry: CatalogEntry, source: Source | None) -> str | None:
    """Why nothing of a recording may leave from a source, as a slug; None where it may.

    Files are not looked at here, see :func:`digest_of`.

    Parameters
    ----------
    holdings : Holdings
    entry : CatalogEntry
        What the catalog says of the recording.
    source : Source or None
    """
    name = entry.name
    release = holdings.source(RELEASE)
    released = release.row(name) if release else None
    if release is None or source is None or released is None or released.state is not State.DONE:
        return "not-released"
    if rule := claim_misfit(entry, released, holdings.key):
        return rule
    row = source.row(name)
    if row is None or row.state is not State.DONE or row.input_sha256 is None:
        return "not-released"
    if row.input_sha256 != released.input_sha256:
        return "input"
    if name in holdings.findings():
        return "withdrawn"
    if not _mutes(row, release.reviewed(name)):
        return "withdrawn"
    if row.verdict != PASSED:
        return "unchecked"
    return None


def claim_misfit(entry: CatalogEntry, released: Row, key: bytes) -> str | None:
    """Why what the catalog says is not about what the run releases, as a slug; None where it is.

    An owner is named for a file, and a file may be exchanged at its path and run again.
    """
    if released.input_sha256 is None:
        return "not-released"
    if entry.input_keyed is None:
        return "unbound"
    return None if entry.input_keyed == keyed_digest(key, released.input_sha256) else "exchanged"


def _mutes(row: Row, heard: Sequence[TimeSpan]) -> bool:
    """Whether what people heard by now is muted in what a row is of."""
    if not heard:
        return True
    identity = RunIdentity(row.run_identity or "", {})
    return row.identity == identity.of_job(row.input_sha256 or "", heard)


def files_of(row: Row, *, transcripts_only: bool) -> tuple[ReleasedFile, ...]:
    """Those that go into a package, in order of path."""
    parts = PARTS[1:] if transcripts_only else PARTS
    return tuple(sorted((f for f in row.files if f.path.startswith(parts)), key=lambda file: file.path))


@contextmanager
def opened(root: Path, relative: str) -> Iterator[BinaryIO]:
    """Open a regular file below `root`, through no link.

    Raises
    ------
    OSError
        If there is none; of a link, whatever it leads to, too.
    """
    parts = relative.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise OSError("not a path below the folder")
    at = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            below = os.open(part, flags, dir_fd=at)
            os.close(at)
            at = below
        # Not blocking: a pipe would have it wait for ever.
        file = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=at)
    finally:
        os.close(at)
    with os.fdopen(file, "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError("not a regular file")
        yield stream


def digest_of(root: Path, relative: str) -> tuple[str, int]:
    """SHA-256 and size of a file below `root`; OSError as :func:`opened`."""
    digest, size = hashlib.sha256(), 0
    with opened(root, relative) as stream:
        while block := stream.read(_HASH_BLOCK_BYTES):
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size


def is_whole(source: Source, row: Row) -> bool:
    """Whether every file of a row is there with the ledger's digest."""
    try:
        return bool(row.files) and all(
            digest_of(source.root, f.path) == (f.sha256, f.num_bytes) for f in row.files
        )
    except OSError:
        return False


def channels_of(source: Source, row: Row) -> int | None:
    """Number of channels, as the report says; None where it does not."""
    for file in row.files:
        if file.path.startswith("reports/") and file.path.endswith(".json"):
            try:
                with opened(source.root, file.path) as stream:
                    found = json.loads(stream.read(_MAX_REPORT_BYTES)).get("channels")
                return found if type(found) is int and found > 0 else None
            except (OSError, ValueError, AttributeError, RecursionError):
                return None
    return None
