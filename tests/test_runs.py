"""Withdrawal, sweeping and planning: no moment shows more than the ledger allows."""

import hashlib
import json
import os
import shutil
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from redactor import ledger as ledger_module
from redactor import runs as runs_module
from redactor.audit import AuditLog, Event, head_file, load_signing_key, read_head
from redactor.config import load_policy
from redactor.errors import StoreError, UsageError
from redactor.files import sha256_file
from redactor.identity import RunIdentity
from redactor.inputs import find_inputs
from redactor.ledger import Row, State
from redactor.record import signing_key_beside
from redactor.runfolder import create_run_folder
from redactor.runs import Archive
from redactor.settings import Settings
from redactor.types import ReleasedFile

NOW = RunIdentity("now", {"policy": {"name": "p", "digest": "d"}, "models": {"transcribe": "m"}})
PARTS = (("audio", ".wav"), ("transcripts", ".json"), ("reports", ".json"))


@pytest.fixture(autouse=True)
def _without_waiting_for_the_disk(monkeypatch):
    """That bytes are synced is tested in test_files; here it would only take time."""
    connect = ledger_module.connect

    def unsynced(*arguments, **options):
        connection = connect(*arguments, **options)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    monkeypatch.setattr(ledger_module, "connect", unsynced)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def opened(tmp_path, *, keep_names=False, out="out"):
    return closing(Archive(create_run_folder(tmp_path / out), key_file=tmp_path / "key", keep_names=keep_names))


@pytest.fixture
def archive(tmp_path):
    with opened(tmp_path) as made:
        yield made


@pytest.fixture
def kept(tmp_path):
    with opened(tmp_path, keep_names=True, out="kept") as made:
        yield made


@pytest.fixture
def inputs(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.wav").write_bytes(b"one")
    return folder


def release(archive, name, *, run="now", sha256="s"):
    """Release a recording as an engine does: files first, then the row. Returns the audio's path."""
    shard = "" if archive.keep_names else f"{name[:2]}/"
    files = []
    for part, ending in PARTS:
        path = f"{part}/{shard}{name}{ending}"
        target = archive.folder.release / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"redacted")
        files.append(ReleasedFile(path, hashlib.sha256(b"redacted").hexdigest(), 8))
    row = Row(
        name, State.DONE, run_identity=run, input_sha256=sha256, duration=1.5, verdict="unchecked",
        files=tuple(files), provenance=NOW.provenance,
    )  # fmt: skip
    archive.ledger.finish(row)
    return archive.folder.release / files[0].path


def manifest(archive):
    return [json.loads(line) for line in archive.folder.manifest.read_text().splitlines()]


def listed(archive):
    return [line["id"] for line in manifest(archive)]


def released(archive):
    root = archive.folder.release
    return {path for path in root.rglob("*") if not path.is_dir() and path != archive.folder.manifest}


def state(archive, name):
    return archive.ledger.row(name).state


def waiting(reason):
    return {"reason": reason, "detail": runs_module.WITHDRAWN[reason]}


# --- reconcile


def test_only_what_is_listed_stays_in_release(archive, tmp_path):
    release(archive, "ab1")
    before = released(archive)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "original.wav").touch()
    (archive.folder.release / "audio/ab/.ab2.wav.1234.tmp").touch()
    (archive.folder.staging / "audio/ab").mkdir(parents=True)
    (archive.folder.staging / "audio/ab/.ab2.1234.tmp").touch()
    (archive.folder.release / "audio/link").symlink_to(outside)
    (archive.folder.release / "transcripts/zz").mkdir(parents=True)
    archive.reconcile(NOW)
    assert released(archive) == before
    assert (outside / "original.wav").exists()
    assert not (archive.folder.release / "transcripts/zz").exists()
    assert not archive.folder.staging.exists()


def test_what_another_identity_released_is_withdrawn(archive):
    release(archive, "ab1", run="before")
    new = release(archive, "cd1")
    archive.reconcile(NOW)
    assert {path.stem for path in released(archive)} == {"cd1"}
    assert new.exists()
    assert archive.ledger.row("ab1") == Row("ab1", State.PENDING, **waiting("other-settings"), provenance={})
    assert listed(archive) == ["cd1"]


