"""How short a model's windows may be: the `[model.NAME.windows]` of models/registry.toml.

    python -m benchmarks.windows --gold GOLD.jsonl [--gold ...] --model NAME [--rules RULE ...]

Every rule (LONGEST,TAIL,SILENCE[,SHORT]: seconds of sound in a window at most, of encoded silence behind it, of
the model's own states of silence behind that, and the length below which a window gets these up to 30 s) hears
all recordings of the golds, in one thread; without --rules a list of them does, windows of 30 s (30,30,0)
first. Printed are word-error rates by kind of recording, the share of windows that had to be heard again at
30 s as they could not be trusted, and RTFx of the recognizer alone. Use dev halves.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from redactor.audio.decode import decode
from redactor.audio.recording import Recording
from redactor.bench.gold import GoldRecording, read_gold
from redactor.bench.wer import WordErrors, said_and_heard, word_errors
from redactor.config import load_policy
from redactor.model_registry import ModelFiles, resolve
from redactor.transcribe import Recognizer, choose_device

_NAMES = ("longest_ms", "tail_ms", "silence_ms", "short_ms")
FULL = (30.0, 30.0, 0.0)
# What is tried where nothing is named: shorter and longer windows, with and without states of silence.
DEFAULT_RULES = (
    (15.0, 1.0, 0.0),
    (15.0, 4.0, 0.0),
    (15.0, 1.0, 4.0),
    (15.0, 1.0, 12.0),
    (5.0, 1.0, 30.0),
    (8.0, 1.0, 30.0),
    (15.0, 1.0, 30.0),
    (15.0, 0.5, 12.0, 4.0),
    (25.0, 1.0, 30.0),
)


@dataclass
class Row:
    """What a rule came to."""

    rules: tuple[float, ...]
    errors: dict[str, WordErrors] = field(default_factory=lambda: defaultdict(WordErrors))
    seconds: float = 0.0
    wall: float = 0.0
    windows: int = 0
    again: int = 0


def measure(
    recordings: Sequence[tuple[GoldRecording, Recording]], model: ModelFiles, rules: Sequence[float]
) -> Row:
    """Hear all recordings by a rule."""
    table = {name: seconds * 1000 for name, seconds in zip(_NAMES, rules, strict=False)}
    recognizer = Recognizer(replace(model, windows=table), device=choose_device("cpu"))
    policy = load_policy("standard")
    policy = replace(policy, language=replace(policy.language, spoken="en", prompts={}))
    row = Row(tuple(rules))
    for gold, recording in recordings:
        begin = time.perf_counter()
        transcript = recognizer.transcribe(recording, policy).transcript
        row.wall += time.perf_counter() - begin
        row.seconds += recording.duration
        for said, heard in said_and_heard(gold, transcript):
            row.errors[gold.kind] += word_errors(said, heard)
    tally = recognizer.tally
    row.windows, row.again = tally.windows, tally.again
    return row


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gold", type=Path, action="append", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--rules", action="append", type=_rules, help="LONGEST,TAIL,SILENCE,SHORT in seconds")
    parser.add_argument("--kind", help="only recordings of this kind")
    args = parser.parse_args(argv)
    recordings = []
    for gold_file in args.gold:
        for gold in read_gold(gold_file):
            if gold.words and args.kind in (None, gold.kind):
                recordings.append((gold, Recording.of(decode(gold_file.parent / gold.audio).audio)))
    kinds = sorted({gold.kind for gold, _ in recordings})
    print(f"{args.model}: {len(recordings)} recordings")
    print("longest tail silence short" + "".join(f"{f'WER {kind}':>14}" for kind in kinds) + "   again   RTFx")
    model = resolve(args.model, task="transcribe")
    for rules in args.rules or (FULL, *DEFAULT_RULES):
        row = measure(recordings, model, rules)
        rates = "".join(f"{row.errors[kind].rate:14.4f}" for kind in kinds)
        lengths = "{:7.0f} {:4.1f} {:7.0f} {:5.0f}".format(*row.rules, *[0] * (len(_NAMES) - len(row.rules)))
        again = row.again / max(row.windows, 1)
        print(f"{lengths}{rates} {again:7.3f} {row.seconds / row.wall:6.1f}", flush=True)


def _rules(text: str) -> tuple[float, ...]:
    values = tuple(float(part) for part in text.split(","))
    if len(values) not in (len(_NAMES) - 1, len(_NAMES)):
        raise argparse.ArgumentTypeError("three or four numbers: LONGEST,TAIL,SILENCE,SHORT")
    return values


if __name__ == "__main__":
    main()
