"""File -> samples -> file -> samples, for every format that is written, and what stands in for the others."""

from __future__ import annotations

import io
import time
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from audio_files import av_bytes, chunk, noise, sndfile_bytes, tone, wav_bytes

from redactor.audio import encode as encode_module
from redactor.audio.decode import decode
from redactor.audio.encode import encode, extension, output_format
from redactor.audio.recording import Recording, open_recording
from redactor.errors import RecordingError, StoreError
from redactor.types import Audio, AudioFormat

pytestmark = pytest.mark.long

LOSSLESS = [
    # container, subtype, endian, dtype of the samples, bits of it that the file holds
    ("WAV", "PCM_U8", None, "int16", 8),
    ("WAV", "PCM_16", None, "int16", 16),
    ("WAV", "PCM_16", "BIG", "int16", 16),
    ("WAV", "PCM_24", None, "int32", 24),
    ("WAV", "PCM_32", None, "int32", 32),
    ("WAV", "FLOAT", None, "float32", 32),
    ("WAV", "DOUBLE", None, "float64", 64),
    ("WAV", "ULAW", None, "int16", None),
    ("WAV", "ALAW", None, "int16", None),
    ("WAVEX", "PCM_24", None, "int32", 24),
    ("WAVEX", "FLOAT", None, "float32", 32),
    ("RF64", "PCM_16", None, "int16", 16),
    ("RF64", "FLOAT", None, "float32", 32),
    ("W64", "PCM_16", None, "int16", 16),
    ("W64", "ULAW", None, "int16", None),
    ("AIFF", "PCM_16", None, "int16", 16),
    ("AIFF", "PCM_16", "LITTLE", "int16", 16),
    ("AIFF", "PCM_24", None, "int32", 24),
    ("AIFF", "FLOAT", None, "float32", 32),
    ("AU", "PCM_16", None, "int16", 16),
    ("AU", "PCM_24", "LITTLE", "int32", 24),
    ("AU", "ULAW", None, "int16", None),
    ("CAF", "PCM_16", None, "int16", 16),
    ("CAF", "FLOAT", "LITTLE", "float32", 32),
    ("CAF", "ALAC_16", None, "int16", 16),
    ("NIST", "PCM_16", None, "int16", 16),
    ("NIST", "ULAW", None, "int16", None),
    ("FLAC", "PCM_S8", None, "int16", 8),
    ("FLAC", "PCM_16", None, "int16", 16),
    ("FLAC", "PCM_24", None, "int32", 24),
]
LOSSY = [
    ("OGG", "VORBIS", 8_000),
    ("OGG", "VORBIS", 44_100),
    ("OGG", "OPUS", 8_000),
    ("OGG", "OPUS", 48_000),
    ("MP3", "MPEG_LAYER_III", 8_000),
    ("MP3", "MPEG_LAYER_III", 44_100),
]
FLAC_16 = AudioFormat("FLAC", "PCM_16")
FLAC_24 = AudioFormat("FLAC", "PCM_24")


def read_bytes(tmp_path, data: bytes) -> Audio:
    path = tmp_path / "in"
    path.write_bytes(data)
    return decode(path).audio


def written(tmp_path, audio: Audio) -> tuple[AudioFormat, Audio]:
    path = tmp_path / "out"
    return encode(Recording.of(audio), path), decode(path).audio


@pytest.mark.parametrize(("container", "subtype", "endian", "dtype", "bits"), LOSSLESS)
@pytest.mark.parametrize(
    ("num_samples", "num_channels", "sample_rate"),
    [(6, 1, 8_000), (101, 2, 11_025), (12_345, 1, 16_000), (70_001, 3, 44_100)],
)
def test_lossless_samples_survive_reading_and_writing(
    tmp_path, container, subtype, endian, dtype, bits, num_samples, num_channels, sample_rate
):
    planted = noise(num_samples, num_channels, dtype)
    data = sndfile_bytes(planted, container, subtype, sample_rate=sample_rate, endian=endian)
    first = read_bytes(tmp_path, data)
    target, second = written(tmp_path, first)

    assert first.samples.dtype == dtype
    assert first.samples.shape == planted.shape
    assert first.sample_rate == sample_rate
    if bits is not None:
        keep = -1 if dtype.startswith("float") else ~((1 << np.iinfo(dtype).bits - bits) - 1)
        kept = planted if keep == -1 else planted & np.array(keep, dtype)
        np.testing.assert_array_equal(first.samples, kept)
    assert target == first.format
    assert (target.container, target.subtype) == (container, subtype)
    assert second.format == first.format
    assert second.sample_rate == sample_rate
    assert second.samples.flags.c_contiguous
    np.testing.assert_array_equal(second.samples, first.samples)


