"""A Whisper that was taught more: what it learned lies in small matrices, and is added to its weights here.

Low-rank adaptation (Hu et al., "LoRA", arXiv:2106.09685): beside a matrix of weights W only B @ A is learned,
two narrow matrices. They ship by themselves, and the weights come from where they always came from. All of it
is computed in whole numbers and powers of two: the sum has the same bytes on every machine, and the registry
can hold the finished file to its digest.
"""

from __future__ import annotations

import math
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from redactor.errors import ModelError

# Of CTranslate2's files (python/ctranslate2/specs/model_spec.py): their version, and the kinds of numbers.
_VERSION = 6
_KINDS = (np.float32, np.int8, np.int16, np.int32, np.float16)
_FLOAT16 = 4


@dataclass(frozen=True)
class _Place:
    """Where a matrix lies in a file."""

    at: int
    num_bytes: int
    shape: tuple[int, ...]
    kind: int


def adapt(weights: bytearray, adapter: Path) -> None:
    """Add what an adapter holds to the weights of a CTranslate2 model, in place.

    Parameters
    ----------
    weights : bytearray
        ``model.bin`` with weights of 16 bits.
    adapter : pathlib.Path
        ``.npz`` file; for each matrix NAME of the model that was taught, of shape [num_out, num_in], it holds
        ``NAME:A`` int8 [rank, num_in], ``NAME:B`` int8 [num_out, rank], and ``NAME:scale`` int8, the power of
        two by which their product is multiplied.

    Raises
    ------
    ModelError
        If one of the two is no such file, or they do not belong together.
    """
    try:
        places = _places(weights)
        with np.load(adapter, allow_pickle=False) as learned:
            for name in sorted(key.removesuffix(":A") for key in learned.files if key.endswith(":A")):
                _add(weights, places[name], *(learned[f"{name}:{part}"] for part in ("A", "B", "scale")))
    except (OSError, EOFError, ValueError, KeyError, IndexError, struct.error, zipfile.BadZipFile):
        raise ModelError(
            f"adapter {adapter.name!r} and the weights that it is for do not belong together; "
            "install redactor again from its checkout or wheel"
        ) from None


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """Every variable of a CTranslate2 model by name, as it stands there.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError, IndexError, struct.error
        If it is no such file.
    """
    weights = bytearray(path.read_bytes())
    return {
        name: np.frombuffer(weights, _KINDS[place.kind], math.prod(place.shape), place.at).reshape(place.shape)
        for name, place in _places(weights).items()
    }


def _add(weights: bytearray, place: _Place, a: np.ndarray, b: np.ndarray, scale: np.ndarray) -> None:
    if place.kind != _FLOAT16 or place.shape != (len(b), a.shape[1]):
        raise ValueError
    old = np.frombuffer(weights, np.float16, len(b) * a.shape[1], place.at).reshape(place.shape)
    learned = np.ldexp((b.astype(np.int64) @ a.astype(np.int64)).astype(np.float64), int(scale))
    new = (old.astype(np.float64) + learned).astype(np.float16)
    weights[place.at : place.at + place.num_bytes] = new.tobytes()


def _places(weights: bytearray) -> dict[str, _Place]:
    """Every variable of a CTranslate2 model by name."""
    at = 0

    def number(form: str) -> int:
        nonlocal at
        (value,) = struct.unpack_from(f"<{form}", weights, at)
        at += struct.calcsize(form)
        return int(value)

    def text() -> str:
        nonlocal at
        size = number("H")
        at += size
        return bytes(weights[at - size : at - 1]).decode()

    if number("I") != _VERSION:
        raise ValueError
    text()  # the kind of model
    number("I")
    places = {}
    for _ in range(number("I")):
        name = text()
        shape = tuple(number("I") for _ in range(number("B")))
        kind, num_bytes = number("B"), number("I")
        if at + num_bytes > len(weights):
            raise ValueError
        places[name] = _Place(at, num_bytes, shape, kind)
        at += num_bytes
    return places
