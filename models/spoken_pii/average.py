"""The mean of the weights of taggers that were trained apart from the same start.

    python models/spoken_pii/average.py MODEL.onnx MODEL.onnx ... --out MODEL.onnx

Weights are averaged as in "model soups" (Wortsman et al. 2022, arXiv 2203.05482). All files come from
`train.py`, so that their weights have the same names; those of 8 bits are taken apart, averaged and made 8 bits
again.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_WEIGHT, _SCALE, _ZERO = "_quantized", "_scale", "_zero_point"


@dataclass(frozen=True, eq=False)
class Quantized:
    """Weights of 8 bits: ``(values - zero) * scale``; `values` is int8 (then `zero` is 0) or uint8."""

    values: np.ndarray
    scale: np.ndarray
    zero: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """float32, in the shape of the values."""
        return ((self.values.astype(np.float32) - np.float32(self.zero)) * self.scale).astype(np.float32)

    def replaced(self, weights: np.ndarray) -> Quantized:
        """Other weights in the same form, their range spread over all of its steps."""
        limits = np.iinfo(self.values.dtype)
        if limits.min < 0:
            scale, zero = float(np.abs(weights).max()) / limits.max, 0
        else:
            low, high = min(float(weights.min()), 0.0), max(float(weights.max()), 0.0)
            scale = (high - low) / limits.max
            zero = round(-low / scale) if scale else 0
        steps = np.round(weights / (scale or 1.0)) + zero
        return Quantized(
            np.clip(steps, max(limits.min, -limits.max), limits.max).astype(self.values.dtype),
            np.full(self.scale.shape, scale, np.float32),
            np.full(self.zero.shape, zero, self.zero.dtype),
        )


def mean(models: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Arrays of one model with the mean weights of all.

    Parameters
    ----------
    models : sequence of dict
        Arrays by name. Of a name that ends in ``_quantized``, ``_scale`` and ``_zero_point`` lie beside it.

    Raises
    ------
    ValueError
        If they do not have the same names and shapes.
    """
    first = models[0]
    shapes = [{name: array.shape for name, array in model.items()} for model in models]
    if any(other != shapes[0] for other in shapes):
        raise ValueError("not all of these models were made by the same recipe: names or shapes differ")
    out = dict(first)
    for name, array in first.items():
        if name.endswith(_WEIGHT):
            stem = name.removesuffix(_WEIGHT)
            parts = stem + _WEIGHT, stem + _SCALE, stem + _ZERO
            each = [Quantized(*(model[part] for part in parts)) for model in models]
            made = each[0].replaced(np.mean([q.weights for q in each], axis=0))
            out.update(zip(parts, (made.values, made.scale, made.zero), strict=True))
        elif array.dtype == np.float32 and not name.endswith(_SCALE):
            out[name] = np.mean([model[name] for model in models], axis=0).astype(np.float32)
    return out


def main() -> None:
    """Read the models, write their mean."""
    import onnx
    from onnx import numpy_helper

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    files = [onnx.load(path) for path in args.models]
    arrays = [{i.name: numpy_helper.to_array(i) for i in file.graph.initializer} for file in files]
    made = mean(arrays)
    for weights in files[0].graph.initializer:
        weights.CopyFrom(numpy_helper.from_array(made[weights.name], weights.name))
    onnx.save(files[0], args.out)


if __name__ == "__main__":
    main()
