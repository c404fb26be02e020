"""What a worker does while it is measured: its own work, watched, and figures of it at the end."""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from redactor.bench.gold import GoldRecording
from redactor.bench.wer import WordErrors, said_and_heard, word_errors
from redactor.engines.worker import WorkerSpec, load_tools, work
from redactor.pipeline import Tools, Transcriber
from redactor.policy import Policy
from redactor.transcribe import Heard, Recognizer
from redactor.transcribe.listener import Tally

if TYPE_CHECKING:
    from redactor.audio.recording import Recording

_SUFFIX = ".figures.json"


@dataclass(frozen=True)
class Watched:
    """What a measured worker needs to know.

    Attributes
    ----------
    golds : mapping of str to GoldRecording
        By SHA-256 of the file.
    figures : pathlib.Path
        Folder for what it finds.
    one_at_a_time : bool
        Whether recordings are worked on one after the other, so that a stage's time is its own.
    """

    golds: Mapping[str, GoldRecording]
    figures: Path
    one_at_a_time: bool


@dataclass(frozen=True)
class Batches:
    """What was done together.

    Attributes
    ----------
    model : str
        Role of the model.
    work : {"encoded", "decoded", "aligned"}
    most, batches, windows : int
        Windows of a batch at most, and batches and windows that were done.
    seconds : float
        That it took.
    """

    model: str
    work: str
    most: int
    batches: int
    windows: int
    seconds: float

    def plus(self, other: Batches) -> Batches:
        """With those of another worker."""
        return replace(
            self,
            most=min(self.most, other.most),
            batches=self.batches + other.batches,
            windows=self.windows + other.windows,
            seconds=self.seconds + other.seconds,
        )


@dataclass(frozen=True)
class WorkerFigures:
    """What one worker found.

    Attributes
    ----------
    ready_at : float
        When its models were loaded, by the machine's monotonic clock.
    cpu_seconds : float
        Of its processor time from then on.
    stages : mapping of str to float
        Seconds in each stage, summed over recordings.
    errors : WordErrors
        Of the first model.
    windows, windows_again : int
        Windows that were heard, by all models, and how many of them again at 30 s.
    window_seconds, speech_seconds : float
        Of sound in windows, and of speech in it.
    batches : tuple of Batches
    peak_bytes : int
        Resident memory at most.
    """

    ready_at: float
    cpu_seconds: float
    stages: Mapping[str, float]
    errors: WordErrors
    windows: int
    windows_again: int
    window_seconds: float
    speech_seconds: float
    batches: tuple[Batches, ...]
    peak_bytes: int

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> WorkerFigures:
        """What `to_json` wrote."""
        values = json.loads(text)
        errors, batches = WordErrors(**values["errors"]), tuple(Batches(**one) for one in values["batches"])
        return cls(**{**values, "errors": errors, "batches": batches})


class _Meter:
    """Sums what the threads of a worker tell."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.stages: dict[str, float] = {}
        self.errors = WordErrors()

    def on_stage(self, name: str, seconds: float) -> None:
        with self._lock:
            self.stages[name] = self.stages.get(name, 0.0) + seconds

    def on_words(self, errors: WordErrors) -> None:
        with self._lock:
            self.errors += errors


@dataclass(frozen=True)
class _Examined:
    """A recognizer whose words are held against the truth."""

    recognizer: Transcriber
    golds: Mapping[str, GoldRecording]
    meter: _Meter
    begin: Callable[[], None]

    def transcribe(self, recording: Recording, policy: Policy) -> Heard:
        self.begin()
        heard = self.recognizer.transcribe(recording, policy)
        pairs = said_and_heard(self.golds[recording.sha256], heard.transcript)
        self.meter.on_words(sum((word_errors(*pair) for pair in pairs), WordErrors()))
        return heard


@dataclass(frozen=True)
class _Loaded:
    """The recognizer of a worker, when it was loaded, and the processor time until then."""

    recognizer: Recognizer
    ready_at: float
    cpu_at: float


def measured_work(
    watched: Watched, spec: WorkerSpec, device_index: int, jobs: Connection, lifeline: Connection
) -> None:
    """Body of a worker process: that of every run, with its stages watched and its words examined."""
    meter = _Meter()
    loaded: list[_Loaded] = []
    starts = threading.Lock()

    def load_watched(spec: WorkerSpec, *, device_index: int) -> Tools:
        tools = load_tools(spec, device_index=device_index)

        def begin() -> None:
            with starts:
                if not loaded:  # what loading, and trying the check, took is no work
                    _forget_work(tools.recognizer)
                    loaded.append(_Loaded(tools.recognizer, time.monotonic(), time.process_time()))

        examined = _Examined(tools.recognizer, watched.golds, meter, begin)
        return replace(tools, recognizer=examined, watch=meter.on_stage)

    at_once = 1 if watched.one_at_a_time else spec.recordings_at_once
    work(replace(spec, recordings_at_once=at_once), device_index, jobs, lifeline, load=load_watched)
    for one in loaded:
        figures = _figures(meter, one)
        (watched.figures / f"{os.getpid()}{_SUFFIX}").write_text(figures.to_json())


def _forget_work(recognizer: Recognizer) -> None:
    recognizer.tally = Tally()
    for model in recognizer.models.values():
        for batcher in model.batchers.values():
            batcher.batches = batcher.items = 0
            batcher.seconds = 0.0


def _figures(meter: _Meter, loaded: _Loaded) -> WorkerFigures:
    recognizer = loaded.recognizer
    return WorkerFigures(
        ready_at=loaded.ready_at,
        cpu_seconds=time.process_time() - loaded.cpu_at,
        stages=meter.stages,
        errors=meter.errors,
        windows=recognizer.tally.windows,
        windows_again=recognizer.tally.again,
        window_seconds=recognizer.tally.window_seconds,
        speech_seconds=recognizer.tally.speech_seconds,
        batches=tuple(_batches(recognizer)),
        peak_bytes=peak_bytes(),
    )


def read_figures(folder: Path) -> list[WorkerFigures]:
    """What the workers of a run found; one that died found nothing."""
    return [WorkerFigures.from_json(path.read_text()) for path in sorted(folder.glob(f"*{_SUFFIX}"))]


def _batches(recognizer: Recognizer) -> Iterator[Batches]:
    for role, model in recognizer.models.items():
        for what, batcher in model.batchers.items():
            yield Batches(role, what, batcher.most, batcher.batches, batcher.items, batcher.seconds)


def peak_bytes() -> int:
    """Most resident memory of this process so far; Linux counts it in kilobytes, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
