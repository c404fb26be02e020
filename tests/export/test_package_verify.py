"""What verify refuses: anything changed, beside, missing, or signed by nobody that the root key vouches for."""

import io
import json
import os
import tarfile
from dataclasses import replace

import pyrage
import pytest
from export_package_helpers import (
    check_approvals,
    enrolled,
    make_case,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redactor.audit import SigningKey
from redactor.audit.lines import canonical
from redactor.errors import UsageError
from redactor.export.package.document import Part, manifest_sha256, parse_manifest, sign
from redactor.export.package.opener import open_package
from redactor.export.package.tarstream import header, member_of_bytes, tar_chunks
from redactor.export.package.verify import Trust, read_package, verify_package

pytestmark = pytest.mark.long


@pytest.fixture
def case(tmp_path):
    return make_case(tmp_path)


@pytest.fixture
def folder(case, tmp_path):
    open_package(case.seal(), tmp_path / "open", **case.keys)
    return tmp_path / "open"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    case = make_case(tmp_path_factory.mktemp("shared"))
    to = case.folder / "open"
    open_package(case.seal(), to, **case.keys)
    return case, to, b"".join(tar_chunks(case.members()))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_byte_of_an_unpacked_file_is_noticed(shared, data):
    case, folder, _ = shared
    file = data.draw(st.sampled_from(sorted(p for p in folder.rglob("*") if p.is_file())))
    original = file.read_bytes()
    at, bit = data.draw(st.integers(0, len(original) - 1)), data.draw(st.integers(0, 7))
    try:
        file.write_bytes(original[:at] + bytes([original[at] ^ 1 << bit]) + original[at + 1 :])
        with pytest.raises(UsageError):
            verify_package(folder, case.trust)
    finally:
        file.write_bytes(original)
    verify_package(folder, case.trust)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_changed_byte_of_the_plain_tar_is_noticed(shared, data):
    case, _, tar = shared
    at, bit = data.draw(st.integers(0, len(tar) - 1)), data.draw(st.integers(0, 7))
    changed = tar[:at] + bytes([tar[at] ^ 1 << bit]) + tar[at + 1 :]
    with pytest.raises(UsageError):
        read_package(io.BytesIO(changed), where="x", trust=case.trust)
    end = data.draw(st.integers(0, len(tar) - 1))
    for other in (tar[:end], tar + bytes(1), tar + bytes(10240)):
        with pytest.raises(UsageError):
            read_package(io.BytesIO(other), where="x", trust=case.trust)
    assert read_package(io.BytesIO(tar), where="x", trust=case.trust).approvers


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (lambda f: (f / "extra.txt").write_text("x"), "not in its manifest: 'extra.txt'"),
        (lambda f: (f / "recordings/0001/.hidden").write_text("x"), "not in its manifest"),
        (lambda f: (f / "recordings/0009").mkdir(), "empty folder"),
        (lambda f: (f / "recordings/0001/audio.wav").unlink(), "lacks recordings/0001/audio.wav"),
        (lambda f: (f / "manifest.json").unlink(), "has no manifest.json"),
        (lambda f: (f / "signatures.json").unlink(), "has no signatures.json"),
        (lambda f: (f / "link").symlink_to("README.txt"), "not a file: 'link'"),
        (lambda f: os.mkfifo(f / "pipe"), "not a file: 'pipe'"),
        (lambda f: (f / "README.txt").rename(f / "readme.txt"), "not in its manifest: 'readme.txt'"),
    ],
)
def test_something_beside_or_missing(case, folder, spoil, match):
    spoil(folder)
    with pytest.raises(UsageError, match=match):
        verify_package(folder, case.trust)


def test_of_a_folder_that_is_no_package_nothing_is_said_to_be_removed(case, tmp_path):
    (tmp_path / "home" / "Templates").mkdir(parents=True)
    with pytest.raises(UsageError, match="has no manifest.json; name the folder"):
        verify_package(tmp_path / "home", case.trust)


def test_a_file_replaced_by_a_link_to_the_same_content(case, folder, tmp_path):
    file = folder / "recordings/0001/audio.wav"
    file.rename(tmp_path / "same")
    file.symlink_to(tmp_path / "same")
    with pytest.raises(UsageError, match="not a file"):
        verify_package(folder, case.trust)


def test_a_sealed_file_needs_both_identities_and_a_target_has_to_be_there(case, tmp_path):
    sealed = case.seal()
    with pytest.raises(UsageError, match="is sealed; give"):
        verify_package(sealed, case.trust)
    with pytest.raises(UsageError, match="two layers"):
        verify_package(sealed, case.trust, outer=case.outer[0])
    with pytest.raises(UsageError, match="No such file"):
        verify_package(tmp_path / "none", case.trust)


def verify_members(case, members, trust=None):
    return read_package(io.BytesIO(b"".join(tar_chunks(members))), where="x", trust=trust or case.trust)


