"""What lies in OUT, in private/ and among a user's settings, made to do harm: an error of ours, at once."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from run_in_process import install, redactor, snapshot
from stage_stand_ins import write_recording

from redactor import model_entries, model_hub
from redactor.config import load_policy
from redactor.errors import ModelError, RedactorError, StoreError, UsageError
from redactor.known_runs import known_runs, remember
from redactor.model_registry import resolve
from redactor.names import load_key
from redactor.runfolder import RunFolder, create_run_folder, open_run_folder
from redactor.settings import Settings

pytestmark = pytest.mark.long

quick = settings(
    max_examples=200, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
DEEP = "[" * 50_000
SETTINGS = Settings(load_policy("standard"), "base", "cpu", None, 1, Path("/keys/names.key"), False)
STORED = json.loads(SETTINGS.to_json())
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


# --- settings of the last run


def test_settings_come_back_as_they_were():
    found = Settings.from_json(SETTINGS.to_json())
    assert (found.policy.digest, found.key_file) == (SETTINGS.policy.digest, SETTINGS.key_file)


@quick
@given(st.text(max_size=50) | json_values.map(json.dumps))
def test_settings_that_are_none_are_a_store_error(text):
    with pytest.raises(StoreError, match="damaged in the ledger"):
        Settings.from_json(text)


@quick
@given(st.sampled_from([*sorted(STORED), "another"]), json_values)
def test_a_setting_of_any_kind_is_one_or_an_error(key, value):
    try:
        found = Settings.from_json(json.dumps({**STORED, key: value}))
    except RedactorError:
        return
    assert isinstance(found.to_json(), str)


@pytest.mark.parametrize(
    "text",
    [
        DEEP,
        *(json.dumps({k: v for k, v in STORED.items() if k != missing}) for missing in STORED),
        json.dumps({**STORED, "num_workers": 0}),
        json.dumps({**STORED, "threads": True}),
        json.dumps({**STORED, "policy": "\ud800"}),
    ],
    ids=lambda text: text[:20],
)
def test_damaged_settings_are_a_store_error(text):
    with pytest.raises(StoreError, match="damaged in the ledger"):
        Settings.from_json(text)


# --- keys, run folders that are known, pointers to private folders


@quick
@given(st.binary(max_size=80) | st.sampled_from([b"0" * 64 + b"\n", b"0" * 64, "٠".encode() * 64]))
def test_bytes_of_any_kind_are_a_key_or_a_usage_error(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.key"
    path.write_bytes(data)
    try:
        assert len(load_key(path, create=True)) == 32
    except UsageError:
        assert path.read_bytes() == data


def zeros_without_end(path):
    path.symlink_to("/dev/zero")


def loop(path):
    path.symlink_to(path)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, zeros_without_end, loop])
def test_a_key_file_that_is_no_file_is_refused_at_once(tmp_path, make):
    make(tmp_path / "names.key")
    with pytest.raises(UsageError, match="cannot be read"):
        load_key(tmp_path / "names.key", create=True)


def test_a_key_file_may_have_any_size(tmp_path):
    with (tmp_path / "names.key").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UsageError, match="not a key file"):
        load_key(tmp_path / "names.key", create=False)


@quick
@given(st.binary(max_size=200))
def test_a_list_of_run_folders_may_hold_anything(tmp_path_factory, data):
    home = tmp_path_factory.getbasetemp() / "lists"
    (home / "redactor").mkdir(parents=True, exist_ok=True)
    (home / "redactor" / "runs").write_bytes(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(home))
        assert len(known_runs()) == len({line for line in data.split(b"\0") if line})


def test_a_list_of_run_folders_that_cannot_be_read_is_told_and_stops_no_run(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "redactor" / "runs").mkdir(parents=True)
    with pytest.raises(StoreError, match="name each folder with --out"):
        known_runs()
    remember(RunFolder(Path("/a"), Path("/a/private")))


@pytest.mark.parametrize(
    ("pointer", "message"),
    [
        (b"", "names no folder"),
        (b"a\0b", "names no folder"),
        (b"/a\0b", "names no folder"),
        (b"elsewhere", "names no folder"),
        (b"../elsewhere\n", "names no folder"),
        (b"/" + b"x" * 5_000, "names no folder"),
        (b"/" + b"x" * 300, "cannot be reached"),
        (b"/\xff\xfe", "no ledger"),
        (b"/nowhere\n/elsewhere", "no ledger"),
    ],
)
def test_a_pointer_that_leads_nowhere_is_refused_and_makes_nothing(tmp_path, monkeypatch, pointer, message):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "private-folder.txt").write_bytes(pointer)
    monkeypatch.chdir(tmp_path)
    before = snapshot(tmp_path, without=())
    for use in (open_run_folder, create_run_folder):
        with pytest.raises(UsageError, match=message):
            use(tmp_path / "out")
    assert snapshot(tmp_path, without=()) == before


def test_a_pointer_to_a_folder_of_somebody_else_changes_nothing_there(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "private-folder.txt").write_bytes(os.fsencode(home))
    with pytest.raises(UsageError, match="no ledger"):
        create_run_folder(tmp_path / "out")
    assert (home.stat().st_mode & 0o777, list(home.iterdir())) == (0o755, [])


# --- models


HEAD = "[model.x]\ntask = 'ner'\nlanguages = ['en']\nsource = 'wheel:x'\nlicence = 'a'\nlicence_from = 'b'\n"


@pytest.mark.parametrize(
    "text",
    [
        b"a = " + DEEP.encode(),
        b"model = 1",
        b"model = [1]",
        b"[model]\nx = 1",
        b"\xff",
        b"",
        HEAD.encode() + b"parts = [1]",
        HEAD.encode() + b"parts = [{a = 1}]",
        HEAD.encode() + b"files = 1",
        HEAD.encode() + b"files = {a = 'b'}",
        HEAD.encode() + b"revision = 1979-05-27",
    ],
    ids=lambda text: ascii(text)[-20:],
)
def test_a_registry_that_is_none_is_a_model_error(tmp_path, monkeypatch, text):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "registry.toml").write_bytes(text)
    monkeypatch.setattr(model_entries, "shipped_dir", lambda: tmp_path)
    with pytest.raises(ModelError, match=r"^models/registry\.toml"):
        model_entries.entries()


@pytest.mark.parametrize("text", [DEEP, "[]", "1", '{"a": 1}', '{"a": {"revision": "1", "files": [1]}}', "\0"])
def test_digests_of_a_first_use_that_are_none_are_a_model_error(tmp_path, monkeypatch, text):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = tmp_path / "redactor" / "models" / "first-use.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(ModelError, match=r"first-use\.json"):
        model_hub._first_uses()


@pytest.mark.parametrize("text", [DEEP, "1", "{}", '{"lang": null', "\0"], ids=lambda text: ascii(text)[:12])
@pytest.mark.parametrize(
    ("task", "name"), [("transcribe", "vocabulary.json"), ("ner", "meta.json"), ("tag", "config.json")]
)
def test_a_model_folder_of_a_persons_own_is_one_or_a_model_error(tmp_path, task, name, text):
    (tmp_path / "model.bin").touch()
    (tmp_path / name).write_text(text)
    try:
        assert resolve(str(tmp_path), task=task).path == tmp_path
    except ModelError as error:
        assert len(str(error)) < 2_000


# --- commands over all that


@pytest.fixture
def place(tmp_path, monkeypatch):
    install(monkeypatch, tmp_path / "home")
    (tmp_path / "archive").mkdir()
    (tmp_path / "keys").mkdir()
    write_recording(tmp_path / "archive" / "call.wav")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(place, *options, key="keys/names.key"):
    return redactor("run", *options, "--out", place / "out", "--key-file", place / key, "--", place / "archive")


COMMANDS = [("status",), ("status", "--json"), ("retry",), ("forget", "call.wav", "--out")]


@pytest.mark.parametrize("name", ["ledger.sqlite3", "inputs.sqlite3"])
def test_a_store_that_was_altered_is_used_or_refused(place, name):
    assert run(place).code == 0
    whole = (place / "out" / "private" / name).read_bytes()
    outside = snapshot(place, without=(place / "out", place / "home", place / "keys"))
    kept = place / "kept"
    shutil.copytree(place / "out", kept)

    @settings(parent=quick, max_examples=30)
    @given(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.binary(max_size=40)), min_size=1, max_size=5))
    def altered(steps):
        data = bytearray(whole)
        for at, new in steps:
            data[at : at + len(new)] = new
        shutil.rmtree(place / "out")
        shutil.copytree(kept, place / "out")
        (place / "out" / "private" / name).write_bytes(data)
        for words in COMMANDS:
            redactor(*words, place / "out")

    altered()
    shutil.rmtree(kept)
    assert snapshot(place, without=(place / "out", place / "home", place / "keys")) == outside


@pytest.mark.parametrize("value", ["", "{", DEEP, "[]", '{"key_file": 1}'], ids=lambda value: value[:10])
@pytest.mark.parametrize("key", ["settings", "keep_names", "key_fingerprint"])
def test_a_setting_of_the_ledger_that_was_altered_is_refused(place, key, value):
    assert run(place).code == 0
    with closing(sqlite3.connect(place / "out" / "private" / "ledger.sqlite3")) as db, db:
        db.execute("UPDATE setting SET value = ? WHERE key = ?", (value, key))
    for words in COMMANDS:
        redactor(*words, place / "out")


@pytest.mark.parametrize("make", [os.mkfifo, zeros_without_end])
def test_a_released_recording_in_whose_place_something_else_stands_is_not_waited_for(place, make):
    path = place / "archive" / "call.wav"
    words = ("run", "--out", place / "out", "--key-file", place / "keys" / "names.key", path)
    assert redactor(*words).code == 0
    path.unlink()
    make(path)
    assert redactor(*words).code == 1
    assert not list((place / "out" / "release").glob("audio/*/*"))


@pytest.mark.parametrize(
    "words",
    [
        ("status", "x" * 300),
        ("status", "x/" * 3_000),
        ("retry", "x" * 300),
        ("forget", "caf\udce9.wav", "--out", "out"),
        ("forget", "x" * 300, "--out", "out"),
        ("run", "x" * 300, "--out", "elsewhere"),
        ("run", "loop.wav", "--out", "elsewhere", "--key-file", "keys/names.key"),
        ("run", "archive", "--out", "x" * 300),
        ("run", "archive", "--out", "loop.wav"),
        ("run", "archive", "--out", "elsewhere", "--private", "x" * 300),
        ("run", "archive", "--out", "elsewhere", "--private", "loop.wav"),
        ("run", "archive", "--out", "elsewhere", "--key-file", "fifo"),
        ("run", "archive", "--out", "elsewhere", "--key-file", "x" * 300),
        ("run", "archive", "--out", "elsewhere", "--policy", "fifo"),
        ("run", "archive", "--out", "elsewhere", "--policy", "./fifo.toml"),
        ("run", "archive", "--out", "elsewhere", "--policy", "x" * 300 + ".toml"),
        ("policy", "show", "caf\udce9.toml"),
        ("policy", "show", "./fifo.toml"),
        ("policy", "show", "x" * 300 + ".toml"),
    ],
    ids=lambda words: ascii(" ".join(words))[:50],
)
def test_a_path_that_nobody_can_use_is_told_and_waited_for_by_nobody(place, words):
    assert run(place).code == 0
    os.mkfifo(place / "fifo")
    os.mkfifo(place / "fifo.toml")
    (place / "loop.wav").symlink_to("loop.wav")
    (place / "caf\udce9.toml").write_bytes(b"[entities]\nPERSON = 0.5\n")
    redactor(*words)
