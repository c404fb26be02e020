"""Bodies of worker processes that drip, swell and crash. They import what is heavy only where they need it."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from dataclasses import dataclass, field
from types import SimpleNamespace

from worker_stand_ins import LIMIT_S, Spec

from redactor.engines.limits import Step

MIB = 1 << 20
A, B, C = (letter * 32 for letter in "abc")


@dataclass(frozen=True)
class WorkSpec(Spec):
    """What the real body reads as well."""

    provenance: dict = field(default_factory=dict)
    policy: None = None
    private: None = None


def _base():
    """What jobs and outcomes are made of, without what takes seconds to load."""
    sys.modules["redactor.pipeline"] = SimpleNamespace(Tools=None, redact_recording=None, VERDICTS={"passed"})
    from redactor.engines import base

    return base


def half_written(release, name):
    path = release.with_name(".staging") / "audio" / name[:2] / f".{name}.0badcafe.tmp"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"RIFF")
    return path


def drip(spec, device_index, jobs, lifeline):
    """A body that says for ever that it does something."""
    _base()
    jobs.send(None)
    while (job := jobs.recv()) is not None:
        _note(spec, job)
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            jobs.send(Step(job.name, 0.0))
            time.sleep(0.01)


def swell(spec, device_index, jobs, lifeline):
    """A body that takes 256 MB for job A, and lives."""
    base = _base()
    jobs.send(None)
    while (job := jobs.recv()) is not None:
        _note(spec, job)
        left = half_written(spec.release, job.name)
        if job.name == A:
            held = bytearray(b"x") * (256 * MIB)
            time.sleep(LIMIT_S)
            del held
        left.unlink()
        told = {"input_sha256": "0" * 64, "duration": 1.0, "muted": 0.0, "verdict": "passed"}
        jobs.send(base.Outcome(job.name, base.State.DONE, **told))


def _note(spec, job):
    with (spec.folder / "attempts").open("a") as stream:
        stream.write(f"{job.name} {os.getpid()}\n")
    with (spec.folder / "started").open("a") as stream:
        stream.write(f"x {os.getpid()}\n")


def crash_while_decoding(spec, device_index, jobs, lifeline):
    """The real body; job B's decoder reads from nowhere in the middle of it."""
    from redactor.audio import sndfile
    from redactor.audio.recording import open_recording
    from redactor.engines import worker
    from redactor.engines.base import refused
    from redactor.errors import RecordingError

    block, doomed = sndfile.SequentialFile.block, threading.local()

    def crash(file, num_samples, dtype):
        if getattr(doomed, "yes", False):
            ctypes.string_at(0)
        return block(file, num_samples, dtype)

    def read(job, tools, **options):
        _note(spec, job)
        half_written(spec.release, job.name)
        doomed.yes = job.name == B
        try:
            with open_recording(job.path):
                raise RecordingError("was decoded", reason="decoded")
        except RecordingError as error:
            half_written(spec.release, job.name).unlink()
            return refused(job.name, error)

    sndfile.SequentialFile.block = crash
    worker.attempt, worker.challenge = read, lambda *_: None
    worker.work(spec, device_index, jobs, lifeline, load=lambda *_, **__: SimpleNamespace(verifier=None))
