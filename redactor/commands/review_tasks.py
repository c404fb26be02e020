"""``redactor review tasks``: clips to another tool, and what was said of them back."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from redactor.errors import LockedError, UsageError
from redactor.review.comments import Search, policy_search
from redactor.review.consequences import withdraw_open_findings
from redactor.review.entries import Finding
from redactor.review.exchange.export import Order, newest_lot, write_tasks
from redactor.review.exchange.formats import Format
from redactor.review.exchange.intake import Imported, read_verdicts
from redactor.review.opening import opened_review
from redactor.runfolder import open_run_folder
from redactor.runthrough import record_of, settings_of


def review_tasks_write(
    out: Path,
    *,
    private: Path | None,
    lot: str | None,
    reviewer: str,
    format: str,
    to: Path,
    audio_prefix: str | None,
    as_json: bool,
) -> int:
    """Hand what is open in a lot to a reviewer, as a folder for their tool.

    Parameters
    ----------
    lot : str, optional
        The newest by default.
    reviewer : str
        Id of who is to hear it.
    format : {"label-studio", "audacity", "csv"}
    to : pathlib.Path
        Folder to make.
    audio_prefix : str, optional
        Of the clips' URLs in Label Studio.

    Returns
    -------
    int
        0.

    Raises
    ------
    UsageError
        If an option cannot be used or nothing is open.
    StoreError
        If a folder or store cannot be used.
    """
    form = _format(format)
    folder = open_run_folder(out, private=private)
    with opened_review(folder) as store:
        order = Order(lot or newest_lot(store), reviewer, form, to, audio_prefix)
        done = write_tasks(store, folder, order)
    if as_json:
        document = {
            "folder": str(to),
            "lot": order.lot,
            "reviewer": reviewer,
            "clips": done.num_clips,
            "new": done.num_new,
            "gone": done.num_gone,
            "seconds": round(done.seconds, 3),
        }
        print(json.dumps(document))
    else:
        print(f"{done.num_clips} clips ({done.seconds / 60:.1f} min) for {reviewer} are in {str(to)!r}")
    _note(done.num_clips - done.num_new, "were theirs before and have no verdict yet")
    _note(done.num_gone, "are not what was drawn any more (withdrawn or redacted anew) and were left out")
    return 0


def review_tasks_read(
    out: Path,
    *,
    private: Path | None,
    reviewer: str,
    format: str,
    file: Path,
    as_json: bool,
    comments: Search,
    follow_up: Callable[[Sequence[Finding]], object],
) -> int:
    """Read a reviewer's verdicts out of what their tool exported; all of them or none.

    Parameters
    ----------
    file : pathlib.Path
        For Audacity the folder of the clips, or one label file.
    comments : callable
        Finds personal data in a comment.
    follow_up : callable
        Gets the leaks that are new, once they are stored; none, when nothing is.

    Returns
    -------
    int
        0.

    Raises
    ------
    UsageError
        If the file cannot be what this reviewer's tool exported; nothing is stored.
    StoreError
        If the store cannot be used.
    """
    form = _format(format)
    with opened_review(open_run_folder(out, private=private)) as store:
        done = read_verdicts(store, reviewer=reviewer, form=form, path=file, comments=comments)
    follow_up(done.findings)
    print(json.dumps(_document(done)) if as_json else _sentence(done))
    _note(done.num_known, "were given before, in the same words")
    _note(done.num_erased, "are of recordings that were erased since, and were not stored")
    _note(done.num_comments_cleaned, "had personal data in the comment, which was replaced by its type")
    _note(done.num_marks_left_out, "marks of too much muting were left out, beside a leak in the same clip")
    _note(done.num_open, "clips of this reviewer have no verdict yet")
    return 0


def review_tasks(
    out: Path,
    *,
    private: Path | None,
    lot: str | None,
    reviewer: str,
    format: str,
    to: Path,
    audio_prefix: str | None,
    as_json: bool,
) -> int:
    """As :func:`review_tasks_write`, and on record before anything leaves."""
    folder = open_run_folder(out, private=private)
    with opened_review(folder) as store:
        lot = lot or newest_lot(store)
        settings = settings_of(folder)
        record_of(folder, settings).handed_out(lot, reviewer, format)
    return review_tasks_write(
        out,
        private=private,
        lot=lot,
        reviewer=reviewer,
        format=format,
        to=to,
        audio_prefix=audio_prefix,
        as_json=as_json,
    )


def review_import(
    out: Path, *, private: Path | None, reviewer: str, format: str, file: Path, as_json: bool
) -> int:
    """As :func:`review_tasks_read`; what leaks is withdrawn before this returns.

    Comments are searched with the detector of the policy of the last run.
    """
    folder = open_run_folder(out, private=private)
    policy = settings_of(folder).policy

    def follow_up(_: Sequence[Finding]) -> None:
        try:
            names = withdraw_open_findings(folder)  # also of an earlier call that could not
        except LockedError as error:
            raise LockedError(
                f"the verdicts are stored, what leaks is out of the release; {error}, then import this again"
            ) from None
        _note(len(names), "recordings were withdrawn; `redactor review apply`")

    return review_tasks_read(
        out,
        private=private,
        reviewer=reviewer,
        format=format,
        file=file,
        as_json=as_json,
        comments=policy_search(policy),
        follow_up=follow_up,
    )


def _format(name: str) -> Format:
    try:
        return Format(name)
    except ValueError:
        raise UsageError(f"unknown --format; use {', '.join(Format)}") from None


def _document(done: Imported) -> dict[str, object]:
    return {
        "verdicts": done.num_verdicts,
        "opinions": {opinion.value: number for opinion, number in done.opinions.items()},
        "findings": len(done.findings),
        "known": done.num_known,
        "erased": done.num_erased,
        "open": done.num_open,
        "comments_cleaned": done.num_comments_cleaned,
        "marks_left_out": done.num_marks_left_out,
    }


def _sentence(done: Imported) -> str:
    parts = ", ".join(f"{number} {opinion}" for opinion, number in done.opinions.items() if number)
    return f"{done.num_verdicts} verdicts stored" + (f": {parts}" if parts else "")


def _note(number: int, text: str) -> None:
    if number:
        print(f"{number} {text}", file=sys.stderr)
