"""What the check of finished files buys and costs: the same recordings with and without listening again.

    python benchmarks/verify.py --gold corpus/gold.jsonl --policy standard strict [--json FILE]

Each policy runs twice over all the recordings, with `verify.share` 0 and as it stands; both runs are scored by
benchmarks/leak.py's rules. `work` is what the run itself counts, loading of models included; `rounds` says how
many recordings passed in the first round, the second and so on. Below the table: how far the second hearing
agrees with the first, of the recordings themselves and of each with the transcript of another one.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.leak import find_released, open_run, score_all  # noqa: E402
from benchmarks.processes import run_redactor  # noqa: E402
from benchmarks.tables import aligned, percent  # noqa: E402
from redactor.bench.gold import GoldRecording, read_gold  # noqa: E402
from redactor.bench.score import Row, table  # noqa: E402
from redactor.config import load_policy  # noqa: E402
from redactor.config_text import to_toml  # noqa: E402
from redactor.policy import Policy  # noqa: E402
from redactor.types import Segment, Transcript, Word  # noqa: E402
from redactor.verify.hearing import compare  # noqa: E402

_HEADINGS = "policy|check|of|words %|entities %|no leak %|lost %|held back %|RTFx|rounds".split("|")
_FEWEST_WORDS = 10


@dataclass(frozen=True)
class Result:
    """One run."""

    policy: str
    listens: bool
    rows: tuple[Row, ...]
    rtfx: float
    rounds: dict[int, int]
    agreement: tuple[float, ...]
    strangers: tuple[float, ...]


def measured(
    policy: Policy, gold: Path, rows: Sequence[GoldRecording], folder: Path, *, model: str, listens: bool
) -> Result:
    """Run the product once and score it."""
    share = policy.verify.share if listens else 0.0
    home = folder / f"{policy.name}-{listens}"
    home.mkdir(parents=True)
    policy_file = home / "policy.toml"
    changed = replace(policy, verify=replace(policy.verify, share=share))
    policy_file.write_text(to_toml(changed), encoding="utf-8")
    out = home / "out"
    _, summary = run_redactor(gold.parent / "audio", out, policy=str(policy_file), home=home, model=model)
    run = open_run(out, None)
    scored = score_all(rows, gold.parent, lambda row: find_released(run, row))
    accounts = _accounts(out)
    return Result(
        policy=policy.name,
        listens=listens,
        rows=tuple(table(scored)),
        rtfx=summary["rtfx"],
        rounds=dict(sorted(Counter(len(rounds) for rounds in accounts).items())),
        agreement=tuple(sorted(r[0]["agreement"] for r in accounts if r and r[0]["agreement"] is not None)),
        strangers=_strangers(out) if listens else (),
    )


def _accounts(out: Path) -> list[list[dict[str, Any]]]:
    """Rounds of the check of every recording."""
    store = out / "private" / "ledger.sqlite3"
    with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as db:
        return [json.loads(account).get("check", []) for (account,) in db.execute("SELECT account FROM job")]


def _strangers(out: Path) -> tuple[float, ...]:
    """Agreement of each released transcript with the next one's."""
    heard = [_transcript(path) for path in sorted((out / "release" / "transcripts").rglob("*.json"))]
    agreements = [compare(a, b) for a, b in zip(heard, heard[1:] + heard[:1], strict=True)]
    return tuple(sorted(a.share for a in agreements if a.share is not None and a.words >= _FEWEST_WORDS))


def _transcript(path: Path) -> Transcript:
    document = json.loads(path.read_text(encoding="utf-8"))
    segments = [
        Segment(
            channel=row["channel"],
            language=row["language"],
            speaker=None,
            start=row["start"],
            end=row["end"],
            words=tuple(Word(w["text"], w["start"], w["end"], w["probability"]) for w in row["words"]),
            avg_logprob=0.0,
            no_speech_prob=0.0,
            compression_ratio=1.0,
        )
        for row in document["segments"]
    ]
    return Transcript.build(document["duration"], segments)


def render(results: Sequence[Result]) -> str:
    """The table, and how the hearings agree."""
    lines: list[Sequence[str]] = [_HEADINGS]
    for result in results:
        for row in result.rows:
            rates = (row.words, row.entities, row.clean, row.lost, row.held_back)
            cells = map(percent, rates)
            rounds = " ".join(f"{number}:{count}" for number, count in result.rounds.items())
            listens = "listens" if result.listens else "looks"
            lines.append((result.policy, listens, row.name, *cells, f"{result.rtfx:.1f}", rounds))
    text = [aligned(lines), ""]
    for result in (r for r in results if r.agreement):
        own, strange = _spread(result.agreement), _spread(result.strangers)
        text.append(f"{result.policy}: agreement {own}; of strangers {strange}")
    return "\n".join(text)


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "-"
    low, middle, high = values[0], values[len(values) // 2], values[-1]
    return f"{low:.2f} to {high:.2f}, median {middle:.2f} (of {len(values)})"


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gold", type=Path, required=True, help="what is truly said; audio/ lies beside it")
    parser.add_argument("--policy", nargs="+", default=["standard", "strict"], help="(standard strict)")
    parser.add_argument("--model", default="base", help="Whisper model (base)")
    parser.add_argument("--json", type=Path, help="also write everything as JSON")
    args = parser.parse_args(argv)
    rows = read_gold(args.gold)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for name in args.policy:
            for listens in (False, True):
                print(f"{name}, {'listens' if listens else 'looks'} ...", file=sys.stderr)
                policy = load_policy(name)
                result = measured(
                    policy, args.gold, rows, Path(folder), model=args.model, listens=listens
                )
                results.append(result)
    print(render(results))
    if args.json:
        args.json.write_text(json.dumps([asdict(result) for result in results]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
