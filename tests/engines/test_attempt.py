"""One attempt at a recording, whatever goes wrong in it; then commit and mark, in that order."""

import errno
import json
import pickle
import resource
import signal
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest
from stage_stand_ins import (
    GOOD,
    NAME,
    POLICY,
    SECRET,
    Stage,
    Verifier,
    files_below,
    outputs_of,
    record_of,
    write_recording,
)

from redactor import pipeline
from redactor.engines import base
from redactor.engines.base import Job, Outcome, attempt, refused, settle
from redactor.errors import QuarantineError, RecordingError, StoreError
from redactor.identity import RunIdentity
from redactor.ledger import Ledger, State
from redactor.pipeline import Tools
from redactor.runfolder import create_run_folder
from redactor.runthrough import REFUSALS
from redactor.types import Origin, TimeSpan

NAME_OF_JOB = "ab" * 16
IDENTITY = RunIdentity("d1", {"policy": {"name": "test"}})


@pytest.fixture
def recording(tmp_path):
    return write_recording(tmp_path / "in.wav")


@pytest.fixture
def folder(tmp_path):
    return create_run_folder(tmp_path / "out", private=None)


@pytest.fixture
def ledger(folder):
    with closing(Ledger(folder.ledger)) as opened:
        opened.add([NAME_OF_JOB])
        yield opened


def run(recording, folder, *, transcript=GOOD, found=(NAME,), verifier=None, reviewed=(), within=None):
    tools = Tools(Stage(transcript), Stage(found), verifier or Verifier(), POLICY)
    job = Job(NAME_OF_JOB, recording, reviewed=reviewed, within=within)
    return attempt(job, tools, release=folder.release, keep_names=False, provenance=IDENTITY.provenance)


def settled(outcome, folder, ledger):
    return settle(
        outcome, folder=folder, ledger=ledger, record=record_of(folder), identity=IDENTITY
    )


def raising(error):
    def call(*_, **__):
        raise error

    return call


def test_a_link_that_came_in_place_of_an_input_is_not_followed_out_of_its_folder(recording, folder, tmp_path):
    (tmp_path / "tree").mkdir()
    link = tmp_path / "tree" / "call.wav"
    link.symlink_to(recording)
    outcome = run(link, folder, within=tmp_path / "tree")
    assert (outcome.state, outcome.stage, outcome.reason) == (State.FAILED, "decode", "link-out-of-tree")
    assert outcome.detail == REFUSALS["link-out-of-tree"]
    assert files_below(folder.release) == []
    assert run(link, folder).state is run(link, folder, within=tmp_path).state is State.DONE


# Where each stage gets its work done; the two models are handed in.
STAGES = [
    ("decode", "open_recording"),
    ("transcribe", "check_transcript"),
    ("detect", "check_found"),
    ("align", "align"),
    ("redact", "redact_text"),
    ("redact", "muted"),
    ("write", "report"),
    ("verify", "round_record"),
]
ERRORS = [
    ValueError(SECRET),
    UnicodeDecodeError("utf-8", SECRET.encode(), 0, 1, SECRET),
    AssertionError(SECRET),
]


@pytest.mark.parametrize(("stage", "function"), STAGES, ids=str)
@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
def test_what_any_stage_raises_is_told_by_kind_and_place_alone(
    recording, folder, monkeypatch, stage, function, error
):
    monkeypatch.setattr(pipeline, function, raising(error))
    outcome = run(recording, folder)
    assert (outcome.state, outcome.stage, outcome.reason) == (State.QUARANTINED, stage, "stage-failed")
    assert type(error).__name__ in outcome.detail
    assert "test_attempt.py:" in outcome.detail
    assert SECRET not in repr(outcome)
    assert outputs_of(folder) == []


@pytest.mark.parametrize(("stage", "function"), STAGES, ids=str)
def test_what_a_stage_refuses_keeps_its_reason(recording, folder, monkeypatch, stage, function):
    error = QuarantineError(f"{SECRET}.wav is refused", reason="told", detail="refused")
    monkeypatch.setattr(pipeline, function, raising(error))
    outcome = run(recording, folder)
    assert outcome == Outcome(NAME_OF_JOB, State.QUARANTINED, stage=stage, reason="told", detail="refused")
    assert outputs_of(folder) == []


