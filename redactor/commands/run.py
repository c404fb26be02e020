"""``redactor run`` and ``redactor retry``."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from redactor.commands.progress import Progress, counted, half_forgotten
from redactor.config import load_policy
from redactor.errors import Interrupted, UsageError
from redactor.inputs import Found, Input, find_inputs, input_path
from redactor.known_runs import remember
from redactor.ledger import InputMap, Ledger, Row, State, num_half_forgotten
from redactor.names import default_key_file
from redactor.review.consequences import withdraw_open_findings
from redactor.runfolder import RunFolder, create_run_folder, locked, open_run_folder, staging_beside
from redactor.runs import Archive, Plan
from redactor.runthrough import begin, carry_out, inputs_of, last_settings
from redactor.settings import Prepared, Settings, prepare


@dataclass(frozen=True)
class RunOptions:
    """What stands on the command line of ``redactor run``."""

    inputs: Sequence[str]
    out: Path
    policy: str
    model: str | None
    device: str
    num_workers: int | None
    private: Path | None
    key_file: Path | None
    keep_names: bool
    as_json: bool
    verbose: bool


def run(options: RunOptions) -> int:
    """Redact an archive into a run folder.

    Returns
    -------
    int
        0 if all of it is released, and nothing is pending; else 1.
    """
    policy = load_policy(options.policy)
    _check_places(options)
    found = find_inputs(options.inputs)
    if not found.inputs:
        raise UsageError(
            f"no recordings in {', '.join(map(repr, options.inputs))} "
            f"({counted(len(found.ignored), 'other file')}); files without an audio extension are taken only "
            "when they are named one by one"
        )
    settings = Settings(
        policy=policy,
        model=options.model or policy.transcribe.model,
        device=options.device,
        num_workers=options.num_workers,
        threads=1,
        key_file=options.key_file or default_key_file(),
        keep_names=options.keep_names,
    )
    prepared = prepare(settings)
    folder = create_run_folder(options.out, private=options.private)
    remember(folder)
    for note in prepared.notes:
        print(note, file=sys.stderr)
    _say_ignored(found, verbose=options.verbose)
    return _run_in(folder, prepared, found.inputs, as_json=options.as_json, verbose=options.verbose)


def _say_ignored(found: Found, *, verbose: bool) -> None:
    number = len(found.ignored)
    if number:
        are = "is" if number == 1 else "are"
        print(f"{counted(number, 'file')} without an audio extension {are} ignored", file=sys.stderr)
    for path in found.ignored if verbose else ():
        print(f"ignored {path.name!r}", file=sys.stderr)


def retry(
    out: Path, *, private: Path | None, quarantined: bool, as_json: bool, verbose: bool
) -> int:
    """Work again on what failed (or was quarantined, or is pending), with the last run's settings."""
    folder = open_run_folder(out, private=private)
    withdraw_open_findings(folder)  # so that what leaks, as reviewers said, is among what is pending
    states = [State.FAILED, State.PENDING, State.RUNNING]
    states += [State.QUARANTINED] if quarantined else []
    with (
        locked(folder),
        closing(Ledger(folder.ledger)) as ledger,
        closing(InputMap(folder.inputs)) as inputs,
    ):
        settings = last_settings(ledger, out)
        waiting = {row.name: row.state for row in ledger.rows(*states)}
        found = inputs_of(inputs, waiting)
    if not found:
        print("nothing to retry", file=sys.stderr)
    prepared = prepare(settings)
    with locked(folder), closing(Ledger(folder.ledger)) as ledger:
        # Only now: where it cannot go on, why they were not released is known still.
        settled = [state for state in states if state is not State.PENDING]
        ledger.reset([row.name for row in ledger.rows(*settled) if row.name in waiting])
    return _run_in(folder, prepared, found, as_json=as_json, verbose=verbose)


