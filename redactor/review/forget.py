"""What reviews know of a recording goes when the recording is erased."""

from __future__ import annotations

import contextlib
from contextlib import closing

from redactor.forgetting import forget_in
from redactor.review.clips import REVIEW_FOLDER
from redactor.review.entries import Item
from redactor.review.regression import forget_findings
from redactor.review.store import STORE_NAME, ReviewStore
from redactor.runfolder import RunFolder, open_run_folder


def forget_reviews(folder: RunFolder, name: str) -> None:
    """Erase clips, findings, marks and comments of a recording, and what was redacted strictly of it.

    That it was drawn, and what was said of it in one word, stays: a certificate's numbers are made of that.
    """
    forget_findings(folder, name)
    for ledger in folder.private.glob(f"{REVIEW_FOLDER}/strict/*/private/ledger.sqlite3"):
        forget_in(open_run_folder(ledger.parents[1]), name)
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


def _remove_files(folder: RunFolder, item: Item) -> None:
    for place in (item.audio, item.reports):
        if place["root"] == "private":
            for what in ("path", "report", "transcript"):
                if path := place.get(what):
                    with contextlib.suppress(FileNotFoundError):
                        (folder.private / REVIEW_FOLDER / path).unlink()
