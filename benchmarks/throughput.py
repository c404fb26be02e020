"""How fast `redactor run` is beside the two plain scripts, all in one run on one machine.

    python benchmarks/throughput.py --gold GOLD.jsonl [--commands 1700] [--control-commands 200]
        [--calls GOLD.jsonl] [--joined MINUTES ...] [--policy NAME ...] [--only-speed]
        [--work DIR] [--json FILE] [--svg FILE]

Each program is a process of its own that is timed from its start to its end, models loaded inside:

    plain     benchmarks/control.py: faster-whisper base, int8, 2 threads, beam 5, word times; Presidio
    batched   benchmarks/control_batched.py: the same with BatchedInferencePipeline, eight pieces at a time
    product   redactor run --model base-adapted (the same Whisper, taught), default jobs, policy `standard` with
              one hearing
    NAME      with --policy NAME: redactor run under that policy as it is, with all hearings and checks;
              another service, and stated apart

The plain scripts are told that it is English; the product finds the language out.

Two kinds of work. Commands are those of --gold, over and over under other names until there are --commands;
the plain scripts get a seeded part of them (--control-commands), and a ratio is one of RTFx, of what each has
done. Calls are those of --calls that last 1 to 10 minutes, and longer ones (--joined) made of all of one rate.

RTFx is audio seconds / wall seconds of the whole process; "inside" is what the program itself counts: without
loading for the plain scripts, without verifying models but with loading for the product. Before anything is
timed, each program works on one recording, so that none pays for files that are not in memory yet or kernels
that are not compiled yet.

With the speed stands what came with it, on the recordings that every program had: the leak (benchmarks/leak.py)
and the word-error rate (benchmarks/recognized.py). The product's rate is of its recognizer on the same
recordings in this process, afterwards and untimed, since its transcripts hold only what is not muted. Compare
the rates on one channel: the plain scripts hear two channels mixed and are held against the words of both sides
in order of time, the product hears each and answers for each.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.material import (  # noqa: E402
    CALL,
    COMMAND,
    Material,
    sources_of,
    subset,
    work_folder,
    write_calls,
    write_repeats,
)
from benchmarks.processes import (  # noqa: E402
    ROOT,
    BenchError,
    Finished,
    check,
    machine,
    run_program,
    run_redactor,
)
from benchmarks.speeds import SCRIPTS, Quality, Result, Speed, figures, svg, table  # noqa: E402
from redactor.bench.gold import GoldError  # noqa: E402
from redactor.config import load_policy, policy_names  # noqa: E402
from redactor.config_text import to_toml  # noqa: E402
from redactor.errors import RedactorError  # noqa: E402
from redactor.policy import Policy  # noqa: E402

PRODUCT = "product"
MODEL, PRODUCT_MODEL = "base", "base-adapted"  # of the plain scripts; the same, taught (models/ears)


@dataclass(frozen=True)
class Work:
    """One kind of work: all of it for the product, a part for the plain scripts, and where results go."""

    kind: str
    everything: Material
    part: Material
    out: Path

    def of(self, name: str) -> Material:
        """What a program gets."""
        return self.part if name in SCRIPTS else self.everything


def one_model(policy: Policy) -> Policy:
    """The policy with one hearing: no second opinion, no prompts, and nobody listens to what is finished."""
    return replace(
        policy,
        name="one-model",
        language=replace(policy.language, prompts={}),
        transcribe=replace(policy.transcribe, second_opinion="", second_best_ms=0.0),
        verify=replace(policy.verify, share=0.0),
    )


def policies(names: Sequence[str]) -> dict[str, Policy]:
    """What the product runs under, by the names of the table's lines."""
    return {PRODUCT: one_model(load_policy("standard"))} | {name: load_policy(name) for name in names}


def texts_of(out: Path, name: str) -> Path:
    return out / f"{name}.texts.jsonl"


def time_script(name: str, work: Work) -> Speed:
    """A plain script on its part of the work."""
    material, out = work.of(name), work.out / name
    out.mkdir(parents=True)
    script = str(ROOT / "benchmarks" / SCRIPTS[name])
    command = [sys.executable, script, str(material.gold_file), "--out", str(out), "--model", MODEL]
    command += ["--json", str(work.out / f"{name}.json"), "--texts", str(texts_of(work.out, name))]
    finished = check(run_program(command), SCRIPTS[name])
    figures = json.loads((work.out / f"{name}.json").read_text(encoding="utf-8"))
    return _speed(name, work, finished, inside_seconds=figures["wall_seconds"])


def time_product(name: str, policy: Policy, work: Work) -> Speed:
    """`redactor run` on all of the work."""
    material = work.of(name)
    home = work.out / f"{name}.home"
    home.mkdir(parents=True)
    policy_file = home / "policy.toml"
    policy_file.write_text(to_toml(policy), encoding="utf-8")
    finished, summary = run_redactor(
        material.audio, work.out / name, policy=str(policy_file), home=home, model=PRODUCT_MODEL
    )
    held_back = summary["quarantined"]
    return _speed(name, work, finished, inside_seconds=summary["wall_seconds"], held_back=held_back)


def _speed(name: str, work: Work, finished: Finished, *, inside_seconds: float, held_back: int = 0) -> Speed:
    material = work.of(name)
    return Speed(
        kind=work.kind,
        name=name,
        recordings=len(material.sources),
        audio_seconds=material.seconds,
        wall_seconds=finished.wall_seconds,
        inside_seconds=inside_seconds,
        cpu_seconds=finished.cpu_seconds,
        peak_bytes=finished.peak_bytes,
        peak_sum_bytes=finished.peak_sum_bytes,
        held_back=held_back,
    )


