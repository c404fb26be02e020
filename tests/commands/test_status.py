"""``redactor status``: where recordings stand, and why those that are not released are not."""

import json
from contextlib import closing

import pytest

from redactor.commands.status import status
from redactor.identity import RunIdentity
from redactor.ledger import Ledger, Row, State
from redactor.review.entries import Finding, Stage
from redactor.review.store import STORE_NAME, ReviewStore, insert_findings
from redactor.runfolder import create_run_folder, locked
from redactor.runs import Archive
from redactor.types import Origin, TimeSpan

NOW = RunIdentity("now", {})


@pytest.fixture
def out(tmp_path):
    """Two of another policy, one that is as it was, one in which somebody heard something, a new one."""
    folder = create_run_folder(tmp_path / "out")
    with closing(Archive(folder, key_file=tmp_path / "key", keep_names=False)) as archive:
        for name, run in (("aa", "before"), ("ab", "before"), ("ba", "now"), ("ca", "now")):
            archive.ledger.finish(Row(name, State.DONE, run_identity=run, input_sha256="s"))
        archive.ledger.add_reviewed("ca", [TimeSpan(0.0, 1.0, (0,), ("PERSON",), Origin.REVIEWED)])
        archive.reconcile(NOW)
        archive.ledger.add(["da"])
    return folder.out


def said(out, capsys, *, as_json=False):
    code = status(out, private=None, as_json=as_json)
    return code, capsys.readouterr()


def test_why_recordings_are_pending_is_said_with_the_next_step(out, capsys):
    code, told = said(out, capsys)
    assert code == 1
    assert told.out.splitlines()[0] == "4 pending, 1 done"
    assert [line.split(": ")[:2] for line in told.out.splitlines()[2:]] == [
        ["2 pending", "other-settings"], ["1 pending", "reviewed"], ["1 pending", "not-reached"],
    ]  # fmt: skip
    assert told.err == f"to release them: run again with their INPUT, or redactor retry {out}\n"


def test_a_script_gets_the_same(out, capsys):
    code, told = said(out, capsys, as_json=True)
    assert code == 1
    pending = json.loads(told.out)["pending"]
    assert [(row["reason"], row["recordings"]) for row in pending] == [
        ("other-settings", 2), ("reviewed", 1), ("not-reached", 1),
    ]  # fmt: skip
    assert all(len(row["detail"]) > 20 for row in pending)


def test_nothing_is_said_where_nothing_is_pending(tmp_path, capsys):
    folder = create_run_folder(tmp_path / "out")
    with closing(Ledger(folder.ledger)) as ledger:
        ledger.finish(Row("aa", State.DONE))
    code, told = said(folder.out, capsys)
    assert (code, told.err) == (0, "")
    assert "pending" not in told.out


def test_what_a_killed_run_had_in_hand_is_pending_with_a_reason(out, capsys):
    with closing(Ledger(create_run_folder(out).ledger)) as ledger:
        ledger.lease(["ab", "da"])
    code, told = said(out, capsys)
    assert code == 1
    assert told.out.splitlines()[0] == "4 pending, 1 done"
    assert "1 pending: not-reached: a run was stopped before it was done" in told.out
    states = json.loads(said(out, capsys, as_json=True)[1].out)["states"]
    assert (states["pending"], states["running"]) == (4, 0)


def test_while_a_run_is_at_work_it_is_not_said_to_be_stopped(out, capsys):
    folder = create_run_folder(out)
    with closing(Ledger(folder.ledger)) as ledger:
        ledger.lease(["ab"])
    with locked(folder):
        code, told = said(out, capsys)
        document = json.loads(said(out, capsys, as_json=True)[1].out)
    assert code == 1
    assert told.out.splitlines()[0] == "3 pending, 1 running, 1 done"
    assert "1 pending: not-reached: a run is at work and has yet to come to it" in told.out
    assert told.err == "a run, or another command, is at work on this folder now\n"
    assert (document["at_work"], document["states"]["running"]) == (True, 1)


@pytest.fixture
def reviewed(tmp_path):
    """One that is released, and two findings in it that nobody has followed up."""
    folder = create_run_folder(tmp_path / "out")
    with closing(Ledger(folder.ledger)) as ledger:
        ledger.finish(Row("aa", State.DONE))
    with closing(ReviewStore(folder.private / STORE_NAME)) as store, store.transaction() as db:
        found = [Finding(f"f{n}", "item", "r1", "aa", n, n + 1.0, "PERSON", Stage.FOUND) for n in range(2)]
        insert_findings(db, found)
    return folder


def test_what_a_reviewer_found_and_nobody_followed_up_is_said_with_the_next_step(reviewed, capsys):
    code, told = said(reviewed.out, capsys)
    assert code == 1
    assert told.out.splitlines()[2:] == ["1 to be withdrawn: 2 findings: a person heard something in it"]
    assert told.err == f"to withdraw and mute what was found: redactor review apply {reviewed.out}\n"
    code, told = said(reviewed.out, capsys, as_json=True)
    assert (code, json.loads(told.out)["open_findings"]) == (1, 2)


@pytest.mark.parametrize("stage", [Stage.WITHDRAWN, Stage.SETTLED])
def test_what_was_followed_up_is_not_said_again(reviewed, capsys, stage):
    with closing(ReviewStore(reviewed.private / STORE_NAME)) as store:
        store.set_stage(["f0", "f1"], stage)
    code, told = said(reviewed.out, capsys)
    assert (code, told.err) == (0, "")
    assert json.loads(said(reviewed.out, capsys, as_json=True)[1].out)["open_findings"] == 0
