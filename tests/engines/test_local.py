"""Worker processes that work, die, hang and give up; the workers here follow a script instead of models."""

import multiprocessing
import os
import signal
from contextlib import closing
from types import SimpleNamespace

import pytest
from stage_stand_ins import POLICY, outputs_of, record_of
from worker_stand_ins import Spec, attempts, follow, half_written, process_ids, started

from redactor.engines import worker
from redactor.engines.base import Job, Outcome
from redactor.engines.local import LocalEngine, _Worker
from redactor.errors import ModelError, StoreError, VerifierError
from redactor.identity import RunIdentity
from redactor.ledger import Ledger, State
from redactor.runfolder import create_run_folder

pytestmark = pytest.mark.long

NAMES = [letter * 32 for letter in "abcd"]
A, B, C, D = NAMES


class Run:
    """An engine over a ledger of its own; `rows` are what `on_row` was told."""

    def __init__(self, tmp_path, ledger, folder):
        self.tmp_path, self.ledger, self.folder = tmp_path, ledger, folder
        self.rows = []

    def __call__(self, names=NAMES, *, num_workers=1, on_row=None, sizes=None, **script):
        engine = self.engine(num_workers, **script)
        self.ledger.add(names)
        jobs = [Job(name, self.tmp_path / name, (sizes or {}).get(name, 0)) for name in names]
        engine.run(jobs, on_row=on_row or self.rows.append)

    def engine(self, num_workers, **script):
        self.spec = Spec(self.tmp_path, self.folder.release, **script)
        return LocalEngine(
            self.spec,
            folder=self.folder,
            ledger=self.ledger,
            record=record_of(self.folder),
            identity=RunIdentity("d1", {}),
            num_workers=num_workers,
            body=follow,
        )

    def states(self):
        return {row.name: row.state for row in self.ledger.rows()}


@pytest.fixture
def run(tmp_path):
    folder = create_run_folder(tmp_path / "out", private=None)
    with closing(Ledger(folder.ledger)) as ledger:
        made = Run(tmp_path, ledger, folder)
        yield made
        assert_no_worker_is_left(made.spec)


def assert_no_worker_is_left(spec):
    assert multiprocessing.active_children() == []
    for pid in process_ids(spec):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_every_job_is_done_once_by_workers_spread_over_the_gpus(run, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "11")
    run(num_workers=2, gpus=(0, 2))
    assert run.states() == dict.fromkeys(NAMES, State.DONE)
    assert sorted(attempts(run.spec)) == NAMES
    assert sorted(row.name for row in run.rows) == NAMES
    assert sorted(started(run.spec)) == ["gpu=0 threads=3", "gpu=2 threads=3"]
    assert os.environ["OMP_NUM_THREADS"] == "11"


def test_no_more_workers_are_started_than_there_are_jobs(run):
    run([A], num_workers=8)
    assert len(started(run.spec)) == 1


def test_nothing_to_do_starts_nothing(run):
    run([], num_workers=2)
    assert started(run.spec) == []


@pytest.mark.parametrize(
    ("action", "cause"), [("kill", "SIGKILL, often out of memory"), ("exit", "exit code 7")]
)
def test_a_recording_that_kills_its_worker_twice_has_failed_and_the_rest_is_done(run, action, cause):
    run([A, B, C], script={B: action})
    assert run.states() == {A: State.DONE, B: State.FAILED, C: State.DONE}
    assert attempts(run.spec) == [A, B, B, C]
    row = run.ledger.row(B)
    assert (row.reason, row.files) == ("worker-died", ())
    assert f"died twice ({cause})" in row.detail
    assert [row.name for row in run.rows] == [A, B, C]
    assert outputs_of(run.folder) == []


def test_a_worker_that_dies_once_costs_nothing(run):
    run([A, B], script={A: "kill-once"})
    assert run.states() == {A: State.DONE, B: State.DONE}
    assert attempts(run.spec) == [A, A, B]
    assert outputs_of(run.folder) == []


