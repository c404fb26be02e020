"""A worker's heap: what batches leave free goes back to the system."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from redactor.engines.memory import MEMORY_VARIABLES

BODY = """
from pathlib import Path
from redactor.engines.memory import Heap

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

heap = Heap(every_s={every})
pieces = [b"x" * 100_000 for _ in range(2_000)]
kept = pieces[::100]
full = resident()
del pieces
heap.give_back()
print(full - resident())
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize(("every", "given_back"), [(0, True), (3600, False)])
def test_free_memory_between_pieces_in_use_is_given_back_once_it_is_time(every: int, given_back: bool) -> None:
    out = subprocess.run(
        [sys.executable, "-c", BODY.format(every=every)],
        env={**os.environ, **MEMORY_VARIABLES}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (int(out.stdout) > 100e6) == given_back
