"""Bodies of worker processes that do what a script says. No model, no audio.

What a worker did is on record in the folder of its spec: one line "NAME PID" an attempt.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

LIMIT_S = 60.0


@dataclass(frozen=True)
class Spec:
    """In place of a WorkerSpec: what the engine reads of one, and the script.

    Attributes
    ----------
    folder : pathlib.Path
        Where workers leave word.
    release : pathlib.Path
    script : mapping of str to str
        What happens to a job, by NAME: "done" (the default), "kill", "kill-once", "exit", "hang", "full-disk";
        "all-at-once" waits for three others, "alone-or-hang" is done when it is tried again.
    loading : str
        "ready", "kill", "kill-once" or "error".
    """

    folder: Path
    release: Path
    script: Mapping[str, str] = field(default_factory=dict)
    loading: str = "ready"
    gpus: tuple[int, ...] = (0,)
    threads: int = 3
    recordings_at_once: int = 1
    keep_names: bool = False

    @property
    def device(self):
        limits = SimpleNamespace(num_bytes=8 << 20)
        return SimpleNamespace(indexes=self.gpus, limits=limits)


def follow(spec, device_index, jobs, lifeline):
    """Body of a worker."""
    # The libraries behind the real flow take seconds to load in every worker, and nothing here uses them.
    sys.modules["redactor.pipeline"] = SimpleNamespace(Tools=None, redact_recording=None, VERDICTS={"passed"})
    from redactor.errors import ModelError

    threads = os.environ.get("OMP_NUM_THREADS")
    _note(spec, "started", f"gpu={device_index} threads={threads}")
    if spec.loading == "error":
        jobs.send(ModelError("the model is no model"))
        return
    _maybe_die(spec, spec.loading, "loading")
    jobs.send(None)
    speaks = threading.Lock()

    def do(job):
        said = _do(job, spec)
        with speaks:
            jobs.send(said)

    with contextlib.suppress(EOFError), ThreadPoolExecutor(spec.recordings_at_once) as pool:
        while (job := jobs.recv()) is not None:
            pool.submit(do, job)


def _do(job, spec):
    from redactor.engines.base import Outcome
    from redactor.errors import StoreError
    from redactor.ledger import State

    action = spec.script.get(job.name, "done")
    _note(spec, "attempts", job.name)
    survives = action == "kill-once" and attempts(spec).count(job.name) > 1
    if action not in ("done", "all-at-once", "alone-or-hang") and not survives:
        half_written(spec.release, job.name)
    _maybe_die(spec, action, job.name)
    if action == "all-at-once":
        _wait_for(spec, 4)
    if action == "hang" or (action == "alone-or-hang" and attempts(spec).count(job.name) == 1):
        _note(spec, "hanging", job.name)
        time.sleep(LIMIT_S)
    if action == "full-disk":
        _wait_for(spec, 2)
        return StoreError("no space left")
    return Outcome(job.name, State.DONE, input_sha256="0" * 64, duration=1.0, muted=0.0, verdict="passed")


def half_written(release, name):
    path = release.with_name(".staging") / "audio" / name[:2] / f".{name}.0badcafe.tmp"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"RIFF")


def _maybe_die(spec, action, what):
    marker = spec.folder / f"died-{what}"
    if action == "exit":
        os._exit(7)
    if action == "kill" or (action == "kill-once" and not marker.exists()):
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def _wait_for(spec, num_attempts):
    """Until another worker is busy as well."""
    end = time.monotonic() + LIMIT_S
    while len(attempts(spec)) < num_attempts and time.monotonic() < end:
        time.sleep(0.02)


def _note(spec, log, text):
    with (spec.folder / log).open("a") as stream:
        stream.write(f"{text} {os.getpid()}\n")


def attempts(spec):
    """NAMEs in the order in which workers took them."""
    return [line.split()[0] for line in _lines(spec, "attempts")]


def started(spec):
    """Lines of the workers that were started, without their ids."""
    return [line.rsplit(" ", 1)[0] for line in _lines(spec, "started")]


def process_ids(spec):
    return _process_ids(spec, "started")


def hanging(spec):
    """Ids of the processes that have begun to hang, whatever became of them."""
    return _process_ids(spec, "hanging")


def _process_ids(spec, log):
    return {int(line.rsplit(" ", 1)[1]) for line in _lines(spec, log)}


def _lines(spec, log):
    path = spec.folder / log
    return path.read_text().splitlines() if path.exists() else []