def time_all(work: Work, under: dict[str, Policy]) -> list[Speed]:
    """Every program, one after the other."""
    speeds = [_said(lambda name=name: time_script(name, work)) for name in SCRIPTS]
    return speeds + [_said(lambda n=n, p=p: time_product(n, p, work)) for n, p in under.items()]


def _said(timed: Callable[[], Speed]) -> Speed:
    """A line on stderr for who waits."""
    speed = timed()
    print(
        f"{speed.kind} {speed.name}: {speed.audio_seconds:.0f} s of audio in {speed.wall_seconds:.1f} s",
        file=sys.stderr,
    )
    return speed


def leak_of(name: str, work: Work) -> dict[str, Any]:
    """The line of all recordings that benchmarks/leak.py prints, on the part that every program had."""
    where = ["--redacted" if name in SCRIPTS else "--run", str(work.out / name)]
    command = [
        sys.executable,
        str(ROOT / "benchmarks/leak.py"),
        "--gold",
        str(work.part.gold_file),
        *where,
        "--json",
    ]
    finished = check(run_program(command), "leak.py")
    (rows,) = json.loads(finished.stdout).values()
    return next(row for row in rows if row["name"] == "all")


def quality_of(name: str, work: Work, under: dict[str, Policy]) -> Quality:
    """Leak and word-error rate of one program."""
    from benchmarks.recognized import control_errors, product_errors, read_texts

    row = leak_of(name, work)
    if name in SCRIPTS:
        errors = control_errors(work.part, read_texts(texts_of(work.out, name)))
    else:
        errors = product_errors(work.part, under[name], PRODUCT_MODEL)
    return Quality(
        wer_mono=errors.mono.rate if errors.mono.words else None,
        wer_others=errors.others.rate if errors.others.words else None,
        words_audible=row["words"]["value"],
        entities_audible=row["entities"]["value"],
        lost=row["lost"]["value"],
        recordings=len(work.part.sources),
    )


def warm_up(work: Work, under: dict[str, Policy], folder: Path) -> None:
    """Let each program work on one recording, the work's first."""
    first = write_repeats(work.everything.sources[:1], folder / "warm-up", 1)
    small = Work(work.kind, first, first, folder / "warm-up-out")
    for name in SCRIPTS:
        time_script(name, small)
    for name, policy in under.items():
        time_product(name, policy, small)


def works(args: argparse.Namespace, folder: Path) -> Iterator[Work]:
    """Make the recordings of each kind of work."""
    if args.commands:
        everything = write_repeats(sources_of(args.gold, COMMAND), folder / "commands", args.commands)
        part = subset(everything, args.control_commands, seed=args.seed)
        yield Work(COMMAND, everything, part, folder / "commands-out")
    if args.calls:
        calls = write_calls(sources_of(args.calls, CALL), folder / "calls", args.joined)
        yield Work(CALL, calls, calls, folder / "calls-out")


def measure(args: argparse.Namespace) -> tuple[list[Result], dict[str, Any]]:
    """All figures: first the times of everything, then what came with them."""
    before = machine()
    under = policies(args.policy)
    with work_folder(args.work) as folder:
        todo = list(works(args, folder))
        warm_up(todo[0], under, folder)
        timed = [(work, speed) for work in todo for speed in time_all(work, under)]
        if args.only_speed:
            return [Result(speed) for _, speed in timed], before
        return [Result(speed, quality_of(speed.name, work, under)) for work, speed in timed], before


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Options, with at least one kind of work."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gold", type=Path, help="gold file with commands (benchmarks/README.md)")
    parser.add_argument("--commands", type=int, default=1700, help="commands to work on; 0 for none (1700)")
    parser.add_argument(
        "--control-commands", type=int, default=200, help="how many of them the plain scripts get (200)"
    )
    parser.add_argument("--calls", type=Path, metavar="GOLD", help="gold file with calls")
    parser.add_argument(
        "--joined",
        type=float,
        nargs="*",
        default=[10.0],
        metavar="MINUTES",
        help="lengths of joined calls (10)",
    )
    parser.add_argument(
        "--policy",
        action="append",
        default=[],
        choices=policy_names(),
        help="also `redactor run` under it as it is",
    )
    parser.add_argument("--only-speed", action="store_true", help="no leak and no word-error rate")
    parser.add_argument("--seed", type=int, default=0, help="of the plain scripts' part (0)")
    parser.add_argument(
        "--work", type=Path, metavar="DIR", help="keep recordings and results here (a new folder)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw them")
    args = parser.parse_args(argv)
    if args.commands and not args.gold:
        parser.error("--commands needs --gold; --commands 0 leaves them out")
    if not args.commands and not args.calls:
        parser.error("--commands 0 without --calls leaves nothing to do")
    if args.commands < 0 or args.control_commands < 1:
        parser.error("--commands must be at least 0, and --control-commands 1")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; 0, or 2 with a message."""
    args = parse_args(argv)
    try:
        results, before = measure(args)
        if args.json:
            args.json.write_text(json.dumps(figures(results, before), indent=1) + "\n", encoding="utf-8")
        if args.svg:
            args.svg.write_text(svg(results), encoding="utf-8")
    except (BenchError, GoldError, RedactorError, OSError) as error:
        print(f"throughput: {error}", file=sys.stderr)
        return 2
    print(", ".join(f"{name} {value}" for name, value in before.items()))
    print(table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
