"""How many words models mishear, by voice and in real speech: what an adapter is worth, and what it costs.

    python -m benchmarks.ears --gold GOLD.jsonl --data DIR --model base --model base-adapted

Of a generated corpus (benchmarks/corpus) recordings count by kind, and under the voice that an adapter never
heard where they have one. DIR holds folders with a `manifest.jsonl` of real speech (as for benchmarks/real.py);
what is English and has a text counts, every so many of it (`--every`).
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.recognized import errors_in, listener
from benchmarks.throughput import one_model
from redactor.bench.gold import read_gold
from redactor.bench.wer import WordErrors, word_errors
from redactor.config import load_policy
from redactor.types import Transcript

# Voices that models/ears was not taught with.
_NEVER_HEARD = ("kal16", "joe")
_REAL = ("an4", "aws_calls", "ibm_watson")
# Mixes of recordings that are there channel by channel as well.
_TWICE = ("_mono", "_stereo")
_LARGE = 40  # recordings
_ENGLISH = ("en-", "English", "english")

Hear = Callable[[Path], Transcript]


def generated(gold_file: Path, hear: Hear) -> Iterator[tuple[str, WordErrors]]:
    """Errors of each recording under its kind, and a voice that nothing was learned from."""
    for gold in read_gold(gold_file):
        errors = errors_in(gold, hear(gold_file.parent / gold.audio))
        voices = {voice.partition("*")[0] for voice in gold.voices}
        new = [voice for voice in _NEVER_HEARD if voice in voices]
        yield f"{gold.kind}, {' and '.join(new) if new else 'voices it was taught with'}", errors


def real(data: Path, hear: Hear, *, every: int) -> Iterator[tuple[str, WordErrors]]:
    """Errors of real recordings under the name of their folder."""
    for folder in (data / name for name in _REAL):
        lines = (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [row for row in map(json.loads, lines) if row.get("text") and _counts(folder.name, row["audio"])]
        for row in rows[:: every if len(rows) > _LARGE else 1]:
            transcript = hear(folder / row["audio"])
            heard = " ".join(transcript.text(channel) for channel in transcript.channels)
            yield f"real speech, {folder.name}", word_errors(row["text"], heard)


def _counts(folder: str, audio: str) -> bool:
    if folder == "ibm_watson":
        return any(part in audio for part in _ENGLISH)
    return not any(part in audio for part in _TWICE)


def main(argv: Sequence[str] | None = None) -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gold", type=Path, action="append", default=[])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--every", type=int, default=4, help="of the recordings of large sets of real speech")
    parser.add_argument("--model", action="append", required=True)
    args = parser.parse_args(argv)
    table: dict[str, dict[str, WordErrors]] = defaultdict(lambda: defaultdict(WordErrors))
    policy = one_model(load_policy("standard"))
    policy = replace(policy, language=replace(policy.language, spoken="en"))
    for model in args.model:
        hear = listener(policy, model)
        for gold in args.gold:
            for kind, errors in generated(gold, hear):
                table[kind][model] += errors
        if args.data:
            for kind, errors in real(args.data, hear, every=args.every):
                table[kind][model] += errors
    print("| words misheard, % | words |", " | ".join(args.model), "|")
    print("|---|---|" + "---|" * len(args.model))
    for kind, row in sorted(table.items()):
        words = row[args.model[0]].words
        print(f"| {kind} | {words} |", " | ".join(f"{100 * row[m].rate:.1f}" for m in args.model), "|")


if __name__ == "__main__":
    main()
