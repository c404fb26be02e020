"""Samples a block at a time: how large a block is, and how pieces of any size become blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

# Some seconds of a call; large enough that a loop over blocks costs nothing, small against any recording.
BLOCK_SAMPLES = 1 << 16


def in_blocks(pieces: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The same samples in blocks of `BLOCK_SAMPLES`, the last one shorter.

    What an encoder writes may depend on where its input was cut, so every reader's samples are cut alike.

    Parameters
    ----------
    pieces : iterable of numpy.ndarray, shape [any, num_channels]
        All of one type and of as many channels; the caller has no more use for them.

    Yields
    ------
    numpy.ndarray, shape [BLOCK_SAMPLES or fewer, num_channels]
        C-contiguous, writable, shared with nobody.
    """
    block, filled = None, 0
    for piece in pieces:
        if not filled and len(piece) == BLOCK_SAMPLES and piece.flags.c_contiguous and piece.flags.writeable:
            yield piece
            continue
        while len(piece):
            if block is None:
                block = np.empty((BLOCK_SAMPLES, piece.shape[1]), piece.dtype)
            taken = piece[: BLOCK_SAMPLES - filled]
            block[filled : filled + len(taken)] = taken
            piece = piece[len(taken) :]
            filled += len(taken)
            if filled == BLOCK_SAMPLES:
                yield block
                block, filled = None, 0
    if filled:
        yield block[:filled]


def copied_blocks(samples: np.ndarray) -> Iterator[np.ndarray]:
    """Blocks of an array [num_samples, num_channels] that stays as it is whatever is done to them."""
    for start in range(0, len(samples), BLOCK_SAMPLES):
        yield np.array(samples[start : start + BLOCK_SAMPLES], order="C")
