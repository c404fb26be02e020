"""``redactor review search``."""

from __future__ import annotations

import json
import secrets
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from redactor.errors import UsageError
from redactor.review.entries import Finding, Stage
from redactor.review.search import Cost, Hit, finding_span, plan_search, search_value
from redactor.review.store import STORE_NAME, ReviewStore, insert_findings
from redactor.review.withdraw import withdraw_all
from redactor.runfolder import RunFolder, locked, open_run_folder
from redactor.runs import Archive
from redactor.runthrough import settings_of
from redactor.settings import prepare
from redactor.types import Seconds, TimeSpan


def review_search(
    out: Path,
    *,
    name: str,
    start: Seconds,
    end: Seconds,
    entity_type: str,
    channel: int | None = None,
    private: Path | None,
    yes: bool,
    as_json: bool,
    finding: Finding | None = None,
) -> int:
    """Say what it takes to search the release for what was said under a finding; with `yes`, search it.

    Where it is said again, the recording is withdrawn.

    Parameters
    ----------
    out : pathlib.Path
    name : str
        NAME of the recording with the finding.
    start, end : float
        Seconds.
    entity_type : str
        A type, or "OTHER".
    channel : int, optional
        Where it was heard; all channels otherwise.
    private : pathlib.Path or None
    yes : bool
    as_json : bool
    finding : Finding, optional
        What is searched for, of a review; where it is said again is a finding of this review too.
    """
    folder = open_run_folder(out, private=private)
    span = finding_span(start, end, entity_type, channel=channel)
    cost = plan_search(folder, name, span)
    _say_cost(cost)
    if not yes:
        print("nothing was searched yet; the same command with --yes does it", file=sys.stderr)
        if as_json:
            print(json.dumps({"cost": _rounded(cost)}))
        return 0
    hits = _searched(folder, name, span, finding)
    _say_hits(hits, folder, as_json=as_json)
    if as_json:
        withdrawn = sorted({hit.name for hit in hits})
        told = [{**asdict(hit), "score": round(hit.score, 3)} for hit in hits]
        print(json.dumps({"cost": _rounded(cost), "hits": told, "withdrawn": withdrawn}))
    return 0


def review_search_finding(
    out: Path, *, finding: str, private: Path | None, yes: bool, as_json: bool
) -> int:
    """As :func:`review_search`, for a finding of a review by its id.

    Raises
    ------
    UsageError
        If there is no such finding.
    """
    folder = open_run_folder(out, private=private)
    found = None
    if (folder.private / STORE_NAME).is_file():
        with closing(ReviewStore(folder.private / STORE_NAME)) as store:
            found = store.finding(finding)
    if found is None:
        raise UsageError("no reviewer found anything of this id; the operator's page lists findings")
    return review_search(
        out,
        name=found.name,
        start=found.start,
        end=found.end,
        entity_type=found.type,
        private=private,
        yes=yes,
        as_json=as_json,
        finding=found,
    )


def _searched(folder: RunFolder, name: str, span: TimeSpan, finding: Finding | None) -> Sequence[Hit]:
    settings = settings_of(folder)
    prepared = prepare(settings)
    with (
        locked(folder),
        closing(Archive(folder, key_file=settings.key_file, keep_names=settings.keep_names)) as archive,
    ):
        hits = search_value(archive, prepared, name, span)
        by_name = defaultdict(list)
        for hit in hits:
            by_name[hit.name].append(hit.span)
        with _kept(folder, hits, finding):
            withdraw_all(archive, by_name)
    return hits


@contextmanager
def _kept(folder: RunFolder, hits: Sequence[Hit], finding: Finding | None) -> Iterator[None]:
    """Findings of the review first, for its numbers; whoever serves it goes on with them if this is killed."""
    if finding is None:
        yield
        return
    found = [
        replace(finding, id=secrets.token_hex(16), name=h.name, start=h.start, end=h.end, stage=Stage.FOUND)
        for h in hits
    ]
    with closing(ReviewStore(folder.private / STORE_NAME)) as store:
        with store.transaction() as db:
            insert_findings(db, found)
        yield
        store.set_stage([each.id for each in found], Stage.WITHDRAWN)


def _say_cost(cost: Cost) -> None:
    print(
        f"{cost.original_s:.0f} s of the original are heard again and {cost.transcripts} transcripts "
        f"({cost.audio_s / 3600:.1f} h of audio) are read: about {max(cost.estimated_s / 60, 0.1):.1f} min on "
        "one CPU core",
        file=sys.stderr,
    )
    if cost.transcripts < cost.recordings:
        print(
            f"{cost.recordings - cost.transcripts} of {cost.recordings} released recordings have no transcript "
            "in JSON and cannot be searched",
            file=sys.stderr,
        )


def _say_hits(hits: Sequence[Hit], folder: RunFolder, *, as_json: bool) -> None:
    for hit in hits:
        line = (
            f"{hit.name} channel {hit.channel}: {hit.start:.2f} to {hit.end:.2f} s, {hit.entity_type}, "
            f"score {hit.score:.2f}"
        )
        print(line, file=sys.stderr if as_json else sys.stdout)
    num_recordings = len({hit.name for hit in hits})
    told = f"{len(hits)} places in {num_recordings} recordings"
    if hits:
        told += f", now withdrawn; `redactor review apply {folder.out}` mutes them and releases them again"
    print(told, file=sys.stderr)


def _rounded(cost: Cost) -> dict[str, float]:
    return {key: round(value, 1) for key, value in asdict(cost).items()}
