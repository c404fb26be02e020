"""What `decode` refuses, each with its own reason, and that nothing else ever comes out of it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from audio_files import (
    av_bytes,
    chunk,
    mov_without_its_last_bytes,
    mp4_without_its_last_packets,
    noise,
    sndfile_bytes,
    tone,
    wav_bytes,
)

from redactor.audio import avfile, chunks, oggpages, problems, recording, sndfile
from redactor.audio.decode import decode
from redactor.audio.passes import checked_blocks
from redactor.audio.source import Promise, Source
from redactor.errors import DecodeError, RecordingError, UnreadableError

PCM = noise(4_000, 1, "int16")


def sound(container, subtype, **options):
    return sndfile_bytes(tone(20_000), container, subtype, **options)


def without_tail(data: bytes, count: int) -> bytes:
    return data[:-count]


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def patched(data: bytes, offset: int, replacement: bytes) -> bytes:
    return data[:offset] + replacement + data[offset + len(replacement) :]


def zeros_in_the_middle(data: bytes, count: int = 60) -> bytes:
    return patched(data, len(data) // 2, bytes(count))


def bit_flipped_in_the_middle(data: bytes) -> bytes:
    middle = len(data) // 2
    return patched(data, middle, bytes([data[middle] ^ 0x10]))


def ogg_without_its_last_page(data: bytes) -> bytes:
    return data[: data.rindex(b"OggS")]


def ogg_page_removed(data: bytes) -> bytes:
    third = data.index(b"OggS", data.index(b"OggS", data.index(b"OggS", 4) + 4) + 4)
    fourth = data.index(b"OggS", third + 4)
    return data[:third] + data[fourth:]


def after(data: bytes, mark: bytes, skip: int, replacement: bytes) -> bytes:
    """`data` with other bytes `skip` behind the end of the first `mark`."""
    return patched(data, data.index(mark) + len(mark) + skip, replacement)


def flac_info(*, num_samples: int | None = None, rate: int | None = None) -> bytes:
    data = sndfile_bytes(PCM, "FLAC", "PCM_16")
    packed = int.from_bytes(data[18:26], "big")
    if num_samples is not None:
        packed = packed >> 36 << 36 | num_samples
    if rate is not None:
        packed = packed & (1 << 44) - 1 | rate << 44
    return patched(data, 18, packed.to_bytes(8, "big"))


def rf64(data_size: int) -> bytes:
    data = sndfile_bytes(PCM, "RF64", "PCM_16")
    return after(data, b"ds64", 12, struct.pack("<Q", data_size))


def aiff_rate(exponent: int, mantissa: int = 1 << 63) -> bytes:
    data = sndfile_bytes(PCM, "AIFF", "PCM_16")
    return after(data, b"COMM", 12, struct.pack(">HQ", exponent, mantissa))


AAC = av_bytes(tone(40_000), "ipod", "aac")
ADTS = av_bytes(tone(40_000), "adts", "aac")
MKA = av_bytes(tone(40_000), "matroska", "aac")
WMA = av_bytes(tone(40_000), "asf", "wmav2")
AMR = b"#!AMR\n" + (b"\x3c" + bytes(31)) * 20
MP3 = sound("MP3", "MPEG_LAYER_III")
MP3_STEREO_48K = sndfile_bytes(tone(20_000, 2), "MP3", "MPEG_LAYER_III", sample_rate=48_000)
FLAC = sndfile_bytes(PCM, "FLAC", "PCM_16")
VORBIS = sndfile_bytes(noise(200_000, 1, "int16"), "OGG", "VORBIS")
OPUS = sndfile_bytes(noise(200_000, 1, "int16"), "OGG", "OPUS")
NAN = struct.pack("<4f", 0.0, 0.5, float("nan"), 0.1)
INF = struct.pack("<4f", 0.0, 0.5, float("-inf"), 0.1)

REFUSED = {
    "empty-file": [b""],
    "not-audio": [
        b"Dear Sir, this is a letter.\n",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"RIFF\x24\0\0\0AVI LIST" + bytes(40),
        b"FORM\0\0\0\x24ILBM" + bytes(40),
        b"#EXTM3U\n#EXTINF:10,\n/etc/passwd\n",
        b"ffconcat version 1.0\nfile '/etc/passwd'\n",
        bytes(5_000),
        b"R",
        b"\xff\xff\xff\xff" * 100,
        b"ID3\x03\0\0\0\0\0\x05title and then a letter",
    ],
    "truncated-header": [
        b"RIFF",
        wav_bytes()[:20],
        wav_bytes()[:36],
        wav_bytes()[:40],
        b"RIFF\x24\0\0\0WAVE" + chunk(b"data", bytes(20)),
        b"RIFF\x24\0\0\0WAVE" + chunk(b"fmt ", bytes(8)) + chunk(b"data", bytes(20)),
        FLAC[:30],
        sndfile_bytes(PCM, "AU", "PCM_16")[:20],
        sndfile_bytes(PCM, "AIFF", "PCM_16")[:30],
        sndfile_bytes(PCM, "W64", "PCM_16")[:60],
        sndfile_bytes(PCM, "NIST", "PCM_16")[:40],
        b"NIST_1A\n   1024\n" + b"sample_count -i x\n".ljust(1_010),
    ],
    "truncated": [
        wav_bytes(data_size=100),
        half(wav_bytes(PCM.tobytes())),
        without_tail(wav_bytes(PCM.tobytes()), 1),
        wav_bytes(PCM.tobytes(), before=struct.pack("<4sI", b"LIST", 1 << 20)),
        half(sndfile_bytes(PCM, "WAV", "GSM610")),
        half(sndfile_bytes(PCM, "WAV", "IMA_ADPCM")),
        half(sndfile_bytes(PCM, "WAV", "PCM_16", endian="BIG")),
        half(sndfile_bytes(PCM, "WAVEX", "PCM_24")),
        half(sndfile_bytes(PCM, "RF64", "PCM_16")),
        rf64(1 << 40),
        half(sndfile_bytes(PCM, "W64", "PCM_16")),
        half(sndfile_bytes(PCM, "AIFF", "PCM_16")),
        half(sndfile_bytes(PCM, "AU", "PCM_16")),
        half(sndfile_bytes(PCM, "CAF", "PCM_16")),
        without_tail(sndfile_bytes(PCM, "CAF", "PCM_16"), 10),
        without_tail(sndfile_bytes(PCM, "CAF", "ALAC_16"), 10),
        half(sndfile_bytes(PCM, "NIST", "PCM_16")),
        half(VORBIS),
        without_tail(VORBIS, 10),
        ogg_without_its_last_page(VORBIS),
        half(OPUS),
        ogg_without_its_last_page(OPUS),
        half(MP3),
        without_tail(MP3, 10),
        half(AAC),
        without_tail(AAC, 1),
        half(ADTS),
        half(MKA),
        half(WMA),
        without_tail(AMR, 1),
    ],
    "unfinished": [
        wav_bytes(PCM.tobytes(), data_size=0xFFFFFFFF),
        wav_bytes(PCM.tobytes(), data_size=0x7FFFF024),
        wav_bytes(PCM.tobytes(), data_size=0),
        sndfile_bytes(PCM, "AU", "PCM_16")[:8] + b"\xff" * 4 + sndfile_bytes(PCM, "AU", "PCM_16")[12:],
        after(sndfile_bytes(PCM, "CAF", "PCM_16"), b"data", 0, b"\xff" * 8),
        after(sndfile_bytes(PCM, "AIFF", "PCM_16"), b"SSND", 0, bytes(4)),
        after(sndfile_bytes(PCM, "AIFF", "PCM_16"), b"COMM", 6, bytes(4)),
        flac_info(num_samples=0),
        AAC.replace(b"moov", b"free"),
        after(MKA, bytes.fromhex("18538067"), 0, b"\x01" + b"\xff" * 7),
    ],
    "damaged": [
        zeros_in_the_middle(FLAC),
        bit_flipped_in_the_middle(FLAC),
        patched(FLAC, 30, bytes([FLAC[30] ^ 1])),  # the MD5 itself
        flac_info(num_samples=3_999),
        zeros_in_the_middle(VORBIS),
        bit_flipped_in_the_middle(VORBIS),
        ogg_page_removed(VORBIS),
        bit_flipped_in_the_middle(OPUS),
        VORBIS + b"junk behind the end",
        zeros_in_the_middle(MP3, 400),
        patched(MP3, len(MP3) // 2, b"letter" * 200),
        MP3 + MP3,
        zeros_in_the_middle(ADTS, 2_000),
        zeros_in_the_middle(AAC, 2_000),
        b"\0\0\0\x03ftyp" + bytes(20),
        wav_bytes(bits=0),
        # samples said to be twice as wide as they are, by the size of all channels together
        patched(wav_bytes(PCM.tobytes()), 32, struct.pack("<H", 4)),
        patched(sndfile_bytes(PCM, "W64", "PCM_16"), 76, struct.pack("<H", 4)),
        AMR + b"\x5c" + bytes(20),
    ],
    "no-channels": [
        wav_bytes(channels=0),
        after(sndfile_bytes(PCM, "AIFF", "PCM_16"), b"COMM", 4, bytes(2)),
        patched(sndfile_bytes(PCM, "AU", "PCM_16"), 20, bytes(4)),
        after(sndfile_bytes(PCM, "CAF", "PCM_16"), b"desc", 32, bytes(4)),
    ],
    "bad-rate": [
        wav_bytes(rate=0),
        wav_bytes(rate=1),
        wav_bytes(rate=0xFFFFFFFF),
        flac_info(rate=0),
        aiff_rate(0),
        aiff_rate(0x7FFF),
        patched(sndfile_bytes(PCM, "AU", "PCM_16"), 16, bytes(4)),
        after(sndfile_bytes(PCM, "CAF", "PCM_16"), b"desc", 8, struct.pack(">d", float("nan"))),
    ],
    "no-samples": [
        wav_bytes(b""),
        wav_bytes(b"", after=chunk(b"LIST", b"INFO")),
        patched(flac_info(num_samples=0)[:42], 4, b"\x80"),
        sndfile_bytes(PCM[:0], "AIFF", "PCM_16"),
        sndfile_bytes(PCM[:0], "AU", "PCM_16"),
        sndfile_bytes(PCM[:0], "W64", "PCM_16"),
        av_bytes(tone(1), "ipod", "aac"),
        b"#!AMR\n",
        b"ID3\x03\0\0\0\0\0\x05title",
    ],
    "non-finite": [
        wav_bytes(NAN, tag=3, bits=32),
        wav_bytes(INF, tag=3, bits=32),
        wav_bytes(struct.pack("<2d", 0.0, float("nan")), tag=3, bits=64),
    ],
    "several-streams": [
        av_bytes(tone(20_000), "ipod", "aac", tracks=2),
        VORBIS + OPUS,
        AAC + AAC,
        FLAC + FLAC,
        FLAC + b"ID3\x03\0\0\0\0\0\x05title" + FLAC,
        wav_bytes(PCM.tobytes()) * 2,
        wav_bytes(PCM.tobytes(), after=chunk(b"LIST", b"INFO")) * 2,
        sndfile_bytes(PCM, "WAV", "PCM_16", endian="BIG") * 2,
        sndfile_bytes(PCM, "RF64", "PCM_16") * 2,
        wav_bytes(PCM.tobytes()) + sndfile_bytes(PCM, "RF64", "PCM_16"),
        sndfile_bytes(PCM, "AU", "PCM_16") * 2,
        sndfile_bytes(PCM, "W64", "PCM_16") * 2,
    ],
    "format-changes": [
        MP3 + MP3_STEREO_48K,
        ADTS + av_bytes(tone(40_000, 2), "adts", "aac"),
        ADTS + av_bytes(tone(40_000), "adts", "aac", sample_rate=24_000),
    ],
    "unsupported-codec": [b"#!AMR_MC1.0\n" + bytes(50)],
}
CASES = [(reason, data) for reason, planted in REFUSED.items() for data in planted]


@pytest.mark.parametrize(
    ("reason", "data"), CASES, ids=[f"{reason}-{n}" for n, (reason, _) in enumerate(CASES)]
)
def test_refused_with_its_reason(tmp_path, capfd, reason, data):
    path = tmp_path / "call.wav"
    path.write_bytes(data)
    with pytest.raises(DecodeError) as caught:
        decode(path)
    assert caught.value.reason == reason
    message = str(caught.value)
    assert message.startswith("'call.wav': ")
    assert message.isprintable()
    assert "letter" not in message
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert not caught.value.args[1:]


@pytest.mark.parametrize(("num_missing", "is_whole"), [(0, True), (1, False), (2, False), (41, False)])
def test_packets_that_an_mp4_index_lists_have_to_be_there(tmp_path, num_missing, is_whole):
    path = tmp_path / "call.m4a"
    path.write_bytes(mp4_without_its_last_packets(AAC, num_missing))
    if is_whole:
        assert decode(path).audio.num_samples == 40_960
        return
    with pytest.raises(DecodeError, match="promises more sound") as caught:
        decode(path)
    assert caught.value.reason == "truncated"


@pytest.mark.parametrize(
    ("num_missing", "reason"),
    # FFmpeg makes packets of 1,024 samples: cut inside one, and between two
    [(0, None), (4, "damaged"), (4096, "damaged"), (57 * 4, "truncated"), ((57 + 1024) * 4, "truncated")],
)
def test_samples_that_a_quicktime_index_lists_have_to_be_there(tmp_path, num_missing, reason):
    sound = noise(12_345, 2, "int16")
    data = av_bytes(sound, "mov", "pcm_s16le", sample_format="s16", cuts=12)
    path = tmp_path / "call.mov"
    path.write_bytes(mov_without_its_last_bytes(data, num_missing))
    if reason is None:
        np.testing.assert_array_equal(decode(path).audio.samples, sound)
        return
    with pytest.raises(DecodeError) as caught:
        decode(path)
    assert caught.value.reason == reason


def test_a_decoder_that_ends_early_is_truncated(tmp_path, monkeypatch):
    path = tmp_path / "call.ogg"
    path.write_bytes(VORBIS)
    block, given = sndfile.SequentialFile.block, []

    def ends_early(file, num_samples, dtype):
        given.append(block(file, num_samples if not given else 0, dtype))
        return given[-1]

    monkeypatch.setattr(sndfile.SequentialFile, "block", ends_early)
    with pytest.raises(DecodeError) as caught:
        decode(path)
    assert caught.value.reason == "truncated"


class Given:
    """A reader of what it was given, at 8 kHz."""

    sample_rate, num_channels, dtype = 8_000, 1, np.dtype(np.int16)

    def __init__(self, *sizes):
        self.expected, self.sizes = sum(sizes), sizes

    def pieces(self):
        return (np.ones((size, 1), np.int16) for size in self.sizes)


@pytest.mark.parametrize(
    ("sizes", "promised", "reason"),
    [
        ((5, 5), 11, "truncated"),
        ((5, 5), 9, "truncated"),
        ((), None, "no-samples"),
        ((0,), 0, "no-samples"),
        ((5, 16), None, "too-long"),
    ],
)
def test_what_a_reader_gives_is_held_against_the_promise(sizes, promised, reason):
    with pytest.raises(problems.Fault, match=reason):
        list(checked_blocks(Given(*sizes), Promise(promised), max_samples=20))


@pytest.mark.parametrize(("sizes", "promised"), [((5, 5), 10), ((5, 5), None), ((5, 15), None)])
def test_what_a_reader_gives_as_promised_passes(sizes, promised):
    blocks = list(checked_blocks(Given(*sizes), Promise(promised), max_samples=20))
    assert sum(map(len, blocks)) == sum(sizes)


def test_every_reason_has_a_case():
    elsewhere = set(problems._UNREADABLE) | {"too-long"}
    assert set(REFUSED) == problems.REASONS - elsewhere


def test_a_riff_file_over_4_gib_is_unfinished(tmp_path):
    path = tmp_path / "big.wav"
    path.write_bytes(wav_bytes(PCM.tobytes()))
    os.truncate(path, (1 << 32) + 1_000)  # sparse; refused before anything but the header is hashed
    with path.open("rb") as raw, pytest.raises(problems.Fault, match="unfinished"):
        chunks.wav(Source(raw, path.stat().st_size))


@pytest.mark.parametrize("data", [wav_bytes(PCM.tobytes()), FLAC, AAC], ids=["wav", "flac", "aac"])
def test_longer_than_the_limit(tmp_path, data):
    path = tmp_path / "call"
    path.write_bytes(data)
    count = decode(path).audio.samples.size
    assert decode(path, max_samples=count).audio.samples.size == count
    with pytest.raises(DecodeError, match="longer than the limit") as caught:
        decode(path, max_samples=count - 1)
    assert caught.value.reason == "too-long"


def test_a_header_that_promises_a_year_is_too_long(tmp_path):
    path = tmp_path / "bomb.flac"
    path.write_bytes(flac_info(num_samples=(1 << 36) - 1))
    with pytest.raises(DecodeError) as caught:
        decode(path)
    assert caught.value.reason == "too-long"


@pytest.mark.parametrize(
    "data",
    [
        wav_bytes(PCM.tobytes(), after=chunk(b"LIST", b"INFO")),
        wav_bytes(PCM.tobytes(), before=chunk(b"JUNK", bytes(27))),
        wav_bytes(PCM.tobytes(), after=b"TAG" + bytes(125)),
        wav_bytes(PCM.tobytes(), after=chunk(b"LIST", b"INFORIFF")),
        wav_bytes(PCM.tobytes(), after=bytes(1 << 20)),
        b"ID3\x03\0\0\0\0\0\x05title" + FLAC,
    ],
)
def test_near_misses_are_read_whole(tmp_path, data):
    path = tmp_path / "call"
    path.write_bytes(data)
    np.testing.assert_array_equal(decode(path).audio.samples, PCM)


@pytest.mark.parametrize(
    "data",
    [
        b"ID3\x04\0\0\0\0\x02\x05title" + bytes(256) + MP3,
        MP3 + b"TAG" + bytes(125),
        MP3 + b"APETAGEX" + struct.pack("<IIII", 2000, 32, 0, 0) + bytes(8),
        MP3 + bytes(1_000),
    ],
)
def test_tags_around_mp3_are_not_damage(tmp_path, data):
    path = tmp_path / "call"
    path.write_bytes(data)
    assert decode(path).audio.num_samples == 20_000


def test_the_digest_is_of_the_file(tmp_path):
    path = tmp_path / "call.wav"
    path.write_bytes(wav_bytes(PCM.tobytes()))
    assert decode(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "vanished"),
        (lambda path: path.mkdir(), "not-a-file"),
        (lambda path: os.mkfifo(path), "not-a-file"),
        (lambda path: path.symlink_to("/dev/null"), "not-a-file"),
        (lambda path: path.symlink_to(path), "cannot-open"),
    ],
)
def test_what_cannot_be_opened(tmp_path, make, reason):
    path = tmp_path / "call.wav"
    make(path)
    with pytest.raises(UnreadableError, match=r"^'call\.wav': ") as caught:
        decode(path)
    assert caught.value.reason == reason


def test_a_path_with_a_zero_byte_cannot_be_opened():
    with pytest.raises(UnreadableError) as caught:
        decode(Path("a\0b.wav"))
    assert caught.value.reason == "cannot-open"


def test_no_permission(tmp_path, monkeypatch):
    def refuse(*_args, **_options):
        raise PermissionError(13, "Permission denied", "secret folder")

    monkeypatch.setattr(recording.os, "open", refuse)
    with pytest.raises(UnreadableError, match="may not be read by this user") as caught:
        decode(tmp_path / "call.wav")
    assert caught.value.reason == "no-permission"
    assert "secret" not in str(caught.value)


def test_a_disk_that_fails_while_reading(tmp_path, monkeypatch):
    def fail(*_args):
        raise OSError(5, "Input/output error")

    path = tmp_path / "call.wav"
    path.write_bytes(wav_bytes(PCM.tobytes()))
    monkeypatch.setattr(recording.os, "pread", fail)
    with pytest.raises(UnreadableError) as caught:
        decode(path)
    assert caught.value.reason == "cannot-open"


def _grow(path):
    with path.open("ab") as file:
        file.write(b"more")


def _rewrite_keeping_size_and_time(path):
    stamp = path.stat()
    data = bytearray(path.read_bytes())
    data[-1] ^= 0xFF
    with path.open("r+b") as file:
        file.write(data)
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))


@pytest.mark.parametrize("change", [_grow, _rewrite_keeping_size_and_time])
def test_changed_while_read(tmp_path, monkeypatch, change):
    path = tmp_path / "call.wav"
    path.write_bytes(wav_bytes(PCM.tobytes()))
    read = sndfile.read

    def read_and_change(*args, **options):
        reader = read(*args, **options)
        change(path)
        return reader

    monkeypatch.setattr(sndfile, "read", read_and_change)
    with pytest.raises(UnreadableError, match="changed while it was read") as caught:
        decode(path)
    assert caught.value.reason == "changed-while-read"


def test_a_file_cut_while_it_is_read_has_changed_and_is_not_called_damaged(tmp_path, monkeypatch):
    path = tmp_path / "call.wav"
    path.write_bytes(wav_bytes(PCM.tobytes()))
    read = sndfile.read

    def cut_and_read(*args, **options):
        os.truncate(path, 1_000)
        return read(*args, **options)

    monkeypatch.setattr(sndfile, "read", cut_and_read)
    with pytest.raises(UnreadableError) as caught:
        decode(path)
    assert caught.value.reason == "changed-while-read"


@pytest.mark.parametrize("fails", [sndfile, avfile])
def test_out_of_memory_is_too_long(tmp_path, monkeypatch, fails):
    def no_memory(*_args, **_options):
        raise MemoryError

    path = tmp_path / "call"
    path.write_bytes(FLAC if fails is sndfile else AAC)
    monkeypatch.setattr(fails, "read", no_memory)
    with pytest.raises(DecodeError) as caught:
        decode(path)
    assert caught.value.reason == "too-long"


@pytest.mark.parametrize("name", [b"caf\xe9 \n\x1b[31m.wav", "\u202egrün.wav".encode()])
def test_any_file_name_is_read_and_printable_in_messages(tmp_path, name):
    path = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name)))
    path.write_bytes(wav_bytes(PCM.tobytes()))
    np.testing.assert_array_equal(decode(path).audio.samples, PCM)
    path.write_bytes(b"")
    with pytest.raises(DecodeError, match="the file is empty") as caught:
        decode(path)
    assert str(caught.value).isprintable()
    str(caught.value).encode("utf-8")


def test_the_input_is_only_read(tmp_path):
    path = tmp_path / "call.wav"
    path.write_bytes(wav_bytes(PCM.tobytes()))
    path.chmod(0o444)
    before = path.stat()
    decode(path)
    now = path.stat()
    assert (now.st_mtime_ns, now.st_ctime_ns, now.st_size) == (
        before.st_mtime_ns,
        before.st_ctime_ns,
        before.st_size,
    )
    assert os.listdir(tmp_path) == ["call.wav"]


def test_no_descriptor_is_left_open(tmp_path):
    path = tmp_path / "call"
    before = len(os.listdir("/proc/self/fd"))
    for data in (FLAC, AAC, MP3, b"text", half(FLAC), half(AAC)):
        path.write_bytes(data)
        with contextlib.suppress(RecordingError):
            decode(path)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    "data",
    [
        wav_bytes(PCM.tobytes()),
        sndfile_bytes(PCM, "AIFF", "PCM_16"),
        sndfile_bytes(PCM, "CAF", "PCM_16"),
        sndfile_bytes(PCM, "W64", "PCM_16"),
        sndfile_bytes(PCM, "NIST", "PCM_16"),
        sndfile_bytes(PCM, "AU", "ULAW"),
        FLAC,
        sndfile_bytes(PCM, "OGG", "VORBIS"),
        AAC,
        MKA,
        WMA,
    ],
    ids=["wav", "aiff", "caf", "w64", "nist", "au", "flac", "ogg", "aac", "mka", "wma"],
)
def test_bytes_changed_at_random_give_samples_or_a_recording_error(tmp_path, data):
    path = tmp_path / "call"
    rng = np.random.default_rng(7)
    for _ in range(40):
        changed = bytearray(data)
        for _ in range(rng.integers(1, 4)):
            changed[rng.integers(0, min(len(data), 600))] = rng.integers(0, 256)
        path.write_bytes(changed[: rng.integers(len(data) // 2, len(data) + 1)])
        try:
            audio = decode(path, max_samples=10_000_000).audio
        except RecordingError as error:
            assert error.reason in problems.REASONS
        else:
            assert audio.num_samples > 0


def test_ogg_checksum_is_the_one_in_the_file(tmp_path):
    path = tmp_path / "x.ogg"
    path.write_bytes(VORBIS)
    with path.open("r+b") as raw:
        assert [oggpages.checksum(p.data) for p in oggpages.pages(raw)] == [
            p.checksum for p in oggpages.pages(raw)
        ]
        oggpages.set_serial(raw, 77)
        assert {p.serial for p in oggpages.pages(raw)} == {77}
    assert decode(path).audio.num_samples == 200_000
