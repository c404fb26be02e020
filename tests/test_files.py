"""Writes are whole or not there, and what is private is private from its first byte."""

import hashlib
import io
import os
import stat
from pathlib import Path

import pytest

from redactor.files import (
    atomic_file,
    make_private_dir,
    remove_drafts,
    sha256_file,
    sha256_stream,
    shipped_dir,
    user_cache_dir,
    user_config_dir,
    write_atomic,
    write_once,
)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_appears_whole_in_folders_that_are_made(tmp_path):
    target = tmp_path / "a" / "b" / "c.bin"
    with atomic_file(target) as stream:
        stream.write(b"half")
        assert not target.exists()
        stream.write(b" and half")
    assert target.read_bytes() == b"half and half"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("before", [None, b"old"])
def test_an_exception_leaves_what_was_there_and_nothing_else(tmp_path, error, before):
    target = tmp_path / "file"
    if before is not None:
        target.write_bytes(before)
    with pytest.raises(error), atomic_file(target) as stream:
        stream.write(b"new")
        stream.flush()
        raise error
    assert [path.read_bytes() for path in tmp_path.iterdir()] == ([before] if before else [])


@pytest.mark.parametrize("step", ["fsync", "fchmod", "rename"])
def test_a_disk_that_fails_late_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, step):
    target = tmp_path / "file"
    target.write_bytes(b"old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        if step == "rename":
            patched.setattr("pathlib.Path.replace", fail)
        else:
            patched.setattr(os, step, fail)
        with pytest.raises(OSError, match="No space"):
            write_atomic(target, b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_bytes_are_synced_before_the_rename_and_the_folder_after_it(tmp_path, monkeypatch):
    target = tmp_path / "file"
    synced = []
    really = os.fsync

    def fsync(descriptor):
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        synced.append((kind, os.fstat(descriptor).st_size if kind == "file" else 0, target.exists()))
        really(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    write_atomic(target, b"123")
    assert synced == [("file", 3, False), ("folder", 0, True)]


@pytest.mark.parametrize(("options", "expected"), [({}, 0o644), ({"mode": 0o600}, 0o600)])
def test_mode_is_what_was_asked_for_whatever_the_umask_and_the_old_file(tmp_path, options, expected):
    target = tmp_path / "file"
    target.touch(0o666)
    before = os.umask(0o027)
    try:
        write_atomic(target, b"x", **options)
    finally:
        os.umask(before)
    assert mode(target) == expected


def test_a_private_file_is_never_wider_while_it_is_written(tmp_path):
    before = os.umask(0)
    try:
        with atomic_file(tmp_path / "file", mode=0o600):
            assert [mode(path) for path in tmp_path.iterdir()] == [0o600]
    finally:
        os.umask(before)


@pytest.mark.parametrize("step", ["fsync", "link"])
def test_what_a_killed_process_left_of_a_secret_goes_once_there_is_one(tmp_path, monkeypatch, step):
    class Killed(BaseException):
        pass

    def killed(*_):
        raise Killed

    def left_as_it_is(*_, **__):
        pass

    key = tmp_path / "deep" / "my.key"
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(os, step, killed)
        patched.setattr(Path, "unlink", left_as_it_is)
        write_once(key, b"first")
    neighbour = key.with_name(".other.key.0a0b0c0d.tmp")
    neighbour.touch()
    assert len(list(key.parent.iterdir())) == 2 and not key.exists()
    assert write_once(key, b"second")
    assert {path.name for path in key.parent.iterdir()} == {"my.key", neighbour.name}


@pytest.mark.parametrize("step", ["fsync", "link"])
def test_a_draft_that_another_process_removed_is_a_race_that_is_lost(tmp_path, monkeypatch, step):
    key, really = tmp_path / "my.key", getattr(os, step)

    def after_the_other(*arguments):
        key.write_bytes(b"theirs")
        remove_drafts(key)
        really(*arguments)

    monkeypatch.setattr(os, step, after_the_other)
    assert not write_once(key, b"mine")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"theirs"]


def test_a_link_in_the_target_is_replaced_and_not_written_through(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"original")
    link = tmp_path / "link"
    link.symlink_to(victim)
    write_atomic(link, b"new")
    assert (victim.read_bytes(), link.is_symlink()) == (b"original", False)


def test_a_private_folder_is_made_narrow_and_narrowed(tmp_path):
    made, wide = tmp_path / "deep" / "made", tmp_path / "wide"
    wide.mkdir()
    wide.chmod(0o755)
    for folder in (made, wide):
        make_private_dir(folder)
        assert mode(folder) == 0o700


@pytest.mark.parametrize("num_bytes", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_digest_is_of_every_byte(tmp_path, num_bytes):
    data = bytes(index % 251 for index in range(1000)) * (num_bytes // 1000 + 1)
    data = data[:num_bytes]
    (tmp_path / "file").write_bytes(data)
    expected = hashlib.sha256(data).hexdigest()
    assert sha256_file(tmp_path / "file") == sha256_stream(io.BytesIO(data)) == expected


@pytest.mark.parametrize(
    ("folder", "variable", "default"),
    [(user_config_dir, "XDG_CONFIG_HOME", ".config"), (user_cache_dir, "XDG_CACHE_HOME", ".cache")],
)
def test_user_folders_follow_xdg(tmp_path, monkeypatch, folder, variable, default):
    monkeypatch.setenv(variable, str(tmp_path / "x"))
    assert folder() == tmp_path / "x" / "redactor"
    monkeypatch.setenv("HOME", str(tmp_path))
    for unset in ("", None):
        monkeypatch.setenv(variable, "") if unset == "" else monkeypatch.delenv(variable)
        assert folder() == tmp_path / default / "redactor"


def test_shipped_files_are_found():
    assert (shipped_dir() / "configs" / "standard.toml").is_file()
