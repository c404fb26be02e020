"""Which processor the recognizer runs on, and with which arithmetic."""

from __future__ import annotations

import re
from dataclasses import dataclass

from redactor.errors import UsageError

# CTranslate2's own advice for speed at equal accuracy: 8-bit weights on a CPU, half precision on a GPU
# (https://opennmt.net/CTranslate2/quantization.html).
_CPU_COMPUTE_TYPE = "int8"
_CUDA_COMPUTE_TYPES = ("float16", "int8_float16", "int8_float32", "float32")


@dataclass(frozen=True)
class Device:
    """A processor for one or more workers.

    Attributes
    ----------
    kind : str
        "cpu" or "cuda".
    indexes : tuple of int
        GPUs to spread workers over; (0,) on a CPU.
    compute_type : str
        CTranslate2 compute type.
    """

    kind: str
    indexes: tuple[int, ...]
    compute_type: str


def choose_device(wish: str) -> Device:
    """Turn ``--device`` into a device: "auto", "cpu", "cuda" (every GPU), "cuda:1" or "cuda:0,2".

    "auto" takes the GPUs when CTranslate2 sees any. "cuda" never falls back to the CPU.

    Raises
    ------
    UsageError
        If the wish is none of these, or names a GPU that is not there.
    """
    named = re.fullmatch(r"cuda(?::(\d+(?:,\d+)*))?", wish)
    if wish not in ("auto", "cpu") and not named:
        raise UsageError(f"--device {wish!r} is not one of auto, cpu, cuda, cuda:0, cuda:0,1")
    num_gpus = 0 if wish == "cpu" else _num_gpus()
    if wish == "cpu" or (wish == "auto" and num_gpus == 0):
        return Device("cpu", (0,), _CPU_COMPUTE_TYPE)
    wanted = tuple(range(num_gpus))
    if named and named[1]:
        wanted = tuple(int(index) for index in named[1].split(","))
    missing = [index for index in wanted if index >= num_gpus]
    if missing or not wanted:
        raise UsageError(
            f"--device {wish}: {num_gpus} CUDA devices are usable here; "
            "check the driver and the CUDA libraries that CTranslate2 needs, or use --device cpu"
        )
    return Device("cuda", wanted, _cuda_compute_type(wanted[0]))


def _num_gpus() -> int:
    import ctranslate2

    try:
        return ctranslate2.get_cuda_device_count()
    except RuntimeError:  # a driver that does not match: no usable GPU
        return 0


def _cuda_compute_type(index: int) -> str:
    import ctranslate2

    supported = ctranslate2.get_supported_compute_types("cuda", index)
    return next((t for t in _CUDA_COMPUTE_TYPES if t in supported), "default")