def test_the_ledger_withdraws_before_the_manifest_and_the_manifest_before_the_files(archive, monkeypatch):
    old = release(archive, "ab1", run="before")
    archive.write_manifest()
    seen = []
    write, sweep = archive.write_manifest, runs_module.sweep

    def write_manifest():
        seen.append(("manifest", state(archive, "ab1"), listed(archive), old.exists()))
        write()

    def swept(folder, *, listed):
        seen.append(("sweep", [line["id"] for line in manifest(archive)], old.exists()))
        return sweep(folder, listed=listed)

    monkeypatch.setattr(archive, "write_manifest", write_manifest)
    monkeypatch.setattr(runs_module, "sweep", swept)
    archive.reconcile(NOW)
    assert seen == [("manifest", State.PENDING, ["ab1"], True), ("sweep", [], True)]
    assert not old.exists()


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize(
    "damage",
    [
        lambda path, _: path.unlink(),
        lambda path, _: path.write_bytes(b"half"),
        lambda path, _: path.write_bytes(b"redacted and more"),
        lambda path, outside: (path.unlink(), path.symlink_to(outside)),
        lambda path, outside: (path.unlink(), os.mkdir(path)),
        lambda path, outside: (path.parent.rename(outside.parent / "moved"), path.parent.symlink_to("gone")),
        lambda path, outside: (
            path.parent.rename(outside.parent / "moved"),
            path.parent.symlink_to(outside.parent / "moved"),
        ),
    ],
    ids="missing truncated longer link folder folder-gone folder-linked".split(),
)
def test_a_recording_that_lost_a_file_is_withdrawn_whole(archive, tmp_path, damage, number):
    release(archive, "ab1")
    other = release(archive, "cd1")
    outside = tmp_path / "outside"
    outside.write_bytes(b"redacted")  # as many bytes as the ledger says
    part, ending = PARTS[number]
    damage(archive.folder.release / f"{part}/ab/ab1{ending}", outside)
    archive.reconcile(NOW)
    assert archive.ledger.row("ab1") == Row("ab1", State.PENDING, **waiting("file-lost"), provenance={})
    assert listed(archive) == ["cd1"]
    assert {path.stem for path in released(archive)} == {"cd1"}
    assert other.exists()
    assert outside.read_bytes() == b"redacted"


def test_what_was_running_is_pending_again_and_its_files_go(archive):
    target = release(archive, "ab1")
    archive.ledger.lease(["ab1"])
    archive.ledger.finish(Row("cd1", State.FAILED, run_identity="before"))
    archive.reconcile(NOW)
    assert state(archive, "ab1") is State.PENDING
    assert state(archive, "cd1") is State.FAILED
    assert not target.exists()


def test_the_manifest_is_written_anew_in_order_of_name(archive):
    for name in ("cd1", "ab2", "ab1"):
        release(archive, name)
    archive.folder.manifest.write_text("spoilt\n")
    archive.ledger.finish(Row("aa", State.QUARANTINED, run_identity="now"))
    archive.reconcile(NOW)
    assert listed(archive) == ["ab1", "ab2", "cd1"]
    assert manifest(archive)[0] == {
        "id": "ab1",
        "files": [
            {"path": f"{part}/ab/ab1{ending}", "sha256": hashlib.sha256(b"redacted").hexdigest(), "bytes": 8}
            for part, ending in PARTS
        ],
        "duration": 1.5,
        "policy": {"name": "p", "digest": "d"},
        "models": {"transcribe": "m"},
        "verdict": "unchecked",
    }


def test_a_head_that_another_process_is_signing_is_left_to_it(archive, tmp_path, monkeypatch):
    """Whoever signs holds the record's lock and not the folder's."""
    key = load_signing_key(signing_key_beside(tmp_path / "key"), create=False)
    other = AuditLog(archive.folder.audit, key=key)
    really = Path.replace

    def replace(self, target):
        if target == head_file(archive.folder.audit):
            archive.reconcile(NOW)
        return really(self, target)

    monkeypatch.setattr(archive.record, "withdrawn", lambda names: None)  # it would wait for the other
    monkeypatch.setattr(Path, "replace", replace)
    head = other.append([Event("listened", {"item": "a"})])
    assert read_head(head_file(archive.folder.audit)) == head


def test_reconciling_twice_changes_no_byte(archive):
    release(archive, "ab1")
    archive.reconcile(NOW)
    before = archive.folder.manifest.read_bytes()
    archive.reconcile(NOW)
    assert archive.folder.manifest.read_bytes() == before
    assert state(archive, "ab1") is State.DONE


