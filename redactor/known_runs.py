"""Which run folders this user has made, so that a recording can be forgotten everywhere."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from redactor.errors import StoreError
from redactor.files import make_private_dir, user_config_dir
from redactor.runfolder import RunFolder


def _list_file() -> Path:
    return user_config_dir() / "runs"


def known_runs() -> list[Path]:
    """Run folders in the order they were first used; some may be gone.

    Raises
    ------
    StoreError
        If there is a list that cannot be read.
    """
    try:
        lines = _list_file().read_bytes().split(b"\0")
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise StoreError(
            f"the list of run folders {str(_list_file())!r} cannot be read ({error.strerror}); name each "
            "folder with --out"
        ) from None
    return [Path(os.fsdecode(line)) for line in dict.fromkeys(lines) if line]


def remember(folder: RunFolder) -> None:
    """Note a run folder, once. A folder of settings that cannot be written costs only this convenience."""
    out = folder.out.absolute()
    with contextlib.suppress(OSError, StoreError):
        if out in known_runs():
            return
        make_private_dir(_list_file().parent)
        # Appended, not written anew: of runs that start together, none may drop the other's line.
        descriptor = os.open(_list_file(), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(b"\0" + os.fsencode(out) + b"\0")
            stream.flush()
            os.fsync(stream.fileno())
