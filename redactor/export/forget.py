"""What was redacted anew for requests goes when the recording is erased."""

from __future__ import annotations

from contextlib import closing

from redactor.ledger import InputMap, Ledger
from redactor.runfolder import RunFolder, open_run_folder, remove, sweep


def forget_redactions(folder: RunFolder, name: str) -> None:
    """Erase a recording from every run folder that was made for a request; use it while holding the folder.

    Parameters
    ----------
    folder : RunFolder
        Of the run.
    name : str

    Raises
    ------
    StoreError
        If one of them cannot be used.
    """
    for ledger in folder.private.glob("export/*/redacted/private/ledger.sqlite3"):
        made = open_run_folder(ledger.parents[1])
        with closing(Ledger(made.ledger)) as rows, closing(InputMap(made.inputs)) as inputs:
            row = rows.row(name)
            rows.forget(name)
            inputs.forget(name)
            made.manifest.unlink(missing_ok=True)  # the next run writes it anew
            remove(made, (file.path for file in row.files) if row else ())
            sweep(made, listed=rows.listed_files())
