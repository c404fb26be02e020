"""Where everything of a run lies, and that nothing else lies in what is handed over."""

import errno
import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from redactor.errors import LockedError, StoreError, UsageError
from redactor.runfolder import (
    RunFolder,
    create_run_folder,
    is_held,
    locked,
    open_run_folder,
    relative_path,
    remove,
    remove_temporary,
    sweep,
)


@pytest.fixture
def folder(tmp_path):
    made = create_run_folder(tmp_path / "out")
    made.ledger.touch()
    return made


def put(folder, relative, content=b"x"):
    path = folder.release / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def everything(root):
    return sorted(os.fspath(path.relative_to(root)) for path in root.rglob("*"))


def mode(path):
    return path.stat().st_mode & 0o777


def test_a_run_folder_has_a_release_and_a_private_part(folder, tmp_path):
    private = ["private", "private/ledger.sqlite3", "private/run-folder-id.txt"]
    assert everything(tmp_path / "out") == [*private, "release"]
    assert mode(folder.private) == 0o700
    assert open_run_folder(tmp_path / "out").ledger == create_run_folder(tmp_path / "out").ledger


def test_a_private_folder_that_was_widened_is_narrowed(folder):
    folder.private.chmod(0o755)
    create_run_folder(folder.out)
    assert mode(folder.private) == 0o700


def test_a_private_folder_elsewhere_is_found_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = os.fsdecode(b"p\xff")
    made = create_run_folder(Path("o"), private=Path(name))
    made.ledger.touch()
    assert not (tmp_path / "o" / "private").exists()
    monkeypatch.chdir("/")
    for found in (open_run_folder(tmp_path / "o"), create_run_folder(tmp_path / "o")):
        assert found.private == tmp_path / name
    assert mode(tmp_path / name) == 0o700


def test_a_private_folder_that_was_moved_is_named(tmp_path):
    create_run_folder(tmp_path / "o", private=tmp_path / "p").ledger.touch()
    (tmp_path / "p").rename(tmp_path / "q")
    with pytest.raises(UsageError, match="--private if that folder was moved"):
        open_run_folder(tmp_path / "o")
    assert open_run_folder(tmp_path / "o", private=tmp_path / "q").private == tmp_path / "q"


def test_the_default_place_needs_no_pointer(tmp_path):
    create_run_folder(tmp_path / "o", private=tmp_path / "o" / "private")
    assert everything(tmp_path / "o") == ["private", "private/run-folder-id.txt", "release"]


def test_what_a_killed_start_left_of_the_id_goes_with_the_next(folder):
    for name in (".run-folder-id.txt.0123abcd.tmp", "..run-folder-id.txt.0123abcd.tmp.4567cdef.tmp"):
        (folder.private / name).touch()
    create_run_folder(folder.out)
    assert everything(folder.private) == ["ledger.sqlite3", "run-folder-id.txt"]


# --- one private folder for one OUT


ID = "run-folder-id.txt"


@pytest.fixture
def apart(tmp_path):
    """A run folder that has released something, its private folder elsewhere."""
    made = create_run_folder(tmp_path / "o", private=tmp_path / "p")
    made.ledger.touch()
    put(made, "manifest.jsonl")
    return made


def age(folder):
    """As an older version left it."""
    for path in (folder.out / ID, folder.private / ID):
        path.unlink(missing_ok=True)


def either_way(out, private=None):
    """The private folder that is used, opened and created."""
    opened, created = (use(out, private=private).private for use in (open_run_folder, create_run_folder))
    assert opened.absolute() == created.absolute()
    return created


@pytest.fixture
def refused(tmp_path):
    def refused(out, private, match="private folder of another --out"):
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        folders = everything(tmp_path)
        for use in (open_run_folder, create_run_folder):
            with pytest.raises(UsageError, match=match):
                use(out, private=private)
        assert everything(tmp_path) == folders
        assert {path: path.read_bytes() for path in before} == before

    return refused


@pytest.mark.parametrize("is_older", [False, True])
@pytest.mark.parametrize("is_used", [False, True])
def test_a_private_folder_is_not_shared_by_two_outs(apart, tmp_path, refused, is_older, is_used):
    if is_used:  # as older versions let it come to
        other = create_run_folder(tmp_path / "other", private=tmp_path / "second")
        other.ledger.touch()
        put(other, "manifest.jsonl")
    if is_older:
        age(apart)
        age(RunFolder(tmp_path / "other", tmp_path / "second"))
    refused(tmp_path / "other", apart.private)
    assert either_way(apart.out) == apart.private


