"""Between the check and the release: files that are swapped, processes that die, results of another time."""

from __future__ import annotations

import json
import os
import shutil
import signal
import warnings
from contextlib import closing
from dataclasses import replace

import pytest
from accident_helpers import (
    IDENTITY,
    NAME,
    SECRETS,
    Flow,
    assert_untold,
    plant_in_muter,
    private_texts,
    samples_of_recording,
    write_recording,
)

from redactor.audit import load_public_key, read_head, verify
from redactor.audit.head import head_file
from redactor.engines import base
from redactor.errors import StoreError
from redactor.inputs import find_inputs
from redactor.ledger import Ledger, State
from redactor.runs import Archive

pytestmark = pytest.mark.long

FILES = ["audio", "reports", "transcripts"]


def staged(flow, part):
    return next(path for path in flow.files() if path.relative_to(flow.folder.staging).parts[0] == part)


# --- a file that is no longer the one that was checked


def by_the_original(path, flow):
    shutil.copy(flow.input, path)


def by_one_other_byte(path, flow):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def by_nothing(path, flow):
    path.write_bytes(b"")


def by_a_link_to_the_same_bytes(path, flow):
    twin = flow.input.parent / "twin"
    path.rename(twin)
    path.symlink_to(twin)


def by_a_link_to_the_original(path, flow):
    path.unlink()
    path.symlink_to(flow.input)


def by_a_link_to_nowhere(path, flow):
    path.unlink()
    path.symlink_to(flow.input.parent / "nowhere")


def by_more_text(path, flow):
    path.write_text(f"{SECRETS[0]}\n")


SWAPS = [
    by_the_original,
    by_one_other_byte,
    by_nothing,
    by_more_text,
    by_a_link_to_the_same_bytes,
    by_a_link_to_the_original,
    by_a_link_to_nowhere,
]


@pytest.mark.parametrize("part", FILES)
@pytest.mark.parametrize("swap", SWAPS, ids=lambda swap: swap.__name__)
def test_a_file_swapped_between_check_and_release_is_held_back(flow, part, swap):
    before = flow.input.read_bytes()
    flow.attempt()
    swap(staged(flow, part), flow)
    flow.settle()
    flow.outcome = None
    flow.assert_held("changed-before-release", stages=("commit",))
    assert flow.input.read_bytes() == before


def test_a_file_swapped_while_it_gets_its_name_is_held_back(flow, monkeypatch):
    """After the first rename, before the digests are compared."""
    really = base.commit
    flow.attempt()

    def commit(release, files, *, name):
        (audio,) = [file for file in files if file.released.path.startswith("audio/")]
        shutil.copy(flow.input, flow.folder.staging / audio.temporary)
        return really(release, files, name=name)

    monkeypatch.setattr(base, "commit", commit)
    flow.settle()
    flow.outcome = None
    flow.assert_held("changed-before-release", stages=("commit",))


@pytest.mark.parametrize("part", FILES)
def test_a_staged_file_that_vanished_stops_the_run(flow, part):
    flow.attempt()
    staged(flow, part).unlink()
    with pytest.raises(StoreError, match="No such file"):
        flow.settle()
    assert flow.ledger.row(NAME).state is State.PENDING
    start_again(flow)
    assert flow.files() == [flow.folder.manifest]


# --- the next start


def start_again(flow, identity=IDENTITY):
    """What every run does first."""
    archive = Archive(flow.folder, key_file=flow.key_file, keep_names=False)
    with closing(archive):
        archive.reconcile(identity)
        return archive.ledger.row(NAME)


def test_a_result_of_another_policy_is_withdrawn_before_anything_is_done(flow):
    assert flow.run().state is State.DONE
    row = start_again(flow, replace(IDENTITY, digest="d2"))
    assert (row.state, row.files) == (State.PENDING, ())
    assert flow.files() == [flow.folder.manifest] and flow.folder.manifest.read_bytes() == b""


def test_a_result_of_the_same_policy_stays(flow):
    """What the test above rests on."""
    assert flow.run().state is State.DONE
    assert start_again(flow).state is State.DONE
    assert len(flow.files()) == 6


