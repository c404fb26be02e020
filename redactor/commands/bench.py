"""``redactor bench``."""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import redactor
from redactor.bench.leak import find_leaks, read_recordings
from redactor.bench.run import Figures, Sample, bench
from redactor.bench.score import Rate
from redactor.bench.score import Row as Leak
from redactor.commands.progress import describe
from redactor.config import load_policy
from redactor.ledger import State
from redactor.settings import Prepared, Settings, prepare

_MIB = 1 << 20


@dataclass(frozen=True)
class BenchOptions:
    """What stands on the command line of ``redactor bench``."""

    policy: str
    model: str | None
    device: str
    num_workers: int | None
    as_json: bool
    leak: Path | None = None


def bench_command(options: BenchOptions) -> int:
    """Measure this machine and a model on the shipped sample; return the exit code.

    Returns
    -------
    int
        0 if every recording of the sample was released, else 1.
    """
    if options.leak is not None:
        return _leak_command(options, options.leak)
    sample = Sample.shipped()
    with _prepared(options) as (prepared, folder):
        _say(f"{_described(prepared)}; {len(sample.golds)} recordings, {sample.seconds:.0f} s of audio")
        figures = bench(prepared, sample, folder=folder, say=_say)
    for line in _table(figures, prepared.num_workers):
        print(line, file=sys.stderr if options.as_json else sys.stdout)
    if options.as_json:
        print(json.dumps(_document(figures, prepared)))
    held = [row for row in figures.rows if row.state is not State.DONE]
    for row in held:
        _say(describe(row, figures.paths.get(row.name)))
    return 1 if held else 0


@contextmanager
def _prepared(options: BenchOptions) -> Iterator[tuple[Prepared, Path]]:
    """Settings and models, and a folder that only this user may enter and that is gone afterwards."""
    policy = load_policy(options.policy)
    with tempfile.TemporaryDirectory(prefix="redactor-bench-") as folder:
        settings = Settings(
            policy=policy,
            model=options.model or policy.transcribe.model,
            device=options.device,
            num_workers=options.num_workers,
            threads=1,
            key_file=Path(folder) / "names.key",
            keep_names=False,
        )
        prepared = prepare(settings)
        for note in prepared.notes:
            _say(note)
        yield prepared, Path(folder)


def _leak_command(options: BenchOptions, gold_file: Path) -> int:
    """Redact the recordings of a gold file, and say what of the personal data in them is still heard."""
    golds = read_recordings(gold_file)
    with _prepared(options) as (prepared, folder):
        _say(f"{_described(prepared)}; {len(golds)} recordings")
        leaks = find_leaks(prepared, golds, folder=folder)
    for line in _leak_table(leaks.table):
        print(line, file=sys.stderr if options.as_json else sys.stdout)
    states = Counter(row.state for row in leaks.rows)
    if options.as_json:
        document = {**_used(prepared), "recordings": len(golds), "released": states[State.DONE]}
        print(json.dumps({**document, "leak": {row.name: _leak_figures(row) for row in leaks.table}}))
    for row in leaks.rows:
        if row.state is not State.DONE:
            _say(describe(row, None))
    return 0 if states[State.DONE] == len(golds) else 1


def _leak_table(rows: Sequence[Leak]) -> Iterator[str]:
    headings = ("words or pieces audible", "entities audible", "files with no leak")
    yield f"{'':<20}{'files':>7}  " + "".join(f"{heading:<26}" for heading in headings).rstrip()
    for row in rows:
        rates = (_rate(rate) for rate in (row.words, row.entities, row.clean))
        yield f"{row.name:<20}{row.with_pii:>7}  " + "".join(f"{rate:<26}" for rate in rates).rstrip()
    yield f"{'held back':<20}{rows[0].recordings:>7}  {_rate(rows[0].held_back)}"


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _described(prepared: Prepared) -> str:
    models = ", ".join(f"{model.name} ({role})" for role, model in prepared.models.items())
    device = prepared.device
    return (
        f"policy {prepared.settings.policy.name}; {models}; {device.kind} {device.compute_type}, "
        f"{prepared.num_workers} workers"
    )


