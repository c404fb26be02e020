"""Outputs before they are released: elsewhere, whole, told apart, and gone when they are not wanted."""

import errno
import hashlib
import re
import stat
from pathlib import Path

import numpy as np
import pytest
import soundfile

from redactor.audio.recording import Recording
from redactor.errors import QuarantineError, StoreError
from redactor.runfolder import RunFolder, remove_temporary, sweep
from redactor.staging import Staging, commit
from redactor.types import Audio, AudioFormat

NAME = "ab12cd34"


@pytest.fixture
def release(tmp_path):
    folder = tmp_path / "out" / "release"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def audio():
    samples = np.arange(-4000, 4000, dtype=np.int16).reshape(-1, 2)
    return Audio(samples, 8000, AudioFormat("WAV", "PCM_16"))


def stage(release, audio, *, name=NAME, keep_names=False):
    staging = Staging(release, name, keep_names=keep_names)
    staging.audio(Recording.of(audio))
    for part, ending in (("transcripts", ".json"), ("transcripts", ".vtt"), ("reports", ".json")):
        staging.text(part, ending, f"{part} {ending} Zoë\n")
    return staging


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def staged_beside(release):
    return files_in(release.parent / ".staging")


FINAL = [
    f"audio/ab/{NAME}.wav",
    f"reports/ab/{NAME}.json",
    f"transcripts/ab/{NAME}.json",
    f"transcripts/ab/{NAME}.vtt",
]


def test_what_is_staged_lies_outside_the_release_and_for_its_owner_alone(release, audio):
    staging = stage(release, audio)
    assert list(release.iterdir()) == []
    assert len(staged_beside(release)) == 4
    for path in staged_beside(release):
        assert re.fullmatch(rf"(audio|transcripts|reports)/ab/\.{NAME}\.[0-9a-f]{{8}}\.tmp", path)
    assert sorted(file.temporary for file in staging.files) == staged_beside(release)
    assert sorted(file.released.path for file in staging.files) == FINAL
    assert stat.S_IMODE((release.parent / ".staging").stat().st_mode) == 0o700


def test_a_staging_folder_that_is_wider_is_narrowed(release, audio):
    (release.parent / ".staging").mkdir()
    (release.parent / ".staging").chmod(0o755)
    stage(release, audio)
    assert stat.S_IMODE((release.parent / ".staging").stat().st_mode) == 0o700


def test_files_go_on_having_the_group_that_the_run_folder_hands_down(release, audio):
    release.parent.chmod(0o2755)
    stage(release, audio)
    for folder in (".staging", ".staging/audio/ab"):
        assert (release.parent / folder).stat().st_mode & stat.S_ISGID


def test_digests_and_sizes_are_those_of_the_files(release, audio):
    for file in stage(release, audio).files:
        data = (release.parent / ".staging" / file.temporary).read_bytes()
        assert file.released.sha256 == hashlib.sha256(data).hexdigest()
        assert file.released.num_bytes == len(data) > 0


def test_committing_renames_everything_and_changes_no_byte(release, audio):
    staging = stage(release, audio)
    commit(release, staging.files, name=staging.name)
    assert (files_in(release), staged_beside(release)) == (FINAL, [])
    for file in staging.files:
        assert hashlib.sha256((release / file.released.path).read_bytes()).hexdigest() == file.released.sha256
    samples, rate = soundfile.read(release / FINAL[0], dtype="int16")
    assert rate == 8000
    np.testing.assert_array_equal(samples, audio.samples)
    assert (release / FINAL[2]).read_text(encoding="utf-8") == "transcripts .json Zoë\n"


def test_format_of_the_audio_is_said(release, audio):
    assert Staging(release, NAME, keep_names=False).audio(Recording.of(audio)) == AudioFormat("WAV", "PCM_16")


def test_committing_again_replaces_what_was_there(release, audio):
    commit(release, stage(release, audio).files, name=NAME)
    again = Staging(release, NAME, keep_names=False)
    again.text("reports", ".json", "new")
    commit(release, again.files, name=NAME)
    assert files_in(release) == FINAL
    assert (release / f"reports/ab/{NAME}.json").read_text() == "new"


def test_committing_replaces_a_planted_link_and_does_not_follow_it(release, audio, tmp_path):
    (tmp_path / "victim").write_bytes(b"original")
    staging = stage(release, audio)
    (release / FINAL[1]).parent.mkdir(parents=True)
    (release / FINAL[1]).symlink_to(tmp_path / "victim")
    commit(release, staging.files, name=staging.name)
    assert (tmp_path / "victim").read_bytes() == b"original"
    assert not (release / FINAL[1]).is_symlink()


