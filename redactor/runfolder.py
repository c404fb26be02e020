"""The run's folder: where everything of a recording lies, and that nothing else lies there.

Layout (a contract, see README): ``release/{audio,transcripts,reports}/xx/NAME.ext`` and
``release/manifest.jsonl``; ``private/`` beside it or elsewhere. A private folder belongs to one OUT: its ledger
would not list what another one released. An id in both says so. While a run works there is ``.staging/`` beside
``release/``, laid out like it: whoever copies ``release/`` meanwhile gets nothing that was not checked.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from redactor.audit import LOG_NAME
from redactor.errors import StoreError, UsageError
from redactor.files import fsync_dir, make_private_dir, remove_drafts, write_atomic, write_once
from redactor.locks import is_locked, lock_held

TEMPORARY_SUFFIX = ".tmp"
_POINTER = "private-folder.txt"
_ID = "run-folder-id.txt"
_MAX_PATH_BYTES = 4096  # PATH_MAX of Linux
_ID_BYTES = 16
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
    def staging(self) -> Path:
        """Where a run puts what is not checked yet; only while it works, or was killed at it."""
        return staging_beside(self.release)

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


def staging_beside(release: Path) -> Path:
    """Where outputs lie before they are released: a rename away from it."""
    return release.with_name(".staging")


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
        If there is none at `out`, or its private folder is that of another.
    """
    folder = RunFolder(out, private or _pointed_at(out) or out / "private")
    if not _is_file(folder.ledger):
        raise UsageError(
            f"{str(out)!r} is not a run folder (no ledger in {str(folder.private)!r}); name the --out of a "
            "run, and its --private if that folder was moved"
        )
    _check_tie(folder)
    return folder


