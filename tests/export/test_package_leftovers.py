"""What a killed `export open` left goes with the next one to the same place; nothing else does."""

import shutil

import pytest
from export_package_helpers import make_case

from redactor.export.package import opener
from redactor.export.package.opener import open_package


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A sealed package that tests only read."""
    case = make_case(tmp_path_factory.mktemp("shared"))
    return case, case.seal()


@pytest.fixture
def opened(shared):
    def opened(to):
        case, sealed = shared
        return open_package(sealed, to, **case.keys)

    return opened


@pytest.fixture
def killed(opened, tmp_path, monkeypatch):
    """The draft that is left of a folder if the process is killed before the last file."""

    def killed(to):
        before = {*tmp_path.iterdir()}
        with monkeypatch.context() as patch:
            patch.setattr(shutil, "rmtree", lambda *_, **__: None)
            patch.setattr("redactor.export.package.tarstream.TarReader.end", interrupt)
            with pytest.raises(KeyboardInterrupt):
                opened(to)
        (draft,) = {*tmp_path.iterdir()} - before
        assert (draft / "manifest.json").is_file()
        return draft

    return killed


def interrupt(*_):
    raise KeyboardInterrupt


def test_what_a_killed_one_left_goes(opened, killed, tmp_path):
    killed(tmp_path / "to"), killed(tmp_path / "to")
    opened(tmp_path / "to")
    assert {*tmp_path.iterdir()} == {tmp_path / "to"}


def test_what_another_process_is_at_stays(opened, tmp_path, monkeypatch):
    at_once = []

    def meanwhile(draft):
        at_once.append(draft)
        monkeypatch.setattr(opener, "_unpack", unpack)
        opened(tmp_path / "to")
        assert (draft / "manifest.json").is_file()

    def unpack_then(file, draft, **options):
        report = unpack(file, draft, **options)
        meanwhile(draft)
        return report

    unpack = opener._unpack
    monkeypatch.setattr(opener, "_unpack", unpack_then)
    with pytest.raises(opener.UsageError, match="there already"):
        opened(tmp_path / "to")
    assert len(at_once) == 1
    assert {*tmp_path.iterdir()} == {tmp_path / "to"}


def with_a_note(draft):
    (draft / "recordings" / "note.wav").touch()


def with_a_link(draft):
    (draft / "more.txt").touch()
    (draft / "Link").symlink_to(draft.parent)


def without_a_manifest(draft):
    (draft / "manifest.json").unlink()


def under_another_name(draft):
    draft.rename(draft.with_name(".to.mine.tmp"))


def as_a_link(draft):
    draft.rename(draft.with_name("mine"))
    draft.symlink_to(draft.with_name("mine"))


CHANGES = [with_a_note, with_a_link, without_a_manifest, under_another_name, as_a_link]


@pytest.mark.parametrize("change", CHANGES)
def test_what_may_be_something_else_stays(opened, killed, tmp_path, change):
    change(killed(tmp_path / "to"))
    before = {*tmp_path.rglob("*")}
    opened(tmp_path / "to")
    assert before <= {*tmp_path.rglob("*")}


def test_what_is_left_of_another_folder_stays(opened, killed, tmp_path):
    draft = killed(tmp_path / "to.two")
    opened(tmp_path / "to")
    assert draft.is_dir()


def test_where_nothing_can_be_locked_nothing_goes(opened, killed, tmp_path, monkeypatch):
    def cannot(*_):
        raise OSError("no locks available")

    draft = killed(tmp_path / "to")
    monkeypatch.setattr("fcntl.flock", cannot)
    opened(tmp_path / "to")
    assert draft.is_dir()
