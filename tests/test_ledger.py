"""The ledger is the truth, and the map of names is the only place that knows inputs."""

import sqlite3
from contextlib import closing

import pytest

from redactor.errors import StoreError
from redactor.ledger import InputMap, Ledger, Origin, Row, State
from redactor.types import ReleasedFile

URI = "file:///calls/mr-secret-0170-555.wav"


@pytest.fixture
def ledger(tmp_path):
    with closing(Ledger(tmp_path / "ledger.sqlite3")) as opened:
        yield opened


def done(name):
    file = ReleasedFile(f"audio/{name[:2]}/{name}.wav", "0" * 64, 12)
    return Row(name, State.DONE, run_identity="r", identity="i", duration=2.0, muted=0.5, files=(file,))


def test_a_row_comes_back_as_it_was_written(ledger):
    row = Row("ab", State.QUARANTINED, stage="detect", reason="nonsense", detail="why", provenance={"a": 1})
    ledger.finish(row)
    assert ledger.row("ab") == row


def test_adding_a_known_name_changes_nothing(ledger):
    ledger.finish(done("ab"))
    ledger.add(["ab", "cd"])
    assert [(row.name, row.state) for row in ledger.rows()] == [("ab", State.DONE), ("cd", State.PENDING)]


def test_what_was_running_when_a_run_was_killed_is_pending_again(ledger):
    ledger.add(["ab", "cd", "ef"])
    ledger.lease("ab")
    ledger.lease("cd")
    ledger.give_back(["ab"])
    assert [row.state for row in ledger.rows()] == [State.PENDING, State.RUNNING, State.PENDING]
    ledger.give_back()
    assert ledger.counts()[State.PENDING] == 3


def test_only_done_rows_list_files_and_a_withdrawn_one_lists_none(ledger):
    ledger.finish(done("ab"))
    ledger.finish(done("cd"))
    ledger.reset(["ab"])
    assert list(ledger.listed_files()) == ["audio/cd/cd.wav"]
    assert ledger.row("ab") == Row("ab", State.PENDING, provenance={})


def test_files_are_for_the_owner_alone(tmp_path, ledger):
    ledger.add(["ab"])
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_forgetting_leaves_no_byte_of_the_input(tmp_path, ledger):
    with closing(InputMap(tmp_path / "inputs.sqlite3")) as inputs:
        inputs.put({"ab": Origin(URI, "mr-secret-0170-555.wav", "1:2"), "cd": Origin("file:///x", "x", "")})
        ledger.finish(done("ab"))
        inputs.forget("ab")
        ledger.forget("ab")
        assert inputs.get("ab") is None
        assert inputs.get("cd") is not None
        assert ledger.row("ab") == Row("ab", State.FORGOTTEN, provenance={})
        for path in tmp_path.iterdir():
            assert b"secret" not in path.read_bytes()
            assert b"ab.wav" not in path.read_bytes()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.write_bytes(b"not a database at all, but long enough" * 40), "cannot be used"),
        (lambda path: sqlite3.connect(path).execute("PRAGMA user_version = 99"), "newer version"),
        (lambda path: path.mkdir(), "cannot be used"),
    ],
)
def test_a_store_that_cannot_be_trusted_stops_the_run(tmp_path, damage, message):
    path = tmp_path / "ledger.sqlite3"
    damage(path)
    with pytest.raises(StoreError, match=message):
        Ledger(path)
