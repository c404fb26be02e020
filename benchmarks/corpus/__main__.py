"""Writes recordings with exact truth: who says which word when, and which words are personal data."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.corpus.render import Cast, Options, write_one
from benchmarks.corpus.values import HALVES
from benchmarks.corpus.voices import VOICES, VoiceMissing
from redactor.bench.gold import write_gold


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Options of the generator."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.corpus", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for audio/ and gold.jsonl")
    parser.add_argument("--half", choices=HALVES, required=True, help="dev to work on, test to judge by")
    parser.add_argument("--calls", type=int, default=12, help="two-party calls (default 12)")
    parser.add_argument("--commands", type=int, default=30, help="assistant commands (default 30)")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same bytes (default 0)")
    parser.add_argument("--voices", help="comma-separated, e.g. slt*1,rms*0.95 (default: the half's)")
    parser.add_argument("--noise-dir", type=Path, help="recorded noises beside the generated kinds")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Write the corpus; 0 if all went well, 2 with a message if something is missing."""
    args = parse_args(argv)
    voices = tuple(args.voices.split(",")) if args.voices else VOICES[args.half]
    options = Options(half=args.half, voices=voices, noise_dir=args.noise_dir)
    cast = Cast()
    rows = []
    jobs = [("call", i) for i in range(args.calls)] + [("command", i) for i in range(args.commands)]
    try:
        for kind, number in jobs:
            rows.append(write_one(kind, number, args.seed, args.out, cast=cast, options=options))
        write_gold(args.out / "gold.jsonl", rows)
    except (VoiceMissing, ValueError, OSError) as error:
        print(f"corpus: {error}", file=sys.stderr)
        return 2
    minutes = sum(row.duration_s or 0.0 for row in rows) / 60
    print(f"{len(rows)} recordings, {minutes:.1f} minutes, in {args.out}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
