"""Rows of a catalog out of the organisation's own files and databases, one after the other."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from redactor.config import nearest_name
from redactor.errors import UsageError
from redactor.extras import install_command

COLUMNS = ("recording", "subject", "account", "device", "language", "recorded_at", "roles", "others")
REQUIRED = ("recording", "subject")
_DELIMITERS = (",", ";", "\t")
_MAX_LINE = 1 << 20  # bytes; a CSV field is bounded by the csv module
_ROWS_AT_ONCE = 1000
# So near to one of ours, a column is taken for a slip; "role", "recorded" and "device_id" are as near.
_LIKENESS = 0.8
_MAX_SHOWN = 60
_URL = re.compile(r"[A-Za-z][A-Za-z0-9_+.-]*://")


@dataclass(frozen=True)
class SourceRow:
    """One row.

    Attributes
    ----------
    place : int
        Number of its line, or of the row where there are no lines; from 1.
    values : mapping of str to value or None
        By column of :data:`COLUMNS`; of what the source has. None for a row that has not the source's shape.
    ignored : tuple of str
        Columns of the source that are none of those.
    """

    place: int
    values: Mapping[str, Any] | None
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """What is imported; nothing of it is read yet.

    Attributes
    ----------
    unit : {"line", "row"}
        What places count.
    read : callable
        Gives the rows; may raise UsageError at any of them, which quotes no value.
    """

    unit: str
    read: Callable[[], Iterator[SourceRow]]


@dataclass(frozen=True)
class Mapped:
    """Which column of a source is which of :data:`COLUMNS`.

    Attributes
    ----------
    names : mapping of str to str
        Ours to theirs.
    given : frozenset of str
        Ours that were named: theirs must be there.
    """

    names: Mapping[str, str]
    given: frozenset[str]

    def found_in(self, theirs: Sequence[str], where: str) -> dict[str, int]:
        """Place of each of our columns among theirs.

        Raises
        ------
        UsageError
            If one that is needed is missing, or one is there twice.
        """
        missing = [n for n in COLUMNS if n in {*REQUIRED, *self.given} and self.names.get(n) not in theirs]
        if missing:
            raise UsageError(
                f"{where} has no column for {', '.join(missing)}; name it with --column {missing[0]}=COLUMN"
            )
        found = {ours: name for ours, name in self.names.items() if name in theirs}
        twice = [ours for ours, name in found.items() if list(theirs).count(name) > 1]
        if twice:
            raise UsageError(f"{where} has two columns for {', '.join(twice)}; rename or leave out one")
        return {ours: list(theirs).index(name) for ours, name in found.items()}

    def ignored_of(self, theirs: Iterable[str], where: str) -> tuple[str, ...]:
        """Columns of theirs that are none of ours.

        Raises
        ------
        UsageError
            If one is so named that it may be meant for one of ours, and --column says nothing of that one:
            whoever else speaks in a call would vanish with it.
        """
        taken = set(self.names.values())
        ignored = tuple(name for name in theirs if name not in taken)
        unclear = tuple(name for name in COLUMNS if name not in self.given)
        for name in ignored:
            if near := _near(name[:_MAX_SHOWN], unclear):
                raise UsageError(
                    f"{where} has a column {name[:_MAX_SHOWN]!r}, which is none of the catalog's (did you mean "
                    f"{near!r}?); say --column {near}=COLUMN, or rename or leave it out if it is something else"
                )
        return ignored


@lru_cache(maxsize=1000)  # a line of JSON has its columns anew
def _near(name: str, ours: tuple[str, ...]) -> str | None:
    return nearest_name(name, ours, cutoff=_LIKENESS)


def open_source(source: str, *, query: str | None, columns: Sequence[str]) -> Source:
    """What stands on the command line, as something to read rows from.

    Parameters
    ----------
    source : str
        File in CSV, JSON Lines or Parquet, or an SQLAlchemy URL.
    query : str, optional
        For a URL: one SELECT.
    columns : sequence of str
        ``ours=theirs``.

    Raises
    ------
    UsageError
        If the options do not fit, or there is no such file.
    """
    mapped = parse_columns(columns)
    if _URL.match(source) and source[:5].lower() != "file:":
        from redactor.export.database import database_rows

        if query is None:
            raise UsageError("a database needs --query, a SELECT that gives the columns of the catalog")
        return Source("row", database_rows(source, query, mapped))
    path = Path(source)
    readers = {
        ".csv": csv_rows, ".tsv": csv_rows, ".txt": csv_rows,
        ".jsonl": json_rows, ".ndjson": json_rows,
        ".parquet": parquet_rows, ".pq": parquet_rows,
    }  # fmt: skip
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UsageError(
            "a catalog is read from a file (.csv, .tsv, .jsonl, .parquet) or an SQLAlchemy URL with --query; "
            "give the file an extension that says what it is"
        )
    if query is not None:
        raise UsageError(f"--query is for databases, and {source!r} is a file; leave it out")
    if not path.is_file():
        raise UsageError(f"{source!r} is no file; check the path")
    unit = "row" if reader is parquet_rows else "line"
    return Source(unit, lambda: reader(path, mapped))


def parse_columns(columns: Sequence[str]) -> Mapped:
    """``--column ours=theirs``, each of ours once.

    Raises
    ------
    UsageError
    """
    given: dict[str, str] = {}
    for text in columns:
        ours, separator, theirs = text.partition("=")
        if not separator or not theirs or ours not in COLUMNS or ours in given:
            raise UsageError(f"--column is OURS=THEIRS, with each of {', '.join(COLUMNS)} once")
        given[ours] = theirs
    # With "subject=account" nothing is the account, unless that is named too.
    free = [name for name in COLUMNS if name not in given and name not in given.values()]
    return Mapped({**given, **{name: name for name in free}}, frozenset(given))


def csv_rows(path: Path, mapped: Mapped) -> Iterator[SourceRow]:
    """Rows of a CSV file in UTF-8, its columns named in its first line, separated as that line is.

    Raises
    ------
    UsageError
    """
    where = repr(str(path))
    with _reading(path, "not CSV in UTF-8"), path.open(encoding="utf-8-sig", newline="") as stream:
        header = stream.readline(_MAX_LINE)
        theirs, delimiter = _header(header, mapped, where)
        at, ignored = mapped.found_in(theirs, where), mapped.ignored_of(theirs, where)
        stream.seek(0)
        reader = csv.reader(stream, delimiter=delimiter, strict=True)
        next(reader)
        for row in reader:
            if not row:
                continue
            # A separator too many moves every column behind it, the owner's among them.
            fits = len(row) == len(theirs)
            values = {n: row[i] for n, i in at.items()} if fits else None
            yield SourceRow(reader.line_num, values, ignored)


def _header(line: str, mapped: Mapped, where: str) -> tuple[list[str], str]:
    """Columns of a CSV file, and what separates them: that which tells the needed ones apart."""
    wanted = {mapped.names.get(name, name) for name in REQUIRED}
    read = {d: next(csv.reader([line], delimiter=d, strict=True), []) for d in _DELIMITERS}
    fitting = [(theirs, d) for d, theirs in read.items() if wanted <= set(theirs)]
    if len(fitting) != 1:
        raise UsageError(
            f"{where} needs the columns {' and '.join(map(repr, sorted(wanted)))} in its first line, separated "
            "by commas, semicolons or tabs; rename them, or say with --column which are theirs"
        )
    return fitting[0]


def json_rows(path: Path, mapped: Mapped) -> Iterator[SourceRow]:
    """Rows of a file with one JSON object a line, in UTF-8; empty lines are skipped.

    Raises
    ------
    UsageError
    """
    missing = set(mapped.given)
    with _reading(path, "not JSON Lines in UTF-8"), path.open("rb") as stream:
        place = 0
        while line := stream.readline(_MAX_LINE + 1):
            place += 1
            if len(line) > _MAX_LINE:
                raise UsageError(
                    f"{str(path)!r}, line {place}: longer than {_MAX_LINE} bytes; write one object a line"
                )
            text = line.decode("utf-8-sig" if place == 1 else "utf-8")
            if not text.strip():
                continue
            found, ignored = _json_object(text), ()
            if found is not None:
                ignored = mapped.ignored_of(found, f"{str(path)!r}, line {place},")
                found = {ours: found[theirs] for ours, theirs in mapped.names.items() if theirs in found}
                missing -= found.keys()
            yield SourceRow(place, found, ignored)
    if missing:
        raise UsageError(f"{str(path)!r} has in no line what --column names for {', '.join(sorted(missing))}")


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("one key twice")
    return value


def parquet_rows(path: Path, mapped: Mapped) -> Iterator[SourceRow]:
    """Rows of a Parquet file.

    Raises
    ------
    UsageError
        Also if pyarrow is not installed.
    """
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise UsageError(
            f"Parquet files are read with pyarrow, which is not installed: {install_command('export')}"
        ) from None
    where = repr(str(path))
    try:
        with _reading(path, "not a Parquet file"), ParquetFile(path) as file:
            at = mapped.found_in(file.schema_arrow.names, where)
            ignored = mapped.ignored_of(file.schema_arrow.names, where)
            theirs = {ours: mapped.names[ours] for ours in at}
            place = 0
            for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=list(theirs.values())):
                for row in batch.to_pylist():
                    place += 1
                    yield SourceRow(place, {ours: row[name] for ours, name in theirs.items()}, ignored)
    except ArrowException:
        raise UsageError(f"{where} cannot be read: not a Parquet file; check how it was written") from None


@contextmanager
def _reading(path: Path, kind: str) -> Iterator[None]:
    """Errors of reading a file, without what stands in it."""
    try:
        yield
    except (OSError, ValueError, csv.Error) as error:  # UnicodeDecodeError is a ValueError
        reason = getattr(error, "strerror", None) or kind
        raise UsageError(f"{str(path)!r} cannot be read: {reason}; check how it was written") from None
