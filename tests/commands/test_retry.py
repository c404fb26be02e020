"""``redactor retry``: from anywhere, with the settings of the last run, and nothing lost where it cannot."""

from contextlib import closing

import pytest

from redactor.commands import run as module
from redactor.config import load_policy
from redactor.errors import ModelError
from redactor.ledger import Ledger, Row, State
from redactor.runfolder import create_run_folder
from redactor.settings import Settings


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A run folder in which one recording has failed, of a model of the user's own."""
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    settings = Settings(load_policy("standard"), "mine", "cpu", 1, 1, tmp_path / "key", False)
    with closing(Ledger(create_run_folder(tmp_path / "out").ledger)) as ledger:
        ledger.set_setting("settings", settings.to_json())
        ledger.finish(Row("a" * 32, State.FAILED, reason="empty-file", detail="the file is empty"))
    return tmp_path


def retry(place, monkeypatch):
    """The settings with which it is tried, which cannot be."""
    tried = []

    def prepare(settings):
        tried.append(settings)
        raise ModelError("not here")

    monkeypatch.setattr(module, "prepare", prepare)
    with pytest.raises(ModelError):
        module.retry(place / "out", private=None, quarantined=False, as_json=False, verbose=False)
    return tried[0]


def test_why_a_recording_failed_is_known_still_where_the_retry_cannot_go_on(place, monkeypatch):
    retry(place, monkeypatch)
    with closing(Ledger(place / "out" / "private" / "ledger.sqlite3")) as ledger:
        row = ledger.row("a" * 32)
    assert (row.state, row.reason) == (State.FAILED, "empty-file")


def test_a_model_of_ones_own_is_found_from_another_working_directory(place, monkeypatch):
    monkeypatch.chdir("/")
    assert retry(place, monkeypatch).model == str(place / "mine")


@pytest.mark.parametrize(("name", "kept"), [("tiny.en", "tiny.en"), ("nowhere", "nowhere")])
def test_a_name_of_the_registry_stays_one(place, name, kept):
    (place / "tiny.en").mkdir()
    settings = Settings(load_policy("standard"), name, "cpu", 1, 1, place / "key", False)
    assert Settings.from_json(settings.to_json()).model == kept
