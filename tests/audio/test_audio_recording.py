"""Recordings as streams: kept or decoded anew, every pass is the same, is whole, and is of the same file."""

from __future__ import annotations

import os
import struct
import tracemalloc

import numpy as np
import pytest
from audio_files import av_bytes, noise, sndfile_bytes, tone, wav_bytes

from redactor.audio import encode as encode_module
from redactor.audio import sndfile
from redactor.audio.blocks import BLOCK_SAMPLES, in_blocks
from redactor.audio.decode import decode
from redactor.audio.encode import encode
from redactor.audio.recording import Recording, open_recording
from redactor.audio.resample import ModelStream
from redactor.errors import DecodeError, UnreadableError
from redactor.kernels.power import PowerStream
from redactor.redact.audio import Fill, muted
from redactor.types import AudioFormat, Origin, TimeSpan

pytestmark = pytest.mark.long

LONG = 2 * BLOCK_SAMPLES + 3_001
ALL = 1 << 40
FILES = {
    "wav": lambda: sndfile_bytes(noise(LONG, 2, "int16"), "WAV", "PCM_16"),
    "wav-24": lambda: sndfile_bytes(noise(LONG, 1, "int32"), "WAV", "PCM_24"),
    "wav-float": lambda: sndfile_bytes(noise(LONG, 2, "float32"), "WAV", "FLOAT"),
    "wav-double": lambda: sndfile_bytes(noise(LONG, 1, "float64"), "WAV", "DOUBLE"),
    "wav-ulaw": lambda: sndfile_bytes(noise(LONG, 1, "int16"), "WAV", "ULAW"),
    "wav-gsm": lambda: sndfile_bytes(noise(LONG, 1, "int16"), "WAV", "GSM610"),
    "one-sample": lambda: sndfile_bytes(noise(1, 1, "int16"), "WAV", "PCM_16"),
    "whole-blocks": lambda: sndfile_bytes(noise(2 * BLOCK_SAMPLES, 1, "int16"), "WAV", "PCM_16"),
    "aiff": lambda: sndfile_bytes(noise(LONG, 1, "int16"), "AIFF", "PCM_16"),
    "caf-alac": lambda: sndfile_bytes(noise(LONG, 2, "int16"), "CAF", "ALAC_16"),
    "flac": lambda: sndfile_bytes(noise(LONG, 2, "int16"), "FLAC", "PCM_16"),
    "flac-24": lambda: sndfile_bytes(noise(LONG, 1, "int32"), "FLAC", "PCM_24"),
    "ogg-vorbis": lambda: sndfile_bytes(tone(LONG, 2), "OGG", "VORBIS"),
    "ogg-opus": lambda: sndfile_bytes(tone(LONG), "OGG", "OPUS"),
    "mp3": lambda: sndfile_bytes(tone(LONG, 2), "MP3", "MPEG_LAYER_III"),
    "m4a": lambda: av_bytes(tone(LONG, 2), "ipod", "aac"),
    "m4a-alac-24": lambda: av_bytes(noise(LONG, 1, "int32") & -256, "ipod", "alac", sample_format="s32p"),
    "adts": lambda: av_bytes(tone(LONG), "adts", "aac"),
    "mkv-32": lambda: av_bytes(noise(LONG, 2, "int32"), "matroska", "pcm_s32le", sample_format="s32"),
    "wma": lambda: av_bytes(tone(LONG), "asf", "wmav2"),
}
WAV = FILES["wav"]


@pytest.fixture
def recording_file(tmp_path):
    def write(data):
        path = tmp_path / "call"
        path.write_bytes(data)
        return path

    return write


def gathered(recording):
    return np.concatenate(list(recording.blocks()))


def about(recording):
    return (
        recording.sample_rate,
        recording.num_channels,
        recording.num_samples,
        recording.dtype,
        recording.format,
        recording.duration,
    )


