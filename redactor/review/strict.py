"""Recordings redacted strictly, to be heard by people who look for faults: they learn as little as can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from redactor.anew import redact_anew
from redactor.config import load_policy
from redactor.ledger import Row
from redactor.review.clips import REVIEW_FOLDER
from redactor.runs import Archive
from redactor.runthrough import last_settings
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
    if not names:
        return []
    settings = last_settings(archive.ledger, archive.folder.out)
    prepared = prepare(replace(settings, policy=load_policy(POLICY)))
    return redact_anew(archive, archive.folder.private / REVIEW_FOLDER / POLICY / lot[:16], names, prepared)
