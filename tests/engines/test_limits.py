"""Workers that hang, drip, swell or crash: each is ended, and costs its recording and nothing else."""

import os
import subprocess
import sys
import threading
from contextlib import closing
from types import SimpleNamespace

import pytest
from limit_bodies import MIB, A, B, C, WorkSpec, crash_while_decoding, drip, swell
from stage_stand_ins import outputs_of, record_of, write_recording
from worker_stand_ins import attempts, follow, hanging, process_ids

from redactor.audio import progress
from redactor.audio.recording import open_recording
from redactor.engines import limits, worker
from redactor.engines.base import Job, Outcome
from redactor.engines.limits import Limits, Step, Watch, resident_bytes
from redactor.engines.local import LocalEngine
from redactor.identity import RunIdentity
from redactor.ledger import Ledger, State
from redactor.runfolder import create_run_folder

pytestmark = pytest.mark.long

# --- what a watch makes of time, steps and memory: no clock is involved

LIMITS = Limits(
    quiet_s=100, quiet_share=0.5, base_s=1000, slowest=5, spare_bytes=40, share_bytes=70, check_s=10
)


def looks(*events, limits=LIMITS):
    """Why a watch would end a worker after steps (name, sound) and looks (names, seconds and perhaps bytes)."""
    watch = Watch()
    watch.ready(20)
    for number, event in enumerate(events):
        if isinstance(event, Step):
            watch.step(event)
            continue
        names, elapsed_s, *resident = event
        error = watch.look(limits, names, elapsed_s=elapsed_s, resident=resident[0] if resident else None)
        if error is not None:
            assert number == len(events) - 1, "ended too early"
            return error.reason
    return None


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        # Nothing at all comes of it.
        ([("a", 100), ("a", 1)], "timed-out"),
        ([("a", 100)], None),
        ([("a", 100), Step("a", 0), ("a", 100)], None),
        ([("a", 100), Step("a", 0), ("a", 100), ("a", 1)], "timed-out"),
        # A step of a recording that was given back long ago says nothing.
        ([("a", 100), Step("z", 9), ("a", 1)], "timed-out"),
        # What was read of it gives it more time; what others read gives the worker more, but not it.
        ([("a", 1), Step("a", 40), ("a", 120)], None),
        ([("a", 1), Step("a", 40), ("a", 121)], "timed-out"),
        ([("ab", 1), Step("b", 40), ("ab", 120)], None),
        # Beside others that do something, its share of the time counts.
        ([*[x for _ in range(2) for x in (("ab", 99), Step("b", 0))], ("ab", 2)], None),
        ([*[x for _ in range(2) for x in (("ab", 99), Step("b", 0))], ("ab", 3)], "timed-out"),
        # Beside others that do nothing either, the worker is stuck.
        ([("abcd", 100)], None),
        ([("abcd", 101)], "timed-out"),
        # One that is done, or a new one, is a sign of life of the worker.
        ([("ab", 99), ("a", 50)], None),
        ([("a", 50), ("ab", 99)], None),
        ([("ab", 99), ("a", 50), ("a", 1)], "timed-out"),
        # A recording that comes again begins anew.
        ([("a", 99), ("", 99), ("a", 99)], None),
        ([("", 10_000)], None),
        # It drips.
        ([x for _ in range(10) for x in (("a", 100), Step("a", 0))], None),
        ([*[x for _ in range(10) for x in (("a", 100), Step("a", 0))], ("a", 1)], "timed-out"),
        ([*[x for _ in range(19) for x in (("a", 100), Step("a", 10))], ("a", 100)], "timed-out"),
        ([x for _ in range(20) for x in (("a", 100), Step("a", 20))], None),
        ([x for _ in range(20) for x in (("ab", 100), Step("a", 0), Step("b", 0))], None),
        # Memory: its share in any case, or more where the models took it.
        ([("a", 1, 70)], None),
        ([("a", 1, 71)], "out-of-memory"),
        ([("", 1, 71)], None),
    ],
)
def test_a_worker_is_ended_for_what_no_recording_needs(events, reason):
    assert looks(*events) == reason


def test_memory_that_the_models_took_does_not_count():
    large = Limits(spare_bytes=40, share_bytes=0)
    assert looks(("a", 1, 60), limits=large) is None
    assert looks(("a", 1, 61), limits=large) == "out-of-memory"


