"""Recordings of a run redacted once more for one request: by its policy, with what its subject may keep."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from redactor.anew import redact_anew
from redactor.errors import StoreError, UsageError
from redactor.export.entries import CatalogEntry
from redactor.files import fsync_dir, make_private_dir
from redactor.keep import Keep
from redactor.ledger import Row, State
from redactor.names import load_key
from redactor.pipeline import PASSED
from redactor.policy import Policy
from redactor.runfolder import RunFolder, locked
from redactor.runs import Archive
from redactor.runthrough import last_settings
from redactor.settings import Prepared, prepare

EXPORT_FOLDER = "export"
REDACTED_FOLDER = "redacted"
SUBJECT = "subject"
_REQUEST = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def redaction_folder(folder: RunFolder, request: str) -> Path:
    """Where the recordings that are redacted anew for a request lie: a run folder of its own.

    Raises
    ------
    UsageError
        If the id is none.
    """
    if not _REQUEST.fullmatch(request):
        raise UsageError("that is no id of a request; `redactor export list` shows them")
    return folder.private / EXPORT_FOLDER / request / REDACTED_FOLDER


def redact_for(
    archive: Archive, request: str, names: Collection[str], *, policy: Policy, keep: Keep | None = None
) -> dict[str, Row]:
    """Redact recordings of a run once more, for one request, and listen to every one of them again.

    Use it while holding the archive's folder. What was done before and would be the same is not done again;
    what the request no longer names, or the run no longer releases, is removed here too.

    Parameters
    ----------
    archive : Archive
        Of the run; nothing of it changes.
    request : str
        Id; names the folder.
    names : collection of str
    policy : Policy
    keep : Keep, optional
        What of the subject's own stays audible. It is written nowhere; by a digest that needs the key of names,
        what was redacted with it is told from what was not.

    Returns
    -------
    dict of str to Row
        By NAME in order, only what the run releases now, of the same input, and what passed the check here.

    Raises
    ------
    UsageError, ModelError, StoreError
        If it cannot be done.
    """
    if archive.keep_names:
        raise UsageError(
            "this run kept the names of its inputs, which tell who speaks; run without --keep-names to export"
        )
    place = redaction_folder(archive.folder, request)
    inputs = _released(archive, names)
    if not inputs:
        remove_redactions(archive.folder, request)
        return {}
    settings = last_settings(archive.ledger, archive.folder.out)
    prepared = prepare(replace(settings, policy=replace(policy, verify=replace(policy.verify, share=1.0))))
    if keep is not None:
        prepared = _keeping(prepared, keep, request, inputs)
    make_private_dir(place.parents[1])
    make_private_dir(place.parent)
    rows = redact_anew(archive, place, sorted(inputs), prepared)
    return {row.name: row for row in rows if row.verdict == PASSED and row.input_sha256 == inputs.get(row.name)}


def remove_redactions(folder: RunFolder, request: str) -> None:
    """Erase what was redacted anew for a request.

    Raises
    ------
    UsageError
        If the id is none.
    StoreError
        If it is being written, or cannot be removed.
    """
    place = redaction_folder(folder, request)
    try:
        if place.is_symlink():
            place.unlink()
        elif place.is_dir():
            private = place / "private"
            if private.is_dir():
                with locked(RunFolder(place, private)):
                    shutil.rmtree(place)
            else:
                shutil.rmtree(place)
        else:
            return
        fsync_dir(place.parent)
    except OSError as error:
        raise StoreError(
            f"what was redacted for a request cannot be removed: {error.strerror}; remove {str(place)!r}"
        ) from None


def keepable(entry: CatalogEntry | None, num_channels: int) -> str | None:
    """Why nothing of the subject's own may be kept in a recording, as a slug; None where it may.

    Parameters
    ----------
    entry : CatalogEntry or None
    num_channels : int
        Of the recording.
    """
    if entry is None:
        return "not-catalogued"
    if num_channels < 2:
        return "mixed-channel"
    theirs = [channel for channel, role in entry.roles.items() if role == SUBJECT]
    if not theirs:
        return "no-subject-channel"
    if len(theirs) > 1:
        return "several-subject-channels"
    return None if 0 <= theirs[0] < num_channels else "no-such-channel"


def subject_channel(entry: CatalogEntry) -> int:
    """The channel of the subject, where :func:`keepable` has nothing to say."""
    (channel,) = (channel for channel, role in entry.roles.items() if role == SUBJECT)
    return channel


def _released(archive: Archive, names: Collection[str]) -> dict[str, str]:
    """By NAME the digest of the input, of what the run releases: what it holds back stays back."""
    rows = (archive.ledger.row(name) for name in names if archive.inputs.get(name) is not None)
    return {row.name: row.input_sha256 for row in rows if row and row.state is State.DONE and row.input_sha256}


def _keeping(prepared: Prepared, keep: Keep, request: str, names: Collection[str]) -> Prepared:
    """With what is to be kept; its results are other ones than without, and than with anything else."""
    keep = replace(keep, channels={name: c for name, c in keep.channels.items() if name in names})
    key = load_key(prepared.settings.key_file, create=False)
    digest = keep.digest(key, request, prepared.identity.digest)
    return replace(prepared, keep=keep, identity=replace(prepared.identity, digest=digest))