def test_a_link_in_place_of_the_manifest_is_not_written_through(archive, tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"original")
    archive.folder.manifest.symlink_to(victim)
    release(archive, "ab1")
    archive.reconcile(NOW)
    assert victim.read_bytes() == b"original"
    assert listed(archive) == ["ab1"]


# --- plan


def planned(archive, *folders, identity=NOW):
    plan = archive.plan(find_inputs([str(folder) for folder in folders]).inputs, identity)
    return [job.path.name for job in plan.jobs], [row.name for row in plan.settled], plan


def settle(archive, inputs):
    (job,) = planned(archive, inputs)[2].jobs
    return job.name, release(archive, job.name, sha256=sha256_file(job.path))


def fail(archive, inputs, outcome=State.FAILED):
    (job,) = planned(archive, inputs)[2].jobs
    archive.ledger.finish(Row(job.name, outcome, run_identity="now", reason="undecodable"))
    return job.name


def test_new_recordings_are_pending_jobs_and_in_the_map(archive, inputs):
    jobs, settled, plan = planned(archive, inputs)
    name = archive.name_of(find_inputs([str(inputs)]).inputs[0])
    assert (jobs, settled, plan.refused, plan.forgotten) == (["a.wav"], [], {}, [])
    assert plan.paths == {name: inputs / "a.wav"}
    assert state(archive, name) is State.PENDING
    assert archive.inputs.get(name).uri == (inputs / "a.wav").as_uri()
    assert archive.inputs.get(name).relative == "a.wav"


def test_what_has_not_changed_is_not_repeated(archive, inputs):
    name, target = settle(archive, inputs)
    assert planned(archive, inputs)[:2] == ([], [name])
    shutil.copy(inputs / "a.wav", inputs / "tmp")
    (inputs / "tmp").replace(inputs / "a.wav")  # the same bytes under another inode and time
    os.utime(inputs / "a.wav", (0, 0))
    assert planned(archive, inputs)[:2] == ([], [name])
    assert target.exists()


def test_what_is_settled_is_not_read_again(archive, inputs, monkeypatch):
    name, _ = settle(archive, inputs)
    monkeypatch.setattr(runs_module, "_sha256_or_none", lambda path: pytest.fail("it was read"))
    assert planned(archive, inputs)[:2] == ([], [name])


