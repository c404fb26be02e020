"""One recording: attempt -> commit -> mark, once for every engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redactor.audio.originals import Original
from redactor.errors import QuarantineError, RecordingError
from redactor.identity import RunIdentity
from redactor.ledger import Ledger, Row, State
from redactor.pipeline import VERDICTS, Tools, redact_recording
from redactor.record import Record
from redactor.runfolder import RunFolder
from redactor.staging import StagedFile, Staging, commit, discard
from redactor.types import TimeSpan


@dataclass(frozen=True)
class Job:
    """One recording to work on.

    Attributes
    ----------
    name : str
        Opaque NAME.
    path : pathlib.Path
        Input, read only.
    num_bytes : int
        Its size when the run was planned; 0 where nobody knows.
    reviewed : tuple of TimeSpan
        What people heard in it that is to be muted.
    within : pathlib.Path or None
        As in :class:`redactor.audio.originals.Original`.
    """

    name: str
    path: Path
    num_bytes: int = 0
    reviewed: tuple[TimeSpan, ...] = ()
    within: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """What an attempt came to; crosses from a worker to the parent.

    Attributes
    ----------
    name : str
    state : State
        DONE (staged, not yet released), FAILED or QUARANTINED.
    input_sha256 : str or None
    duration, muted : float or None
        Seconds.
    stage, reason, detail : str or None
        Without any text of the recording or name of its file.
    verdict : str or None
        Of the independent check.
    account : mapping or None
        What it saw; types and times.
    files : tuple of StagedFile
    reviewed : tuple of TimeSpan
        Of the job: what people heard, muted here too.
    """

    name: str
    state: State
    input_sha256: str | None = None
    duration: float | None = None
    muted: float | None = None
    stage: str | None = None
    reason: str | None = None
    detail: str | None = None
    verdict: str | None = None
    account: Mapping[str, Any] | None = None
    files: tuple[StagedFile, ...] = field(default=())
    reviewed: tuple[TimeSpan, ...] = ()


def attempt(
    job: Job, tools: Tools, *, release: Path, keep_names: bool, provenance: Mapping[str, Any]
) -> Outcome:
    """Work on one recording and stage its outputs; a bad recording is an outcome, not an error.

    Raises
    ------
    StoreError
        If an output cannot be written: no other recording would fare better.
    """
    staging = Staging(release, job.name, keep_names=keep_names)
    try:
        about, file = {"name": job.name, **provenance}, Original(job.path, job.within)
        done = redact_recording(file, tools, staging, about=about, reviewed=job.reviewed)
    except RecordingError as error:
        staging.discard()
        return refused(job.name, error)
    except MemoryError:
        staging.discard()
        return refused(job.name, RecordingError(_OUT_OF_MEMORY, reason="out-of-memory"))
    except BaseException:
        staging.discard()
        raise
    return Outcome(
        name=job.name,
        state=State.DONE,
        input_sha256=done.input_sha256,
        duration=done.duration,
        muted=done.muted,
        verdict=done.verdict,
        account=done.account,
        files=staging.files,
        reviewed=job.reviewed,
    )


_OUT_OF_MEMORY = "memory ran out while it was worked on; split it, or run with fewer --jobs"


def refused(name: str, error: RecordingError) -> Outcome:
    """The outcome of a recording that is not to be released."""
    return Outcome(
        name=name,
        state=State(error.state),
        stage=error.stage,
        reason=error.reason,
        detail=error.detail,
        account=error.account,
    )


def settle(
    outcome: Outcome, *, folder: RunFolder, ledger: Ledger, record: Record, identity: RunIdentity
) -> Row:
    """Commit what is staged, put it on record, mark the row.

    In that order: what the ledger calls released is on record, and its files are those that were checked.
    """
    try:
        if outcome.state is State.DONE and outcome.verdict not in VERDICTS:
            discard(folder.release, outcome.files)
            raise QuarantineError("the check gave no verdict; report this", reason="no-verdict")
        if outcome.state is State.DONE and outcome.reviewed != ledger.reviewed(outcome.name):
            discard(folder.release, outcome.files)
            raise QuarantineError(
                "what people found in it is not what was muted; `redactor retry --quarantined`, and report "
                "this if it stays",
                reason="review-not-muted",
            )
        released = commit(folder.release, outcome.files, name=outcome.name)
    except QuarantineError as error:
        outcome, released = refused(outcome.name, error), ()
    row = Row(
        name=outcome.name,
        state=outcome.state,
        run_identity=identity.digest,
        identity=identity.of_job(outcome.input_sha256, outcome.reviewed) if outcome.input_sha256 else None,
        input_sha256=outcome.input_sha256,
        stage=outcome.stage,
        reason=outcome.reason,
        detail=outcome.detail,
        duration=outcome.duration,
        muted=outcome.muted,
        verdict=outcome.verdict,
        files=released,
        provenance=identity.provenance,
        account=outcome.account,
    )
    record.settled(row)
    ledger.finish(row)
    return row
