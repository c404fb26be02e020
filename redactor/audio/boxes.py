"""Whether MP4, Matroska and ASF files are whole: the sizes of their outermost boxes against the file's."""

from __future__ import annotations

import struct

from redactor.audio.problems import Fault
from redactor.audio.source import Promise, Source

MATROSKA_MAGIC = bytes.fromhex("1a45dfa3")
_MATROSKA_SEGMENT = bytes.fromhex("18538067")
ASF_MAGIC = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


def mp4(source: Source) -> Promise:
    """ISO base media (MP4, M4A, MOV, 3GP): every box ends inside the file, and there is an index.

    The number of packets in the index is compared by the reader. A fragmented file cut exactly between two
    fragments cannot be told from a shorter one.
    """
    offset, has_index = 0, False
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
        has_index |= name == b"moov"
        offset += size
    if offset > source.size:
        raise Fault("truncated")
    if not has_index:
        raise Fault("unfinished")
    return Promise()


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
