"""The tagger as a torch module: the lower layers of a MiniLM, and one linear layer on top."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path

import torch
from torch import nn

WIDTH, HEADS, INNER, POSITIONS = 384, 12, 1536, 256
MARKS = 6  # see redactor/detect/wordpieces.py
EPSILON = 1e-12


class Layer(nn.Module):
    """A transformer layer as in BERT (arXiv 1810.04805)."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value, self.mixed = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.up, self.down = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)
        self.norm_mixed, self.norm = (nn.LayerNorm(WIDTH, EPSILON) for _ in range(2))
        self.drop = nn.Dropout(0.1)

    def forward(self, x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """`x` [batch, pieces, WIDTH]; `bias` [batch, 1, 1, pieces] is very negative where there is no piece."""
        shape = x.shape[0], x.shape[1], HEADS, WIDTH // HEADS
        q, k, v = (layer(x).view(shape).transpose(1, 2) for layer in (self.query, self.key, self.value))
        weights = torch.softmax(q @ k.transpose(-1, -2) / (WIDTH // HEADS) ** 0.5 + bias, -1)
        mixed = (weights @ v).transpose(1, 2).reshape(x.shape)
        x = self.norm_mixed(x + self.drop(self.mixed(mixed)))
        return self.norm(x + self.drop(self.down(nn.functional.gelu(self.up(x)))))


class TaggerNetwork(nn.Module):
    """Logits of "nothing personal" and of each type, for each piece.

    Parameters
    ----------
    num_pieces : int
        Of the vocabulary.
    num_labels, layers : int
    """

    def __init__(self, num_pieces: int, *, num_labels: int, layers: int) -> None:
        super().__init__()
        self.words = nn.Embedding(num_pieces, WIDTH)
        self.positions = nn.Embedding(POSITIONS, WIDTH)
        self.marks = nn.Embedding(MARKS, WIDTH)
        self.norm_in = nn.LayerNorm(WIDTH, EPSILON)
        self.layers = nn.ModuleList(Layer() for _ in range(layers))
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(WIDTH, num_labels)

    def forward(self, ids: torch.Tensor, marks: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """All [batch, pieces]; `mask` is true where there is a piece. Returns [batch, pieces, labels]."""
        at = torch.arange(ids.shape[1], device=ids.device)
        x = self.drop(self.norm_in(self.words(ids) + self.positions(at)[None] + self.marks(marks)))
        bias = torch.zeros(1, 1, 1, 1) if mask is None else (~mask)[:, None, None, :] * -1e4
        for layer in self.layers:
            x = layer(x, bias)
        return self.head(self.drop(x))


_NAMES = {
    "attention.self.query": "query", "attention.self.key": "key", "attention.self.value": "value",
    "attention.output.dense": "mixed", "attention.output.LayerNorm": "norm_mixed",
    "intermediate.dense": "up", "output.dense": "down", "output.LayerNorm": "norm",
}  # fmt: skip


def read_start(folder: Path, *, layers: int, out: Path) -> tuple[dict[str, torch.Tensor], Path]:
    """Weights of a BERT-like model to start from, and its vocabulary without pieces that no English text has.

    Returns
    -------
    weights : dict
        By the names of :class:`TaggerNetwork`; its head is not among them.
    vocabulary : pathlib.Path
        Written to `out`.
    """
    from safetensors.torch import load_file

    old = load_file(folder / "model.safetensors")
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    pieces = tokenizer["model"]["vocab"]
    kept = sorted(
        (p for p in pieces if p.isascii() and not re.fullmatch(r"\[unused\d+\]", p)), key=pieces.__getitem__
    )
    tokenizer["model"]["vocab"] = {piece: number for number, piece in enumerate(kept)}
    for added in tokenizer["added_tokens"]:
        added["id"] = tokenizer["model"]["vocab"][added["content"]]
    tokenizer["post_processor"] = tokenizer["padding"] = tokenizer["truncation"] = None
    out.mkdir(parents=True, exist_ok=True)
    (out / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    new = {
        "words.weight": old["embeddings.word_embeddings.weight"][[pieces[p] for p in kept]],
        "positions.weight": old["embeddings.position_embeddings.weight"][:POSITIONS],
        "marks.weight": old["embeddings.token_type_embeddings.weight"][:1].repeat(MARKS, 1),
        "norm_in.weight": old["embeddings.LayerNorm.weight"],
        "norm_in.bias": old["embeddings.LayerNorm.bias"],
    }
    for number in range(layers):
        for theirs, ours in _NAMES.items():
            for part in ("weight", "bias"):
                new[f"layers.{number}.{ours}.{part}"] = old[f"encoder.layer.{number}.{theirs}.{part}"]
    return new, out / "tokenizer.json"


def export(network: TaggerNetwork, out: Path, types: tuple[str, ...], *, reserve: float = 0.0) -> None:
    """Write model.onnx with weights of 8 bits, and config.json.

    Parameters
    ----------
    reserve : float
        What is written holds "nothing personal" for so much more likely than the network does (added to its
        logit): what it was trained on has more personal data than what it reads.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    network = copy.deepcopy(network)
    with torch.no_grad():
        network.head.bias[0] += reserve
    full = out / "full.onnx"
    example = torch.ones(1, 20, dtype=torch.long), torch.zeros(1, 20, dtype=torch.long)
    torch.onnx.export(
        network, example, str(full), input_names=["ids", "marks"], output_names=["logits"],
        dynamic_axes={"ids": {1: "pieces"}, "marks": {1: "pieces"}, "logits": {1: "pieces"}},
        opset_version=17, dynamo=False,
    )  # fmt: skip
    quantize_dynamic(
        str(full), str(out / "model.onnx"), weight_type=QuantType.QInt8, per_channel=False,
        op_types_to_quantize=["MatMul", "Gather"],
    )  # fmt: skip
    full.unlink()
    config = {"language": "en", "types": list(types)}
    (out / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
