"""The ledger is the truth, and the map of names is the only place that knows inputs."""

import math
import os
import sqlite3
import struct
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from urllib.parse import quote

import pytest

from redactor import sqlite as stores
from redactor.errors import StoreError
from redactor.ledger import InputMap, Ledger, Origin, Row, State
from redactor.types import Origin as Why
from redactor.types import ReleasedFile, TimeSpan

URI = "file:///calls/mr-secret-0170-555.wav"
SECRET = Origin(URI, "mr-secret-0170-555.wav", "4711:0815", "file:///in")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.sqlite3"


@pytest.fixture
def ledger(path):
    with closing(Ledger(path)) as opened:
        yield opened


@pytest.fixture
def inputs(tmp_path):
    with closing(InputMap(tmp_path / "inputs.sqlite3")) as opened:
        yield opened


def done(name):
    file = ReleasedFile(f"audio/{name[:2]}/{name}.wav", "0" * 64, 12)
    return Row(
        name, State.DONE, run_identity="r", identity="i", input_sha256="s", duration=2.0, muted=0.5,
        verdict="unchecked", files=(file,), provenance={"policy": {"name": "p"}},
    )  # fmt: skip


def states(ledger):
    return {row.name: row.state.value for row in ledger.rows()}


@pytest.mark.parametrize(
    "row",
    [
        done("ab"),
        Row("ab", State.QUARANTINED, stage="detect", reason="nonsense", detail="why", provenance={"a": 1}),
        Row("ab", State.FAILED, reason="empty-file", provenance={}),
    ],
)
def test_a_row_comes_back_as_it_was_written(path, row):
    with closing(Ledger(path)) as ledger:
        ledger.finish(Row("ab", State.DONE, reason="of before", verdict="of before"))
        ledger.finish(row)
        assert ledger.row("ab") == row
    with closing(Ledger(path)) as again:
        assert list(again.rows()) == [row]