def test_what_cannot_be_committed_stops_the_run_without_a_name(release, audio):
    staging = stage(release, audio)
    (release.parent / ".staging" / staging.files[1].temporary).unlink()
    with pytest.raises(StoreError, match="again") as caught:
        commit(release, staging.files, name=staging.name)
    assert NAME not in str(caught.value)


def test_kept_names_have_folders_of_their_own(release, audio):
    staging = stage(release, audio, name="sub/call.one", keep_names=True)
    assert all("/sub/.call.one." in path for path in staged_beside(release))
    commit(release, staging.files, name=staging.name)
    assert files_in(release) == [
        "audio/sub/call.one.wav",
        "reports/sub/call.one.json",
        "transcripts/sub/call.one.json",
        "transcripts/sub/call.one.vtt",
    ]


def test_discarding_leaves_nothing_of_this_attempt_and_all_of_others(release, audio):
    commit(release, stage(release, audio).files, name=NAME)
    other = stage(release, audio, name="ab99")
    mine = stage(release, audio)
    mine.discard()
    mine.discard()
    assert files_in(release) == FINAL
    assert staged_beside(release) == sorted(file.temporary for file in other.files)


def test_audio_that_could_not_be_written_whole_is_discarded_too(release, audio, monkeypatch):
    def encode(sound, path):
        path.write_bytes(b"half")
        raise StoreError("disk full")

    monkeypatch.setattr("redactor.staging.encode", encode)
    staging = Staging(release, NAME, keep_names=False)
    with pytest.raises(StoreError):
        staging.audio(Recording.of(audio))
    assert len(staged_beside(release)) == 1
    assert staging.files == ()
    staging.discard()
    assert staged_beside(release) == []


def test_text_that_cannot_be_encoded_leaves_nothing_after_discarding(release):
    staging = Staging(release, NAME, keep_names=False)
    with pytest.raises(UnicodeEncodeError):
        staging.text("reports", ".json", "\udcff")
    staging.discard()
    assert staged_beside(release) == []


def test_two_attempts_at_one_recording_do_not_meet(release, audio):
    one, other = stage(release, audio), stage(release, audio)
    assert not {file.temporary for file in one.files} & {file.temporary for file in other.files}


@pytest.mark.parametrize("keep_names", [True, False])
def test_what_a_dead_attempt_staged_is_found_by_name_and_by_sweeping(release, audio, keep_names):
    folder = RunFolder(release.parent, release.parent / "private")
    stage(release, audio, keep_names=keep_names)
    kept = stage(release, audio, name=f"{NAME}.two", keep_names=keep_names)
    remove_temporary(folder, NAME, keep_names=keep_names)
    assert staged_beside(release) == sorted(file.temporary for file in kept.files)
    sweep(folder, listed=FINAL)
    assert list(release.parent.iterdir()) == [release]


def test_only_the_parts_of_a_release_can_be_staged(release):
    with pytest.raises(ValueError, match="private"):
        Staging(release, NAME, keep_names=False).text("private", ".json", "x")
    assert files_in(release.parent) == []


@pytest.mark.parametrize("name", ["ab12cd3", "ab12cd345", "ff12cd34", "ab12cd34/x"])
def test_files_are_not_committed_under_another_recordings_name(release, audio, name):
    files = stage(release, audio).files
    with pytest.raises(QuarantineError) as caught:
        commit(release, files, name=name)
    assert (caught.value.reason, files_in(release.parent)) == ("wrong-name", [])


@pytest.mark.parametrize("place", ["", "audio", "audio/ab"])
def test_nothing_is_staged_through_a_folder_that_is_a_link(release, audio, tmp_path, place):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    elsewhere.chmod(0o755)
    link = release.parent / ".staging" / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(elsewhere)
    with pytest.raises(StoreError, match="is a link"):
        stage(release, audio)
    assert (list(elsewhere.iterdir()), stat.S_IMODE(elsewhere.stat().st_mode)) == ([], 0o755)


def test_nothing_is_released_through_a_folder_that_is_a_link(release, audio, tmp_path):
    (release / "reports").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (release / "reports" / NAME[:2]).symlink_to(tmp_path / "elsewhere")
    files = stage(release, audio).files
    with pytest.raises(StoreError, match="is a link"):
        commit(release, files, name=NAME)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_release_that_is_a_file_system_of_its_own_gets_whole_copies_of_what_was_checked(
    release, audio, monkeypatch
):
    really = Path.replace

    def replace(self, target):
        if self.is_relative_to(release) != target.is_relative_to(release):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return really(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    staging = stage(release, audio)
    commit(release, staging.files, name=NAME)
    assert (files_in(release), staged_beside(release)) == (FINAL, [])
    for file in staging.files:
        assert hashlib.sha256((release / file.released.path).read_bytes()).hexdigest() == file.released.sha256
