"""Which processor a wish comes to, on machines with and without GPUs."""

import ctranslate2
import pytest

from redactor.errors import UsageError
from redactor.transcribe.device import Device, choose_device

CPU = Device("cpu", (0,), "int8")
HALF = {"float32", "int8_float16", "float16"}


@pytest.fixture
def gpus(monkeypatch):
    """A machine with so many GPUs; an exception stands for a driver that does not work."""

    def own(number, types=HALF):
        def count():
            if isinstance(number, Exception):
                raise number
            return number

        monkeypatch.setattr(ctranslate2, "get_cuda_device_count", count)
        monkeypatch.setattr(ctranslate2, "get_supported_compute_types", lambda kind, index: types)

    return own


@pytest.mark.parametrize(
    ("wish", "number", "device"),
    [
        ("auto", 0, CPU),
        ("auto", RuntimeError("CUDA driver version is insufficient"), CPU),
        ("auto", 2, Device("cuda", (0, 1), "float16")),
        ("cpu", 2, CPU),
        ("cpu", RuntimeError("no driver"), CPU),
        ("cuda", 1, Device("cuda", (0,), "float16")),
        ("cuda", 3, Device("cuda", (0, 1, 2), "float16")),
        ("cuda:1", 2, Device("cuda", (1,), "float16")),
        ("cuda:0,2", 3, Device("cuda", (0, 2), "float16")),
    ],
)
def test_a_wish_is_a_device(gpus, wish, number, device):
    gpus(number)
    assert choose_device(wish) == device


@pytest.mark.parametrize("wish", ["cuda", "cuda:0", "cuda:0,1"])
@pytest.mark.parametrize("number", [0, RuntimeError("CUDA driver version is insufficient")], ids=str)
def test_a_gpu_that_is_not_there_is_never_replaced_by_the_cpu(gpus, wish, number):
    gpus(number)
    with pytest.raises(UsageError, match=f"--device {wish}: 0 CUDA devices .* --device cpu"):
        choose_device(wish)


@pytest.mark.parametrize("wish", ["cuda:2", "cuda:0,2", "cuda:99"])
def test_every_gpu_that_is_named_must_be_there(gpus, wish):
    gpus(2)
    with pytest.raises(UsageError, match=f"--device {wish}: 2 CUDA devices"):
        choose_device(wish)


@pytest.mark.parametrize(
    "wish",
    ["", "gpu", "CUDA", "cuda:", "cuda:a", "cuda:0,", "cuda:-1", "cuda:0 1", "cuda:0\n", "cpu:0", "auto "],
)
def test_any_other_wish_is_refused_with_what_there_is(gpus, wish):
    gpus(2)
    with pytest.raises(UsageError, match="is not one of auto, cpu, cuda"):
        choose_device(wish)


@pytest.mark.parametrize(
    ("types", "chosen"),
    [
        (HALF, "float16"),
        ({"int8_float16", "int8_float32", "float32"}, "int8_float16"),
        ({"int8_float32", "float32"}, "int8_float32"),
        ({"float32"}, "float32"),
        ({"bfloat16"}, "default"),
    ],
)
def test_the_gpu_says_which_arithmetic_it_can_do(gpus, types, chosen):
    gpus(1, types)
    assert choose_device("cuda").compute_type == chosen