def _table(figures: Figures, num_workers: int) -> Iterator[str]:
    leak, errors, memory = figures.leak, figures.errors, figures.memory
    whole = sum(figures.stages.values())
    yield f"{'one recording at a time':<26}{'seconds':>9}{'RTFx':>10}"
    for name, seconds in (*figures.stages.items(), ("all stages", whole)):
        yield f"  {name:<24}{seconds:9.2f}{figures.rtfx(seconds):10.1f}"
    bounds = {"models alone": figures.model_seconds, "models, speech alone": figures.speech_seconds}
    for name, seconds in bounds.items():
        yield f"  {name:<24}{seconds:9.2f}{figures.rtfx(seconds):10.1f}"
    start, work, copies = figures.start_seconds, figures.work_seconds, figures.copies
    yield f"as `redactor run` works, the sample {copies} times"
    yield f"  {'start of workers':<24}{start:9.2f}"
    for name, seconds in (("end to end", work), ("with the start", start + work)):
        yield f"  {name:<24}{seconds:9.2f}{figures.rtfx(seconds, copies=copies):10.1f}"
    yield f"  {'processor of a worker':<24}{_share(figures.cpu_seconds, num_workers * work)} s"
    yield f"  {'windows':<24}{figures.windows}, {figures.windows_again} of them heard again at 30 s"
    for one in figures.batches:
        if one.batches:
            size = one.windows / one.batches
            yield f"  {one.model + ' ' + one.work:<24}{one.batches} batches of {size:.1f}, at most {one.most}"
    for name, size in (("parent", memory.parent), ("a worker", memory.worker), ("together", memory.together)):
        yield f"  {'peak memory, ' + name:<24}{size / _MIB:.0f} MiB"
    yield "against what was said"
    shares = {
        "words misheard": _share(errors.errors, errors.words),
        "personal words audible": _rate(leak.words),
        "entities audible": _rate(leak.entities),
        "files with no leak": _rate(leak.clean),
        "other speech lost": f"{_rate(leak.lost)} s",
        "files held back": _rate(leak.held_back),
    }
    for name, share in shares.items():
        yield f"  {name:<24}{share}"


def _rate(rate: Rate) -> str:
    return _share(rate.count, rate.of)


def _share(count: float, of: float) -> str:
    return f"{100 * count / of:.1f} %: {count:.4g} of {of:.4g}" if of else "nothing to count"


def _document(figures: Figures, prepared: Prepared) -> dict[str, Any]:
    leak, errors, memory = figures.leak, figures.errors, figures.memory
    return {
        **_used(prepared),
        "recordings": len(figures.sample.golds),
        "audio_seconds": round(figures.sample.seconds, 3),
        "stages": {
            name: {"seconds": round(seconds, 4), "rtfx": round(figures.rtfx(seconds), 2)}
            for name, seconds in figures.stages.items()
        },
        "model_seconds": round(figures.model_seconds, 4),
        "speech_seconds": round(figures.speech_seconds, 4),
        "end_to_end": _end_to_end(figures),
        "windows": {"heard": figures.windows, "again": figures.windows_again},
        "batches": [asdict(one) for one in figures.batches],
        "peak_bytes": asdict(memory),
        "word_errors": _counted(errors.errors, errors.words),
        "leak": _leak_figures(leak),
    }


def _used(prepared: Prepared) -> dict[str, Any]:
    return {
        "version": redactor.__version__,
        "policy": prepared.settings.policy.name,
        "models": {role: model.name for role, model in prepared.models.items()},
        "device": prepared.device.kind,
        "compute_type": prepared.device.compute_type,
        "workers": prepared.num_workers,
    }


def _leak_figures(leak: Leak) -> dict[str, Any]:
    return {
        "words": _counted(leak.words.count, leak.words.of),
        "entities": _counted(leak.entities.count, leak.entities.of),
        "clean_recordings": _counted(leak.clean.count, leak.clean.of),
        "lost_seconds": _counted(leak.lost.count, leak.lost.of),
        "held_back": _counted(leak.held_back.count, leak.held_back.of),
    }


def _end_to_end(figures: Figures) -> dict[str, Any]:
    states = [row.state for row in figures.rows]
    start, work, copies = figures.start_seconds, figures.work_seconds, figures.copies
    return {
        "copies": copies,
        "released": states.count(State.DONE),
        "quarantined": states.count(State.QUARANTINED),
        "failed": states.count(State.FAILED),
        "start_seconds": round(start, 3),
        "seconds": round(work, 3),
        "cpu_seconds": round(figures.cpu_seconds, 3),
        "rtfx": round(figures.rtfx(work, copies=copies), 2),
        "rtfx_with_start": round(figures.rtfx(start + work, copies=copies), 2),
    }


def _counted(count: float, of: float) -> dict[str, float | None]:
    return {"rate": round(count / of, 4) if of else None, "count": round(count, 3), "of": round(of, 3)}
