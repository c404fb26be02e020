"""A sealed package unpacked: all of it, or nothing. Nothing outside the target is ever written.

Names come from the manifest, which may list only those that a package can hold; the headers of the tar have to
be the ones that belong to them, so links, devices, absolute names and ".." have no way in.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from redactor.errors import StoreError, UsageError
from redactor.export.package.layout import FIRST, MANIFEST, is_safe
from redactor.export.package.unseal import unsealed
from redactor.export.package.verify import Report, Trust, read_package
from redactor.files import fsync_dir, make_private_dir

_DRAFT_DIGITS = 8


def open_package(
    file: Path, to: Path, *, outer: str, inner: str, trust: Trust | None = None
) -> Report:
    """Unpack a sealed package into a folder that is not there yet.

    What a process that was killed in this left beside the folder is removed first.

    Parameters
    ----------
    file : pathlib.Path
    to : pathlib.Path
        Appears when everything was read and fits the manifest, for its owner alone.
    outer, inner : str
        Identities.
    trust : Trust, optional
        Check the signatures too.

    Raises
    ------
    UsageError
        If `to` is there, an identity does not open its layer, or anything is not as the manifest says.
    StoreError
        If something cannot be read or written.
    """
    if os.path.lexists(to):
        raise UsageError(f"{str(to)!r} is there already; name a folder that is not")
    if not to.parent.is_dir():
        raise UsageError(f"{str(to.parent)!r} is not a folder; make it first, or name another")
    _remove_left(to)
    draft = to.with_name(f".{to.name}.{secrets.token_hex(_DRAFT_DIGITS // 2)}.tmp")
    try:
        make_private_dir(draft)
        try:
            with _held(draft):
                report = _unpack(file, draft, outer=outer, inner=inner, trust=trust)
                if os.path.lexists(to):  # rename would replace an empty folder
                    raise UsageError(f"{str(to)!r} is there already; name a folder that is not")
                draft.rename(to)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        fsync_dir(to.parent)
    except OSError as error:
        raise StoreError(
            f"{str(to)!r} cannot be written: {error.strerror}; free the disk, or name another folder"
        ) from None
    return report


@contextmanager
def _held(draft: Path) -> Iterator[bool]:
    """Hold a draft, so that others can tell whether somebody is at it; whether nobody else is.

    The system lets go of it when the process is killed. Without locks (some network shares) nobody can tell.
    """
    descriptor = os.open(draft, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_alone = True
        except OSError:
            is_alone = False
        yield is_alone
    finally:
        os.close(descriptor)


def _remove_left(to: Path) -> None:
    """Remove the drafts of a folder that nobody is at; what may be something else stays.

    So does an empty one: it may have been made just now, by a process that does not hold it yet.
    """
    is_draft = re.compile(rf"\.{re.escape(to.name)}\.[0-9a-f]{{{_DRAFT_DIGITS}}}\.tmp")
    with suppress(OSError):
        for path in sorted(to.parent.iterdir()):
            if is_draft.fullmatch(path.name) and not path.is_symlink() and _is_of_package(path):
                with _held(path) as is_alone:
                    if is_alone:
                        shutil.rmtree(path, ignore_errors=True)


def _is_of_package(folder: Path) -> bool:
    """Whether a package was begun in a folder, and nothing else lies there."""
    found = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    names = {path.relative_to(folder).as_posix() for path in found}
    return MANIFEST in names and all(name in FIRST or is_safe(name) for name in names)


def _unpack(file: Path, draft: Path, *, outer: str, inner: str, trust: Trust | None) -> Report:
    def keep(path: str, chunks: Iterator[bytes]) -> None:
        target = draft / path
        for parent in reversed(target.relative_to(draft).parents):
            make_private_dir(draft / parent)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            for chunk in chunks:
                stream.write(chunk)

    with unsealed(file, outer=outer, inner=inner) as stream:
        return read_package(stream, where=repr(str(file)), trust=trust, outer=outer, sink=keep)
