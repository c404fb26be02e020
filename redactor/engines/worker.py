"""A worker process: loads its models once, then attempts one recording after another.

It dies with its parent, whatever it is doing: an orphan that writes into a folder that a second run has
taken over would be a file nobody knows of.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from redactor.audio import progress
from redactor.engines.base import Job, Outcome, attempt
from redactor.engines.limits import Step
from redactor.engines.memory import Heap
from redactor.errors import ModelError, RedactorError
from redactor.keep import Keep
from redactor.model_registry import ModelFiles
from redactor.pipeline import Tools
from redactor.policy import Policy
from redactor.sentinels import challenge, shipped_sentinels
from redactor.transcribe import Device, Recognizer
from redactor.types import Seconds
from redactor.verify.verifier import Verifier

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>

# Often against the limits of redactor/engines/limits.py, seldom against what there is to do.
_TELL_EVERY_S = 5.0

# One thread each: two workers of one thread get through more than one worker of two, and libraries that
# start threads of their own would fight for the same cores.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


@dataclass(frozen=True)
class WorkerSpec:
    """Everything a worker needs to know.

    Attributes
    ----------
    policy : Policy
    models : mapping of str to ModelFiles
        By role: "transcribe"; "second", "check", "identify" where there is one; "ner:LANGUAGE", "tag:LANGUAGE".
    device : Device
    threads : int
        CPU threads of a batch.
    recordings_at_once : int
        Recordings that a worker has in hand.
    release : pathlib.Path
    private : pathlib.Path
        Where what the verifier is tried with lies for a moment.
    keep_names : bool
    provenance : mapping
    keep : Keep or None
        What stays audible to a subject, of what is theirs.
    """

    policy: Policy
    models: Mapping[str, ModelFiles]
    device: Device
    threads: int
    recordings_at_once: int
    release: Path
    private: Path
    keep_names: bool
    provenance: Mapping[str, Any]
    keep: Keep | None = None


def load_tools(spec: WorkerSpec, *, device_index: int) -> Tools:
    """Load the models of a run.

    Raises
    ------
    ModelError
    """
    # Here and not above: the process that hands out work starts without them.
    from redactor.detect import load_detector
    from redactor.detect.tagger import least_when_checked

    recognizer = Recognizer(
        spec.models["transcribe"],
        second=spec.models.get("second"),
        identifier=spec.models.get("identify"),
        checker=spec.models.get("check"),
        device=spec.device,
        device_index=device_index,
        threads=spec.threads,
    )
    detector = load_detector(spec.policy, ner=_by_language(spec, "ner"), tag=_by_language(spec, "tag"))
    checking = detector.with_least(least_when_checked(spec.policy))
    verifier = Verifier(recognizer, checking, spec.policy, keep=spec.keep)
    return Tools(recognizer, detector, verifier, spec.policy, keep=spec.keep)


def _by_language(spec: WorkerSpec, role: str) -> dict[str, Path]:
    """Folders of the models that have a role for some language."""
    return {
        name.removeprefix(f"{role}:"): model.path
        for name, model in spec.models.items()
        if name.startswith(f"{role}:")
    }


def work(
    spec: WorkerSpec,
    device_index: int,
    jobs: Connection,
    lifeline: Connection,
    *,
    load: Callable[..., Tools] | None = None,
) -> None:
    """Body of a worker process; speaks over `jobs` until it is closed.

    Parameters
    ----------
    load : callable, optional
        In place of :func:`load_tools`.
    """
    _die_with_parent(lifeline)
    _be_quiet()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        try:
            tools = (load or load_tools)(spec, device_index=device_index)
            challenge(tools.verifier, spec.policy, shipped_sentinels(), spec.private)
        except RedactorError as error:
            jobs.send(error)
            return
        except Exception as error:
            jobs.send(_unexpected(error))
            return
        jobs.send(None)
        speaks = threading.Lock()
        gave_up = threading.Event()
        heap = Heap()

        def say(message: Step | Outcome | RedactorError) -> None:
            with speaks, contextlib.suppress(BrokenPipeError, ConnectionResetError):
                if not gave_up.is_set():
                    jobs.send(message)
                if isinstance(message, RedactorError):
                    gave_up.set()

        def attempt_one(job: Job) -> None:
            if not gave_up.is_set():
                with progress.listening(_teller(job.name, say)):
                    say(_attempt(job, tools, spec))
                heap.give_back()

        # While one thread computes, others read, search and write.
        with ThreadPoolExecutor(spec.recordings_at_once) as pool:
            while (job := jobs.recv()) is not None:
                pool.submit(attempt_one, job)


def _teller(name: str, say: Callable[[Step], None]) -> progress.Listener:
    """Says the steps of a recording, put together so that they keep nobody busy."""
    untold, told_at = 0.0, time.monotonic()

    def on_step(sound: Seconds) -> None:
        nonlocal untold, told_at
        untold += sound
        if time.monotonic() - told_at >= _TELL_EVERY_S:
            say(Step(name, untold))
            untold, told_at = 0.0, time.monotonic()

    return on_step


def _attempt(job: Job, tools: Tools, spec: WorkerSpec) -> Outcome | RedactorError:
    """What came of a recording, or the error for which nothing else can go on."""
    try:
        return attempt(
            job, tools, release=spec.release, keep_names=spec.keep_names, provenance=spec.provenance
        )
    except RedactorError as error:
        return error
    except Exception as error:
        return _unexpected(error)


def _unexpected(error: Exception) -> ModelError:
    # Not its message: it might quote a recording.
    return ModelError(f"a worker failed with {type(error).__name__} outside any recording")


def _die_with_parent(lifeline: Connection) -> None:
    """Two ways, since each has a hole: the kernel's signal is Linux only, a thread needs Python's lock."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    def watch() -> None:
        with contextlib.suppress(EOFError, OSError):
            lifeline.recv()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _be_quiet() -> None:
    """Nothing may be said from inside a worker: what libraries log or print may quote what they work on.

    mpg123 prints the bytes that it does not understand, and libsndfile's ALAC reader to stdout, where a script
    expects one JSON object.
    """
    logging.disable(logging.CRITICAL)
    os.environ["HF_HUB_OFFLINE"] = "1"
    with open(os.devnull, "wb") as nowhere:
        for descriptor in (1, 2):
            os.dup2(nowhere.fileno(), descriptor)