def test_changed_bytes_of_the_same_size_and_time_are_seen(archive, inputs):
    settle(archive, inputs)
    before = (inputs / "a.wav").stat()
    (inputs / "a.wav").write_bytes(b"two")
    os.utime(inputs / "a.wav", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert planned(archive, inputs)[:2] == (["a.wav"], [])


def test_what_has_changed_is_withdrawn_and_redone(archive, inputs):
    name, target = settle(archive, inputs)
    other = release(archive, "cd1")
    archive.write_manifest()
    (inputs / "a.wav").write_bytes(b"two")
    assert planned(archive, inputs)[:2] == (["a.wav"], [])
    assert {path.stem for path in released(archive)} == {"cd1"}
    assert other.exists()
    assert listed(archive) == ["cd1"]
    assert state(archive, name) is State.PENDING


def test_a_recording_that_vanished_is_withdrawn_and_tried(archive, inputs):
    name, target = settle(archive, inputs)
    found = find_inputs([str(inputs)]).inputs
    (inputs / "a.wav").unlink()
    assert [job.name for job in archive.plan(found, NOW).jobs] == [name]
    assert not target.exists()


def test_another_identity_redoes_everything(archive, inputs):
    settle(archive, inputs)
    other = RunIdentity("other", {})
    archive.reconcile(other)
    assert planned(archive, inputs, identity=other)[0] == ["a.wav"]


@pytest.mark.parametrize("outcome", [State.FAILED, State.QUARANTINED])
def test_a_failure_is_repeated_only_when_file_or_identity_changed(archive, inputs, outcome):
    name = fail(archive, inputs, outcome)
    assert planned(archive, inputs)[:2] == ([], [name])
    assert planned(archive, inputs, identity=RunIdentity("other", {}))[0] == ["a.wav"]
    fail(archive, inputs, outcome)
    (inputs / "a.wav").write_bytes(b"another length")
    assert planned(archive, inputs)[0] == ["a.wav"]


def test_a_mended_failure_is_still_to_do_when_the_run_is_interrupted_before_it(archive, inputs):
    name = fail(archive, inputs)
    (inputs / "a.wav").write_bytes(b"mended")
    assert planned(archive, inputs)[0] == ["a.wav"]
    archive.reconcile(NOW)  # nothing was worked on
    assert planned(archive, inputs)[0] == ["a.wav"]
    assert archive.ledger.row(name) == Row(name, State.PENDING, provenance={})


@pytest.mark.parametrize("step", ["reset", "put", "drop", "add"])
def test_a_plan_that_is_killed_half_way_takes_no_old_result_for_new(archive, inputs, monkeypatch, step):
    settle(archive, inputs)
    (inputs / "a.wav").write_bytes(b"two")
    where = archive.inputs if step in ("put", "drop") else archive.ledger

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(where, step, killed)
        with pytest.raises(KeyboardInterrupt):
            planned(archive, inputs)
    archive.reconcile(NOW)
    assert planned(archive, inputs)[:2] == (["a.wav"], [])
    assert released(archive) == set()


def test_refused_inputs_are_no_jobs_and_lose_what_was_released(archive, inputs, tmp_path):
    name, target = settle(archive, inputs)
    (inputs / "a.wav").rename(tmp_path / "a.wav")
    (inputs / "a.wav").symlink_to(tmp_path / "a.wav")
    jobs, settled, plan = planned(archive, inputs)
    assert (jobs, settled, plan.refused) == ([], [], {name: "link-out-of-tree"})
    assert released(archive) == set()
    assert state(archive, name) is State.PENDING


def test_names_do_not_depend_on_which_folder_was_named(archive, inputs):
    assert planned(archive, inputs)[2].paths == planned(archive, inputs / "a.wav")[2].paths


# --- kept names


@pytest.mark.parametrize("times", [1, 2])
def test_inputs_whose_kept_names_collide_are_both_refused_every_time(kept, inputs, times):
    (inputs / "a.flac").write_bytes(b"two")
    (inputs / "b.wav").write_bytes(b"three")
    for _ in range(times):
        jobs, _, plan = planned(kept, inputs)
    assert (jobs, plan.refused) == (["b.wav"], {"a": "same-name"})
    assert kept.inputs.get("a") is None, "retry would release one of the two"


def test_a_collision_that_comes_later_withdraws_and_goes_when_one_is_renamed(kept, inputs):
    settle(kept, inputs)
    (inputs / "a.flac").write_bytes(b"two")
    assert planned(kept, inputs)[2].refused == {"a": "same-name"}
    assert released(kept) == set()
    kept.ledger.finish(Row("a", State.FAILED, run_identity="now", reason="same-name"))
    (inputs / "a.wav").rename(inputs / "b.wav")
    assert planned(kept, inputs)[0] == ["a.flac", "b.wav"]


def test_an_input_cannot_take_the_kept_name_of_another(kept, inputs, tmp_path):
    _, target = settle(kept, inputs)
    shutil.copytree(inputs, tmp_path / "other")
    (tmp_path / "other" / "new.wav").touch()
    with pytest.raises(UsageError, match="under the name of another input.*--out"):
        planned(kept, tmp_path / "other")
    assert target.exists()
    assert [row.name for row in kept.ledger.rows()] == ["a"], "nothing is planned when something is refused"
    assert kept.inputs.get("a").uri == (inputs / "a.wav").as_uri()


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("x" * 241 + ".wav", {}),
        ("x" * 242 + ".wav", {"x" * 242: "name-too-long"}),
        ("\udcff" * 81 + ".wav", {"%FF" * 81: "name-too-long"}),
    ],
)
def test_a_name_that_no_file_can_have_is_one_failure_and_stops_no_run(kept, inputs, name, refused):
    (inputs / name).touch()
    jobs, _, plan = planned(kept, inputs)
    assert plan.refused == refused
    assert jobs == ["a.wav"] if refused else ["a.wav", name]


def test_every_refusal_can_be_explained():
    from redactor.runthrough import REFUSALS

    assert {"link-out-of-tree", "broken-link", "no-permission", "same-name", "name-too-long"} <= set(REFUSALS)


# --- forget


def test_what_was_forgotten_is_gone_and_stays_out(archive, inputs):
    name, target = settle(archive, inputs)
    other = release(archive, "cd1")
    archive.forget(name)
    jobs, settled, plan = planned(archive, inputs)
    assert (jobs, settled, plan.refused, plan.forgotten) == ([], [], {}, [name])
    assert {path.stem for path in released(archive)} == {"cd1"}
    assert other.exists()
    assert listed(archive) == ["cd1"]
    assert archive.inputs.get(name) is None