def test_what_is_written_outlives_the_death_of_the_process(path, ledger):
    code = (
        "import os, sys; from pathlib import Path; from redactor.ledger import *\n"
        "ledger = Ledger(Path(sys.argv[1])); ledger.add(['ab', 'cd']); ledger.lease(['ab'])\n"
        "ledger.finish(Row('cd', State.DONE)); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code, path]).returncode == -9
    assert states(ledger) == {"ab": "running", "cd": "done"}


def test_an_unknown_name_has_no_row(ledger):
    assert ledger.row("ab") is None
    assert list(ledger.rows()) == []


def test_adding_a_known_name_changes_nothing(ledger):
    ledger.finish(done("ab"))
    ledger.add(["ab", "cd", "cd"])
    assert states(ledger) == {"ab": "done", "cd": "pending"}
    assert ledger.row("ab") == done("ab")


def test_rows_come_in_order_of_name_and_by_state(ledger):
    ledger.add(["c", "B", "a", "ä"])
    ledger.lease(["a"])
    ledger.finish(Row("c", State.FAILED))
    assert [row.name for row in ledger.rows()] == ["B", "a", "c", "ä"]
    assert [row.name for row in ledger.rows(State.RUNNING, State.FAILED)] == ["a", "c"]
    assert [row.name for row in ledger.rows(State.DONE)] == []


def test_more_rows_than_a_batch_are_all_seen(ledger):
    names = [f"{index:04}" for index in range(2001)]
    ledger.add(reversed(names))
    assert [row.name for row in ledger.rows()] == names


def test_every_state_is_counted(ledger):
    for index, state in enumerate(State):
        for copy in range(index):
            ledger.finish(Row(f"{state}{copy}", state))
    assert ledger.counts() == {state: index for index, state in enumerate(State)}


def test_what_was_running_is_pending_again_and_nothing_else(ledger):
    ledger.add(["ab", "cd", "ef"])
    ledger.finish(done("zz"))
    ledger.lease(["ab", "cd"])
    ledger.give_back(["ab", "ef", "zz", "unknown"])
    assert states(ledger) == {"ab": "pending", "cd": "running", "ef": "pending", "zz": "done"}
    ledger.give_back([])
    assert states(ledger)["cd"] == "running"
    ledger.give_back()
    assert states(ledger) == {"ab": "pending", "cd": "pending", "ef": "pending", "zz": "done"}


def test_only_done_rows_list_files_and_a_withdrawn_one_lists_none(ledger):
    ledger.finish(done("ab"))
    ledger.finish(done("cd"))
    ledger.finish(done("ef"))
    ledger.lease(["ef"])
    ledger.reset(["ab"])
    assert list(ledger.listed_files()) == ["audio/cd/cd.wav"]
    assert ledger.row("ab") == Row("ab", State.PENDING, provenance={})


def test_settings_are_kept_and_replaced(path, ledger):
    assert ledger.setting("policy") is None
    ledger.set_setting("policy", "a")
    ledger.set_setting("policy", "b")
    with closing(Ledger(path)) as again:
        assert again.setting("policy") == "b"


def test_a_transaction_is_whole_or_not_there(path, ledger):
    def names():
        yield "ab"
        raise KeyboardInterrupt

    ledger.finish(done("ab"))
    with pytest.raises(KeyboardInterrupt):
        ledger.reset(names())
    assert ledger.row("ab") == done("ab")
    ledger.add(["cd"])  # and the ledger can be used on


def test_files_are_for_the_owner_alone(tmp_path, ledger, inputs):
    before = os.umask(0)
    try:
        with closing(Ledger(tmp_path / "made-with-umask-0")) as wide:
            wide.add(["ab"])
            ledger.add(["ab"])
            inputs.put({"ab": SECRET})
            found = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert set(found.values()) == {0o600}
    assert len(found) == 9  # with -wal and -shm of each


def test_origins_come_back_and_are_replaced(inputs):
    inputs.put({"b": SECRET, "a": SECRET})
    other = Origin("file:///%FF.wav", quote(b"\xff\n.wav"), "")
    inputs.put({"b": other})
    assert inputs.get("b") == other
    assert list(inputs.items()) == [("a", SECRET), ("b", other)]
    inputs.drop(["a", "unknown"])
    assert inputs.get("a") is None


def bytes_in(folder):
    return b"".join(path.read_bytes() for path in folder.iterdir())


def test_forgetting_leaves_no_byte_of_the_input(tmp_path, ledger, inputs):
    inputs.put({f"{index:03}": Origin(f"file:///x{index}", "x", "") for index in range(200)})
    inputs.put({"ab": SECRET})
    ledger.finish(done("ab"))
    assert b"secret" in bytes_in(tmp_path)
    inputs.forget("ab")
    ledger.forget("ab")
    ledger.scrub()
    assert inputs.get("ab") is None
    assert inputs.get("007") is not None
    assert ledger.row("ab") == Row("ab", State.FORGOTTEN, provenance={})
    left = bytes_in(tmp_path)
    for erased in (b"secret", b"0170", b"4711:0815", b"ab.wav"):
        assert erased not in left


def test_an_origin_that_was_replaced_leaves_no_byte_once_forgotten(tmp_path, inputs):
    for index in range(50):
        inputs.put({"ab": Origin(f"{URI}{index}", "r" * index * 50, "")})
    inputs.forget("ab")
    assert b"secret" not in bytes_in(tmp_path)


def test_what_is_taken_out_of_the_map_is_overwritten_when_it_is_closed(tmp_path):
    with closing(InputMap(tmp_path / "inputs.sqlite3")) as inputs:
        inputs.put({"ab": SECRET, "cd": Origin("file:///x", "x", "")})
    with closing(InputMap(tmp_path / "inputs.sqlite3")) as inputs:
        inputs.drop(["ab"])
    assert b"secret" not in bytes_in(tmp_path)


@pytest.mark.parametrize("is_log_empty", [False, True])
def test_what_another_process_still_reads_is_not_called_erased_and_stays_known(
    tmp_path, monkeypatch, is_log_empty
):
    monkeypatch.setattr(stores, "_BUSY_TIMEOUT_S", 0.0)
    path = tmp_path / "inputs.sqlite3"
    with closing(InputMap(path)) as inputs:
        inputs.put({"ab": SECRET})
        if is_log_empty:
            inputs.forget("cd")
        with closing(sqlite3.connect(path)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM input").fetchone()
            for _ in range(2):
                with pytest.raises(StoreError, match="not gone.*end that process") as caught:
                    inputs.forget("ab")
                assert "secret" not in str(caught.value)
                assert inputs.get("ab") == SECRET
        inputs.forget("ab")
        assert inputs.get("ab") is None
        assert b"secret" not in bytes_in(tmp_path)


def test_forgetting_an_unknown_name_keeps_it_out(ledger):
    ledger.forget("ab")
    ledger.add(["ab"])
    assert states(ledger) == {"ab": "forgotten"}


def damage_page(path):
    with closing(Ledger(path)) as ledger:
        ledger.add(f"{index:060}" for index in range(500))
    data = bytearray(path.read_bytes())
    data[4096 * 3 : 4096 * 5] = b"\xa5" * 8192
    path.write_bytes(data)


def of_version(path, version):
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {version}")


def of_others(path):
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE job (secret TEXT)")
        database.execute("INSERT INTO job VALUES ('mr-secret')")
        database.commit()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.write_bytes(b"mr-secret is not a database" * 100), "cannot be used.*restore"),
        (lambda path: of_version(path, 99), "newer version.*use that version"),
        (lambda path: path.mkdir(), "cannot be used.*check the disk"),
        (lambda path: path.symlink_to("gone/away"), "cannot be used"),
        (damage_page, "cannot be used.*restore"),
        (of_others, "cannot be used"),
    ],
)
def test_a_store_that_cannot_be_trusted_stops_the_run(path, damage, message):
    damage(path)
    with pytest.raises(StoreError, match=message) as caught:
        Ledger(path)
    assert "mr-secret" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__cause__ is None


