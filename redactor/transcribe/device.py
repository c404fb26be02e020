"""Which processor the recognizer runs on, and with which arithmetic."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from redactor.errors import UsageError

# CTranslate2's own advice for speed at equal accuracy: 8-bit weights on a CPU, half precision on a GPU
# (https://opennmt.net/CTranslate2/quantization.html).
_CPU_COMPUTE_TYPE = "int8"
_CUDA_COMPUTE_TYPES = ("float16", "int8_float16", "int8_float32", "float32")


@dataclass(frozen=True)
class BatchLimits:
    """Windows of a batch at most, by what is done with them.

    Attributes
    ----------
    recordings : int
        Recordings that a worker has in hand, whose windows meet in batches.
    num_bytes : int
        Of their files together: a worker that hoards large ones leaves the others idle at the end.
    encoded, decoded, aligned : int
    mixed : bool
        Whether windows of several recordings may stand in one batch.
    """

    recordings: int
    num_bytes: int
    encoded: int
    decoded: int
    aligned: int
    mixed: bool


# Few windows at a time keep memory low. On a CPU states and texts are the same to the last bit alone and in a
# batch (tests/transcribe/test_whisper.py).
_CPU_LIMITS = BatchLimits(recordings=8, num_bytes=32 << 20, encoded=1, decoded=4, aligned=1, mixed=True)
# A GPU is tried with many and halved when memory runs out. Half precision sums in an order that depends on the
# size of a batch, so that a batch holds windows of one recording: what becomes of it depends on it alone.
_CUDA_LIMITS = BatchLimits(recordings=8, num_bytes=256 << 20, encoded=64, decoded=64, aligned=64, mixed=False)


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

    @property
    def limits(self) -> BatchLimits:
        return _CPU_LIMITS if self.kind == "cpu" else _CUDA_LIMITS

    @property
    def num_workers(self) -> int:
        """Worker processes that make good use of it: one a GPU, or one a CPU core."""
        if self.kind == "cuda":
            return len(self.indexes)
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a batch was too large, as CTranslate2 and CUDA say it."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and "out of memory" in str(error).lower()
    )
