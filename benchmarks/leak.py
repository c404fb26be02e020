"""How much personal data can still be heard, and read, in what was released.

    python benchmarks/leak.py --gold GOLD.jsonl --run OUT [--names NAMES.json] python benchmarks/leak.py
    --gold GOLD.jsonl --redacted DIR python benchmarks/leak.py --gold GOLD.jsonl --run OUT --redacted
    DIR     both, line by line beside each other

The rules are in benchmarks/README.md; the measurement itself is redactor/bench/measure.py.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sqlite3
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import soundfile as sf

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import textleak  # noqa: E402
from benchmarks.tables import aligned, percent  # noqa: E402
from redactor.bench.gold import GoldError, GoldRecording, read_gold  # noqa: E402
from redactor.bench.measure import measure  # noqa: E402
from redactor.bench.score import Row, Scored, score, stretches_of, table  # noqa: E402

MAX_HELD_BACK = 0.02


class LeakError(Exception):
    """The figures cannot be made; the message says what is missing."""


@dataclass(frozen=True)
class Released:
    """What was released of one recording."""

    audio: Path
    texts: tuple[Path, ...] = ()
    name: str = ""


@dataclass(frozen=True)
class Run:
    """A run folder: its manifest by id, and the map from inputs to ids where one was given."""

    release: Path
    manifest: dict[str, dict[str, Any]]
    names: dict[str, str]


Finder = Callable[[GoldRecording], Released | None]


def open_run(out: Path, names: Path | None) -> Run:
    """Read the manifest of a run folder.

    Raises
    ------
    LeakError
        If there is none.
    """
    release = out / "release"
    manifest = release / "manifest.jsonl"
    if not manifest.is_file():
        raise LeakError(f"{manifest} does not exist: --run takes the OUT of `redactor run`")
    rows = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines() if line]
    mapping = json.loads(names.read_text(encoding="utf-8")) if names else _own_names(out)
    return Run(release, {row["id"]: row for row in rows}, mapping)


def _own_names(out: Path) -> dict[str, str]:
    """Input -> id from the run's private map, where it is still beside the release."""
    store = out / "private" / "inputs.sqlite3"
    if not store.is_file():
        return {}
    with contextlib.closing(sqlite3.connect(f"file:{quote(str(store.absolute()))}?mode=ro", uri=True)) as db:
        return {unquote(urlsplit(uri).path): name for uri, name in db.execute("SELECT uri, name FROM input")}


def find_released(run: Run, gold: GoldRecording) -> Released | None:
    """THE SEAM to the run folder: the released files of a recording, None where it was held back.

    The id is looked up in --names (input path or URI -> id; the longest common ending wins), or, for
    --keep-names runs, is the input's relative path without its extension, from whichever folder the run
    was given.
    """
    by_length = sorted(run.names.items(), key=lambda item: len(item[0]))
    candidates = [name for path, name in by_length if f"/{path}".endswith(f"/{gold.audio}")]
    parts = Path(gold.audio).with_suffix("").parts
    candidates += ["/".join(parts[i:]) for i in range(len(parts))]
    found = next((name for name in candidates if name in run.manifest), None)
    if found is None:
        return None
    files = [run.release / (f["path"] if isinstance(f, dict) else f) for f in run.manifest[found]["files"]]
    audio = [f for f in files if f.relative_to(run.release).parts[0] == "audio"]
    if not audio:
        return None
    return Released(audio[0], tuple(f for f in files if f not in audio), found)


def find_in_folder(folder: Path, gold: GoldRecording) -> Released | None:
    """A redacted file of the same relative name, whatever its extension."""
    exact = folder / gold.audio
    if exact.is_file():
        return Released(exact)
    others = sorted(exact.parent.glob(f"{exact.stem}.*"))
    return Released(others[0]) if others else None


def score_recording(
    gold: GoldRecording, original: Path, released: Released | None, *, discount_chance: bool
) -> Scored:
    """Measure one recording, sound and text."""
    if released is None:
        return score(gold, None)
    before, rate = _read(original)
    after, rate_after = _read(released.audio)
    if rate != rate_after:
        raise LeakError(
            f"{released.audio} has {rate_after} Hz and its original {rate}: a redaction keeps the rate"
        )
    stretches = stretches_of(gold)[0]
    scored = score(gold, measure(before, after, rate, stretches, discount_chance=discount_chance))
    in_text = textleak.read_in_files(gold, released.texts)
    in_name = textleak.read_in_name(gold, released.name)
    words = sum(w.is_pii for w in gold.words) if released.texts else 0
    return replace(scored, text_words=words, text_words_read=min(words, in_text), names_read=in_name)


