"""How far a model's word times lie from the true ones: the `[model.NAME.calibration]` of models/registry.toml.

    python benchmarks/calibrate.py --gold GOLD.jsonl --model NAME [--model NAME ...]

Prints the table for the registry, and how far times are off before and after. The gold needs word times; use
a dev half, never the recordings that a figure is reported on.
"""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from redactor.audio.recording import open_recording
from redactor.bench.gold import GoldRecording, GoldWord, read_gold
from redactor.config import load_policy
from redactor.model_registry import resolve
from redactor.transcribe import Recognizer, choose_device
from redactor.types import Transcript, Word

# Farther apart, the same word was said twice.
_SAME_WORD_S = 1.5
_PERCENTILES = (5, 50, 95)


def differences(gold: GoldRecording, heard: Transcript) -> Iterator[tuple[float, float]]:
    """(start, end) of recognized less true times, for every word that was recognized as it was said."""
    for channel in {word.channel for word in gold.words}:
        true = [word for word in gold.words if word.channel == channel]
        for said, word in _matches(true, list(heard.words(channel))):
            if abs(word.start - said.start) < _SAME_WORD_S:
                yield word.start - said.start, word.end - said.end


def _matches(true: list[GoldWord], heard: list[Word]) -> Iterator[tuple[GoldWord, Word]]:
    matcher = difflib.SequenceMatcher(
        None, [_plain(w.text) for w in true], [_plain(w.text) for w in heard], autojunk=False
    )
    for i, j, size in matcher.get_matching_blocks():
        yield from zip(true[i : i + size], heard[j : j + size], strict=True)


def _plain(text: str) -> str:
    return re.sub(r"\W", "", text.casefold())


def measure(gold_file: Path, model: str) -> np.ndarray:
    """Differences in seconds, shape [num_words, 2], of uncorrected times."""
    files = replace(resolve(model, task="transcribe"), calibration={"start_bias_ms": 0, "end_bias_ms": 0})
    policy = load_policy("standard")
    policy = replace(policy, language=replace(policy.language, spoken="en"))
    recognizer = Recognizer(files, device=choose_device("cpu"))
    found: list[tuple[float, float]] = []
    for gold in read_gold(gold_file):
        if gold.words:
            with open_recording(gold_file.parent / gold.audio) as recording:
                found += differences(gold, recognizer.transcribe(recording, policy).transcript)
    return np.array(found)


def report(model: str, off: np.ndarray) -> str:
    """The registry's table, and percentiles of what is left."""
    bias = np.round(np.median(off, axis=0) * 1000)
    lines = [
        f'[model."{model}".calibration]',
        f"start_bias_ms = {bias[0]:.0f}",
        f"end_bias_ms = {bias[1]:.0f}",
        f"# {len(off)} words; percentiles {', '.join(map(str, _PERCENTILES))}, ms:",
    ]
    for column, name in enumerate(("starts", "ends")):
        before = np.percentile(off[:, column] * 1000, _PERCENTILES).round()
        after = before - bias[column]
        lines.append(f"# {name}: {_numbers(before)} as recognized, {_numbers(after)} corrected")
    return "\n".join(lines)


def _numbers(values: Iterable[float]) -> str:
    return " / ".join(f"{value:+.0f}" for value in values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--gold", type=Path, required=True)
    parser.add_argument("--model", action="append", required=True)
    options = parser.parse_args()
    for model in options.model:
        print(report(model, measure(options.gold, model)), flush=True)


if __name__ == "__main__":
    main()