def test_where_the_system_does_not_say_what_a_process_takes_nothing_is_ended():
    watch = Watch()
    watch.ready(None)
    assert watch.look(LIMITS, "a", elapsed_s=1, resident=None) is None


def test_what_a_process_takes_is_what_it_has_touched():
    # In a process of its own: what earlier tests left free here may go back at any moment.
    touch = (
        "import os; from redactor.engines.limits import resident_bytes; before = resident_bytes(os.getpid()); "
        f"held = bytearray(b'x') * {64 * MIB}; print(resident_bytes(os.getpid()) - before)"
    )
    grown = subprocess.run([sys.executable, "-c", touch], check=True, capture_output=True).stdout
    assert int(grown) > 60 * MIB
    assert resident_bytes(1 << 30) is None


@pytest.mark.parametrize(
    ("container", "expected"), [(None, 48), ("max", 48), (str(16 * MIB), 3), (str(1 << 62), 48)]
)
def test_workers_share_what_the_machine_or_the_container_has(container, expected, tmp_path, monkeypatch):
    place = tmp_path / "memory.max"
    if container is not None:
        place.write_text(container + "\n")
    sizes = {"SC_PHYS_PAGES": 256 * MIB // 4096, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr(limits, "_CGROUP_LIMITS", (str(place),))
    monkeypatch.setattr(limits.os, "sysconf", sizes.__getitem__)
    assert Limits.of_machine(4).share_bytes == expected * MIB


def test_a_system_that_does_not_say_its_memory_leaves_what_is_spare(monkeypatch):
    def sysconf(name):
        raise ValueError("unrecognized configuration name")

    monkeypatch.setattr(limits, "_CGROUP_LIMITS", ())
    monkeypatch.setattr(limits.os, "sysconf", sysconf)
    assert Limits.of_machine(4) == Limits(share_bytes=0)


# --- the engine ends such workers


class Run:
    """An engine over a ledger of its own."""

    def __init__(self, tmp_path, ledger, folder):
        self.tmp_path, self.ledger, self.folder, self.pids = tmp_path, ledger, folder, set()

    def __call__(self, names, body, *, limits, path=None, clock=None, **script):
        spec = WorkSpec(self.tmp_path, self.folder.release, **script)
        self.ledger.add(names)
        engine = LocalEngine(
            spec,
            folder=self.folder,
            ledger=self.ledger,
            record=record_of(self.folder),
            identity=RunIdentity("d1", {}),
            num_workers=1,
            body=body,
            limits=limits,
            **({} if clock is None else {"clock": clock(spec)}),
        )
        engine.run([Job(name, path or self.tmp_path / name) for name in names], on_row=lambda row: None)
        self.pids = process_ids(spec)
        return attempts(spec)

    def states(self):
        return {row.name: row.state for row in self.ledger.rows()}


@pytest.fixture
def run(tmp_path):
    folder = create_run_folder(tmp_path / "out", private=None)
    with closing(Ledger(folder.ledger)) as ledger:
        made = Run(tmp_path, ledger, folder)
        yield made
        assert outputs_of(folder) == []
        for pid in made.pids:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)


QUICK = Limits(quiet_s=0.5, quiet_share=0.0, base_s=1e9, spare_bytes=1 << 40, check_s=0.05)


class HangingTime:
    """A clock that goes on only while some worker hangs: a slow machine takes no time."""

    def __init__(self, spec):
        self._spec, self._now = spec, 0.0

    def __call__(self):
        if any(map(_is_alive, hanging(self._spec))):
            self._now += QUICK.check_s
        return self._now


def _is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_recording_on_which_a_worker_hangs_twice_has_failed_and_the_rest_is_done(run):
    tried = run([A, B, C], follow, limits=QUICK, clock=HangingTime, script={B: "hang"})
    assert run.states() == {A: State.DONE, B: State.FAILED, C: State.DONE}
    assert tried == [A, B, B, C]
    row = run.ledger.row(B)
    assert (row.reason, row.files) == ("timed-out", ())
    assert "nothing more came of it" in row.detail


def test_of_those_in_hand_the_one_that_hangs_fails_alone(run):
    """A and C are done only once they are tried without B."""
    script = {A: "alone-or-hang", B: "hang", C: "alone-or-hang"}
    run([A, B, C], follow, limits=QUICK, clock=HangingTime, recordings_at_once=3, script=script)
    assert run.states() == {A: State.DONE, B: State.FAILED, C: State.DONE}