def test_whose_it_is_is_said(apart, tmp_path, refused):
    refused(tmp_path / "other", apart.private, match=f"'{apart.out}'; name that one, or another --private")


def test_the_private_folder_inside_another_out_is_refused(folder, tmp_path, refused):
    refused(tmp_path / "other", folder.private)
    age(folder)
    refused(tmp_path / "other", folder.private)


def test_two_outs_that_an_older_version_let_share_are_told_apart(apart, tmp_path, refused):
    age(apart)
    other = tmp_path / "other"
    put(RunFolder(other, apart.private), "manifest.jsonl")
    (other / "private-folder.txt").write_text(f"{apart.private}\n")
    create_run_folder(apart.out)
    refused(other, None)
    assert either_way(apart.out) == apart.private


@pytest.mark.parametrize("is_older", [False, True])
@pytest.mark.parametrize("moved", ["out", "private", "both"])
def test_folders_that_were_moved_still_belong_together(apart, tmp_path, moved, is_older):
    if is_older:
        age(apart)
    out, private = apart.out, apart.private
    if moved != "private":
        out = out.rename(tmp_path / "new-out")
    if moved != "out":
        private = private.rename(tmp_path / "new-private")
    assert either_way(out, None if moved == "out" else private) == private
    assert either_way(out) == private
    assert (out / ID).read_bytes().strip() == (private / ID).read_bytes().partition(b"\n")[0]


@pytest.mark.parametrize("is_older", [False, True])
@pytest.mark.parametrize("out_too", [False, True])
def test_a_private_folder_that_was_taken_out_still_belongs_to_its_out(folder, tmp_path, is_older, out_too):
    put(folder, "manifest.jsonl")
    if is_older:
        age(folder)
    private = folder.private.rename(tmp_path / "p")
    out = folder.out.rename(tmp_path / "new") if out_too else folder.out
    assert either_way(out, private) == private
    assert either_way(out) == private


def test_an_out_that_was_emptied_is_filled_again_by_its_ledger(apart):
    for path in (apart.manifest, apart.out / ID, apart.out / "private-folder.txt"):
        path.unlink()
    assert either_way(apart.out, apart.private) == apart.private


def test_a_pointer_that_is_damaged_is_made_good_by_the_option(apart):
    (apart.out / "private-folder.txt").write_text("nonsense")
    assert either_way(apart.out, apart.private) == apart.private
    assert either_way(apart.out) == apart.private


@pytest.mark.parametrize("content", [b"", b"x", b"a" * 32, b"a" * 32 + b"\n\0", b"A" * 32 + b"\n/o\n"])
def test_an_id_that_is_none_is_refused(apart, refused, content):
    (apart.private / ID).write_bytes(content)
    refused(apart.out, apart.private, match="is no id of a run folder")


def test_of_runs_that_start_together_the_first_ones_id_counts(tmp_path, monkeypatch):
    from redactor import runfolder

    really = runfolder.write_once

    def write_once(path, data):
        monkeypatch.setattr(runfolder, "write_once", really)
        create_run_folder(tmp_path / "o", private=tmp_path / "p")
        return really(path, data)

    monkeypatch.setattr(runfolder, "write_once", write_once)
    made = create_run_folder(tmp_path / "o", private=tmp_path / "p")
    made.ledger.touch()
    assert either_way(tmp_path / "o") == tmp_path / "p"


def test_what_is_no_run_folder_is_not_opened_and_not_made(tmp_path):
    with pytest.raises(UsageError, match="not a run folder.*--out"):
        open_run_folder(tmp_path / "o")
    assert everything(tmp_path) == []


@pytest.mark.parametrize("content", ["file", "folder/", ".hidden"])
def test_a_release_that_no_ledger_knows_is_not_touched(tmp_path, content):
    release = tmp_path / "o" / "release"
    release.mkdir(parents=True)
    (release / content).mkdir() if content.endswith("/") else (release / content).touch()
    with pytest.raises(UsageError, match="has no ledger.*--out"):
        create_run_folder(tmp_path / "o")
    assert everything(tmp_path / "o") == ["release", f"release/{content.rstrip('/')}"]


def test_a_second_private_folder_cannot_take_over_a_release(folder, tmp_path):
    put(folder, "audio/ab/ab.wav")
    with pytest.raises(UsageError, match="has no ledger"):
        create_run_folder(folder.out, private=tmp_path / "other")
    assert not (tmp_path / "other").exists()
    assert open_run_folder(folder.out).private == folder.private


