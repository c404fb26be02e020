"""What stands beside the samples in files made of frames, pages and packets."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Generator, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from redactor.audio import oggpages, streams
from redactor.audio.encode import encode
from redactor.audio.problems import Fault
from redactor.audio.recording import Recording
from redactor.audio.source import Source
from redactor.types import Audio, AudioFormat
from redactor.verify.chunkwalk import is_zero

_FLAC_BLOCKS = {
    0: "STREAMINFO", 1: "PADDING", 2: "APPLICATION", 3: "SEEKTABLE", 4: "VORBIS_COMMENT", 5: "CUESHEET",
    6: "PICTURE",
}  # fmt: skip
_STREAMINFO, _PADDING, _SEEKTABLE, _COMMENT = 0, 1, 3, 4
_SEEKPOINT = 18  # bytes
_MAX_COMMENTS = 1 << 20
# What libsndfile adds to the comments of Ogg Vorbis; to those of Opus and FLAC it adds nothing.
_OWN_COMMENT = b"ENCODER=libsndfile"
_FLAC_SYNCS = (b"\xff\xf8", b"\xff\xf9")
_MAX_FLAC_FRAME = 1 << 20  # where STREAMINFO does not say: 65,535 samples of 8 channels in 16 bits
_OPUS_HEAD, _OPUS_TAGS = b"OpusHead", b"OpusTags"
_VORBIS_HEADS = (b"\x01vorbis", b"\x03vorbis", b"\x05vorbis")
_LAME = re.compile(rb"LAME\d\.\d{2,3}")
_LAME_TAG_LEN = 36


def flac(source: Source) -> Iterator[str]:
    """Blocks of metadata (RFC 9639, section 8), tags in front and behind, and what follows the last frame."""
    if source.at(0, 3) == b"ID3":
        yield "ID3v2 tag"
    offset = streams.skip_id3(source)
    if source.at(offset, 4) != b"fLaC":
        raise Fault("damaged")
    offset, is_last, max_frame = offset + 4, False, 0
    seen = set()
    while not is_last:
        head = source.at(offset, 4)
        is_last, kind, length = bool(head[0] & 0x80), head[0] & 0x7F, int.from_bytes(head[1:], "big")
        offset += 4
        if kind in seen or not _is_plain_block(source, kind, offset, length):
            yield f"{_FLAC_BLOCKS.get(kind, 'unknown')} block"
        if kind == _STREAMINFO:
            max_frame = int.from_bytes(source.at(offset + 7, 3), "big")
        seen.add(kind)
        offset += length
    end = yield from _tags_behind(source)
    if not _ends_with_frame(source, offset, end, max_frame or _MAX_FLAC_FRAME):
        yield "bytes after the last frame"


def _is_plain_block(source: Source, kind: int, start: int, length: int) -> bool:
    if kind == _STREAMINFO:
        return length == 34
    if kind == _PADDING:
        return is_zero(source, start, start + length)
    if kind == _COMMENT:
        vendor, lines, rest = _comments(source.at(start, min(length, _MAX_COMMENTS)))
        return vendor == own_vendor("FLAC", "PCM_16") and not lines and not rest
    return kind == _SEEKTABLE and length % _SEEKPOINT == 0


def _ends_with_frame(source: Source, start: int, end: int, max_frame: int) -> bool:
    """Whether the sound ends where a frame does: a checksum over itself is zero (RFC 9639, section 9.3).

    The reader sees what stands between frames, for it counts the samples and compares their MD5; what stands
    behind the last one, it passes over.
    """
    first = max(start, end - max_frame)
    tail = source.up_to(first, end - first)
    for sync in _FLAC_SYNCS:
        at = tail.rfind(sync)
        while at >= 0:
            # Zeros behind a frame leave its checksum at zero. One or two zeros may be the checksum's own bytes.
            if _crc16(tail[at:]) == 0 and _crc16(tail[at:-3]) != 0:
                return True
            at = tail.rfind(sync, 0, at + 1)
    return False


def _crc16(data: bytes) -> int:
    """CRC of polynomial 0x8005, highest bit first, from 0."""
    table, value = _crc16_table(), 0
    for byte in data:
        value = (value << 8 & 0xFFFF) ^ table[value >> 8 ^ byte]
    return value


@lru_cache(maxsize=1)
def _crc16_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        value <<= 8
        for _ in range(8):
            value = (value << 1 ^ (0x8005 if value & 0x8000 else 0)) & 0xFFFF
        table.append(value)
    return tuple(table)


def _comments(packet: bytes) -> tuple[bytes, list[bytes], bytes]:
    """Vendor, lines, and what stands behind them (Vorbis I specification, section 5)."""
    offset = 0

    def number() -> int:
        nonlocal offset
        if offset + 4 > len(packet):
            raise Fault("damaged")
        offset += 4
        return int.from_bytes(packet[offset - 4 : offset], "little")

    def text() -> bytes:
        nonlocal offset
        length = number()
        if offset + length > len(packet):
            raise Fault("damaged")
        offset += length
        return packet[offset - length : offset]

    vendor = text()
    lines = []
    for _ in range(number()):
        lines.append(text())
    return vendor, lines, packet[offset:]


@lru_cache(maxsize=8)
def own_vendor(container: str, subtype: str) -> bytes:
    """What this machine's encoder calls itself in the files that it writes."""
    audio = Audio(np.zeros((64, 1), np.int16), 8_000, AudioFormat(container, subtype))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file")
        encode(Recording.of(audio), path)
        with path.open("rb") as raw:
            source = Source(raw, raw.seek(0, 2))
            if container == "FLAC":
                # The first block is STREAMINFO, 34 bytes.
                length = int.from_bytes(source.at(43, 3), "big")
                return _comments(source.at(46, length))[0]
            packet = _packets(source, 2)[1]
            return _comments(packet.removeprefix(_OPUS_TAGS).removeprefix(_VORBIS_HEADS[1]))[0]