@pytest.mark.parametrize(("stage", "function"), STAGES, ids=str)
def test_memory_that_runs_out_fails_the_recording_in_every_stage(
    recording, folder, monkeypatch, stage, function
):
    monkeypatch.setattr(pipeline, function, raising(MemoryError(SECRET)))
    outcome = run(recording, folder)
    assert (outcome.state, outcome.reason) == (State.FAILED, "out-of-memory")
    assert "--jobs" in outcome.detail
    assert SECRET not in repr(outcome)
    assert outputs_of(folder) == []


@pytest.mark.parametrize(
    "function", ["encode", "fsync_file", "sha256_file"], ids=lambda name: f"in-{name}"
)
def test_a_full_disk_stops_the_run_and_leaves_nothing(recording, folder, monkeypatch, function):
    full = OSError(errno.ENOSPC, "No space left on device", SECRET)
    monkeypatch.setattr(f"redactor.staging.{function}", raising(full))
    with pytest.raises(StoreError, match="No space left on device") as caught:
        run(recording, folder)
    assert SECRET not in str(caught.value)
    assert outputs_of(folder) == []


@contextmanager
def largest_file(num_bytes):
    """The system's own refusal to write, wherever in the attempt it comes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("num_bytes", [0, 100, 5_000, 32_000])
def test_a_disk_that_takes_only_so_much_stops_the_run_and_leaves_nothing(recording, folder, num_bytes):
    with largest_file(num_bytes), pytest.raises(StoreError, match="File too large"):
        run(recording, folder)
    assert outputs_of(folder) == []


def test_an_interruption_leaves_nothing(recording, folder, monkeypatch):
    monkeypatch.setattr(pipeline, "report", raising(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        run(recording, folder)
    assert outputs_of(folder) == []


def test_nothing_has_its_name_before_it_is_settled(recording, folder):
    outcome = run(recording, folder)
    staged = files_below(folder.staging)
    assert len(staged) == 5
    assert {folder.staging / file.temporary for file in outcome.files} == set(staged)
    assert files_below(folder.release) == []


def test_nothing_is_in_the_release_while_the_check_is_at_work(recording, folder):
    """Not even for a moment: whoever copies the folder would take along what the check is about to mute."""
    seen = []

    class Looks(Verifier):
        def check(self, claim, **named):
            seen.append((len(files_below(folder.staging)), list(folder.release.iterdir())))
            return super().check(claim, **named)

    assert run(recording, folder, verifier=Looks()).state is State.DONE
    assert seen == [(5, [])]


def test_an_outcome_crosses_between_processes(recording, folder):
    outcome = run(recording, folder)
    assert pickle.loads(pickle.dumps(outcome)) == outcome


def test_what_is_settled_has_its_name_and_its_row(recording, folder, ledger):
    outcome = run(recording, folder)
    row = settled(outcome, folder, ledger)
    assert ledger.row(NAME_OF_JOB) == row
    assert (row.state, row.verdict, row.run_identity) == (State.DONE, "passed", "d1")
    assert (row.duration, row.input_sha256) == (2.0, outcome.input_sha256)
    assert row.identity == IDENTITY.of_job(row.input_sha256)
    shard = NAME_OF_JOB[:2]
    assert [file.path for file in row.files] == [
        f"audio/{shard}/{NAME_OF_JOB}.wav",
        f"reports/{shard}/{NAME_OF_JOB}.json",
        *(f"transcripts/{shard}/{NAME_OF_JOB}.{ending}" for ending in ("json", "vtt", "txt")),
    ]
    released = [str(path.relative_to(folder.release)) for path in files_below(folder.release)]
    assert released == sorted(file.path for file in row.files)


def test_what_is_refused_has_a_row_without_files_and_without_a_verdict(folder, ledger):
    error = RecordingError(f"{SECRET}.wav is no good", reason="told", detail="no good")
    row = settled(refused(NAME_OF_JOB, error), folder, ledger)
    assert (row.state, row.reason, row.detail, row.verdict) == (State.FAILED, "told", "no good", None)
    assert (row.files, row.identity, outputs_of(folder)) == ((), None, [])
    assert ledger.row(NAME_OF_JOB) == row


def test_the_ledger_says_done_only_after_the_files_have_their_names(recording, folder, ledger, monkeypatch):
    seen = []

    def finish(row):
        seen.append(all((folder.release / file.path).is_file() for file in row.files))

    outcome = run(recording, folder)
    monkeypatch.setattr(ledger, "finish", finish)
    settled(outcome, folder, ledger)
    assert seen == [True]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device", SECRET), StoreError("no")])
def test_files_that_cannot_get_their_names_stop_the_run_unlisted(
    recording, folder, ledger, monkeypatch, error
):
    outcome = run(recording, folder)
    monkeypatch.setattr("redactor.staging.fsync_dir", raising(error))
    with pytest.raises(StoreError) as caught:
        settled(outcome, folder, ledger)
    assert SECRET not in str(caught.value)
    assert ledger.row(NAME_OF_JOB).state is State.PENDING
    assert list(ledger.listed_files()) == []


def test_a_staged_file_that_vanished_stops_the_run_unlisted(recording, folder, ledger):
    outcome = run(recording, folder)
    files_below(folder.staging)[0].unlink()
    with pytest.raises(StoreError, match="No such file"):
        settled(outcome, folder, ledger)
    assert list(ledger.listed_files()) == []


def test_the_stand_ins_reach_what_attempt_calls():
    assert base.redact_recording is pipeline.redact_recording


def test_a_recording_without_a_verdict_is_not_released(recording, folder, ledger):
    outcome = replace(run(recording, folder), verdict=None)
    row = settled(outcome, folder, ledger)
    assert (row.state, row.reason, row.files) == (State.QUARANTINED, "no-verdict", ())
    assert outputs_of(folder) == []


def _swap(path):
    path.write_bytes(path.read_bytes()[::-1])


def _link(path):
    path.rename(path.with_suffix(".moved"))
    path.symlink_to(path.with_suffix(".moved"))


@pytest.mark.parametrize("meddle", [_swap, _link])
@pytest.mark.parametrize("which", range(5))
def test_a_file_that_is_changed_between_check_and_release_is_held_back(
    recording, folder, ledger, meddle, which
):
    outcome = run(recording, folder)
    meddle(folder.staging / outcome.files[which].temporary)
    row = settled(outcome, folder, ledger)
    assert (row.state, row.stage, row.reason) == (State.QUARANTINED, "commit", "changed-before-release")
    assert [path for path in outputs_of(folder) if path.suffix != ".moved"] == []


def test_what_is_settled_is_on_record_before_the_ledger_says_so(recording, folder, ledger, monkeypatch):
    outcome = run(recording, folder)
    monkeypatch.setattr(Ledger, "finish", raising(StoreError("no space left")))
    with pytest.raises(StoreError):
        settled(outcome, folder, ledger)
    event = json.loads(folder.audit.read_text().splitlines()[-1])
    assert event["event"] == "recording" and event["fields"]["id"] == NAME_OF_JOB
    assert event["fields"]["outputs"] == [file.released.sha256 for file in outcome.files]
    assert outcome.input_sha256 not in folder.audit.read_text()


FOUND = TimeSpan(1.6, 1.9, (), ("PERSON",), Origin.REVIEWED)


def test_what_people_found_is_part_of_the_identity_of_what_is_settled(recording, folder, ledger):
    ledger.add_reviewed(NAME_OF_JOB, [FOUND])
    outcome = run(recording, folder, reviewed=ledger.reviewed(NAME_OF_JOB))
    row = settled(outcome, folder, ledger)
    assert row.state is State.DONE
    assert row.identity == IDENTITY.of_job(row.input_sha256, [FOUND]) != IDENTITY.of_job(row.input_sha256)


def test_a_file_in_which_what_people_found_is_not_muted_is_held_back(recording, folder, ledger):
    outcome = run(recording, folder)
    ledger.add_reviewed(NAME_OF_JOB, [FOUND])
    row = settled(outcome, folder, ledger)
    assert (row.state, row.reason, row.files) == (State.QUARANTINED, "review-not-muted", ())
    assert outputs_of(folder) == []
