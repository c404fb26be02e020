"""A run that is killed, stopped or doubled ends as if nothing had happened."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal

import pytest
from kill_helpers import (
    Command,
    kill_and_wait,
    make_archive,
    num_in,
    released_bytes,
    states,
    unlisted_files,
    wait_until,
    workers_of,
)
from storm_helpers import (
    DEATHS,
    Undisturbed,
    dying_at,
    dying_site,
    orphaned_in_shared_memory,
    shared_memory,
    strewn,
)

pytestmark = pytest.mark.model

NUM_RECORDINGS = 6
SEED = int(os.environ.get("REDACTOR_STORM_SEED", "20"))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("resume")


@pytest.fixture(scope="module")
def command(place):
    return Command(place / "home")


@pytest.fixture(scope="module")
def archive(place):
    return make_archive(place / "archive", num_recordings=NUM_RECORDINGS)


@pytest.fixture(scope="module")
def undisturbed(place, command, archive):
    """A run that nobody touches."""
    out = place / "undisturbed"
    done = command.run(archive, out)
    assert done.returncode == 0, done.stderr
    return out


def test_kills_of_the_parent_cost_nothing(place, command, archive, undisturbed):
    """The short form of the storm in test_storm.py: three kills while a run starts, three while it works."""
    out, site, rng = place / "killed", dying_site(place / "site"), random.Random(SEED)
    shared = shared_memory()
    for step in sorted(rng.sample(range(1, 30), 3)):  # of the run itself: keys, stores, record, manifest
        dying = Command(place / "home")
        dying.env |= dying_at(step, rng.choice(DEATHS), site)
        assert dying.run(archive, out).returncode == -signal.SIGKILL
        assert Undisturbed(undisturbed).faults(out) == []
    for released in (0, 2, 4):
        process = command.start(archive, out)
        wait_until(
            lambda released=released: num_in(out, "running") and num_in(out, "done") >= released, process
        )
        kill_and_wait(process)
        assert Undisturbed(undisturbed).faults(out) == []
    done_before = {name for name, state in states(out).items() if state == "done"}
    kept = {path: (out / "release" / path).stat().st_mtime_ns for path in _files_of(out, done_before)}

    done = command.run(archive, out)

    assert done.returncode == 0, done.stderr
    assert released_bytes(out) == released_bytes(undisturbed)
    assert unlisted_files(out) == set()
    assert set(states(out).values()) == {"done"}
    assert kept and all((out / "release" / path).stat().st_mtime_ns == t for path, t in kept.items())
    assert strewn(command, out) == []
    assert orphaned_in_shared_memory(shared) == []
    assert command("audit", "verify", out).returncode == 0


def _files_of(out, names):
    return [path for path in released_bytes(out) if any(name in path for name in names)]


def test_a_file_that_no_row_lists_is_removed_at_the_next_start(command, archive, undisturbed):
    planted = undisturbed / "release" / "audio" / "zz" / "planted.wav"
    planted.parent.mkdir()
    planted.write_bytes(b"of a crash between rename and commit")
    assert command.run(archive, undisturbed).returncode == 0
    assert not planted.exists()


def test_a_second_run_repeats_nothing(command, archive, undisturbed):
    def look():
        return {p: p.stat() for p in undisturbed.rglob("release/[atr]*/*/*")}

    before = look()
    done = command.run(archive, undisturbed, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["unchanged"] == NUM_RECORDINGS
    assert {p: (s.st_ino, s.st_mtime_ns) for p, s in look().items()} == {
        p: (s.st_ino, s.st_mtime_ns) for p, s in before.items()
    }


def test_a_worker_killed_once_costs_nothing(place, command, archive, undisturbed):
    out = place / "worker-once"
    process = command.start(archive, out)
    wait_until(lambda: num_in(out, "running") == 2, process)
    os.kill(workers_of(process.pid)[0], signal.SIGKILL)
    assert process.wait() == 0
    assert released_bytes(out) == released_bytes(undisturbed)


def test_a_recording_whose_worker_dies_twice_has_failed_and_the_rest_is_released(place, command):
    archive = make_archive(place / "deadly", num_recordings=3)
    out = place / "worker-twice"
    process = command.start(archive, out, "--jobs", 1)
    for most in (3, 1):  # all are in hand when the worker dies first, and then each is tried by itself
        wait_until(lambda most=most: 1 <= num_in(out, "running") <= most, process)
        (worker,) = workers_of(process.pid)
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda worker=worker: worker not in workers_of(process.pid), process)
        wait_until(lambda worker=worker: _is_given_back(out, process, worker), process)
    assert process.wait() == 1
    assert sorted(states(out).values()) == ["done", "done", "failed"]
    row = json.loads(command("status", out, "--json").stdout)["not_released"][0]
    assert row["reason"] == "worker-died"

    again = command("retry", out)

    assert again.returncode == 0, again.stderr
    assert sorted(states(out).values()) == ["done", "done", "done"]


def _is_given_back(out, process, old):
    return num_in(out, "running") == 0 or any(pid != old for pid in workers_of(process.pid))


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_asked_to_stop_says_130_and_goes_on_later(place, command, archive, undisturbed, signum):
    out = place / f"stopped-{signum}"
    process = command.start(archive, out)
    wait_until(lambda: num_in(out, "running") and num_in(out, "done"), process)
    process.send_signal(signum)
    assert process.wait() == 130
    assert num_in(out, "running") == 0
    assert unlisted_files(out) == set()
    assert command.run(archive, out).returncode == 0
    assert released_bytes(out) == released_bytes(undisturbed)


def test_a_second_run_on_the_same_folder_is_refused(place, command, archive, undisturbed):
    out = place / "twice"
    process = command.start(archive, out)
    wait_until(lambda: num_in(out, "running"), process)
    second = command.run(archive, out)
    assert second.returncode == 2
    assert "another run is working on" in second.stderr
    assert process.wait() == 0
    assert released_bytes(out) == released_bytes(undisturbed)


def test_what_is_forgotten_is_gone_from_every_byte_and_stays_out(place, command, archive, undisturbed):
    out = place / "forgetting"
    shutil.copytree(undisturbed, out)
    target = archive / "001.flac"
    names = set(states(out))

    assert command("forget", target, "--out", out).returncode == 0

    (name,) = [n for n, state in states(out).items() if state == "forgotten"]
    assert not [path for path in out.rglob("*") if name in path.name]
    for path in out.rglob("*"):
        if path.is_file():
            assert b"001.flac" not in path.read_bytes(), path
            assert path.parent.name == "private" or name.encode() not in path.read_bytes(), path
    again = command.run(archive, out)
    assert again.returncode == 0
    assert set(states(out)) == names
    assert states(out)[name] == "forgotten"

    other = next(n for n, state in states(out).items() if state == "done")
    assert command("forget", other, "--out", out).returncode == 0
    assert num_in(out, "forgotten") == 2
    assert command("forget", archive / "no-such.wav", "--out", out).returncode == 2


def test_forget_finds_every_run_folder_of_the_user(place, command, archive):
    few = place / "few"
    few.mkdir()
    shutil.copy(archive / "001.flac", few)
    outs = [place / "first-out", place / "second-out"]
    for out in outs:
        assert command.run(few, out).returncode == 0
    assert command("forget", few / "001.flac").returncode == 0
    assert [list(states(out).values()) for out in outs] == [["forgotten"], ["forgotten"]]
