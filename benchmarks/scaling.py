"""What an hour of audio costs `redactor run` in recordings of any number and length, and how its memory holds.

    python benchmarks/scaling.py --gold GOLD.jsonl [--counts 50 200 800] [--minutes 1 10 60] [--hours 2]
        [--soak N] [--long HOURS] [--policy standard] [--model base] [--jobs N] [--work DIR]
        [--json FILE] [--svg FILE] [--soak-svg FILE]

Every line is one `redactor run` as a process of its own, timed from start to end:

    counts    so many commands, those of the gold over and over under other names
    lengths   recordings of so many minutes, calls of the gold joined; --hours of audio at least, and no fewer
              recordings than there are processor cores
    soak      N commands in one run; every 5 s the memory of the workers is read. Drift is the mean of the last
              tenth of a worker's readings less that of its second tenth (the first one holds its start)
    long      one recording of HOURS and one of 10 minutes, each in a run of its own

Peak memory is the kernel's own high-water mark (VmHWM) of the largest worker. "Inside" leaves out starting
Python and verifying models, which every run pays once. A gold without commands, or without calls, needs an
empty --counts or --minutes.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.material import (  # noqa: E402
    CALL,
    COMMAND,
    Material,
    Source,
    sources_of,
    work_folder,
    write_lengths,
    write_repeats,
)
from benchmarks.pictures import RED, Bar, Chart, bars  # noqa: E402
from benchmarks.processes import BenchError, Finished, Look, machine, run_redactor  # noqa: E402
from benchmarks.tables import aligned  # noqa: E402
from redactor.bench.gold import GoldError  # noqa: E402
from redactor.config import load_policy  # noqa: E402
from redactor.errors import RedactorError  # noqa: E402
from redactor.transcribe import choose_device  # noqa: E402

LOOK_EVERY_S = 5.0
SHORT_MINUTES = 10.0
# So many readings make tenths of more than one.
_LEAST_LOOKS = 20
# A process with less than this of the largest one's memory is no worker: multiprocessing keeps a small helper.
_LEAST_SHARE = 0.25


@dataclass(frozen=True)
class Cost:
    """What a run took.

    Attributes
    ----------
    recordings : int
    audio_seconds, wall_seconds, inside_seconds, cpu_seconds : float
    worker_peak_bytes : int
        Of the largest worker.
    held_back : int
        Recordings that were not released.
    """

    name: str
    recordings: int
    audio_seconds: float
    wall_seconds: float
    inside_seconds: float
    cpu_seconds: float
    worker_peak_bytes: int
    held_back: int

    def per_hour(self, seconds: float) -> float:
        """Seconds for each hour of audio."""
        return 3600 * seconds / self.audio_seconds


@dataclass(frozen=True)
class Drift:
    """How much more memory a worker had at the end: means over a tenth of its readings each."""

    second_tenth_bytes: float
    last_tenth_bytes: float
    readings: int

    @property
    def bytes(self) -> float:
        return self.last_tenth_bytes - self.second_tenth_bytes

    @property
    def share(self) -> float:
        return self.bytes / self.second_tenth_bytes


def drift(readings: Sequence[float]) -> Drift | None:
    """Last tenth against second tenth; None of fewer than 20 readings."""
    if len(readings) < _LEAST_LOOKS:
        return None
    tenth = len(readings) // 10
    second, last = readings[tenth : 2 * tenth], readings[-tenth:]
    return Drift(sum(second) / tenth, sum(last) / tenth, len(readings))


def by_worker(looks: Sequence[Look], parent: int) -> dict[int, list[tuple[float, int]]]:
    """Seconds and bytes of each worker: of each process but the run's own, and but for tiny helpers."""
    found: dict[int, list[tuple[float, int]]] = {}
    for look in looks:
        for pid, resident in look.resident.items():
            if pid != parent:
                found.setdefault(pid, []).append((look.seconds, resident))
    most = {pid: max(resident for _, resident in one) for pid, one in found.items()}
    least = _LEAST_SHARE * max(most.values(), default=0)
    return {pid: one for pid, one in found.items() if most[pid] >= least}


