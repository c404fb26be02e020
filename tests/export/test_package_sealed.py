"""Sealed, opened, tampered with, streamed."""

import contextlib
import hashlib
import json
import os
import threading
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pyrage
import pytest
from export_package_helpers import make_case, wav
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redactor.errors import RedactorError, StoreError, UsageError
from redactor.export.package.opener import open_package
from redactor.export.package.seal import (
    check_recipient,
    fingerprint,
    identity_file,
    identity_from,
    is_wrapped,
    new_identity,
    recipient_of,
    wrap_identity,
    write_sealed,
)
from redactor.export.package.tarstream import Member, member_of_bytes, plain_sha256, tar_chunks
from redactor.export.package.verify import verify_package

RECIPIENT = "age1af7dx3esettjdxtvgu8xsvedfdl0zylmd5n434gcrxguzgpaspvqugv5a9"
POINT_OF_ORDER_ONE = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z"


@pytest.fixture
def case(tmp_path):
    return make_case(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A sealed package that tests only read."""
    case = make_case(tmp_path_factory.mktemp("shared"))
    return case, case.seal()


def files_in(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_what_was_sealed_comes_out_and_verifies(case, tmp_path):
    sealed = case.seal()
    assert sealed.stat().st_mode & 0o777 == 0o600
    report = open_package(sealed, tmp_path / "open", trust=case.trust, **case.keys)
    assert report.approvers == ("person-0", "person-1")
    assert files_in(tmp_path / "open") == {m.path: b"".join(m.chunks()) for m in case.members()}
    assert {p.stat().st_mode & 0o777 for p in (tmp_path / "open").rglob("*")} == {0o600, 0o700}
    plain = tmp_path / "plain.tar"
    plain.write_bytes(b"".join(tar_chunks(case.members())))
    for target, keys in [(sealed, case.keys), (tmp_path / "open", {}), (plain, {})]:
        assert verify_package(target, case.trust, **keys) == report
    assert open_package(sealed, tmp_path / "again", **case.keys).approvers is None


def test_a_sealed_file_is_written_once_and_its_digest_is_told(case, tmp_path):
    target = tmp_path / "p.age"
    digest = write_sealed(case.members(), target, inner=case.inner[1], outer=case.outer[1])
    assert digest == hashlib.sha256(target.read_bytes()).hexdigest()
    with pytest.raises(UsageError, match="there already"):
        case.seal("p.age")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="there already"):
        case.seal("dangling")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("layer", ["outer", "inner"])
def test_another_identity_opens_nothing(shared, tmp_path, layer):
    case, sealed = shared
    with pytest.raises(UsageError, match=f"{layer} identity does not open"):
        open_package(sealed, tmp_path / "to", **{**case.keys, layer: new_identity()[0]})
    assert list(tmp_path.iterdir()) == []


def test_the_layers_are_not_interchangeable(shared, tmp_path):
    case, sealed = shared
    with pytest.raises(UsageError, match="outer identity does not open"):
        open_package(sealed, tmp_path / "to", outer=case.inner[0], inner=case.outer[0])
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed.read_bytes(), [pyrage.x25519.Identity.from_str(case.inner[0])])
    with pytest.raises(UsageError, match="two recipients"):
        write_sealed([], tmp_path / "x", inner=case.outer[1], outer=case.outer[1])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_byte_of_a_sealed_file_is_noticed(shared, tmp_path, data):
    case, sealed = shared
    original = sealed.read_bytes()
    at = data.draw(st.integers(0, len(original) - 1) | st.integers(0, 400))
    bit = data.draw(st.integers(0, 7))
    changed = tmp_path / "changed.age"
    changed.write_bytes(original[:at] + bytes([original[at] ^ 1 << bit]) + original[at + 1 :])
    with pytest.raises(RedactorError):
        open_package(changed, tmp_path / "to", **case.keys)
    assert list(tmp_path.iterdir()) == [changed]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_truncation_and_any_addition_is_noticed(shared, tmp_path, data):
    case, sealed = shared
    original = sealed.read_bytes()
    end = data.draw(st.integers(0, len(original) - 1))
    changed = tmp_path / "changed.age"
    for content in (original[:end], original + data.draw(st.binary(min_size=1, max_size=20))):
        changed.write_bytes(content)
        with pytest.raises(RedactorError):
            open_package(changed, tmp_path / "to", **case.keys)
        assert list(tmp_path.iterdir()) == [changed]


def test_a_cut_at_a_seam_of_either_layer_is_noticed(shared, tmp_path):
    """At a seam of the encryption every piece that is there is authentic."""
    case, sealed = shared
    cut = tmp_path / "cut.age"
    data = sealed.read_bytes()
    inner = pyrage.decrypt(data, [pyrage.x25519.Identity.from_str(case.outer[0])])
    body = len(inner.split(b"\n--- ")[0]) + 5 + 44 + 16  # header, its MAC, the nonce
    to = [pyrage.x25519.Recipient.from_str(case.outer[1])]
    for kept in (body, body + 65552):
        cut.write_bytes(pyrage.encrypt(inner[:kept], to))
        with pytest.raises(UsageError, match="inner layer|inner identity"):
            open_package(cut, tmp_path / "to", **case.keys)
    assert list(tmp_path.iterdir()) == [cut]


def test_the_reason_is_told_where_it_lies(case, tmp_path):
    for content, match in [
        (b"", "does not open"),
        (b"no package", "does not open"),
        (case.seal().read_bytes()[:-1], r"altered or cut short \(outer layer\)"),
    ]:
        (tmp_path / "x.age").write_bytes(content)
        with pytest.raises(UsageError, match=match):
            open_package(tmp_path / "x.age", tmp_path / "to", **case.keys)
    with pytest.raises(UsageError, match="No such file"):
        open_package(tmp_path / "none.age", tmp_path / "to", **case.keys)


def test_no_thread_and_no_descriptor_is_left_behind(case, tmp_path):
    def held():
        return threading.active_count(), len(os.listdir("/proc/self/fd"))

    sealed = case.seal()
    changed = tmp_path / "changed.age"
    changed.write_bytes(sealed.read_bytes()[:-7])
    before = held()
    for number in range(3):
        open_package(sealed, tmp_path / f"to{number}", **case.keys)
        for wrong in ({"outer": new_identity()[0]}, {"inner": new_identity()[0]}):
            with pytest.raises(UsageError):
                open_package(sealed, tmp_path / "to", **{**case.keys, **wrong})
        with pytest.raises(UsageError):
            open_package(changed, tmp_path / "to", **case.keys)
        with pytest.raises(StoreError):
            case.seal("x.age", [Member("index.html", "0" * 64, 1, lambda: iter([b"x"]))])
        case.seal(f"more{number}.age")
    assert held() == before


def test_an_interrupt_while_it_is_read_or_written_goes_through_and_leaves_nothing(case, tmp_path, monkeypatch):
    def interrupted():
        yield b"x" * 300_000
        raise KeyboardInterrupt

    before = {*tmp_path.iterdir()}
    with pytest.raises(KeyboardInterrupt):
        case.seal("x.age", [Member("index.html", "0" * 64, 400_000, interrupted)])
    assert {*tmp_path.iterdir()} == before
    sealed = case.seal()

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("redactor.export.package.verify._held_to", stop)
    with pytest.raises(KeyboardInterrupt):
        open_package(sealed, tmp_path / "to", **case.keys)
    assert {*tmp_path.iterdir()} == {*before, sealed}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_as_such_and_leaves_nothing(case, tmp_path, monkeypatch):
    @contextlib.contextmanager
    def full(path, *, mode):
        with open("/dev/full", "wb", buffering=0) as stream:
            yield stream

    monkeypatch.setattr("redactor.export.package.seal.atomic_file", full)
    big = Member("index.html", "0" * 64, 4 << 20, lambda: iter([bytes(1 << 20)] * 4))
    with pytest.raises(StoreError, match="cannot be written: No space left"):
        case.seal("x.age", [big])


def test_opening_never_replaces_what_is_there(shared, tmp_path):
    case, sealed = shared
    (tmp_path / "to").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("to", "link"):
        with pytest.raises(UsageError, match="there already"):
            open_package(sealed, tmp_path / name, **case.keys)
    with pytest.raises(UsageError, match="is not a folder"):
        open_package(sealed, tmp_path / "no" / "to", **case.keys)


def test_a_package_sealed_anew_for_somebody_else_is_noticed(shared, tmp_path):
    case, _ = shared
    mine = new_identity()
    target = tmp_path / "theirs.age"
    write_sealed(case.members(), target, inner=case.inner[1], outer=mine[1])
    with pytest.raises(UsageError, match="made for another recipient"):
        open_package(target, tmp_path / "to", outer=mine[0], inner=case.inner[0])
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "age1",
        RECIPIENT.upper(),
        RECIPIENT[:-1],
        RECIPIENT[:-1] + "q",
        RECIPIENT + "9",
        f"{RECIPIENT}\n{RECIPIENT}",
        POINT_OF_ORDER_ONE,
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN",
        "age1yubikey1q2w7u3vpya839jxxuq8g0sedh3d740d4xvn639sqhr95ejj8vu3hyfumptt",
        "AGE-SECRET-KEY-1N9JA7J3RTQT728CYDULTK8C90X9C80S8PMFY8Y9VLRZ3NSQ5A9QSNU4DD9",
    ],
)
def test_recipients_that_are_none(text):
    with pytest.raises(UsageError, match="not an X25519 key of age"):
        check_recipient(text)


def test_a_fingerprint_is_that_of_the_one_spelling():
    assert check_recipient(f" {RECIPIENT}\n") == RECIPIENT
    assert fingerprint(f" {RECIPIENT}\n") == hashlib.sha256(RECIPIENT.encode()).hexdigest()


def test_files_of_identities():
    identity, recipient = new_identity()
    assert recipient_of(identity) == recipient
    assert identity_from(identity_file(identity), where="f") == identity
    assert not is_wrapped(identity_file(identity))
    two = f"{identity}\n{identity}\n".encode()
    altered = identity[:-1].encode() + (b"Q" if identity[-1] == "P" else b"P")
    for data in (b"", b"# only a comment\n", two, b"AGE-SECRET-KEY-1XYZ", b"\xff", altered):
        with pytest.raises(UsageError, match="identity of age") as error:
            identity_from(data, where="f")
        assert identity[20:] not in str(error.value)


@pytest.mark.long
def test_an_identity_under_a_passphrase():
    identity, _ = new_identity()
    data = wrap_identity(identity, "correct horse")
    assert is_wrapped(data)
    assert identity.encode() not in data
    with pytest.raises(UsageError, match="is under a passphrase; give it"):
        identity_from(data, where="f")
    with pytest.raises(UsageError, match="passphrase does not open"):
        identity_from(data, where="f", passphrase="wrong")
    assert identity_from(data, where="f", passphrase="correct horse") == identity
    with pytest.raises(UsageError, match="may not be empty"):
        wrap_identity(identity, "")


def peak_kib():
    rows = Path("/proc/self/status").read_text().splitlines()
    return next(int(row.split()[1]) for row in rows if row.startswith("VmHWM"))


@pytest.mark.long
def test_300_mb_stream_through_in_a_few_mb_and_without_a_copy(case, tmp_path, monkeypatch):
    size = 300 << 20
    audio = case.release / "audio/aa/aa01.wav"
    os.truncate(audio, size)
    digest = hashlib.sha256(wav())
    left = size - len(wav())
    while left:
        digest.update(bytes(min(left, 1 << 20)))
        left -= min(left, 1 << 20)
    files = (("audio/aa/aa01.wav", digest.hexdigest(), size), *case.manifest.lines[0].files[1:])
    line = replace(case.manifest.lines[0], files=files)
    case.manifest = replace(case.manifest, lines=(line, *case.manifest.lines[1:]))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    target, seen = tmp_path / "out" / "package.age", []

    def watched(member):
        def chunks():
            for chunk in member.chunks():
                seen.append(sum(f.stat().st_blocks * 512 for f in target.parent.iterdir()))
                yield chunk

        return replace(member, chunks=chunks)

    Path("/proc/self/clear_refs").write_text("5")
    before = peak_kib()
    tracemalloc.start()
    members = [watched(m) if m.size == size else m for m in case.members()]
    write_sealed(members, target, inner=case.inner[1], outer=case.outer[1])
    verify_package(target, case.trust, **case.keys)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 << 20
    assert peak_kib() - before < 64 << 10
    assert len(seen) > 1000
    assert max(seen) < size * 1.05
    assert list((tmp_path / "tmp").iterdir()) == []
    assert [f.name for f in target.parent.iterdir()] == ["package.age"]


def test_the_plain_digest_is_that_of_what_is_inside(case):
    assert plain_sha256(case.members()) == hashlib.sha256(b"".join(tar_chunks(case.members()))).hexdigest()
    assert json.loads(b"".join(case.members()[0].chunks()))["part"] == "whole"
    assert member_of_bytes("index.html", b"x").size == 1