@pytest.mark.parametrize("name", FILES)
def test_streamed_kept_and_decoded_recordings_are_the_same(recording_file, name):
    path = recording_file(FILES[name]())
    decoded = decode(path)
    for keep_bytes in (0, ALL):
        with open_recording(path, keep_bytes=keep_bytes) as recording:
            assert about(recording) == about(Recording.of(decoded.audio))
            assert recording.sha256 == decoded.sha256
            for _ in range(3):
                samples = gathered(recording)
                assert samples.dtype == recording.dtype
                np.testing.assert_array_equal(samples, decoded.audio.samples)


@pytest.mark.parametrize("name", ["wav", "flac", "ogg-vorbis", "mp3", "wav-float", "m4a", "wav-24", "aiff"])
@pytest.mark.parametrize("fill", [None, "silence", "noise"])
def test_what_is_written_does_not_depend_on_what_is_kept(tmp_path, recording_file, name, fill):
    path = recording_file(FILES[name]())
    spans = [TimeSpan(0.5, 1.25, (0,), (), Origin.DETECTED)]

    def written(recording):
        sound = recording if fill is None else muted(recording, spans, Fill(fill))[1]
        target = encode(sound, tmp_path / "out")
        return target, (tmp_path / "out").read_bytes()

    at_once = written(Recording.of(decode(path).audio))
    for keep_bytes in (0, ALL):
        with open_recording(path, keep_bytes=keep_bytes) as recording:
            assert written(recording) == at_once


def test_a_second_format_is_tried_on_a_second_pass(tmp_path, recording_file, monkeypatch):
    path = recording_file(WAV())
    samples = decode(path).audio.samples
    monkeypatch.setattr(encode_module, "_is_kept", lambda sound, target, path: target.container == "FLAC")
    with open_recording(path, keep_bytes=0) as recording:
        assert encode(recording, tmp_path / "out") == AudioFormat("FLAC", "PCM_16")
    np.testing.assert_array_equal(decode(tmp_path / "out").audio.samples, samples)


@pytest.mark.parametrize("name", ["wav", "m4a", "mkv-32", "whole-blocks", "one-sample"])
@pytest.mark.parametrize("kind", ["streamed", "kept", "in memory"])
def test_blocks_are_full_and_the_callers_own(recording_file, name, kind):
    path = recording_file(FILES[name]())
    with open_recording(path, keep_bytes=0 if kind == "streamed" else ALL) as opened:
        recording = Recording.of(decode(path).audio) if kind == "in memory" else opened
        before = gathered(recording)
        sizes = []
        for block in recording.blocks():
            assert block.flags.c_contiguous and block.flags.writeable
            sizes.append(len(block))
            block[:] = 1
        assert set(sizes[:-1]) <= {BLOCK_SAMPLES} and 0 < sizes[-1] <= BLOCK_SAMPLES
        np.testing.assert_array_equal(gathered(recording), before)


@pytest.mark.parametrize(
    "sizes", [[1] * 5, [BLOCK_SAMPLES] * 2, [7, BLOCK_SAMPLES, 9], [3 * BLOCK_SAMPLES + 2], []]
)
def test_pieces_of_any_size_become_full_blocks(sizes):
    samples = np.arange(2 * sum(sizes)).reshape(-1, 2)
    blocks = list(in_blocks(np.split(samples, np.cumsum(sizes)[:-1]) if sizes else []))
    assert [len(block) for block in blocks[:-1]] == [BLOCK_SAMPLES] * (len(blocks) - 1)
    np.testing.assert_array_equal(np.concatenate(blocks) if blocks else samples, samples)


@pytest.mark.parametrize(("spare", "num_decoded"), [(0, 1), (1000, 1), (-1, 3)])
@pytest.mark.parametrize("name", ["wav", "ogg-vorbis"])
def test_what_fits_is_decoded_once_and_what_does_not_in_every_pass(
    recording_file, monkeypatch, name, spare, num_decoded
):
    path = recording_file(FILES[name]())
    num_bytes = decode(path).audio.samples.nbytes
    read, calls = sndfile.read, []
    monkeypatch.setattr(sndfile, "read", lambda *a, **o: calls.append(1) or read(*a, **o))
    with open_recording(path, keep_bytes=num_bytes + spare) as recording:
        gathered(recording)
        gathered(recording)
    assert len(calls) == num_decoded


