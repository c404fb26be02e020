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
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from redactor.detect import PresidioDetector, SpeechDetector, Tagger
from redactor.detect.tagger import least_probabilities
from redactor.engines.base import Job, Outcome, attempt
from redactor.errors import ModelError, RedactorError
from redactor.model_registry import ModelFiles
from redactor.pipeline import Tools
from redactor.policy import Policy
from redactor.transcribe import Device, Recognizer

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>

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


# A batch needs much memory for a moment. glibc gives such pieces back to the system and has every page of them
# zeroed again for the next batch, unless it is told to keep them, in large pages, and not for every thread.
MEMORY_VARIABLES = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TOP_PAD_": str(64 << 20),
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}


@dataclass(frozen=True)
class WorkerSpec:
    """Everything a worker needs to know.

    Attributes
    ----------
    policy : Policy
    models : mapping of str to ModelFiles
        By role: "transcribe", "second" and "identify" (where there is one), "ner:LANGUAGE", "spoken:LANGUAGE".
    device : Device
    threads : int
        CPU threads of a batch.
    recordings_at_once : int
        Recordings that a worker has in hand.
    release : pathlib.Path
    keep_names : bool
    provenance : mapping
    """

    policy: Policy
    models: Mapping[str, ModelFiles]
    device: Device
    threads: int
    recordings_at_once: int
    release: Path
    keep_names: bool
    provenance: Mapping[str, Any]


def load_tools(spec: WorkerSpec, *, device_index: int) -> Tools:
    """Load the models of a run.

    Raises
    ------
    ModelError
    """
    recognizer = Recognizer(
        spec.models["transcribe"],
        second=spec.models.get("second"),
        identifier=spec.models.get("identify"),
        device=spec.device,
        device_index=device_index,
        threads=spec.threads,
    )
    texts = PresidioDetector(spec.policy, spacy_models=_by_language(spec, "ner"))
    taggers = [
        Tagger(path, language=language, entities=least_probabilities(spec.policy))
        for language, path in _by_language(spec, "tag").items()
    ]
    detector = SpeechDetector(texts, spec.policy, taggers=taggers)
    return Tools(recognizer, detector, spec.policy)


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
        except RedactorError as error:
            jobs.send(error)
            return
        except Exception as error:
            jobs.send(_unexpected(error))
            return
        jobs.send(None)
        speaks = threading.Lock()
        gave_up = threading.Event()

        def attempt_one(job: Job) -> None:
            said = None if gave_up.is_set() else _attempt(job, tools, spec)
            with speaks, contextlib.suppress(BrokenPipeError, ConnectionResetError):
                if not gave_up.is_set():
                    jobs.send(said)
                if isinstance(said, RedactorError):
                    gave_up.set()

        # While one thread computes, others read, search and write.
        with ThreadPoolExecutor(spec.recordings_at_once) as pool:
            while (job := jobs.recv()) is not None:
                pool.submit(attempt_one, job)


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
    """No library may log from inside a worker: messages of some quote what they work on."""
    logging.disable(logging.CRITICAL)
    os.environ["HF_HUB_OFFLINE"] = "1"
