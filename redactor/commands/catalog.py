"""``redactor catalog``."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from redactor.errors import UsageError
from redactor.export.catalog import CATALOG_NAME, Catalog, has_import, incoming, open_catalog
from redactor.export.holdings import claim_misfit
from redactor.export.intake import Misfit, Places, Report, take_in
from redactor.export.sources import Source, open_source
from redactor.export.subjects import default_subject_key, load_subject_key
from redactor.ledger import Ledger, State
from redactor.names import load_key
from redactor.runfolder import RunFolder, locked, open_run_folder
from redactor.runs import Archive
from redactor.runthrough import settings_of

_SENTENCES = {
    Misfit.SHAPE: "have more or fewer fields than the first line, or are no JSON object",
    Misfit.UNKNOWN: "name no recording of this run; use its NAME, or the INPUT as it was given to run",
    Misfit.SUBJECT: "have no usable subject: empty, longer than 200 characters, not whole, or a number that a "
    "spreadsheet rounded",
    Misfit.ACCOUNT: "have an account that is no id",
    Misfit.OTHERS: "have others that are no list of ids",
    Misfit.OWN_OTHER: "name their subject among the others",
    Misfit.DEVICE: "have a device that is no short text",
    Misfit.LANGUAGE: "have a language that is none; use a tag such as en or de-CH",
    Misfit.WHEN: "have a date that cannot be; use ISO 8601",
    Misfit.ROLES: "have roles that are neither a JSON object nor 0=subject;1=agent (subject, agent, other)",
    Misfit.CHANNELS: "give a role to a channel that the recording does not have",
    Misfit.TWO_OWNERS: "give a recording to a second subject",
    Misfit.DIFFERENT: "say something else of a recording than a row above",
}


def catalog_import(
    out: Path,
    *,
    source: str,
    query: str | None,
    columns: Sequence[str],
    replace: bool,
    private: Path | None,
    subject_key: Path | None,
    as_json: bool,
) -> int:
    """Take whose recordings are which out of a file or a database, in place of what was known before.

    Parameters
    ----------
    source : str
        File, or SQLAlchemy URL.
    query : str, optional
        For a URL.
    columns : sequence of str
        ``ours=theirs``.
    replace : bool
        Whether recordings may change their owner, lose it, or be another input than at the import before.
    subject_key : pathlib.Path, optional
        The user's own by default; made if nothing was imported yet.

    Returns
    -------
    int
        0, or 2 if something does not fit; nothing was stored then.

    Raises
    ------
    UsageError
        If an option cannot be used, names were kept, or the source cannot be read.
    StoreError
        If a folder or store cannot be used.
    """
    opened = open_source(source, query=query, columns=columns)
    folder = open_run_folder(out, private=private)
    with locked(folder), closing(_archive(folder)) as archive:
        key = load_subject_key(
            subject_key or default_subject_key(), create=not has_import(folder), folder=folder
        )
        catalog = Catalog(folder.private / CATALOG_NAME, key=key)
        with closing(catalog), incoming(folder) as staged:
            report = take_in(
                opened.read(), archive=archive, catalog=catalog, staged=staged, key=key, clock=time.time
            )
            is_taken = report.fits and (replace or not report.needs_consent)
            if is_taken:
                # On record first: no moment knows a catalog that the record does not.
                _put_on_record(archive, report)
                catalog.replace(staged.entries(), report.digest)
    if as_json:
        print(json.dumps(_document(report, is_taken=is_taken)))
    print("\n".join(_sentences(report, opened, is_taken=is_taken)), file=sys.stderr)
    return 0 if is_taken else UsageError.exit_code


def _put_on_record(archive: Archive, report: Report) -> None:
    archive.record.catalog_imported(
        report.digest,
        report.num_entries,
        num_changed=report.changed_owner.number,
        num_exchanged=report.changed_input.number,
    )


def catalog_status(out: Path, *, private: Path | None, as_json: bool) -> int:
    """How much the catalog knows; numbers only.

    Returns
    -------
    int
        0.

    Raises
    ------
    UsageError
        If there is no catalog, or the key of names is not here.
    StoreError
        If a store cannot be used.
    """
    folder = open_run_folder(out, private=private)
    key = load_key(settings_of(folder).key_file, create=False)
    with closing(Ledger(folder.ledger)) as ledger, closing(open_catalog(folder)) as catalog:
        numbers = {
            "recordings": sum(n for state, n in ledger.counts().items() if state is not State.FORGOTTEN),
            "entries": 0,
            "without_entry": 0,
            "subjects": catalog.count_subjects(),
            "with_roles": 0,
            "with_others": 0,
            "unbound": 0,
            "exchanged": 0,
            "released": 0,
        }
        for entry in catalog.entries():
            row = ledger.row(entry.name)
            numbers["entries"] += 1
            numbers["with_roles"] += bool(entry.roles)
            numbers["with_others"] += bool(entry.others)
            numbers["unbound"] += entry.input_keyed is None
            numbers["exchanged"] += row is not None and claim_misfit(entry, row, key) == "exchanged"
            numbers["released"] += row is not None and row.state is State.DONE
    numbers["without_entry"] = max(0, numbers["recordings"] - numbers["entries"])
    if as_json:
        print(json.dumps(numbers))
    else:
        print("\n".join(f"{key.replace('_', ' '):<14} {number}" for key, number in numbers.items()))
    return 0


def _archive(folder: RunFolder) -> Archive:
    settings = settings_of(folder)
    if settings.keep_names:
        raise UsageError(
            f"{str(folder.out)!r} was made with --keep-names, and its names tell who is heard; run without it "
            "into another --out, and export that"
        )
    return Archive(folder, key_file=settings.key_file, keep_names=False)


def _document(report: Report, *, is_taken: bool) -> dict[str, Any]:
    return {
        "imported": is_taken,
        "rows": report.num_rows,
        "columns": list(report.columns),
        "ignored": list(report.ignored),
        "entries": report.num_entries,
        "subjects": report.num_subjects,
        "same": report.num_same,
        "erased": report.num_erased,
        "without_row": report.num_without_row,
        "new": report.num_new,
        "changed": report.num_changed,
        "dropped": report.num_dropped,
        "roles_unchecked": report.num_roles_unchecked,
        "unbound": report.num_unbound,
        "changed_owner": _places(report.changed_owner),
        "changed_input": _places(report.changed_input),
        "misfits": {misfit.value: _places(places) for misfit, places in report.misfits.items()},
    }


def _places(places: Places) -> dict[str, Any]:
    return {"number": places.number, "first": places.first}


def _sentences(report: Report, source: Source, *, is_taken: bool) -> list[str]:
    def named(places: Places) -> str:
        more = ", ..." if places.number > len(places.first) else ""
        plural = "s" if places.number > 1 else ""
        return f"({source.unit}{plural} {', '.join(map(str, places.first))}{more})"

    lines = [
        f"{report.num_rows} rows: {report.num_entries} recordings of {report.num_subjects} subjects; "
        f"{report.num_new} new, {report.num_changed} changed"
    ]
    counted = {
        "rows say again what another said": report.num_same,
        "rows are of recordings that were forgotten, and were left out": report.num_erased,
        "recordings of the run have no row, and can never be exported": report.num_without_row,
        "recordings have roles and are not released; their channels are checked at export":
            report.num_roles_unchecked,
        "recordings were not read by the run yet, and are left out of exports until they are imported again":
            report.num_unbound,
    }  # fmt: skip
    lines += [f"{number} {text}" for text, number in counted.items() if number]
    if report.ignored:
        lines.append(f"columns that were ignored: {', '.join(repr(name[:60]) for name in report.ignored)}")
    if report.changed_owner.number:
        places = report.changed_owner
        lines.append(f"{places.number} recordings belonged to another subject before {named(places)}")
    if report.changed_input.number:
        places = report.changed_input
        lines.append(
            f"{places.number} recordings are another input than when they were imported before {named(places)}"
        )
    if report.num_dropped:
        lines.append(f"{report.num_dropped} recordings had an owner before and have no row now")
    lines += [f"{p.number} rows {_SENTENCES[misfit]} {named(p)}" for misfit, p in report.misfits.items()]
    if is_taken:
        lines.append("imported")
    elif report.fits:
        lines.append("nothing was imported: if that is right, and each has the owner named here, use --replace")
    else:
        why = "correct these rows" if report.misfits else "the source names no recording"
        lines.append(f"nothing was imported: {why}, then import again")
    return lines
