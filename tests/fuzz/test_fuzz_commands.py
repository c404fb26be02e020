"""Archives made to do harm: nothing is written outside OUT, run or waited for, and all ends with 0, 1 or 2."""

from __future__ import annotations

import json
import os
import shutil
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from run_in_process import install, redactor, snapshot
from stage_stand_ins import write_recording

pytestmark = pytest.mark.long

NUM_EXAMPLES = 20

HOSTILE_NAMES = [
    b"a\nb.wav",
    b"\x1b[31m.wav",
    b"caf\xe9\xff.wav",
    "\u202egnp.wav".encode(),
    b"-rf.wav",
    b"--out.wav",
    b"--.wav",
    b"...wav",
    b"..%2f..%2fescaped.wav",
    b"%2e%2e.wav",
    b"..\\..\\escaped.wav",
    b"$(touch escaped).wav",
    b"`touch escaped`.wav",
    b"; touch escaped;.wav",
    b"| touch escaped.wav",
    b"&& touch escaped.wav",
    b"'\"'.wav",
    b"*.wav",
    b"~root.wav",
    b"file:..wav",
    b"s3:..wav",
    b"#EXTM3U.wav",
    b"manifest.jsonl.wav",
    b"con.wav",
    b" .wav",
    b".wav",
    b".hidden.wav",
    b"call.0badcafe.tmp.wav",
    b"n" * 200 + b".wav",
    b"n" * 251 + b".wav",
    "ü".encode() * 120 + b".wav",
]
KINDS = [
    "recording",
    "empty",
    "letter",
    "folder",
    "fifo",
    "socket",
    "link to a recording outside",
    "link to a secret",
    "link to the folder above",
    "link to a device",
    "link to itself",
    "link to nothing",
    "link to a neighbour",
]


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return write_recording(tmp_path_factory.mktemp("sound") / "good.wav")


class Place:
    """A folder with an archive in it, and whatever is beside it."""

    def __init__(self, root: Path, recording: Path) -> None:
        self.root, self.recording = root, recording
        self.archive, self.out, self.beside = root / "archive", root / "out", root / "beside"
        self.home, self.keys = root / "home", root / "keys"
        for folder in (self.archive, self.beside, self.home, self.keys):
            folder.mkdir(parents=True)
        shutil.copy(recording, self.beside / "outside.wav")
        (self.beside / "secret.wav").write_text("root:x:0:0")

    def make(self, name: bytes, kind: str, *, folder: bytes = b"") -> None:
        where = os.path.join(os.fsencode(self.archive), folder)
        os.makedirs(where, exist_ok=True)
        path = os.fsdecode(os.path.join(where, name))
        if os.path.lexists(path):
            return
        targets = {
            "link to a recording outside": self.beside / "outside.wav",
            "link to a secret": self.beside / "secret.wav",
            "link to the folder above": "..",
            "link to a device": "/dev/zero",
            "link to itself": os.path.basename(path),
            "link to nothing": "nowhere.wav",
            "link to a neighbour": "a\nb.wav",
        }
        if kind in targets:
            os.symlink(targets[kind], path)
        elif kind == "recording":
            shutil.copy(self.recording, path)
        elif kind == "folder":
            os.mkdir(path)
            shutil.copy(self.recording, os.path.join(path, "inside.wav"))
        elif kind == "fifo":
            os.mkfifo(path)
        elif kind == "socket":
            _bind(path)
        else:
            Path(path).write_bytes(b"" if kind == "empty" else b"Dear Ada Quill")

    def look(self) -> dict:
        return snapshot(self.root, without=(self.out, self.home, self.keys))

    def run(self, *inputs, keep_names: bool = False):
        key = self.keys / "names.key"
        options = ["--out", self.out, "--key-file", key, "--json", *["--keep-names"] * keep_names]
        return redactor("run", *options, "--", *(inputs or [self.archive]))


