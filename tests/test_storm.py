"""Crash and load. Short forms run with the other tests, full ones by hand.

`make storm` runs the full ones; they print their figures and their seeds. What can be set in the environment:

    REDACTOR_STORM_SEED     of everything that is drawn (20)
    REDACTOR_STORM_KILLS    kills of a run (200)
    REDACTOR_STORM_TINY     recordings of a second in one run (10000)
    REDACTOR_SOAK_MINUTES   how long one run is left alone with an endless archive (60)

The short form of the kills is in test_run_resume.py.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from kill_helpers import (
    EXAMPLES,
    ROOT,
    make_archive,
    num_in,
    released_bytes,
    states,
    unlisted_files,
    wait_until,
)
from storm_helpers import (
    DEATHS,
    KillStorm,
    drift,
    dying_at,
    dying_site,
    ledger_rows,
    make_steady,
    make_tiny,
    num_open,
    origins,
    outside,
    resident,
    storm_command,
    strewn,
    watched,
)
from test_run_bad_input import BAD, obey_modes, wav_header

pytestmark = pytest.mark.model

SEED = int(os.environ.get("REDACTOR_STORM_SEED", "20"))
NUM_KILLS = int(os.environ.get("REDACTOR_STORM_KILLS", "200"))
NUM_TINY = int(os.environ.get("REDACTOR_STORM_TINY", "10000"))
SOAK_MINUTES = float(os.environ.get("REDACTOR_SOAK_MINUTES", "60"))

NUM_KILLED = 24  # recordings of the archive over which runs are killed
MOST_DRIFT = 0.05

by_hand = pytest.mark.storm


@pytest.fixture
def say(capsys):
    """Print a figure, whatever is captured."""

    def say(text):
        with capsys.disabled():
            print(f"\n{text}", flush=True)

    return say


# Kills.


@by_hand
def test_kills_at_random_points_cost_nothing(tmp_path, say):
    command = storm_command(tmp_path / "home")
    archive = make_archive(tmp_path / "archive", num_recordings=NUM_KILLED)
    (archive / "empty.wav").touch()
    (archive / "text.wav").write_text("not audio")
    reference = tmp_path / "undisturbed"
    begin = time.monotonic()
    process = command.start(archive, reference)
    wait_until(lambda: num_in(reference, "running"), process)
    working = time.monotonic()
    assert process.wait() == 1
    assert num_in(reference, "done") == NUM_KILLED

    storm = KillStorm(
        command,
        archive,
        reference,
        tmp_path,
        rng=random.Random(SEED),
        start_s=working - begin,
        work_s=time.monotonic() - working,
    )
    while len(storm.figures.released) < NUM_KILLS:
        storm.strike()
    storm.finish()

    say(f"kills, seed {SEED}, {NUM_KILLED} recordings and 2 that are none: {storm.figures}")
    assert storm.figures.faults == []
    assert storm.figures.num_same == storm.figures.num_folders


@by_hand
def test_a_first_run_may_die_at_any_step_of_its_own(tmp_path, say):
    """Before, after and in the middle of all that it has the kernel keep; such a run makes the keys."""
    archive = make_archive(tmp_path / "archive", num_recordings=1)
    site = dying_site(tmp_path / "site")
    released, faults = set(), []
    for step in itertools.count(1):
        place = tmp_path / f"step-{step}"
        place.mkdir()
        command, how = storm_command(place / "home"), DEATHS[step % len(DEATHS)]
        env = command.env
        command.env = {**env, **dying_at(step, how, site)}
        first = command.run(archive, place / "out").returncode
        command.env = env
        again = command.run(archive, place / "out")
        audit = command("audit", "verify", place / "out")
        if (again.returncode, audit.returncode) != (0, 0):
            faults.append(f"step {step}, {how}: {again.stderr}{audit.stdout}")
        faults += [f"step {step}, {how}: left behind: {path}" for path in strewn(command, place / "out")]
        # Each has keys of its own, and so other names; the sound is the same under any.
        released.update(path.read_bytes() for path in place.glob("out/release/audio/*/*"))
        shutil.rmtree(place)
        if first == 0:
            break
        assert first == -signal.SIGKILL

    say(f"a first run died at each of its {step - 1} steps: {len(faults)} faults: {faults[:10]}")
    assert faults == []
    assert len(released) == 1


# Many.


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("storm")


@pytest.fixture(scope="module")
def command(place):
    return storm_command(place / "home", listened_again=0.1)


@pytest.fixture(scope="module", params=[150, pytest.param(NUM_TINY, marks=by_hand)])
def flood(request, place, command):
    """Very many very short recordings in one run, watched."""
    num, archive = request.param, place / f"tiny-{request.param}"
    make_tiny(archive, num_recordings=num, per_folder=max(15, num // 20), seed=SEED)
    out = place / f"tiny-out-{num}"
    argv = command.run_argv(archive, out, "--json")
    finished, watch = watched(command, argv, every_s=min(5.0, num / 300))
    yield num, archive, out, finished, watch
    shutil.rmtree(archive)


def test_every_one_of_very_many_is_settled(flood, command, say):
    num, archive, out, finished, _ = flood
    assert finished.returncode in (0, 1), finished.stderr
    summary = json.loads(finished.stdout)
    say(
        f"{num} recordings of a second in {summary['wall_seconds']:.0f} s: "
        f"{num / summary['wall_seconds']:.1f} a second; {summary['released']} released, "
        f"{summary['quarantined']} quarantined, {summary['failed']} failed"
    )
    found = Counter(states(out).values())
    assert found == {"done": summary["released"], "quarantined": summary["quarantined"]}
    assert found.total() == num
    assert found["done"] > num / 2
    assert set(origins(out)) == {path for path in archive.rglob("*") if path.is_file()}
    reasons = json.loads(command("status", out, "--json").stdout)["not_released"]
    assert len(reasons) == found["quarantined"]
    assert all(row["reason"] for row in reasons)


def test_ledger_manifest_and_files_of_very_many_agree(flood, command):
    _, _, out, _, _ = flood
    lines = (out / "release" / "manifest.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    listed = {row["id"]: tuple((file["path"], file["sha256"]) for file in row["files"]) for row in rows}
    assert len(listed) == len(lines)
    assert listed == {name: row.files for name, row in ledger_rows(out).items() if row.state == "done"}
    there = released_bytes(out)
    assert {path: digest for files in listed.values() for path, digest in files} == {
        path: digest for path, digest in there.items() if path != "manifest.jsonl"
    }
    assert strewn(command, out) == []
    assert command("audit", "verify", out).returncode == 0


def test_very_many_take_no_more_memory_and_open_no_more_files(flood, say):
    num, _, _, _, watch = flood
    rise = drift(watch.parent, resident)
    most = {pid: max(look.num_open for look in looks) for pid, looks in watch.workers.items()}
    say(
        f"{num} recordings: the parent had {watch.parent[-1].resident_bytes / 1e6:.0f} MB, {rise:+.1%} over "
        f"the last three quarters; files open in a worker: {sorted(most.values())} at most"
    )
    assert max(look.num_open for look in watch.parent) < 64
    # Eight recordings in hand, with their input, their outputs and what they are read through.
    assert max(most.values()) < 64
    assert rise < MOST_DRIFT


# The hostile among the good.


def cut(source, share):
    """The beginning of an example, under any name."""

    def make(path):
        data = (EXAMPLES / source).read_bytes()
        path.write_bytes(data[: int(len(data) * share)])

    return make


def noise(path):
    path.write_bytes(random.Random(path.name).randbytes(65_536))


def text(path):
    path.write_text("Dear customer, this is no sound at all.")


def patched(source, at, data):
    """An example with some bytes of its header written over."""

    def make(path):
        whole = bytearray((EXAMPLES / source).read_bytes())
        whole[at : at + len(data)] = data
        path.write_bytes(whole)

    return make


def more_promised(source):
    """A WAV file that promises twice the data that it holds."""

    def make(path):
        whole = bytearray((EXAMPLES / source).read_bytes())
        at = whole.index(b"data") + 4
        whole[at : at + 4] = (2 * int.from_bytes(whole[at : at + 4], "little")).to_bytes(4, "little")
        path.write_bytes(whole)

    return make


def encoded(format_name, subtype):
    """The first half of a good file in some format: its end is missing."""

    def make(path):
        samples, rate = sf.read(EXAMPLES / "coffee_order.flac", dtype="float32")
        whole = path.with_name("whole.tmp")
        sf.write(whole, samples, rate, format=format_name, subtype=subtype)
        path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
        whole.unlink()

    return make


def not_a_number_at_the_end(path):
    samples = np.zeros(16_000 * 20)
    samples[-1] = np.nan
    sf.write(path, samples, 16_000, subtype="DOUBLE")


def a_bomb(path):
    """An hour of nothing on eight channels: 460 MB of samples in less than one."""
    with sf.SoundFile(path, "w", 8_000, 8, "PCM_16", format="FLAC") as file:
        for _ in range(60):
            file.write(np.zeros((8_000 * 60, 8), np.int16))


def a_socket(path):
    with socket.socket(socket.AF_UNIX) as opened, contextlib.chdir(path.parent):
        opened.bind(path.name)


def a_device(path):
    try:
        os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5))  # /dev/zero
    except PermissionError:
        pytest.skip("this user may not make devices")


def in_a_loop(path):
    path.symlink_to(path.name + ".back")
    path.with_name(path.name + ".back").symlink_to(path.name)


# What is called so, how it is made, and what is said of it; None where nothing has to be, as nothing is there.
FEW_HOSTILE = {
    "random.flac": ("not-audio", noise),
    "pipe.wav": ("not-a-file", os.mkfifo),
    "loop.wav": ("broken-link", in_a_loop),
    "zero.wav": ("link-out-of-tree", lambda p: p.symlink_to("/dev/zero")),
    "-" * 251 + ".wav": ("not-audio", text),
}
HOSTILE = {
    **FEW_HOSTILE,
    **{name: what for name, what in BAD.items() if name not in ("vanishing.flac", "changing.wav")},
    "empty.flac": ("empty-file", Path.touch),
    "empty.mp3": ("empty-file", Path.touch),
    "empty.ogg": ("empty-file", Path.touch),
    "empty.m4a": ("empty-file", Path.touch),
    "random.wav": ("not-audio", noise),
    "random.mp3": ("not-audio", noise),
    "random.ogg": ("not-audio", noise),
    "random.mp4": ("not-audio", noise),
    "random.aiff": ("not-audio", noise),
    "half.flac": ("damaged", cut("coffee_order.flac", 0.5)),
    "half.wav": ("truncated", cut("call_two_channels_8k.wav", 0.5)),
    "half.mp4": ("truncated", cut("doctor_visit.mp4", 0.5)),
    "half.ogg": ("truncated", encoded("OGG", "VORBIS")),
    "half.opus": ("truncated", encoded("OGG", "OPUS")),
    "half.aiff": ("truncated", encoded("AIFF", "PCM_16")),
    "header-only.flac": ("damaged", cut("coffee_order.flac", 0.001)),
    "lies-bits.wav": (
        "unsupported-codec",
        lambda p: p.write_bytes(wav_header(bits=65_528, data_bytes=800) + bytes(800)),
    ),
    "lies-channels.wav": (
        "damaged",
        lambda p: p.write_bytes(wav_header(channels=60_000, bits=8, data_bytes=60_000) + bytes(60_000)),
    ),
    "lies-size.wav": ("truncated", more_promised("call_two_channels_8k.wav")),
    "lies-length.flac": ("damaged", patched("coffee_order.flac", 21, b"\x00\xff\xff\xff\xff")),
    "lies-rate.flac": ("bad-rate", patched("coffee_order.flac", 18, b"\x00\x00\x00")),
    "lies-frames.flac": ("damaged", patched("coffee_order.flac", 20_000, bytes(200))),
    "late-nan.wav": ("non-finite", not_a_number_at_the_end),
    "picture.wav": ("not-audio", lambda p: p.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(4096))),
    "archive.flac": ("not-audio", lambda p: p.write_bytes(b"PK\x03\x04" + bytes(4096))),
    "program.mp3": ("not-audio", lambda p: shutil.copy("/proc/self/exe", p)),
    "null.wav": ("link-out-of-tree", lambda p: p.symlink_to("/dev/null")),
    "memory.wav": ("link-out-of-tree", lambda p: p.symlink_to("/proc/self/mem")),
    "socket.wav": ("cannot-open", a_socket),
    "device.wav": ("not-a-file", a_device),
    "folder.wav": (None, Path.mkdir),
    "up.wav": ("link-out-of-tree", lambda p: p.symlink_to("..")),
    "self.wav": ("broken-link", lambda p: p.symlink_to(p.name)),
    "--out.wav": ("not-audio", text),
    "-rf *;$(id) `id`.wav": ("not-audio", text),
    "\U0001f525\u202e3pm.wav": ("not-audio", text),
    "\x1b[2J\r\t.wav": ("not-audio", text),
    "\u00e9" * 125 + ".wav": ("not-audio", text),
    "bomb.flac": ("no-speech", a_bomb),
}


@pytest.fixture(scope="module")
def hostile(flood, command):
    """The same recordings as a part of the flood, and hostile ones among them."""
    num, archive, flooded, _, _ = flood
    folder, out = archive / "000", archive.with_name(f"hostile-{num}")
    table = FEW_HOSTILE if num < NUM_TINY else HOSTILE
    good = set(folder.iterdir())
    for name, (_, make) in table.items():
        make(folder / name)
    locked = folder / "locked.wav"
    text(locked)
    locked.chmod(0)
    finished = subprocess.run(
        command.run_argv(folder, out, "--json", "-v"),
        env=command.env, cwd=ROOT, capture_output=True, check=False, timeout=3600,
        preexec_fn=obey_modes,
    )  # fmt: skip
    yield folder, table, good, flooded, out, finished
    for path in set(folder.iterdir()) - good:
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


def test_hostile_files_change_nothing_about_the_good_ones(hostile, command):
    _, _, good, flooded, out, finished = hostile
    assert finished.returncode == 1, finished.stderr
    names = {name for path, name in origins(out).items() if path in good}
    assert len(names) == len(good)
    assert {n: s for n, s in states(out).items() if n in names} == {
        n: s for n, s in states(flooded).items() if n in names
    }

    def of_good(release):
        files = {path: digest for path, digest in released_bytes(release).items() if Path(path).stem in names}
        lines = (release / "release" / "manifest.jsonl").read_text().splitlines()
        return files, [line for line in lines if json.loads(line)["id"] in names]

    files, lines = of_good(out)
    assert files and lines
    assert (files, lines) == of_good(flooded)
    assert unlisted_files(out) == set()
    assert len(released_bytes(out)) == len(files) + 1  # nothing of a hostile one
    assert strewn(command, out) == []


def test_every_hostile_file_has_its_reason(hostile, command, say):
    folder, table, good, _, out, finished = hostile
    status = json.loads(command("status", out, "--json").stdout)
    reasons = {row["id"]: row["reason"] for row in status["not_released"]}
    named = {path.name: reasons.get(name) for path, name in origins(out).items() if path not in good}
    assert b"Traceback" not in finished.stderr
    # Root gives up its power over modes where the system lets it; elsewhere the file is read.
    assert named.pop("locked.wav") in ("no-permission", "not-audio")
    expected = {name: reason for name, (reason, _) in table.items() if reason}
    expected |= {"loop.wav.back": "broken-link"} if "loop.wav.back" in named else {}
    say(f"{len(table) + 1} hostile files among {len(good)}: {dict(Counter(named.values()))}")
    assert named == expected


# Left alone.

_ROUNDS = """
import os, sys, threading
from redactor.cli import main
def is_child(pid):
    try:
        return int(open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[1]) == os.getpid()
    except OSError:
        return False