@pytest.mark.parametrize(("container", "subtype", "endian", "dtype", "bits"), LOSSLESS)
def test_a_single_sample_survives(tmp_path, container, subtype, endian, dtype, bits):
    audio = Audio(np.ones((1, 1), dtype), 8_000, AudioFormat(container, subtype, endian or "FILE"))
    target, second = written(tmp_path, audio)
    # AIFF without PEAK chunk goes wrong below 6 float samples; WAV stands in.
    assert target.container == ("WAV" if (container, subtype) == ("AIFF", "FLOAT") else container)
    assert second.samples.shape == (1, 1)


@pytest.mark.parametrize(
    ("subtype", "tag", "num_values"), [("PCM_U8", 1, 256), ("ULAW", 7, 255), ("ALAW", 6, 256)]
)
def test_every_8_bit_code_survives(tmp_path, subtype, tag, num_values):
    codes = bytes(range(256))
    first = read_bytes(tmp_path, wav_bytes(codes, tag=tag, bits=8))
    _, second = written(tmp_path, first)
    assert first.format.subtype == subtype
    assert len(np.unique(first.samples)) == num_values  # mu-law has a zero of either sign
    np.testing.assert_array_equal(second.samples, first.samples)


@pytest.mark.parametrize(("container", "subtype", "sample_rate"), LOSSY)
@pytest.mark.parametrize(("num_samples", "num_channels"), [(1, 1), (100, 2), (12_345, 1), (70_001, 2)])
def test_lossy_files_keep_count_rate_channels_and_format(
    tmp_path, container, subtype, sample_rate, num_samples, num_channels
):
    planted = tone(num_samples, num_channels, sample_rate=sample_rate)
    data = sndfile_bytes(planted, container, subtype, sample_rate=sample_rate)
    first = read_bytes(tmp_path, data)
    target, second = written(tmp_path, first)
    assert first.samples.dtype == np.float32
    assert first.samples.shape == second.samples.shape == planted.shape
    assert first.sample_rate == second.sample_rate == sample_rate
    assert target == first.format == second.format == AudioFormat(container, subtype)
    if num_samples > 10_000:
        error = second.samples - first.samples
        assert np.sqrt(np.mean(error**2)) < 0.02


@pytest.mark.parametrize(("container", "subtype", "sample_rate"), LOSSY)
def test_long_lossy_files_come_out_as_if_read_at_once(tmp_path, container, subtype, sample_rate):
    # soundfile seeks after every block, and in MP3 a seek spoils the samples that follow: by half of full scale
    # in bursts of noise at 44.1 kHz, and not at all in smoother sounds.
    rng = np.random.default_rng(0)
    times = np.arange(200_001)[:, None] / sample_rate
    bursts = np.sin(2 * np.pi * times / 0.3) > 0
    planted = (0.2 * bursts * rng.standard_normal(bursts.shape)).astype(np.float32)
    data = sndfile_bytes(planted, container, subtype, sample_rate=sample_rate)
    audio = read_bytes(tmp_path, data)
    at_once, _ = soundfile.read(tmp_path / "in", dtype="float32", always_2d=True)
    np.testing.assert_allclose(audio.samples, at_once, atol=1e-6)


def test_float_samples_beyond_one_survive_in_float_files_and_are_clipped_in_flac(tmp_path):
    samples = np.array([[2.5], [-3.0], [0.5], [1.0], [-1.0]], np.float32)
    _, kept = written(tmp_path, Audio(samples, 8_000, AudioFormat("WAV", "FLOAT")))
    np.testing.assert_array_equal(kept.samples, samples)
    target, clipped = written(tmp_path, Audio(samples, 8_000, AudioFormat("MP4", "AAC")))
    assert target == FLAC_16
    assert clipped.samples[:, 0].tolist() == [32767, -32768, 16384, 32767, -32768]