def worst_drift(finished: Finished) -> Drift | None:
    """Of the worker that grew most."""
    readings = by_worker(finished.looks, finished.parent).values()
    drifts = [found for one in readings if (found := drift([resident for _, resident in one]))]
    return max(drifts, key=lambda found: found.bytes, default=None)


def cost_of(name: str, material: Material, folder: Path, args: argparse.Namespace) -> tuple[Cost, Finished]:
    """Run the product on recordings."""
    finished, summary = run_redactor(
        material.audio,
        folder / "out",
        policy=args.policy,
        home=folder / "home",
        model=args.model,
        jobs=args.jobs,
        look_every_s=LOOK_EVERY_S,
    )
    cost = Cost(
        name=name,
        recordings=len(material.sources),
        audio_seconds=material.seconds,
        wall_seconds=finished.wall_seconds,
        inside_seconds=summary["wall_seconds"],
        cpu_seconds=finished.cpu_seconds,
        worker_peak_bytes=finished.worker_peak_bytes,
        held_back=summary["quarantined"],
    )
    print(f"{name}: {cost.audio_seconds:.0f} s of audio in {cost.wall_seconds:.1f} s", file=sys.stderr)
    if not args.work:
        shutil.rmtree(folder)  # hours of audio, twice
    return cost, finished


def cells(args: argparse.Namespace, folder: Path) -> Iterator[Cost]:
    """Every count, then every length; each run's recordings are made right before it."""
    for count in args.counts:
        own = folder / f"count-{count}"
        yield cost_of(f"{count} commands", write_repeats(commands(args), own, count), own, args)[0]
    for minutes in args.minutes:
        own = folder / f"minutes-{minutes:g}"
        count = max(choose_device("cpu").num_workers, math.ceil(60 * args.hours / minutes))
        material = write_lengths(calls(args), own, minutes=minutes, count=count)
        yield cost_of(f"{minutes:g} min each", material, own, args)[0]


def commands(args: argparse.Namespace) -> list[Source]:
    return sources_of(args.gold, COMMAND)


def calls(args: argparse.Namespace) -> list[Source]:
    return sources_of(args.gold, CALL)


def soak(args: argparse.Namespace, folder: Path) -> tuple[Cost, Finished]:
    """Many commands in a row."""
    own = folder / "soak"
    return cost_of(f"soak of {args.soak}", write_repeats(commands(args), own, args.soak), own, args)


def long_and_short(args: argparse.Namespace, folder: Path) -> list[Cost]:
    """One recording of ten minutes, and one of some hours."""
    found = []
    for minutes in (SHORT_MINUTES, 60 * args.long):
        own = folder / f"long-{minutes:g}"
        material = write_lengths(calls(args), own, minutes=minutes, count=1)
        found.append(cost_of(f"one of {minutes:g} min", material, own, args)[0])
    return found


HEADINGS = ("", "files", "audio h", "wall s/h", "inside s/h", "CPU s/h", "worker MB", "held back")


def table(costs: Sequence[Cost]) -> str:
    """The figures for people."""
    lines = [HEADINGS]
    for c in costs:
        seconds = (c.wall_seconds, c.inside_seconds, c.cpu_seconds)
        hours = f"{c.audio_seconds / 3600:.3f}"
        per_hour = (f"{c.per_hour(s):.0f}" for s in seconds)
        megabytes = f"{c.worker_peak_bytes / 1e6:.0f}"
        lines.append((c.name, str(c.recordings), hours, *per_hour, megabytes, str(c.held_back)))
    return aligned(lines)


def drift_line(found: Drift | None) -> str:
    """Drift for people."""
    if found is None:
        return f"drift: fewer than {_LEAST_LOOKS} readings; give --soak more recordings"
    return (
        f"drift: {found.bytes / 1e6:+.1f} MB ({100 * found.share:+.1f} %) of the worker that grew most, "
        f"{found.readings} readings"
    )


def svg(costs: Sequence[Cost]) -> str:
    """Cost and memory as bars."""

    def of(heading: str, values: Sequence[float]) -> tuple[str, list[Bar]]:
        pairs = zip(costs, values, strict=True)
        return heading, [Bar(f"{c.name} ({c.recordings})", value, f"{value:.0f}") for c, value in pairs]

    return bars(
        [
            of("Wall seconds for an hour of audio", [c.per_hour(c.wall_seconds) for c in costs]),
            of("Peak memory of the largest worker, MB", [c.worker_peak_bytes / 1e6 for c in costs]),
        ]
    )


