"""The plain script with faster-whisper's own batching: the faster of the two yardsticks.

    python benchmarks/control_batched.py INPUT --out DIR [--model base|tiny.en] [--json FILE] [--texts FILE]

As benchmarks/control.py in everything but how it transcribes: BatchedInferencePipeline cuts a recording at its
pauses into pieces of up to 30 s and decodes eight of them at a time. Frozen like the other: nobody tunes it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import control  # noqa: E402

BATCH_SIZE = 8


def load(model: str) -> control.Models:
    """The plain script's models, the recognizer inside its pipeline."""
    from faster_whisper import BatchedInferencePipeline

    models = control.load(model)
    return replace(models, whisper=BatchedInferencePipeline(models.whisper))


def hear(path: Path, models: control.Models) -> list[Any]:
    """The pipeline's words of a recording."""
    segments, _ = models.whisper.transcribe(
        str(path), language="en", beam_size=5, word_timestamps=True, batch_size=BATCH_SIZE, vad_filter=True
    )
    return [word for segment in segments for word in segment.words]


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the plain script."""
    return control.parse_args(argv, description=__doc__.split("\n")[0])


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; 0, or 2 with a message."""
    args = parse_args(argv)

    def work() -> dict[str, Any]:
        return control.run(args.input, args.out, args.model, texts=args.texts, load=load, hear=hear)

    return control.finish("control_batched", args, work)


if __name__ == "__main__":
    sys.exit(main())