def test_a_recording_that_only_drips_has_failed(run):
    limits = Limits(quiet_s=1e9, base_s=1.0, slowest=5.0, spare_bytes=1 << 40, check_s=0.05)
    assert run([A], drip, limits=limits) == [A, A]
    row = run.ledger.row(A)
    assert (row.state, row.reason) == (State.FAILED, "timed-out")
    assert "for what was read of it" in row.detail


@pytest.mark.skipif(resident_bytes(os.getpid()) is None, reason="this system does not say what a process takes")
def test_a_recording_for_which_a_worker_takes_too_much_memory_has_failed_and_the_rest_is_done(run):
    limits = Limits(spare_bytes=100 * MIB, check_s=0.05)
    assert run([A, B], swell, limits=limits) == [A, A, B]
    row = run.ledger.row(A)
    assert (row.state, row.reason, row.files) == (State.FAILED, "out-of-memory", ())
    assert run.ledger.row(B).state is State.DONE
    assert "--jobs" in row.detail


@pytest.mark.parametrize("recordings_at_once", [1, 3])
def test_a_decoder_that_crashes_costs_its_recording_and_nothing_else(run, tmp_path, recordings_at_once):
    path = write_recording(tmp_path / "in.wav")
    body = crash_while_decoding
    tried = run([A, B, C], body, limits=Limits(), path=path, recordings_at_once=recordings_at_once)
    assert tried.count(B) == 2
    reasons = {row.name: row.reason for row in run.ledger.rows()}
    assert reasons == {A: "decoded", B: "worker-died", C: "decoded"}
    assert "died twice (SIGSEGV)" in run.ledger.row(B).detail


# --- what a worker says


@pytest.fixture
def recording(tmp_path):
    return write_recording(tmp_path / "in.wav", duration=20.0, num_channels=2)


def test_every_pass_over_a_recording_is_told(recording):
    told = []
    with progress.listening(told.append), open_recording(recording) as opened:
        first = sum(told)
        for _ in range(3):
            list(opened.blocks())
    hashed = 2 * recording.stat().st_size / (48_000 * 2 * 4)
    assert first == pytest.approx(40.0 + hashed)
    assert sum(told) == pytest.approx(4 * 40.0 + hashed)


def test_only_the_thread_that_works_on_a_recording_is_told(recording):
    told = []

    def other():
        with open_recording(recording) as opened:
            list(opened.blocks())

    with progress.listening(told.append):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    progress.step(1.0)
    assert told == []


class Pipe:
    """The worker's end of a pipe: hands out jobs, keeps what is sent."""

    def __init__(self, *jobs):
        self.jobs, self.sent = [*jobs, None], []

    def recv(self):
        return self.jobs.pop(0)

    def send(self, message):
        self.sent.append(message)


def test_the_body_says_the_steps_of_each_recording_before_its_outcome(recording, monkeypatch):
    def read(job, tools, **_):
        with open_recording(job.path) as opened:
            list(opened.blocks())
        return Outcome(job.name, State.DONE)

    monkeypatch.setattr(worker, "attempt", read)
    monkeypatch.setattr(worker, "_TELL_EVERY_S", 0.0)
    monkeypatch.setattr(worker, "_die_with_parent", lambda lifeline: None)
    monkeypatch.setattr(worker, "_be_quiet", lambda: None)
    monkeypatch.setattr(worker, "challenge", lambda *_: None)
    monkeypatch.setattr(worker.signal, "signal", lambda *_: None)
    pipe = Pipe(Job(A, recording), Job(B, recording))
    spec = WorkSpec(recording.parent, None, recordings_at_once=2)
    worker.work(spec, 0, pipe, None, load=lambda *_, **__: SimpleNamespace(verifier=None))
    for name in (A, B):
        *steps, outcome = [said for said in pipe.sent[1:] if said.name == name]
        assert outcome == Outcome(name, State.DONE)
        assert sum(step.sound for step in steps) == pytest.approx(2 * 40.0, rel=0.1)


def test_nothing_that_a_library_prints_inside_a_worker_is_seen():
    code = (
        "import os, sys\nfrom redactor.engines import worker\nworker._be_quiet()\n"
        "os.write(1, b'Ada Quill'); os.write(2, b'Ada Quill'); print('Ada Quill', file=sys.stderr, flush=True)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")
