"""Trains the name model of spoken text on generated sentences; one core, minutes.

    python models/spoken_pii/train.py --data FOLDER --out models/spoken_pii/model

FOLDER holds slurp, presidio-research and primock57 (README.md says where they come from). The same versions
give the same weights.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import spacy
from sentences import sentences
from spacy.training import Example
from spacy.util import fix_random_seed, minibatch
from thinc.api import Config

SEED = 7
CONFIG = """
[nlp]
lang = "en"
pipeline = ["ner"]

[components]

[components.ner]
factory = "ner"

[components.ner.model]
@architectures = "spacy.TransitionBasedParser.v2"
state_type = "ner"
extra_state_tokens = false
hidden_width = 64
maxout_pieces = 2
use_upper = true
nO = null

[components.ner.model.tok2vec]
@architectures = "spacy.Tok2Vec.v2"

[components.ner.model.tok2vec.embed]
@architectures = "spacy.MultiHashEmbed.v2"
width = 64
attrs = ["NORM", "PREFIX", "SUFFIX", "SHAPE"]
rows = [4000, 1500, 2500, 500]
include_static_vectors = false

[components.ner.model.tok2vec.encode]
@architectures = "spacy.MaxoutWindowEncoder.v2"
width = 64
depth = 4
window_size = 1
maxout_pieces = 3
"""


def examples(nlp: spacy.Language, data: Path, count: int, *, seed: int, held_out: bool) -> list[Example]:
    """Sentences as spaCy wants them; spans that do not lie on its tokens are dropped."""
    made = []
    for sentence in sentences(data, count, seed=seed, held_out=held_out):
        doc = nlp.make_doc(sentence.text)
        spans = [doc.char_span(a, b, label, alignment_mode="expand") for a, b, label in sentence.spans]
        gold = doc.copy()
        gold.ents = spacy.util.filter_spans([s for s in spans if s is not None])
        made.append(Example(doc, gold))
    return made


def main() -> None:
    """Train, print scores on held-out names and templates, write the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=60_000)
    parser.add_argument("--epochs", type=int, default=5)
    args = parser.parse_args()
    fix_random_seed(SEED)
    nlp = spacy.util.load_model_from_config(Config().from_str(CONFIG), auto_fill=True)
    train = examples(nlp, args.data, args.count, seed=SEED, held_out=False)
    held_out = examples(nlp, args.data, 3_000, seed=SEED + 1, held_out=True)
    optimizer = nlp.initialize(lambda: train[:2000])
    rng = random.Random(SEED)
    for epoch in range(args.epochs):
        optimizer.learn_rate = 0.001 * (1 - epoch / args.epochs) + 0.0001
        rng.shuffle(train)
        losses: dict[str, float] = {}
        for batch in minibatch(train, 128):
            nlp.update(batch, sgd=optimizer, losses=losses, drop=0.2)
        scores = nlp.evaluate(held_out)
        print(
            f"epoch {epoch + 1}: loss {losses['ner']:.0f}, held out: "
            f"P {scores['ents_p']:.3f} R {scores['ents_r']:.3f} F {scores['ents_f']:.3f}",
            flush=True,
        )
        with nlp.use_params(optimizer.averages):
            nlp.to_disk(args.out)
    # The words it has seen: hashes are all it needs, and names have no place in what ships.
    labels = sorted(nlp.get_pipe("ner").labels)
    (args.out / "vocab" / "strings.json").write_text(json.dumps(labels), encoding="utf-8")
    for label, row in sorted(scores["ents_per_type"].items()):
        print(f"{label}: P {row['p']:.3f} R {row['r']:.3f} F {row['f']:.3f}")


if __name__ == "__main__":
    main()
