"""A Whisper as CTranslate2 keeps it, as a torch module of which only small matrices learn."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import nn
from torch.nn import functional


class Taught(nn.Module):
    """A linear layer W x + b that stays as it is, and B A x beside it (LoRA, Hu et al., arXiv:2106.09685)."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor, rank: int) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)
        self.A = nn.Parameter(torch.randn(rank, weight.shape[1]) / math.sqrt(weight.shape[1]))
        self.B = nn.Parameter(torch.zeros(weight.shape[0], rank))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        small = functional.linear(functional.linear(x, self.A), self.B)
        return functional.linear(x, self.weight, self.bias) + small


class WhisperNetwork(nn.Module):
    """Encoder and decoder.

    Parameters
    ----------
    weights : mapping of str to numpy.ndarray
        Variables of ``model.bin`` by name.
    heads : int
        Of every attention.
    rank : int
        Of what is learned beside each linear layer.
    """

    def __init__(self, weights: Mapping[str, np.ndarray], *, heads: int, rank: int) -> None:
        super().__init__()
        tensors = {
            name: torch.from_numpy(array.astype(np.float32))
            for name, array in weights.items()
            if array.dtype.kind == "f" and array.ndim
        }
        taught = {name: name.removesuffix("/weight") for name in tensors if _is_linear(name)}
        self._linear = nn.ModuleDict(
            {
                _key(layer): Taught(tensors[name], tensors[f"{layer}/bias"], rank)
                for name, layer in taught.items()
            }
        )
        self._fixed = {name: tensor for name, tensor in tensors.items() if "/linear_" not in name}
        self._heads = heads
        self._depth = {
            half: len({name.split("/")[1] for name in taught if name.startswith(half)})
            for half in ("encoder", "decoder")
        }

    @property
    def num_tokens(self) -> int:
        return len(self._fixed["decoder/embeddings/weight"])

    @property
    def num_mels(self) -> int:
        return self._fixed["encoder/conv1/weight"].shape[1]

    @property
    def taught(self) -> dict[str, Taught]:
        """Linear layers by the names of their weights."""
        return {key.replace("-", "/") + "/weight": layer for key, layer in self._linear.items()}

    def encode(self, mel: torch.Tensor) -> torch.Tensor:
        """States [batch, num_frames / 2, width] of log-mel features [batch, num_mels, num_frames]."""
        x = functional.gelu(functional.conv1d(mel, *self._of("encoder/conv1"), padding=1))
        x = functional.gelu(functional.conv1d(x, *self._of("encoder/conv2"), stride=2, padding=1))
        x = x.transpose(1, 2).float()
        x = x + self._fixed["encoder/position_encodings/encodings"][: x.shape[1]]
        for number in range(self._depth["encoder"]):
            layer = f"encoder/layer_{number}"
            x = self._attend_to_itself(layer, x)
            x = self._feed_forward(layer, x)
        return self._norm("encoder", x)

    def decode(self, ids: torch.Tensor, states: torch.Tensor) -> torch.Tensor:
        """Logits [batch, num_tokens, vocabulary] of what follows each of the tokens [batch, num_tokens]."""
        embeddings = self._fixed["decoder/embeddings/weight"]
        x = embeddings[ids] + self._fixed["decoder/position_encodings/encodings"][: ids.shape[1]]
        for number in range(self._depth["decoder"]):
            layer = f"decoder/layer_{number}"
            x = self._attend_to_itself(layer, x, causal=True)
            cross = f"{layer}/attention"
            query = self._layer(f"{cross}/linear_0", self._norm(cross, x))
            key, value = self._layer(f"{cross}/linear_1", states).chunk(2, -1)
            x = x + self._layer(f"{cross}/linear_2", self._attention(query, key, value))
            x = self._feed_forward(layer, x)
        return functional.linear(self._norm("decoder", x), embeddings)

    def _attend_to_itself(self, layer: str, x: torch.Tensor, *, causal: bool = False) -> torch.Tensor:
        own = f"{layer}/self_attention"
        query, key, value = self._layer(f"{own}/linear_0", self._norm(own, x)).chunk(3, -1)
        return x + self._layer(f"{own}/linear_1", self._attention(query, key, value, causal=causal))

    def _feed_forward(self, layer: str, x: torch.Tensor) -> torch.Tensor:
        own = f"{layer}/ffn"
        return x + self._layer(
            f"{own}/linear_1", functional.gelu(self._layer(f"{own}/linear_0", self._norm(own, x)))
        )

    def _attention(
        self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, *, causal: bool = False
    ) -> torch.Tensor:
        batch, length, width = query.shape

        def heads(x: torch.Tensor) -> torch.Tensor:
            return x.view(batch, -1, self._heads, width // self._heads).transpose(1, 2)

        mixed = functional.scaled_dot_product_attention(
            heads(query), heads(key), heads(value), is_causal=causal
        )
        return mixed.transpose(1, 2).reshape(batch, length, width)

    def _layer(self, layer: str, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self._linear[_key(layer)](x)
        return out

    def _norm(self, part: str, x: torch.Tensor) -> torch.Tensor:
        gamma, beta = (self._fixed[f"{part}/layer_norm/{name}"] for name in ("gamma", "beta"))
        return functional.layer_norm(x.float(), x.shape[-1:], gamma, beta)

    def _of(self, layer: str) -> tuple[torch.Tensor, torch.Tensor]:
        return self._fixed[f"{layer}/weight"], self._fixed[f"{layer}/bias"]


def _is_linear(name: str) -> bool:
    return "/linear_" in name and name.endswith("/weight")


def _key(layer: str) -> str:
    return layer.replace("/", "-")  # no slash, for torch
