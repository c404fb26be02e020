"""Which run folders this user has made, so that a recording can be forgotten everywhere."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from redactor.files import make_private_dir, user_config_dir, write_atomic
from redactor.runfolder import RunFolder


def _list_file() -> Path:
    return user_config_dir() / "runs"


def known_runs() -> list[Path]:
    """Run folders in the order they were first used; some may be gone."""
    with contextlib.suppress(FileNotFoundError):
        return [Path(os.fsdecode(line)) for line in _list_file().read_bytes().split(b"\0") if line]
    return []


def remember(folder: RunFolder) -> None:
    """Note a run folder, once. A folder of settings that cannot be written costs only this convenience."""
    out = folder.out.absolute()
    known = known_runs()
    if out in known:
        return
    with contextlib.suppress(OSError):
        make_private_dir(_list_file().parent)
        lines = b"\0".join(os.fsencode(path) for path in (*known, out))
        write_atomic(_list_file(), lines + b"\0", mode=0o600)
