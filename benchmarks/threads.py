"""Workers or threads: what the cores of a machine are best given to.

    python -m benchmarks.threads [--policy NAME|FILE] [--model NAME] [--cores N]

The sample of `redactor bench` through the real engine with one worker of one thread, one worker of N threads,
and N workers of one thread each, with as many copies of the sample as there are cores. Words may differ between
numbers of threads (CTranslate2's sums do, in the last place), so a run has one a worker and varies the workers.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from redactor.bench.run import Figures, Sample, bench
from redactor.config import load_policy
from redactor.errors import RedactorError
from redactor.settings import Settings, prepare
from redactor.transcribe import choose_device

_MIB = 1 << 20


def measure(policy: str, model: str, *, workers: int, threads: int, copies: int) -> Figures:
    """One way of giving out cores."""
    with tempfile.TemporaryDirectory(prefix="redactor-threads-") as folder:
        settings = Settings(
            policy=load_policy(policy),
            model=model,
            device="cpu",
            num_workers=workers,
            threads=threads,
            key_file=Path(folder) / "names.key",
            keep_names=False,
        )
        return bench(
            prepare(settings), Sample.shipped(), folder=Path(folder), say=lambda line: None, copies=copies
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Print a row for each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--policy", default="standard")
    parser.add_argument("--model", default="base")
    parser.add_argument("--cores", type=int, default=choose_device("cpu").num_workers)
    args = parser.parse_args(argv)
    print("workers threads   RTFx  largest MiB  together MiB")
    ways = [(1, 1)] + ([(1, args.cores), (args.cores, 1)] if args.cores > 1 else [])
    try:
        for workers, threads in ways:
            found = measure(args.policy, args.model, workers=workers, threads=threads, copies=args.cores)
            memory = found.memory
            print(
                f"{workers:7} {threads:7} {found.rtfx(found.work_seconds, copies=found.copies):6.1f} "
                f"{memory.worker / _MIB:12.0f} {memory.together / _MIB:13.0f}",
                flush=True,
            )
    except RedactorError as error:
        print(f"threads: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