for number in range(int(sys.argv[2])):
    code = main([*sys.argv[3:], "--out", f"{sys.argv[1]}-{number}"])
    children = [entry for entry in os.listdir("/proc") if entry.isdigit() and is_child(entry)]
    print(code, len(os.listdir("/proc/self/fd")), threading.active_count(), sorted(children))
"""


def test_rounds_in_one_process_leave_nothing_open(place, command):
    archive = place / "rounds"
    shutil.copytree(make_archive(place / "rounds-of", num_recordings=3), archive)
    before = sorted(outside(command))
    argv = ["run", archive, "--policy", command.policy, "--model", "tiny.en", "--jobs", 1]
    done = subprocess.run(
        [sys.executable, "-c", _ROUNDS, place / "round", "2", *map(str, argv)],
        env=command.env, cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    first, second = done.stdout.splitlines()
    assert first == second
    assert first.startswith("0 ")
    assert released_bytes(place / "round-0") == released_bytes(place / "round-1")
    assert sorted(outside(command)) == before == []


@by_hand
def test_a_run_that_is_left_alone_stays_as_it_is(tmp_path, say):
    command = storm_command(tmp_path / "home")
    most = int(SOAK_MINUTES * 60 * 20) + 100  # more than any CPU gets through
    archive = make_steady(tmp_path / "archive", num_recordings=most)
    out = tmp_path / "out"
    finished, watch = watched(
        command,
        command.run_argv(archive, out),
        every_s=min(5.0, SOAK_MINUTES * 60 / 120),
        stop_after_s=SOAK_MINUTES * 60,
    )
    assert finished.returncode == 130, finished.stderr
    assert len(watch.workers) == 2

    processes = {"parent": watch.parent, **{f"worker {n}": w for n, w in enumerate(watch.workers.values())}}
    drifts = {
        (name, what): drift(looks, of)
        for name, looks in processes.items()
        for what, of in (("memory", resident), ("open files", num_open))
    }
    say(
        f"{SOAK_MINUTES:g} minutes, {num_in(out, 'done')} recordings released; last memory: "
        + ", ".join(f"{name} {looks[-1].resident_bytes / 1e6:.0f} MB" for name, looks in processes.items())
        + "; over the last three quarters: "
        + ", ".join(f"{what} of {name} {rise:+.1%}" for (name, what), rise in drifts.items())
        + f"; outside OUT {min(watch.strewn_bytes[5:])} to {max(watch.strewn_bytes[5:])} bytes"
    )
    assert {key: rise for key, rise in drifts.items() if rise >= MOST_DRIFT} == {}
    late = watch.strewn_bytes[len(watch.strewn_bytes) // 4 :]
    assert max(late) == min(late)
    assert strewn(command, out) == []
    assert set(states(out).values()) == {"done", "pending"}
