"""Windows of synthetic speech, and the text that somebody careful would write of them.

    python models/ears/windows.py --data FOLDER --out windows.npz --minutes 330 --seed 11 --voices 'slt*1,rms*1'

Voices of benchmarks/corpus say blocks of the templates in models/spoken_pii in all kinds of rooms, noises and
lines. Recordings are cut between values into windows as the product has them, of one channel each.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import soxr

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "models/spoken_pii")]

from sentences import LabelledWord, sources, written_turns  # noqa: E402
from values import Names  # noqa: E402

from benchmarks.corpus.render import Cast, Options, render  # noqa: E402
from benchmarks.corpus.script import Script, Token, Turn  # noqa: E402
from redactor.bench.gold import GoldRecording  # noqa: E402

RATE_HZ = 16_000
_LONGEST_RECORDING_S = 120.0
_SHORTEST_S, _LONGEST_S = 0.4, 24.0
# Windows end after so many seconds where there is a pause, whatever the next words are, and beside long pauses.
_LENGTHS_S = (2, 4, 6, 9, 13, 18, 21)
_PAUSE_S, _LONG_PAUSE_S = 0.12, 1.5
_PADDING_S = (0.1, 0.5)
_TOGETHER, _ONE_MORE = 5, 0.5
_SMALL = frozenset(("of", "the", "and"))
_I = frozenset(("i", "i'm", "i'll", "i've", "i'd"))


def cased(words: Sequence[LabelledWord], marks: random.Random) -> list[LabelledWord]:
    """A turn with the capitals and the last mark of a sentence."""
    out: list[LabelledWord] = []
    opens = True
    for word in words:
        text = word.text
        in_street = word.label == "STREET_ADDRESS" and text[:1].isalpha() and text not in _SMALL
        if in_street or opens or text in _I:
            text = text[:1].upper() + text[1:]
        opens = text[-1:] in ".?!"
        out.append(replace(word, text=text))
    if out and out[-1].text[-1:].isalnum():
        mark = marks.choice("...?" if len(out) < 4 else "....")
        out[-1] = replace(out[-1], text=out[-1].text + mark)
    return out


def script(
    blocks: Sequence[str], names: Names, rng: random.Random, marks: random.Random
) -> tuple[Script, dict[int, str]]:
    """Blocks as turns of tokens, each with the number of what it is part of; and the text of each number."""
    turns: list[Turn] = []
    texts: dict[int, str] = {}
    is_call = False
    for block in blocks:
        for speaker, words in written_turns(block, names, rng):
            is_call |= bool(speaker) and len(blocks) == 1
            tokens: list[Token] = []
            for word in cased(words, marks):
                if word.said:
                    texts[len(texts) + 1] = word.text
                    tokens += [Token(w, word.label, len(texts)) for w in word.said]
                elif texts:
                    between = "" if word.spoken and not word.text[0].isalnum() else " "
                    texts[len(texts)] += between + word.text
                if word.spoken and not word.said:
                    continue
                if tokens and word.text[-1:] in (".", "?", ",", "!"):
                    tokens[-1] = replace(tokens[-1], pause=0.3)
            if tokens:
                turns.append(Turn(int(is_call and speaker == "C"), tuple(tokens)))
    return Script("call" if is_call else "command", tuple(turns), tuple(blocks), ()), texts


def windows(
    samples: np.ndarray, gold: GoldRecording, texts: dict[int, str], rng: random.Random
) -> Iterator[tuple[np.ndarray, str]]:
    """Sound (int16 at RATE_HZ) and text of windows; channels on which both sides talk at once have none."""
    for channel in range(samples.shape[1]):
        said: list[tuple[int, float, float]] = []
        for word in gold.words:
            if word.channel != channel:
                continue
            if said and said[-1][0] == word.entity:
                said[-1] = (*said[-1][:2], max(said[-1][2], word.end))
            else:
                said.append((word.entity or 0, word.start, word.end))
        if len({number for number, *_ in said}) < len(said):
            continue
        for part in _cut(said, rng):
            start = max(part[0][1] - rng.uniform(*_PADDING_S), 0)
            end = min(part[-1][2] + rng.uniform(*_PADDING_S), len(samples) / gold.sample_rate)
            sound = samples[int(start * gold.sample_rate) : int(end * gold.sample_rate), channel]
            sound = sound.astype(np.float32) / 32768
            if gold.sample_rate != RATE_HZ:
                sound = soxr.resample(sound, gold.sample_rate, RATE_HZ)
            text = " ".join(texts[number] for number, *_ in part)
            yield (sound * 32767).clip(-32768, 32767).astype(np.int16), text


def _cut(
    said: Sequence[tuple[int, float, float]], rng: random.Random
) -> Iterator[list[tuple[int, float, float]]]:
    part: list[tuple[int, float, float]] = []
    longest = rng.choice(_LENGTHS_S)
    for value in said:
        if part:
            pause, length = value[1] - part[-1][2], value[2] - part[0][1]
            if (
                pause > _LONG_PAUSE_S
                or (length > longest and pause > _PAUSE_S)
                or length > max(_LENGTHS_S)
            ):
                yield part
                part, longest = [], rng.choice(_LENGTHS_S)
        part.append(value)
    if part:
        yield part


def recordings(
    data: Path, voices: tuple[str, ...], *, seed: int, minutes: float
) -> Iterator[tuple[np.ndarray, str]]:
    """Windows until there are so many minutes of them."""
    names, rng, marks = Names(held_out=False), random.Random(seed), random.Random(seed)
    parts = sources(data, held_out=False)
    shares = [share for share, _ in parts]

    def block() -> str:
        return rng.choice(rng.choices(parts, shares)[0][1])

    cast, options = Cast(), Options(half="dev", voices=voices)
    seconds, number = 0.0, 0
    while seconds < 60 * minutes:
        number += 1
        blocks = [block()]
        while "\n" not in blocks[-1] and len(blocks) < _TOGETHER and rng.random() < _ONE_MORE:
            blocks.append(block())
        if len(blocks) > 1 and "\n" in blocks[-1]:
            blocks = blocks[-1:]
        try:
            said, texts = script(blocks, names, rng, marks)
            if not said.turns or not all(t.text.isascii() for turn in said.turns for t in turn.tokens):
                continue
            samples, gold, _ = render(
                said, name="", seed=seed * 100_003 + number, cast=cast, options=options
            )
        except (ValueError, IndexError, RuntimeError):
            continue  # nothing in it that a voice can say
        if gold.duration_s > _LONGEST_RECORDING_S:
            continue
        for sound, text in windows(samples, gold, texts, rng):
            if _SHORTEST_S < len(sound) / RATE_HZ < _LONGEST_S and text.isascii():
                seconds += len(sound) / RATE_HZ
                yield sound, text


def main() -> None:
    """Write windows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="as for models/spoken_pii/train.py")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=330.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--voices", required=True, help="as of benchmarks/corpus, separated by commas")
    args = parser.parse_args()
    made = [*recordings(args.data, tuple(args.voices.split(",")), seed=args.seed, minutes=args.minutes)]
    sounds, texts = zip(*made, strict=True)
    np.savez(args.out, samples=np.concatenate(sounds), lengths=[*map(len, sounds)], texts=np.array(texts))


if __name__ == "__main__":
    main()
