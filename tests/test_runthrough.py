"""Recordings that are worked on again are held to the rule that they were found by."""

import os
from contextlib import closing
from dataclasses import replace

import pytest

from redactor.identity import RunIdentity
from redactor.inputs import find_inputs
from redactor.ledger import InputMap
from redactor.runfolder import create_run_folder
from redactor.runs import Archive
from redactor.runthrough import inputs_of

NOW = RunIdentity("now", {})


@pytest.fixture
def tree(tmp_path):
    """A folder with a recording, links of every kind, and a recording outside."""
    root = tmp_path / "in"
    (root / "sub").mkdir(parents=True)
    for path in ("in/a.wav", "in/sub/b.wav", "in/.store", "outside.wav"):
        (tmp_path / path).touch()
    (root / "inside.wav").symlink_to(".store")
    (root / "out.wav").symlink_to("../outside.wav")
    (root / "sub" / "out.wav").symlink_to("../../outside.wav")
    (root / "nowhere.wav").symlink_to("gone.wav")
    return root


@pytest.fixture
def again(tmp_path):
    """What becomes of INPUTs that were run, when they are worked on again: file's name -> why it is refused."""

    def again(*arguments, between=lambda: None, keep_names=False, is_older=False):
        folder = create_run_folder(tmp_path / "out")
        with closing(Archive(folder, key_file=tmp_path / "key", keep_names=keep_names)) as archive:
            first = archive.plan(find_inputs([str(argument) for argument in arguments]).inputs, NOW)
            if is_older:
                archive.inputs.put({n: replace(o, within="") for n, o in archive.inputs.items()})
            between()
            found = inputs_of(archive.inputs, first.paths)
            plan = archive.plan(found, NOW)
            assert {job.name for job in plan.jobs} == first.paths.keys() - plan.refused.keys()
            assert {archive.name_of(item) for item in found} == first.paths.keys()
        return {os.fspath(item.relative): item.refusal for item in found}

    return again


EVERYTHING = {
    "a.wav": None, "sub/b.wav": None, "inside.wav": None, "out.wav": "link-out-of-tree",
    "sub/out.wav": "link-out-of-tree", "nowhere.wav": "broken-link",
}  # fmt: skip


@pytest.mark.parametrize("is_older", [False, True])
@pytest.mark.parametrize("keep_names", [False, True])
def test_links_that_were_refused_are_refused_again(tree, again, keep_names, is_older):
    assert again(tree, keep_names=keep_names, is_older=is_older) == EVERYTHING


def test_a_link_is_refused_however_the_folder_was_written(tree, again, tmp_path):
    (tmp_path / "elsewhere/deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to("elsewhere/deep")
    refused = again(f"{tmp_path}/link/../../in")
    assert refused["out.wav"] == "link-out-of-tree"
    assert refused["a.wav"] is refused["inside.wav"] is None


def test_a_folder_that_was_reached_by_a_link_is_the_tree(tree, again, tmp_path):
    (tmp_path / "linked").symlink_to(tree)
    assert again(tmp_path / "linked") == EVERYTHING


def test_a_link_that_was_named_itself_is_followed_again(tree, again):
    assert again(tree / "out.wav") == {"out.wav": None}


def test_a_named_link_of_an_older_version_counts_as_found(tree, again):
    assert again(tree / "out.wav", is_older=True) == {"out.wav": "link-out-of-tree"}


def test_a_link_in_place_of_a_file_or_a_folder_is_seen(tree, again, tmp_path):
    def exchange():
        (tree / "a.wav").unlink()
        (tree / "a.wav").symlink_to(tmp_path / "outside.wav")
        (tree / "sub").rename(tmp_path / "moved")
        (tree / "sub").symlink_to(tmp_path / "moved")

    refused = again(tree, between=exchange)
    assert refused["a.wav"] == refused["sub/b.wav"] == "link-out-of-tree"


@pytest.mark.parametrize("is_older", [False, True])
def test_the_folder_of_a_recording_is_known_when_it_is_opened(tree, tmp_path, is_older):
    folder = create_run_folder(tmp_path / "out")
    with closing(Archive(folder, key_file=tmp_path / "key", keep_names=False)) as archive:
        first = archive.plan(find_inputs([str(tree)]).inputs, NOW)
        if is_older:
            archive.inputs.put({n: replace(o, within="") for n, o in archive.inputs.items()})
        later = archive.plan(inputs_of(archive.inputs, first.paths), NOW)
        named = archive.plan(find_inputs([str(tree / "a.wav")]).inputs, NOW)
        named_later = archive.plan(inputs_of(archive.inputs, named.paths), NOW)
    assert len(first.jobs) == len(later.jobs) == 3
    assert {job.within for job in (*first.jobs, *later.jobs)} == {tree}
    assert {job.within for job in (*named.jobs, *named_later.jobs)} == {None}


def test_what_was_mended_or_is_gone_is_for_the_decoder(tree, again):
    def mend():
        (tree / "nowhere.wav").unlink()
        (tree / "nowhere.wav").touch()
        (tree / "a.wav").unlink()

    refused = again(tree, between=mend)
    assert refused["nowhere.wav"] is refused["a.wav"] is None


def test_a_map_of_an_older_version_is_read(tmp_path):
    from redactor.sqlite import connect

    path = tmp_path / "inputs.sqlite3"
    old = "CREATE TABLE input (name TEXT PRIMARY KEY, uri TEXT, relative TEXT, stamp TEXT)"
    with closing(connect(path, steps=[old])) as connection:
        connection.execute("INSERT INTO input VALUES ('ab', 'file:///in/a.wav', 'a.wav', '')")
    with closing(InputMap(path)) as inputs:
        assert inputs.get("ab").within == ""