def ogg(source: Source) -> Iterator[str]:
    """The headers of a Vorbis or Opus stream; pages that belong to no stream are damage to its inspection."""
    first = _packets(source, 1)[0]
    if first.startswith(_OPUS_HEAD):
        yield from _opus(source, first)
    elif first.startswith(_VORBIS_HEADS[0]):
        yield from _vorbis(source, first)
    else:
        yield "unknown stream"


def _opus(source: Source, head: bytes) -> Iterator[str]:
    """OpusHead and OpusTags (RFC 7845, section 5); libopus pads its tags with zeros."""
    channels, family = head[9:10], head[18:19]
    if len(head) != (19 if family == b"\0" else 21 + channels[0]):
        yield "bytes after the header"
    tags = _packets(source, 2)[1]
    if not tags.startswith(_OPUS_TAGS):
        raise Fault("damaged")
    yield from _comment_faults(tags[len(_OPUS_TAGS) :], own_vendor("OGG", "OPUS"), (), b"\0")


def _vorbis(source: Source, head: bytes) -> Iterator[str]:
    """Identification and comments (Vorbis I specification, section 4.2); the third header is all codec."""
    if len(head) != 30:
        yield "bytes after the header"
    comments = _packets(source, 2)[1]
    if not comments.startswith(_VORBIS_HEADS[1]):
        raise Fault("damaged")
    yield from _comment_faults(
        comments[len(_VORBIS_HEADS[1]) :], own_vendor("OGG", "VORBIS"), (_OWN_COMMENT,), b"\x01"
    )


def _comment_faults(packet: bytes, vendor: bytes, own: tuple[bytes, ...], end: bytes) -> Iterator[str]:
    found, lines, rest = _comments(packet)
    if found != vendor:
        yield "vendor"
    if any(line not in own for line in lines) or len(lines) > len(own):
        yield "comment"
    if rest.strip(b"\0") != end.strip(b"\0"):
        yield "bytes after the comments"


def _packets(source: Source, count: int) -> list[bytes]:
    """The first packets of an Ogg stream."""
    packets, packet = [], bytearray()
    for page in oggpages.pages(source.raw):
        for piece, is_last in oggpages.pieces(page):
            packet += piece
            if len(packet) > _MAX_COMMENTS:
                raise Fault("damaged")
            if is_last:
                packets.append(bytes(packet))
                packet.clear()
                if len(packets) == count:
                    return packets
    raise Fault("truncated")


def mp3(source: Source) -> Iterator[str]:
    """Tags in front and behind, what LAME's header frame holds besides, and what follows the last frame."""
    if source.at(0, 3) == b"ID3":
        yield "ID3v2 tag"
    offset = streams.skip_id3(source)
    end = yield from _tags_behind(source)
    first = streams._mpeg_frame(source.up_to(offset, 4))
    if first is None:
        raise Fault("damaged")
    yield from _header_frame(source.up_to(offset, first.num_bytes), first)
    frame = first
    while frame is not None and offset < end:
        offset += frame.num_bytes
        frame = streams._mpeg_frame(source.up_to(offset, 4))
    if offset < end:
        yield "bytes after the last frame"


def _header_frame(data: bytes, frame: streams._MpegFrame) -> Iterator[str]:
    """The frame without sound that says how many there are: everything in it that is not zero is known."""
    if data[36:40] == b"VBRI":
        yield "VBRI header"
        return
    version, _, _, channels = frame.kind
    side_info = {(True, 1): 17, (True, 2): 32, (False, 1): 9, (False, 2): 17}[version == 3, channels]
    at = 4 + side_info
    if data[at : at + 4] not in (b"Xing", b"Info"):
        return
    flags = int.from_bytes(data[at + 4 : at + 8], "big")
    # Frames, bytes, table of contents, quality: 4, 4, 100 and 4 bytes, each if its bit is set.
    tag = at + 8 + sum(size for bit, size in enumerate((4, 4, 100, 4)) if flags >> bit & 1)
    if any(data[4:at]) or flags > 15 or not _LAME.match(data[tag:]) or any(data[tag + _LAME_TAG_LEN :]):
        yield "bytes in the header frame"


def _tags_behind(source: Source) -> Generator[str, None, int]:
    """Tags at the end; the offset where they begin."""
    end = streams._end_of_sound(source)
    behind = source.up_to(end, min(source.size - end, 1 << 16))
    for magic, name in ((b"APETAGEX", "APE tag"), (b"LYRICS", "Lyrics3 tag")):
        if magic in behind:
            yield name
    if behind[-128:].startswith(b"TAG"):
        yield "ID3v1 tag"
    return end