def test_forgetting_leaves_no_byte_of_the_uri_or_the_files_name(archive, tmp_path):
    secret = tmp_path / "in" / "mr-secret-0170"
    secret.mkdir(parents=True)
    (secret / "call-with-mr-secret.wav").write_bytes(b"one")
    name, _ = settle(archive, secret.parent)

    def left():
        return b"".join(path.read_bytes() for path in archive.folder.out.rglob("*") if path.is_file())

    assert b"secret" in left()
    archive.forget(name)
    assert b"secret" not in left()
    planned(archive, secret.parent)
    assert b"secret" not in left()


def test_forgetting_takes_what_a_killed_run_left_of_it(archive, inputs):
    (job,) = planned(archive, inputs)[2].jobs
    archive.ledger.lease(job.name)
    for root in (archive.folder.staging, archive.folder.release):  # there earlier versions staged
        folder = root / "audio" / job.name[:2]
        folder.mkdir(parents=True)
        (folder / f".{job.name}.0123abcd.tmp").touch()
    (folder / f"{job.name}.wav").touch()
    archive.forget(job.name)
    assert released(archive) == set()
    assert not archive.folder.staging.exists()


@pytest.mark.parametrize("keep_names", [False, True])
@pytest.mark.parametrize(
    "step",
    ["Archive.write_manifest", "remove", "sweep", "forget_reviews", "forget_redactions", "forget_catalog",
     "Ledger.scrub"],
)  # fmt: skip
def test_an_interrupted_forget_lists_nothing_and_the_same_words_repeat_it(
    tmp_path, inputs, monkeypatch, step, keep_names
):
    folder = create_run_folder(tmp_path / "forgotten")
    with closing(Archive(folder, key_file=tmp_path / "key", keep_names=keep_names)) as archive:
        name, target = settle(archive, inputs)
        with monkeypatch.context() as patched:
            patched.setattr(f"redactor.runs.{step}", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                archive.forget(name)
        assert list(archive.ledger.listed_files()) == []
        for words in (inputs, inputs / "a.wav"):
            assert archive.names_for(str(words)) == [name]
        archive.forget(name)
        assert not target.exists()
        assert archive.inputs.get(name) is None


@contextmanager
def read_by_another(path):
    """Somebody reads a store as it is now, such as a backup."""
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM sqlite_master").fetchone()
        yield


@pytest.mark.parametrize("store", ["ledger", "inputs"])
@pytest.mark.parametrize("keep_names", [False, True])
def test_while_somebody_reads_a_store_nothing_of_what_is_forgotten_stays_released(
    tmp_path, inputs, monkeypatch, keep_names, store
):
    monkeypatch.setattr("redactor.sqlite._BUSY_TIMEOUT_S", 0.0)
    (inputs / "b.wav").write_bytes(b"two")
    with opened(tmp_path, keep_names=keep_names) as archive:
        names = [job.name for job in planned(archive, inputs)[2].jobs]
        for name in names:
            release(archive, name)
        archive.write_manifest()
        with read_by_another(getattr(archive.folder, store)):
            with pytest.raises(StoreError, match="not gone.*then do the same again"):
                archive.forget(*names)
            assert (released(archive), listed(archive)) == (set(), [])
        assert sorted(archive.names_for(str(inputs))) == sorted(names)
        archive.forget(*names)
        assert archive.names_for("/") == []
    left = b"".join(path.read_bytes() for path in archive.folder.private.glob("*.sqlite3*"))
    assert len(names) == 2 and inputs.as_uri().encode() not in left


def test_names_are_found_by_input_folder_uri_and_name(archive, inputs, monkeypatch):
    (inputs / "sub").mkdir()
    (inputs / "sub" / "b.wav").touch()
    (inputs / "sub-other.wav").touch()
    paths = {path.name: name for name, path in planned(archive, inputs)[2].paths.items()}
    monkeypatch.chdir(inputs)
    for target, expected in [
        ("a.wav", {"a.wav"}),
        (str(inputs / "a.wav"), {"a.wav"}),
        ((inputs / "a.wav").as_uri(), {"a.wav"}),
        ("sub", {"b.wav"}),
        (f"{inputs}/sub/", {"b.wav"}),
        (str(inputs), set(paths)),
        ("/", set(paths)),
        (paths["a.wav"], {"a.wav"}),
        ("a", set()),
        ("unknown.wav", set()),
    ]:
        assert set(archive.names_for(target)) == {paths[name] for name in expected}, target


def test_an_empty_target_stands_for_no_name(archive, inputs, monkeypatch):
    settle(archive, inputs)
    monkeypatch.chdir(inputs)
    for target in ("", " ", "file:"):
        with pytest.raises(UsageError, match="INPUT"):
            archive.names_for(target)


def test_a_forgotten_input_is_still_known_by_its_path(archive, inputs):
    name, _ = settle(archive, inputs)
    archive.forget(name)
    assert archive.names_for(str(inputs / "a.wav")) == [name]


def test_kept_names_are_found_by_input_and_by_name(kept, inputs):
    settle(kept, inputs)
    assert kept.names_for(str(inputs / "a.wav")) == kept.names_for(str(inputs)) == kept.names_for("a") == ["a"]
    assert kept.names_for(str(inputs / "b.wav")) == []


# --- the folder's key and its settings


def test_a_folder_keeps_its_key_and_its_kind_of_names(archive, tmp_path):
    (tmp_path / "other").write_text("0" * 64)
    with pytest.raises(UsageError, match="another key.*--key-file"):
        Archive(archive.folder, key_file=tmp_path / "other", keep_names=False)
    with pytest.raises(UsageError, match="without --keep-names"):
        Archive(archive.folder, key_file=tmp_path / "key", keep_names=True)


@pytest.mark.parametrize("name", ["key", "never-was.key"])
def test_a_lost_key_is_not_replaced_and_another_is_not_taken_for_it(archive, tmp_path, name):
    (tmp_path / "key").unlink()
    with pytest.raises(UsageError, match="is missing, and this run folder needs the key"):
        Archive(archive.folder, key_file=tmp_path / name, keep_names=False)
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("keep_names", [True, False])
def test_a_first_start_that_was_killed_can_be_repeated(tmp_path, monkeypatch, keep_names):
    for allowed in (0, 1):
        calls = []
        really = runs_module.Ledger.set_setting

        def set_setting(self, key, value, calls=calls, really=really, allowed=allowed):
            if len(calls) == allowed:
                raise KeyboardInterrupt
            calls.append(key)
            really(self, key, value)

        with monkeypatch.context() as patched:
            patched.setattr(runs_module.Ledger, "set_setting", set_setting)
            with pytest.raises(KeyboardInterrupt), opened(tmp_path, keep_names=keep_names):
                pass
    with opened(tmp_path, keep_names=keep_names) as archive:
        assert archive.keep_names is keep_names


def test_no_part_of_the_key_lies_in_the_run_folder(archive, inputs, tmp_path):
    settle(archive, inputs)
    key = (tmp_path / "key").read_bytes().strip()
    for path in archive.folder.out.rglob("*"):
        if path.is_file():
            assert key not in path.read_bytes()
            assert bytes.fromhex(key.decode()) not in path.read_bytes()


def test_a_lost_ledger_stops_the_run_before_anything_is_removed(tmp_path, inputs):
    with opened(tmp_path) as archive:
        _, target = settle(archive, inputs)
    for path in archive.folder.private.glob("ledger*"):
        path.unlink()
    with pytest.raises(UsageError, match="no ledger"), opened(tmp_path):
        pass
    archive.folder.ledger.write_bytes(b"not a database, but a file" * 100)
    with pytest.raises(StoreError), opened(tmp_path):
        pass
    assert target.exists()


def test_a_lost_map_costs_a_look_at_every_file_and_no_result(tmp_path, inputs):
    with opened(tmp_path) as archive:
        name, target = settle(archive, inputs)
    for path in archive.folder.private.glob("inputs*"):
        path.unlink()
    with opened(tmp_path) as again:
        assert planned(again, inputs)[:2] == ([], [name])
        assert again.inputs.get(name).uri == (inputs / "a.wav").as_uri()


@pytest.mark.parametrize("key_file", ["/keys/names.key", os.fsdecode(b"/k\xff\n/\xe9")])
@pytest.mark.parametrize("policy", ["standard", "strict"])
def test_settings_come_back_as_they_were(archive, policy, key_file):
    settings = Settings(load_policy(policy), "tiny.en-adapted", "cpu", 3, 1, Path(key_file), True)
    archive.ledger.set_setting("settings", settings.to_json())
    again = Settings.from_json(archive.ledger.setting("settings"))
    assert again == settings
    assert again.policy.digest == settings.policy.digest


def test_a_relative_key_file_is_kept_as_where_it_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = Settings(load_policy("standard"), "base", "auto", 1, 1, Path("key"), False)
    assert Settings.from_json(settings.to_json()).key_file == tmp_path / "key"
