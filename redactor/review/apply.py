"""What people found is muted: the recordings that were withdrawn for it go through everything again."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import closing
from pathlib import Path

from redactor.errors import UsageError
from redactor.identity import RunIdentity
from redactor.ledger import InputMap, Ledger, Row, State
from redactor.runfolder import locked, open_run_folder
from redactor.runs import Archive, Plan
from redactor.runthrough import begin, carry_out, inputs_of, last_settings
from redactor.settings import prepare


def apply(
    out: Path,
    *,
    private: Path | None = None,
    names: Collection[str] | None = None,
    watch: Callable[[Plan], Callable[[Row], None]] | None = None,
) -> tuple[Row, ...]:
    """Do the recordings anew that are pending and in which people found something, and nothing else.

    With the settings of the last run, and the whole of it: what was found is muted on top of what the detectors
    find, and the finished file is checked again.

    Parameters
    ----------
    out : pathlib.Path
        A run folder.
    private : pathlib.Path, optional
        If it was moved since the run.
    names : collection of str, optional
        Of these recordings only.
    watch : callable, optional
        Told what there is to do; gives back what is told of each recording when the ledger has it.

    Returns
    -------
    tuple of Row
        What became of each.

    Raises
    ------
    UsageError
        If what is released was made with other models or versions: to start with these would withdraw it.
    LockedError
        If another process works on the folder.
    StoreError, ModelError
        If the run cannot go on.
    """
    folder = open_run_folder(out, private=private)
    with (
        locked(folder),
        closing(Ledger(folder.ledger)) as ledger,
        closing(InputMap(folder.inputs)) as inputs,
    ):
        settings = last_settings(ledger, out)
        found = inputs_of(inputs, _to_do_anew(ledger, names))
    if not found:
        return ()
    prepared = prepare(settings)
    with (
        locked(folder),
        closing(Archive(folder, key_file=settings.key_file, keep_names=settings.keep_names)) as archive,
    ):
        _check_same(archive.ledger, prepared.identity)
        plan = begin(archive, prepared, found)
        on_row = watch(plan) if watch is not None else _unwatched
        return tuple(carry_out(archive, prepared, plan, on_row=on_row))


def _to_do_anew(ledger: Ledger, names: Collection[str] | None) -> list[str]:
    reviewed = set(ledger.names_reviewed())
    wanted = reviewed if names is None else reviewed.intersection(names)
    return [row.name for row in ledger.rows(State.PENDING, State.RUNNING) if row.name in wanted]


def _check_same(ledger: Ledger, identity: RunIdentity) -> None:
    if any(row.run_identity != identity.digest for row in ledger.rows(State.DONE)):
        raise UsageError(
            "the release was made with other models or versions of the packages than are here now, and would "
            "be withdrawn whole; install those, or do all of it anew with `redactor run` and its INPUT"
        )


def _unwatched(row: Row) -> None:
    pass
