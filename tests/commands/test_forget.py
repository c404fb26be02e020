"""``redactor forget``: one recording at once, more of them after a look at how many; told as it was."""

import json
from contextlib import closing, nullcontext

import pytest

from redactor import cli
from redactor.commands.progress import Progress
from redactor.commands.run import _summarize
from redactor.errors import LockedError, StoreError
from redactor.identity import RunIdentity
from redactor.inputs import find_inputs
from redactor.known_runs import remember
from redactor.ledger import Ledger, State
from redactor.runfolder import create_run_folder, locked
from redactor.runs import Archive, Plan


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Two run folders that know the same three recordings: a.wav, sub/b.wav and sub/c.wav."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "in" / "sub").mkdir(parents=True)
    for name in ("a.wav", "sub/b.wav", "sub/c.wav"):
        (tmp_path / "in" / name).write_bytes(name.encode())
    for out in ("one", "two"):
        made(tmp_path, out)
    return tmp_path


def made(place, out, *, key="key", keep_names=False, inputs="in"):
    folder = create_run_folder(place / out)
    with closing(Archive(folder, key_file=place / key, keep_names=keep_names)) as archive:
        archive.plan(find_inputs([str(place / inputs)]).inputs, RunIdentity("now", {}))
        archive.ledger.set_setting("settings", json.dumps({"key_file": str(place / key)}))
    remember(folder)


@pytest.fixture
def forget(place, capsys):
    """Exit code, document and what is said of `redactor forget`."""

    def forget(*words):
        code = cli.main(["forget", *map(str, words), "--json"])
        told = capsys.readouterr()
        return code, json.loads(told.out), told.err

    return forget


def num_forgotten(place, *outs):
    counts = []
    for out in outs:
        with closing(Ledger(place / out / "private/ledger.sqlite3")) as ledger:
            counts.append(ledger.counts()[State.FORGOTTEN])
    return counts


def names(place, out="one"):
    with closing(Ledger(place / out / "private/ledger.sqlite3")) as ledger:
        return [row.name for row in ledger.rows()]


@pytest.mark.parametrize("by", ["input", "name"])
def test_one_recording_goes_at_once_from_every_folder(place, forget, by):
    target = place / "in/a.wav" if by == "input" else names(place)[0]
    code, document, told = forget(target)
    assert (code, document["run_folders"], document["unknown"], document["to_forget"]) == (0, 2, 0, [])
    assert len(document["forgotten"]) == 1
    assert told == "1 recording forgotten in 2 run folders\n"
    assert num_forgotten(place, "one", "two") == [1, 1]


@pytest.fixture
def half_forgotten(place, forget, monkeypatch):
    """A run folder in which all was to be forgotten while somebody read the ledger, and what was said."""

    def fail(_):
        raise StoreError("another process reads it")

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "scrub", fail)
        code, document, told = forget(place / "in", "--yes", "--out", place / "one")
    assert (code, document["forgotten"], document["not_finished"]) == (2, [], 1)
    return place / "one", told


