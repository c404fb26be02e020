"""A leak was heard: nothing of the recording is released any more, and what was heard is muted from now on."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from redactor.entities import ENTITY_TYPES
from redactor.errors import UsageError
from redactor.inputs import input_path
from redactor.ledger import Row, State
from redactor.review.entries import Finding, Stage
from redactor.review.regression import OTHER, add_finding
from redactor.review.search import finding_span
from redactor.review.store import STORE_NAME, ReviewStore, open_findings
from redactor.runfolder import RunFolder, remove, sweep
from redactor.runs import Archive
from redactor.types import Origin, TimeSpan


def withdraw(archive: Archive, name: str, spans: Sequence[TimeSpan]) -> bool:
    """Take a recording out of the release, and keep what is to be muted in it in every run to come.

    On record first; then what was heard is stored, from where on every start withdraws a release that does not
    mute it; then the row, the manifest, the files. Repeated after a kill, it ends what was begun.

    Parameters
    ----------
    archive : Archive
        With the folder's lock held.
    name : str
        NAME of the recording.
    spans : sequence of TimeSpan
        In seconds of the recording; without channels where nobody knows which.

    Returns
    -------
    bool
        Whether there is something to be done anew; not of a recording that was erased meanwhile.

    Raises
    ------
    UsageError
        If there is no such recording, or a span that cannot be.
    StoreError
        If a store, the record or the release cannot be written.
    """
    return name in withdraw_all(archive, {name: spans})


def withdraw_all(archive: Archive, found: Mapping[str, Sequence[TimeSpan]]) -> list[str]:
    """As :func:`withdraw`, of many recordings, by NAME; those of which there is something to be done anew."""
    marked = {name: [_checked(span) for span in spans] for name, spans in found.items()}
    known = {name: archive.ledger.row(name) for name in marked}
    if not all(marked.values()) or None in known.values():
        raise UsageError("nothing to withdraw: name a recording of this run folder and what was heard in it")
    rows = [row for row in known.values() if row is not None and row.state is not State.FORGOTTEN]
    for row in rows:
        types = {entity_type for span in found[row.name] for entity_type in span.entity_types}
        archive.record.leak_found(row.name, types, len(marked[row.name]))
    for row in rows:
        archive.ledger.add_reviewed(row.name, marked[row.name])
    archive.withdraw(rows)
    if any(not row.files for row in rows):
        # Pending already: by another finding, or by a process that was killed before it came to the files.
        archive.write_manifest()
        sweep(archive.folder, listed=archive.ledger.listed_files())
    return [row.name for row in rows]


def follow_up(archive: Archive, store: ReviewStore, findings: Sequence[Finding]) -> None:
    """Withdraw the recordings of findings as :func:`withdraw`, and say of the findings that it is done.

    Parameters
    ----------
    archive : Archive
        With the folder's lock held.
    store : ReviewStore
    findings : sequence of Finding

    Raises
    ------
    StoreError, UsageError
        If it cannot be done; the findings stay where they are, to be tried again.
    """
    spans = defaultdict(list)
    for finding in findings:
        spans[finding.name].append(finding_span(finding.start, finding.end, finding.type))
    for name in withdraw_all(archive, spans):
        origin = archive.inputs.get(name)
        for span in spans[name] if origin is not None else ():
            _remember(archive.folder, name, origin.uri, span)
    store.set_stage([finding.id for finding in findings], Stage.WITHDRAWN)


def follow_up_open(archive: Archive) -> set[str]:
    """Follow up what nobody came to yet: somebody held the lock, or whoever stored the verdict was killed.

    Parameters
    ----------
    archive : Archive
        With the folder's lock held.

    Returns
    -------
    set of str
        NAMEs of the recordings.
    """
    found = open_findings(archive.folder)
    if found:
        with closing(ReviewStore(archive.folder.private / STORE_NAME)) as store:
            follow_up(archive, store, found)
    return {finding.name for finding in found}


def remove_at_once(folder: RunFolder, row: Row) -> None:
    """Remove the files of a recording while another process holds the folder; :func:`withdraw` follows.

    Parameters
    ----------
    folder : RunFolder
    row : Row
        As the ledger has it; of a recording that is not released it names no file.
    """
    # Safe without the lock: the ledger belongs to that process and goes on listing files that are not there,
    # which shows less than it allows and never more. Whoever exports takes a listed file that is missing for
    # withdrawn. The next start does not: it would release it as it was, and so follows up findings before it
    # looks at the release (`follow_up_open`). Should the recording just be released anew, without what was
    # heard being muted, then the run that does so calls this once more, and follows up at its end.
    remove(folder, (file.path for file in row.files))


def _remember(folder: RunFolder, name: str, uri: str, span: TimeSpan) -> None:
    # The original may be out of reach now. The withdrawal counts; the regression set can do without.
    with contextlib.suppress(UsageError):
        add_finding(folder, name, input_path(uri), span)


def _checked(span: TimeSpan) -> TimeSpan:
    types = tuple(entity_type for entity_type in span.entity_types if entity_type != OTHER)
    if not 0.0 <= span.start < span.end < float("inf") or any(channel < 0 for channel in span.channels):
        raise UsageError("what was heard has times or channels that cannot be; mark it again")
    if not ENTITY_TYPES.keys() >= set(types):  # which it does not say: it may be what was said
        raise UsageError(f"what was heard is of no known type; pick one of them, or {OTHER}")
    return replace(span, entity_types=types, origin=Origin.REVIEWED)
