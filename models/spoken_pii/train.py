"""Trains the tagger of personal data in conversations; CPU, a quarter of an hour to an hour.

    python models/spoken_pii/heard.py --data FOLDER --out heard.jsonl --minutes 120
    python models/spoken_pii/train.py --data FOLDER --heard heard.jsonl --start MINILM --out FOLDER

The data holds slurp, presidio-research and primock57, MINILM is the model it starts from (README.md says where
all of them come from, and which packages this needs). The same versions and number of threads give the same
weights.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from heard_texts import read_heard, values_heard  # noqa: E402
from network import TaggerNetwork, export, read_start  # noqa: E402
from sentences import BORDER, Misheard, recordings  # noqa: E402
from values import TYPES  # noqa: E402

from redactor.detect.wordpieces import WINDOW, Agreement, WordPieces  # noqa: E402

SEED = 7
IGNORED = -100
TOKENS_A_BATCH = 3072
ALONE = 0.2  # share of conversations that are read as if one model had listened
LABELS = {label: number for number, label in enumerate(("", *TYPES))}


@dataclass(frozen=True)
class Row:
    """A window of pieces; `labels` is IGNORED on all but the first piece of each word."""

    ids: np.ndarray
    marks: np.ndarray
    labels: np.ndarray


def row(
    words: Sequence[str],
    labels: Sequence[str],
    opens: Sequence[bool],
    agreed: Sequence[Agreement],
    pieces: WordPieces,
    at: int,
) -> Row:
    """One window of a conversation, from a word on that is chosen by `at` where it is longer."""
    read = pieces.read(words, opens, agreed)
    targets = np.full(len(read.ids), IGNORED)
    targets[read.heads] = [LABELS[label] for label in labels]
    first = int(read.heads[at % len(read.heads)]) if len(read.ids) > WINDOW else 0
    first = min(first, max(len(read.ids) - WINDOW, 0))
    part = slice(first, first + WINDOW)
    edge = np.array([IGNORED])
    return Row(
        np.concatenate(([pieces.open], read.ids[part], [pieces.border])),
        np.concatenate(([0], read.marks[part], [0])),
        np.concatenate((edge, targets[part], edge)),
    )


def generated(
    data: Path, count: int, pieces: WordPieces, *, seed: int, held_out: bool, misheard: Misheard
) -> Iterator[Row]:
    """Rows of templates."""
    rng = random.Random(seed)
    for words in recordings(data, count, seed=seed, held_out=held_out, misheard=misheard):
        texts: list[str] = []
        labels: list[str] = []
        opens: list[bool] = []
        agreed: list[Agreement] = []
        border = False
        alone = rng.random() < ALONE
        for word in words:
            if word.text == BORDER:
                border = bool(texts)
                continue
            texts.append(word.text)
            labels.append(word.label)
            opens.append(border)
            agreed.append(Agreement.UNKNOWN if alone else Agreement(word.differs))
            border = False
        if texts:
            yield row(texts, labels, opens, agreed, pieces, rng.randrange(10**6))


def heard_rows(texts: Sequence[dict[str, Any]], pieces: WordPieces, *, seed: int) -> list[Row]:
    """Rows of what was heard."""
    rng = random.Random(seed)
    rows = []
    for r in texts:
        unknown = "differs" not in r or rng.random() < ALONE
        agreed = [Agreement.UNKNOWN if unknown else Agreement(d) for d in r.get("differs", r["words"])]
        rows.append(row(r["words"], r["labels"], r["opens"], agreed, pieces, rng.randrange(10**6)))
    return rows


def batches(rows: Sequence[Row], rng: random.Random) -> Iterator[tuple[torch.Tensor, ...]]:
    """Rows of like length together."""
    order = sorted(range(len(rows)), key=lambda i: (len(rows[i].ids) // 8, rng.random()))
    groups: list[list[int]] = [[]]
    for i in order:
        if groups[-1] and (len(groups[-1]) + 1) * len(rows[i].ids) > TOKENS_A_BATCH:
            groups.append([])
        groups[-1].append(i)
    rng.shuffle(groups)
    for group in groups:
        yield _padded([rows[i] for i in group])


def _padded(rows: Sequence[Row]) -> tuple[torch.Tensor, ...]:
    longest = max(len(r.ids) for r in rows)

    def pad(arrays: Sequence[np.ndarray], fill: int) -> torch.Tensor:
        out = np.full((len(arrays), longest), fill, np.int64)
        for i, array in enumerate(arrays):
            out[i, : len(array)] = array
        return torch.from_numpy(out)

    mask = pad([np.ones(len(r.ids), np.int64) for r in rows], 0).bool()
    return (
        pad([r.ids for r in rows], 0),
        pad([r.marks for r in rows], 0),
        mask,
        pad([r.labels for r in rows], IGNORED),
    )


@torch.no_grad()
def scores(network: TaggerNetwork, rows: Sequence[Row]) -> str:
    """Recall of all and by type, and the share of harmless words taken for personal, at 0.5 and at 0.2."""
    network.eval()
    found: dict[int, list[int]] = {}
    for ids, marks, mask, labels in batches(rows, random.Random(0)):
        chance = 1 - torch.softmax(network(ids, marks, mask), -1)[..., 0]
        for label, p in zip(labels[labels >= 0].tolist(), chance[labels >= 0].tolist(), strict=True):
            counts = found.setdefault(label, [0, 0, 0])
            counts[0] += 1
            counts[1] += p >= 0.5
            counts[2] += p >= 0.2
    network.train()
    nothing = found.pop(0, [1, 0, 0])
    total = np.sum([*found.values()], axis=0)
    names = ("", *TYPES)
    by_type = " ".join(f"{names[k]} {v[1] / v[0]:.3f}" for k, v in sorted(found.items()))
    return (
        f"recall {total[1] / total[0]:.3f} ({total[2] / total[0]:.3f} at 0.2), harmless words "
        f"{nothing[1] / nothing[0]:.4f} ({nothing[2] / nothing[0]:.4f}); {by_type}"
    )


def main() -> None:
    """Train, print scores on held-out names, templates and recordings, write the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--heard", type=Path, nargs="*", default=[])
    parser.add_argument("--start", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=2, help="each with new sentences")
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--repeat", type=int, default=6, help="times that each heard row counts in a round")
    parser.add_argument("--reserve", type=float, default=0.5, help="see network.export")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--bfloat16", action="store_true", help="twice as fast where the processor has AMX")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    rng = random.Random(args.seed)
    state, vocabulary = read_start(args.start, layers=args.layers, out=args.out)
    pieces = WordPieces(vocabulary)
    network = TaggerNetwork(len(state["words.weight"]), num_labels=len(LABELS), layers=args.layers)
    network.load_state_dict(state, strict=False)
    network.train()
    real, real_held_out = read_heard(args.heard)
    misheard = values_heard(real)
    held_out = list(generated(args.data, 2_000, pieces, seed=SEED + 1, held_out=True, misheard={}))
    heard_held_out = heard_rows(real_held_out, pieces, seed=SEED)
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for n, p in network.named_parameters() if "head" in n], "lr": 1e-3},
            {"params": [p for n, p in network.named_parameters() if "head" not in n], "lr": 2e-4},
        ],
        weight_decay=0.01,
    )
    for turn in range(args.rounds):
        seed = args.seed + 100 + turn
        chosen = [*generated(args.data, args.count, pieces, seed=seed, held_out=False, misheard=misheard)]
        for again in range(args.repeat):
            chosen += heard_rows(real, pieces, seed=seed + 1000 * again)
        made = list(batches(chosen, rng))
        total = len(made) * args.rounds
        if not turn:
            schedule = torch.optim.lr_scheduler.LambdaLR(
                optimizer, lambda s, n=total: min(1.0, s / 300) * max(1 - s / n, 0.02)
            )
        began, lost = time.time(), 0.0
        for number, (ids, marks, mask, labels) in enumerate(made):
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=args.bfloat16):
                logits = network(ids, marks, mask)
            loss = torch.nn.functional.cross_entropy(
                logits.float().flatten(0, 1), labels.flatten(), ignore_index=IGNORED
            )
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            lost += loss.item()
            if number % 100 == 99:
                print(
                    f"round {turn + 1}: {number + 1}/{len(made)} loss {lost / 100:.4f} "
                    f"{time.time() - began:.0f} s",
                    flush=True,
                )
                lost = 0.0
        print("  generated:", scores(network, held_out), flush=True)
        if heard_held_out:
            print("  heard:", scores(network, heard_held_out), flush=True)
        network.eval()
        export(network, args.out, TYPES, reserve=args.reserve)
        network.train()


if __name__ == "__main__":
    main()
