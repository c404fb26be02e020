"""Every run folder of this user is known, so that a recording can be forgotten everywhere."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from redactor.known_runs import known_runs, remember
from redactor.runfolder import RunFolder


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "redactor"


def folder(out):
    return RunFolder(Path(out), Path(out) / "private")


def test_nothing_is_known_at_first(settings):
    assert known_runs() == []
    assert not settings.exists()


def test_run_folders_are_noted_once_and_in_order(settings):
    for out in ("/b", "/a", "/b", "/c"):
        remember(folder(out))
    assert known_runs() == [Path("/b"), Path("/a"), Path("/c")]


def test_a_relative_place_is_noted_as_where_it_is(settings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    remember(folder("out"))
    remember(folder(tmp_path / "out"))
    assert known_runs() == [tmp_path / "out"]


def test_places_of_any_bytes_come_back(settings):
    places = [Path(os.fsdecode(b"/\xff\n")), Path("/with space "), Path("/Zoë")]
    for place in places:
        remember(folder(place))
    assert known_runs() == places


def test_the_list_is_for_its_owner_alone(settings):
    before = os.umask(0)
    try:
        remember(folder("/a"))
    finally:
        os.umask(before)
    assert settings.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in settings.iterdir()} == {"runs": 0o600}


def test_runs_that_start_together_are_all_known(settings):
    code = (
        "import sys; from pathlib import Path; from redactor.known_runs import *\n"
        "out = Path(sys.argv[1]); remember(RunFolder(out, out))"
    )
    started = [subprocess.Popen([sys.executable, "-c", code, f"/run{index}"]) for index in range(3)]
    assert [process.wait() for process in started] == [0] * 3
    assert {path.name for path in known_runs()} == {f"run{index}" for index in range(3)}


def test_a_run_that_is_noted_while_another_is_does_not_vanish(settings, monkeypatch):
    """Between looking and writing of the second run, the first writes."""
    from redactor import known_runs as module

    really = module.make_private_dir

    def make_private_dir(path):
        monkeypatch.setattr(module, "make_private_dir", really)
        remember(folder("/first"))
        really(path)

    monkeypatch.setattr(module, "make_private_dir", make_private_dir)
    remember(folder("/second"))
    assert set(known_runs()) == {Path("/first"), Path("/second")}


def test_a_note_that_was_cut_short_spoils_no_other(settings):
    remember(folder("/first"))
    with (settings / "runs").open("ab") as stream:
        stream.write(b"/half-writ")
    remember(folder("/second"))
    assert {Path("/first"), Path("/second")} <= set(known_runs())


def test_settings_that_cannot_be_written_do_not_stop_a_run(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    remember(folder("/a"))


def test_a_list_that_cannot_be_read_does_not_stop_a_run(settings):
    (settings / "runs").mkdir(parents=True)
    remember(folder("/a"))
