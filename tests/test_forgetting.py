"""A recording goes from a run folder inside another one, and what can be heard of it goes first."""

import sqlite3
from contextlib import closing

import pytest

from redactor.errors import StoreError
from redactor.forgetting import forget_in
from redactor.ledger import InputMap, Ledger, Origin, Row, State
from redactor.runfolder import create_run_folder
from redactor.types import ReleasedFile


@pytest.fixture
def folder(tmp_path):
    """Two recordings, aa and bb, with a released file each."""
    made = create_run_folder(tmp_path / "made")
    with closing(Ledger(made.ledger)) as ledger, closing(InputMap(made.inputs)) as inputs:
        for name in ("aa", "bb"):
            made.release_path(f"{name}.wav").write_bytes(b"redacted")
            files = (ReleasedFile(f"{name}.wav", "0" * 64, 8),)
            ledger.finish(Row(name, State.DONE, input_sha256=f"digest-of-{name}", files=files))
            inputs.put({name: Origin(f"file:///in/{name}.wav", f"{name}.wav", "")})
    made.manifest.touch()
    return made


def left(folder):
    """Names of released files, states, and whose inputs are known."""
    with closing(Ledger(folder.ledger)) as ledger, closing(InputMap(folder.inputs)) as inputs:
        states = {row.name: row.state.value for row in ledger.rows()}
        known = [name for name, _ in inputs.items()]
    return sorted(path.name for path in folder.release.iterdir()), states, known


def test_it_goes_and_no_other(folder):
    forget_in(folder, "aa")
    assert left(folder) == (["bb.wav"], {"aa": "forgotten", "bb": "done"}, ["bb"])
    stores = b"".join(path.read_bytes() for path in folder.private.glob("*.sqlite3*"))
    assert b"aa.wav" not in stores and b"digest-of-aa" not in stores and b"digest-of-bb" in stores


@pytest.mark.parametrize("store", ["ledger", "inputs"])
def test_what_can_be_heard_is_gone_while_somebody_reads_a_store(folder, store, monkeypatch):
    monkeypatch.setattr("redactor.sqlite._BUSY_TIMEOUT_S", 0.0)
    with closing(sqlite3.connect(getattr(folder, store), isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM sqlite_master").fetchone()
        with pytest.raises(StoreError, match="not gone"):
            forget_in(folder, "aa")
        assert left(folder)[0] == ["bb.wav"]
    forget_in(folder, "aa")
    assert left(folder) == (["bb.wav"], {"aa": "forgotten", "bb": "done"}, ["bb"])