def test_a_newer_store_is_left_as_it_was(path):
    of_version(path, 99)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="store 99, known 3"):
        Ledger(path)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (99,)
        assert database.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    assert before[100:] == path.read_bytes()[100:]


def test_a_ledger_of_the_version_before_is_brought_up_to_date(path):
    old = ROW_COLUMNS_OF_VERSION_1
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
        database.execute(f"CREATE TABLE job ({old})")
        database.execute("INSERT INTO job (name, state, verdict) VALUES ('n1', 'done', 'unchecked')")
        database.execute("PRAGMA user_version = 1")
        database.commit()
    for _ in range(2):
        with closing(Ledger(path)) as ledger:
            row = ledger.row("n1")
            assert (row.state, row.verdict, row.account) == (State.DONE, "unchecked", None)
            ledger.finish(replace(row, account={"check": []}))
            assert ledger.row("n1").account == {"check": []}
            ledger.finish(row)


def test_a_ledger_of_version_2_keeps_its_rows_and_takes_findings(path):
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
        account = "account TEXT NOT NULL DEFAULT '{}'"
        database.execute(f"CREATE TABLE job ({ROW_COLUMNS_OF_VERSION_1}, {account})")
        database.execute("INSERT INTO job (name, state, verdict) VALUES ('n1', 'done', 'passed')")
        database.execute("PRAGMA user_version = 2")
        database.commit()
    for _ in range(2):
        with closing(Ledger(path)) as ledger:
            assert (ledger.row("n1").state, ledger.row("n1").verdict) == (State.DONE, "passed")
            ledger.add_reviewed("n1", [marked(1.0, 2.0)])
            assert ledger.reviewed("n1") == (marked(1.0, 2.0),)


def marked(start, end, *types, channels=()):
    return TimeSpan(start, end, channels, types, Why.REVIEWED)


