"""What is in a package, and that stock tools read it: nothing of our own reader is used here."""

import io
import json
import os
import subprocess
import tarfile
from dataclasses import replace

import pyrage
import pytest
from export_package_helpers import SUBJECT, line_of, make_case, put, recording

from redactor.errors import StoreError, UsageError
from redactor.export.entries import Manifest, Purpose
from redactor.export.package.layout import folders, is_safe
from redactor.export.package.tarstream import Member, header, member_of_bytes, plain_sha256, tar_chunks


@pytest.fixture
def case(tmp_path):
    return make_case(tmp_path)


def plain(case, **changes):
    return b"".join(tar_chunks(case.members(**changes)))


def test_stock_age_and_tar_open_it_and_find_what_was_put_in(case, tmp_path):
    sealed = case.seal().read_bytes()
    inner = pyrage.decrypt(sealed, [pyrage.x25519.Identity.from_str(case.outer[0])])
    data = pyrage.decrypt(inner, [pyrage.x25519.Identity.from_str(case.inner[0])])
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        found = {info.name: tar.extractfile(info).read() for info in tar}
        infos = tar.getmembers()
    assert [*found] == [
        "manifest.json",
        "signatures.json",
        "README.txt",
        "audit-head.json",
        "index.html",
        "recordings/0001/audio.wav",
        "recordings/0001/transcript.json",
        "recordings/0001/transcript.txt",
        "recordings/0002/audio.wav",
        "recordings/0002/transcript.json",
        "recordings/0002/transcript.txt",
    ]
    assert {(i.uid, i.gid, i.uname, i.gname, i.mtime, i.mode, i.type) for i in infos} == {
        (0, 0, "", "", 0, 0o644, tarfile.REGTYPE)
    }
    assert found["recordings/0002/audio.wav"] == (case.release / "audio/bb/bb02.wav").read_bytes()

    (tmp_path / "plain.tar").write_bytes(data)
    (tmp_path / "by-tar").mkdir()
    command = ["tar", "xvf", "../plain.tar"]
    listed = subprocess.run(command, cwd=tmp_path / "by-tar", capture_output=True, text=True)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert listed.stdout.split() == [*found]


def test_the_manifest_says_whose_what_and_how_much(case):
    with tarfile.open(fileobj=io.BytesIO(plain(case))) as tar:
        manifest = json.load(tar.extractfile("manifest.json"))
    export = manifest["export"]
    assert (export["subject"], export["request"], export["count"]) == (SUBJECT, "req-7", 2)
    assert {f["path"]: f["bytes"] for f in manifest["files"]}["recordings/0001/audio.wav"] == len(
        (case.release / "audio/aa/aa01.wav").read_bytes()
    )


def test_the_same_input_gives_the_same_bytes_wherever_it_lies(case, tmp_path):
    once = plain(case)
    other = replace(case, folder=tmp_path / "elsewhere")
    for name in ("aa01", "bb02"):
        recording(other.release, name)
    assert plain(other) == once
    assert plain_sha256(case.members()) == plain_sha256(other.members())
    assert case.seal("one.age").read_bytes() != case.seal("two.age").read_bytes()


def test_the_tar_is_what_stock_tar_writes_and_always_wrote(tmp_path):
    content = {"manifest.json": b"{}\n", "recordings/0001/audio.wav": b"x" * 700}
    members = [member_of_bytes(path, data) for path, data in content.items()]
    for member in members:
        put(tmp_path, member.path, b"".join(member.chunks()))
    options = "--format=ustar --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=0644".split()
    paths = [member.path for member in members]
    made = subprocess.run(["tar", *options, "-c", *paths], cwd=tmp_path, capture_output=True, check=True).stdout
    assert b"".join(tar_chunks(members)) == made
    assert plain_sha256(members) == "8c7f0f25b591893228381518cad46a9652dcf0019ae13813fe0ee6071dc81de6"


@pytest.mark.parametrize("size", [0, 511, 512, 8**11 - 1, 8**11, 9 << 40])
def test_headers_of_any_size_are_read_by_tarfile(size):
    with tarfile.open(fileobj=io.BytesIO(header("recordings/0001/audio.wav", size)), mode="r|") as tar:
        found = tar.next()
    assert (found.name, found.size, found.mode) == ("recordings/0001/audio.wav", size, 0o644)


def test_folders_are_numbered_by_time_and_say_nothing(tmp_path):
    lines = [
        recording(tmp_path, "cc", recorded_at=None),
        recording(tmp_path, "bb", recorded_at="2026-01-02"),
        recording(tmp_path, "aa", recorded_at="2026-01-02"),
        recording(tmp_path, "dd", recorded_at="2025-01-02"),
    ]
    manifest = Manifest("r", Purpose.RESEARCH, SUBJECT, tuple(lines), {})
    assert folders(manifest) == {
        "dd": "recordings/0001",
        "aa": "recordings/0002",
        "bb": "recordings/0003",
        "cc": "recordings/0004",
    }


