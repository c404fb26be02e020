"""Teaches a Whisper telephone lines, noise, short windows and names; CPU, a quarter of an hour.

    python models/ears/train.py windows*.npz --model FOLDER --out models/ears/base.npz

FOLDER is the model as `redactor` has it in the cache (README.md). What is learned is a small matrix beside each
linear layer; only those are written. The same versions, processor and number of threads give the same bytes.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from faster_whisper.feature_extractor import FeatureExtractor
from network import WhisperNetwork
from tokenizers import Tokenizer

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from redactor.model_adapter import read_weights  # noqa: E402
from redactor.model_registry import MULTILINGUAL_VOCABULARY  # noqa: E402
from redactor.transcribe.rules import (  # noqa: E402
    ENCODED_STEP_S,
    FULL_STATES,
    MEL_FRAMES_PER_S,
    SILENT_MEL,
)
from redactor.transcribe.shown import alike  # noqa: E402
from redactor.transcribe.speech import MODEL_RATE_HZ  # noqa: E402

SEED = 0
IGNORED = -100
BATCH_S = 60.0  # of sound
MOST_TOKENS = 220
HELD_OUT = 100  # windows
WARM_STEPS = 60
# What of a window the decoder is shown (redactor/transcribe/shown.py): drawn for each batch, so that it gets
# used to what the product shows and keeps what it knew.
KEPT_SHARES = (1.0, 0.7)
SILENCE_EVERY = (8, 8, 4)
_TAIL_S = 0.5  # of silence that is encoded behind a window: tail_ms in models/registry.toml


@dataclass(frozen=True)
class Row:
    """A window: log-mel features [num_mels, num_frames] in float16, and its tokens."""

    mel: np.ndarray
    tokens: list[int]


def read_windows(paths: Sequence[Path], tokenizer: Tokenizer) -> Iterator[Row]:
    """What windows.py wrote."""
    features = FeatureExtractor()
    for path in paths:
        with np.load(path, allow_pickle=False) as made:
            samples, lengths, texts = made["samples"], made["lengths"], made["texts"]
        for sound, text in zip(np.split(samples, np.cumsum(lengths)[:-1]), texts, strict=True):
            seconds = math.ceil((len(sound) / MODEL_RATE_HZ + _TAIL_S) / ENCODED_STEP_S) * ENCODED_STEP_S
            padded = np.zeros(round(seconds * MODEL_RATE_HZ), np.float32)
            padded[: len(sound)] = sound.astype(np.float32) / 32768
            mel = features(padded)[:, : round(seconds * MEL_FRAMES_PER_S)].astype(np.float16)
            tokens = tokenizer.encode(f" {str(text).strip()}", add_special_tokens=False).ids
            if len(tokens) < MOST_TOKENS:
                yield Row(mel, tokens)


class Teacher:
    """A network, and how it is asked."""

    def __init__(self, network: WhisperNetwork, tokenizer: Tokenizer, rng: random.Random) -> None:
        self.network, self._rng = network, rng
        task = ("en", "transcribe") if network.num_tokens >= MULTILINGUAL_VOCABULARY else ()
        names = ("startoftranscript", *task, "notimestamps")
        self._before = [tokenizer.token_to_id(f"<|{name}|>") for name in names]
        self._end = tokenizer.token_to_id("<|endoftext|>")
        with torch.no_grad():
            silent = torch.full((1, network.num_mels, 2 * FULL_STATES), SILENT_MEL)
            self._silence = network.encode(silent)[0]

    def loss(self, rows: Sequence[Row], kept_share: float, silence_every: int) -> tuple[torch.Tensor, int]:
        """Mean cross-entropy of the tokens of windows of one length, and how many they are."""
        mel = torch.from_numpy(np.stack([r.mel for r in rows]).astype(np.float32))
        length = len(self._before) + max(len(r.tokens) for r in rows) + 1
        ids = torch.full((len(rows), length), self._end)
        labels = torch.full((len(rows), length), IGNORED)
        for number, row in enumerate(rows):
            said = [*self._before, *row.tokens, self._end]
            ids[number, : len(said)] = torch.tensor(said)
            first = len(self._before)
            labels[number, first - 1 : len(said) - 1] = torch.tensor(said[first:])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            states = self._shown(self.network.encode(mel), kept_share, silence_every)
            logits = self.network.decode(ids[:, :-1], states)
        counts = labels[:, :-1] >= 0
        return torch.nn.functional.cross_entropy(
            logits[counts].float(), labels[:, :-1][counts]
        ), int(counts.sum())

    def _shown(self, states: torch.Tensor, kept_share: float, silence_every: int) -> torch.Tensor:
        """As redactor.transcribe.shown.shown does, with gradients."""
        own = states.shape[1]
        count = math.ceil(own * kept_share)
        if count < own:
            merged = [_merged(one, own - count) for one in states]
            if any(len(one) != count for one in merged):
                return self._shown(states, 1.0, silence_every)
            states = torch.stack(merged)
        places = np.linspace(own, FULL_STATES - 1, -(-(FULL_STATES - own) // silence_every)).round().astype(int)
        silence = self._silence[places].expand(len(states), -1, -1)
        return torch.cat((states, silence.to(states.dtype)), 1)

    def held_out_loss(self, rows: Sequence[Row]) -> float:
        """Of windows that nothing was learned from."""
        total = count = 0.0
        with torch.no_grad():
            for batch in batches(rows, self._rng):
                loss, num_tokens = self.loss(batch, KEPT_SHARES[0], SILENCE_EVERY[0])
                total, count = total + loss.item() * num_tokens, count + num_tokens
        return total / count


def _merged(states: torch.Tensor, num_pairs: int) -> torch.Tensor:
    """As redactor.transcribe.shown.merged does, with gradients."""
    firsts = alike(states.detach().float().numpy(), num_pairs)
    other, stays = np.arange(len(states)), np.ones(len(states), bool)
    other[firsts] = firsts + 1
    stays[firsts + 1] = False
    return (states[np.flatnonzero(stays)] + states[other[stays]]) / 2


def batches(rows: Sequence[Row], rng: random.Random) -> Iterator[list[Row]]:
    """Windows of one length together, in random order."""
    order = sorted(range(len(rows)), key=lambda i: (rows[i].mel.shape[1], rng.random()))
    groups: list[list[Row]] = [[]]
    for row in (rows[i] for i in order):
        size, group = row.mel.shape[1], groups[-1]
        full = (len(group) + 1) * size > BATCH_S * MEL_FRAMES_PER_S
        if group and (group[0].mel.shape[1] != size or full):
            groups.append([])
        groups[-1].append(row)
    rng.shuffle(groups)
    yield from groups


def teach(teacher: Teacher, rows: Sequence[Row], rng: random.Random, *, steps: int, rate: float) -> None:
    """Learn for so many batches, at a rate that rises at first and then falls to nothing."""
    parameters = [p for p in teacher.network.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=rate, betas=(0.9, 0.98), weight_decay=0.01)
    began, lost, step = time.time(), 0.0, 0
    while True:
        for batch in batches(rows, rng):
            if step == steps:
                return
            for group in optimizer.param_groups:
                group["lr"] = rate * min(1, (step + 1) / WARM_STEPS) * max(1 - step / steps, 0.02)
            loss, _ = teacher.loss(batch, rng.choice(KEPT_SHARES), rng.choice(SILENCE_EVERY))
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            step, lost = step + 1, lost + loss.item()
            if step % 50 == 0:
                print(f"{step}/{steps} loss {lost / 50:.3f} {time.time() - began:.0f} s", flush=True)
                lost = 0.0


def write_adapter(network: WhisperNetwork, out: Path, *, share: float) -> None:
    """A share of what was learned, in whole numbers of 8 bits, as redactor.model_adapter.adapt reads it."""
    parts: dict[str, np.ndarray] = {}
    for name, layer in network.taught.items():
        scale = 0
        for part, matrix in (("A", layer.A), ("B", share * layer.B)):
            values = matrix.detach().numpy().astype(np.float64)
            power = math.ceil(math.log2(max(np.abs(values).max(), 1e-12) / 127))
            parts[f"{name}:{part}"] = np.round(np.ldexp(values, -power)).astype(np.int8)
            scale += power
        parts[f"{name}:scale"] = np.int8(scale)
    np.savez_compressed(out, **parts)


def main() -> None:
    """Train, print the loss on windows that were held out, write the adapter."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("windows", type=Path, nargs="+")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=450)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--share", type=float, default=0.35, help="of what was learned that is written")
    parser.add_argument("--heads", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    # What a softmax holds for next to impossible are numbers that processors are slow with.
    torch.set_flush_denormal(True)
    torch.manual_seed(SEED)
    torch.set_num_threads(args.threads)
    rng = random.Random(SEED)
    tokenizer = Tokenizer.from_file(str(args.model / "tokenizer.json"))
    network = WhisperNetwork(read_weights(args.model / "model.bin"), heads=args.heads, rank=args.rank)
    rows = [*read_windows(args.windows, tokenizer)]
    rng.shuffle(rows)
    held_out, rows = rows[:HELD_OUT], rows[HELD_OUT:]
    teacher = Teacher(network, tokenizer, rng)
    print(f"{len(rows)} windows; held out: {teacher.held_out_loss(held_out):.3f}", flush=True)
    teach(teacher, rows, rng, steps=args.steps, rate=args.rate)
    print(f"held out: {teacher.held_out_loss(held_out):.3f}", flush=True)
    write_adapter(network, args.out, share=args.share)


if __name__ == "__main__":
    main()
