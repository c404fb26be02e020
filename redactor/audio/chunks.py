"""What WAV, RF64, W64, AIFF, AU, CAF and NIST headers promise, held against the bytes that are there.

libsndfile is forgiving: it clips a length that runs past the end of the file and reports the shorter recording
as if nothing were missing (measured with libsndfile 1.2.2 on files cut in half). So the length is read here,
and a promise that the file does not keep is a refusal.

Sizes of 0 (with bytes behind) and of 0xFFFFFFFF, which recorders write when they stream or die, are refused as
"unfinished": where the sound ends is then a guess, and a wrong guess would turn a trailing text chunk into
samples and release it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from redactor.audio.problems import Fault
from redactor.audio.source import Promise, Source, check_sound

_UNKNOWN_U32 = 0xFFFFFFFF
# Streaming writers without a length put values near 2**31 or 2**32 there (SoX 0x7FFFF000 and up).
_STREAMING_U32 = 0x7FFFF000
_MAX_RIFF = 0xFFFFFFFF + 8

# WAVE format tags whose samples all have the same size: PCM, float, A-law, mu-law.
_WAVE_PLAIN = {0x0001, 0x0003, 0x0006, 0x0007}
_WAVE_EXTENSIBLE = 0xFFFE
_RIFF_MAGICS = (b"RIFF", b"RIFX", b"RF64")
# AIFF-C compression types with samples of one size.
_AIFC_PLAIN = {
    b"NONE", b"sowt", b"twos", b"raw ", b"in24", b"in32", b"42ni", b"23ni",
    b"fl32", b"FL32", b"fl64", b"FL64", b"ulaw", b"ULAW", b"alaw", b"ALAW",
}  # fmt: skip
_AU_BYTES = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}
_CAF_PLAIN = {b"lpcm", b"ulaw", b"alaw"}
# The twelve bytes that follow "riff" and those that follow "fmt " and "data" in Sony's GUIDs.
W64_MAGIC = bytes.fromhex("726966662e91cf11a5d628db04c10000")


def _check_extent(source: Source, start: int, length: int, *, streaming: int = _UNKNOWN_U32) -> None:
    """Refuse sound that runs past the end of the file, or whose length was never written."""
    if start + length > source.size:
        raise Fault("unfinished" if length >= streaming else "truncated")
    if length == 0:
        raise Fault("no-samples")


def _check_alone(source: Source, end: int, magic: bytes) -> None:
    """Refuse a file with another one behind it: a decoder ends with the first, and the rest would be lost."""
    if source.up_to(end, len(magic)) == magic:
        raise Fault("several-streams")


def _whole(num_bytes: int, block: int) -> int:
    if block == 0:
        raise Fault("damaged")
    return num_bytes // block


def wav(source: Source) -> Promise:
    """RIFF, RIFX or RF64.

    Raises
    ------
    Fault
        "truncated-header", "truncated", "unfinished", "no-samples", "no-channels", "bad-rate", "damaged".
    """
    magic = source.at(0, 12)[:4]
    order = ">" if magic == b"RIFX" else "<"
    if magic != b"RF64" and source.size > _MAX_RIFF:
        raise Fault("unfinished")  # 32-bit sizes cannot describe it: they have wrapped around
    fmt = data_size_64 = None
    for name, start, length in _riff_chunks(source, order):
        if name == b"ds64":
            data_size_64 = struct.unpack("<Q", source.at(start + 8, 8))[0]
        elif name == b"fmt ":
            fmt = _wave_format(source, start, length, order)
        elif name == b"data":
            if fmt is None:
                raise Fault("truncated-header")
            if magic == b"RF64" and length == _UNKNOWN_U32 and data_size_64 is not None:
                length = data_size_64
            return _wave_data(source, start, length, order, fmt)
        elif start + length > source.size:
            raise Fault("truncated")
    raise Fault("truncated-header")


def _riff_chunks(source: Source, order: str, first: int = 12) -> Iterator[tuple[bytes, int, int]]:
    offset = first
    while offset + 8 <= source.size:
        name, length = struct.unpack(order + "4sI", source.at(offset, 8))
        yield name, offset + 8, length
        offset += 8 + length + length % 2


def _wave_format(source: Source, start: int, length: int, order: str) -> tuple[int, int, int, int]:
    """Format tag, channels, rate and bytes per sample of all channels."""
    if length < 16:
        raise Fault("truncated-header")
    tag, channels, rate, _, block = struct.unpack(order + "HHIIH", source.at(start, 14))
    if tag == _WAVE_EXTENSIBLE and length >= 40:
        tag = struct.unpack(order + "H", source.at(start + 24, 2))[0]
    check_sound(rate, channels)
    return tag, channels, rate, block


def _wave_data(
    source: Source, start: int, length: int, order: str, fmt: tuple[int, int, int, int]
) -> Promise:
    tag, channels, rate, block = fmt
    if length == 0 and not _ends_cleanly(source, start, order):
        raise Fault("unfinished")
    # A size this large in 32 bits, without the bytes, was never filled in; in RF64's 64 bits it was.
    streaming = _STREAMING_U32 if length <= _UNKNOWN_U32 else 1 << 63
    _check_extent(source, start, length, streaming=streaming)
    for name, *_ in _riff_chunks(source, order, start + length + length % 2):
        if not name.strip(b"\0"):
            break  # padding, of whatever length
        if name in _RIFF_MAGICS:
            raise Fault("several-streams")  # a decoder ends with the first, and the rest would be lost
    num_samples = _whole(length, block) if tag in _WAVE_PLAIN else None
    return Promise(num_samples, rate, channels)


def _ends_cleanly(source: Source, offset: int, order: str) -> bool:
    """Whether what follows an empty data chunk is nothing, or chunks that end where the file does."""
    end = offset
    for _, start, length in _riff_chunks(source, order, offset):
        end = start + length + length % 2
    return source.size <= end <= source.size + 1


def w64(source: Source) -> Promise:
    """Sony Wave 64: GUIDs for names, 64-bit sizes that count their own header, alignment to 8 bytes."""
    fmt = None
    offset = 40
    while offset + 24 <= source.size:
        name, length = struct.unpack("<4s12xQ", source.at(offset, 24))
        if length < 24:
            raise Fault("damaged")
        start, body = offset + 24, length - 24
        if name == b"fmt ":
            fmt = _wave_format(source, start, body, "<")
        elif name == b"data":
            if fmt is None:
                raise Fault("truncated-header")
            if body == 0 and start < source.size:
                raise Fault("unfinished")
            _check_extent(source, start, body)
            _check_alone(source, offset + length + -length % 8, W64_MAGIC)
            tag, channels, rate, block = fmt
            return Promise(_whole(body, block) if tag in _WAVE_PLAIN else None, rate, channels)
        offset += length + -length % 8
    raise Fault("truncated-header")


def aiff(source: Source) -> Promise:
    """AIFF and AIFF-C."""
    compressed = source.at(8, 4) == b"AIFC"
    common = sound = None
    for name, start, length in _riff_chunks(source, ">"):
        if name == b"COMM":
            common = _aiff_common(source, start, compressed=compressed)
        elif name == b"SSND":
            skip = struct.unpack(">I", source.at(start, 4))[0]
            sound = (start + 8 + skip, length - 8 - skip)
            if length < 8 + skip:
                raise Fault("unfinished" if start + 8 < source.size else "no-samples")
            _check_extent(source, *sound, streaming=_STREAMING_U32)
        elif start + length > source.size:
            raise Fault("truncated")
    if common is None:
        raise Fault("truncated-header")
    num_samples, rate, channels, sample_bytes = common
    if num_samples == 0:
        raise Fault("unfinished" if sound else "no-samples")
    if sound is None:
        raise Fault("truncated")
    if sample_bytes is None:
        return Promise(None, rate, channels)
    if num_samples * channels * sample_bytes > sound[1]:
        raise Fault("truncated")
    return Promise(num_samples, rate, channels)


def _aiff_common(source: Source, start: int, *, compressed: bool) -> tuple[int, int, int, int | None]:
    """Samples, rate, channels, and bytes per sample unless compressed to something else."""
    channels, num_samples, bits, exponent, mantissa = struct.unpack(">HIHHQ", source.at(start, 18))
    kind = source.at(start + 18, 4) if compressed else b"NONE"
    # An 80-bit float: 15 bits of exponent biased by 16383, 64 bits of mantissa with the leading one written.
    shift = (exponent & 0x7FFF) - 16383 - 63
    rate = mantissa >> -shift if -64 < shift < 0 else 0
    check_sound(rate, channels)
    if kind not in _AIFC_PLAIN:
        return num_samples, rate, channels, None
    sample_bytes = 1 if kind.lower() in (b"ulaw", b"alaw") else (bits + 7) // 8
    return num_samples, rate, channels, sample_bytes


def au(source: Source) -> Promise:
    """Sun/NeXT audio, either byte order."""
    order = ">" if source.at(0, 4) == b".snd" else "<"
    start, length, encoding, rate, channels = struct.unpack(order + "5I", source.at(4, 20))
    check_sound(rate, channels)
    if length == _UNKNOWN_U32 or (length == 0 and start < source.size):
        raise Fault("unfinished")
    _check_extent(source, start, length)
    _check_alone(source, start + length, source.at(0, 4))
    width = _AU_BYTES.get(encoding)
    return Promise(length // (width * channels) if width else None, rate, channels)


def caf(source: Source) -> Promise:
    """Apple Core Audio Format."""
    desc = data = None
    offset = 8
    while offset + 12 <= source.size:
        name, length = struct.unpack(">4sq", source.at(offset, 12))
        start = offset + 12
        if length < 0:
            raise Fault("unfinished" if name == b"data" else "damaged")
        if start + length > source.size:
            raise Fault("truncated")
        if name == b"desc":
            rate, kind, packet, channels = struct.unpack(">d4s4xI4xI", source.at(start, 28))
            check_sound(rate, channels)
            desc = (int(rate), kind, packet, channels)
        elif name == b"data":
            data = length - 4  # an edit count comes first
        offset = start + length
    if desc is None:
        raise Fault("truncated-header")
    # libsndfile adds a byte to make the size even; anything longer is the start of a chunk cut off.
    if data is None or source.size - offset > 1:
        raise Fault("truncated")
    if data <= 0:
        raise Fault("no-samples")
    rate, kind, packet, channels = desc
    return Promise(_whole(data, packet) if kind in _CAF_PLAIN else None, rate, channels)


def nist(source: Source) -> Promise:
    """NIST Sphere: a text header of `name -type value` lines."""
    try:
        header_size = int(source.at(8, 8))
        if header_size < 0:
            raise Fault("damaged")
        fields = {}
        for line in source.at(0, min(header_size, 1 << 16)).decode("latin-1").splitlines()[2:]:
            if line.strip() == "end_head":
                break
            name, _, value = line.split(maxsplit=2)
            fields[name] = value.strip()
        num_samples = int(fields["sample_count"])
        rate, channels = int(fields["sample_rate"]), int(fields.get("channel_count", "1"))
        width = int(fields["sample_n_bytes"])
    except (ValueError, KeyError):
        raise Fault("truncated-header") from None
    if min(num_samples, channels, width) < 0:
        raise Fault("damaged")
    check_sound(rate, channels)
    if num_samples == 0 and source.size > header_size:
        raise Fault("unfinished")
    _check_extent(source, header_size, num_samples * channels * width)
    return Promise(num_samples, rate, channels)