def create_run_folder(out: Path, *, private: Path | None = None) -> RunFolder:
    """Make a run folder, or open the one that is there.

    Raises
    ------
    UsageError
        If `out` holds a ``release/`` or a ``.staging/`` that no ledger knows: it would be emptied; if the
        private folder is that of another OUT.
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
    _check_tie(folder)
    for place in (folder.release, folder.staging):
        if not _is_file(folder.ledger) and _holds_files(place):
            raise UsageError(
                f"{str(place)!r} holds files but {str(folder.private)!r} has no ledger for them; name "
                "another --out, or the --private of the run that wrote them"
            )
    try:
        folder.release.mkdir(parents=True, exist_ok=True)
        make_private_dir(folder.private)
        run_id = _tie(folder)
        if folder.private != (out / "private").absolute():
            for path, text in ((out / _ID, run_id), (out / _POINTER, os.fsencode(folder.private))):
                write_atomic(path, text + b"\n")
                remove_drafts(path)
    except OSError as error:
        raise StoreError(
            f"{str(out)!r} cannot be written: {error.strerror}; check disk and permissions, or name another"
        ) from None
    return folder


@dataclass(frozen=True)
class _Tie:
    """What a private folder says of the OUT that it belongs to."""

    run_id: bytes
    out: Path


def _check_tie(folder: RunFolder) -> None:
    """Refuse a private folder that is another OUT's; where an older version wrote no id, the places tell.

    Raises
    ------
    UsageError
    """
    out_id, tie = _read_id(folder.out / _ID)[0], _tie_of(folder)
    inside = folder.out / "private"
    own = inside
    with contextlib.suppress(UsageError):  # a damaged pointer: that is why --private is named
        own = _pointed_at(folder.out) or inside
    # Its private folder was moved.
    is_left_alone = not _is_file(own / "ledger.sqlite3") and _holds_files(folder.release)
    if tie is None:
        fits = not _is_file(folder.ledger) or _is_same(folder.private, own) or (not out_id and is_left_alone)
    elif out_id:
        fits = out_id == tie.run_id
    else:
        was_moved = is_left_alone and not _holds_files(tie.out / "release")
        fits = _is_same(folder.private, inside) or _is_same(folder.out, tie.out) or was_moved
    if not fits:
        whose = f", {str(tie.out)!r}" if tie is not None else ""
        raise UsageError(
            f"{str(folder.private)!r} is the private folder of another --out{whose}; name that one, or another "
            "--private"
        )


def _tie(folder: RunFolder) -> bytes:
    """Note in the private folder whose it is; the id that stands for it.

    Of two runs that start together the first one's counts.
    """
    note, tie = folder.private / _ID, _tie_of(folder)
    place = os.fsencode(folder.out.absolute())
    if tie is None:
        run_id = _read_id(folder.out / _ID)[0] or secrets.token_hex(_ID_BYTES).encode()
        write_once(note, run_id + b"\n" + place + b"\n")
        _check_tie(folder)
        tie = _tie_of(folder)
    if tie is None:
        raise StoreError(f"{str(note)!r} cannot be written; check the folder, then run again")
    if tie.out != folder.out.absolute():
        write_atomic(note, tie.run_id + b"\n" + place + b"\n", mode=0o600)
    remove_drafts(note)
    return tie.run_id


def _tie_of(folder: RunFolder) -> _Tie | None:
    note = folder.private / _ID
    run_id, place = _read_id(note)
    if run_id and not place.startswith(b"/"):
        raise _no_id(note)
    return _Tie(run_id, Path(os.fsdecode(place))) if run_id else None


def _read_id(path: Path) -> tuple[bytes, bytes]:
    """An id and what stands below it; empty if there is none."""
    if not _is_file(path):
        return b"", b""
    try:
        with path.open("rb") as file:
            data = file.read(2 * _ID_BYTES + _MAX_PATH_BYTES + 2)
    except OSError as error:
        raise UsageError(f"{str(path)!r} cannot be read: {error.strerror}") from None
    run_id, _, place = data.removesuffix(b"\n").partition(b"\n")
    if not re.fullmatch(rb"[0-9a-f]{%d}" % (2 * _ID_BYTES), run_id) or b"\0" in place:
        raise _no_id(path)
    return run_id, place


def _no_id(path: Path) -> UsageError:
    return UsageError(f"{str(path)!r} is no id of a run folder; put the right file back")


def _holds_files(place: Path) -> bool:
    """Whether anything lies in a folder, or may: it cannot be looked into."""
    try:
        return any(place.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


def _is_same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


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
    StoreError
        If it cannot be written.
    """
    refusal = f"another run is working on {str(folder.out)!r}; wait for it, or stop it first"
    with lock_held(folder.private / "lock", refusal=refusal):
        yield


def is_held(folder: RunFolder) -> bool:
    """Whether a process works on the run folder at this moment."""
    return is_locked(folder.private / "lock")


def sweep(folder: RunFolder, *, listed: Iterable[str]) -> int:
    """Remove everything from ``release/`` that is not listed, and all that is staged.

    Parameters
    ----------
    folder : RunFolder
    listed : iterable of str
        Paths relative to ``release/`` that the ledger calls released.

    Returns
    -------
    int
        Number of files removed from ``release/``.

    Raises
    ------
    StoreError
        If what is staged cannot be removed.
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
    clear_staging(folder)
    return removed


def clear_staging(folder: RunFolder) -> None:
    """Remove all that is staged; use it while no worker writes there.

    Raises
    ------
    StoreError
        If it cannot be removed.
    """
    staging = folder.staging
    if staging.is_dir() and not staging.is_symlink():
        shutil.rmtree(staging, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            staging.unlink(missing_ok=True)
    if os.path.lexists(staging):
        raise StoreError(
            f"{str(staging)!r} holds what no check has passed, and cannot be removed; see whose it is and who "
            "uses it, remove it, then run again"
        )


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
        target = folder.staging / relative_path(part, name, "", keep_names=keep_names)
        # Whole, not its beginning: with kept names "call" and "call.two" may be worked on side by side.
        is_ours = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]+{re.escape(TEMPORARY_SUFFIX)}")
        if target.parent.is_dir():
            for path in target.parent.iterdir():
                if is_ours.fullmatch(path.name):
                    path.unlink()
