"""Rows of a catalog are held to the run and to the catalog before them: all of them fit, or none is taken."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from redactor.errors import UsageError
from redactor.export.catalog import Catalog, digest_of
from redactor.export.entries import CatalogEntry
from redactor.export.fields import (
    FieldError,
    parse_device,
    parse_id,
    parse_language,
    parse_others,
    parse_roles,
    parse_when,
)
from redactor.export.sources import SourceRow
from redactor.export.subjects import account_hash, subject_hash
from redactor.inputs import Input, as_uri, input_path
from redactor.ledger import Row, State
from redactor.runfolder import RunFolder
from redactor.runs import Archive

_NAME = re.compile("[0-9a-f]{32}")
_MAX_RECORDING = 3 * 4096 + 16  # a path of Linux, percent-encoded, after "file://localhost"
_MAX_PLACES = 20
_MAX_IGNORED = 100


class Misfit(StrEnum):
    """Why a row refuses the import."""

    SHAPE = "misshapen"
    UNKNOWN = "unknown-recording"
    SUBJECT = "subject"
    ACCOUNT = "account"
    OTHERS = "others"
    OWN_OTHER = "subject-among-others"
    DEVICE = "device"
    LANGUAGE = "language"
    WHEN = "recorded-at"
    ROLES = "roles"
    CHANNELS = "no-such-channel"
    TWO_OWNERS = "two-owners"
    DIFFERENT = "two-different-rows"


@dataclass
class Places:
    """How many, and where the first of them are."""

    number: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, place: int) -> None:
        self.number += 1
        if len(self.first) < _MAX_PLACES:
            self.first.append(place)


@dataclass(frozen=True)
class Report:
    """What a source holds; numbers and places, never values.

    Attributes
    ----------
    num_rows : int
        Read.
    num_entries, num_subjects : int
        Recordings that would have an owner, and their owners.
    num_same : int
        Rows that say again what another row said.
    num_erased : int
        Rows of recordings that were forgotten; they are left out.
    num_without_row : int
        Recordings of the run that can never be exported.
    num_new, num_changed : int
        Recordings that the catalog before did not have, or had otherwise.
    num_dropped : int
        Recordings that it had and this has not.
    num_roles_unchecked : int
        Recordings with roles whose channels are not known, since they are not released.
    num_unbound : int
        Recordings of which the run has read nothing yet, nor had at an import before: until they are imported
        again, nobody can tell that the owner was named for what will be released, and nothing of them leaves.
    changed_owner : Places
        Recordings that belonged to another subject.
    changed_input : Places
        Recordings that were another input at the import before.
    misfits : mapping of Misfit to Places
        Only those that there are.
    columns : tuple of str
        Of the catalog, that the source has.
    ignored : tuple of str
        Of the source, that are none of the catalog's; the first hundred.
    digest : str
        See :func:`redactor.export.catalog.digest_of`.
    """

    num_rows: int
    num_entries: int
    num_subjects: int
    num_same: int
    num_erased: int
    num_without_row: int
    num_new: int
    num_changed: int
    num_dropped: int
    num_roles_unchecked: int
    num_unbound: int
    changed_owner: Places
    changed_input: Places
    misfits: Mapping[Misfit, Places]
    columns: tuple[str, ...]
    ignored: tuple[str, ...]
    digest: str

    @property
    def fits(self) -> bool:
        """Whether it may be taken at all."""
        return not self.misfits and self.num_entries > 0

    @property
    def needs_consent(self) -> bool:
        """Whether it takes recordings from those whom they belonged to, or gives them others than before."""
        return bool(self.changed_owner.number or self.changed_input.number or self.num_dropped)


class _Unfit(Exception):
    """A row that refuses the import; the argument is the misfit."""


def take_in(
    rows: Iterable[SourceRow],
    *,
    archive: Archive,
    catalog: Catalog,
    staged: Catalog,
    key: bytes,
    clock: Callable[[], float],
) -> Report:
    """Check all rows, and put what they say into `staged`; `catalog` stays as it is.

    Parameters
    ----------
    rows : iterable of SourceRow
    archive : Archive
        The run, its lock held; not with kept names.
    catalog : Catalog
        What was imported before.
    staged : Catalog
        Empty; from :func:`redactor.export.catalog.incoming`.
    key : bytes
        Of subjects.
    clock : callable
        Seconds since the epoch: no recording is of later.

    Raises
    ------
    UsageError
        If the rows cannot be read on.
    StoreError
        If a store cannot be used.
    """
    with staged.transaction() as db:
        intake = _Intake(archive, catalog, staged, key, clock())
        for row in rows:
            intake.take(db, row)
    return intake.report()


class _Intake:
    """What was read so far."""

    def __init__(self, archive: Archive, catalog: Catalog, staged: Catalog, key: bytes, now: float) -> None:
        self._archive, self._catalog, self._staged = archive, catalog, staged
        self._key, self._now = key, now
        self._num: dict[str, int] = defaultdict(int)
        self._columns: set[str] = set()
        self._ignored: dict[str, None] = {}  # in order
        self._changed_owner, self._changed_input = Places(), Places()
        self._misfits: dict[Misfit, Places] = defaultdict(Places)

    def take(self, db: sqlite3.Connection, row: SourceRow) -> None:
        """Within a transaction of the staged catalog, one row."""
        self._num["rows"] += 1
        if len(self._ignored) < _MAX_IGNORED:
            self._ignored.update(dict.fromkeys(row.ignored))
        try:
            if row.values is None:
                raise _Unfit(Misfit.SHAPE)
            self._columns.update(row.values)
            found = self._recording(row.values.get("recording"))
            entry = self._entry(found, row.values)
            if found.state is State.FORGOTTEN:
                self._num["erased"] += 1
                return
            self._check_channels(found, entry)
            twin = self._staged.entry(found.name)
            if twin is None:
                self._staged.insert(db, entry)
                self._num["unbound"] += entry.input_keyed is None
                self._compare(entry, row.place)
            elif twin == entry:
                self._num["same"] += 1
            else:
                raise _Unfit(Misfit.DIFFERENT if twin.subject == entry.subject else Misfit.TWO_OWNERS)
        except _Unfit as unfit:
            self._misfits[unfit.args[0]].add(row.place)

    def report(self) -> Report:
        counts = self._archive.ledger.counts()
        entries = self._staged.count()
        # Those forgotten since the last import are dropped for another reason, and nobody need agree to it.
        dropped = sum(
            self._staged.entry(entry.name) is None and not self._is_erased(entry.name)
            for entry in self._catalog.entries()
        )
        return Report(
            num_rows=self._num["rows"],
            num_entries=entries,
            num_subjects=self._staged.count_subjects(),
            num_same=self._num["same"],
            num_erased=self._num["erased"],
            num_without_row=sum(n for state, n in counts.items() if state is not State.FORGOTTEN) - entries,
            num_new=self._num["new"],
            num_changed=self._num["changed"],
            num_dropped=dropped,
            num_roles_unchecked=self._num["roles_unchecked"],
            num_unbound=self._num["unbound"],
            changed_owner=self._changed_owner,
            changed_input=self._changed_input,
            misfits={misfit: self._misfits[misfit] for misfit in Misfit if misfit in self._misfits},
            columns=tuple(sorted(self._columns)),
            ignored=tuple(self._ignored)[:_MAX_IGNORED],
            digest=digest_of(self._staged.entries()),
        )

    def _is_erased(self, name: str) -> bool:
        row = self._archive.ledger.row(name)
        return row is not None and row.state is State.FORGOTTEN

    def _recording(self, value: Any) -> Row:
        """The one recording that a NAME, or an INPUT as it was given to ``run``, stands for; never a folder."""
        if not isinstance(value, str) or not value.strip() or len(value) > _MAX_RECORDING:
            raise _Unfit(Misfit.UNKNOWN)
        row = self._archive.ledger.row(value.strip()) if _NAME.fullmatch(value.strip()) else None
        if row is None:
            try:
                path = input_path(value)
                name = self._archive.name_of(Input(as_uri(path), path, Path(path.name)))
            except (UsageError, ValueError, OSError):  # a path that cannot be; the errors would quote it
                raise _Unfit(Misfit.UNKNOWN) from None
            row = self._archive.ledger.row(name)
        if row is None:
            raise _Unfit(Misfit.UNKNOWN)
        return row

    def _entry(self, row: Row, values: Mapping[str, Any]) -> CatalogEntry:
        subject_id = _read(Misfit.SUBJECT, parse_id, values.get("subject"))
        if subject_id is None:
            raise _Unfit(Misfit.SUBJECT)
        subject = subject_hash(self._key, subject_id)
        account = _read(Misfit.ACCOUNT, parse_id, values.get("account"))
        others = _read(Misfit.OTHERS, parse_others, values.get("others"))
        hashed = {subject_hash(self._key, other) for other in others}
        if subject in hashed:
            raise _Unfit(Misfit.OWN_OTHER)
        return CatalogEntry(
            name=row.name,
            subject=subject,
            account=None if account is None else account_hash(self._key, account),
            device=_read(Misfit.DEVICE, parse_device, values.get("device")),
            language=_read(Misfit.LANGUAGE, parse_language, values.get("language")),
            recorded_at=_read(
                Misfit.WHEN, lambda value: parse_when(value, now=self._now), values.get("recorded_at")
            ),
            roles=_read(Misfit.ROLES, parse_roles, values.get("roles")),
            others=tuple(sorted(hashed)),
            input_keyed=self._input_keyed(row),
        )

    def _input_keyed(self, row: Row) -> str | None:
        """What stands for the input that a row of the source is about."""
        keyed = self._archive.input_keyed(row)
        if keyed is None and (before := self._catalog.entry(row.name)) is not None:
            # While it is to be redacted anew. Let go of what it was, and nobody would be asked about another.
            return before.input_keyed
        return keyed

    def _check_channels(self, row: Row, entry: CatalogEntry) -> None:
        if not entry.roles:
            return
        num_channels = channels_of(self._archive.folder, row)
        if num_channels is not None and max(entry.roles) >= num_channels:
            raise _Unfit(Misfit.CHANNELS)
        self._num["roles_unchecked"] += num_channels is None

    def _compare(self, entry: CatalogEntry, place: int) -> None:
        before = self._catalog.entry(entry.name)
        self._num["new"] += before is None
        self._num["changed"] += before not in (None, entry)
        if before is not None and before.subject != entry.subject:
            self._changed_owner.add(place)
        if before is not None and before.input_keyed not in (None, entry.input_keyed):
            self._changed_input.add(place)


def channels_of(folder: RunFolder, row: Row) -> int | None:
    """Number of channels of a released recording, by its report; None if it is not released or has none."""
    path = next((file.path for file in row.files if file.path.startswith("reports/")), None)
    if row.state is not State.DONE or path is None:
        return None
    report = folder.release_path(path).with_suffix(".json")
    try:
        found = json.loads(report.read_text(encoding="utf-8"))["channels"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if type(found) is int and found > 0 else None


def _read(misfit: Misfit, parse: Callable[[Any], Any], value: Any) -> Any:
    try:
        return parse(value)
    except FieldError:
        raise _Unfit(misfit) from None