def test_status_says_that_a_forget_is_not_finished_until_it_is(place, forget, half_forgotten, capsys):
    out, told = half_forgotten
    assert told == f"redactor: forget is not finished in {str(out)!r}: another process reads it\n"
    assert cli.main(["status", str(out), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["half_forgotten"] == 3
    assert cli.main(["status", str(out)]) == 1
    told = capsys.readouterr().out
    assert "3 recordings forgotten, but forget is not finished: " in told
    assert f"redactor forget INPUT|NAME --out {out}, end it once" in told
    assert ".wav" not in told and not any(name in told for name in names(place))
    assert forget(place / "in", "--yes", "--out", out)[0] == 0
    assert cli.main(["status", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["half_forgotten"] == 0


def test_a_later_run_says_that_a_forget_is_not_finished(place, half_forgotten, capsys):
    out, _ = half_forgotten
    with closing(Archive(create_run_folder(out), key_file=place / "key", keep_names=False)) as archive:
        progress = Progress(0, {}, verbose=False)
        assert _summarize(archive, Plan(), [], progress, as_json=True) == 0
        told = capsys.readouterr()
        assert json.loads(told.out)["half_forgotten"] == 3
        assert "3 recordings forgotten, but forget is not finished: " in told.err
        archive.forget(*names(place))
        _summarize(archive, Plan(), [], progress, as_json=True)
    told = capsys.readouterr()
    assert json.loads(told.out)["half_forgotten"] == 0 and "not finished" not in told.err


@pytest.mark.parametrize("several", [["in"], ["in/sub"], ["in/a.wav", "in/sub/b.wav"]], ids=" ".join)
def test_more_than_one_takes_yes(place, forget, several):
    targets = [place / target for target in several]
    number = 3 if several == ["in"] else 2
    code, document, told = forget(*targets)
    assert (code, document["forgotten"], document["run_folders"], document["unknown"]) == (0, [], 2, 0)
    assert len(document["to_forget"]) == number
    assert told == f"{number} recordings to be forgotten with --yes in 2 run folders\n"
    assert num_forgotten(place, "one", "two") == [0, 0]
    code, document, told = forget(*targets, "--yes")
    assert (code, document["to_forget"], len(document["forgotten"])) == (0, [], number)
    assert told == f"{number} recordings forgotten in 2 run folders\n"
    assert num_forgotten(place, "one", "two") == [number, number]


def test_a_folder_of_one_recording_and_one_run_folder_take_no_yes(place, forget):
    forget(place / "in/sub/c.wav")
    code, _, told = forget(place / "in/sub", "--out", place / "one")
    assert (code, told) == (0, "1 recording forgotten in 1 run folder\n")
    assert num_forgotten(place, "one", "two") == [2, 1]


def test_one_recording_under_two_keys_is_one(place, forget):
    made(place, "three", key="other")
    code, document, told = forget(place / "in/a.wav")
    assert (code, len(document["forgotten"])) == (0, 2)
    assert told == "1 recording forgotten in 3 run folders\n"


def test_two_recordings_with_one_kept_name_are_two(place, forget):
    (place / "other").mkdir()
    (place / "other/a.wav").touch()
    made(place, "three", keep_names=True)
    made(place, "four", keep_names=True, inputs="other")
    code, _, told = forget("a")
    assert (code, told) == (0, "2 recordings to be forgotten with --yes in 2 run folders\n")
    assert num_forgotten(place, "three", "four") == [0, 0]


def test_what_is_forgotten_already_is_said_and_not_counted(place, forget):
    target = place / "in/a.wav"
    forget(target)
    code, document, told = forget(target)
    assert (code, document["forgotten"], document["run_folders"], document["unknown"]) == (0, [], 0, 0)
    assert told == "nothing was left to forget: it was forgotten before\n"
    code, document, told = forget(place / "in", "--yes")
    assert (code, len(document["forgotten"])) == (0, 2)
    assert told == "2 recordings forgotten in 2 run folders\n"


def test_a_folder_that_is_forgotten_already_is_not_known_any_more(place, forget):
    forget(place / "in", "--yes")
    code, document, told = forget(place / "in", "--yes")
    assert (code, document["forgotten"], document["unknown"]) == (2, [], 1)
    assert "not known in any of 2 run folders, or forgotten before" in told


def test_an_unknown_target_does_not_keep_the_others(place, forget):
    code, document, told = forget(place / "in/a.wav", place / "in/never.wav")
    assert (code, document["unknown"], len(document["forgotten"])) == (2, 1, 1)
    assert "1 recording forgotten in 2 run folders" in told
    assert "never.wav" in told


def being_worked_on(folder):
    return locked(folder)


def without_its_key(folder):
    folder.out.with_name("other").unlink()
    return nullcontext()


def damaged(folder):
    folder.ledger.write_bytes(b"no database" * 999)
    return nullcontext()


@pytest.mark.parametrize("state", [being_worked_on, without_its_key, damaged], ids=lambda state: state.__name__)
def test_a_folder_that_cannot_be_searched_is_named_and_does_not_keep_the_others(place, forget, state):
    made(place, "three", key="other")
    with state(create_run_folder(place / "three")):
        code, document, told = forget(place / "in/a.wav")
    assert (code, len(document["forgotten"]), document["not_searched"]) == (2, 1, 1)
    assert f"{str(place / 'three')!r} was not searched: " in told
    assert "1 recording forgotten in 2 run folders" in told
    assert num_forgotten(place, "one", "two") == [1, 1]


def test_nothing_is_said_to_be_unknown_where_nothing_was_searched(place, forget):
    with locked(create_run_folder(place / "two")):
        code, document, told = forget(place / "in/a.wav", "--out", place / "two")
    assert (code, document["forgotten"], document["not_searched"]) == (2, [], 1)
    assert "another run is working on" in told and "not known" not in told
    assert num_forgotten(place, "two") == [0]


@pytest.mark.parametrize(
    "error", [LockedError("wait for it"), PermissionError(13, "Permission denied", "a-name.wav")], ids=repr
)
def test_what_fails_in_one_folder_is_said_and_does_not_keep_the_others(place, forget, monkeypatch, error):
    really = Archive.forget

    def fails(archive, *names):
        if archive.folder.out == place / "one":
            raise error
        really(archive, *names)

    with monkeypatch.context() as patched:
        patched.setattr(Archive, "forget", fails)
        code, document, told = forget(place / "in/a.wav")
    assert (code, document["run_folders"], document["not_searched"], document["not_finished"]) == (2, 1, 0, 1)
    assert f"forget is not finished in {str(place / 'one')!r}: " in told and "a-name" not in told
    assert "1 recording forgotten in 1 run folder\n" in told
    assert num_forgotten(place, "one", "two") == [0, 1]
    code, document, told = forget(place / "in/a.wav")
    assert (code, told) == (0, "1 recording forgotten in 1 run folder\n")
