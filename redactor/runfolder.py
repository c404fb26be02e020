"""The run's folder: where everything of a recording lies, and that nothing else lies there.

Layout (a contract, see README): ``release/{audio,transcripts,reports}/xx/NAME.ext`` and
``release/manifest.jsonl``; ``private/`` beside it or elsewhere.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from redactor.audit import LOG_NAME
from redactor.errors import LockedError, StoreError, UsageError
from redactor.files import fsync_dir, make_private_dir, remove_drafts, write_atomic

TEMPORARY_SUFFIX = ".tmp"
_POINTER = "private-folder.txt"
_MAX_PATH_BYTES = 4096  # PATH_MAX of Linux
RELEASE_PARTS = ("audio", "transcripts", "reports")


@dataclass(frozen=True)
class RunFolder:
    """Paths of one OUT.

    Attributes
    ----------
    out : pathlib.Path
    private : pathlib.Path
        Mode 0700: ledger, map of names, lock.
    """

    out: Path
    private: Path

    @property
    def release(self) -> Path:
        return self.out / "release"

    @property
    def manifest(self) -> Path:
        return self.release / "manifest.jsonl"

    @property
    def ledger(self) -> Path:
        return self.private / "ledger.sqlite3"

    @property
    def inputs(self) -> Path:
        return self.private / "inputs.sqlite3"

    @property
    def audit(self) -> Path:
        return self.private / LOG_NAME

    def release_path(self, relative: str) -> Path:
        """Absolute path of a file that is named relative to ``release/``."""
        return self.release / relative


def relative_path(part: str, name: str, extension: str, *, keep_names: bool) -> str:
    """Path of a file below ``release/``: ``audio/xx/NAME.ext``, or ``audio/NAME.ext`` with kept names."""
    if part not in RELEASE_PARTS:
        raise ValueError(f"not a part of release/: {part}")
    shard = "" if keep_names else f"{name[:2]}/"
    return f"{part}/{shard}{name}{extension}"


def open_run_folder(out: Path, *, private: Path | None = None) -> RunFolder:
    """Find an existing run folder.

    Raises
    ------
    UsageError
        If there is none at `out`.
    """
    folder = RunFolder(out, private or _pointed_at(out) or out / "private")
    if not _is_file(folder.ledger):
        raise UsageError(
            f"{str(out)!r} is not a run folder (no ledger in {str(folder.private)!r}); name the --out of a "
            "run, and its --private if that folder was moved"
        )
    return folder


def create_run_folder(out: Path, *, private: Path | None = None) -> RunFolder:
    """Make a run folder, or open the one that is there.

    Raises
    ------
    UsageError
        If `out` holds a ``release/`` that no ledger knows: it would be emptied.
    StoreError
        If the folders cannot be written.
    """
    if private is None:
        private = _pointed_at(out)
        if private is not None and not _is_file(private / "ledger.sqlite3"):
            raise UsageError(
                f"{str(out)!r} says that its private folder is {str(private)!r}, where there is no ledger; "
                "name the right one with --private, or another --out"
            )
    folder = RunFolder(out, (private or out / "private").absolute())
    if not _is_file(folder.ledger) and folder.release.is_dir() and any(folder.release.iterdir()):
        raise UsageError(
            f"{str(folder.release)!r} holds files but {str(folder.private)!r} has no ledger for them; name "
            "another --out, or the --private of the run that wrote them"
        )
    try:
        folder.release.mkdir(parents=True, exist_ok=True)
        make_private_dir(folder.private)
        if folder.private != (out / "private").absolute():
            write_atomic(out / _POINTER, os.fsencode(folder.private) + b"\n")
            remove_drafts(out / _POINTER)
    except OSError as error:
        raise StoreError(f"{str(out)!r} cannot be written: {error.strerror}") from None
    return folder


def _pointed_at(out: Path) -> Path | None:
    """The private folder that OUT names, where it is not inside."""
    pointer = out / _POINTER
    if not _is_file(pointer):
        return None
    with pointer.open("rb") as file:
        named = file.read(_MAX_PATH_BYTES + 1).removesuffix(b"\n")
    if not named.startswith(b"/") or b"\0" in named or len(named) > _MAX_PATH_BYTES:
        raise UsageError(f"{str(pointer)!r} names no folder; name the run's --private")
    return Path(os.fsdecode(named))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        raise UsageError(
            f"{str(path)!r} cannot be reached ({error.strerror}); check the folder and its permissions"
        ) from None


@contextmanager
def locked(folder: RunFolder) -> Iterator[None]:
    """Hold the run folder; the system lets go of it when the process ends, however it ends.

    Raises
    ------
    LockedError
        If another process holds it.
    """
    descriptor = os.open(folder.private / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LockedError(
                f"another run is working on {str(folder.out)!r}; wait for it, or stop it first"
            ) from None
        yield
    finally:
        os.close(descriptor)


def sweep(folder: RunFolder, *, listed: Iterable[str]) -> int:
    """Remove everything from ``release/`` that is not listed, temporary files included.

    Parameters
    ----------
    folder : RunFolder
    listed : iterable of str
        Paths relative to ``release/`` that the ledger calls released.

    Returns
    -------
    int
        Number of files removed.
    """
    keep = {os.fsencode(PurePosixPath(path)) for path in listed} | {b"manifest.jsonl"}
    root = os.fsencode(folder.release)
    removed = 0
    for where, folders, names in os.walk(root, topdown=False):
        links = [name for name in folders if os.path.islink(os.path.join(where, name))]
        for name in (*names, *links):
            path = os.path.join(where, name)
            if os.path.relpath(path, root) not in keep:
                os.unlink(path)
                removed += 1
        if where != root and not os.listdir(where):
            os.rmdir(where)
    return removed


def remove(folder: RunFolder, paths: Iterable[str]) -> None:
    """Remove files from ``release/`` and make their removal last."""
    for relative in paths:
        path = folder.release_path(relative)
        path.unlink(missing_ok=True)
        if path.parent.is_dir():
            fsync_dir(path.parent)


def remove_temporary(folder: RunFolder, name: str, *, keep_names: bool) -> None:
    """Remove what a dead worker left half written of one recording."""
    for part in RELEASE_PARTS:
        target = folder.release / relative_path(part, name, "", keep_names=keep_names)
        # Whole, not its beginning: with kept names "call" and "call.two" may be worked on side by side.
        is_ours = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]+{re.escape(TEMPORARY_SUFFIX)}")
        if target.parent.is_dir():
            for path in target.parent.iterdir():
                if is_ours.fullmatch(path.name):
                    path.unlink()
