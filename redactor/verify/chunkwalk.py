"""What stands beside the samples in files made of chunks, and behind headers of a fixed size."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from redactor.audio.problems import Fault
from redactor.audio.source import Source

# Chunks that are told by name. Another's name is four bytes that somebody chose.
_KNOWN = frozenset(
    b"LIST INFO bext id3 ID3 cue iXML PEAK peak PAD JUNK junk FLLR free smpl inst cart axml chna note labl "
    b"DISP umid minf elm1 regn ANNO AUTH NAME COMT MARK INST APPL MIDI AESD SAXL CHAN chan strg info mark midi "
    b"ovvw uuid edct fmt fact data ds64 COMM SSND FVER desc kuki pakt".split()
)
_PADDING = "padding that is not zero"
_AFTER = "bytes after the last chunk"
_AIFC_VERSION = bytes.fromhex("a2805140")  # the only one there is
# Sony's GUIDs behind the four letters of every name.
_W64_GUID = bytes.fromhex("f3acd3118cd100c04f8edb8a")
_NIST_FIELDS = {
    b"channel_count": rb"\d{1,4}",
    b"sample_rate": rb"\d{1,7}",
    b"sample_n_bytes": rb"\d",
    b"sample_sig_bits": rb"\d{1,2}",
    b"sample_coding": rb"pcm|ulaw|alaw",
    b"sample_byte_format": rb"[01]{1,4}",
    b"sample_count": rb"\d{1,12}",
}
_BLOCK = 1 << 16


@dataclass(frozen=True)
class _Chunk:
    """Name, and where its contents stand in the file."""

    source: Source
    name: bytes
    start: int
    length: int

    def at(self, offset: int, count: int) -> bytes:
        """Bytes of the contents; fewer if it ends before."""
        return self.source.up_to(self.start + offset, max(0, min(count, self.length - offset)))

    def is_zero(self) -> bool:
        return is_zero(self.source, self.start, self.start + self.length)


def is_zero(source: Source, start: int, stop: int) -> bool:
    """Whether a range of bytes holds nothing but zeros."""
    return not any(
        source.up_to(offset, min(_BLOCK, stop - offset)).strip(b"\0") for offset in range(start, stop, _BLOCK)
    )


_Rules = dict[bytes, Callable[[_Chunk], bool]]


def _beside(chunks: Iterator[_Chunk | str], rules: _Rules) -> Iterator[str]:
    """What is in no rule, breaks its own, or is there a second time."""
    seen = set()
    for chunk in chunks:
        if isinstance(chunk, str):
            yield chunk
            continue
        rule = rules.get(chunk.name)
        if chunk.name in seen or rule is None or not rule(chunk):
            name = chunk.name.strip()
            yield f"{name.decode() if name in _KNOWN else 'unknown'} chunk"
        seen.add(chunk.name)


def _of_length(*lengths: int) -> Callable[[_Chunk], bool]:
    return lambda chunk: chunk.length in lengths


def _anything(chunk: _Chunk) -> bool:
    return True


def _riff_chunks(source: Source, order: str) -> Iterator[_Chunk | str]:
    """Chunks of RIFF, RIFX, RF64 or FORM, each padded to an even size; or what else stands there."""
    is_rf64 = source.at(0, 4) == b"RF64"
    if not is_rf64 and struct.unpack(order + "I", source.at(4, 4))[0] + 8 != source.size:
        yield "bytes outside of the form"
    offset = 12
    while offset + 8 <= source.size:
        name, length = struct.unpack(order + "4sI", source.at(offset, 8))
        if is_rf64 and name == b"data" and length == 0xFFFFFFFF:
            length = struct.unpack("<Q", source.at(28, 8))[0]
        offset += 8
        if offset + length > source.size:
            raise Fault("truncated")
        yield _Chunk(source, name, offset, length)
        offset += length
        if length % 2:
            if source.up_to(offset, 1).strip(b"\0"):
                yield _PADDING
            offset += 1
    if offset < source.size:
        yield _AFTER


def wav(source: Source) -> Iterator[str]:
    """RIFF, RIFX and RF64. libsndfile keeps room for a PEAK chunk that it was told to leave out, as zeros."""
    order = ">" if source.at(0, 4) == b"RIFX" else "<"
    rules: _Rules = {
        b"fmt ": _is_wave_format,
        b"fact": _of_length(4),
        b"PAD ": _Chunk.is_zero,
        b"data": _anything,
    }
    if source.at(0, 4) == b"RF64":
        rules[b"ds64"] = lambda chunk: chunk.length == 28 and chunk.start == 20 and not any(chunk.at(24, 4))
    yield from _beside(_riff_chunks(source, order), rules)


def _is_wave_format(chunk: _Chunk) -> bool:
    """Plain, with an empty extension, or extensible."""
    return chunk.length in (16, 40) or (chunk.length == 18 and not any(chunk.at(16, 2)))


def aiff(source: Source) -> Iterator[str]:
    """AIFF and AIFF-C, whose COMM chunk may name the compression in words."""
    rules: _Rules = {
        b"FVER": lambda chunk: chunk.at(0, 5) == _AIFC_VERSION,
        b"COMM": lambda chunk: chunk.length in (18, 24) and not any(chunk.at(22, 2)),
        b"SSND": lambda chunk: not any(chunk.at(0, 8)),  # an offset, for bytes in front of the samples
    }
    yield from _beside(_riff_chunks(source, ">"), rules)


def w64(source: Source) -> Iterator[str]:
    """Sony Wave 64: every chunk begins at a multiple of 8 bytes."""
    yield from _beside(
        _w64_chunks(source), {b"fmt ": _of_length(16, 18, 40), b"fact": _of_length(8), b"data": _anything}
    )


def _w64_chunks(source: Source) -> Iterator[_Chunk | str]:
    if source.at(24, 16) != b"wave" + _W64_GUID or struct.unpack("<Q", source.at(16, 8))[0] != source.size:
        yield "bytes outside of the form"
    offset = 40
    while offset + 24 <= source.size:
        name, guid, length = struct.unpack("<4s12sQ", source.at(offset, 24))
        if length < 24 or offset + length > source.size:
            raise Fault("truncated")
        yield _Chunk(source, name if guid == _W64_GUID else b"", offset + 24, length - 24)
        end = offset + length
        offset = end + -length % 8
        if not is_zero(source, end, min(offset, source.size)):
            yield _PADDING
    if offset < source.size:
        yield _AFTER


def caf(source: Source) -> Iterator[str]:
    """Apple Core Audio Format; the packets of ALAC need a table and the decoder's settings."""
    rules: _Rules = {
        b"desc": _of_length(32),
        b"free": _Chunk.is_zero,
        b"data": lambda chunk: not any(chunk.at(0, 4)),  # a count of edits
    }
    if source.at(28, 4) == b"alac":
        rules[b"kuki"] = _of_length(24, 48)
        rules[b"pakt"] = _anything
    yield from _beside(_caf_chunks(source), rules)


