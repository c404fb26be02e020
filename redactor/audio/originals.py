"""An original is opened: to be read alone, and only if it lies where it was found."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from redactor.audio.problems import Fault

_OPEN_FILES = "/proc/self/fd"


@dataclass(frozen=True)
class Original:
    """A file to be read.

    Attributes
    ----------
    path : pathlib.Path
    within : pathlib.Path or None
        Folder in which it was found, and out of which no link may lead; None if it was named itself.
    """

    path: Path
    within: Path | None = None


def opened(path: Path, within: Path | None) -> int:
    """Descriptor of whatever is there, to be read; a pipe or a device is not waited for.

    Parameters
    ----------
    path : pathlib.Path
    within : pathlib.Path or None
        As in :class:`Original`. What counts is what was opened: a link may have come in place of a file, or of
        a folder above it, since the folder was searched.

    Raises
    ------
    Fault
        Reasons "vanished", "no-permission", "cannot-open", "changed-while-read", "link-out-of-tree".
    OSError
        If the folder is out of reach.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except FileNotFoundError:
        raise Fault("vanished") from None
    except PermissionError:
        raise Fault("no-permission") from None
    except (OSError, ValueError):
        raise Fault("cannot-open") from None
    try:
        if within is not None and not _lies_in(within, fd, path):
            raise Fault("link-out-of-tree")
    except BaseException:
        os.close(fd)
        raise
    return fd


def _lies_in(folder: Path, fd: int, path: Path) -> bool:
    """Whether an open file does; what its path leads to by now may be another one."""
    folder_fd = os.open(folder, getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return _place_of(fd, path).is_relative_to(_place_of(folder_fd, folder))
    finally:
        os.close(folder_fd)


def _place_of(fd: int, path: Path) -> Path:
    """Where what is open lies, without links."""
    try:
        return Path(os.readlink(f"{_OPEN_FILES}/{fd}"))
    except OSError:  # a system that does not say it
        place = Path(os.path.realpath(path))
        if not os.path.samestat(os.lstat(place), os.fstat(fd)):
            raise Fault("changed-while-read") from None
        return place
