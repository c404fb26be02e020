"""Whether FLAC, Ogg, MP3, ADTS and AMR files are whole: walked frame by frame, without decoding.

Decoders resynchronize: mpg123 skips what it does not understand (and writes about it to stderr), libsndfile
then returns fewer samples. A gap, a frame cut off, or an Ogg stream without its last page is a refusal here.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from redactor.audio import oggpages
from redactor.audio.problems import Fault
from redactor.audio.source import Promise, Source, check_sound
from redactor.audio.vorbis import SetupCheck

# The magic number and the head of STREAMINFO, which comes first and may be the last block before the sound.
_FLAC_HEAD, _FLAC_HEAD_BYTES = re.compile(rb"fLaC[\0\x80]\0\0\x22"), 8
_BLOCK_BYTES = 1 << 20


def skip_id3(source: Source) -> int:
    """Offset behind any ID3v2 tags at the start, and behind zero padding after them."""
    offset = 0
    while (head := source.up_to(offset, 10))[:3] == b"ID3" and len(head) == 10:
        size = 0
        for byte in head[6:]:
            size = size << 7 | byte & 0x7F
        offset += 10 + size + (10 if head[5] & 0x10 else 0)
    if offset:
        while (block := source.up_to(offset, 4096)) and not block.strip(b"\0"):
            offset += len(block)
        offset += len(block) - len(block.lstrip(b"\0"))
    return offset


def _end_of_sound(source: Source) -> int:
    """Offset where ID3v1, Lyrics3 and APE tags at the end begin."""
    end = source.size
    if end >= 128 and source.at(end - 128, 3) == b"TAG":
        end -= 128
        if end >= 227 and source.at(end - 227, 4) == b"TAG+":
            end -= 227
    if end >= 15 and source.at(end - 9, 9) == b"LYRICS200":
        digits = source.at(end - 15, 6)
        end -= 15 + int(digits) if digits.isdigit() else 0
    if end >= 32 and source.at(end - 32, 8) == b"APETAGEX":
        size, _, flags = struct.unpack("<III", source.at(end - 20, 12))
        end -= size + (32 if flags & 1 << 31 else 0)
    return max(end, 0)


def flac(source: Source) -> Promise:
    """FLAC: what STREAMINFO says; whether it is true shows when the samples' MD5 is compared.

    Source: RFC 9639, section 8.2.
    """
    start = skip_id3(source)
    if source.at(start, 4) != b"fLaC" or source.at(start + 4, 1)[0] & 0x7F != 0:
        raise Fault("damaged")
    info = source.at(start + 8, 34)
    packed = int.from_bytes(info[10:18], "big")
    rate, channels = packed >> 44, (packed >> 41 & 7) + 1
    bits, num_samples = (packed >> 36 & 31) + 1, packed & (1 << 36) - 1
    check_sound(rate, channels)
    if num_samples == 0:
        raise Fault("unfinished" if _flac_has_frames(source, start + 4) else "no-samples")
    if _flac_begins_again(source, start + 4):
        raise Fault("several-streams")
    md5 = info[18:34]
    return Promise(num_samples, rate, channels, md5 if any(md5) else None, bits)


def _flac_has_frames(source: Source, offset: int) -> bool:
    """Whether anything follows the metadata blocks."""
    while True:
        head = source.at(offset, 4)
        offset += 4 + int.from_bytes(head[1:], "big")
        if head[0] & 0x80:
            return offset < source.size


def _flac_begins_again(source: Source, start: int) -> bool:
    """Whether another file follows: libFLAC ends with the first, and the rest would be lost."""
    for offset in range(start, source.size, _BLOCK_BYTES):
        if _FLAC_HEAD.search(source.up_to(offset, _BLOCK_BYTES + _FLAC_HEAD_BYTES - 1)):
            return True
    return False


def ogg(source: Source) -> Promise:
    """One logical stream, every page there in order with its checksum right, the last marked as last."""
    last, setup = None, SetupCheck()
    for page in oggpages.pages(source.raw):
        if oggpages.checksum(page.data) != page.checksum:
            raise Fault("damaged")
        if last is None:
            if not page.is_first:
                raise Fault("damaged")
        elif page.serial != last.serial:
            raise Fault("several-streams")
        elif last.is_last or page.number != last.number + 1:
            raise Fault("damaged")
        setup.feed(oggpages.pieces(page))
        last = page
    if last is None or not last.is_last:
        raise Fault("truncated")
    return Promise()


# MPEG audio, ISO/IEC 11172-3 and 13818-3: kbit/s by (version 1?, layer), Hz by version bits.
_KBPS = {
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MPEG_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


@dataclass(frozen=True)
class _MpegFrame:
    kind: tuple[int, int, int, int]  # version bits, layer, rate, channels: the same in every frame
    num_bytes: int


def _mpeg_frame(head: bytes) -> _MpegFrame | None:
    """A frame header, or None if these four bytes are none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    bitrate, rate_index, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or layer == 4 or bitrate in (0, 15) or rate_index == 3:
        return None
    rate = _MPEG_HZ[version][rate_index]
    bits_per_s = _KBPS[version == 3, layer][bitrate - 1] * 1000
    if layer == 1:
        num_bytes = (12 * bits_per_s // rate + padding) * 4
    else:
        num_samples = 576 if layer == 3 and version != 3 else 1152
        num_bytes = num_samples // 8 * bits_per_s // rate + padding
    channels = 1 if head[3] >> 6 == 3 else 2
    return _MpegFrame((version, layer, rate, channels), num_bytes)


def mp3(source: Source) -> Promise:
    """MPEG audio: frames without a gap from the first to the tags at the end, as many as a Xing header says."""
    offset = skip_id3(source)
    end = _end_of_sound(source)
    first = _mpeg_frame(source.up_to(offset, 4))
    if first is None:
        raise Fault("no-samples" if offset >= end else "not-audio")
    promised = _promised_frames(source.up_to(offset, first.num_bytes), first)
    num_frames = 0
    while offset < end:
        frame = _mpeg_frame(source.up_to(offset, 4))
        if frame is None:
            if _only_padding(source, offset, end):
                break
            raise Fault("truncated" if end - offset < 4 else "damaged")
        if frame.kind != first.kind:
            raise Fault("format-changes")
        offset += frame.num_bytes
        num_frames += 1
    if offset > end:
        raise Fault("truncated")
    if promised is not None:
        # The frame that carries the count holds no sound; some encoders count it, some do not.
        if num_frames < promised:
            raise Fault("truncated")
        if num_frames - 1 > promised:
            raise Fault("damaged")
    _, _, rate, channels = first.kind
    return Promise(None, rate, channels)


def _promised_frames(frame: bytes, header: _MpegFrame) -> int | None:
    """Number of frames that a Xing, Info or VBRI header in the first frame promises."""
    version, _, _, channels = header.kind
    side_info = {(True, 1): 17, (True, 2): 32, (False, 1): 9, (False, 2): 17}[version == 3, channels]
    xing = frame[4 + side_info :]
    if xing[:4] in (b"Xing", b"Info") and len(xing) >= 12 and xing[7] & 1:
        return int.from_bytes(xing[8:12], "big")
    if frame[36:40] == b"VBRI" and len(frame) >= 54:
        return int.from_bytes(frame[50:54], "big")
    return None


def _only_padding(source: Source, offset: int, end: int) -> bool:
    """Whether nothing but zero bytes is left."""
    while offset < end:
        block = source.up_to(offset, min(1 << 16, end - offset))
        if not block or block.strip(b"\0"):
            return False
        offset += len(block)
    return True


def adts(source: Source) -> Promise:
    """Raw AAC: ADTS frames (ISO/IEC 13818-7, section 6.2) without a gap."""
    offset, end = skip_id3(source), _end_of_sound(source)
    while offset < end:
        head = source.up_to(offset, 7)
        if len(head) < 7:
            raise Fault("truncated")
        size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
        if head[0] != 0xFF or head[1] & 0xF6 != 0xF0 or size < 7:
            raise Fault("damaged")
        offset += size
    if offset > end:
        raise Fault("truncated")
    return Promise()


# Bytes of a frame by its type, RFC 4867, section 5.3: narrow band, wide band.
_AMR_BYTES = {
    b"#!AMR\n": (13, 14, 16, 18, 20, 21, 27, 32, 6, 0, 0, 0, 0, 0, 0, 1),
    b"#!AMR-WB\n": (18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 0, 0, 0, 0, 1, 1),
}


def amr(source: Source) -> Promise:
    """AMR narrow and wide band: frames without a gap."""
    magic = next((m for m in _AMR_BYTES if source.up_to(0, len(m)) == m), None)
    if magic is None:
        raise Fault("unsupported-codec")  # the multi-channel kinds
    offset = len(magic)
    if offset == source.size:
        raise Fault("no-samples")
    while offset < source.size:
        size = _AMR_BYTES[magic][source.at(offset, 1)[0] >> 3 & 15]
        if size == 0:
            raise Fault("damaged")
        offset += size
    if offset > source.size:
        raise Fault("truncated")
    return Promise()
