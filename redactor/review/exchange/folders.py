"""Files on their way out: read below the run folder without following a link, written whole or not at all."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from redactor.errors import StoreError, UsageError
from redactor.files import fsync_dir
from redactor.runfolder import RunFolder

# A report or transcript of a recording of days is smaller.
_MAX_TEXT_BYTES = 64 << 20
_BLOCK_BYTES = 1 << 20


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder for its owner alone, which appears under `path` when the block ends without an error.

    Yields
    ------
    pathlib.Path
        Where to write until then.

    Raises
    ------
    UsageError
        If there is something at `path` already.
    StoreError
        If it cannot be written.
    """
    if os.path.lexists(path):
        raise UsageError(f"{str(path)!r} is there already; name a folder that is not")
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.mkdir(mode=0o700)
        yield draft
        fsync_dir(draft)
        draft.rename(path)
        fsync_dir(path.parent)
    except OSError as error:
        raise StoreError(
            f"{str(path)!r} cannot be written: {error.strerror}; free the disk or name another folder"
        ) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def write_private(path: Path, data: bytes) -> None:
    """Write a new file that only its owner can read."""
    with _private(path) as stream:
        stream.write(data)


def copy_verified(folder: RunFolder, root: str, relative: str, *, sha256: str, to: Path) -> bool:
    """Copy a file of the run folder, if it is still the one that was drawn.

    Returns
    -------
    bool
        Whether it is; there is no copy if not.

    Raises
    ------
    StoreError
        If a link or a way out of the folder stands in its path.
    """
    digest = hashlib.sha256()
    with ExitStack() as stack:
        source = _open_below(stack, folder, root, relative)
        if source is None:
            return False
        with _private(to) as stream:
            while block := source.read(_BLOCK_BYTES):
                digest.update(block)
                stream.write(block)
    if digest.hexdigest() != sha256:
        to.unlink()
        return False
    return True


def read_below(folder: RunFolder, root: str, relative: str) -> bytes | None:
    """All of a text file of the run folder; None if it is not there."""
    with ExitStack() as stack:
        source = _open_below(stack, folder, root, relative)
        if source is None:
            return None
        data = source.read(_MAX_TEXT_BYTES + 1)
    if len(data) > _MAX_TEXT_BYTES:
        raise StoreError("a report or transcript is larger than redactor writes; run again on the same OUT")
    return data


@contextmanager
def _private(path: Path) -> Iterator[BinaryIO]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())


def _open_below(stack: ExitStack, folder: RunFolder, root: str, relative: str) -> BinaryIO | None:
    """Open a file step by step from its root; links are an error, and so is all that is no plain file."""
    roots = {"release": (folder.out, "release"), "private": (folder.private, "review")}
    if root not in roots:
        raise _astray()
    base, first = roots[root]
    parts = (first, *relative.split("/"))
    if any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise _astray()
    try:
        at = _opened(stack, str(base), os.O_DIRECTORY)
        for part in parts[:-1]:
            at = _opened(stack, part, os.O_DIRECTORY | os.O_NOFOLLOW, at)
        # A pipe would wait for a writer without O_NONBLOCK.
        at = _opened(stack, parts[-1], os.O_NOFOLLOW | os.O_NONBLOCK, at)
    except FileNotFoundError:
        return None
    except OSError:
        raise _astray() from None
    if not stat.S_ISREG(os.fstat(at).st_mode):
        raise _astray()
    return stack.enter_context(os.fdopen(os.dup(at), "rb"))


def _opened(stack: ExitStack, path: str, flags: int, at: int | None = None) -> int:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | flags, dir_fd=at)
    stack.callback(os.close, descriptor)
    return descriptor


def _astray() -> StoreError:
    return StoreError(
        "a clip's path leads through a link, out of its folder, or to what is no plain file; find out what "
        "changed the run folder, then draw a new sample"
    )
