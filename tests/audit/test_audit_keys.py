"""The signing key is made once, for its owner alone; nothing else is taken for it; heads have one form."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from audit_records import KEY, OTHER_KEY, new_log
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from redactor.audit import (
    Head,
    default_signing_key,
    keys,
    load_public_key,
    load_signing_key,
    public_file,
    read_head,
)
from redactor.errors import StoreError, UsageError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys" / "audit.key"


def mode(path):
    return path.stat().st_mode & 0o777


def pem(key, *, password=None):
    how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)


def test_a_key_is_made_once_for_its_owner_alone_and_its_public_half_for_all(path):
    key = load_signing_key(path, create=True)
    assert [mode(path), mode(public_file(path)), mode(path.parent)] == [0o600, 0o644, 0o700]
    again = load_signing_key(path, create=False)
    assert key.public == again.public == load_public_key(public_file(path))
    assert key.sign(b"x") == again.sign(b"x")
    assert sorted(p.name for p in path.parent.iterdir()) == ["audit.key", "audit.pub"]
    assert load_signing_key(path.with_name("second.key"), create=True).public != key.public
    assert b"PRIVATE" not in public_file(path).read_bytes()


def test_a_signature_is_of_one_key_and_one_message():
    signature = KEY.sign(b"message")
    assert KEY.public.has_signed(signature, b"message")
    assert not KEY.public.has_signed(signature, b"massage")
    assert not OTHER_KEY.public.has_signed(signature, b"message")
    assert not KEY.public.has_signed(b"short", b"message")
    assert KEY.public.fingerprint != OTHER_KEY.public.fingerprint
    assert len(KEY.public.fingerprint) == 32


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl")
def test_another_program_can_check_a_signature(path, tmp_path):
    key = load_signing_key(path, create=True)
    (tmp_path / "m").write_bytes(b"message")
    (tmp_path / "s").write_bytes(key.sign(b"message"))
    command = f"openssl pkeyutl -verify -pubin -inkey {public_file(path)} -rawin -in m -sigfile s"
    done = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, text=True)
    assert "Verified Successfully" in done.stdout


def test_a_lost_key_is_never_replaced(path):
    with pytest.raises(UsageError, match="missing.*put it back"):
        load_signing_key(path, create=False)
    assert not path.parent.exists()


NOT_KEYS = {
    "nothing": b"",
    "text": b"hello",
    "binary": b"\xff\0" * 50,
    "public half": KEY.public.to_pem(),
    "another kind": pem(ec.generate_private_key(ec.SECP256R1())),
    "encrypted": pem(ed25519.Ed25519PrivateKey.generate(), password=b"secret"),
    "cut": KEY.to_pem()[:60],
}


@pytest.mark.parametrize("name", NOT_KEYS)
@pytest.mark.parametrize("create", [True, False])
def test_what_is_not_a_key_is_refused_kept_and_not_quoted(tmp_path, name, create):
    path = tmp_path / "audit.key"
    path.write_bytes(NOT_KEYS[name])
    with pytest.raises(UsageError, match="is not a signing key.*put the right file back") as caught:
        load_signing_key(path, create=create)
    assert path.read_bytes() == NOT_KEYS[name]
    assert not public_file(path).exists()
    assert "hello" not in str(caught.value)


@pytest.mark.parametrize("make", [lambda p: p.mkdir(), lambda p: p.symlink_to(p), os.mkfifo])
def test_what_is_no_file_is_not_a_key(tmp_path, make):
    make(tmp_path / "audit.key")
    with pytest.raises(UsageError):
        load_signing_key(tmp_path / "audit.key", create=True)


def test_a_link_that_leads_nowhere_is_not_replaced_by_a_key(tmp_path):
    (tmp_path / "audit.key").symlink_to(tmp_path / "gone")
    with pytest.raises(UsageError, match="missing"):
        load_signing_key(tmp_path / "audit.key", create=True)
    assert (tmp_path / "audit.key").is_symlink() and not (tmp_path / "gone").exists()


def test_a_key_that_cannot_be_written_stops_the_run(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises((UsageError, StoreError), match="signing key"):
        load_signing_key(tmp_path / "file" / "audit.key", create=True)


@pytest.mark.parametrize("wide", [0o644, 0o640, 0o604, 0o660, 0o777])
def test_ones_own_key_that_others_could_read_is_narrowed(path, wide):
    key = load_signing_key(path, create=True)
    path.chmod(wide)
    assert load_signing_key(path, create=False).public == key.public
    assert mode(path) == 0o600


def test_the_key_of_somebody_else_that_others_can_read_is_refused(path, monkeypatch):
    load_signing_key(path, create=True)
    path.chmod(0o644)
    monkeypatch.setattr(keys.os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(UsageError, match="belongs to another user.*chmod 600"):
        load_signing_key(path, create=False)
    assert mode(path) == 0o644
    path.chmod(0o600)
    load_signing_key(path, create=False)


def test_a_public_half_that_is_gone_is_made_again_and_one_of_another_key_is_refused(path):
    key = load_signing_key(path, create=True)
    public_file(path).unlink()
    load_signing_key(path, create=False)
    assert load_public_key(public_file(path)) == key.public
    public_file(path).write_bytes(OTHER_KEY.public.to_pem())
    with pytest.raises(UsageError, match="is not the public half of"):
        load_signing_key(path, create=False)
    assert load_public_key(public_file(path)) == OTHER_KEY.public


def test_a_key_in_a_folder_that_cannot_be_written_serves(path, monkeypatch):
    load_signing_key(path, create=True)
    public_file(path).unlink()

    def fail(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(keys, "write_atomic", fail)
    load_signing_key(path, create=False)
    assert not public_file(path).exists()


@pytest.mark.parametrize("content", [b"", b"hello", KEY.to_pem(), b"\xff" * 100, None])
def test_what_is_not_a_public_key_is_refused(tmp_path, content):
    path = tmp_path / "audit.pub"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match="audit.pub"):
        load_public_key(path)


def test_two_first_runs_at_once_agree_on_one_key(path, monkeypatch):
    """The second finds no key, and by the time it writes its own the first has made one."""
    made = {}
    really = keys.SigningKey.generate

    def generate():
        monkeypatch.setattr(keys.SigningKey, "generate", really)
        made["first"] = load_signing_key(path, create=True)
        return OTHER_KEY

    monkeypatch.setattr(keys.SigningKey, "generate", generate)
    assert load_signing_key(path, create=True).public == made["first"].public
    assert load_public_key(public_file(path)) == made["first"].public
    assert len(list(path.parent.iterdir())) == 2


def test_a_file_system_without_hard_links_can_hold_the_key(path, monkeypatch):
    def link(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(keys.os, "link", link)
    assert load_signing_key(path, create=True).public == load_signing_key(path, create=False).public
    assert len(list(path.parent.iterdir())) == 2


def test_the_users_key_lies_in_the_users_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert default_signing_key() == tmp_path / "redactor" / "audit.key"
    assert public_file(default_signing_key()) == tmp_path / "redactor" / "audit.pub"


def test_the_library_is_loaded_only_when_something_is_signed():
    code = "import sys, redactor.audit, redactor.commands.audit; print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.fixture
def head(tmp_path):
    return new_log(tmp_path, 2)[1]


def test_a_head_comes_back_from_json_and_from_a_document(head):
    for text in (head.to_json(), head.to_json().encode(), head.to_json() + "\n"):
        assert Head.from_json(text, where="x") == head
    assert Head.from_document(head.to_document(), where="x") == head
    assert head.is_signed_by(KEY.public) and not head.is_signed_by(OTHER_KEY.public)


def test_every_field_of_a_head_is_signed(head):
    edited = {"count": 3, "hash": "1" * 64, "key": "1" * 32, "signature": "1" * 128}
    edited["time"] = "2020-01-01T00:00:00.000Z"
    assert set(edited) == set(head.to_document())
    for name, value in edited.items():
        assert not replace(head, **{name: value}).is_signed_by(KEY.public)


def test_the_signature_of_a_head_stays_the_same_over_versions_of_this_package(head):
    content = {key: value for key, value in head.to_document().items() if key != "signature"}
    message = b"redactor audit head v1\0" + json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    assert KEY.sign(message).hex() == head.signature


MALFORMED = [
    ({"count": -1}, "count is not"),
    ({"count": 1.0}, "count is not"),
    ({"count": True}, "count is not"),
    ({"count": "2"}, "count is not"),
    ({"count": 10**400}, "count is not"),
    ({"count": 0}, "count and hash disagree"),
    ({"hash": "0" * 64}, "count and hash disagree"),
    ({"hash": "A" * 64}, "hash is not"),
    ({"hash": "a" * 63}, "hash is not"),
    ({"hash": "a" * 64 + "\n"}, "hash is not"),
    ({"hash": None}, "hash is not"),
    ({"time": "yesterday"}, "time is not"),
    ({"time": "٢٠٢٦-01-01T00:00:00.000Z"}, "time is not"),
    ({"key": ""}, "key is not"),
    ({"signature": "a" * 127}, "signature is not"),
    ({"signature": [1]}, "signature is not"),
    ({"extra": 1}, "unknown keys"),
]


@pytest.mark.parametrize(("change", "reason"), MALFORMED)
def test_a_head_that_is_malformed_is_refused_by_file_and_reason(tmp_path, head, change, reason):
    path = tmp_path / "kept.json"
    path.write_text(json.dumps({**head.to_document(), **change}))
    with pytest.raises(UsageError, match=rf"kept\.json' is not the head of a record \({reason}"):
        read_head(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe\0", "not JSON"),
        (b"[" * 4000, "not JSON"),
        (b"[]", "not an object"),
        (b"null", "not an object"),
        (b"{}", "count, hash, key, signature, time missing"),
        (b'{"count":1' + b" " * 5000 + b"}", "too long"),
        (b'{"count":' + b"1" * 4050 + b"}", "hash, key, signature, time missing|not JSON"),
    ],
)
def test_a_file_that_holds_no_head_is_refused(tmp_path, content, reason):
    (tmp_path / "kept.json").write_bytes(content)
    with pytest.raises(UsageError, match=reason):
        read_head(tmp_path / "kept.json")


def test_a_head_that_is_missing_is_told_from_one_that_cannot_be_read(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_head(tmp_path / "gone")
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        read_head(tmp_path)