def test_a_place_that_cannot_be_written_stops_the_run(tmp_path):
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StoreError, match="cannot be written"):
            create_run_folder(out)


@pytest.mark.parametrize(
    ("name", "keep_names", "expected"),
    [
        ("abcdef", False, "audio/ab/abcdef.wav"),
        ("sub/call.one", True, "audio/sub/call.one.wav"),
        ("a", True, "audio/a.wav"),
    ],
)
def test_every_file_has_its_place(name, keep_names, expected):
    assert relative_path("audio", name, ".wav", keep_names=keep_names) == expected


def test_release_has_three_parts_and_no_more():
    with pytest.raises(ValueError, match="originals"):
        relative_path("originals", "ab", ".wav", keep_names=False)


# --- the lock


def test_a_folder_is_held_by_one_run_at_a_time(folder):
    with locked(folder), pytest.raises(LockedError, match="wait for it, or stop it"), locked(folder):
        pass
    with locked(folder):
        assert mode(folder.private / "lock") == 0o600


def test_whether_a_folder_is_held_can_be_asked_and_stops_nobody(folder):
    assert not is_held(folder)
    with locked(folder):
        assert is_held(folder)
    assert not is_held(folder)
    descriptor = os.open(folder.private / "lock", os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)  # somebody who asks just now
    looker = threading.Timer(0.01, os.close, [descriptor])
    looker.start()
    with locked(folder):
        looker.join()


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_a_folder_that_cannot_be_written_is_said_with_the_next_step(folder, monkeypatch, number):
    def refuse(path, *_):
        raise OSError(number, os.strerror(number), path)

    monkeypatch.setattr(os, "open", refuse)
    message = f"lock' cannot be written: {os.strerror(number)}; work as"
    with pytest.raises(StoreError, match=message), locked(folder):
        pass


def test_the_lock_is_let_go_of_after_an_error(folder):
    with pytest.raises(RuntimeError), locked(folder):
        raise RuntimeError
    with locked(folder):
        pass


