"""Whether MP4, Matroska and ASF files are whole: the sizes of their outermost boxes against the file's."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator

from redactor.audio.problems import Fault
from redactor.audio.source import Promise, Source

MATROSKA_MAGIC = bytes.fromhex("1a45dfa3")
_MATROSKA_SEGMENT = bytes.fromhex("18538067")
ASF_MAGIC = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")

# Tables of an MP4 index that can count more than they hold, at whatever depth, and an index that is compressed.
_TABLES = re.compile(rb"stsz|stsc|stco|co64|tfhd|trun|cmov(?=.{4}(?:.{8})?dcom)", re.DOTALL)
_TABLE_HEAD = 24  # what of a table has to stand in one block to be found
# Four printable characters: a word in some text, not a count; FFmpeg allocates no table of so many.
_NO_COUNT = 0x20202020
# Sound of old QuickTime codecs is counted in samples, of which a byte holds up to six (MACE 6:1).
_MOST_PER_BYTE = 8
# Chunks of one file may differ in length.
_MOST_UNEVEN = 64
_BLOCK_BYTES = 1 << 20


def mp4(source: Source) -> Promise:
    """ISO base media (MP4, M4A, MOV, 3GP): every box ends inside the file, and there is an index.

    The number of packets in the index is compared by the reader. A fragmented file cut exactly between two
    fragments cannot be told from a shorter one.
    """
    offset, has_index = 0, False
    boxes = []
    while offset < source.size:
        head = source.up_to(offset, 16)
        if len(head) < 8:
            raise Fault("truncated")
        size, name = struct.unpack(">I4s", head[:8])
        if size == 1:
            if len(head) < 16:
                raise Fault("truncated")
            size = struct.unpack(">Q", head[8:])[0]
        elif size == 0:
            if name == b"mdat":
                raise Fault("unfinished")
            size = source.size - offset
        if size < 8:
            raise Fault("damaged")
        if has_index and name == b"moov":
            raise Fault("several-streams")  # FFmpeg knows the first alone, and the rest would be lost
        has_index |= name == b"moov"
        if name != b"mdat":
            boxes.append((offset, size))
        offset += size
    if offset > source.size:
        raise Fault("truncated")
    if not has_index:
        raise Fault("unfinished")
    _check_tables(source, boxes)
    return Promise()


def _check_tables(source: Source, boxes: Iterable[tuple[int, int]]) -> None:
    """Refuse tables that count more packets than a file of this size can hold.

    FFmpeg makes room for each before it looks for it: a file of 1,497 bytes whose one fragment counted 80
    million packets took 2.8 GB (PyAV 18.1.0). Tables are found by their names alone, since FFmpeg reads them
    wherever they stand.
    """
    promised = in_runs = in_chunk = chunks = 0
    has_fragments = False
    for name, at in _tables(source, boxes):
        if name == b"cmov":
            raise Fault("unsupported-codec")
        first, second, third = struct.unpack(">III", source.up_to(at, 12).ljust(12, b"\0"))
        if name == b"tfhd":
            has_fragments = True
        elif name == b"stsz" and third < _NO_COUNT:
            promised += second * third
        elif name == b"trun" and second < _NO_COUNT:
            num_fields = (first >> 8 & 15).bit_count()  # four bytes each for every packet
            in_runs += second * max(4 * num_fields, 1)
        elif name == b"stsc":
            in_chunk = max(in_chunk, _most_in_chunk(source, at + 8, second))
        elif name in (b"stco", b"co64"):
            chunks = max(chunks, second)
    if promised > _MOST_PER_BYTE * source.size or in_chunk * chunks > _MOST_UNEVEN * source.size:
        raise Fault("damaged")
    if has_fragments and in_runs > source.size:
        raise Fault("damaged")


def _tables(source: Source, boxes: Iterable[tuple[int, int]]) -> Iterator[tuple[bytes, int]]:
    """Name of each table, and where what follows its name, and its size where that is long, begins."""
    for start, size in boxes:
        for offset in range(start, start + size, _BLOCK_BYTES):
            block = source.up_to(offset, min(_BLOCK_BYTES + _TABLE_HEAD, start + size - offset))
            for found in _TABLES.finditer(block):
                if found.start() < _BLOCK_BYTES:
                    at = offset + found.start()
                    is_long = source.up_to(at - 4, 4) == b"\0\0\0\1"
                    yield found.group(), at + 4 + 8 * is_long


def _most_in_chunk(source: Source, at: int, num_entries: int) -> int:
    """The most packets that any entry of a table says are in a chunk."""
    most, end = 0, min(at + 12 * num_entries, source.size)
    while at + 12 <= end:
        block = source.up_to(at, min(12 * 65_536, end - at) // 12 * 12)
        most = max(most, *(count for _, count, _ in struct.iter_unpack(">III", block)))
        at += len(block)
    return most


def _ebml_number(source: Source, offset: int) -> tuple[int | None, int]:
    """A variable-length size and its own length in bytes; None for the reserved value "unknown"."""
    first = source.at(offset, 1)[0]
    length = 9 - first.bit_length()
    if length > 8:
        raise Fault("damaged")
    value = int.from_bytes(source.at(offset, length), "big") & (1 << 7 * length) - 1
    return (None if value == (1 << 7 * length) - 1 else value), length


def matroska(source: Source) -> Promise:
    """Matroska and WebM (RFC 8794): the segment says where it ends, and ends inside the file.

    Browsers and other live recorders leave the size "unknown"; that is refused as unfinished, for a cut would
    not show.
    """
    size, length = _ebml_number(source, 4)
    if size is None:
        raise Fault("damaged")
    offset = 4 + length + size
    while offset < source.size:
        name = source.at(offset, 4)
        name_length = 9 - name[0].bit_length()
        if name_length > 4:
            raise Fault("damaged")
        size, length = _ebml_number(source, offset + name_length)
        if size is None:
            raise Fault("unfinished")
        offset += name_length + length + size
        if offset > source.size:
            raise Fault("truncated")
        if name == _MATROSKA_SEGMENT:
            return Promise()
    raise Fault("truncated-header")


def asf(source: Source) -> Promise:
    """ASF (WMA): the file size in its properties; a broadcast that was never closed has none."""
    header_size = struct.unpack("<Q", source.at(16, 8))[0]
    offset = 30
    while offset + 24 <= min(header_size, source.size):
        name, size = struct.unpack("<16sQ", source.at(offset, 24))
        if size < 24:
            raise Fault("damaged")
        if name == _ASF_FILE_PROPERTIES:
            file_size = struct.unpack("<Q", source.at(offset + 40, 8))[0]
            is_broadcast = source.at(offset + 88, 1)[0] & 1
            if is_broadcast or file_size == 0:
                raise Fault("unfinished")
            if file_size > source.size:
                raise Fault("truncated")
            return Promise()
        offset += size
    raise Fault("truncated-header")