def test_another_root_key_vouches_for_nothing_in_it(case):
    other = Trust(SigningKey.generate().public, enrolled, check_approvals)
    with pytest.raises(UsageError, match="not signed by the root key"):
        verify_members(case, case.members(), other)


def test_the_root_key_itself_may_sign(case):
    assert verify_members(case, case.members(key=case.root)).approvers


@pytest.mark.parametrize(
    ("sealer", "match"),
    [
        ({"role": "approver"}, "is not the handler's"),
        ({"person": "somebody"}, "is not the handler's"),
        ({"valid_until": "2026-03-04T05:06:07Z"}, "did not count then"),
        ({"valid_from": "2026-03-04T05:06:08Z"}, "did not count then"),
        ({"revoked_at": "2026-05-01T00:00:00Z"}, "did not count then"),
        ({"key": SigningKey.generate()}, "has not enrolled the key"),
    ],
)
def test_who_signed_has_to_be_the_handler_with_a_key_that_counts(case, sealer, match):
    with pytest.raises(UsageError, match=match):
        verify_members(case, case.members(enrolments=case.enrolments(**sealer)))


def test_what_is_just_within_its_time_counts(case):
    dates = {"valid_from": "2026-03-04T05:06:07Z", "valid_until": "2026-03-04T05:06:08Z"}
    assert verify_members(case, case.members(enrolments=case.enrolments(**dates))).approvers


@pytest.mark.parametrize(
    "change", [{"manifest": "0" * 64}, {"recipient": "0" * 64}, {"request": "req-8"}, {"purpose": "research"}]
)
def test_approvals_of_something_else_do_not_count(case, change):
    with pytest.raises(UsageError, match=f"another {[*change][0]}"):
        verify_members(case, case.members(approvals=case.approvals(**change)))


def test_one_approver_is_not_two(case):
    case.approvers = case.approvers[:1] * 2
    with pytest.raises(UsageError, match="two people"):
        verify_members(case, case.members())
    case.approvers = case.approvers[:1]
    with pytest.raises(UsageError, match="two approvals are needed"):
        verify_members(case, case.members())


def test_signatures_of_another_package_do_not_fit(case):
    mine, other = case.members(), case.members(sealed_at="2026-03-04T05:06:08Z")
    with pytest.raises(UsageError, match="organisation's signature does not fit"):
        verify_members(case, [mine[0], other[1], *mine[2:]])


def test_an_approval_taken_out_or_swapped_after_sealing_is_noticed(case):
    members = case.members()
    document = json.loads(b"".join(members[1].chunks()))
    document["approvals"].reverse()
    changed = member_of_bytes("signatures.json", canonical(document) + b"\n")
    with pytest.raises(UsageError, match="organisation's signature does not fit"):
        verify_members(case, [members[0], changed, *members[2:]])


def test_a_canary_carries_approvals_of_the_whole(case):
    whole = manifest_sha256(case.manifest)
    approvals = case.approvals()
    case.manifest = replace(case.manifest, lines=case.manifest.lines[:1])
    members = case.members(part=Part.CANARY, approved=whole, approvals=approvals)
    assert verify_members(case, members).manifest.part is Part.CANARY
    with pytest.raises(UsageError, match="another manifest"):
        verify_members(case, case.members(part=Part.CANARY, approved="1" * 64, approvals=approvals))


def resigned(case, change):
    """A package whose manifest was changed by somebody who holds the handler's key."""
    members = case.members()
    document = json.loads(b"".join(members[0].chunks()))
    change(document)
    data = canonical(document) + b"\n"
    signatures = sign(data, case.handler, approvals=case.approvals(), enrolments=case.enrolments())
    first = [member_of_bytes("manifest.json", data), member_of_bytes("signatures.json", signatures.to_bytes())]
    return [*first, *members[2:]]


def listed(path, sha256="0" * 64, size=1):
    return {"path": path, "sha256": sha256, "bytes": size}


@pytest.mark.parametrize(
    "path",
    ["../evil.txt", "/tmp/evil.txt", "zz/../../evil.txt", "recordings/0001/../../../evil.txt", "C:\\evil.txt",
     "recordings/0003/audio.wav/../../evil", "readme.txt", "Index.html", "zzzz.txt\0.html", "nul.txt"],
)  # fmt: skip
def test_a_name_that_would_leave_the_folder_is_refused_whoever_signed(case, tmp_path, path):
    members = resigned(case, lambda d: d["files"].append(listed(path)))
    tar = b"".join(tar_chunks([*members, member_of_bytes(path, b"x")]))
    target = tmp_path / "evil.age"
    sealed = pyrage.encrypt(tar, [pyrage.x25519.Recipient.from_str(case.inner[1])])
    target.write_bytes(pyrage.encrypt(sealed, [pyrage.x25519.Recipient.from_str(case.outer[1])]))
    before = {*tmp_path.rglob("*")}
    with pytest.raises(UsageError, match="name that no package may hold|twice or out of order"):
        open_package(target, tmp_path / "to", **case.keys)
    assert {*tmp_path.rglob("*")} == before
    with pytest.raises(UsageError):
        verify_members(case, members)