def test_what_people_found_comes_back_in_order_each_once_and_by_type(path, ledger):
    ledger.add_reviewed("b", [marked(1.5, 2.0, "PERSON", channels=(1, 0)), marked(0.1, 0.7)])
    ledger.add_reviewed("b", [marked(0.1, 0.7), marked(0.1, 0.7, "PIN_CODE", "PERSON")])
    ledger.add_reviewed("a", [marked(0.0, 9.0)])
    with closing(Ledger(path)) as again:
        assert again.reviewed("b") == (
            marked(0.1, 0.7), marked(0.1, 0.7, "PERSON"), marked(0.1, 0.7, "PIN_CODE"),
            marked(1.5, 2.0, "PERSON", channels=(0, 1)),
        )  # fmt: skip
        assert again.names_reviewed() == ["a", "b"]
        assert again.reviewed("c") == ()


def test_what_people_found_outlives_a_reset_and_a_result_but_not_an_erasure(tmp_path, ledger):
    ledger.add_reviewed("ab", [marked(1234.5678, 1235.0)])
    ledger.reset(["ab"])
    ledger.finish(done("ab"))
    assert len(ledger.reviewed("ab")) == 1
    ledger.forget("ab")
    ledger.scrub()
    assert ledger.reviewed("ab") == () and ledger.names_reviewed() == []
    assert struct.pack(">d", 1234.5678) not in bytes_in(tmp_path)


@pytest.mark.parametrize(
    "span",
    [
        marked(2.0, 1.0), marked(1.0, 1.0), marked(-0.1, 1.0), marked(math.nan, 1.0), marked(0.0, math.inf),
        marked(0.0, 1.0, "Mr. Secret"), marked(0.0, 1.0, channels=(-1,)), marked(0.0, 1.0, channels=("0",)),
    ],
)  # fmt: skip
def test_a_span_that_cannot_be_is_not_stored_and_its_type_not_quoted(ledger, span):
    with pytest.raises(ValueError, match="a span") as caught:
        ledger.add_reviewed("ab", [marked(0.0, 1.0), span])
    assert "Secret" not in str(caught.value)
    assert ledger.reviewed("ab") == ()


@pytest.mark.parametrize(
    ("column", "value"),
    [('"end"', -1.0), ("channels", "[mr-secret"), ("channels", '["mr-secret"]'), ("type", "MR-SECRET")],
)
def test_a_span_that_cannot_be_read_stops_the_run_without_its_values(path, ledger, column, value):
    ledger.add_reviewed("ab", [marked(0.0, 1.0, "PERSON")])
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"UPDATE reviewed SET {column} = ?", (value,))
        other.commit()
    with pytest.raises(StoreError, match="cannot be used.*restore") as caught:
        ledger.reviewed("ab")
    assert "secret" not in str(caught.value).casefold()


ROW_COLUMNS_OF_VERSION_1 = """name TEXT PRIMARY KEY, state TEXT NOT NULL, run_identity TEXT, identity TEXT,
    input_sha256 TEXT, stage TEXT, reason TEXT, detail TEXT, duration REAL, muted REAL, verdict TEXT,
    files TEXT NOT NULL DEFAULT '[]', provenance TEXT NOT NULL DEFAULT '{}'"""


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("state", "mr-secret"),
        ("files", "[mr-secret"),
        ("files", '[{"path": "mr-secret"}]'),
        ("files", "7"),
        ("provenance", "{mr-secret"),
        ("detail", b"mr-secret \xff"),
    ],
)
def test_a_row_that_cannot_be_read_stops_the_run_without_its_values(path, ledger, column, value):
    ledger.finish(done("ab"))
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"UPDATE job SET {column} = CAST(? AS TEXT)", (value,))
        other.commit()
    for read in (lambda: ledger.row("ab"), lambda: list(ledger.rows())):
        with pytest.raises(StoreError, match="cannot be used.*restore") as caught:
            read()
        assert "mr-secret" not in str(caught.value)
        assert caught.value.__suppress_context__


def test_a_ledger_that_somebody_else_writes_to_says_so(path, ledger, monkeypatch):
    monkeypatch.setattr(stores, "_BUSY_TIMEOUT_S", 0.05)
    with closing(Ledger(path)) as impatient, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="SQLITE_BUSY"):
            impatient.add(["ab"])
        other.rollback()
        impatient.add(["ab"])
