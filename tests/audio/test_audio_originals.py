"""What is opened lies where it was found, whatever came in its place since."""

import os
import shutil

import pytest

from redactor.audio import originals
from redactor.audio.originals import opened
from redactor.audio.problems import Fault


@pytest.fixture(params=["told", "not told"])
def told(request, tmp_path, monkeypatch):
    """On a system that tells where an open file lies, and on one that does not."""
    if request.param == "not told":
        monkeypatch.setattr(originals, "_OPEN_FILES", str(tmp_path / "none"))


@pytest.fixture
def tree(tmp_path, told):
    """A folder with a recording in a folder of its own, and others outside."""
    for folder in ("in/sub", "in2", "outside"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.wav").write_text(folder)
    return tmp_path / "in"


def read(path, within):
    fd = opened(path, within)
    try:
        return os.read(fd, 100).decode()
    finally:
        os.close(fd)


def exchange(path, target):
    """Put a link in place of a file, or of a folder."""
    shutil.move(path, path.with_name("moved"))
    path.symlink_to(target)


@pytest.mark.parametrize(
    ("exchanged", "target"),
    [("sub/a.wav", "outside/a.wav"), ("sub/a.wav", "in2/a.wav"), ("sub/a.wav", "/dev/null"), ("sub", "in2")],
)
def test_a_link_in_place_of_a_file_or_a_folder_is_not_followed_out_of_the_tree(tree, exchanged, target):
    exchange(tree / exchanged, tree.parent / target)
    before = os.listdir("/dev/fd")
    with pytest.raises(Fault, match="link-out-of-tree"):
        opened(tree / "sub/a.wav", tree)
    assert len(os.listdir("/dev/fd")) == len(before)


def test_links_inside_the_tree_and_above_it_are_followed(tree, tmp_path):
    exchange(tree / "sub", tree / "moved")
    (tree / "b.wav").symlink_to("moved/a.wav")
    (tmp_path / "linked").symlink_to(tree)
    for folder in (tree, tmp_path / "linked", tmp_path / "in2/../linked"):
        assert read(folder / "sub/a.wav", folder) == read(folder / "b.wav", folder) == "in/sub"


def test_what_was_named_itself_may_be_a_link(tree):
    exchange(tree / "sub/a.wav", tree.parent / "outside/a.wav")
    assert read(tree / "sub/a.wav", None) == "outside"


def test_a_link_that_is_gone_again_once_it_was_opened_does_not_count_as_the_file(tree, monkeypatch):
    path = tree / "sub/a.wav"
    exchange(path, tree.parent / "outside/a.wav")
    as_it_was = os.open

    def put_back_after(opening, *options):
        fd = as_it_was(opening, *options)
        if opening == path:
            path.unlink()
            (tree / "sub/moved").rename(path)
        return fd

    monkeypatch.setattr(os, "open", put_back_after)
    with pytest.raises(Fault, match=r"link-out-of-tree|changed-while-read"):
        opened(path, tree)
