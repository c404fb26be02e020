"""The heap of a worker: kept from batch to batch, and now and then given back.

A batch needs much memory for a moment. glibc gives such pieces back to the system and has every page of them
zeroed again for the next batch, unless it is told to keep them. Kept for good, they grow: pieces of many sizes
come and go on many threads, and what lies between them is never used again. So once in a while all that is free
is given back, which costs the zeroing of what the next batch needs.
"""

from __future__ import annotations

import contextlib
import ctypes
import threading
import time

from redactor.types import Seconds

# To be set before a process starts. The last asks for large pages.
MEMORY_VARIABLES = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TOP_PAD_": str(64 << 20),
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
GIVE_BACK_EVERY_S: Seconds = 30.0


class Heap:
    """Gives free memory back to the system, at most so often; nothing where there is no glibc.

    Parameters
    ----------
    every_s : float
        Seconds.
    """

    def __init__(self, every_s: Seconds = GIVE_BACK_EVERY_S) -> None:
        self._every = every_s
        self._turn = threading.Lock()
        self._last = time.monotonic()
        self._trim = None
        with contextlib.suppress(OSError, AttributeError):  # musl and macOS have no such function
            self._trim = ctypes.CDLL(None).malloc_trim

    def give_back(self) -> None:
        """To be called between recordings, from any thread."""
        with self._turn:
            due = time.monotonic() - self._last >= self._every
            if not due or self._trim is None:
                return
            self._last = time.monotonic()
        self._trim(0)
