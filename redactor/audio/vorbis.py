"""How much memory a Vorbis setup header asks for, read before the decoder reads it.

A codebook may describe half a million entries of fifteen values in twenty bytes, and a header holds up to 256.
With soundfile 0.14.0 a file of 1,030 bytes with 40 such codebooks took 1.4 GB.
"""

from __future__ import annotations

from collections.abc import Iterable

from redactor.audio.problems import Fault

_FIRST_MAGIC = b"\x01vorbis"
_SETUP_MAGIC = b"\x05vorbis"

# Values of all codebooks together. In what libvorbis writes there are at most 105,341 (8 to 192 kHz, one to six
# channels, all qualities).
_MAX_VALUES = 1 << 22
# Such a header has some 5,000 bytes.
_MAX_BYTES = 1 << 20


class SetupCheck:
    """Finds the setup header of an Ogg stream, its third packet, and checks it; all but Vorbis passes."""

    def __init__(self) -> None:
        self._num_packets = 0
        self._packet = bytearray()

    def feed(self, pieces: Iterable[tuple[bytes, bool]]) -> None:
        """Take note of the pieces of a page, as from :func:`redactor.audio.oggpages.pieces`.

        Raises
        ------
        Fault
            "damaged".
        """
        for piece, is_last in pieces:
            if self._num_packets == 3:
                return
            if self._num_packets != 1:  # the comments may hold a picture
                self._packet += piece
            if len(self._packet) > _MAX_BYTES:
                raise Fault("damaged")
            if is_last:
                self._end_packet()

    def _end_packet(self) -> None:
        self._num_packets += 1
        if self._num_packets == 1 and not self._packet.startswith(_FIRST_MAGIC):
            self._num_packets = 3
        if self._packet.startswith(_SETUP_MAGIC):
            check_setup(bytes(self._packet))
        self._packet.clear()


class _Bits:
    """Bits of a packet, the lowest of each byte first (Vorbis I specification, section 2)."""

    def __init__(self, packet: bytes) -> None:
        # One text for all: picking bits out of it costs the same at its end as at its beginning.
        self._bits = bin(int.from_bytes(packet, "little") | 1 << 8 * len(packet))[:2:-1]
        self._at = 0

    def take(self, count: int) -> int:
        """The next bits as a number."""
        taken = self._bits[self._at : self.skip(count)]
        return int(taken[::-1], 2) if taken else 0

    def skip(self, count: int) -> int:
        self._at += count
        if self._at > len(self._bits):
            raise Fault("damaged")
        return self._at


def check_setup(packet: bytes) -> None:
    """Refuse a setup header whose codebooks are larger than any encoder writes.

    Source: Vorbis I specification, sections 3.2.1 and 4.2.4.

    Parameters
    ----------
    packet : bytes
        Whole, from "\\x05vorbis" on.

    Raises
    ------
    Fault
        "damaged".
    """
    bits = _Bits(packet[len(_SETUP_MAGIC) :])
    left = _MAX_VALUES
    for _ in range(bits.take(8) + 1):
        left -= _codebook(bits)
        if left < 0:
            raise Fault("damaged")


def _codebook(bits: _Bits) -> int:
    """Values that a codebook unfolds to, its entries included; `bits` then stand behind it."""
    if bits.take(24) != 0x564342:
        raise Fault("damaged")
    num_dimensions, num_entries = bits.take(16), bits.take(24)
    if num_entries * (num_dimensions + 1) > _MAX_VALUES:
        raise Fault("damaged")
    _skip_lengths(bits, num_entries)
    kind = bits.take(4)
    if kind == 0:
        return num_entries
    bits.skip(32 + 32)
    width = bits.take(4) + 1
    bits.skip(1)
    num_given = num_entries * num_dimensions if kind == 2 else _lattice(num_entries, num_dimensions)
    bits.skip(num_given * width)
    return num_entries * (num_dimensions + 1)


def _skip_lengths(bits: _Bits, num_entries: int) -> None:
    if bits.take(1):  # ordered: so many of each length
        bits.skip(5)
        done = 0
        while done < num_entries:
            count = bits.take((num_entries - done).bit_length())
            done += count
            if done > num_entries:
                raise Fault("damaged")
    elif bits.take(1):  # sparse: some have none
        for _ in range(num_entries):
            if bits.take(1):
                bits.skip(5)
    else:
        bits.skip(5 * num_entries)


def _lattice(num_entries: int, num_dimensions: int) -> int:
    """The largest number whose power of `num_dimensions` is at most `num_entries`."""
    if num_dimensions == 0:
        raise Fault("damaged")
    root = round(num_entries ** (1 / num_dimensions))
    while root**num_dimensions > num_entries:
        root -= 1
    while (root + 1) ** num_dimensions <= num_entries:
        root += 1
    return root
