"""What was redacted anew for requests goes when the recording is erased."""

from __future__ import annotations

from redactor.forgetting import forget_in
from redactor.runfolder import RunFolder, open_run_folder


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
        forget_in(open_run_folder(ledger.parents[1]), name)
