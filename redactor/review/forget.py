"""What reviews know of a recording goes when the recording is erased."""

from __future__ import annotations

import contextlib
from contextlib import closing

from redactor.ledger import InputMap, Ledger
from redactor.review.clips import REVIEW_FOLDER
from redactor.review.entries import Item
from redactor.review.regression import forget_findings
from redactor.review.store import STORE_NAME, ReviewStore
from redactor.runfolder import RunFolder, open_run_folder, remove, sweep


def forget_reviews(folder: RunFolder, name: str) -> None:
    """Erase clips, findings, marks and comments of a recording, and what was redacted strictly of it.

    That it was drawn, and what was said of it in one word, stays: a certificate's numbers are made of that.
    """
    forget_findings(folder, name)
    for ledger in folder.private.glob(f"{REVIEW_FOLDER}/strict/*/private/ledger.sqlite3"):
        _forget_strict(open_run_folder(ledger.parents[1]), name)
    store_file = folder.private / STORE_NAME
    if store_file.is_file():
        with closing(ReviewStore(store_file)) as store:
            for item in store.items_of(name):
                _remove_files(folder, item)
            sweep_clips(folder, store)
            store.forget(name)


def sweep_clips(folder: RunFolder, store: ReviewStore) -> None:
    """Remove clips that no item has: a draw that was killed left them, and nobody knows of which recordings.

    Use it while holding the folder's lock: a draw that goes on keeps its items last.
    """
    for path in folder.private.glob(f"{REVIEW_FOLDER}/clips/*/*"):
        if store.item(path.name.lstrip(".").partition(".")[0]) is None:
            path.unlink(missing_ok=True)


def _forget_strict(strict: RunFolder, name: str) -> None:
    """Of a run folder inside this one; its manifest goes, which is for nobody."""
    with closing(Ledger(strict.ledger)) as rows, closing(InputMap(strict.inputs)) as inputs:
        row = rows.row(name)
        rows.forget(name)
        inputs.forget(name)
        strict.manifest.unlink(missing_ok=True)
        remove(strict, (file.path for file in row.files) if row else ())
        sweep(strict, listed=rows.listed_files())


def _remove_files(folder: RunFolder, item: Item) -> None:
    for place in (item.audio, item.reports):
        if place["root"] == "private":
            for what in ("path", "report", "transcript"):
                if path := place.get(what):
                    with contextlib.suppress(FileNotFoundError):
                        (folder.private / REVIEW_FOLDER / path).unlink()
