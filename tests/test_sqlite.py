"""Any number of connections, in any number of processes, see one store."""

import subprocess
import sys
from contextlib import closing

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
