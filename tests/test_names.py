"""Opaque names tell nothing without their key, kept names fit any file system, a key is made once."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from redactor import names
from redactor.errors import StoreError, UsageError
from redactor.names import default_key_file, kept_name, key_fingerprint, load_key, opaque_name

ONE, OTHER = bytes(32), bytes([1]) * 32


def test_opaque_names_depend_on_input_and_key_alone():
    name = opaque_name("file:///a.wav", ONE)
    assert name == opaque_name("file:///a.wav", ONE)
    assert len({name, opaque_name("file:///b.wav", ONE), opaque_name("file:///a.wav", OTHER)}) == 3
    assert re.fullmatch("[0-9a-f]{32}", name)


def test_names_stay_the_same_over_versions_of_this_package():
    assert opaque_name("file:///a.wav", ONE) == "f35240ff8cfc5653a3688fcaff3730b5"


def test_a_fingerprint_tells_keys_apart_and_gives_neither_away():
    assert key_fingerprint(ONE) != key_fingerprint(OTHER)
    assert len(key_fingerprint(ONE)) == 16
    assert key_fingerprint(OTHER) not in OTHER.hex()
    assert opaque_name("fingerprint", ONE)[:16] != key_fingerprint(ONE)


@pytest.mark.parametrize(
    ("relative", "kept"),
    [
        ("plain", "plain"),
        ("call.wav", "call"),
        ("sub/call.one.wav", "sub/call.one"),
        ("Anruf für Zoë (2)_final.wav", "Anruf für Zoë (2)_final"),
        ("tab\tname.wav", "tab%09name"),
        ("new\nline.wav", "new%0Aline"),
        ("\x1b[31m.wav", "%1B[31m"),
        ("right\u202eleft.wav", "right%E2%80%AEleft"),
        ("\udcff.wav", "%FF"),
        ("d\udce9j\udce0/vu.wav", "d%E9j%E0/vu"),
        (".hidden", "%2Ehidden"),
        (".hidden.wav", "%2Ehidden"),
        (".dir/call.wav", "%2Edir/call"),
        ("...wav", "%2E."),
        ("../x.wav", "%2E./x"),
        ("..", "%2E."),
        (".", "%2E"),
    ],
)
def test_kept_names_are_fit_for_any_file_system(relative, kept):
    name = kept_name(Path(relative))
    assert name == kept
    assert name.isprintable()
    assert not any(part.startswith(".") for part in name.split("/"))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys" / "names.key"


def test_a_key_is_made_once_for_its_owner_alone(path):
    key = load_key(path, create=True)
    assert load_key(path, create=True) == load_key(path, create=False) == key
    assert len(key) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list(path.parent.iterdir()) == [path]
    assert load_key(path.with_name("second"), create=True) != key


def test_a_folder_of_somebody_else_is_not_narrowed_for_a_key(tmp_path):
    tmp_path.chmod(0o755)
    load_key(tmp_path / "key", create=True)
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_a_lost_key_is_never_replaced(path):
    with pytest.raises(UsageError, match="missing.*put it back.*--key-file"):
        load_key(path, create=False)
    assert not path.parent.exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"short", b"0" * 63, b"0" * 65, b"g" * 64, b"0" * 64 + b"\n" + b"0" * 64, b"\xff" * 64, bytes(32)],
)
@pytest.mark.parametrize("create", [True, False])
def test_what_is_not_a_key_is_refused_kept_and_not_quoted(tmp_path, content, create):
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="--key-file") as caught:
        load_key(path, create=create)
    assert path.read_bytes() == content
    assert not content or content.decode("latin-1") not in str(caught.value)


def test_a_folder_is_not_a_key(tmp_path):
    with pytest.raises(UsageError, match="--key-file"):
        load_key(tmp_path, create=True)


@pytest.mark.parametrize("target", ["gone", "loop"])
def test_a_link_that_leads_nowhere_is_not_replaced_by_a_key(tmp_path, target):
    (tmp_path / "loop").symlink_to(target)
    with pytest.raises((UsageError, StoreError), match="--key-file"):
        load_key(tmp_path / "loop", create=True)
    assert (tmp_path / "loop").is_symlink()


def test_a_key_that_cannot_be_written_stops_the_run(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises((UsageError, StoreError), match="--key-file"):
        load_key(tmp_path / "file" / "key", create=True)


def test_two_first_runs_at_once_agree_on_one_key(path, monkeypatch):
    """The second finds no key, and by the time it writes its own the first has made one."""
    made = {}
    really = names.secrets.token_bytes

    def random_bytes(num_bytes):
        monkeypatch.setattr(names.secrets, "token_bytes", really)
        made["first"] = load_key(path, create=True)
        return b"\2" * num_bytes

    monkeypatch.setattr(names.secrets, "token_bytes", random_bytes)
    assert load_key(path, create=True) == made["first"] == load_key(path, create=False)
    assert list(path.parent.iterdir()) == [path]


def test_a_file_system_without_hard_links_can_hold_the_key(path, monkeypatch):
    def link(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(names.os, "link", link)
    assert load_key(path, create=True) == load_key(path, create=False)
    assert list(path.parent.iterdir()) == [path]


def test_processes_that_start_together_agree_on_one_key(path):
    code = "import sys, pathlib, redactor.names as n; print(n.load_key(pathlib.Path(sys.argv[1]), create=True))"
    started = [
        subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE) for _ in range(3)
    ]
    assert len({process.communicate()[0] for process in started}) == 1
    assert {process.returncode for process in started} == {0}


def test_the_users_key_lies_in_the_users_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert default_key_file() == tmp_path / "redactor" / "names.key"