REPLACED = [
    # what libsndfile cannot write back, and what stands in
    (lambda: sndfile_bytes(noise(12_345, 1, "int16"), "WAV", "GSM610"), "int16", 12_800, FLAC_16),
    (lambda: sndfile_bytes(noise(12_345, 2, "int16"), "WAV", "IMA_ADPCM"), "int16", None, FLAC_16),
    (lambda: sndfile_bytes(noise(12_345, 1, "int16"), "WAV", "MS_ADPCM"), "int16", None, FLAC_16),
    (lambda: sndfile_bytes(noise(999, 1, "int32"), "CAF", "ALAC_24"), "int32", 999, FLAC_24),
    (lambda: av_bytes(tone(12_288, 2), "ipod", "aac"), "float32", 12_288, FLAC_16),
    (lambda: av_bytes(tone(12_288, 1), "mp4", "aac"), "float32", 12_288, FLAC_16),
    (lambda: av_bytes(tone(12_345, 1), "adts", "aac"), "float32", None, FLAC_16),
    (lambda: av_bytes(tone(12_345, 1), "matroska", "aac"), "float32", None, FLAC_16),
    (lambda: av_bytes(tone(12_345, 1), "webm", "libopus"), "float32", 12_345, FLAC_16),
    (
        lambda: av_bytes(noise(12_345, 2, "int16"), "ipod", "alac", sample_format="s16p"),
        "int16", 12_345, FLAC_16,
    ),
    (
        lambda: av_bytes(noise(5_000, 1, "int32") & -256, "ipod", "alac", sample_format="s32p"),
        "int32", 5_000, FLAC_24,
    ),
    (lambda: av_bytes(tone(12_345, 1), "wav", "libmp3lame"), "float32", None, FLAC_16),
    (
        lambda: av_bytes(tone(9_600, 1), "asf", "wmav2", sample_rate=48_000),
        "float32", None, FLAC_16,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("make", "dtype", "num_samples", "expected"), REPLACED)
def test_formats_that_cannot_be_written_become_flac(tmp_path, make, dtype, num_samples, expected):
    first = read_bytes(tmp_path, make())
    target, second = written(tmp_path, first)
    assert first.samples.dtype == dtype
    assert num_samples in (None, first.num_samples)
    assert target == expected
    assert second.samples.shape == first.samples.shape
    assert second.sample_rate == first.sample_rate
    if dtype.startswith("int"):
        np.testing.assert_array_equal(second.samples, first.samples)
    else:
        clipped = np.clip(first.samples, -1, 32767 / 32768)
        np.testing.assert_allclose(second.samples / 32768, clipped, atol=0.6 / 32768)


@pytest.mark.parametrize("keep_bytes", [0, 1 << 30])
@pytest.mark.parametrize(
    ("muxer", "codec", "sample_rate", "sample_format"),
    [
        ("wav", "libmp3lame", 16_000, "fltp"),
        ("wav", "g726", 8_000, "s16"),
        ("wav", "adpcm_yamaha", 16_000, "s16"),
    ],
)
def test_what_libsndfile_gives_up_is_read_from_its_beginning(
    tmp_path, muxer, codec, sample_rate, sample_format, keep_bytes
):
    """libsndfile leaves the file where it gave up, behind the back of whoever reads it next."""
    dtype = "int16" if sample_format == "s16" else "float32"
    planted = noise(100_000, 1, "int16")
    planted = planted if dtype == "int16" else (planted / 2**16).astype("float32")
    options = {"sample_rate": sample_rate, "sample_format": sample_format, "bit_rate": 32_000, "cuts": 100}
    data = av_bytes(planted, muxer, codec, **options)
    path = tmp_path / "call"
    path.write_bytes(data)
    with av.open(io.BytesIO(data), format=muxer) as opened:
        frames = [frame.to_ndarray().reshape(-1, 1) for frame in opened.decode(audio=0)]
    with open_recording(path, keep_bytes=keep_bytes) as recording:
        np.testing.assert_array_equal(np.concatenate(list(recording.blocks())), np.concatenate(frames))


@pytest.mark.parametrize(
    ("muxer", "codec", "dtype", "sample_format", "subtype"),
    [
        ("mov", "pcm_s16le", "int16", "s16", "PCM_16"),
        ("mov", "pcm_s16be", "int16", "s16", "PCM_16"),
        ("mov", "pcm_s24le", "int32", "s32", "PCM_24"),
        ("mov", "pcm_f32le", "float32", "flt", "FLOAT"),
        ("mp4", "pcm_s16le", "int16", "s16", "PCM_16"),
    ],
)
def test_uncompressed_sound_is_read_whole_from_quicktime(
    tmp_path, muxer, codec, dtype, sample_format, subtype
):
    planted = noise(12_345, 2, dtype)
    planted = planted & -256 if dtype == "int32" else planted
    data = av_bytes(planted, muxer, codec, sample_format=sample_format, cuts=12)
    audio = read_bytes(tmp_path, data)
    np.testing.assert_array_equal(audio.samples, planted)
    assert audio.format == AudioFormat("MP4", subtype)


@pytest.mark.parametrize(("codec", "num_samples"), [("pcm_mulaw", 12_345), ("pcm_alaw", 12_345)])
def test_telephone_codes_are_read_whole_from_quicktime(tmp_path, codec, num_samples):
    data = av_bytes(noise(num_samples, 1, "int16"), "mov", codec, sample_format="s16", cuts=12)
    assert read_bytes(tmp_path, data).num_samples == num_samples


@pytest.mark.parametrize(("muxer", "codec"), [("ipod", "aac"), ("adts", "aac")])
def test_channels_of_av_files_stay_apart(tmp_path, muxer, codec):
    planted = tone(48_000, 2, sample_rate=48_000)
    planted[:, 1] = 0
    audio = read_bytes(tmp_path, av_bytes(planted, muxer, codec))
    loudness = np.sqrt(np.mean(audio.samples**2, axis=0))
    assert loudness[0] == pytest.approx(0.35, abs=0.02)
    assert loudness[1] < 0.002


def test_alac_samples_are_those_that_were_encoded(tmp_path):
    planted = noise(12_345, 2, "int16")
    data = av_bytes(planted, "ipod", "alac", sample_format="s16p")
    np.testing.assert_array_equal(read_bytes(tmp_path, data).samples, planted)


def test_an_odd_number_of_8_bit_aiff_samples_becomes_flac_with_as_many(tmp_path):
    audio = Audio(noise(101, 1, "int16"), 8_000, AudioFormat("AIFF", "PCM_S8"))
    assert output_format(audio.format, sample_rate=8_000, num_channels=1) == audio.format
    target, second = written(tmp_path, audio)
    assert target == FLAC_16
    np.testing.assert_array_equal(second.samples, audio.samples)


OUTPUT_FORMATS = [
    # container, subtype, rate, channels, expected container and subtype, extension
    ("WAV", "PCM_16", 8_000, 1, "WAV", "PCM_16", ".wav"),
    ("WAV", "PCM_16", 8_000, 12, "WAV", "PCM_16", ".wav"),
    ("WAV", "GSM610", 8_000, 1, "FLAC", "PCM_16", ".flac"),
    ("WAV", "NMS_ADPCM_32", 8_000, 1, "FLAC", "PCM_16", ".flac"),
    ("RF64", "PCM_16", 8_000, 1, "RF64", "PCM_16", ".wav"),
    ("AIFF", "PCM_24", 8_000, 1, "AIFF", "PCM_24", ".aiff"),
    ("AU", "G721_32", 8_000, 1, "FLAC", "PCM_16", ".flac"),
    ("CAF", "ALAC_16", 8_000, 1, "CAF", "ALAC_16", ".caf"),
    ("CAF", "ALAC_20", 8_000, 1, "FLAC", "PCM_24", ".flac"),
    ("CAF", "ALAC_32", 8_000, 1, "WAV", "PCM_32", ".wav"),
    ("FLAC", "PCM_24", 96_000, 8, "FLAC", "PCM_24", ".flac"),
    ("OGG", "VORBIS", 44_100, 2, "OGG", "VORBIS", ".ogg"),
    ("OGG", "OPUS", 16_000, 2, "OGG", "OPUS", ".opus"),
    ("OGG", "OPUS", 44_100, 2, "FLAC", "PCM_16", ".flac"),
    ("MP3", "MPEG_LAYER_III", 44_100, 2, "MP3", "MPEG_LAYER_III", ".mp3"),
    ("MP3", "MPEG_LAYER_II", 44_100, 2, "FLAC", "PCM_16", ".flac"),
    ("MP4", "AAC", 44_100, 2, "FLAC", "PCM_16", ".flac"),
    ("MP4", "AAC", 44_100, 9, "WAV", "PCM_16", ".wav"),
    ("MP4", "ALAC_24", 44_100, 2, "FLAC", "PCM_24", ".flac"),
    ("MATROSKA", "FLOAT", 44_100, 2, "WAV", "FLOAT", ".wav"),
    ("MATROSKA", "DOUBLE", 44_100, 2, "WAV", "DOUBLE", ".wav"),
    ("MATROSKA", "PCM_32", 44_100, 2, "WAV", "PCM_32", ".wav"),
    ("FLAC", "PCM_16", 700_000, 2, "WAV", "PCM_16", ".wav"),
]


@pytest.mark.parametrize(
    ("container", "subtype", "rate", "channels", "to_container", "to_subtype", "ending"), OUTPUT_FORMATS
)
def test_output_format_and_extension(
    tmp_path, container, subtype, rate, channels, to_container, to_subtype, ending
):
    source = AudioFormat(container, subtype)
    target = output_format(source, sample_rate=rate, num_channels=channels)
    assert target == AudioFormat(to_container, to_subtype)
    assert extension(target) == ending
    audio = Audio(np.zeros((480, channels), np.int16), rate, source)
    assert encode(Recording.of(audio), tmp_path / "out") == target  # what it aims for is what it writes


def test_a_container_that_is_never_written_has_no_extension():
    with pytest.raises(ValueError, match="never written"):
        extension(AudioFormat("MP4", "AAC"))


@pytest.mark.parametrize(
    ("container", "subtype", "expected"),
    [("WAV", "PCM_16", "RF64"), ("WAVEX", "FLOAT", "RF64"), ("W64", "PCM_16", "W64")],
)
def test_files_too_big_for_32_bit_sizes_become_rf64(
    tmp_path, monkeypatch, container, subtype, expected
):
    monkeypatch.setattr(encode_module, "_MAX_BYTES_32", 1_000)
    dtype = "float32" if subtype == "FLOAT" else "int16"
    audio = Audio(noise(1_001, 1, dtype), 8_000, AudioFormat(container, subtype))
    target, second = written(tmp_path, audio)
    assert target.container == expected
    np.testing.assert_array_equal(second.samples, audio.samples)


def test_two_writes_are_equal_byte_for_byte(tmp_path):
    sources = [(c, s, 16_000, d) for c, s, e, d, _ in LOSSLESS if e is None]
    sources += [(c, s, 16_000, "float32") for c, s, rate in LOSSY if rate == 8_000]
    sources += [("MP4", "AAC", 16_000, "float32"), ("AIFF", "DOUBLE", 16_000, "float64")]
    audios = [
        Audio((tone(4_000, 2) * 1e4).astype(d), rate, AudioFormat(c, s)) for c, s, rate, d in sources
    ]

    def write_all(folder):
        folder.mkdir()
        for number, audio in enumerate(audios):
            encode(Recording.of(audio), folder / str(number))

    write_all(tmp_path / "a")
    time.sleep(1.1)  # PEAK chunks hold the second of writing
    write_all(tmp_path / "b")
    for number, source in enumerate(sources):
        first, second = ((tmp_path / run / str(number)).read_bytes() for run in "ab")
        assert first == second, source
        assert b"PEAK" not in first and b"peak" not in first, source


MARK = b"Jane Roe 555-0199"


def _wav_with_everything():
    bext = MARK.ljust(256, b"\0") + bytes(346)
    cue = (1).to_bytes(4, "little") + (7).to_bytes(4, "little") + bytes(20)
    label = chunk(b"LIST", b"adtl" + chunk(b"labl", (7).to_bytes(4, "little") + MARK + b"\0"))
    info = chunk(b"LIST", b"INFO" + chunk(b"INAM", MARK + b"\0"))
    id3 = b"ID3\x03\0\0\0\0\0\x1c" + b"TIT2\0\0\0\x12\0\0\0" + MARK
    after = chunk(b"cue ", cue) + label + chunk(b"id3 ", id3)
    before = chunk(b"bext", bext) + info
    return wav_bytes(noise(100, 1, "int16").tobytes(), before=before, after=after)


def _mp3_with_tags():
    plain = sndfile_bytes(tone(9_000), "MP3", "MPEG_LAYER_III")
    tag = b"\0" + MARK
    size = len(tag) + 10
    id3v2 = b"ID3\x03\0\0\0\0\0" + bytes([size]) + b"TIT2" + len(tag).to_bytes(4, "big") + b"\0\0" + tag
    return id3v2 + plain + b"TAG" + MARK.ljust(125, b"\0")


TITLE = MARK.decode()
TAGGED = [
    _wav_with_everything,
    _mp3_with_tags,
    lambda: sndfile_bytes(tone(900), "WAV", "FLOAT", title=TITLE),
    lambda: sndfile_bytes(tone(900), "AIFF", "PCM_16", title=TITLE),
    lambda: sndfile_bytes(tone(900), "CAF", "PCM_16", title=TITLE),
    lambda: sndfile_bytes(tone(900), "FLAC", "PCM_16", title=TITLE),
    lambda: sndfile_bytes(tone(900), "OGG", "VORBIS", title=TITLE),
    lambda: sndfile_bytes(tone(900), "OGG", "OPUS", title=TITLE),
    lambda: sndfile_bytes(tone(900), "MP3", "MPEG_LAYER_III", title=TITLE),
    lambda: av_bytes(tone(9_000), "ipod", "aac", title=TITLE),
    lambda: av_bytes(tone(9_000), "matroska", "aac", title=TITLE),
]


@pytest.mark.parametrize("make", TAGGED)
def test_nothing_but_samples_is_written(tmp_path, make):
    data = make()
    assert MARK in data
    encode(Recording.of(read_bytes(tmp_path, data)), tmp_path / "out")
    output = (tmp_path / "out").read_bytes()
    for trace in (MARK, b"Jane", b"bext", b"cue ", b"LIST", b"INFO", b"labl", b"ID3", b"TAG", b"TITLE"):
        assert trace not in output


def test_a_missing_folder_is_a_store_error(tmp_path):
    audio = Audio(noise(10, 1, "int16"), 8_000, AudioFormat("WAV", "PCM_16"))
    with pytest.raises(StoreError, match="cannot write audio"):
        encode(Recording.of(audio), tmp_path / "missing" / "out")


@pytest.mark.parametrize(("container", "subtype"), [("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS")])
def test_a_full_disk_is_a_store_error(container, subtype):
    audio = Audio(noise(200_000, 1, "int16"), 8_000, AudioFormat(container, subtype))
    with pytest.raises(StoreError, match="cannot write audio"):
        encode(Recording.of(audio), Path("/dev/full"))


def test_what_no_format_holds_is_refused(tmp_path):
    audio = Audio(np.zeros((2, 1_025), np.int16), 8_000, AudioFormat("WAV", "PCM_16"))
    with pytest.raises(RecordingError, match="no audio format holds 1025 channels") as caught:
        encode(Recording.of(audio), tmp_path / "out")
    assert caught.value.reason == "unwritable"


def test_the_input_is_not_changed_by_writing(tmp_path):
    samples = noise(1_000, 2, "float32")
    copy = samples.copy()
    encode(Recording.of(Audio(samples, 8_000, AudioFormat("MP4", "AAC"))), tmp_path / "out")
    np.testing.assert_array_equal(samples, copy)
