"""The state of a folder's reviews, for those who work on what was drawn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from redactor.errors import UsageError
from redactor.ledger import Ledger
from redactor.review.store import STORE_NAME, ReviewStore
from redactor.runfolder import RunFolder


@contextmanager
def opened_review(folder: RunFolder) -> Iterator[ReviewStore]:
    """The store of a folder's reviews.

    Raises
    ------
    UsageError
        If names were kept, or nothing was drawn.
    """
    with closing(Ledger(folder.ledger)) as ledger:
        if ledger.setting("keep_names") == "true":
            raise UsageError(
                f"{str(folder.out)!r} was made with --keep-names, and its names tell who is heard; run without "
                "it into another --out, and review that"
            )
    path = folder.private / STORE_NAME
    if path.is_file():
        with closing(ReviewStore(path)) as store:
            if store.lots():
                yield store
                return
    raise UsageError(f"nothing was drawn from {str(folder.out)!r} yet; use `redactor review sample`")
