"""What a file holds beside its samples is told by kind, and what `encode` writes holds nothing."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from redactor.audio import oggpages
from redactor.audio.encode import encode
from redactor.audio.formats import _KEPT
from redactor.audio.recording import Recording
from redactor.types import Audio, AudioFormat
from redactor.verify.metadata import extra_data

SECRET = b"Anna Smith 617 555 0199."
DTYPES = {"PCM_24": "int32", "PCM_32": "int32", "FLOAT": "float32", "DOUBLE": "float64", "VORBIS": "float32",
          "OPUS": "float32", "MPEG_LAYER_III": "float32"}  # fmt: skip
WRITTEN = [(container, subtype) for container in _KEPT for subtype in sorted(_KEPT[container])]


def noise(num_samples, num_channels, dtype):
    values = np.random.default_rng(num_samples).uniform(-0.5, 0.5, (num_samples, num_channels))
    return (values * (np.iinfo(dtype).max if dtype.startswith("int") else 1)).astype(dtype)


def encoded(folder, container, subtype, *, num_samples=801, num_channels=1, rate=8_000, endian="FILE"):
    audio = Audio(
        noise(num_samples, num_channels, DTYPES.get(subtype, "int16")),
        rate,
        AudioFormat(container, subtype, endian),
    )
    path = folder / "file"
    encode(Recording.of(audio), path)
    return path


@pytest.mark.parametrize(("container", "subtype"), WRITTEN)
@pytest.mark.parametrize("num_channels", [1, 2, 3])
def test_what_is_written_holds_nothing_else(tmp_path, container, subtype, num_channels):
    num_channels = min(num_channels, 2) if container == "MP3" else num_channels  # it has no more
    for num_samples in (801, 6_000):  # an odd number of bytes, and more than one frame
        path = encoded(tmp_path, container, subtype, num_samples=num_samples, num_channels=num_channels)
        assert extra_data(path) == ()


@pytest.mark.parametrize(
    ("container", "endian"), [("WAV", "BIG"), ("AIFF", "LITTLE"), ("AU", "LITTLE"), ("CAF", "LITTLE")]
)
def test_either_byte_order_holds_nothing_else(tmp_path, container, endian):
    assert extra_data(encoded(tmp_path, container, "PCM_16", endian=endian)) == ()


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_other_rates_hold_nothing_else(tmp_path, rate):
    for container, subtype in (("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III"), ("FLAC", "PCM_24")):
        path = encoded(tmp_path, container, subtype, num_samples=30_000, num_channels=2, rate=rate)
        assert extra_data(path) == ()


TITLED = [
    ("WAV", "PCM_16", "LIST chunk"),
    ("WAVEX", "PCM_16", "LIST chunk"),
    ("AIFF", "PCM_16", "NAME chunk"),
    ("CAF", "PCM_16", "info chunk"),
    ("FLAC", "PCM_16", "VORBIS_COMMENT block"),
    ("OGG", "VORBIS", "comment"),
    ("OGG", "OPUS", "comment"),
    ("MP3", "MPEG_LAYER_III", "ID3v1 tag"),
]


@pytest.mark.parametrize(("container", "subtype", "expected"), TITLED)
def test_a_title_is_told_but_not_its_text(tmp_path, container, subtype, expected):
    path = tmp_path / "file"
    with soundfile.SoundFile(path, "w", 8_000, 1, subtype, None, container) as file:
        file.title = SECRET.decode()
        file.write(noise(801, 1, "float32"))
    assert SECRET in path.read_bytes()
    found = extra_data(path)
    assert expected in found
    assert "Anna" not in str(found)


def test_the_time_of_writing_in_a_peak_chunk_is_told(tmp_path):
    soundfile.write(tmp_path / "file", noise(801, 1, "float32"), 8_000, subtype="FLOAT", format="WAV")
    assert extra_data(tmp_path / "file") == ("PEAK chunk",)


def riff_with(data, extra):
    """The chunks put behind the others, and the size of the whole mended."""
    body = data + extra
    order = ">" if body[:4] in (b"FORM", b"RIFX") else "<"
    return body[:4] + struct.pack(order + "I", len(body) - 8) + body[8:]


def little(name, body):
    return struct.pack("<4sI", name, len(body)) + body + b"\0" * (len(body) % 2)


def big(name, body):
    return struct.pack(">4sI", name, len(body)) + body + b"\0" * (len(body) % 2)


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (little(b"LIST", b"INFO" + SECRET), ("LIST chunk",)),
        (little(b"bext", SECRET), ("bext chunk",)),
        (little(b"id3 ", SECRET), ("id3 chunk",)),
        (little(b"cue ", SECRET), ("cue chunk",)),
        (little(b"iXML", SECRET), ("iXML chunk",)),
        (little(b"Anna", SECRET), ("unknown chunk",)),
        (little(b"PAD ", bytes(4000)), ()),
        (little(b"PAD ", bytes(3999) + b"A"), ("PAD chunk",)),
        (little(b"JUNK", bytes(10)), ("JUNK chunk",)),
        (little(b"fact", b"Anna"), ()),
        (little(b"fact", b"Anna S"), ("fact chunk",)),
        (little(b"data", SECRET), ("data chunk",)),
        (little(b"fmt ", bytes(16)), ("fmt chunk",)),
        (little(b"LIST", SECRET) + little(b"LIST", SECRET), ("LIST chunk",)),
        (struct.pack("<4sI", b"PAD ", 1) + b"\0A", ("padding that is not zero",)),
        (b"A", ("bytes after the last chunk",)),
        (little(b"LIST", SECRET)[:20], ("damaged-container",)),
    ],
)
def test_chunks_of_wav(tmp_path, extra, expected):
    path = encoded(tmp_path, "WAV", "PCM_16", num_samples=800)
    path.write_bytes(riff_with(path.read_bytes(), extra))
    assert extra_data(path) == expected


def test_bytes_behind_the_form_are_told(tmp_path):
    path = encoded(tmp_path, "WAV", "PCM_16", num_samples=800)
    path.write_bytes(path.read_bytes() + little(b"PAD ", bytes(8)))
    assert extra_data(path) == ("bytes outside of the form",)


def test_a_format_chunk_with_an_extension_is_told(tmp_path):
    data = bytearray(encoded(tmp_path, "WAV", "ULAW", num_samples=800).read_bytes())
    data[36:38] = b"AS"
    (tmp_path / "file").write_bytes(data)
    assert extra_data(tmp_path / "file") == ("fmt chunk",)


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (big(b"COMT", SECRET), ("COMT chunk",)),
        (big(b"ANNO", SECRET), ("ANNO chunk",)),
        (big(b"ID3 ", SECRET), ("ID3 chunk",)),
        (big(b"APPL", SECRET), ("APPL chunk",)),
        (big(b"FVER", SECRET[:4]), ("FVER chunk",)),
    ],
)
def test_chunks_of_aiff(tmp_path, extra, expected):
    path = encoded(tmp_path, "AIFF", "PCM_16", num_samples=800)
    path.write_bytes(riff_with(path.read_bytes(), extra))
    assert extra_data(path) == expected


def test_the_name_of_a_compression_and_an_offset_in_front_of_the_samples_are_told(tmp_path):
    data = bytearray(encoded(tmp_path, "AIFF", "FLOAT", num_samples=800).read_bytes())
    name, offset = data.index(b"FL32") + 4, data.index(b"SSND") + 8
    data[name : name + 2], data[offset : offset + 4] = b"\1A", struct.pack(">I", 4)
    (tmp_path / "file").write_bytes(data)
    assert extra_data(tmp_path / "file")[:2] == ("COMM chunk", "SSND chunk")


def test_chunks_of_rf64_and_w64(tmp_path):
    path = encoded(tmp_path, "RF64", "PCM_16", num_samples=800)
    path.write_bytes(path.read_bytes() + little(b"bext", SECRET))
    assert extra_data(path) == ("bext chunk",)
    path = encoded(tmp_path, "W64", "PCM_16", num_samples=800)
    data = bytearray(path.read_bytes())
    data += b"LIST" + data[28:40] + struct.pack("<Q", 24 + len(SECRET)) + SECRET
    data[16:24] = struct.pack("<Q", len(data))
    path.write_bytes(data)
    assert extra_data(path) == ("LIST chunk",)


@pytest.mark.parametrize("extra", [b"info", b"strg", b"uuid", b"midi"])
def test_chunks_of_caf(tmp_path, extra):
    path = encoded(tmp_path, "CAF", "PCM_16", num_samples=800)
    path.write_bytes(path.read_bytes() + struct.pack(">4sq", extra, len(SECRET)) + SECRET)
    assert extra_data(path) == (f"{extra.decode()} chunk",)


def test_room_in_caf_that_is_not_empty_is_told(tmp_path):
    data = bytearray(encoded(tmp_path, "CAF", "PCM_16", num_samples=800).read_bytes())
    data[data.index(b"free") + 1000] = 65
    (tmp_path / "file").write_bytes(data)
    assert extra_data(tmp_path / "file") == ("free chunk",)


def test_the_annotation_of_au_and_what_follows_its_samples_are_told(tmp_path):
    path = encoded(tmp_path, "AU", "PCM_16", num_samples=800)
    data = path.read_bytes()
    path.write_bytes(data[:4] + struct.pack(">I", 24 + len(SECRET)) + data[8:24] + SECRET + data[24:])
    assert extra_data(path) == ("annotation",)
    path.write_bytes(data + SECRET)
    assert extra_data(path) == ("bytes after the samples",)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"end_head\n\0\0\0\0", b"end_head\nAnna", "bytes after the header"),
        (b"end_head\n" + bytes(20), b"speaker -s4 Anna\nend_head\n\0\0\0", "header field"),
        (b"sample_coding -s3 pcm", b"sample_coding -s3 Ann", "header field"),
    ],
)
def test_fields_of_nist(tmp_path, old, new, expected):
    path = encoded(tmp_path, "NIST", "PCM_16", num_samples=800)
    data = path.read_bytes()
    changed = data.replace(old, new, 1)
    path.write_bytes(changed[:1024] + data[1024:] if len(changed) == len(data) else changed)
    assert expected in extra_data(path)
    path.write_bytes(data + b"A")
    assert extra_data(path) == ("bytes after the samples",)


def flac_block(kind, body, *, is_last=False):
    return bytes([kind | 0x80 * is_last]) + len(body).to_bytes(3, "big") + body


def comments(vendor, *lines):
    texts = [struct.pack("<I", len(text)) + text for text in (vendor, *lines)]
    return texts[0] + struct.pack("<I", len(lines)) + b"".join(texts[1:])


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (flac_block(1, bytes(100)), ()),
        (flac_block(1, bytes(99) + b"A"), ("PADDING block",)),
        (flac_block(2, b"test" + SECRET), ("APPLICATION block",)),
        (flac_block(3, bytes(18)), ()),
        (flac_block(4, comments(b"", b"TITLE=" + SECRET)), ("VORBIS_COMMENT block",)),
        (flac_block(4, comments(SECRET)), ("VORBIS_COMMENT block",)),
        (flac_block(5, SECRET), ("CUESHEET block",)),
        (flac_block(6, SECRET), ("PICTURE block",)),
        (flac_block(3, SECRET), ("SEEKTABLE block",)),
        (flac_block(1, bytes(9)) + flac_block(1, bytes(9)), ("PADDING block",)),
    ],
)
def test_blocks_of_flac(tmp_path, block, expected):
    path = encoded(tmp_path, "FLAC", "PCM_16", num_samples=6_000)
    data = path.read_bytes()
    length = 4 + int.from_bytes(data[43:46], "big")
    # The comments that the encoder wrote end the list, but where the block is of their kind.
    last = flac_block(1, bytes(4), is_last=True) if block[0] == 4 else data[42 : 42 + length]
    path.write_bytes(data[:42] + block + last + data[42 + length :])
    assert extra_data(path) == expected


ID3V1 = b"TAG" + SECRET.ljust(125, b"\0")
ID3V2 = b"ID3\x04\0\0\0\0\0" + bytes([len(SECRET)]) + SECRET
APE = b"APETAGEX" + struct.pack("<4I", 2000, 32, 0, 0) + bytes(8)


@pytest.mark.parametrize(("container", "subtype"), [("FLAC", "PCM_16"), ("MP3", "MPEG_LAYER_III")])
@pytest.mark.parametrize(
    ("front", "behind", "expected"),
    [
        (ID3V2, b"", ("ID3v2 tag",)),
        (b"", ID3V1, ("ID3v1 tag",)),
        (b"", APE, ("APE tag",)),
        (b"", APE + ID3V1, ("APE tag", "ID3v1 tag")),
        (b"", b"LYRICSBEGIN" + SECRET + b"000035LYRICS200" + ID3V1, ("Lyrics3 tag", "ID3v1 tag")),
        (b"", b"A", ("bytes after the last frame",)),
        (b"", bytes(5000), ("bytes after the last frame",)),
    ],
)
def test_tags_and_bytes_around_the_frames(tmp_path, container, subtype, front, behind, expected):
    path = encoded(tmp_path, container, subtype, num_samples=20_000)
    path.write_bytes(front + path.read_bytes() + behind)
    found = extra_data(path)
    assert tuple(name for name in found if name != "damaged-container") == expected


def test_text_behind_the_last_frame_of_flac_is_told(tmp_path):
    path = encoded(tmp_path, "FLAC", "PCM_24", num_samples=20_000, num_channels=2)
    path.write_bytes(path.read_bytes() + SECRET * 100)
    assert extra_data(path) == ("bytes after the last frame",)


def test_text_in_the_header_frame_of_mp3_is_told(tmp_path):
    path = encoded(tmp_path, "MP3", "MPEG_LAYER_III", num_samples=20_000)
    data = path.read_bytes()
    at = data.index(b"LAME") + 36
    path.write_bytes(data[:at] + SECRET + data[at + len(SECRET) :])
    assert extra_data(path) == ("bytes in the header frame",)
    path.write_bytes(data.replace(b"LAME3.100", b"AnnaSmith"))
    assert extra_data(path) == ("bytes in the header frame",)


def ogg_with(data, packet):
    """The same stream with another second packet, which stands on a page of its own or with the third."""
    out, raw = b"", io.BytesIO(data)
    for page in oggpages.pages(raw):
        pieces = list(oggpages.pieces(page))
        if page.number == 1:
            bodies = [packet, *[piece for piece, _ in pieces[1:]]]
            sizes = b""
            for body, (_, ends) in zip(bodies, pieces, strict=True):
                count, rest = divmod(len(body), 255)
                sizes += b"\xff" * count + (bytes([rest]) if ends else b"")
            head = page.data[:26] + bytes([len(sizes)]) + sizes
            whole = bytearray(head + b"".join(bodies))
            struct.pack_into("<I", whole, 22, oggpages.checksum(bytes(whole)))
            out += bytes(whole)
        else:
            out += page.data
    return out


def vendor_of(data):
    at = data.index(b"\x03vorbis") + 7 if b"\x03vorbis" in data else data.index(b"OpusTags") + 8
    (length,) = struct.unpack_from("<I", data, at)
    return data[at + 4 : at + 4 + length]


@pytest.mark.parametrize(
    ("lines", "vendor", "behind", "expected"),
    [
        ((), None, b"", ()),
        ((b"TITLE=" + SECRET,), None, b"", ("comment",)),
        ((b"METADATA_BLOCK_PICTURE=" + SECRET,), None, b"", ("comment",)),
        ((), SECRET, b"", ("vendor",)),
        ((), None, SECRET, ("bytes after the comments",)),
    ],
)
def test_comments_of_opus(tmp_path, lines, vendor, behind, expected):
    path = encoded(tmp_path, "OGG", "OPUS", num_samples=2_000)
    data = path.read_bytes()
    path.write_bytes(ogg_with(data, b"OpusTags" + comments(vendor or vendor_of(data), *lines) + behind))
    assert extra_data(path) == expected


@pytest.mark.parametrize(
    ("lines", "vendor", "behind", "expected"),
    [
        ((), None, b"\1", ()),
        ((b"ENCODER=libsndfile",), None, b"\1", ()),
        ((b"ENCODER=Anna",), None, b"\1", ("comment",)),
        ((b"ENCODER=libsndfile", b"ENCODER=libsndfile"), None, b"\1", ("comment",)),
        ((b"ENCODER=libsndfile",), SECRET, b"\1", ("vendor",)),
        ((b"ENCODER=libsndfile",), None, b"\1" + SECRET, ("bytes after the comments",)),
    ],
)
def test_comments_of_vorbis(tmp_path, lines, vendor, behind, expected):
    path = encoded(tmp_path, "OGG", "VORBIS", num_samples=2_000)
    data = path.read_bytes()
    path.write_bytes(ogg_with(data, b"\x03vorbis" + comments(vendor or vendor_of(data), *lines) + behind))
    assert extra_data(path) == expected


def test_a_second_stream_and_bytes_between_pages_are_damage(tmp_path):
    path = encoded(tmp_path, "OGG", "VORBIS", num_samples=2_000)
    data = path.read_bytes()
    for other in (
        data + data,
        data + SECRET,
        data[: data.index(b"OggS", 4)] + SECRET + data[data.index(b"OggS", 4) :],
    ):
        path.write_bytes(other)
        assert extra_data(path) == ("damaged-container",)


@pytest.mark.parametrize(
    "data", [b"", b"Anna", SECRET * 100, b"\0\0\0\x18ftypM4A " + bytes(50), b"#!AMR\n\x0c" + bytes(13)]
)
def test_what_is_never_written_is_an_unknown_container(tmp_path, data):
    (tmp_path / "file").write_bytes(data)
    assert extra_data(tmp_path / "file") == ("unknown-container",)


@pytest.mark.parametrize(("container", "subtype"), WRITTEN)
def test_a_file_that_ends_too_early_is_damaged(tmp_path, container, subtype):
    path = encoded(tmp_path, container, subtype, num_samples=6_000)
    data = path.read_bytes()
    for kept in (20, 50, len(data) // 2, len(data) - 3):
        path.write_bytes(data[:kept])
        found = extra_data(path)
        assert found, kept
        assert {"damaged-container", "bytes after the last frame", "bytes outside of the form"} & set(found)


def test_a_file_that_is_not_there_is_unreadable(tmp_path):
    assert extra_data(Path(tmp_path, "none")) == ("unreadable",)
    assert extra_data(tmp_path) == ("unreadable",)