def _grow(path):
    with path.open("ab") as file:
        file.write(b"more")


def _cut(path):
    os.truncate(path, path.stat().st_size // 2)


def _overwrite(path):
    # In place, and the same length: only the time of change tells.
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x7f")
    os.utime(path, (1, 1))


def _rewrite_keeping_size_and_time(path):
    stamp = path.stat()
    with path.open("r+b") as file:
        file.seek(-1000, os.SEEK_END)
        file.write(bytes(1000))
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))


CHANGES = [_grow, _cut, _overwrite, _rewrite_keeping_size_and_time]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", ["wav", "flac", "ogg-vorbis", "mp3", "m4a"])
def test_a_file_that_changes_between_passes_is_refused(recording_file, change, name):
    path = recording_file(FILES[name]())
    with (
        pytest.raises(UnreadableError, match="^'call': the file changed while it was read") as caught,
        open_recording(path, keep_bytes=0) as recording,
    ):
        num_samples = len(gathered(recording))
        change(path)
        # Whatever is read by now: never fewer samples without an error.
        assert len(gathered(recording)) == num_samples
    assert caught.value.reason == "changed-while-read"
    assert caught.value.__cause__ is None and caught.value.__suppress_context__


@pytest.mark.parametrize("change", CHANGES[:3])
def test_a_change_that_shows_is_refused_before_a_pass_begins(recording_file, change):
    path = recording_file(WAV())
    with pytest.raises(UnreadableError), open_recording(path, keep_bytes=0) as recording:
        change(path)
        with pytest.raises(UnreadableError, match="changed"):
            next(recording.blocks())


@pytest.mark.parametrize("change", CHANGES[:3])
@pytest.mark.parametrize("name", ["wav", "ogg-vorbis", "m4a"])
def test_a_file_that_changes_during_a_pass_is_refused_by_that_pass(recording_file, change, name):
    path = recording_file(FILES[name]())
    with pytest.raises(UnreadableError), open_recording(path, keep_bytes=0) as recording:
        blocks = recording.blocks()
        next(blocks)
        change(path)
        with pytest.raises(UnreadableError) as caught:
            list(blocks)
        assert caught.value.reason == "changed-while-read"


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_kept_does_not_mind_a_file_that_changes(recording_file, change):
    path = recording_file(WAV())
    samples = decode(path).audio.samples
    with open_recording(path, keep_bytes=ALL) as recording:
        change(path)
        np.testing.assert_array_equal(gathered(recording), samples)


@pytest.mark.parametrize("name", ["ogg-vorbis", "wav"])
@pytest.mark.parametrize("kept_pieces", [slice(0, -1), slice(0, 0), slice(0, None)])
def test_a_pass_with_another_number_of_samples_is_refused(recording_file, monkeypatch, name, kept_pieces):
    pieces = sndfile.Reader.pieces

    def altered(reader):
        found = list(pieces(reader))
        return iter(found[kept_pieces] + found[:1] * (kept_pieces == slice(0, None)))

    with open_recording(recording_file(FILES[name]()), keep_bytes=0) as recording:
        monkeypatch.setattr(sndfile.Reader, "pieces", altered)
        with pytest.raises((UnreadableError, DecodeError)):
            gathered(recording)


def test_a_pass_of_another_rate_is_refused(recording_file):
    path = recording_file(WAV())
    stamp = path.stat()
    with pytest.raises(UnreadableError), open_recording(path, keep_bytes=0) as recording:
        with path.open("r+b") as file:
            file.seek(24)
            file.write(struct.pack("<I", 8_000))
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        with pytest.raises(UnreadableError, match="changed"):
            next(recording.blocks())


@pytest.mark.parametrize(
    ("place", "low_bits", "subtype"), [(0, 1, "PCM_32"), (LONG - 1, 1, "PCM_32"), (0, 0, "PCM_24")]
)
def test_one_wide_sample_anywhere_makes_a_wide_recording(recording_file, place, low_bits, subtype):
    samples = noise(LONG, 1, "int32") & -256
    samples[place] |= low_bits
    data = av_bytes(samples, "matroska", "pcm_s32le", sample_format="s32", cuts=9)
    with open_recording(recording_file(data), keep_bytes=0) as recording:
        assert recording.format.subtype == subtype
        np.testing.assert_array_equal(gathered(recording), samples)


