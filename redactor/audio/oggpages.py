"""Pages of an Ogg stream: walking them, their checksum, and giving a stream a fixed serial number.

Source: RFC 3533, section 6 (page format and checksum).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from redactor.audio.problems import Fault

_CAPTURE = b"OggS"
_HEADER = struct.Struct("<4sBBqIIIB")
_SERIAL_AT = 14
_CRC_AT = 22
_FIRST = 0x02
_LAST = 0x04

# Ogg's checksum is the CRC-32 of zlib with every bit order the other way round, no initial value and no final
# inversion: mirroring the bits of the bytes and of the result makes zlib's fast one usable.
_MIRROR = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True)
class Page:
    """One page as it stands in the file: where, its header's fields, and all its bytes."""

    offset: int
    data: bytes
    serial: int
    number: int
    checksum: int
    is_first: bool
    is_last: bool


def checksum(page: bytes) -> int:
    """Checksum of a page, whatever its checksum field holds."""
    blank = page[:_CRC_AT] + bytes(4) + page[_CRC_AT + 4 :]
    mirrored = zlib.crc32(blank.translate(_MIRROR), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_MIRROR), "big")


def pages(raw: BinaryIO) -> Iterator[Page]:
    """Every page from the start of the file to its end.

    Raises
    ------
    Fault
        "truncated" if the file ends inside a page, "damaged" if something else stands where one should be.
    """
    offset = 0
    while True:
        raw.seek(offset)
        header = raw.read(_HEADER.size)
        if not header:
            return
        if not header.startswith(_CAPTURE[: len(header)]):
            raise Fault("damaged")
        if len(header) < _HEADER.size:
            raise Fault("truncated")
        _, _, flags, _, serial, number, crc, num_segments = _HEADER.unpack(header)
        segments = raw.read(num_segments)
        body = raw.read(sum(segments))
        if len(segments) < num_segments or len(body) < sum(segments):
            raise Fault("truncated")
        data = header + segments + body
        yield Page(offset, data, serial, number, crc, bool(flags & _FIRST), bool(flags & _LAST))
        offset += len(data)


def pieces(page: Page) -> Iterator[tuple[bytes, bool]]:
    """The pieces of packets in a page, in order, each with whether its packet ends there."""
    first = _HEADER.size
    segments = page.data[first : first + page.data[first - 1]]
    start = end = first + len(segments)
    for size in segments:
        end += size
        if size < 255:
            yield page.data[start:end], True
            start = end
    if end > start:
        yield page.data[start:end], False


def set_serial(raw: BinaryIO, serial: int) -> None:
    """Give every page of a single stream this serial number, in place, with checksums to match.

    Parameters
    ----------
    raw : binary file
        Open for reading and writing.
    serial : int
        32 bits; the value means nothing, it only has to be the same in every run.
    """
    for page in pages(raw):
        data = bytearray(page.data)
        struct.pack_into("<I", data, _SERIAL_AT, serial)
        struct.pack_into("<I", data, _CRC_AT, checksum(bytes(data)))
        raw.seek(page.offset)
        raw.write(data)
    raw.flush()
