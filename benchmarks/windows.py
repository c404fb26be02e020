"""How short a model's windows may be: the `[model.NAME.windows]` of models/registry.toml.

    python -m benchmarks.windows --gold GOLD.jsonl [--gold ...] --model NAME [--rules RULE ...]

Every rule (LONGEST,TAIL,KEPT,EVERY[,SHORT,SHORT_EVERY]) hears all recordings of the golds, in one thread;
without --rules a list of them does, windows of 30 s (30,30,1,0) first. LONGEST and TAIL are seconds of sound in
a window at most and of encoded silence behind it; KEPT is the share of its states that is left for the decoder;
of the states of silence that would stand behind them up to 30 s one in EVERY is left, or one in SHORT_EVERY
behind windows of less than SHORT seconds; none where that is 0. Printed are word-error rates by kind of
recording, the share of windows that had to be heard again at 30 s as they could not be trusted, and RTFx of the
recognizer alone. Use dev halves.
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

FULL = (30.0, 30.0, 1.0, 0, 0.0, 0)
# What is tried where nothing is named: windows of several lengths, all of their states and fewer.
DEFAULT_RULES = (
    (15.0, 0.5, 1.0, 0, 0.0, 0),
    (15.0, 0.5, 1.0, 1, 0.0, 0),
    (22.0, 0.5, 1.0, 1, 0.0, 0),
    (8.0, 0.5, 0.7, 8, 4.0, 2),
    (15.0, 0.5, 0.7, 8, 4.0, 2),
    (22.0, 0.5, 1.0, 8, 4.0, 2),
    (22.0, 0.5, 0.7, 8, 4.0, 2),
    (22.0, 0.5, 0.7, 8, 0.0, 0),
    (28.0, 0.5, 0.7, 8, 4.0, 2),
)
_SHORT = 2  # numbers that may be left out


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
    longest, tail, kept, every, short, short_every = rules
    table = {
        "longest_ms": 1000 * longest,
        "tail_ms": 1000 * tail,
        "kept_share": kept,
        "silence_every": int(every),
        "short_ms": 1000 * short,
        "short_silence_every": int(short_every),
    }
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
    parser.add_argument("--rules", action="append", type=_rules, help="LONGEST,TAIL,KEPT,EVERY,...")
    parser.add_argument("--kind", help="only recordings of this kind")
    args = parser.parse_args(argv)
    recordings = []
    for gold_file in args.gold:
        for gold in read_gold(gold_file):
            if gold.words and args.kind in (None, gold.kind):
                recordings.append((gold, Recording.of(decode(gold_file.parent / gold.audio).audio)))
    kinds = sorted({gold.kind for gold, _ in recordings})
    print(f"{args.model}: {len(recordings)} recordings")
    headings = "".join(f"{f'WER {kind}':>14}" for kind in kinds)
    print(f"longest tail kept every short every{headings}   again   RTFx")
    model = resolve(args.model, task="transcribe")
    for rules in args.rules or (FULL, *DEFAULT_RULES):
        row = measure(recordings, model, rules)
        rates = "".join(f"{row.errors[kind].rate:14.4f}" for kind in kinds)
        lengths = "{:7.0f} {:4.1f} {:4.2f} {:5.0f} {:5.0f} {:5.0f}".format(*row.rules)
        again = row.again / max(row.windows, 1)
        print(f"{lengths}{rates} {again:7.3f} {row.seconds / row.wall:6.1f}", flush=True)


def _rules(text: str) -> tuple[float, ...]:
    values = tuple(float(part) for part in text.split(","))
    if len(values) == len(FULL) - _SHORT:
        values += FULL[-_SHORT:]
    if len(values) != len(FULL):
        raise argparse.ArgumentTypeError("four or six numbers: LONGEST,TAIL,KEPT,EVERY,SHORT,SHORT_EVERY")
    return values


if __name__ == "__main__":
    main()