def _bind(path: str) -> None:
    """A socket's own path may have a hundred bytes only; that of its folder may not count."""
    folder, name = os.path.split(path)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(f"/proc/self/fd/{descriptor}/{name[:60]}")
    except OSError:
        Path(path).touch()  # a system without /proc
    finally:
        os.close(descriptor)


@pytest.fixture
def place(tmp_path, recording, monkeypatch):
    made = Place(tmp_path / "place", recording)
    install(monkeypatch, made.home)
    monkeypatch.chdir(made.beside)
    return made


def assert_only_ours(place):
    """OUT holds its three parts, and what is in release/ lies where the layout says."""
    if not place.out.exists():
        return
    assert {path.name for path in place.out.iterdir()} <= {"release", "private"}
    parts = {"audio", "transcripts", "reports", "manifest.jsonl"}
    assert {path.name for path in (place.out / "release").iterdir()} <= parts
    for path in (place.out / "release").rglob("*"):
        assert not path.is_symlink()
        assert path.resolve().is_relative_to(place.out.resolve())
        assert not path.name.endswith(".tmp")


def everything(place, *inputs, keep_names):
    """What a person would do with such an archive; nothing but OUT has changed after any of it."""
    before = place.look()
    said = place.run(*inputs, keep_names=keep_names)
    assert len(said.out.splitlines()) == 1
    done = json.loads(said.out)
    if "released" in done:
        assert place.run(*inputs, keep_names=keep_names).code == said.code
        assert redactor("status", place.out, "--json").code in (0, 1)
        assert redactor("status", place.out).code in (0, 1)
        redactor("retry", place.out, "--quarantined", "-v")
        key = place.keys / "names.key"
        redactor("forget", "--yes", "--out", place.out, "--key-file", key, "--", *(inputs or [place.archive]))
    assert place.look() == before
    assert_only_ours(place)
    return said, done


@pytest.mark.parametrize("keep_names", [False, True])
@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=ascii)
def test_a_recording_of_any_name_is_released_under_a_name_of_ours_or_refused(place, name, keep_names):
    place.make(name, "recording")
    path = os.path.join(os.fsencode(place.archive), name)
    said, done = everything(place, os.fsdecode(path), keep_names=keep_names)
    assert done["released"] + done["failed"] == 1, said
    assert said.err.isprintable() or all(line.isprintable() for line in said.err.splitlines())


@pytest.mark.parametrize("keep_names", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_called_like_a_recording_is_released_or_refused(place, kind, keep_names):
    place.make(b"a\nb.wav", "recording")
    place.make(b"strange.wav", kind)
    _, done = everything(place, keep_names=keep_names)
    assert done["released"] >= 1
    assert done["released"] == {"recording": 2, "folder": 2}.get(kind, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_named_as_input_is_released_or_refused(place, kind):
    place.make(b"strange.wav", kind)
    everything(place, place.archive / "strange.wav", keep_names=False)


_NO_NAME = bytes.maketrans(b"/\0", b"_0")
trees = st.lists(
    st.tuples(
        st.sampled_from([b"", b"", b"sub", b"sub/..deep", b"-folder\n", b"x.wav"]),
        st.one_of(
            st.sampled_from(HOSTILE_NAMES),
            st.binary(min_size=1, max_size=40).map(lambda name: name.translate(_NO_NAME) + b".wav"),
        ),
        st.sampled_from(KINDS),
    ),
    max_size=6,
)


def test_archives_of_all_that_give_0_1_or_2_and_touch_nothing_but_out(recording, tmp_path_factory, monkeypatch):
    @settings(
        max_examples=NUM_EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(trees, st.booleans())
    def run(tree, keep_names):
        place = Place(tmp_path_factory.mktemp("place") / "place", recording)
        install(monkeypatch, place.home)
        monkeypatch.chdir(place.beside)
        for folder, name, kind in tree:
            try:
                place.make(name, kind, folder=folder)
            except OSError:  # a file where a folder should be, or a name this file system refuses
                continue
        everything(place, keep_names=keep_names)
        shutil.rmtree(place.root.parent)

    run()
