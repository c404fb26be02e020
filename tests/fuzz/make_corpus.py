"""Makes what is in corpus/: a small file of every container, with a title in it, and files that ask for much.

    python tests/fuzz/make_corpus.py

Bytes depend on the versions of soundfile and PyAV, so what was made once is kept in the repository.
"""

from __future__ import annotations

import io
import struct
import sys
from pathlib import Path

import av
import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "audio"), str(HERE)]

from audio_files import av_bytes, sndfile_bytes, tone  # noqa: E402

from redactor.audio import oggpages  # noqa: E402

TITLE = "Ada Quill"  # what no library may say
SOUND = tone(1_200)
PCM = (SOUND * 32_767).astype(np.int16)


def sndfile(container, subtype, samples=PCM, **options):
    title = None if container in ("W64", "AU", "NIST") else TITLE  # these have no place for one
    return sndfile_bytes(samples, container, subtype, title=title, **options)


def ffmpeg(muxer, codec, samples=SOUND, **options):
    return av_bytes(samples, muxer, codec, title=TITLE, **options)


def fragmented() -> bytes:
    """MP4 whose index comes in pieces."""
    held = io.BytesIO()
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    with av.open(held, "w", format="mp4", options=options) as container:
        container.metadata.update(title=TITLE)
        stream = container.add_stream("aac", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(SOUND.T.copy(), format="fltp", layout="mono")
        frame.sample_rate = 48_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return held.getvalue()


SEEDS = {
    "wav": lambda: sndfile("WAV", "PCM_16"),
    "wav-float": lambda: sndfile("WAV", "FLOAT", SOUND[:300]),
    "wav-24": lambda: sndfile("WAVEX", "PCM_24", PCM[:300]),
    "wav-stereo": lambda: sndfile("WAV", "ULAW", np.repeat(PCM[:400], 2, axis=1)),
    "wav-gsm": lambda: sndfile("WAV", "GSM610"),
    "wav-ima": lambda: sndfile("WAV", "IMA_ADPCM", np.tile(PCM, (2, 1))),
    "wav-ms": lambda: sndfile("WAV", "MS_ADPCM", np.tile(PCM, (2, 1))),
    "rifx": lambda: sndfile("WAV", "PCM_16", PCM[:300], endian="BIG"),
    "rf64": lambda: sndfile("RF64", "PCM_16", PCM[:300]),
    "w64": lambda: sndfile("W64", "PCM_16", PCM[:300]),
    "aiff": lambda: sndfile("AIFF", "PCM_16", PCM[:300]),
    "aifc": lambda: sndfile("AIFF", "ALAW", PCM[:300]),
    "au": lambda: sndfile("AU", "PCM_16", PCM[:300]),
    "au-g721": lambda: sndfile("AU", "G721_32"),
    "caf": lambda: sndfile("CAF", "PCM_16", PCM[:300]),
    "caf-alac": lambda: sndfile("CAF", "ALAC_16"),
    "nist": lambda: sndfile("NIST", "PCM_16", PCM[:300]),
    "flac": lambda: sndfile("FLAC", "PCM_16"),
    "vorbis": lambda: sndfile("OGG", "VORBIS", SOUND),
    "opus": lambda: sndfile("OGG", "OPUS", SOUND),
    "mp3": lambda: sndfile("MP3", "MPEG_LAYER_III", np.tile(SOUND, (3, 1))),
    "m4a": lambda: ffmpeg("ipod", "aac"),
    "m4a-fragments": fragmented,
    "m4a-alac": lambda: ffmpeg("ipod", "alac", PCM, sample_format="s16p"),
    "aac": lambda: ffmpeg("adts", "aac"),
    "matroska": lambda: ffmpeg("matroska", "aac"),
    "webm": lambda: ffmpeg("webm", "libopus", sample_format="flt"),
    "asf": lambda: ffmpeg("asf", "wmav2", np.tile(SOUND, (4, 1))),
    "amr": lambda: b"#!AMR\n" + (b"\x3c" + bytes(31)) * 6,
}


def patched(data: bytes, mark: bytes, skip: int, values: bytes) -> bytes:
    at = data.index(mark) + len(mark) + skip
    return data[:at] + values + data[at + len(values) :]


def counting_packets(count: int) -> bytes:
    """MP4 whose index counts packets of one byte, all in one chunk."""
    data = patched(SEEDS["m4a"](), b"stsz", 4, struct.pack(">II", 1, count))
    data = patched(data, b"stsc", 8, struct.pack(">III", 1, count, 1))
    return patched(data, b"stts", 8, struct.pack(">II", count, 1024))


def counting_chunks(per_chunk: int, num_chunks: int) -> bytes:
    """MP4 with a table of chunks that all begin at one place."""
    data = patched(SEEDS["m4a"](), b"stsz", 4, struct.pack(">II", 1, (1 << 31) - 1))
    data = patched(data, b"stsc", 8, struct.pack(">III", 1, per_chunk, 1))
    data = patched(data, b"stts", 4, struct.pack(">III", 1, per_chunk, 1))
    at = data.index(b"stco") - 4
    table = struct.pack(">I4sII", 16 + 4 * num_chunks, b"stco", 0, num_chunks)
    table += struct.pack(">I", 44) * num_chunks
    data = data[:at] + table + data[at + 20 :]
    for name in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        (size,) = struct.unpack(">I", data[data.index(name) - 4 : data.index(name)])
        data = patched(data, name, -8, struct.pack(">I", size + len(table) - 20))
    return data


def counting_in_a_fragment(count: int) -> bytes:
    """Fragmented MP4 whose one run counts packets without saying anything of each."""
    return patched(SEEDS["m4a-fragments"](), b"trun", 0, struct.pack(">II", 1, count))


class _Bits:
    """Bits of a Vorbis header, the lowest of each byte first."""

    def __init__(self) -> None:
        self.value = self.length = 0

    def put(self, *fields: tuple[int, int]) -> None:
        for value, width in fields:
            self.value |= value << self.length
            self.length += width

    def packet(self) -> bytes:
        return self.value.to_bytes(-(-self.length // 8), "little")


def vorbis_setup(num_books: int, log_entries: int, num_dimensions: int) -> bytes:
    """Setup header with codebooks of 2**log_entries entries, all of one length."""
    entries = 1 << log_entries
    lattice = max(root for root in range(1, entries + 1) if root**num_dimensions <= entries)
    bits = _Bits()
    bits.put((num_books - 1, 8))
    for _ in range(num_books):
        bits.put((0x564342, 24), (num_dimensions, 16), (entries, 24), (1, 1), (log_entries - 1, 5))
        bits.put((entries, entries.bit_length()))
        bits.put((1, 4), (0, 32), (0x60000001, 32), (0, 4), (0, 1), (0, lattice))
    bits.put((0, 6), (0, 16))  # one time
    bits.put((0, 6), (1, 16), (0, 5), (0, 2), (4, 4))  # one floor
    bits.put((0, 6), (0, 16), (0, 24), (0, 24), (0, 24), (0, 6), (0, 8), (0, 3), (0, 1))  # one residue
    bits.put((0, 6), (0, 16), (0, 1), (0, 1), (0, 2), (0, 8), (0, 8), (0, 8))  # one mapping
    bits.put((0, 6), (0, 1), (0, 16), (0, 16), (0, 8), (1, 1))  # one mode
    return b"\x05vorbis" + bits.packet()


def ogg_page(packets: list[bytes], *, flags: int, position: int, number: int) -> bytes:
    segments = b"".join(b"\xff" * (len(p) // 255) + bytes([len(p) % 255]) for p in packets)
    header = struct.pack("<4sBBqIIIB", b"OggS", 0, flags, position, 1, number, 0, len(segments))
    page = header + segments + b"".join(packets)
    return page[:22] + struct.pack("<I", oggpages.checksum(page)) + page[26:]


def counting_codebooks(num_books: int, log_entries: int, num_dimensions: int) -> bytes:
    """Ogg Vorbis with large codebooks and a few packets of silence."""
    identification = b"\x01vorbis" + struct.pack("<IBIiiiBB", 0, 1, 8_000, 0, 8_000, 0, 0x88, 1)
    comments = b"\x03vorbis" + bytes(8) + b"\x01"
    setup = vorbis_setup(num_books, log_entries, num_dimensions)
    return (
        ogg_page([identification], flags=2, position=0, number=0)
        + ogg_page([comments, setup], flags=0, position=0, number=1)
        + ogg_page([b"\0\0"] * 10, flags=4, position=1_280, number=2)
    )


BOMBS = {
    "packets.m4a": lambda: counting_packets(30_000_000),
    "chunks.m4a": lambda: counting_chunks(2_000_000_000, 20),
    "fragment.m4a": lambda: counting_in_a_fragment(30_000_000),
    "codebooks.ogg": lambda: counting_codebooks(30, 19, 15),
    "dimensions.ogg": lambda: counting_codebooks(30, 8, 32_767),

}


def main() -> None:
    for folder, made in (("seeds", SEEDS), ("bombs", BOMBS)):
        (HERE / "corpus" / folder).mkdir(parents=True, exist_ok=True)
        for name, make in made.items():
            (HERE / "corpus" / folder / name).write_bytes(make())


if __name__ == "__main__":
    main()
