"""Worker processes on this machine. A worker that dies costs its recording one retry, and the run nothing.

One that hangs, or that takes more memory than it may, is ended, which is a death like any other.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

from redactor.engines.base import Job, Outcome, refused, settle
from redactor.engines.limits import Limits, Step, Watch, resident_bytes
from redactor.engines.memory import MEMORY_VARIABLES
from redactor.engines.worker import THREAD_VARIABLES, WorkerSpec, work
from redactor.errors import ModelError, RecordingError, RedactorError, WorkerDied
from redactor.identity import RunIdentity
from redactor.ledger import Ledger, Row
from redactor.record import Record
from redactor.runfolder import RunFolder, clear_staging, remove_temporary, sweep

_ATTEMPTS = 2  # the first, and one retry
_GRACE_S = 5.0
_COST_OF_ANY = 1 << 16


@dataclass
class _Worker:
    process: Any
    jobs: Connection
    lifeline: Connection
    index: int
    ready: bool = False
    jobs_in_hand: dict[str, Job] = field(default_factory=dict)
    watch: Watch = field(default_factory=Watch)
    ended_for: RecordingError | None = None

    @property
    def num_bytes(self) -> int:
        return sum(job.num_bytes for job in self.jobs_in_hand.values())


class LocalEngine:
    """Runs jobs on worker processes and settles them one by one.

    Parameters
    ----------
    spec : WorkerSpec
    folder : RunFolder
    ledger : Ledger
        Written by this process alone.
    record : Record
    identity : RunIdentity
    num_workers : int
    body : callable, optional
        What a worker process runs; takes what :func:`redactor.engines.worker.work` takes, and says the same.
    limits : Limits, optional
        Of each worker; those of this machine otherwise.
    clock : callable, optional
        Seconds that never go back.
    """

    def __init__(
        self,
        spec: WorkerSpec,
        *,
        folder: RunFolder,
        ledger: Ledger,
        record: Record,
        identity: RunIdentity,
        num_workers: int,
        body: Callable[[WorkerSpec, int, Connection, Connection], None] = work,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._body = body
        self._spec = spec
        self._folder = folder
        self._ledger = ledger
        self._record = record
        self._identity = identity
        self._num_workers = num_workers
        self._limits = limits or Limits.of_machine(num_workers)
        self._looked_at = clock()
        self._workers: list[_Worker] = []
        self._waiting: deque[Job] = deque()
        self._deaths: dict[str, int] = {}
        self._deaths_before_ready = 0

    def run(self, jobs: Iterable[Job], *, on_row: Callable[[Row], None]) -> None:
        """Work through all jobs; `on_row` is told of each when the ledger has it.

        Raises
        ------
        StoreError, ModelError
            If the run cannot go on; what was being worked on is pending again.
        """
        # Like lengths side by side fill batches, and a long one that comes last would be worked on alone.
        self._waiting.extend(sorted(jobs, key=lambda job: -job.num_bytes))
        with self._started():
            for index in range(min(self._num_workers, len(self._waiting))):
                self._start(index)
            while self._waiting or any(w.jobs_in_hand for w in self._workers):
                self._hand_out()
                for worker, message in self._messages():
                    self._receive(worker, message, on_row)
                self._look_after_workers()

    @contextlib.contextmanager
    def _started(self) -> Iterator[None]:
        try:
            yield
        finally:
            running = [name for worker in self._workers for name in worker.jobs_in_hand]
            for worker in self._workers:
                self._stop(worker)
            clear_staging(self._folder)
            self._ledger.give_back(running)
            if running:  # a worker may have released a recording that it could no longer report
                sweep(self._folder, listed=self._ledger.listed_files())

    def _start(self, index: int) -> None:
        context = multiprocessing.get_context("spawn")
        jobs, workers_jobs = context.Pipe()
        workers_lifeline, lifeline = context.Pipe(duplex=False)
        gpus = self._spec.device.indexes
        process = context.Process(
            target=self._body,
            args=(self._spec, gpus[index % len(gpus)], workers_jobs, workers_lifeline),
            daemon=True,
        )
        with _environment({**dict.fromkeys(THREAD_VARIABLES, str(self._spec.threads)), **MEMORY_VARIABLES}):
            process.start()
        workers_jobs.close()
        workers_lifeline.close()
        self._workers.append(_Worker(process, jobs, lifeline, index))

    def _stop(self, worker: _Worker) -> None:
        if not worker.jobs_in_hand and worker.process.is_alive():
            with contextlib.suppress(OSError):
                worker.jobs.send(None)
            worker.process.join(_GRACE_S)
        if worker.process.is_alive():
            worker.process.kill()
        worker.process.join()
        worker.jobs.close()
        worker.lifeline.close()

    def _hand_out(self) -> None:
        """Give recordings to the workers that have least in hand, as long as one has room."""
        given: list[tuple[_Worker, Job]] = []
        while self._waiting:
            job = self._waiting[0]
            free = [worker for worker in self._workers if self._has_room(worker, job)]
            if not free:
                break
            worker = min(free, key=lambda worker: worker.num_bytes)
            worker.jobs_in_hand[job.name] = self._waiting.popleft()
            given.append((worker, job))
        if not given:
            return
        self._ledger.lease(job.name for _, job in given)
        for worker, job in given:
            with contextlib.suppress(OSError):  # it died meanwhile; its end of the pipe says so next
                worker.jobs.send(job)

    def _has_room(self, worker: _Worker, job: Job) -> bool:
        if not worker.ready or worker.ended_for is not None:
            return False
        if not worker.jobs_in_hand:
            return True
        # Whoever was at hand when a worker died is tried by itself: the next death tells whose it was.
        if job.name in self._deaths or any(name in self._deaths for name in worker.jobs_in_hand):
            return False
        if len(worker.jobs_in_hand) >= self._spec.recordings_at_once:
            return False
        after = worker.num_bytes + job.num_bytes
        return after <= self._spec.device.limits.num_bytes and self._is_fair(worker, job)

    def _is_fair(self, worker: _Worker, job: Job) -> bool:
        """Whether a worker with a recording more leaves enough to the others: it matters at the end alone."""
        if len(self._waiting) > self._spec.recordings_at_once * self._num_workers:
            return True
        left = [*self._waiting, *(job for w in self._workers for job in w.jobs_in_hand.values())]
        return _cost(worker.jobs_in_hand.values()) + _cost([job]) / 2 <= _cost(left) / self._num_workers

    def _messages(self) -> Iterator[tuple[_Worker, Any]]:
        """What workers have to say before it is time to look after them; a dead one says EOFError."""
        by_connection = {worker.jobs: worker for worker in self._workers}
        for connection in wait(list(by_connection), self._limits.check_s):
            try:
                message = connection.recv()
            except (EOFError, OSError):
                message = EOFError()
            yield by_connection[connection], message

    def _receive(self, worker: _Worker, message: Any, on_row: Callable[[Row], None]) -> None:
        if message is None:
            worker.ready = True
            worker.watch.ready(resident_bytes(worker.process.pid))
        elif isinstance(message, Step):
            worker.watch.step(message)
        elif isinstance(message, Outcome):
            self._settle(message, on_row)
            del worker.jobs_in_hand[message.name]  # only now: what could not be settled is pending again
        elif isinstance(message, RedactorError):
            raise message
        else:
            self._bury(worker, on_row)

    def _look_after_workers(self) -> None:
        """End those that hang or take too much memory; their death shows after all that they had to say."""
        elapsed_s = self._clock() - self._looked_at
        if elapsed_s < self._limits.check_s:
            return
        self._looked_at += elapsed_s
        # A parent that was stopped or busy heard of no step in that time, whatever its workers did.
        elapsed_s = min(elapsed_s, 2 * self._limits.check_s)
        for worker in self._workers:
            if worker.ended_for is None:
                resident = resident_bytes(worker.process.pid)
                worker.ended_for = worker.watch.look(
                    self._limits, worker.jobs_in_hand, elapsed_s=elapsed_s, resident=resident
                )
                if worker.ended_for is not None:
                    worker.process.kill()

    def _settle(self, outcome: Outcome, on_row: Callable[[Row], None]) -> None:
        row = settle(
            outcome,
            folder=self._folder,
            ledger=self._ledger,
            record=self._record,
            identity=self._identity,
        )
        on_row(row)

    def _bury(self, worker: _Worker, on_row: Callable[[Row], None]) -> None:
        """Put another worker in the place of a dead one; what it had is tried once more, then failed."""
        self._workers.remove(worker)
        jobs = list(worker.jobs_in_hand.values())
        self._stop(worker)
        if not worker.ready:
            self._deaths_before_ready += 1
            if self._deaths_before_ready >= _ATTEMPTS:
                raise ModelError(
                    f"workers die while they load their models ({_cause(worker.process.exitcode)}); "
                    "run with fewer --jobs or a smaller --model"
                )
        for job in reversed(jobs):
            remove_temporary(self._folder, job.name, keep_names=self._spec.keep_names)
            self._deaths[job.name] = self._deaths.get(job.name, 0) + 1
            if self._deaths[job.name] < _ATTEMPTS:
                self._waiting.appendleft(job)
                self._ledger.give_back([job.name])
            else:
                error = worker.ended_for or _died(worker.process.exitcode)
                self._settle(refused(job.name, error), on_row)
        if len(self._workers) < len(self._waiting) + sum(bool(w.jobs_in_hand) for w in self._workers):
            self._start(worker.index)


def _cost(jobs: Iterable[Job]) -> int:
    """Of recordings, in bytes: by their length, and something for each."""
    return sum(job.num_bytes + _COST_OF_ANY for job in jobs)


def _died(exitcode: int | None) -> WorkerDied:
    return WorkerDied(
        f"its worker died twice ({_cause(exitcode)}); run with fewer --jobs, split the recording, "
        "or leave it out"
    )


def _cause(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        name = signal.Signals(-exitcode).name
        return f"{name}, often out of memory" if name == "SIGKILL" else name
    return f"exit code {exitcode}"


@contextlib.contextmanager
def _environment(wanted: Mapping[str, str]) -> Iterator[None]:
    """Environment for a child that is being started: libraries read it when they are first imported."""
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
