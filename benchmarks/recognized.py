"""Word-error rates of the plain scripts and of the product, on recordings of one channel and of two.

    python -m benchmarks.recognized --gold GOLD.jsonl --texts TEXTS.jsonl [--gold ... --texts ...]

TEXTS is what `benchmarks/control.py GOLD.jsonl --texts TEXTS.jsonl` wrote. Printed are the rates by kind of
recording and number of channels, and the product's less the script's with a 95 % interval: percentiles of 2,000
draws of recordings, each with both of its texts. The product finds the language out, the script is told.

A plain script hears the mix of all channels: what it wrote is held against the words of both sides in order of
their start, and sides that talk at once count against it. The product hears every channel by itself and is held
against each. So only recordings of one channel are there to be compared by.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.material import CALL, COMMAND, Material, Source, sources_of
from benchmarks.processes import BenchError
from benchmarks.tables import aligned
from redactor.bench.gold import GoldRecording
from redactor.bench.score import TAILS, draws
from redactor.bench.wer import WordErrors, said_and_heard, word_errors
from redactor.config import load_policy
from redactor.policy import Policy
from redactor.types import Transcript


@dataclass(frozen=True)
class Errors:
    """Of recordings with one channel, and of the others."""

    mono: WordErrors = WordErrors()
    others: WordErrors = WordErrors()

    def plus(self, errors: WordErrors, num_channels: int) -> Errors:
        if num_channels == 1:
            return replace(self, mono=self.mono + errors)
        return replace(self, others=self.others + errors)


def mixed_said(gold: GoldRecording) -> str:
    """The words of all channels in order of their start."""
    return " ".join(word.text for word in sorted(gold.words, key=lambda word: word.start))


def read_texts(path: Path) -> dict[str, str]:
    """What a plain script's --texts holds: recording -> text."""
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {row["audio"]: row["text"] for row in rows}


def control_errors(material: Material, texts: dict[str, str]) -> Errors:
    """Of a plain script.

    Raises
    ------
    BenchError
        If it wrote nothing of a recording.
    """
    errors = Errors()
    for source in material.sources:
        errors = errors.plus(script_errors(source, texts), source.num_channels)
    return errors


def script_errors(source: Source, texts: dict[str, str]) -> WordErrors:
    """Of a plain script in one recording."""
    if source.gold.audio not in texts:
        raise BenchError(f"the plain script wrote no text of {source.gold.audio}")
    return word_errors(mixed_said(source.gold), texts[source.gold.audio])


def product_errors(material: Material, policy: Policy, model: str) -> Errors:
    """Of the product's first model under a policy: what it would search and print, were nothing muted.

    Copies of a recording are heard once. One in a language that the policy does not know has no words.
    """
    hear = listener(policy, model)
    known: dict[Path, WordErrors] = {}
    errors = Errors()
    for source in material.sources:
        original = material.originals[source.gold.audio]
        if original not in known:
            known[original] = errors_in(source.gold, hear(source.path))
        errors = errors.plus(known[original], source.num_channels)
    return errors


def listener(policy: Policy, model: str) -> Callable[[Path], Transcript]:
    """What a model makes of a file under a policy: nothing, where the policy does not know the language."""
    from redactor.audio.decode import decode
    from redactor.audio.recording import Recording
    from redactor.errors import LanguageError
    from redactor.model_registry import resolve
    from redactor.transcribe import Recognizer, choose_device

    recognizer = Recognizer(resolve(model, task="transcribe"), device=choose_device("cpu"))

    def hear(path: Path) -> Transcript:
        recording = Recording.of(decode(path).audio)
        try:
            return recognizer.transcribe(recording, policy).transcript
        except LanguageError:
            return Transcript(recording.duration, ())

    return hear


def errors_in(gold: GoldRecording, transcript: Transcript) -> WordErrors:
    """Of all channels, each held against what was said there."""
    return sum((word_errors(*pair) for pair in said_and_heard(gold, transcript)), WordErrors())


def difference(pairs: Sequence[tuple[WordErrors, WordErrors]], *, seed: int = 0) -> tuple[float, float, float]:
    """How much higher the second rate is than the first, and its interval.

    Parameters
    ----------
    pairs : sequence of (WordErrors, WordErrors)
        Of one recording each.
    """
    counts = np.array([(a.errors, a.words, b.errors, b.words) for a, b in pairs], float)
    sums = np.vstack((counts.sum(axis=0), draws(len(pairs), seed=seed) @ counts))
    more = sums[:, 2] / sums[:, 3] - sums[:, 0] / sums[:, 1]
    low, high = np.quantile(more[1:], TAILS)
    return float(more[0]), float(low), float(high)


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table."""
    from benchmarks.throughput import one_model

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gold", type=Path, action="append", required=True)
    parser.add_argument("--texts", type=Path, action="append", required=True)
    parser.add_argument("--model", default="base-adapted")
    args = parser.parse_args(argv)
    if len(args.gold) != len(args.texts):
        parser.error("as many --texts as --gold, in the same order")
    hear = listener(one_model(load_policy("standard")), args.model)
    pairs = defaultdict(list)
    for gold_file, texts_file in zip(args.gold, args.texts, strict=True):
        texts = read_texts(texts_file)
        for source in sources_of(gold_file, CALL, COMMAND):
            key = source.gold.kind, "one channel" if source.num_channels == 1 else "more channels"
            pairs[key].append((script_errors(source, texts), errors_in(source.gold, hear(source.path))))
    lines = [("", "", "recordings", "words", "plain script", "product", "more")]
    for (kind, channels), of in sorted(pairs.items()):
        script, ours = (sum((pair[n] for pair in of), WordErrors()) for n in (0, 1))
        more, low, high = (f"{100 * value:+.1f}" for value in difference(of))
        rates = (f"{100 * errors.rate:.1f} %" for errors in (script, ours))
        lines.append((kind, channels, str(len(of)), str(script.words), *rates, f"{more} [{low} to {high}]"))
    print(aligned(lines))


if __name__ == "__main__":
    main()
