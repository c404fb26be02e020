"""Which recordings the INPUTs name, and under what names they leave."""

import os
from pathlib import Path

import pytest

from redactor.errors import UsageError
from redactor.inputs import as_uri, find_inputs, input_path
from redactor.names import kept_name, key_fingerprint, load_key, opaque_name


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


def test_folders_are_searched_in_depth_and_in_order(tree):
    found = find_inputs([str(tree)])
    assert names(found) == ["a.FLAC", "b.wav/c.mp3", "z.wav", "\udcff\n.wav"]
    assert found.num_ignored == 1


def test_the_same_recording_named_twice_is_one(tree):
    uri = as_uri(tree / "z.wav")
    assert len(find_inputs([str(tree), str(tree / "z.wav"), uri, f"{tree}/b.wav/../z.wav"]).inputs) == 4


def test_a_named_file_is_taken_whatever_it_is_called(tree):
    assert names(find_inputs([str(tree / "notes.txt")])) == ["notes.txt"]


def test_uri_holds_any_bytes_and_comes_back(tree):
    path = tree / os.fsdecode(b"\xff\n.wav")
    assert as_uri(path).endswith("%FF%0A.wav")
    assert input_path(as_uri(path)) == path


@pytest.mark.parametrize(
    ("target", "refusal"),
    [
        ("../outside.wav", "link-out-of-tree"),
        ("..", "link-out-of-tree"),
        ("gone", "broken-link"),
        ("link.wav", "broken-link"),  # to itself
    ],
)
def test_links_that_lead_out_or_nowhere_are_refused(tree, target, refusal):
    (tree / "link.wav").symlink_to(target)
    refused = [item for item in find_inputs([str(tree)]).inputs if item.path.name == "link.wav"]
    assert [item.refusal for item in refused] == [refusal]


def test_a_link_inside_the_tree_adds_nothing(tree):
    (tree / "link.wav").symlink_to("z.wav")
    assert "link.wav" not in names(find_inputs([str(tree)]))


@pytest.mark.parametrize("argument", ["s3://bucket/x.wav", "no-such-file.wav", "http://host/x.wav"])
def test_what_cannot_be_read_is_refused_before_any_work(argument):
    with pytest.raises(UsageError, match="INPUT"):
        find_inputs([argument])


def test_opaque_names_depend_on_input_and_key_alone():
    one, other = bytes(32), bytes([1]) * 32
    name = opaque_name("file:///a.wav", one)
    assert name == opaque_name("file:///a.wav", one)
    assert len({name, opaque_name("file:///b.wav", one), opaque_name("file:///a.wav", other)}) == 3
    assert len(name) == 32
    assert key_fingerprint(one) != key_fingerprint(other)


@pytest.mark.parametrize(
    ("relative", "kept"),
    [
        ("sub/call.one.wav", "sub/call.one"),
        ("tab\tname.wav", "tab%09name"),
        ("\udcff.wav", "%FF"),
        ("../x.wav", "%2E./x"),
        ("plain", "plain"),
    ],
)
def test_kept_names_are_fit_for_any_file_system(relative, kept):
    assert kept_name(Path(relative)) == kept


def test_a_key_is_made_once_for_its_owner_and_never_in_place_of_a_lost_one(tmp_path):
    path = tmp_path / "keys" / "names.key"
    with pytest.raises(UsageError, match="missing"):
        load_key(path, create=False)
    key = load_key(path, create=True)
    assert load_key(path, create=True) == load_key(path, create=False) == key
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("short")
    with pytest.raises(UsageError, match="not a key file"):
        load_key(path, create=True)
