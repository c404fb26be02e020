"""The mean of taggers: every weight is halfway, whatever steps of 8 bits each of the models has."""

import numpy as np
import pytest
from average import Quantized, mean

RNG = np.random.default_rng(3)


def quantized(name, weights, *, signed):
    like = Quantized(
        np.zeros(1, np.int8 if signed else np.uint8),
        np.zeros((), np.float32),
        np.zeros((), np.int8 if signed else np.uint8),
    )
    made = like.replaced(weights.astype(np.float32))
    return {f"{name}_quantized": made.values, f"{name}_scale": made.scale, f"{name}_zero_point": made.zero}


def weights_of(model, name):
    return Quantized(*(model[name + part] for part in ("_quantized", "_scale", "_zero_point"))).weights


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("offset", [0.0, 3.0, -3.0])
def test_weights_of_8_bits_are_averaged_as_what_they_stand_for(signed, offset):
    one, other = RNG.normal(offset, 1.0, (20, 30)), RNG.normal(-0.5 * offset, 0.2, (20, 30))
    made = mean([quantized("w", one, signed=signed), quantized("w", other, signed=signed)])
    step = 2 * max(np.abs(one).max(), np.abs(other).max()) / 127
    assert np.abs(weights_of(made, "w") - (one + other) / 2).max() < 1.5 * step
    assert made["w_quantized"].dtype == (np.int8 if signed else np.uint8)
    assert made["w_scale"].dtype == np.float32
    assert made["w_zero_point"].dtype == made["w_quantized"].dtype


def test_other_weights_are_averaged_and_shapes_are_not():
    one = {"bias": np.float32([1, 2]), "axes": np.int64([3])}
    other = {"bias": np.float32([2, 6]), "axes": np.int64([3])}
    made = mean([one, other])
    assert made["bias"].tolist() == [1.5, 4.0]
    assert made["axes"].tolist() == [3]


def test_a_model_averaged_with_itself_stays_as_it_is():
    model = {**quantized("w", RNG.normal(0, 1, (8, 8)), signed=True), "bias": np.float32([1, 2])}
    made = mean([model, model])
    assert np.array_equal(made["w_quantized"], model["w_quantized"])
    assert np.allclose(made["w_scale"], model["w_scale"])


@pytest.mark.parametrize(
    "other", [{"bias": np.zeros(3, np.float32)}, {"other": np.zeros(2, np.float32)}], ids=["shape", "name"]
)
def test_models_of_different_recipes_are_refused(other):
    with pytest.raises(ValueError, match="same recipe"):
        mean([{"bias": np.zeros(2, np.float32)}, other])