def test_a_worker_has_several_recordings_in_hand(run):
    """All four wait for each other: with fewer in hand, none would ever be done."""
    run(recordings_at_once=4, script=dict.fromkeys(NAMES, "all-at-once"))
    assert run.states() == dict.fromkeys(NAMES, State.DONE)
    assert len(started(run.spec)) == 1


@pytest.mark.parametrize("killer", NAMES)
def test_of_those_in_hand_the_one_that_kills_its_worker_fails_alone(run, killer):
    run(recordings_at_once=4, num_workers=2, script={killer: "kill"})
    assert run.states() == {**dict.fromkeys(NAMES, State.DONE), killer: State.FAILED}
    assert attempts(run.spec).count(killer) == 2
    assert outputs_of(run.folder) == []


def test_what_was_at_hand_when_a_worker_died_is_tried_by_itself(run):
    """B kills every worker that it is in, A and C would be done only after it: each has a worker of its own."""
    run([A, B, C], recordings_at_once=3, script={A: "alone-or-hang", B: "kill", C: "alone-or-hang"})
    assert run.states() == {A: State.DONE, B: State.FAILED, C: State.DONE}
    assert attempts(run.spec).count(B) == 2


def test_large_recordings_come_first(run):
    run(sizes={A: 1, B: 5 << 20, C: 4 << 20, D: 2})
    assert attempts(run.spec) == [B, C, D, A]


@pytest.mark.parametrize(
    ("in_hand", "waiting", "num_workers", "taken"),
    [
        ([], [9 << 20], 1, True),
        ([5 << 20], [4 << 20, 1, 1], 1, False),
        ([5 << 20], [3 << 20, 1, 1], 1, True),
        ([1, 1, 1], [1], 1, True),
        ([1, 1, 1, 1], [1], 1, False),
        # What is left at the end is for all workers.
        ([1], [1], 1, True),
        ([1], [1], 2, False),
        ([1], [1, 1, 1], 2, True),
        ([2 << 20], [6 << 20, 1, 1, 1, 1], 2, False),
        ([1 << 20], [2 << 20, 3 << 20, 1], 2, True),
        ([2 << 20], [6 << 20, *[1] * 8], 2, True),  # as long as there is enough for all
    ],
)
def test_a_worker_takes_no_more_than_it_can_use(run, in_hand, waiting, num_workers, taken):
    engine = run.engine(num_workers, recordings_at_once=4)
    jobs = [Job(str(number), run.tmp_path, size) for number, size in enumerate([*in_hand, *waiting])]
    worker = _Worker(None, None, None, 0, ready=True)
    worker.jobs_in_hand.update({job.name: job for job in jobs[: len(in_hand)]})
    engine._workers.append(worker)
    engine._waiting.extend(jobs[len(in_hand) :])
    assert engine._has_room(worker, engine._waiting[0]) is taken


def test_a_recording_goes_to_the_worker_that_has_least_in_hand(run):
    engine = run.engine(2, recordings_at_once=4)
    sizes = (8 << 20, 4 << 20, 2 << 20, 1 << 20)
    sent: list[list[int]] = [[], []]
    for index in (0, 1):
        jobs = SimpleNamespace(send=lambda job, index=index: sent[index].append(job.num_bytes))
        engine._workers.append(_Worker(None, jobs, None, index, ready=True))
    engine._waiting.extend(Job(name, run.tmp_path, size) for name, size in zip(NAMES, sizes, strict=True))
    engine._hand_out()
    assert sent == [[sizes[0]], [*sizes[1:]]]
    run.ledger.give_back(NAMES)


def test_workers_that_die_while_they_load_stop_the_run(run):
    with pytest.raises(ModelError, match="die while they load .*SIGKILL.*--jobs"):
        run([A, B], loading="kill")
    assert len(started(run.spec)) == 2
    assert run.states() == {A: State.PENDING, B: State.PENDING}


def test_a_worker_that_dies_once_while_it_loads_is_replaced(run):
    run([A], loading="kill-once")
    assert run.states() == {A: State.DONE}
    assert len(started(run.spec)) == 2


