"""One measurement: the shipped sample through the real engine, and what that took and left audible."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from redactor.audio.decode import decode
from redactor.bench.gold import GoldRecording, read_gold
from redactor.bench.measure import measure
from redactor.bench.score import Row as Leak
from redactor.bench.score import Scored, score, stretches_of, summarize
from redactor.bench.wer import WordErrors
from redactor.bench.worker import Batches, Watched, WorkerFigures, measured_work, peak_bytes, read_figures
from redactor.errors import UsageError
from redactor.files import bench_sample_dir, sha256_file
from redactor.inputs import find_inputs
from redactor.ledger import Row, State
from redactor.runfolder import RunFolder, create_run_folder, locked
from redactor.runs import Archive
from redactor.settings import Prepared
from redactor.types import Seconds


@dataclass(frozen=True)
class Sample:
    """Recordings and their truth.

    Attributes
    ----------
    golds : mapping of pathlib.Path to GoldRecording
        By the recording's own path.
    """

    golds: Mapping[Path, GoldRecording]

    @classmethod
    def read(cls, folder: Path) -> Sample:
        """The recordings that ``gold.jsonl`` in a folder names.

        Raises
        ------
        UsageError
            If it or a recording is not there.
        """
        gold_file = folder / "gold.jsonl"
        golds = {folder / row.audio: row for row in read_gold(gold_file)} if gold_file.is_file() else {}
        if not golds or not all(path.is_file() for path in golds):
            raise UsageError(f"the sample in {str(folder)!r} is not complete; install redactor again")
        return cls(golds)

    @classmethod
    def shipped(cls) -> Sample:
        """The sample that ships with the package."""
        return cls.read(bench_sample_dir())

    @property
    def seconds(self) -> Seconds:
        return sum(gold.duration_s or 0.0 for gold in self.golds.values())

    def copied(self, folder: Path) -> Sample:
        """The same recordings under other names."""
        folder.mkdir(parents=True)
        copies = {folder / path.name: gold for path, gold in self.golds.items()}
        for path, copy in zip(self.golds, copies, strict=True):
            shutil.copyfile(path, copy)
        return Sample(copies)


@dataclass(frozen=True)
class Memory:
    """Most resident bytes: of the process that hands out work, of its largest worker, and of all together."""

    parent: int
    worker: int
    together: int


@dataclass(frozen=True)
class Figures:
    """What one measurement found.

    Attributes
    ----------
    sample : Sample
    stages : mapping of str to float
        Seconds that each stage takes for the sample, with one worker and one recording at a time.
    model_seconds, speech_seconds : float
        Of these, seconds inside the Whisper models; and what they would be if windows held nothing but speech:
        the bound that windows and batches work against.
    errors : WordErrors
        Of the first model.
    copies : int
        Of the sample, that a run as `redactor run` does it had to do; what follows is of that run.
    start_seconds, work_seconds : float
        Until the first worker is ready, and from then on.
    cpu_seconds : float
        Processor time that all workers had from then on.
    windows, windows_again : int
    batches : tuple of Batches
    memory : Memory
    leak : redactor.bench.score.Row
        Of one copy.
    rows : tuple of redactor.ledger.Row
        What became of each recording.
    paths : mapping of str to pathlib.Path
        The recording that each NAME stands for.
    """

    sample: Sample
    stages: Mapping[str, float]
    model_seconds: float
    speech_seconds: float
    errors: WordErrors
    copies: int
    start_seconds: float
    work_seconds: float
    cpu_seconds: float
    windows: int
    windows_again: int
    batches: tuple[Batches, ...]
    memory: Memory
    leak: Leak
    rows: tuple[Row, ...]
    paths: Mapping[str, Path]

    def rtfx(self, seconds: float, *, copies: int = 1) -> float:
        """Audio seconds of the sample, or of some copies, by seconds; 0 where nothing was done."""
        return copies * self.sample.seconds / seconds if seconds > 0 else 0.0


def bench(
    prepared: Prepared,
    sample: Sample,
    *,
    folder: Path,
    say: Callable[[str], None],
    copies: int | None = None,
) -> Figures:
    """Redact the sample twice, and hold the result of the second time against the truth.

    First with one worker and one recording at a time, so that the seconds of a stage are its own; then as
    `redactor run` works, with all workers and recordings side by side, and as many copies of the sample as give
    all of them work to the end.

    Parameters
    ----------
    prepared : Prepared
    sample : Sample
    folder : pathlib.Path
        Empty, for whoever may see what is in the sample; the caller removes it.
    say : callable
        Told what is going on.
    copies : int, optional
        Of the sample for the second run; one for every worker otherwise.

    Raises
    ------
    RedactorError
        If a run cannot go on.
    """
    copies = copies or _num_copies(prepared)
    say("1 of 2: one recording at a time, for the speed of every stage")
    alone = replace(prepared, settings=replace(prepared.settings, num_workers=1))
    first = _pass(alone, [sample], folder / "alone", one_at_a_time=True)
    say(f"2 of 2: as `redactor run` works; copies of the sample: {copies}")
    others = [sample.copied(folder / "copies" / str(number)) for number in range(1, copies)]
    whole = _pass(prepared, [sample, *others], folder / "run", one_at_a_time=False)
    workers = [worker.peak_bytes for worker in whole.workers]
    scored = _scored(whole, sample)
    in_models = sum(one.seconds for worker in first.workers for one in worker.batches)
    in_windows = sum(worker.window_seconds for worker in first.workers)
    speech = sum(worker.speech_seconds for worker in first.workers)
    return Figures(
        sample=sample,
        stages=first.stages,
        model_seconds=in_models,
        speech_seconds=in_models * min(speech / in_windows, 1.0) if in_windows else 0.0,
        errors=sum((worker.errors for worker in first.workers), WordErrors()),
        copies=copies,
        start_seconds=whole.ready_at - whole.began_at,
        work_seconds=whole.ended_at - whole.ready_at,
        cpu_seconds=sum(worker.cpu_seconds for worker in whole.workers),
        windows=sum(worker.windows for worker in whole.workers),
        windows_again=sum(worker.windows_again for worker in whole.workers),
        batches=tuple(_together(batches for worker in whole.workers for batches in worker.batches)),
        memory=Memory(whole.parent_bytes, max(workers, default=0), whole.parent_bytes + sum(workers)),
        leak=summarize("all", scored),
        rows=whole.rows,
        paths=whole.paths,
    )


def _num_copies(prepared: Prepared) -> int:
    """One for every worker: a long recording for each; a GPU works on many side by side."""
    return prepared.num_workers * (prepared.device.limits.recordings if prepared.device.kind == "cuda" else 1)


@dataclass(frozen=True)
class _Pass:
    """One run over the sample; times by the monotonic clock."""

    folder: RunFolder
    rows: tuple[Row, ...]
    paths: Mapping[str, Path]
    workers: Sequence[WorkerFigures]
    began_at: float
    ended_at: float
    parent_bytes: int

    @property
    def ready_at(self) -> float:
        return min((worker.ready_at for worker in self.workers), default=self.began_at)

    @property
    def stages(self) -> Mapping[str, float]:
        seconds: Counter[str] = Counter()
        for worker in self.workers:
            seconds.update(worker.stages)
        return seconds


def _pass(prepared: Prepared, samples: Sequence[Sample], out: Path, *, one_at_a_time: bool) -> _Pass:
    folder = create_run_folder(out)
    watched = Watched(
        golds={sha256_file(path): gold for path, gold in samples[0].golds.items()},
        figures=folder.private,
        one_at_a_time=one_at_a_time,
    )
    inputs = [str(path) for sample in samples for path in sample.golds]
    rows: list[Row] = []
    settings = prepared.settings
    archive = Archive(folder, key_file=settings.key_file, keep_names=settings.keep_names)
    with locked(folder), closing(archive):
        plan = archive.plan(find_inputs(inputs).inputs, prepared.identity)
        began_at = time.monotonic()
        ended_at = began_at

        def on_row(row: Row) -> None:
            nonlocal ended_at
            rows.append(row)
            ended_at = time.monotonic()

        archive.engine(prepared, body=partial(measured_work, watched)).run(plan.jobs, on_row=on_row)
        workers = read_figures(watched.figures)
    return _Pass(folder, tuple(rows), plan.paths, workers, began_at, ended_at, peak_bytes())


def _scored(whole: _Pass, sample: Sample) -> list[Scored]:
    """What of the sample itself is still heard; its copies are left out."""
    return [
        scored_row(row, sample.golds[path], path, whole.folder)
        for row in whole.rows
        if (path := whole.paths[row.name]) in sample.golds
    ]


def scored_row(row: Row, gold: GoldRecording, original: Path, folder: RunFolder) -> Scored:
    """What of a recording is still heard in what a run folder releases of it."""
    if row.state is not State.DONE:
        return score(gold, None)
    released = next(file.path for file in row.files if file.path.startswith("audio/"))
    before, after = decode(original).audio, decode(folder.release_path(released)).audio
    stretches = stretches_of(gold)[0]
    return score(gold, measure(before.samples, after.samples, before.sample_rate, stretches))


def _together(batches: Iterable[Batches]) -> list[Batches]:
    """The batches of all workers, by model and work."""
    sums: dict[tuple[str, str], Batches] = {}
    for one in batches:
        known = sums.get((one.model, one.work))
        sums[one.model, one.work] = one if known is None else known.plus(one)
    return list(sums.values())
