"""Withdrawal, sweeping and planning: no moment shows more than the ledger allows."""

import json
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from redactor import identity as identity_module
from redactor.config import Policy, load_policy
from redactor.errors import LockedError, UsageError
from redactor.files import sha256_file
from redactor.identity import RunIdentity, run_identity
from redactor.inputs import find_inputs
from redactor.ledger import Row, State
from redactor.model_registry import ModelFiles
from redactor.runfolder import create_run_folder, locked, open_run_folder
from redactor.runs import Archive, Settings
from redactor.transcribe import Device
from redactor.types import ReleasedFile

NOW = RunIdentity("now", {"policy": {"name": "p", "digest": "d"}, "models": {}})


@pytest.fixture
def archive(tmp_path):
    folder = create_run_folder(tmp_path / "out")
    with closing(Archive(folder, key_file=tmp_path / "key", keep_names=False)) as opened:
        yield opened


def release(archive, name, *, run="now", sha256="s"):
    path = f"audio/{name[:2]}/{name}.wav"
    target = archive.folder.release / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(b"redacted")
    row = Row(
        name, State.DONE, run_identity=run, input_sha256=sha256, duration=1.0, verdict="unchecked",
        files=(ReleasedFile(path, "x", 8),), provenance=NOW.provenance,
    )  # fmt: skip
    archive.ledger.finish(row)
    return target


def manifest(archive):
    return [json.loads(line)["id"] for line in archive.folder.manifest.read_text().splitlines()]


def test_only_what_is_listed_stays_in_release(archive, tmp_path):
    kept = release(archive, "ab1")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "original.wav").touch()
    planted = kept.with_name(".ab2.wav.1234.tmp")
    planted.touch()
    (archive.folder.release / "audio" / "link").symlink_to(outside)
    (archive.folder.release / "transcripts" / "zz").mkdir(parents=True)
    archive.reconcile(NOW)
    assert {p for p in archive.folder.release.rglob("*") if p.is_file()} == {kept, archive.folder.manifest}
    assert (outside / "original.wav").exists()
    assert not (archive.folder.release / "transcripts").exists()


def test_what_another_identity_released_is_withdrawn(archive):
    old, new = release(archive, "ab1", run="before"), release(archive, "cd1")
    archive.reconcile(NOW)
    assert (old.exists(), new.exists()) == (False, True)
    assert archive.ledger.row("ab1").state is State.PENDING
    assert manifest(archive) == ["cd1"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b"half"),
        lambda path: (path.rename(path.with_suffix(".moved")), path.symlink_to("/etc/hostname")),
    ],
)
def test_a_recording_that_lost_a_file_is_withdrawn(archive, damage):
    target = release(archive, "ab1")
    damage(target)
    archive.reconcile(NOW)
    assert archive.ledger.row("ab1").state is State.PENDING
    assert manifest(archive) == []
    assert not target.is_symlink()


def planned(archive, folder):
    plan = archive.plan(find_inputs([str(folder)]).inputs, NOW)
    return [job.path.name for job in plan.jobs], [row.name for row in plan.settled], plan