def _caf_chunks(source: Source) -> Iterator[_Chunk | str]:
    offset = 8
    while offset + 12 <= source.size:
        name, length = struct.unpack(">4sq", source.at(offset, 12))
        offset += 12
        if length < 0 or offset + length > source.size:
            raise Fault("truncated")
        yield _Chunk(source, name, offset, length)
        offset += length
    # libsndfile ends the file on an even byte.
    rest = source.up_to(offset, source.size - offset)
    if rest not in (b"", b"\0"):
        yield _AFTER


def au(source: Source) -> Iterator[str]:
    """Sun/NeXT audio: a header, an annotation of any length, samples."""
    order = ">" if source.at(0, 4) == b".snd" else "<"
    start, length = struct.unpack(order + "2I", source.at(4, 8))
    if start != 24:
        yield "annotation"
    if start + length < source.size:
        yield "bytes after the samples"


def nist(source: Source) -> Iterator[str]:
    """NIST Sphere: lines of names, types and values, zeros up to 1,024 bytes, samples."""
    header = source.at(0, 1024)
    if not header.startswith(b"NIST_1A\n   1024\n"):
        raise Fault("damaged")
    text, end, rest = header[16:].partition(b"end_head\n")
    if not end or rest.strip(b"\0"):
        yield "bytes after the header"
    sizes = {b"channel_count": 1, b"sample_n_bytes": 1, b"sample_count": 0}
    for line in text.splitlines():
        name, _, value = (line.split(b" ", 2) + [b"", b""])[:3]
        pattern = _NIST_FIELDS.get(name)
        if pattern is None or not re.fullmatch(name + rb" -(?:i|s\d) (?:" + pattern + rb")", line):
            yield "header field"
        elif name in sizes:
            sizes[name] = int(value)
    num_bytes = sizes[b"channel_count"] * sizes[b"sample_n_bytes"] * sizes[b"sample_count"]
    if 1024 + num_bytes < source.size:
        yield "bytes after the samples"
