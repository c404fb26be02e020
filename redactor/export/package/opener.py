"""A sealed package unpacked: all of it, or nothing. Nothing outside the target is ever written.

Names come from the manifest, which may list only those that a package can hold; the headers of the tar have to
be the ones that belong to them, so links, devices, absolute names and ".." have no way in.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from redactor.errors import StoreError, UsageError
from redactor.export.package.unseal import unsealed
from redactor.export.package.verify import Report, Trust, read_package
from redactor.files import fsync_dir, make_private_dir


def open_package(
    file: Path, to: Path, *, outer: str, inner: str, trust: Trust | None = None
) -> Report:
    """Unpack a sealed package into a folder that is not there yet.

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
    draft = to.with_name(f".{to.name}.{secrets.token_hex(4)}.tmp")
    try:
        make_private_dir(draft)
        try:
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
