"""One run over given recordings of an open folder: what it begins with, and how it is carried out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote_to_bytes

from redactor.audio.problems import LEADS_OUT
from redactor.engines.base import refused, settle
from redactor.errors import RecordingError, UsageError
from redactor.inputs import Input, found_again
from redactor.ledger import InputMap, Ledger, Row, State
from redactor.names import load_key
from redactor.record import Record
from redactor.review.store import open_findings
from redactor.review.withdraw import follow_up_open, remove_at_once
from redactor.runfolder import RunFolder
from redactor.runs import Archive, Plan
from redactor.settings import Prepared, Settings

REFUSALS = {
    "link-out-of-tree": LEADS_OUT,
    "broken-link": "a symbolic link that leads nowhere; remove or repair it",
    "no-permission": "the folder may not be read by this user; grant read permission, then run again",
    "name-too-long": "its name is too long for --keep-names; shorten it, or leave out --keep-names",
    "same-name": "another input has the same name without its extension; rename one, or leave out --keep-names",
}


def last_settings(ledger: Ledger, out: Path) -> Settings:
    """Those of the last run in a folder.

    Raises
    ------
    UsageError
        If there was none.
    PolicyError, StoreError
        If they are none of this version.
    """
    stored = ledger.setting("settings")
    if stored is None:
        raise UsageError(f"nothing was run in {str(out)!r} yet; use `redactor run`")
    return Settings.from_json(stored)


def settings_of(folder: RunFolder) -> Settings:
    """As :func:`last_settings`, of a folder whose ledger is not open."""
    with closing(Ledger(folder.ledger)) as ledger:
        return last_settings(ledger, folder.out)


def record_of(folder: RunFolder, settings: Settings) -> Record:
    """The record of a folder, to append to without holding the folder: it has a lock of its own.

    Raises
    ------
    UsageError, StoreError
    """
    key = load_key(settings.key_file, create=False)
    return Record(folder.audit, key_file=settings.key_file, key=key, keep_names=settings.keep_names)


def inputs_of(inputs: InputMap, names: Iterable[str]) -> list[Input]:
    """The recordings that names stand for, as they were found once; those nobody knows any more left out.

    Links are held to the same rule as then.
    """
    origins = [origin for name in names if (origin := inputs.get(name))]
    return [
        found_again(o.uri, Path(os.fsdecode(unquote_to_bytes(o.relative))), o.within) for o in origins
    ]


def begin(archive: Archive, prepared: Prepared, found: Sequence[Input]) -> Plan:
    """Keep the settings, bring ledger and release together, and say what there is to do; it is on record.

    What reviewers found and nobody followed up is withdrawn before all else: the ledger does not know it, and
    the recording would count as settled, or be released again as it was.
    """
    follow_up_open(archive)
    archive.ledger.set_setting("settings", prepared.settings.to_json())
    archive.reconcile(prepared.identity)
    plan = archive.plan(found, prepared.identity)
    archive.record.run_started(prepared.identity, num_jobs=len(plan.jobs), num_settled=len(plan.settled))
    return plan


def carry_out(
    archive: Archive, prepared: Prepared, plan: Plan, *, on_row: Callable[[Row], None]
) -> list[Row]:
    """Do what is planned; however it ends, the manifest and the record say how far it came.

    Reviewers go on meanwhile, but nothing can be withdrawn for them while the folder is held: a recording that
    is released without what they found being muted goes at once, and all else follows at the end.

    Parameters
    ----------
    archive : Archive
    prepared : Prepared
    plan : Plan
        From :func:`begin`.
    on_row : callable
        Told of each recording when the ledger has it.

    Returns
    -------
    list of Row
        What became of each recording, bare; pending again, where a reviewer found something in it meanwhile.

    Raises
    ------
    StoreError, ModelError
        If the run cannot go on.
    """
    rows: list[Row] = []

    def settled(row: Row) -> None:
        if row.state is State.DONE and row.name in {found.name for found in open_findings(archive.folder)}:
            remove_at_once(archive.folder, row)  # and no more: others are in hand, and a withdrawal sweeps
        rows.append(row.bare())
        on_row(row)

    try:
        for name, slug in plan.refused.items():
            outcome = refused(name, RecordingError(REFUSALS[slug], reason=slug))
            settled(
                settle(
                    outcome,
                    folder=archive.folder,
                    ledger=archive.ledger,
                    record=archive.record,
                    identity=prepared.identity,
                )
            )
        archive.engine(prepared).run(plan.jobs, on_row=settled)
        now = {name: archive.ledger.row(name) for name in follow_up_open(archive)}
        rows = [(now.get(row.name) or row).bare() for row in rows]
    finally:
        archive.write_manifest()
        archive.record.run_ended(Counter(row.state.value for row in rows))
    return rows