def _run_in(
    folder: RunFolder,
    prepared: Prepared,
    found: Sequence[Input],
    *,
    as_json: bool,
    verbose: bool,
) -> int:
    settings = prepared.settings
    with locked(folder), _interruptible():
        archive = Archive(folder, key_file=settings.key_file, keep_names=settings.keep_names)
        with closing(archive):
            plan = begin(archive, prepared, found)
            progress = Progress(len(plan.jobs), plan.paths, verbose=verbose)
            try:
                rows = carry_out(archive, prepared, plan, on_row=progress.on_row)
            finally:
                progress.close()
            return _summarize(archive, plan, rows, progress, as_json=as_json)


def _summarize(
    archive: Archive, plan: Plan, rows: Sequence[Row], progress: Progress, *, as_json: bool
) -> int:
    """Say what became of this run's recordings, those settled before included."""
    waiting = {row.name for row in archive.ledger.rows(State.PENDING)}
    # What a reviewer found something in meanwhile waits, and is none of what was done or was there before.
    everything = [row for row in (*plan.settled, *rows) if row.name not in waiting]
    states = [row.state for row in everything]
    done = [row for row in everything if row.state is State.DONE]
    num_half = num_half_forgotten(archive.ledger, archive.inputs)
    summary = {
        "released": states.count(State.DONE),
        "quarantined": states.count(State.QUARANTINED),
        "failed": states.count(State.FAILED),
        "forgotten": len(plan.forgotten),
        "half_forgotten": num_half,
        "pending": len(waiting),
        "unchanged": sum(row.name not in waiting for row in plan.settled),
        "audio_seconds": round(sum(row.duration or 0.0 for row in done), 3),
        "muted_seconds": round(sum(row.muted or 0.0 for row in done), 3),
        "wall_seconds": round(progress.wall_seconds, 3),
        "rtfx": round(progress.rtfx, 2),
        "out": os.fspath(archive.folder.out),
    }
    if as_json:
        print(json.dumps(summary))
    print(
        f"{summary['released']} released, {summary['quarantined']} quarantined, {summary['failed']} failed"
        + (f", {summary['forgotten']} forgotten" if plan.forgotten else "")
        + (f" ({summary['unchanged']} from before)" if summary["unchanged"] else "")
        + f"; {summary['audio_seconds']:.1f} s of audio, {summary['muted_seconds']:.1f} s muted; "
        + (f"RTFx {summary['rtfx']:.1f}; " if progress.audio_seconds else "")
        + f"see {archive.folder.release}",
        file=sys.stderr,
    )
    if waiting:
        print(
            f"{len(waiting)} pending, not released (`redactor status` says why): run again with their INPUT, "
            f"or `redactor retry {archive.folder.out}`",
            file=sys.stderr,
        )
    if num_half:
        print(half_forgotten(num_half, archive.folder.out), file=sys.stderr)
    return 0 if all(state is State.DONE for state in states) and not waiting else 1


def _check_places(options: RunOptions) -> None:
    """Refuse folders that would feed a run its own output, or hand out what is private."""
    out = _real(options.out)
    places = {"--out": out}
    if options.private is not None:
        places["--private"] = _real(options.private)
        if places["--private"].is_relative_to(out / "release"):
            raise UsageError("--private lies inside OUT/release, which is handed out; choose another folder")
        if places["--private"].is_relative_to(staging_beside(out / "release")):
            raise UsageError("--private lies inside OUT/.staging, which is removed; choose another folder")
    key_file = _real(options.key_file or default_key_file())
    for option, place in places.items():
        if key_file.is_relative_to(place):
            raise UsageError(f"--key-file lies inside {option}; keep the key apart from what it protects")
    for argument in options.inputs:
        path = _real(input_path(argument))
        for option, place in places.items():
            if os.path.isdir(path) and place.is_relative_to(path):
                raise UsageError(
                    f"{option} {str(place)!r} lies inside INPUT {argument!r}: a second run would take its own "
                    "output for input; choose a folder outside"
                )
        if path.is_relative_to(out):
            raise UsageError(f"INPUT {argument!r} lies inside --out; choose another --out")


def _real(path: Path) -> Path:
    """As `Path.resolve`, also where links lead to each other."""
    return Path(os.path.realpath(path))


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C and a service manager's SIGTERM end the run in order: nothing half done, exit code 130."""

    def stop(signum: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted("interrupted; run again to continue") from None
    finally:
        signal.signal(signal.SIGTERM, before)
