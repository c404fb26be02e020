"""Any number of connections, in any number of processes, see one store."""

import subprocess
import sys
from contextlib import closing

from redactor import sqlite
from redactor.sqlite import connect, transaction

STEPS = ("CREATE TABLE word (text TEXT)",)
_OTHER = """
import sys; from contextlib import closing; from pathlib import Path
from redactor.sqlite import connect
with closing(connect(Path(sys.argv[1]), steps=("CREATE TABLE word (text TEXT)",))) as db:
    print([row[0] for row in db.execute("SELECT text FROM word ORDER BY rowid")])
"""


def seen_by_another_process(path):
    return subprocess.run(
        [sys.executable, "-c", _OTHER, path], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_what_is_written_after_another_process_has_looked_is_not_lost(tmp_path):
    path = tmp_path / "store.sqlite3"
    with closing(connect(path, steps=STEPS)) as first, closing(connect(path, steps=STEPS)) as second:
        for number, db in enumerate([first, second, first, second]):
            with transaction(db, path):
                db.execute("INSERT INTO word VALUES (?)", (str(number),))
            assert seen_by_another_process(path) == str([str(n) for n in range(number + 1)])
            assert path.with_name("store.sqlite3-wal").exists()
    assert seen_by_another_process(path) == str(["0", "1", "2", "3"])


def test_two_may_bring_an_old_store_up_to_date_at_once(tmp_path, monkeypatch):
    path, steps = tmp_path / "s.sqlite3", ["CREATE TABLE a (x)", "CREATE TABLE b (x); CREATE TABLE c (x)"]
    connect(path, steps=steps[:1]).close()
    really = sqlite._bring_up_to_date

    def overtaken(*arguments):
        with monkeypatch.context() as patched:
            patched.setattr(sqlite, "_bring_up_to_date", really)
            connect(path, steps=steps).close()
        really(*arguments)

    monkeypatch.setattr(sqlite, "_bring_up_to_date", overtaken)
    with closing(connect(path, steps=steps)) as db:
        tables = {row["name"] for row in db.execute("SELECT name FROM sqlite_master")}
        assert tables == {"a", "b", "c"} and db.execute("PRAGMA user_version").fetchone()[0] == 2
