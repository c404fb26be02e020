"""Which stratum each released recording belongs to: by its channels, its language, or a column of a table."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from redactor.errors import UsageError
from redactor.review.lots import Entry
from redactor.review.releases import read_text, texts_of
from redactor.runfolder import RunFolder
from redactor.runs import Archive

BY_REPORT = ("channels", "language")
RECORDING = "recording"
_MAX_STRATA = 200
_MAX_NAME = 60
_MAX_BYTES = 1 << 30


def strata_by_report(folder: RunFolder, entries: Sequence[Entry], what: str) -> dict[str, str]:
    """Strata out of the released reports.

    Parameters
    ----------
    what : {"channels", "language"}
    """
    read: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
        "channels": lambda report: f"{report['channels']}-channel",
        "language": lambda report: "+".join(report["languages"]) or "none",
    }
    strata = {}
    for entry in entries:
        report = read_text(folder, entry.row, texts_of(entry.row)["report"])
        strata[entry.name] = read[what](report)
    return strata


def strata_by_table(archive: Archive, file: Path, column: str) -> dict[str, str]:
    """Strata out of a CSV file with a column ``recording`` (a NAME, or a path as given to ``run``).

    Raises
    ------
    UsageError
        If the file cannot be used, has a line without a recording, gives a recording two strata, or has none of
        this run's recordings.
    """
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise UsageError(f"{str(file)!r} is too large for a table of recordings")
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        kind = getattr(error, "strerror", None) or "not CSV in UTF-8"
        raise UsageError(f"{str(file)!r} cannot be read: {kind}") from None
    wanted = {RECORDING, column}
    if not rows or not wanted <= rows[0].keys():
        raise UsageError(f"{str(file)!r} needs the columns {RECORDING!r} and {column!r} in its first line")
    strata: dict[str, str] = {}
    for number, row in enumerate(rows, 2):
        value = (row[column] or "").strip()
        if not value or len(value) > _MAX_NAME or not value.isprintable():
            raise UsageError(
                f"{str(file)!r}, line {number}: a stratum is a short word; {column!r} is empty, long or no text"
            )
        recording = row[RECORDING] or ""
        if not recording.strip():
            raise UsageError(f"{str(file)!r}, line {number}: {RECORDING!r} is empty; give a NAME or a path")
        for name in archive.names_for(recording):
            if strata.setdefault(name, value) != value:
                raise UsageError(f"{str(file)!r}, line {number}: the recording has another stratum above")
    if not strata:
        raise UsageError(f"{str(file)!r} has none of this run's recordings")
    if len(set(strata.values())) > _MAX_STRATA:
        raise UsageError(f"{column!r} has more than {_MAX_STRATA} values; name a column with fewer")
    return strata
