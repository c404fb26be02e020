"""Locks between processes: files that the system lets go of when a process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redactor.errors import LockedError, StoreError

_LOOK_S = 0.05  # far longer than `is_locked` takes


@contextmanager
def lock_held(lock: Path, *, refusal: str) -> Iterator[None]:
    """Hold a lock file.

    Parameters
    ----------
    lock : pathlib.Path
        Made where there is none.
    refusal : str
        What is said if another process holds it.

    Raises
    ------
    LockedError
        If another process holds it.
    StoreError
        If it cannot be written.
    """
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(
            f"{str(lock)!r} cannot be written: {error.strerror}; work as the user whose run folder it is, and "
            "check its permissions and the disk"
        ) from None
    try:
        try:
            _hold(descriptor)
        except OSError:
            raise LockedError(refusal) from None
        yield
    finally:
        os.close(descriptor)


def _hold(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        time.sleep(_LOOK_S)  # somebody may just have looked, see `is_locked`
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_locked(lock: Path) -> bool:
    """Whether a process holds a lock file at this moment."""
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