@pytest.fixture
def inputs(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.wav").write_bytes(b"one")
    return folder


def settle(archive, inputs):
    (job,) = archive.plan(find_inputs([str(inputs)]).inputs, NOW).jobs
    return job.name, release(archive, job.name, sha256=sha256_file(job.path))


def test_what_has_not_changed_is_not_repeated(archive, inputs):
    name, target = settle(archive, inputs)
    assert planned(archive, inputs)[:2] == ([], [name])
    shutil.copy(inputs / "a.wav", inputs / "tmp")
    (inputs / "tmp").replace(inputs / "a.wav")  # the same bytes under another inode and time
    assert planned(archive, inputs)[:2] == ([], [name])
    assert target.exists()


def test_what_has_changed_is_withdrawn_and_redone(archive, inputs):
    name, target = settle(archive, inputs)
    (inputs / "a.wav").write_bytes(b"two")
    assert planned(archive, inputs)[:2] == (["a.wav"], [])
    assert not target.exists()
    assert archive.ledger.row(name).state is State.PENDING


def test_a_failure_is_repeated_only_when_the_file_changed(archive, inputs):
    (job,) = archive.plan(find_inputs([str(inputs)]).inputs, NOW).jobs
    archive.ledger.finish(Row(job.name, State.FAILED, run_identity="now", reason="empty-file"))
    assert planned(archive, inputs)[:2] == ([], [job.name])
    (inputs / "a.wav").write_bytes(b"another length")
    assert planned(archive, inputs)[0] == ["a.wav"]


def test_what_was_forgotten_stays_out(archive, inputs):
    name, target = settle(archive, inputs)
    assert archive.names_for(str(inputs / "a.wav")) == [name]
    archive.forget(name)
    jobs, settled, plan = planned(archive, inputs)
    assert (jobs, settled, plan.forgotten) == ([], [], [name])
    assert not target.exists()
    assert archive.inputs.get(name) is None


def test_a_folder_keeps_its_key_and_its_kind_of_names(archive, tmp_path):
    (tmp_path / "other").write_text("0" * 64)
    with pytest.raises(UsageError, match="another key"):
        Archive(archive.folder, key_file=tmp_path / "other", keep_names=False)
    with pytest.raises(UsageError, match="keep-names"):
        Archive(archive.folder, key_file=tmp_path / "key", keep_names=True)


def test_an_input_cannot_take_the_kept_name_of_another(tmp_path, inputs):
    other = tmp_path / "other"
    shutil.copytree(inputs, other)
    folder = create_run_folder(tmp_path / "kept")
    with closing(Archive(folder, key_file=tmp_path / "key", keep_names=True)) as opened:
        opened.plan(find_inputs([str(inputs)]).inputs, NOW)
        with pytest.raises(UsageError, match="under the name of another input"):
            opened.plan(find_inputs([str(other)]).inputs, NOW)


def test_a_private_folder_elsewhere_is_found_again(tmp_path):
    made = create_run_folder(tmp_path / "o", private=tmp_path / "p")
    made.ledger.touch()
    assert open_run_folder(tmp_path / "o").private == tmp_path / "p"
    assert made.private.stat().st_mode & 0o777 == 0o700


def test_a_folder_is_held_by_one_run_at_a_time(archive):
    with locked(archive.folder), pytest.raises(LockedError), locked(archive.folder):
        pass
    with locked(archive.folder):
        pass


def test_settings_come_back_as_they_were(tmp_path):
    settings = Settings(load_policy("strict"), "tiny.en", "cpu", 3, 1, tmp_path / "key", True)
    assert Settings.from_json(settings.to_json()) == settings


MODEL = ModelFiles("base", "transcribe", Path("/m"), ("*",), "digest")
ARGUMENTS = {
    "policy": Policy("a", entities={"PERSON": 0.5}),
    "models": {"transcribe": MODEL},
    "device": Device("cpu", (0,), "int8"),
    "threads": 1,
    "keep_names": False,
}


def identity(**changes):
    values = {**ARGUMENTS, **changes}
    return run_identity(values.pop("policy"), values.pop("models"), **values)


@pytest.mark.parametrize(
    "change",
    [
        {"policy": Policy("a", entities={"PERSON": 0.6})},
        {"models": {"transcribe": replace(MODEL, digest="other")}},
        {"device": Device("cuda", (0,), "float16")},
        {"threads": 2},
        {"keep_names": True},
    ],
)
def test_identity_changes_with_whatever_can_change_a_byte(change):
    assert identity(**change).digest != identity().digest


def test_identity_changes_with_a_package_and_not_with_names_or_gpus(monkeypatch):
    before = identity().digest
    assert identity(policy=Policy("b", description="x", entities={"PERSON": 0.5})).digest == before
    assert identity(device=Device("cpu", (0, 1), "int8")).digest == before
    monkeypatch.setattr(identity_module.metadata, "version", lambda package: "0")
    assert identity().digest != before
