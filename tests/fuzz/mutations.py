"""What is done to a file before a decoder gets it, and what has to hold of whatever comes out.

Run as a program it does so over and over, in a process of its own, so that a crash is a finding:

    python tests/fuzz/mutations.py SEED NUM_EXAMPLES FOLDER [NUMBER]

FOLDER/last is what the decoder was given last, and FOLDER/peak the bytes of memory that all of it took at most.
Fails with a traceback where something was raised, or where a file took more than a minute.
"""

from __future__ import annotations

import faulthandler
import io
import struct
import sys
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from redactor.audio import oggpages, problems
from redactor.audio.problems import Fault
from redactor.audio.recording import BLOCK_SAMPLES, open_recording
from redactor.errors import RecordingError

CORPUS = Path(__file__).parent / "corpus"
SEEDS = {path.name: path.read_bytes() for path in sorted((CORPUS / "seeds").iterdir())}
MAX_SAMPLES = 1 << 21

_EXTREMES = {
    "B": (0, 1, 0x7F, 0x80, 0xFF),
    "H": (0, 1, 0x7FFF, 0x8000, 0xFFFF),
    "I": (0, 1, 0xFFFF, 0x01000000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF),
    "Q": (0, 1, 0xFFFFFFFF, 1 << 40, (1 << 63) - 1, 1 << 63, (1 << 64) - 1),
}
# Headers are at the beginning, in MP4 at the end: half of what is done is done there.
_places = st.one_of(st.integers(0, 199), st.integers(-900, -1), st.integers(0, 1 << 16))
_fields = st.sampled_from("<>").flatmap(
    lambda order: st.sampled_from("BHIQ").flatmap(
        lambda code: st.sampled_from(_EXTREMES[code]).map(lambda value: struct.pack(order + code, value))
    )
)
_steps = st.one_of(
    st.tuples(st.just("flip"), _places, st.integers(1, 255)),
    st.tuples(st.just("set"), _places, _fields),
    st.tuples(st.just("set"), _places, st.binary(min_size=1, max_size=8)),
    st.tuples(st.just("cut"), _places, st.none()),
    st.tuples(st.just("remove"), _places, st.integers(1, 300)),
    st.tuples(st.just("repeat"), _places, st.integers(1, 300)),
    st.tuples(st.just("splice"), _places, st.sampled_from(sorted(SEEDS))),
)
examples = st.tuples(st.lists(_steps, min_size=1, max_size=4), st.booleans(), st.sampled_from([0, 1 << 20]))


def mutated(data: bytes, steps: list, *, with_checksums: bool) -> bytes:
    """A file after these steps; where it is Ogg, its checksums may be put right: past them lies the decoder."""
    for kind, place, value in steps:
        at = place % (len(data) + 1)
        if kind == "flip" and at < len(data):
            data = data[:at] + bytes([data[at] ^ value]) + data[at + 1 :]
        elif kind == "set":
            data = data[:at] + value + data[at + len(value) :]
        elif kind == "cut":
            data = data[:at]
        elif kind == "remove":
            data = data[:at] + data[at + value :]
        elif kind == "repeat":
            data = data[: at + value] + data[at:]
        elif kind == "splice":
            data = data[:at] + SEEDS[value][at % len(SEEDS[value]) :]
    return _checksums_put_right(data) if with_checksums and data[:4] == b"OggS" else data


def _checksums_put_right(data: bytes) -> bytes:
    pages = []
    try:
        for page in oggpages.pages(io.BytesIO(data)):
            crc = struct.pack("<I", oggpages.checksum(page.data))
            pages.append(page.data[:22] + crc + page.data[26:])
    except Fault:
        return data
    return b"".join(pages)


def check(path: Path, *, keep_bytes: int) -> str:
    """Decode a file twice, and hold what comes out against what is promised; the reason if nothing does."""
    try:
        with open_recording(path, max_samples=MAX_SAMPLES, keep_bytes=keep_bytes) as recording:
            first, second = (_digest(recording) for _ in range(2))
            assert first == second
    except RecordingError as error:
        assert error.reason in problems.REASONS
        assert str(error).isprintable()
        assert error.__cause__ is None
        return error.reason
    return "decoded"


def _digest(recording) -> int:
    """Every block is well-formed, and their samples are as many as promised."""
    num_samples, digest = 0, 0
    for block in recording.blocks():
        assert 0 < len(block) <= BLOCK_SAMPLES
        assert block.shape == (len(block), recording.num_channels)
        assert block.dtype == recording.dtype
        assert block.dtype.name in ("int16", "int32", "float32", "float64")
        assert block.flags.c_contiguous
        assert block.flags.writeable
        assert np.isfinite(block).all()
        num_samples += len(block)
        digest = hash((digest, block.tobytes()))
    assert num_samples == recording.num_samples > 0
    assert 1_000 <= recording.sample_rate <= 768_000
    return digest


def main(name: str, num_examples: str, folder: str, number: str = "0") -> None:
    path = Path(folder) / "last"

    @seed(f"{name} {number}")
    @settings(
        max_examples=int(num_examples),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(examples)
    def decode(example):
        steps, with_checksums, keep_bytes = example
        path.write_bytes(mutated(SEEDS[name], steps, with_checksums=with_checksums))
        faulthandler.dump_traceback_later(60, exit=True)
        check(path, keep_bytes=keep_bytes)

    before = peak_bytes()
    decode()
    faulthandler.cancel_dump_traceback_later()
    path.with_name("peak").write_text(str(peak_bytes() - before))


def peak_bytes() -> int:
    """Most memory that this program took; what getrusage says counts whoever started it as well."""
    status = Path("/proc/self/status").read_text()
    return 1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main(*sys.argv[1:])
