"""What people heard, kept for `redactor bench --leak`: ``private/review/regression.jsonl``.

In the gold format of benchmarks/README.md, one line a finding; the audio stays where it is. A line's ``id`` is
the NAME of the recording, by which it is dropped when the recording is forgotten.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from redactor.audio.recording import open_recording
from redactor.errors import RecordingError, StoreError, UsageError
from redactor.files import make_private_dir, write_atomic
from redactor.runfolder import RunFolder
from redactor.types import TimeSpan

KIND = "review"
# What a reviewer says of a finding that is of none of the types.
OTHER = "OTHER"


def regression_file(folder: RunFolder) -> Path:
    """Where the set of a run folder lies; there is none before the first finding."""
    return folder.private / "review" / "regression.jsonl"


def add_finding(folder: RunFolder, name: str, original: Path, span: TimeSpan) -> None:
    """Add a finding to the set, once.

    Parameters
    ----------
    folder : RunFolder
    name : str
        NAME of the recording.
    original : pathlib.Path
        The recording, which is opened only where the finding names no channel: it is on any of them then.
    span : TimeSpan
        What was heard, in seconds of the recording.

    Raises
    ------
    UsageError
        If the recording cannot be read to see its channels.
    StoreError
        If the set cannot be read or written.
    """
    entity_type = " ".join(span.entity_types) or OTHER
    spans = [
        {"type": entity_type, "start": span.start, "end": span.end, "channel": channel}
        for channel in span.channels or _channels(original)
    ]
    row = {"audio": os.path.abspath(original), "spans": spans, "kind": KIND, "id": name}
    make_private_dir(regression_file(folder).parent)
    with _locked(folder):
        rows = _read(folder)
        if row not in rows:
            _write(folder, [*rows, row])


def forget_findings(folder: RunFolder, name: str) -> None:
    """Drop every finding in a recording that is erased.

    Raises
    ------
    StoreError
        If the set cannot be read or written.
    """
    if not regression_file(folder).exists():
        return
    with _locked(folder):
        rows = _read(folder)
        left = [row for row in rows if row.get("id") != name]
        if len(left) < len(rows):
            _write(folder, left)


def _channels(original: Path) -> tuple[int, ...]:
    try:
        with open_recording(original) as recording:
            return tuple(range(recording.num_channels))
    except RecordingError as error:
        raise UsageError(
            f"the original of a finding cannot be read ({error.reason}), so that nobody knows its channels; "
            "put it back where it was, or name the finding's channel"
        ) from None


def _read(folder: RunFolder) -> list[dict[str, Any]]:
    path = regression_file(folder)
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        rows = [json.loads(line) for line in lines if line.strip()]
    except (OSError, ValueError, RecursionError):  # whose messages may quote it
        rows = [None]
    if not all(isinstance(row, dict) for row in rows):
        raise StoreError(f"{str(path)!r} cannot be read; mend the line that is not JSON, or remove the file")
    return rows


def _write(folder: RunFolder, rows: list[dict[str, Any]]) -> None:
    # Anew and not at its end: a process that is killed leaves the set before or after, and no half a line.
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path = regression_file(folder)
    try:
        write_atomic(path, data, mode=0o600)
    except OSError as error:
        raise StoreError(f"{str(path)!r} cannot be written: {error.strerror}; free the disk") from None


@contextmanager
def _locked(folder: RunFolder) -> Iterator[None]:
    """Of processes that add at the same time, each waits for the one before."""
    lock = regression_file(folder).with_suffix(".lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        message = f"{str(lock)!r} cannot be used: {error.strerror}; remove it, or free the disk"
        raise StoreError(message) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
