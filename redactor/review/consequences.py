"""What follows when a leak was heard: out of the release at once, then muted and checked again."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from redactor.errors import LockedError
from redactor.ledger import Ledger, State
from redactor.review.entries import Finding, Stage
from redactor.review.store import STORE_NAME, ReviewStore, open_findings
from redactor.review.withdraw import follow_up, remove_at_once
from redactor.runfolder import RunFolder, locked
from redactor.runs import Archive
from redactor.runthrough import settings_of


def withdraw_findings(folder: RunFolder, store: ReviewStore, findings: Sequence[Finding]) -> None:
    """Take the recordings of findings out of the release, have what was heard muted in every run to come.

    Parameters
    ----------
    folder : RunFolder
    store : ReviewStore
    findings : sequence of Finding

    Raises
    ------
    LockedError
        If another process works on the folder. The files are gone by then all the same; try again later.
    StoreError, UsageError
        If it cannot be done; the findings stay where they are, to be tried again.
    """
    try:
        with locked(folder):
            settings = settings_of(folder)
            archive = Archive(folder, key_file=settings.key_file, keep_names=settings.keep_names)
            with closing(archive):
                follow_up(archive, store, findings)
    except LockedError:
        with closing(Ledger(folder.ledger)) as ledger:
            for name in sorted({finding.name for finding in findings}):
                row = ledger.row(name)
                if row is not None:
                    remove_at_once(folder, row)
        raise


def withdraw_open_findings(folder: RunFolder) -> set[str]:
    """Follow up what people found in a run folder and nobody came to yet, as :func:`withdraw_findings`.

    Returns
    -------
    set of str
        NAMEs of the recordings.
    """
    found = open_findings(folder)
    if found:
        with closing(ReviewStore(folder.private / STORE_NAME)) as store:
            withdraw_findings(folder, store, found)
    return {finding.name for finding in found}


def settle_findings(folder: RunFolder, store: ReviewStore) -> int:
    """Say of withdrawn recordings that are settled (released anew, or held back) that they are; how many.

    To be called after the recordings were done anew.
    """
    settled = []
    with closing(Ledger(folder.ledger)) as ledger:
        for finding in store.findings(Stage.WITHDRAWN):
            row = ledger.row(finding.name)
            if row is None or row.state not in (State.PENDING, State.RUNNING):
                settled.append(finding.id)
    store.set_stage(settled, Stage.SETTLED)
    return len(settled)