def test_an_input_that_changed_under_a_clock_that_went_back_is_not_taken_from_before(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    recording = write_recording(folder / "call.wav")
    flow = Flow(tmp_path)
    archive = Archive(flow.folder, key_file=flow.key_file, keep_names=False)
    with closing(flow.ledger), closing(archive):
        found = find_inputs([str(folder)]).inputs
        (job,) = archive.plan(found, IDENTITY).jobs
        flow.input = recording
        flow.settle(flow.attempt(name=job.name))
        assert archive.plan(found, IDENTITY).jobs == []
        before = recording.stat()
        write_recording(recording, samples_of_recording(seed=9))
        os.utime(recording, ns=(before.st_atime_ns - 10**12, before.st_mtime_ns))
        assert [job.name for job in archive.plan(found, IDENTITY).jobs] == [job.name]
        assert list(archive.ledger.listed_files()) == []
        assert flow.files() == [flow.folder.manifest]


@pytest.mark.parametrize("names", [("call.wav", "call.flac"), ("a b.wav", "a b.ogg", "a b.flac")])
def test_two_recordings_with_one_id_are_both_refused(command, names):
    command.recording.unlink()
    for name in names:
        write_recording(command.inputs / name)
    code, printed = command("--keep-names")
    assert (code, printed["released"], printed["failed"]) == (1, 0, 1)
    assert command.rows() == {State.FAILED: ["same-name"]}
    assert command.attempted == []
    command.assert_nothing_released()


# --- a process that is killed


def killed_in_a_child(work):
    """Run this in a child that has to be killed by it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a fork beside threads; it ends at once
        child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(3)  # it was not killed
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def kill(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)


def after_the_first_rename(monkeypatch):
    from redactor.staging import Path

    really, done = Path.replace, []

    def replace_once(self, target):
        if done:
            kill()
        done.append(target)
        return really(self, target)

    monkeypatch.setattr(Path, "replace", replace_once)


def after_the_last_rename(monkeypatch):
    monkeypatch.setattr("redactor.staging._is_the_checked_one", kill)


def before_the_audit_record(monkeypatch):
    monkeypatch.setattr("redactor.record.Record.settled", kill)


def between_the_record_and_its_head(monkeypatch):
    monkeypatch.setattr("redactor.audit.log.AuditLog._sign", kill)


def before_the_ledger(monkeypatch):
    monkeypatch.setattr(Ledger, "finish", kill)


def within_the_ledgers_transaction(monkeypatch):
    monkeypatch.setattr("redactor.ledger._values", kill)


MOMENTS = [
    after_the_first_rename,
    after_the_last_rename,
    before_the_audit_record,
    between_the_record_and_its_head,
    before_the_ledger,
    within_the_ledgers_transaction,
]


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.__name__)
def test_a_process_killed_between_rename_and_ledger_leaves_nothing_after_the_next_start(
    flow, monkeypatch, moment
):
    flow.attempt()
    flow.ledger.lease([NAME])
    flow.ledger.close()  # a database is not to be carried through a fork

    def settle():
        flow.ledger = Ledger(flow.folder.ledger)
        moment(monkeypatch)
        flow.settle()

    killed_in_a_child(settle)
    assert any(not path.name.startswith(".") for path in flow.files())  # of no row, and under its name
    row = start_again(flow)
    assert (row.state, row.files) == (State.PENDING, ())
    assert flow.files() == [flow.folder.manifest] and flow.folder.manifest.read_bytes() == b""
    assert_untold(*private_texts(flow.folder.private))
    path, key = flow.folder.audit, load_public_key(flow.key_file.with_name("audit.pub"))
    assert verify(path, public_key=key, head=read_head(head_file(path))).fits


# --- a clock that jumps


def test_a_clock_that_goes_back_does_not_let_a_faulty_recording_pass(command, monkeypatch):
    seconds = iter(range(10**6, 0, -1))
    for name in ("time", "monotonic", "perf_counter"):
        monkeypatch.setattr(f"time.{name}", lambda: float(next(seconds)))
    stamps = iter(f"20{year}-01-01T00:00:00.000Z" for year in range(99, 9, -1))
    monkeypatch.setattr("redactor.audit.log.utc_now", lambda: next(stamps))
    monkeypatch.setattr("redactor.audit.head.utc_now", lambda: next(stamps))
    plant_in_muter(monkeypatch, lambda muted, original, runs: original)
    code, printed = command()
    assert (code, printed["quarantined"]) == (1, 1)
    assert command.rows() in ({State.QUARANTINED: ["fill"]}, {State.QUARANTINED: ["residue"]})
    command.assert_nothing_released()
    path, key = command.folder.audit, load_public_key(command.key_file.with_name("audit.pub"))
    verdict = verify(path, public_key=key, head=read_head(head_file(path)))
    assert verdict.fits and verdict.times_back > 0
    states = [json.loads(line)["fields"].get("state") for line in path.read_text().splitlines()]
    assert "quarantined" in states and "done" not in states
