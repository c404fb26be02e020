"""Whatever a recording holds: samples or a RecordingError, in little memory, and not a word of it is said."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from mutations import CORPUS, SEEDS, check, examples, mutated

from redactor.audio import chunks
from redactor.audio.problems import Fault
from redactor.audio.source import Source

pytestmark = pytest.mark.long

HERE = Path(__file__).parent
TITLE = "Ada Quill"
NUM_EXAMPLES = 150
# For make storm: how many, and which: another number gives others.
NUM_STORM = os.environ.get("REDACTOR_FUZZ_EXAMPLES", "20000")
STORM = os.environ.get("REDACTOR_FUZZ_SEED", "0")
MIB = 1 << 20

needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")


@pytest.mark.parametrize("name", SEEDS)
def test_every_seed_is_whole(tmp_path, name):
    (tmp_path / "call").write_bytes(SEEDS[name])
    assert check(tmp_path / "call", keep_bytes=0) == "decoded"


def test_the_corpus_is_small_and_holds_something_to_give_away():
    assert sum(path.stat().st_size for path in CORPUS.rglob("*")) < 100_000
    assert sum(TITLE.encode() in data for data in SEEDS.values()) > len(SEEDS) / 2


@pytest.mark.parametrize("name", SEEDS)
def test_altered_bytes_give_samples_or_a_recording_error_and_nothing_is_said(tmp_path, capfd, name):
    path = tmp_path / "call"
    outcomes = set()

    @settings(
        max_examples=NUM_EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(examples)
    def decode(example):
        steps, with_checksums, keep_bytes = example
        path.write_bytes(mutated(SEEDS[name], steps, with_checksums=with_checksums))
        outcomes.add(check(path, keep_bytes=keep_bytes))

    decode()
    assert len(outcomes) > 2, "what is done to a file makes no difference"
    assert TITLE not in "".join(capfd.readouterr())


@needs_proc
@pytest.mark.storm
@pytest.mark.parametrize("name", SEEDS)
def test_a_storm_of_altered_bytes_neither_crashes_nor_hangs_nor_swells(tmp_path, name):
    argv = [sys.executable, HERE / "mutations.py", name, NUM_STORM, tmp_path, STORM]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.returncode} at {tmp_path / 'last'}:\n{done.stderr}"
    assert TITLE not in done.stdout + done.stderr
    assert int((tmp_path / "peak").read_text()) < 200 * MIB


@needs_proc
@pytest.mark.parametrize("path", sorted((CORPUS / "crashes").iterdir()), ids=lambda path: path.name)
def test_what_crashed_a_decoder_once_does_so_no_more(path):
    what, _ = measured(path)
    assert float(what) > 0


MEASURED = """
import sys
from pathlib import Path
from mutations import peak_bytes
from redactor.audio.recording import open_recording
from redactor.errors import RecordingError
import av, soundfile
before = peak_bytes()
try:
    with open_recording(Path(sys.argv[1])) as recording:
        what = sum(map(len, recording.blocks())) / recording.sample_rate
except RecordingError as error:
    what = error.reason