def soak_svg(finished: Finished) -> str:
    """Memory of every worker over time."""
    workers = by_worker(finished.looks, finished.parent).values()
    points = [[(seconds / 60, resident / 1e6) for seconds, resident in one] for one in workers]
    chart = Chart(
        right=max((x for one in points for x, _ in one), default=1.0),
        top=1.1 * max((y for one in points for _, y in one), default=1.0),
        across="minutes since the start",
        up="resident memory of each worker, MB",
    )
    return chart.picture([chart.line(one, RED) for one in points])


def measure(args: argparse.Namespace) -> tuple[list[Cost], Finished | None]:
    """All runs, one after the other; of the soak also its readings."""
    with work_folder(args.work) as folder:
        costs = list(cells(args, folder))
        soaked = None
        if args.soak:
            cost, soaked = soak(args, folder)
            costs.append(cost)
        if args.long:
            costs += long_and_short(args, folder)
    return costs, soaked


def figures(costs: Sequence[Cost], soaked: Finished | None, before: dict[str, Any]) -> dict[str, Any]:
    """The same for programs."""
    lines = [{**asdict(c), "wall_seconds_per_hour": c.per_hour(c.wall_seconds)} for c in costs]
    found: dict[str, Any] = {"machine": before, "costs": lines}
    if soaked:
        worst = worst_drift(soaked)
        found["drift"] = {**asdict(worst), "bytes": worst.bytes, "share": worst.share} if worst else None
        found["readings"] = list(by_worker(soaked.looks, soaked.parent).values())
    return found


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gold", type=Path, required=True, help="gold file with commands and calls")
    parser.add_argument(
        "--counts", type=int, nargs="*", default=[50, 200, 800], help="of commands (50 200 800)"
    )
    parser.add_argument("--minutes", type=float, nargs="*", default=[1, 10, 60], help="of recordings (1 10 60)")
    parser.add_argument("--hours", type=float, default=2.0, help="audio of each length, in all (2)")
    parser.add_argument("--soak", type=int, default=0, metavar="N", help="also N commands in a row")
    parser.add_argument("--long", type=float, default=0.0, metavar="HOURS", help="also one recording so long")
    parser.add_argument("--policy", default="standard", help="a shipped policy or a file (standard)")
    parser.add_argument("--model", default="base-adapted", help="Whisper model (base-adapted)")
    parser.add_argument("--jobs", type=int, help="worker processes (redactor's default)")
    parser.add_argument(
        "--work", type=Path, metavar="DIR", help="keep recordings and results here (a new folder)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw the costs")
    parser.add_argument("--soak-svg", type=Path, metavar="FILE", help="draw the soak's memory")
    args = parser.parse_args(argv)
    if not (args.counts or args.minutes or args.soak or args.long):
        parser.error("empty --counts and --minutes without --soak or --long leave nothing to do")
    if min([*args.counts, *args.minutes, args.hours, 1]) <= 0 or args.soak < 0 or args.long < 0:
        parser.error("counts, lengths and hours must be over zero")
    if args.soak_svg and not args.soak:
        parser.error("--soak-svg goes with --soak")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; 0, or 2 with a message."""
    args = parse_args(argv)
    try:
        before = machine()
        load_policy(args.policy)  # said now, and not after the recordings are made
        if args.policy.endswith(".toml"):
            args.policy = str(Path(args.policy).resolve())
        costs, soaked = measure(args)
        if args.json:
            text = json.dumps(figures(costs, soaked, before), indent=1)
            args.json.write_text(text + "\n", encoding="utf-8")
        if args.svg:
            args.svg.write_text(svg(costs), encoding="utf-8")
        if soaked and args.soak_svg:
            args.soak_svg.write_text(soak_svg(soaked), encoding="utf-8")
    except (BenchError, GoldError, RedactorError, OSError) as error:
        print(f"scaling: {error}", file=sys.stderr)
        return 2
    print(", ".join(f"{name} {value}" for name, value in before.items()))
    print(table(costs))
    if soaked:
        print(drift_line(worst_drift(soaked)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