@pytest.mark.parametrize(
    ("path", "is_in_order"),
    [
        ("README.txt", True),
        ("index.html", True),
        ("certificate.html", True),
        ("recordings/0001/audio.wav", True),
        ("recordings/12345/transcript.vtt", True),
        ("manifest.json", False),
        ("Recordings/0001/audio.wav", False),
        ("recordings/0001/AUDIO.wav", False),
        ("recordings/0001/audio.wav/x", False),
        ("recordings/0001/../audio.wav", False),
        ("/index.html", False),
        ("../index.html", False),
        ("recordings//0001/audio.wav", False),
        ("recordings/1/audio.wav", False),
        ("recordings/٠٠٠١/audio.wav", False),
        ("recordings/0001/audio.wav\n", False),
        ("recordings\\0001\\audio.wav", False),
        ("c:index.html", False),
        ("con.txt", False),
        ("nul.json", False),
        ("com1.json", False),
        ("come.json", True),
        ("readme.TXT", False),
        (".bashrc.txt", False),
        ("", False),
    ],
)
def test_names_that_a_package_may_hold(path, is_in_order):
    assert is_safe(path) is is_in_order


@pytest.mark.parametrize("change", ["bytes", "shorter", "longer", "missing", "link", "folder", "pipe"])
def test_a_file_that_is_not_what_was_approved_stops_everything(case, tmp_path, change):
    members = case.members()
    file = case.release / "audio/bb/bb02.wav"
    data = file.read_bytes()
    file.unlink()
    if change == "bytes":
        file.write_bytes(data[:-1] + b"x")
    elif change == "shorter":
        file.write_bytes(data[:-1])
    elif change == "longer":
        file.write_bytes(data + b"x")
    elif change == "link":
        (tmp_path / "same").write_bytes(data)
        file.symlink_to(tmp_path / "same")
    elif change == "folder":
        file.mkdir()
    elif change == "pipe":
        os.mkfifo(file)
    before = {*tmp_path.iterdir()}
    with pytest.raises(StoreError, match="recordings/0002/audio.wav of the package"):
        case.seal(members=members)
    assert {*tmp_path.iterdir()} == before


def test_a_transcript_that_is_not_what_was_approved_is_not_put_on_the_page(case):
    file = case.release / "transcripts/aa/aa01.json"
    file.write_bytes(file.read_bytes().replace(b"hello", b"Hello"))
    with pytest.raises(StoreError, match="0001/transcript.json of the package is not what the manifest says"):
        case.members()


@pytest.mark.parametrize(
    ("path", "match"),
    [
        ("elsewhere/aa/aa01.wav", "none of them"),
        ("audio/../../../etc/passwd.wav", "outside its folder"),
        ("/audio/x.wav", "none of them"),
        ("audio/aa/aa01.w v", "none of them"),
        ("transcripts/aa/aa01.html", "none of them"),
        ("reports/aa/aa01.txt", "none of them"),
        ("", "none of them"),
    ],
)
def test_a_file_that_has_no_place_in_a_package_is_refused(case, path, match):
    line = replace(case.manifest.lines[0], files=((path, "0" * 64, 1),))
    case.manifest = replace(case.manifest, lines=(line,))
    with pytest.raises(UsageError, match=match):
        case.members()


def test_what_does_not_fit_together_is_refused(case):
    audio = put(case.release, "audio/aa/aa01.mp3", b"x")
    two = line_of("aa01", [audio, ("audio/zz/other.mp3", "0" * 64, 1)])
    for lines, match in [((two,), "two files for"), ((line_of("a", []), line_of("a", [])), "twice")]:
        with pytest.raises(UsageError, match=match):
            replace(case, manifest=replace(case.manifest, lines=lines)).members()
    unknown = replace(case.manifest, lines=(replace(case.manifest.lines[0], source="other"),))
    with pytest.raises(UsageError, match="folder that is unknown here"):
        replace(case, manifest=unknown).members()
    taken = ("index.html", "README.txt", "manifest.json", "recordings/0001/audio.wav", "certificate.html")
    for name in (*taken, "a.exe", "readme.txt", "INDEX.html"):
        with pytest.raises(UsageError, match="cannot hold a further file"):
            case.members(extra={name: b""})
    for changes in ({"approved": "0" * 64}, {"part": "canary"}, {"sealed_at": "today"}):
        with pytest.raises(UsageError):
            case.members(**changes)


def test_a_member_that_gives_more_than_it_promised_is_cut_before_it_is_written():
    written = []
    with pytest.raises(StoreError, match="not what the manifest says"):
        for chunk in tar_chunks([Member("index.html", "0" * 64, 3, lambda: iter([b"abc", b"d", b"e"]))]):
            written.append(chunk)
    assert written[1:] == [b"abc"]


def test_enclosures_come_with_it(case):
    names = [m.path for m in case.members(certificate=b"<p>", extra={"certificate.json": b"{}"})]
    assert names[2:6] == ["README.txt", "audit-head.json", "certificate.html", "certificate.json"]