HOLD = """
import sys
from pathlib import Path
from redactor.runfolder import locked, open_run_folder
with locked(open_run_folder(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_is_refused_until_the_first_ends_however_it_ends(folder):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, folder.out], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(LockedError), locked(folder):
            pass
        holder.kill()
        holder.wait()
        with locked(folder):
            pass


# --- what is not listed


def test_exactly_what_is_not_listed_is_removed(folder):
    listed = ["audio/ab/ab1.wav", "transcripts/ab/ab1.json", "reports/sub/deep/x y.json"]
    for path in (*listed, "manifest.jsonl"):
        put(folder, path)
    unlisted = ["audio/ab/ab1.flac", "audio/ab/.ab2.0123abcd.tmp", "audio/zz/z.wav", "stray", ".hidden/file"]
    for path in (*unlisted, "audio/manifest.jsonl", "new/manifest.jsonl"):
        put(folder, path)
    (folder.release / "reports" / "empty" / "empty").mkdir(parents=True)
    outside = folder.out / "beside"
    outside.touch()
    assert sweep(folder, listed=listed) == 7
    files = [path for path in everything(folder.release) if (folder.release / path).is_file()]
    assert files == sorted([*listed, "manifest.jsonl"])
    folders = {path for path in everything(folder.release) if path not in files}
    assert folders == {str(above) for path in listed for above in Path(path).parents} - {"."}
    assert outside.exists()
    assert folder.ledger.exists()


def test_whatever_is_staged_is_swept(folder):
    for path in ("audio/ab/.ab1.0123abcd.tmp", "audio/ab/ab1.wav", "stray"):
        put(folder, f"../.staging/{path}")
    put(folder, "audio/ab/ab1.wav")
    assert sweep(folder, listed=["audio/ab/ab1.wav", "stray"]) == 0
    assert not folder.staging.exists()
    assert everything(folder.release) == ["audio", "audio/ab", "audio/ab/ab1.wav"]


@pytest.mark.parametrize("kind", ["file", "folder", "nowhere", "loop"])
@pytest.mark.parametrize("place", ["", "audio"])
def test_links_in_place_of_what_is_staged_are_removed_and_never_followed(folder, tmp_path, place, kind):
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "original.wav").write_bytes(b"original")
    link = folder.staging / place
    link.parent.mkdir(parents=True, exist_ok=True)
    target = {"file": victim / "original.wav", "folder": victim, "nowhere": "gone", "loop": link.name}[kind]
    link.symlink_to(target)
    sweep(folder, listed=[])
    assert not os.path.lexists(folder.staging)
    assert (victim / "original.wav").read_bytes() == b"original"


def test_what_is_staged_and_cannot_be_removed_stops_whoever_sweeps_with_the_rest_swept(folder, monkeypatch):
    put(folder, "../.staging/audio/ab/.ab1.0123abcd.tmp")
    put(folder, "stray")
    monkeypatch.setattr("redactor.runfolder.shutil.rmtree", lambda *_, **__: None)
    with pytest.raises(StoreError, match="no check has passed.*remove it"):
        sweep(folder, listed=[])
    assert everything(folder.release) == []


def test_a_staging_folder_without_a_ledger_is_somebody_elses(tmp_path):
    (tmp_path / ".staging").mkdir()
    (tmp_path / ".staging" / "holiday.jpg").touch()
    with pytest.raises(UsageError, match=r"\.staging' holds files but .* has no ledger.*another --out"):
        create_run_folder(tmp_path)
    assert everything(tmp_path) == [".staging", ".staging/holiday.jpg"]


def test_sweeping_twice_removes_nothing_more(folder):
    put(folder, "stray")
    assert sweep(folder, listed=[]) == 1
    assert sweep(folder, listed=[]) == 0
    assert folder.release.is_dir()


@pytest.mark.parametrize("place", ["link", "audio/ab/link.wav", "audio", "audio/ab/.x.tmp"])
@pytest.mark.parametrize("kind", ["file", "folder", "nowhere", "loop"])
def test_planted_links_are_removed_and_never_followed(folder, tmp_path, place, kind):
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "original.wav").write_bytes(b"original")
    link = folder.release / place
    link.parent.mkdir(parents=True, exist_ok=True)
    target = {"file": victim / "original.wav", "folder": victim, "nowhere": "gone", "loop": link.name}[kind]
    link.symlink_to(target)
    assert sweep(folder, listed=["audio/original.wav"]) == 1
    assert not link.is_symlink()
    assert (victim / "original.wav").read_bytes() == b"original"


def test_names_of_any_bytes_are_swept(folder):
    put(folder, os.fsdecode(b"audio/\xff\n/\xfe.wav"))
    put(folder, "audio/Zoë.wav")
    assert sweep(folder, listed=["audio/Zoë.wav"]) == 1
    assert everything(folder.release) == ["audio", "audio/Zoë.wav"]


def test_removing_takes_the_named_files_and_a_link_but_not_its_target(folder, tmp_path):
    kept, gone = put(folder, "audio/ab/a.wav"), put(folder, "audio/ab/b.wav")
    (tmp_path / "target").touch()
    (folder.release / "audio/ab/c.wav").symlink_to(tmp_path / "target")
    remove(folder, ["audio/ab/b.wav", "audio/ab/c.wav", "audio/ab/never.wav", "no/such/folder.wav"])
    assert everything(folder.release / "audio") == ["ab", "ab/a.wav"]
    assert kept.exists()
    assert not gone.exists()
    assert (tmp_path / "target").exists()


# --- what a dead worker left


@pytest.mark.parametrize("keep_names", [True, False])
def test_half_written_files_of_one_recording_go_and_all_others_stay(folder, keep_names):
    def path(part, name):
        return relative_path(part, name, "", keep_names=keep_names)

    def temporary(part, name):
        target = Path(path(part, name))
        return str(target.with_name(f".{target.name}.0123abcd.tmp"))

    others = ("ab12.two", "ab1", "ab123", "ab12.dead")
    kept = [temporary(part, name) for part in ("audio", "reports") for name in others]
    kept += [path("audio", "ab12") + ".wav", path("audio", "ab12") + ".tmp"]
    gone = [temporary(part, "ab12") for part in ("audio", "transcripts", "reports")]
    for each in (*kept, *gone):
        put(folder, f"../.staging/{each}")
    remove_temporary(folder, "ab12", keep_names=keep_names)
    files = [each for each in everything(folder.staging) if (folder.staging / each).is_file()]
    assert files == sorted(kept)


def test_half_written_files_are_found_whatever_the_name_holds(folder):
    put(folder, "../.staging/audio/sub/.a+(b)[1].0123abcd.tmp")
    put(folder, "../.staging/audio/sub/.a+(b)1.0123abcd.tmp")
    remove_temporary(folder, "sub/a+(b)[1]", keep_names=True)
    assert everything(folder.staging / "audio" / "sub") == [".a+(b)1.0123abcd.tmp"]
