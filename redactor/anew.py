"""Recordings of a run redacted once more, into a run folder of their own inside the private one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from redactor.ledger import Row, State
from redactor.runfolder import create_run_folder, locked
from redactor.runs import Archive
from redactor.runthrough import begin, carry_out, inputs_of
from redactor.settings import Prepared


def redact_anew(archive: Archive, place: Path, names: Sequence[str], prepared: Prepared) -> list[Row]:
    """Redact recordings of a run once more; what people found in them is muted here too.

    Parameters
    ----------
    archive : Archive
        Of the run; nothing of it changes.
    place : pathlib.Path
        The other run folder. What is there already and would be the same again is not done again; what is
        there of recordings that are not among `names` goes.
    names : sequence of str
    prepared : Prepared
        Policy and models.

    Returns
    -------
    list of Row
        Those that could be released, in order of name.

    Raises
    ------
    UsageError, ModelError, StoreError
        If it cannot be done.
    """
    found = inputs_of(archive.inputs, names)
    if not found:
        return []
    folder = create_run_folder(place)
    key_file = prepared.settings.key_file
    with locked(folder), closing(Archive(folder, key_file=key_file, keep_names=False)) as anew:
        anew.withdraw([row for row in anew.ledger.rows() if row.name not in set(names)])
        for name in names:
            anew.ledger.add_reviewed(name, archive.ledger.reviewed(name))
        plan = begin(anew, prepared, found)
        carry_out(anew, prepared, plan, on_row=lambda row: None)
        return list(anew.ledger.rows(State.DONE))
