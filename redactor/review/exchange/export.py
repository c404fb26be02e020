"""Clips on their way to another tool: assigned, copied, and described."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from redactor.errors import StoreError, UsageError
from redactor.review.entries import Item
from redactor.review.exchange.clips import Clip, clip_of
from redactor.review.exchange.folders import copy_verified, new_folder, write_private
from redactor.review.exchange.formats import Format, files_for
from redactor.review.exchange.handout import Handout, hand_out, take_back
from redactor.review.store import ReviewStore
from redactor.runfolder import RunFolder
from redactor.types import Seconds

# Label Studio serves files below its own root under this, see https://labelstud.io/guide/storage#Local-storage
_LOCAL_FILES = "/data/local-files/?d="
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ENDING = re.compile(r"\.[a-z0-9]{1,8}")


@dataclass(frozen=True)
class Order:
    """What is to be written.

    Attributes
    ----------
    lot : str
    reviewer : str
        Who is to hear it.
    form : Format
    to : pathlib.Path
        A folder that is not there.
    audio_prefix : str or None
        Of the clips' URLs in Label Studio; its local files by default.
    """

    lot: str
    reviewer: str
    form: Format
    to: Path
    audio_prefix: str | None = None


@dataclass(frozen=True)
class Exported:
    """What was handed out.

    Attributes
    ----------
    num_clips : int
    num_new : int
        Of them, those that were not this reviewer's before.
    num_gone : int
        Open ones that are not what was drawn any more (withdrawn, or redacted anew); nobody gets them.
    seconds : float
        Of audio.
    """

    num_clips: int
    num_new: int
    num_gone: int
    seconds: Seconds


def write_tasks(store: ReviewStore, folder: RunFolder, order: Order) -> Exported:
    """Assign what is open in a lot to a reviewer, and write it for their tool; all of it or nothing.

    Raises
    ------
    UsageError
        If the order cannot be carried out: no such lot or reviewer, nothing open, something in its place.
    StoreError
        If the run folder holds what cannot be, or the folder cannot be written.
    """
    _check(store, folder, order)
    with _handed_out(store, order) as handout, new_folder(order.to) as draft:
        clips = [clip for item in handout.items if (clip := _put(item, folder, draft)) is not None]
        if not clips:
            raise UsageError(
                "nothing is open for this reviewer in this lot; `redactor review sample` draws another one"
            )
        for name, data in files_for(order.form, clips, audio_prefix=_prefix(order)).items():
            write_private(draft / name, data)
    written = {clip.id for clip in clips}
    gone = [item.id for item in handout.items if item.id not in written]
    take_back(store, handout.new & set(gone), reviewer=order.reviewer)
    return Exported(len(clips), len(handout.new & written), len(gone), sum(clip.duration for clip in clips))


@contextmanager
def _handed_out(store: ReviewStore, order: Order) -> Iterator[Handout]:
    """Assigned first, so that nothing lies in a folder that another reviewer may get; undone if it fails."""
    handout = hand_out(store, lot=order.lot, reviewer=order.reviewer)
    try:
        yield handout
    except BaseException:
        take_back(store, handout.new, reviewer=order.reviewer)
        raise


def _check(store: ReviewStore, folder: RunFolder, order: Order) -> None:
    if order.audio_prefix is not None and order.form is not Format.LABEL_STUDIO:
        raise UsageError(f"--audio-prefix is for label-studio alone; leave it out with {order.form}")
    if re.search(r"[\s\x00-\x1f\x7f]", order.audio_prefix or ""):
        raise UsageError("--audio-prefix is no beginning of a URL; write it without spaces")
    if order.to.resolve().is_relative_to(folder.release.resolve()):
        raise UsageError(f"{str(order.to)!r} is inside release/, which is for what is released; name another")
    if store.lot(order.lot) is None:
        raise UsageError("there is no such lot in this review; leave --lot out for the newest")


def _put(item: Item, folder: RunFolder, draft: Path) -> Clip | None:
    """Copy an item's audio; None if it is not what was drawn any more."""
    ending = PurePosixPath(item.audio["path"]).suffix
    if not _ID.fullmatch(item.id) or not _ENDING.fullmatch(ending):
        raise StoreError("a clip has an id or a file that redactor does not make; draw a new sample")
    file = f"{item.id}{ending}"
    source = item.audio["root"], item.audio["path"]
    if not copy_verified(folder, *source, sha256=item.audio["sha256"], to=draft / file):
        return None
    return clip_of(item, folder, file)


def _prefix(order: Order) -> str:
    given = order.audio_prefix
    if given is None:
        return f"{_LOCAL_FILES}{quote(order.to.absolute().name)}/"
    return given if given.endswith(("/", "=")) else f"{given}/"


def newest_lot(store: ReviewStore) -> str:
    """Id of the lot that was drawn last.

    Raises
    ------
    UsageError
        If there is none.
    """
    lots = store.lots()
    if not lots:
        raise UsageError("nothing was drawn for review yet; use `redactor review sample`")
    return lots[-1].id