def _wrong_at_the_end():
    samples = noise(LONG, 1, "float32")
    samples[-1] = np.nan
    return sndfile_bytes(samples, "WAV", "FLOAT")


def _another_md5():
    data = bytearray(FILES["flac"]())
    data[4 + 4 + 18] ^= 1
    return bytes(data)


@pytest.mark.parametrize("keep_bytes", [0, ALL])
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_wrong_at_the_end, "non-finite"),
        (_another_md5, "damaged"),
        (lambda: WAV()[:-4], "truncated"),
        (lambda: FILES["m4a"]()[:-2000], "truncated"),
        (lambda: wav_bytes(b""), "no-samples"),
    ],
)
def test_what_is_wrong_only_at_the_end_is_refused_before_anything_is_handed_out(
    recording_file, make, reason, keep_bytes
):
    path = recording_file(make())
    with pytest.raises(DecodeError) as caught, open_recording(path, keep_bytes=keep_bytes):
        pytest.fail("it was opened")
    assert caught.value.reason == reason


@pytest.mark.parametrize("keep_bytes", [0, ALL])
def test_after_its_with_nothing_is_read(recording_file, keep_bytes):
    with open_recording(recording_file(WAV()), keep_bytes=keep_bytes) as recording:
        begun = recording.blocks()
        next(begun)
    # The descriptor's number may be another recording's by now.
    for blocks in (begun, recording.blocks()):
        with pytest.raises(ValueError, match="closed"):
            next(blocks)


@pytest.mark.parametrize("keep_bytes", [0, ALL])
def test_a_pass_may_be_given_up_but_not_gone_on_with(recording_file, keep_bytes):
    path = recording_file(WAV())
    samples = decode(path).audio.samples
    with open_recording(path, keep_bytes=keep_bytes) as recording:
        given_up = recording.blocks()
        next(given_up)
        np.testing.assert_array_equal(gathered(recording), samples)
        with pytest.raises(RuntimeError, match="another pass"):
            next(given_up)


@pytest.mark.parametrize("error", [OSError(28, "No space left"), MemoryError(), KeyError("x")])
def test_what_goes_wrong_inside_the_with_stays_what_it_is(recording_file, error):
    path = recording_file(WAV())
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(type(error)) as caught, open_recording(path, keep_bytes=0) as recording:
        next(recording.blocks())
        _grow(path)
        raise error
    assert caught.value is error
    assert len(os.listdir("/proc/self/fd")) == before


def _silent_wav(path, num_seconds):
    num_bytes = 2 * 8_000 * num_seconds
    path.write_bytes(wav_bytes(b"", rate=8_000, data_size=num_bytes))
    os.truncate(path, 44 + num_bytes)  # sparse
    return path


def _read_mute_and_write(path, out):
    with open_recording(path, keep_bytes=0) as recording:
        model = ModelStream(recording.sample_rate, recording.num_samples)
        power = PowerStream(recording.sample_rate, recording.num_samples, 1, recording.dtype)
        for block in recording.blocks():
            model.feed(block[:, 0])
            power.feed(block)
        assert not power.finish().any()
        seconds = range(int(recording.duration))
        spans = [TimeSpan(n, n + 0.3, (0,), (), Origin.DETECTED) for n in seconds[::10]]
        encode(muted(recording, spans, Fill("noise"))[1], out)
        return recording.num_samples


def test_an_hour_takes_no_more_memory_than_a_few_blocks(tmp_path):
    # What is compiled and loaded first is not the recording's.
    _read_mute_and_write(_silent_wav(tmp_path / "short.wav", 20), tmp_path / "out")
    path = _silent_wav(tmp_path / "long.wav", 3_600)
    tracemalloc.start()
    try:
        assert _read_mute_and_write(path, tmp_path / "out") == 3_600 * 8_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 15e6, "as int16, the hour is 58 MB"
