"""What follows when a leak was heard: out of the release at once, then muted and checked again."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing

from redactor.errors import LockedError, UsageError
from redactor.inputs import input_path
from redactor.ledger import Ledger, State
from redactor.review.entries import Finding, Stage
from redactor.review.regression import add_finding
from redactor.review.search import finding_span
from redactor.review.store import STORE_NAME, ReviewStore
from redactor.review.withdraw import remove_at_once, withdraw_all
from redactor.runfolder import RunFolder, locked
from redactor.runs import Archive
from redactor.runthrough import settings_of
from redactor.types import TimeSpan


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
            _withdraw(folder, findings)
    except LockedError:
        with closing(Ledger(folder.ledger)) as ledger:
            for name in sorted({finding.name for finding in findings}):
                row = ledger.row(name)
                if row is not None:
                    remove_at_once(folder, row)
        raise
    store.set_stage([finding.id for finding in findings], Stage.WITHDRAWN)


def withdraw_open_findings(folder: RunFolder) -> set[str]:
    """Follow up what people found in a run folder and nobody came to yet, as :func:`withdraw_findings`.

    Returns
    -------
    set of str
        NAMEs of the recordings.
    """
    path = folder.private / STORE_NAME
    if not path.is_file():
        return set()
    with closing(ReviewStore(path)) as store:
        if found := store.findings(Stage.FOUND):
            withdraw_findings(folder, store, found)
    return {finding.name for finding in found}


def _withdraw(folder: RunFolder, findings: Sequence[Finding]) -> None:
    settings = settings_of(folder)
    archive = Archive(folder, key_file=settings.key_file, keep_names=settings.keep_names)
    with closing(archive):
        spans = defaultdict(list)
        for finding in findings:
            spans[finding.name].append(finding_span(finding.start, finding.end, finding.type))
        for name in withdraw_all(archive, spans):
            origin = archive.inputs.get(name)
            for span in spans[name] if origin is not None else ():
                _remember(folder, name, origin.uri, span)


def _remember(folder: RunFolder, name: str, uri: str, span: TimeSpan) -> None:
    # The original may be out of reach now. The withdrawal counts; the regression set can do without.
    with contextlib.suppress(UsageError):
        add_finding(folder, name, input_path(uri), span)


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
