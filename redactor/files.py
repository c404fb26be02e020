"""Files that ship with the package, the user's folders, digests, and writes that are whole or not there."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_HASH_BLOCK_BYTES = 1 << 20
_IN_WHEEL = "_shipped"
_DRAFT_SUFFIX = ".tmp"


def shipped_dir() -> Path:
    """Folder that holds ``configs/`` and ``models/``: inside the wheel, or the checkout's top level."""
    package = Path(__file__).resolve().parent
    inside_wheel = package / _IN_WHEEL
    return inside_wheel if inside_wheel.is_dir() else package.parent


def bench_sample_dir() -> Path:
    """Folder of the recordings that `redactor bench` works on, and their truth."""
    shipped = shipped_dir()
    return shipped / "bench" if shipped.name == _IN_WHEEL else shipped / "examples" / "bench"


def user_config_dir() -> Path:
    """Folder of the user's keys and settings (XDG base directory specification)."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "redactor"


def user_cache_dir() -> Path:
    """Folder of what can be made again: joined model weights (XDG base directory specification)."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "redactor"


def sha256_stream(stream: BinaryIO) -> str:
    """Hex SHA-256 of everything from the stream's position to its end."""
    digest = hashlib.sha256()
    while block := stream.read(_HASH_BLOCK_BYTES):
        digest.update(block)
    return digest.hexdigest()


def sha256_file(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return sha256_stream(stream)


def stamp_of(path: Path) -> str:
    """Size, times, device and inode of a file: unchanged, it need not be hashed; "" if it is out of reach."""
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}:{found.st_dev}:{found.st_ino}"


def fsync_file(path: Path) -> None:
    """Make a file's bytes reach the disk."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def fsync_dir(path: Path) -> None:
    """Make renames and removals inside a folder reach the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_private_dir(path: Path) -> None:
    """Create a folder that only its owner may enter, and narrow it if it was wider."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o777 != 0o700:  # a folder whose group its files inherit stays one
        path.chmod(mode & ~0o777 | 0o700)


@contextlib.contextmanager
def atomic_file(path: Path, *, mode: int = 0o644) -> Iterator[BinaryIO]:
    """Open a file for writing that appears under `path` only when the block ends without an error.

    Written beside the target, synced, renamed, and the folder synced. What a killed process leaves of it goes
    with :func:`remove_drafts`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _draft_of(path)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    fsync_dir(path.parent)


def write_atomic(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a whole file or nothing."""
    with atomic_file(path, mode=mode) as stream:
        stream.write(data)


def write_once(path: Path, data: bytes) -> bool:
    """Write a secret file, for its owner alone, unless there is one; whether this one is it.

    Of two processes that start together, the second finds the first one's file.
    """
    if not path.parent.exists():
        make_private_dir(path.parent)
    draft = _draft_of(path)
    try:
        write_atomic(draft, data, mode=0o600)
        if not _link(draft, path):
            return False
    except FileNotFoundError:
        if path.exists():  # whoever was first has removed this draft too, or what it was being written as
            return False
        raise
    finally:
        draft.unlink(missing_ok=True)
    remove_drafts(path)  # of those who were killed at it
    fsync_dir(path.parent)
    return True


def _link(draft: Path, path: Path) -> bool:
    """Give a draft its name, unless there is such a file; whether it was given."""
    try:
        os.link(draft, path)  # not a rename, which would replace it
    except FileExistsError:
        return False
    except FileNotFoundError:
        raise  # somebody has removed the draft
    except OSError:
        draft.replace(path)  # a file system without hard links
    return True


def remove_drafts(path: Path) -> None:
    """Remove what killed processes left of a file that they were writing, once there is one."""
    is_draft = re.compile(rf"(\.+{re.escape(path.name)}(\.[0-9a-f]+{re.escape(_DRAFT_SUFFIX)})+)")
    with contextlib.suppress(OSError):  # a mounted secret's folder takes no changes, and has no drafts
        for other in path.parent.iterdir():
            if is_draft.fullmatch(other.name):
                other.unlink(missing_ok=True)


def _draft_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}{_DRAFT_SUFFIX}")
