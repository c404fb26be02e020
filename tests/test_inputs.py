"""Which recordings the INPUTs name: each once, none from outside, none silently left out."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from redactor.errors import UsageError
from redactor.inputs import as_uri, find_inputs, input_path


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "in"
    (root / "b.wav").mkdir(parents=True)
    for name in ("z.wav", "a.FLAC", "b.wav/c.mp3", "notes.txt", ".hidden.wav"):
        (root / name).touch()
    (root / os.fsdecode(b"\xff\n.wav")).touch()
    (tmp_path / "outside.wav").touch()
    return root


def names(found):
    return [os.fspath(item.relative) for item in found.inputs]


def refusals(found):
    return {os.fspath(item.relative): item.refusal for item in found.inputs if item.refusal}


def test_folders_are_searched_in_depth_and_in_order(tree):
    found = find_inputs([str(tree)])
    assert names(found) == ["a.FLAC", "b.wav/c.mp3", "z.wav", "\udcff\n.wav"]
    assert found.ignored == (tree / "notes.txt",)
    assert refusals(found) == {}
    assert [item.path for item in found.inputs] == [tree / name for name in names(found)]


def test_folders_may_be_as_deep_as_the_system_lets_them(tmp_path, monkeypatch):
    num_folders = sys.getrecursionlimit() + 100
    root = tmp_path / "in"
    root.mkdir()
    monkeypatch.chdir(root)
    for _ in range(num_folders):
        os.mkdir("d")
        os.chdir("d")
    Path("deep.wav").touch()
    (root / "e.wav").touch()
    os.chdir(root)
    found = names(find_inputs(["."]))
    subprocess.run(["rm", "-r", "d"], check=True)  # deeper than pytest can remove
    assert found == [f"{'d/' * num_folders}deep.wav", "e.wav"]


def test_hidden_files_and_folders_are_left_alone(tree):
    (tree / ".trash").mkdir()
    (tree / ".trash" / "deleted.wav").touch()
    assert not any("hidden" in name or "trash" in name for name in names(find_inputs([str(tree)])))


def test_the_same_recording_named_twice_is_one(tree, monkeypatch):
    monkeypatch.chdir(tree)
    uri = as_uri(tree / "z.wav")
    again = [str(tree / "z.wav"), uri, f"{tree}/b.wav/../z.wav", f"{tree}//./z.wav", "z.wav", "."]
    assert len(find_inputs([str(tree), *again]).inputs) == 4
    assert len(find_inputs([*again, str(tree)]).inputs) == 4


def test_a_named_file_is_taken_whatever_it_is_called(tree):
    named = ["notes.txt", ".hidden.wav"]
    found = find_inputs([str(tree / name) for name in named])
    assert names(found) == named
    assert found.ignored == ()


def test_a_named_link_is_followed_wherever_it_leads(tree):
    (tree / "link.wav").symlink_to("../outside.wav")
    (found,) = find_inputs([str(tree / "link.wav")]).inputs
    assert (found.uri, found.refusal) == (as_uri(tree / "link.wav"), None)


def test_a_folder_behind_a_named_link_is_searched(tree, tmp_path):
    (tmp_path / "linked").symlink_to(tree)
    found = find_inputs([str(tmp_path / "linked")])
    assert len(found.inputs) == 4
    assert refusals(found) == {}


@pytest.mark.parametrize("name", [b"\xff\n.wav", b"plain.wav", b"a b#c?d%41.wav", "Zoë.wav".encode()])
def test_uri_holds_any_bytes_and_comes_back(tree, name):
    path = tree / os.fsdecode(name)
    uri = as_uri(path)
    assert uri.startswith("file:///")
    assert uri.isascii()
    assert not set(uri) & set("\n ?#")
    assert input_path(uri) == path


@pytest.mark.parametrize("uri", ["file:///x/a.wav", "FILE:///x/a.wav", "file:/x/a.wav", "file://localhost/x/a.wav"])
def test_every_way_to_write_a_file_uri_is_understood(uri):
    assert input_path(uri) == Path("/x/a.wav")


@pytest.mark.parametrize("path", ["c:/x.wav", "12:30.wav", "//calls[1]/x.wav", "/x/a#1.wav", "/x/\udcff?.wav"])
def test_a_path_is_taken_as_it_is(path):
    assert input_path(path) == Path(path)


def test_a_name_that_looks_like_a_scheme_is_a_path_if_it_is_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s3:").mkdir()
    (tmp_path / "s3:" / "x.wav").touch()
    assert names(find_inputs(["s3://x.wav"])) == ["x.wav"]


@pytest.mark.parametrize(
    "argument",
    [
        "s3://bucket/x.wav",
        "http://host/x.wav",
        "no-such-file.wav",
        "file:///no/such/file.wav",
        "file://server/share/x.wav",
        "file:///etc/hostname?x",
        "file:///etc/hostname#1",
        "file:///etc/hostname%00",
        "file://[x/a.wav",
    ],
)
def test_what_cannot_be_read_is_refused_before_any_work(argument):
    with pytest.raises(UsageError, match="INPUT"):
        find_inputs([argument])


@pytest.mark.parametrize("argument", ["", " ", "\n", "file:", "file://", "file://localhost", "file:%20"])
def test_an_empty_input_is_not_the_current_folder(tree, monkeypatch, argument):
    monkeypatch.chdir(tree)
    for read in (input_path, lambda argument: find_inputs([argument])):
        with pytest.raises(UsageError, match="is empty|names no file"):
            read(argument)


def test_a_uri_with_raw_bytes_is_read(tree):
    assert input_path(f"file://{tree}/\udcff.wav") == tree / "\udcff.wav"


def test_two_dots_behind_a_link_lead_where_the_system_says(tree, tmp_path):
    (tmp_path / "link").symlink_to(tree / "b.wav")
    (found,) = find_inputs([f"{tmp_path}/link/../z.wav"]).inputs
    assert found.uri == as_uri(tree / "z.wav")


@pytest.mark.parametrize(
    ("target", "refusal"),
    [
        ("../outside.wav", "link-out-of-tree"),
        ("..", "link-out-of-tree"),
        ("/", "link-out-of-tree"),
        ("gone", "broken-link"),
        ("link.wav", "broken-link"),  # to itself
    ],
)
def test_links_that_lead_out_or_nowhere_are_refused(tree, target, refusal):
    (tree / "link.wav").symlink_to(target)
    assert refusals(find_inputs([str(tree)])) == {"link.wav": refusal}


def test_a_folder_beside_the_tree_with_a_longer_name_is_outside(tree, tmp_path):
    (tmp_path / "in-other").mkdir()
    (tmp_path / "in-other" / "x.wav").touch()
    (tree / "link.wav").symlink_to(tmp_path / "in-other" / "x.wav")
    assert refusals(find_inputs([str(tree)])) == {"link.wav": "link-out-of-tree"}


def test_a_folder_that_is_linked_from_outside_is_refused_and_not_searched(tree, tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "x.wav").touch()
    (tree / "more").symlink_to(tmp_path / "more")
    found = find_inputs([str(tree)])
    assert refusals(found) == {"more": "link-out-of-tree"}
    assert len(found.inputs) == 5


@pytest.mark.parametrize("target", ["../outside.wav", "gone"])
def test_a_bad_link_that_is_not_called_like_audio_is_ignored(tree, target):
    (tree / "link.txt").symlink_to(target)
    found = find_inputs([str(tree)])
    assert (refusals(found), len(found.ignored)) == ({}, 2)


@pytest.mark.parametrize("target", ["z.wav", "b.wav/c.mp3"])
def test_a_link_to_what_is_found_anyway_adds_nothing(tree, target):
    (tree / "link.wav").symlink_to(target)
    assert len(find_inputs([str(tree)]).inputs) == 4


@pytest.mark.parametrize("target", [".", "..", "../b.wav"])
def test_links_to_folders_make_no_loop(tree, target):
    (tree / "b.wav" / "loop").symlink_to(target)
    found = find_inputs([str(tree)])
    assert len(found.inputs) == 4
    assert refusals(found) == {}


@pytest.mark.parametrize("store", [".store/objects", "objects"])
def test_a_link_into_a_store_that_is_not_searched_is_the_recordings_name(tree, store):
    """As archives under git-annex or DVC keep their files."""
    (tree / store).mkdir(parents=True)
    blob = tree / store / ("blob.wav" if store.startswith(".") else "c0ffee")
    blob.touch()
    (tree / "link.wav").symlink_to(blob)
    found = find_inputs([str(tree)])
    assert "link.wav" in names(found)
    assert refusals(found) == {}
    assert len(found.inputs) == 5


def test_a_folder_that_may_not_be_read_is_said_and_the_rest_goes_on(tree, monkeypatch):
    really = os.scandir

    def scandir(folder):
        if Path(folder).name == "b.wav":
            raise PermissionError(errno.EACCES, "Permission denied")
        return really(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    found = find_inputs([str(tree)])
    assert refusals(found) == {"b.wav": "no-permission"}
    assert len(found.inputs) == 4


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENAMETOOLONG])
def test_an_input_that_cannot_be_looked_at_is_refused(tree, monkeypatch, number):
    def look(path, **_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "stat", look)
    monkeypatch.setattr(Path, "lstat", look)
    with pytest.raises(UsageError, match="INPUT"):
        find_inputs([str(tree / "z.wav")])


def test_pipes_are_found_for_the_decoder_to_refuse(tree):
    os.mkfifo(tree / "pipe.wav")
    assert "pipe.wav" in names(find_inputs([str(tree)]))
