"""Real speech as gold files: people spelling names and reading numbers, and talk without personal data.

    python -m benchmarks.real --data DIR --out OUT --half dev|test [--set NAME ...]

DIR holds folders with a `manifest.jsonl` (see SETS for the names, and benchmarks/README.md for where the
recordings come from). Halves are by speaker, or by recording where speakers are not told apart: dev where the
first byte of the SHA-256 is even, test where it is odd.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from redactor.audio.decode import decode
from redactor.bench.gold import GoldRecording, GoldSpan, GoldWord, write_gold
from redactor.kernels.power import FRAME_S, frame_power

HALVES = ("dev", "test")
# Speech by energy: within this of the loudest frames, in stretches and pauses of at least so much.
_SPEECH_DB = 30.0
_SHORTEST_S = 0.1
_PIECE_S = 0.25
_LOUDEST_PERCENTILE = 95


@dataclass(frozen=True)
class Source:
    """A folder of real recordings.

    Attributes
    ----------
    folder : str
    speakers : bool
        Whether its speakers are told apart.
    gold : callable
        Words and spans of a manifest's row and the audio behind it.
    wanted : callable
        Whether a row is scored.
    """

    folder: str
    speakers: bool
    gold: Callable[[dict[str, Any], Path], tuple[tuple[GoldWord, ...], tuple[GoldSpan, ...]]]
    wanted: Callable[[dict[str, Any]], bool] = lambda row: True


def half_of(key: str) -> str:
    """The half that a speaker or a recording belongs to."""
    return HALVES[hashlib.sha256(key.encode()).digest()[0] % 2]


def _spans(row: dict[str, Any], audio: Path) -> tuple[tuple[GoldWord, ...], tuple[GoldSpan, ...]]:
    return (), tuple(GoldSpan(pii["type"], pii["start"], pii["end"]) for pii in row["pii"])


def _words(row: dict[str, Any], audio: Path) -> tuple[tuple[GoldWord, ...], tuple[GoldSpan, ...]]:
    words = []
    for text, start, end in row["words"]:
        middle = (start + end) / 2
        under = [(i, p["type"]) for i, p in enumerate(row["pii"]) if p["start"] <= middle < p["end"]]
        entity, label = under[0] if under else (None, "")
        words.append(GoldWord(text, start, end, label, 0, entity))
    return tuple(words), ()


def _harmless(row: dict[str, Any], audio: Path) -> tuple[tuple[GoldWord, ...], tuple[GoldSpan, ...]]:
    """Loud pieces stand for words nobody timed: all of them should stay."""
    return tuple(GoldWord("", start, end) for start, end in loud_pieces(audio)), ()


def loud_pieces(audio: Path) -> list[tuple[float, float]]:
    """Stretches of at most 0.25 s within 30 dB of the loudest parts of a recording's first channel."""
    decoded = decode(audio).audio
    power = frame_power(decoded.samples, sample_rate=decoded.sample_rate)[:, 0]
    loud = power > np.percentile(power, _LOUDEST_PERCENTILE) * 10 ** (-_SPEECH_DB / 10)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], loud.astype(np.int8), [0])))).reshape(-1, 2)
    pieces = []
    for start, end in edges * FRAME_S:
        if end - start >= _SHORTEST_S:
            count = int(np.ceil((end - start) / _PIECE_S))
            cuts = np.linspace(start, end, count + 1)
            pieces += [(float(a), float(b)) for a, b in zip(cuts, cuts[1:], strict=False)]
    return pieces


SETS = {
    # Random letters and digits ("an*") are nobody's; what people answered ("cen*") is.
    "an4": Source("an4", True, _spans, lambda row: bool(row["pii"])),
    "fsdd": Source("fsdd_numbers", True, _words),
    "picovoice": Source("picovoice_commands", False, _harmless),
}


def build(name: str, data: Path, out: Path, half: str) -> int:
    """Write one set's gold file and copies of its audio.

    Returns
    -------
    int
        Number of recordings.
    """
    source = SETS[name]
    folder = data / source.folder
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines() if line]
    audio_dir = out / name / "audio"
    audio_dir.mkdir(parents=True, exist_ok=True)
    recordings = []
    for row in rows:
        speaker = row["speaker"] if source.speakers else None
        file = folder / row["audio"]
        if half_of(speaker or file.name) != half or not source.wanted(row):
            continue
        shutil.copyfile(file, audio_dir / file.name)
        words, spans = source.gold(row, file)
        recordings.append(
            GoldRecording(
                audio=f"audio/{file.name}",
                words=words,
                spans=spans,
                duration_s=row["duration_s"],
                sample_rate=row["sample_rate"],
                channels=row["channels"],
                half=half,
                speaker=speaker,
            )
        )
    write_gold(out / name / "gold.jsonl", recordings)
    return len(recordings)


def main(argv: Sequence[str] | None = None) -> None:
    """Build the sets that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--half", choices=HALVES, required=True)
    parser.add_argument("--set", action="append", choices=tuple(SETS), dest="sets")
    args = parser.parse_args(argv)
    for name in args.sets or SETS:
        print(f"{name}: {build(name, args.data, args.out, args.half)} recordings of the {args.half} half")


if __name__ == "__main__":
    main()