print(what, peak_bytes() - before)
"""


def measured(path):
    """What comes of a recording in a process of its own, and the bytes of memory that it took."""
    argv = [sys.executable, "-c", MEASURED, path]
    done = subprocess.run(argv, cwd=HERE, capture_output=True, text=True, check=True, timeout=300)
    assert done.stderr == ""
    what, taken = done.stdout.split()
    return what, int(taken)


@needs_proc
@pytest.mark.parametrize("path", sorted((CORPUS / "bombs").iterdir()), ids=lambda path: path.name)
def test_a_small_file_that_asks_for_much_memory_gets_none(path):
    what, taken = measured(path)
    assert what == "damaged"
    assert taken < 30 * MIB


def compressed_index():
    """QuickTime with its index packed by zlib: a megabyte of it may unfold to a gigabyte."""
    body = zlib.compress(bytes(1 << 20))
    held = box(b"dcom", b"zlib") + box(b"cmvd", struct.pack(">I", 1 << 20) + body)
    return box(b"ftyp", b"qt  " + bytes(4)) + box(b"moov", box(b"cmov", held)) + box(b"mdat", bytes(8))


def box(name, body):
    return struct.pack(">I4s", 8 + len(body), name) + body


def with_long_size(data, name):
    """MP4 in which the size of a box is written in eight bytes, as it may be of any."""
    at = data.index(name) - 4
    (size,) = struct.unpack(">I", data[at : at + 4])
    data = data[:at] + struct.pack(">I4sQ", 1, name, size + 8) + data[at + 8 :]
    for outer in (b"stbl", b"minf", b"mdia", b"trak", b"moov", b"traf", b"moof"):
        at = data.find(outer) - 4
        if at >= 0:
            (size,) = struct.unpack(">I", data[at : at + 4])
            data = data[:at] + struct.pack(">I", size + 8) + data[at + 4 :]
    return data


@needs_proc
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (compressed_index(), "unsupported-codec"),
        (with_long_size((CORPUS / "bombs" / "packets.m4a").read_bytes(), b"stsz"), "damaged"),
        (with_long_size((CORPUS / "bombs" / "fragment.m4a").read_bytes(), b"trun"), "damaged"),
    ],
)
def test_other_ways_to_ask_for_much_memory_get_none_either(tmp_path, data, reason):
    (tmp_path / "call").write_bytes(data)
    what, taken = measured(tmp_path / "call")
    assert what == reason
    assert taken < 30 * MIB


@pytest.mark.parametrize("title", [b"SIP trunk", b"trunk", b"trunk1", b"a trun\tk", b"cmov"])
def test_a_title_that_names_a_table_of_mp4_is_none(tmp_path, title):
    data = SEEDS["m4a"].replace(TITLE.encode(), title.ljust(len(TITLE)))
    assert data != SEEDS["m4a"]
    (tmp_path / "call").write_bytes(data)
    assert check(tmp_path / "call", keep_bytes=0) == "decoded"


@pytest.mark.parametrize("head", [b"RIFF", b"OggS", b""])
def test_a_file_that_nobody_could_read_to_its_end_is_not_begun_with(tmp_path, head):
    with (tmp_path / "call").open("wb") as file:
        file.write(head)
        file.truncate(1 << 40)  # sparse
    assert check(tmp_path / "call", keep_bytes=0) == "too-long"


def test_a_header_of_negative_length_is_not_the_whole_file(tmp_path):
    path = tmp_path / "call"
    with path.open("wb") as file:
        file.write(b"NIST_1A\n     -1\n")
        file.truncate(1 << 34)
    with path.open("rb") as raw, pytest.raises(Fault, match="damaged"):
        chunks.nist(Source(raw, 1 << 34))


def silence(container, subtype, *, seconds, num_channels=1, sample_rate=8_000):
    held = io.BytesIO()
    left = seconds * sample_rate
    with soundfile.SoundFile(held, "w", sample_rate, num_channels, subtype, None, container) as file:
        zeros = np.zeros((16_384, num_channels), np.int16)
        while left > 0:
            file.write(zeros[:left])
            left -= len(zeros)
    return held.getvalue()


@needs_proc
@pytest.mark.parametrize(
    ("container", "subtype", "hours", "num_channels", "most_bytes", "most_mib"),
    [
        ("FLAC", "PCM_16", 6, 1, 600_000, 48),
        ("OGG", "VORBIS", 1, 1, 300_000, 48),
        ("OGG", "OPUS", 0.05, 1, 50_000, 48),
        ("MP3", "MPEG_LAYER_III", 0.4, 1, 1_500_000, 48),
        ("OGG", "VORBIS", 0.0025, 255, 40_000, 200),  # a block of 65,536 samples has 64 MiB
    ],
)
def test_hours_in_a_small_file_take_no_more_memory_than_minutes(
    tmp_path, container, subtype, hours, num_channels, most_bytes, most_mib
):
    """Read twice: once to be checked, once in blocks. Of 32 MiB and less all is kept, of more nothing."""
    seconds = round(hours * 3600)
    (tmp_path / "call").write_bytes(silence(container, subtype, seconds=seconds, num_channels=num_channels))
    assert (tmp_path / "call").stat().st_size < most_bytes
    what, taken = measured(tmp_path / "call")
    assert float(what) == pytest.approx(seconds, abs=0.1)
    assert taken < most_mib * MIB
