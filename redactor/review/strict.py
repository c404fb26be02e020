"""Recordings redacted strictly, to be heard by people who look for faults: they learn as little as can be."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

from redactor.config import load_policy
from redactor.ledger import Row, State
from redactor.review.clips import REVIEW_FOLDER
from redactor.runfolder import create_run_folder, locked
from redactor.runs import Archive
from redactor.runthrough import begin, carry_out, inputs_of, last_settings
from redactor.settings import prepare

POLICY = "strict"


def redact_strictly(archive: Archive, lot: str, names: Sequence[str]) -> list[Row]:
    """Redact recordings of a run once more, under `strict`, into a run folder inside ``private/review``.

    Parameters
    ----------
    archive : Archive
        Of the run; nothing of it changes.
    lot : str
        Names the folder.
    names : sequence of str

    Returns
    -------
    list of Row
        Those that could be released under it, in order of name.

    Raises
    ------
    UsageError, ModelError, StoreError
        If it cannot be done.
    """
    settings = last_settings(archive.ledger, archive.folder.out)
    settings = replace(settings, policy=load_policy(POLICY))
    found = inputs_of(archive.inputs, names)
    if not found:
        return []
    prepared = prepare(settings)
    folder = create_run_folder(archive.folder.private / REVIEW_FOLDER / POLICY / lot[:16])
    with (
        locked(folder),
        closing(Archive(folder, key_file=settings.key_file, keep_names=False)) as strict,
    ):
        for name in names:
            strict.ledger.add_reviewed(name, archive.ledger.reviewed(name))
        plan = begin(strict, prepared, found)
        carry_out(strict, prepared, plan, on_row=lambda row: None)
        return list(strict.ledger.rows(State.DONE))