def _one_less(document):
    document["export"]["recordings"].pop()
    document["export"]["count"] -= 1


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda d: d["files"].append(d["files"][-1]), "twice or out of order"),
        (lambda d: d["files"].reverse(), "twice or out of order"),
        (lambda d: d["files"].pop(), "not those of the export"),
        (lambda d: d["files"].pop(0), "every package has is not listed"),
        (lambda d: d["files"].append(listed("recordings/0009/audio.wav")), "not those of the export"),
        (lambda d: d["files"][-1].update(sha256="0" * 64), "not those of the export"),
        (lambda d: d["files"][-1].update(bytes=1), "not those of the export"),
        (lambda d: d["files"][-1].update(bytes=-1), "right form"),
        (lambda d: d["files"][-1].update(bytes=True), "right form"),
        (lambda d: d["files"][-1].update(more=1), "right form"),
        (lambda d: d["export"].update(count=3), "right form"),
        (lambda d: d["export"].update(request="req-8"), "what was approved is another"),
        (lambda d: d["export"]["recordings"].pop(), "right form"),
        (_one_less, "not those of the export"),
        (lambda d: d["export"]["recordings"][0].update(duration=-1.0), "right form"),
        (lambda d: d["export"].update(purpose="fun"), "right form"),
        (lambda d: d.update(approved="0" * 64), "what was approved is another"),
        (lambda d: d.update(recipient="0" * 64), "another recipient"),
        (lambda d: d.update(handler="otto"), "not the handler's"),
        (lambda d: d.update(sealed_at="2027-03-04T05:06:07Z"), "did not count then"),
        (lambda d: d.update(sealed_at="yesterday"), "right form"),
        (lambda d: d.update(part="canary", approved="0" * 64), "another manifest"),
        (lambda d: d.update(schema=2), "newer version"),
        (lambda d: d.update(kind="other"), "another kind"),
        (lambda d: d.update(more=1), "right form"),
        (lambda d: d.pop("handler"), "right form"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused_whoever_signed(case, change, match):
    with pytest.raises(UsageError, match=match):
        verify_members(case, resigned(case, change))


def test_the_unchanged_manifest_signed_anew_passes(case):
    assert verify_members(case, resigned(case, lambda d: None)).approvers


@pytest.mark.parametrize(
    "data",
    [b"", b"[]\n", b"{}\n", b'{"a":1,"a":1}\n', b"\xff\n", b"[" * 100_000, b'{"a":NaN}\n', b'{"a": 1}\n'],
)
def test_a_manifest_that_is_none(data):
    with pytest.raises(UsageError, match="cannot be relied on"):
        parse_manifest(data, where="x")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE])
@pytest.mark.parametrize("path", ["README.txt", "recordings/0001/audio.wav", "manifest.json"])
def test_links_devices_and_folders_in_place_of_a_file(case, kind, path):
    pieces = []
    for member in case.members():
        info = tarfile.TarInfo(member.path)
        info.size, info.mode = member.size, 0o644
        if member.path == path:
            info.size, info.type, info.linkname = 0, kind, "/etc/passwd"
            pieces.append(info.tobuf(tarfile.USTAR_FORMAT))
            continue
        data = b"".join(member.chunks())
        pieces.append(header(member.path, member.size) + data + bytes(-len(data) % 512))
    with pytest.raises(UsageError, match="not a package as redactor writes it"):
        read_package(io.BytesIO(b"".join(pieces) + bytes(1024)), where="x", trust=case.trust)


def test_members_doubled_moved_or_added(case):
    members = case.members()
    for changed in (
        [*members, members[-1]],
        [*members, member_of_bytes("extra.txt", b"x")],
        [*members[:-1], member_of_bytes("../evil.txt", b"x")],
        [members[0], member_of_bytes("/tmp/evil.txt", b"x")],
        [*members[:2], members[3], members[2], *members[4:]],
        members[:-1],
        members[1:],
        [],
    ):
        with pytest.raises(UsageError):
            verify_members(case, changed)


def test_a_manifest_of_claimed_size_beyond_any_is_not_read(case):
    stream = io.BytesIO(header("manifest.json", 8**11 - 1))
    with pytest.raises(UsageError, match="larger than any can be"):
        read_package(stream, where="x")


def test_a_forged_package_with_right_digests_and_no_signature_is_noticed(case, tmp_path):
    """Who knows both recipients can seal anything to them."""
    other = make_case(tmp_path / "forged")
    other.outer, other.inner = case.outer, case.inner
    sealed = other.seal()
    with pytest.raises(UsageError, match="not signed by the root key"):
        open_package(sealed, tmp_path / "to", trust=case.trust, **case.keys)
    assert not (tmp_path / "to").exists()
