"""Word-error rates of the plain scripts and of the product, on recordings of one channel and of two.

A plain script hears the mix of all channels: what it wrote is held against the words of both sides in order of
their start, and sides that talk at once count against it. The product hears every channel by itself and is held
against each. So only recordings of one channel are there to be compared by.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.material import Material, Source
from benchmarks.processes import BenchError
from redactor.bench.gold import GoldRecording
from redactor.bench.wer import WordErrors, said_and_heard, word_errors
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
        if source.gold.audio not in texts:
            raise BenchError(f"the plain script wrote no text of {source.gold.audio}")
        errors = errors.plus(
            word_errors(mixed_said(source.gold), texts[source.gold.audio]), source.num_channels
        )
    return errors


def product_errors(material: Material, policy: Policy, model: str) -> Errors:
    """Of the product's first model under a policy: what it would search and print, were nothing muted.

    Copies of a recording are heard once. One in a language that the policy does not know has no words.
    """
    hear = _recognizer(policy, model)
    known: dict[Path, WordErrors] = {}
    errors = Errors()
    for source in material.sources:
        original = material.originals[source.gold.audio]
        if original not in known:
            known[original] = sum((word_errors(*pair) for pair in hear(source)), WordErrors())
        errors = errors.plus(known[original], source.num_channels)
    return errors


def _recognizer(policy: Policy, model: str) -> Callable[[Source], Iterator[tuple[str, str]]]:
    from redactor.audio.decode import decode
    from redactor.audio.recording import Recording
    from redactor.errors import LanguageError
    from redactor.model_registry import resolve
    from redactor.transcribe import Recognizer, choose_device

    recognizer = Recognizer(resolve(model, task="transcribe"), device=choose_device("cpu"))

    def hear(source: Source) -> Iterator[tuple[str, str]]:
        recording = Recording.of(decode(source.path).audio)
        try:
            transcript = recognizer.transcribe(recording, policy).transcript
        except LanguageError:
            transcript = Transcript(recording.duration, ())
        return said_and_heard(source.gold, transcript)

    return hear
