"""Keys of people are encrypted, for their owners alone, and never made over another."""

import os
import stat

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from export_people import PASSPHRASE

from redactor.audit import load_public_key
from redactor.errors import StoreError, UsageError
from redactor.export import keys
from redactor.export.keys import load_key_pair, make_key, read_passphrase


@pytest.fixture
def path(tmp_path):
    return tmp_path / "mine" / "ann.key"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A pair that no test changes."""
    path = tmp_path_factory.mktemp("made") / "ann.key"
    return path, make_key(path, PASSPHRASE)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def pem(private, passphrase):
    how = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)


def test_a_pair_is_made_for_its_owner_and_opens_with_its_passphrase_alone(path):
    public = make_key(path, PASSPHRASE)
    assert [mode(path), mode(path.with_suffix(".pub")), mode(path.parent)] == [0o600, 0o644, 0o700]
    assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert sorted(p.name for p in path.parent.iterdir()) == ["ann.key", "ann.pub"]
    opened = load_key_pair(path, PASSPHRASE)
    assert opened.public == public == load_public_key(path.with_suffix(".pub"))
    assert public.has_signed(opened.sign(b"x"), b"x")
    for wrong in (PASSPHRASE + b" ", PASSPHRASE.upper(), b""):
        with pytest.raises(UsageError, match="does not open with this passphrase"):
            load_key_pair(path, wrong)


def test_two_pairs_differ(path):
    assert make_key(path, PASSPHRASE) != make_key(path.with_name("bob.key"), PASSPHRASE)


@pytest.mark.parametrize("there", ["ann.key", "ann.pub"])
@pytest.mark.parametrize("kind", ["file", "link"])
def test_nothing_is_overwritten(path, there, kind):
    path.parent.mkdir()
    target = path.with_name(there)
    target.write_bytes(b"kept") if kind == "file" else target.symlink_to("nowhere")
    with pytest.raises(UsageError, match="is there already"):
        make_key(path, PASSPHRASE)
    assert os.listdir(path.parent) == [there]
    assert kind == "link" or target.read_bytes() == b"kept"


def test_a_file_that_appears_meanwhile_is_not_overwritten(path, monkeypatch):
    path.parent.mkdir()
    monkeypatch.setattr(keys.os.path, "lexists", lambda name: False)
    path.write_bytes(b"kept")
    with pytest.raises(UsageError, match="is there already"):
        make_key(path, PASSPHRASE)
    assert path.read_bytes() == b"kept"
    path.rename(path.with_suffix(".pub"))
    with pytest.raises(UsageError, match="is there already"):
        make_key(path, PASSPHRASE)
    assert path.with_suffix(".pub").read_bytes() == b"kept"
    assert not path.exists(), "half a pair is left"


@pytest.mark.parametrize("name", ["ann.pub", "..", "/"])
def test_a_name_that_cannot_be_a_private_keys_is_refused(tmp_path, name):
    with pytest.raises(UsageError, match="name it NAME.key"):
        make_key(tmp_path / name, PASSPHRASE)


def test_a_folder_that_cannot_be_written_is_an_error_of_the_store(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="cannot be written"):
        make_key(tmp_path / "file" / "ann.key", PASSPHRASE)


@pytest.mark.parametrize(
    ("passphrase", "why"),
    [
        (b"elevenchars", "too weak"),
        ("\u00e9".encode() * 6 + b"abcde", "too weak"),  # 17 bytes, 11 characters
        (b"abababababab", "too weak"),
        (b"", "too weak"),
        (b"\xff" * 20, "not UTF-8"),
        (b"with a newline\nin it", "printable"),
        (b"abc" * 400, "at most 1000"),
    ],
)
def test_a_passphrase_that_will_not_do_is_refused_and_not_quoted(path, passphrase, why):
    with pytest.raises(UsageError, match=why) as caught:
        make_key(path, passphrase)
    assert not passphrase or passphrase.decode(errors="replace") not in str(caught.value)
    assert not path.exists()


@pytest.mark.parametrize("passphrase", [b"twelve chars", "\u00e9".encode() * 10 + b"ab", b"abc" * 333])
def test_the_shortest_and_the_longest_passphrase_do(path, passphrase):
    public = make_key(path, passphrase)
    assert load_key_pair(path, passphrase).public == public


@pytest.mark.parametrize("wide", [0o640, 0o604, 0o620, 0o601, 0o644])
def test_a_key_that_others_may_read_is_refused(made, tmp_path, wide):
    path = tmp_path / "ann.key"
    path.write_bytes(made[0].read_bytes())
    path.chmod(wide)
    with pytest.raises(UsageError, match="open to others"):
        load_key_pair(path, PASSPHRASE)
    assert mode(path) == wide
    path.chmod(0o400)
    assert load_key_pair(path, PASSPHRASE).public == made[1]


def test_a_key_of_another_user_is_refused(made, monkeypatch):
    monkeypatch.setattr(keys.os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(UsageError, match="belongs to another user"):
        load_key_pair(made[0], PASSPHRASE)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (pem(ed25519.Ed25519PrivateKey.generate(), None), "not a key that is encrypted"),
        (b"", "not a key that is encrypted"),
        (
            b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "does not open",
        ),
        (pem(ec.generate_private_key(ec.SECP256R1()), PASSPHRASE), "another kind"),
        (b"x" * 70_000, "too large"),
    ],
    ids=["plain", "empty", "broken", "curve", "large"],
)
def test_nothing_else_is_taken_for_a_key(path, data, why):
    path.parent.mkdir()
    path.write_bytes(data)
    path.chmod(0o600)
    with pytest.raises(UsageError, match=why):
        load_key_pair(path, PASSPHRASE)


def test_a_folder_a_pipe_or_nothing_is_no_key(tmp_path):
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name, why in [
        ("pipe", "not a regular file"),
        ("none", "No such file"),
        (".", "cannot be read|regular"),
    ]:
        with pytest.raises(UsageError, match=why):
            load_key_pair(tmp_path / name, PASSPHRASE)


def test_a_public_half_of_another_key_is_refused(made, tmp_path):
    path = tmp_path / "ann.key"
    make_key(path.with_name("bob.key"), PASSPHRASE)
    path.write_bytes(made[0].read_bytes())
    path.chmod(0o600)
    path.with_name("bob.pub").rename(path.with_suffix(".pub"))
    with pytest.raises(UsageError, match="not the public half"):
        load_key_pair(path, PASSPHRASE)


@pytest.mark.parametrize("data", [PASSPHRASE, PASSPHRASE + b"\n", PASSPHRASE + b"\r\n"])
def test_a_passphrase_comes_from_a_file_of_one_line(tmp_path, data):
    path = tmp_path / "passphrase"
    path.write_bytes(data)
    path.chmod(0o600)
    assert read_passphrase(path) == PASSPHRASE
    path.chmod(0o640)
    with pytest.raises(UsageError, match="open to others"):
        read_passphrase(path)


@pytest.mark.parametrize("data", [b"", b"\n", PASSPHRASE + b"\n\n", b"two\nlines"])
def test_a_passphrase_file_of_none_or_two_lines_is_refused(tmp_path, data):
    path = tmp_path / "passphrase"
    path.write_bytes(data)
    path.chmod(0o600)
    with pytest.raises(UsageError, match="must hold one line"):
        read_passphrase(path)
