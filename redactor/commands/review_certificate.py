"""``redactor review certificate``."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from redactor.audit import Head, head_file, load_signing_key, read_head, verify
from redactor.errors import StoreError, UsageError
from redactor.files import write_atomic
from redactor.record import signing_key_beside
from redactor.review.certificate import assess, to_html, to_json
from redactor.review.clips import REVIEW_FOLDER
from redactor.review.entries import Lot
from redactor.review.gathering import gather
from redactor.review.opening import opened_review
from redactor.review.store import ReviewStore
from redactor.runfolder import RunFolder, open_run_folder
from redactor.runthrough import record_of, settings_of
from redactor.settings import Settings


def review_certificate(
    out: Path, *, private: Path | None, lot: str | None, to: Path | None, as_json: bool
) -> int:
    """Write what a review shows, as a page and as JSON, and put its digest on record.

    Parameters
    ----------
    lot : str, optional
        Id, or its beginning, of the lot; the one drawn last otherwise.
    to : pathlib.Path, optional
        Folder; ``private/review`` otherwise.

    Returns
    -------
    int
        0 if the wish of the draw is shown, else 1.

    Raises
    ------
    UsageError
        If nothing was drawn, or no such lot.
    StoreError
        If a file cannot be written, or the record is not what it was when the lot was frozen.
    """
    folder = open_run_folder(out, private=private)
    settings = settings_of(folder)
    with opened_review(folder) as store:
        chosen = _lot(store, lot)
        _check_record(folder, chosen, settings)
        facts = gather(folder, store, chosen)
    document = assess(facts)
    data = to_json(document)
    target = (to or folder.private / REVIEW_FOLDER) / f"certificate-{chosen.id[:16]}"
    try:
        write_atomic(target.with_suffix(".json"), data, mode=0o600)
        write_atomic(target.with_suffix(".html"), to_html(document).encode(), mode=0o600)
    except OSError as error:
        raise StoreError(
            f"{str(target)!r} cannot be written: {error.strerror}; name another folder with --to"
        ) from None
    shown = bool(document["claim"]["shown"])
    record_of(folder, settings).certified(chosen.id, hashlib.sha256(data).hexdigest(), shown=shown)
    if as_json:
        print(data.decode())
    print(document["claim"]["statement"], file=sys.stderr)
    if facts.num_waiting:
        print(
            "who heard a clip first cannot be its second reviewer; invite one with `redactor review invite`",
            file=sys.stderr,
        )
    print(f"written to {str(target)!r} as .html and .json", file=sys.stderr)
    return 0 if shown else 1


def _lot(store: ReviewStore, wanted: str | None) -> Lot:
    lots = store.lots()
    fitting = [lot for lot in lots if wanted is None or lot.id.startswith(wanted)]
    if not fitting or (wanted is not None and len(fitting) > 1):
        known = ", ".join(lot.id[:16] for lot in lots) or "none"
        raise UsageError(f"name one lot that was drawn from: {known}")
    return fitting[-1]


def _check_record(folder: RunFolder, lot: Lot, settings: Settings) -> None:
    """The record has to hold what the draw was made from, up to its own head."""
    key = load_signing_key(signing_key_beside(settings.key_file), create=False).public
    frozen = Head.from_document(dict(lot.head), where="the lot")
    for head in (frozen, read_head(head_file(folder.audit))):
        if not verify(folder.audit, public_key=key, head=head).fits:
            raise StoreError(
                f"the record {str(folder.audit)!r} does not fit its signed heads, so no certificate was made; "
                "`redactor audit verify` tells more"
            )
