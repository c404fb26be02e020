"""A recording goes from a run folder that was made of it inside another one."""

from __future__ import annotations

from contextlib import closing

from redactor.ledger import InputMap, Ledger
from redactor.runfolder import RunFolder, remove, sweep


def forget_in(folder: RunFolder, name: str) -> None:
    """Erase a recording from a run folder inside another one; use it while holding the outer one.

    Its manifest goes, which is for nobody; the next run there writes it anew.

    Raises
    ------
    StoreError
        If its ledger cannot be used, or somebody reads what is erased; what can be heard is gone then.
    """
    with closing(Ledger(folder.ledger)) as ledger, closing(InputMap(folder.inputs)) as inputs:
        row = ledger.row(name)
        ledger.forget(name)
        folder.manifest.unlink(missing_ok=True)
        remove(folder, (file.path for file in row.files) if row else ())
        sweep(folder, listed=ledger.listed_files())
        ledger.scrub()
        inputs.forget(name)