def test_a_model_that_a_worker_cannot_load_stops_the_run(run):
    with pytest.raises(ModelError, match="the model is no model"):
        run([A], loading="error")
    assert run.states() == {A: State.PENDING}


def test_an_error_of_one_worker_stops_the_run_and_what_runs_is_pending_again(run):
    with pytest.raises(StoreError, match="no space left"):
        run([A, B, C], num_workers=2, script={A: "full-disk", B: "hang"})
    assert run.states() == {A: State.PENDING, B: State.PENDING, C: State.PENDING}
    assert set(attempts(run.spec)) == {A, B}
    assert outputs_of(run.folder) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interruption_keeps_what_is_settled_and_ends_the_workers(run, error):
    def stop(row):
        raise error

    with pytest.raises(error):
        run([A, B], script={B: "hang"}, on_row=stop)
    assert run.states() == {A: State.DONE, B: State.PENDING}
    assert outputs_of(run.folder) == []


def test_what_cannot_be_settled_is_pending_again_and_leaves_nothing(run, monkeypatch):
    def full(release, files, *, name):
        half_written(run.folder.release, A)
        raise StoreError("no space left")

    monkeypatch.setattr("redactor.engines.base.commit", full)
    with pytest.raises(StoreError):
        run([A, B])
    assert run.states() == {A: State.PENDING, B: State.PENDING}
    assert outputs_of(run.folder) == []


class Pipe:
    """The worker's end of a pipe: hands out jobs, keeps what is sent."""

    def __init__(self, *jobs):
        self.jobs, self.sent = [*jobs, None], []

    def recv(self):
        return self.jobs.pop(0)

    def send(self, message):
        self.sent.append(message)


@pytest.fixture
def body(monkeypatch):
    """The real body, in this process: without what makes a process end with its parent."""
    monkeypatch.setattr(worker, "_die_with_parent", lambda lifeline: None)
    monkeypatch.setattr(worker, "_be_quiet", lambda: None)
    tools = SimpleNamespace(verifier="the run's verifier")
    monkeypatch.setattr(worker, "load_tools", lambda spec, device_index: tools)
    monkeypatch.setattr(worker, "challenge", lambda verifier, *_: verifier)
    before = signal.getsignal(signal.SIGINT)

    def call(*jobs):
        pipe = Pipe(*jobs)
        spec = Spec("nowhere", "nowhere")
        for name, value in {"provenance": {}, "policy": POLICY, "private": "nowhere"}.items():
            object.__setattr__(spec, name, value)
        worker.work(spec, 0, pipe, None)
        return pipe.sent

    yield call
    signal.signal(signal.SIGINT, before)


def test_the_body_says_ready_and_then_each_outcome(body, monkeypatch):
    monkeypatch.setattr(worker, "attempt", lambda job, tools, **_: Outcome(job.name, State.DONE))
    assert body(Job(A, None), Job(B, None)) == [None, Outcome(A, State.DONE), Outcome(B, State.DONE)]


def test_the_body_is_not_ready_before_its_verifier_has_objected(body, monkeypatch):
    def challenge(verifier, *_):
        raise VerifierError(f"{verifier} says yes to anything")

    monkeypatch.setattr(worker, "challenge", challenge)
    (error,) = body(Job(A, None))
    assert isinstance(error, VerifierError) and str(error) == "the run's verifier says yes to anything"


def test_the_body_hands_on_errors_that_stop_a_run(body, monkeypatch):
    def attempt(job, tools, **_):
        raise StoreError("no space left")

    monkeypatch.setattr(worker, "attempt", attempt)
    ready, error = body(Job(A, None), Job(B, None))
    assert (ready, type(error), str(error)) == (None, StoreError, "no space left")


@pytest.mark.parametrize("where", ["attempt", "load_tools"])
def test_the_body_tells_of_anything_else_only_its_kind(body, monkeypatch, where):
    def fail(*_, **__):
        raise LookupError("Ada Quill")

    monkeypatch.setattr(worker, where, fail)
    error = body(Job(A, None))[-1]
    assert isinstance(error, ModelError)
    assert "LookupError" in str(error)
    assert "Ada" not in repr(error)
