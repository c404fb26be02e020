"""Templates said aloud and heard by the recognizers: what they really write, labelled by what was said.

    python models/spoken_pii/heard.py --data FOLDER --out heard.jsonl --minutes 120

Synthetic voices of benchmarks/corpus say blocks of the templates in all kinds of rooms and lines, both models
transcribe them, and every word they write gets the label of what was said there.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from sentences import BORDER, dialogue, is_personal, sources  # noqa: E402
from values import Names  # noqa: E402

from benchmarks.corpus.render import Cast, Options, render  # noqa: E402
from benchmarks.corpus.script import Script, Token, Turn  # noqa: E402
from benchmarks.corpus.voices import VOICES  # noqa: E402
from redactor.audio.recording import Recording  # noqa: E402
from redactor.bench.gold import GoldWord  # noqa: E402
from redactor.config import load_policy  # noqa: E402
from redactor.detect.dialogue import SpokenWord  # noqa: E402
from redactor.detect.dialogue import dialogue as turns_of  # noqa: E402
from redactor.detect.tagger import agreements  # noqa: E402
from redactor.detect.wordpieces import Agreement  # noqa: E402
from redactor.model_registry import resolve  # noqa: E402
from redactor.transcribe import Recognizer, choose_device  # noqa: E402
from redactor.types import Audio, AudioFormat  # noqa: E402

_LONGEST_S = 90.0
_TOGETHER, _ONE_MORE = 6, 0.6
# Less than the product's 5: more is heard in the same time, and the errors are of the same kind.
BEAM = 2


def script(blocks: Sequence[str], names: Names, rng: random.Random) -> Script:
    """Blocks as turns of labelled tokens, in the words in which they are said; several by one voice."""
    if len(blocks) > 1:
        turns = [turn for block in blocks for turn in script([block], names, rng).turns]
        return Script("command", tuple(replace(turn, side=0) for turn in turns), tuple(blocks), ())
    sides: list[Turn] = []
    tokens: list[Token] = []
    for word in dialogue(blocks[0], names, rng, spoken=True):
        if word.text == BORDER:
            sides.append(Turn(len(sides) % 2, tuple(tokens)))
            tokens = []
            continue
        pause = 0.3 if word.text[-1:] in ".?," else 0.0
        tokens += [Token(w, word.label, 1 if word.label else 0) for w in word.said]
        if tokens and pause:
            tokens[-1] = replace(tokens[-1], pause=pause)
    sides.append(Turn(len(sides) % 2, tuple(tokens)))
    sides = [turn for turn in sides if turn.tokens]
    kind = "call" if len(sides) > 1 else "command"
    return Script(kind, tuple(sides), tuple(blocks), ())


def labelled(spoken: Sequence[SpokenWord], said: Sequence[GoldWord]) -> list[str]:
    """The label of each heard word: that of the same word where it was understood, else of what sounds then."""
    labels = [""] * len(spoken)
    for channel in {w.channel for w in spoken}:
        heard = [i for i, w in enumerate(spoken) if w.channel == channel]
        truth = [w for w in said if w.channel == channel]
        ours, theirs = [_plain(spoken[i].text) for i in heard], [_plain(w.text) for w in truth]
        for what, i, j, k, m in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
            for at in range(i, j):
                if what == "equal":
                    labels[heard[at]] = truth[k + at - i].label
                else:
                    labels[heard[at]] = _by_time(spoken[heard[at]], truth[k:m])
    return labels


def _plain(text: str) -> str:
    return re.sub(r"[^\w']", "", text.casefold())


def _by_time(word: SpokenWord, near: Sequence[GoldWord]) -> str:
    """Of the words that were not understood there, the one that shares most time."""
    shared = [(min(word.end, w.end) - max(word.start, w.start), w.label) for w in near]
    best = max(shared, default=(0.0, ""))
    if best[0] <= 0.0:
        return ""
    personal = [(time, label) for time, label in shared if label and time > 0.35 * best[0]]
    return max(personal)[1] if personal else best[1]


def heard(data: Path, minutes: float, seed: int, *, harmless: bool) -> Iterator[dict[str, object]]:
    """Labelled texts of both models, as rows of a JSON lines file; `harmless` ones have nothing personal."""
    names, rng = Names(held_out=False), random.Random(seed)

    def is_wanted(block: str) -> bool:
        return not is_personal(block) if harmless else "{" in block or rng.random() < 0.15

    chosen = [(share, [*filter(is_wanted, blocks)]) for share, blocks in sources(data, held_out=False)]
    parts = [(share, blocks) for share, blocks in chosen if blocks]
    shares = [share for share, _ in parts]
    first, second = (resolve(m, task="transcribe") for m in ("base", "tiny.en"))
    recognizer = Recognizer(first, second=second, device=choose_device("cpu"))
    policy = load_policy("standard")
    policy = replace(
        policy,
        language=replace(policy.language, spoken="en", prompts={}),
        transcribe=replace(policy.transcribe, beam_size=BEAM, second_best_ms=0),
    )
    cast, options = Cast(), Options(half="dev", voices=tuple(v for v in VOICES["dev"] if "joe" not in v))
    seconds, number = 0.0, 0
    while seconds < 60 * minutes:
        number += 1
        blocks = [rng.choice(rng.choices(parts, shares)[0][1])]
        # Short ones come alone as commands do, and one after the other as in dictation.
        while "\n" not in blocks[-1] and len(blocks) < _TOGETHER and rng.random() < _ONE_MORE:
            blocks.append(rng.choice(rng.choices(parts, shares)[0][1]))
        if len(blocks) > 1 and "\n" in blocks[-1]:
            blocks = blocks[-1:]
        said = script(blocks, names, rng)
        if not said.turns or not any(t.text.isascii() for turn in said.turns for t in turn.tokens):
            continue
        try:
            samples, gold, _ = render(said, name="", seed=seed * 100_003 + number, cast=cast, options=options)
        except (ValueError, IndexError, RuntimeError):
            continue  # nothing in it that a voice can say
        if gold.duration_s > _LONGEST_S:
            continue
        seconds += gold.duration_s
        audio = Audio(np.ascontiguousarray(samples), gold.sample_rate, AudioFormat("WAV", "PCM_16"))
        hearings = [turns_of(h) for h in recognizer.transcribe(Recording.of(audio), policy).transcript.hearings]
        for spoken, other in zip(hearings, hearings[::-1], strict=True):
            if not spoken:
                continue
            row = {
                "recording": number,
                "words": [w.text for w in spoken],
                "labels": labelled(spoken, gold.words),
                "opens": [w.first_of_turn for w in spoken],
            }
            if other:
                row["differs"] = [a is Agreement.DIFFERS for a in agreements(spoken, [other])]
            yield row


def main() -> None:
    """Write rows until so much was heard."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--harmless", action="store_true", help="only talk without personal data")
    args = parser.parse_args()
    with args.out.open("w", encoding="utf-8") as out:
        for row in heard(args.data, args.minutes, args.seed, harmless=args.harmless):
            out.write(json.dumps(row) + "\n")
            out.flush()


if __name__ == "__main__":
    main()