def _read(path: Path) -> tuple[Any, int]:
    try:
        return sf.read(path, always_2d=True, dtype="float32")
    except (sf.LibsndfileError, OSError) as error:
        raise LeakError(f"{path} cannot be read: {error}") from error


def score_all(
    rows: Sequence[GoldRecording], originals: Path, find: Finder, *, discount_chance: bool = False
) -> list[Scored]:
    """Every recording of the gold."""
    return [
        score_recording(row, originals / row.audio, find(row), discount_chance=discount_chance) for row in rows
    ]


HEADINGS = (
    "",
    "of",
    "files",
    "words audible %",
    "entities audible %",
    "no leak %",
    "lost %",
    "held back %",
    "text %",
)


def render_table(results: dict[str, list[Row]]) -> str:
    """The table, with the lines of all sources under each name."""
    names = list(dict.fromkeys(row.name for rows in results.values() for row in rows))
    lines = [HEADINGS]
    for name in names:
        for source, rows in results.items():
            for row in rows:
                if row.name == name:
                    rates = (row.words, row.entities, row.clean, row.lost, row.held_back, row.text)
                    lines.append((name, source, f"{row.with_pii}/{row.recordings}", *map(percent, rates)))
    return aligned(lines)


def _warnings(results: dict[str, list[Scored]]) -> list[str]:
    out = []
    for source, rows in results.items():
        held = sum(row.held_back for row in rows) / len(rows)
        if held > MAX_HELD_BACK:
            out.append(
                f"{source}: {100 * held:.1f} % held back, over the {100 * MAX_HELD_BACK:.0f} % that may be"
            )
        if any(row.names_read for row in rows):
            out.append(f"{source}: names of released files hold personal data")
    return out


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Options; at least one of --run and --redacted."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gold", type=Path, required=True, help="what is truly said (benchmarks/README.md)")
    parser.add_argument("--audio", type=Path, help="folder of the originals (default: the gold's own)")
    parser.add_argument("--run", type=Path, help="OUT of `redactor run`")
    parser.add_argument(
        "--names", type=Path, help="JSON object from input path to id, for runs with opaque names"
    )
    parser.add_argument("--redacted", type=Path, help="folder with files of the same names, e.g. the control's")
    parser.add_argument("--kind", help="only recordings of this kind")
    parser.add_argument("--seed", type=int, default=0, help="of the resampling (default 0)")
    parser.add_argument(
        "--discount-chance",
        action="store_true",
        help="leave out frames that correlate by chance (redactor/bench/measure.py); no stated figure does",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout in place of the table")
    args = parser.parse_args(argv)
    if not (args.run or args.redacted):
        parser.error("give --run, --redacted, or both")
    if args.names and not args.run:
        parser.error("--names goes with --run")
    return args


def main(argv: list[str] | None = None) -> int:
    """Command line; 0, or 2 with a message."""
    args = parse_args(argv)
    try:
        rows = [row for row in read_gold(args.gold) if args.kind in (None, row.kind)]
        if not rows:
            raise LeakError(f"no recording of kind {args.kind!r} in the gold")
        finders: dict[str, Finder] = {}
        if args.run:
            run = open_run(args.run, args.names)
            finders["product"] = lambda row: find_released(run, row)
        if args.redacted:
            finders["control"] = lambda row: find_in_folder(args.redacted, row)
        originals = args.audio or args.gold.parent
        scored = {
            source: score_all(rows, originals, find, discount_chance=args.discount_chance)
            for source, find in finders.items()
        }
    except (GoldError, LeakError, OSError, json.JSONDecodeError) as error:
        print(f"leak: {error}", file=sys.stderr)
        return 2
    results = {source: table(found, seed=args.seed) for source, found in scored.items()}
    if args.json:
        print(json.dumps({source: [asdict(row) for row in found] for source, found in results.items()}))
    else:
        print(render_table(results))
    for warning in _warnings(scored):
        print(f"leak: {warning}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
