"""The files of a released recording that clips for reviewers are made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from redactor.errors import StoreError, UsageError
from redactor.files import sha256_file
from redactor.ledger import Row
from redactor.review.clips import cut_report, cut_transcript
from redactor.review.lots import Unit
from redactor.runfolder import RunFolder
from redactor.types import ReleasedFile


def audio_of(folder: RunFolder, row: Row) -> tuple[ReleasedFile, Path]:
    """The audio that is released, and where: only what is cut out of these very bytes says something of them.

    Raises
    ------
    StoreError
        If it is not what the ledger lists.
    """
    audio = next(file for file in row.files if file.path.startswith("audio/"))
    path = folder.release_path(audio.path)
    try:
        is_listed = sha256_file(path) == audio.sha256
    except OSError:
        is_listed = False
    if not is_listed:
        raise _changed(row.name)
    return audio, path


def _changed(name: str) -> StoreError:
    return StoreError(
        f"what is released of {name} is not what the ledger lists; `redactor run` with its INPUT makes it anew"
    )


def cut_texts(folder: RunFolder, row: Row, unit: Unit) -> dict[str, Any]:
    """Report and transcript of a unit, times from its start."""
    paths = texts_of(row)
    transcript = paths["transcript"] and read_text(folder, row, paths["transcript"])
    return {
        "report": cut_report(read_text(folder, row, paths["report"]), unit.start, unit.end),
        "transcript": transcript and cut_transcript(transcript, unit.start, unit.end),
    }


def texts_of(row: Row) -> dict[str, Any]:
    """Paths of report and transcript of a released recording."""

    def ending_in(part: str, ending: str) -> str | None:
        paths = [f.path for f in row.files if f.path.startswith(f"{part}/") and f.path.endswith(ending)]
        return next((path for path in paths if not path.endswith(".labels.txt")), None)

    return {"report": ending_in("reports", ".json"), "transcript": ending_in("transcripts", ".json")}


def read_text(folder: RunFolder, row: Row, path: str | None) -> Any:
    """What a released report or transcript says.

    Raises
    ------
    StoreError
        If it is not there, or not JSON.
    """
    if path is None:
        raise UsageError("a released recording has no report; run again")
    try:
        return json.loads(folder.release_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise _changed(row.name) from None
