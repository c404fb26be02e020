"""Bytes of an open recording, for code that reads headers: no decoder, no state but the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from redactor.audio.problems import Fault


@dataclass(frozen=True)
class Source:
    """A recording open for reading.

    Attributes
    ----------
    raw : binary file
        Seekable.
    size : int
        Bytes in the file.
    """

    raw: BinaryIO
    size: int

    def at(self, offset: int, count: int) -> bytes:
        """`count` bytes at `offset`, all of them.

        Raises
        ------
        Fault
            "truncated-header" if the file ends before.
        """
        found = self.up_to(offset, count)
        if len(found) < count:
            raise Fault("truncated-header")
        return found

    def up_to(self, offset: int, count: int) -> bytes:
        """At most `count` bytes at `offset`."""
        self.raw.seek(offset)
        return self.raw.read(count)


@dataclass(frozen=True)
class Promise:
    """What a header says about the sound; None where the container does not say it plainly.

    Attributes
    ----------
    num_samples : int or None
        Samples per channel, exact.
    sample_rate : int or None
        Hz.
    num_channels : int or None
    md5 : bytes or None
        MD5 of the decoded samples as FLAC defines it.
    bits : int or None
        Bits per sample that `md5` is about.
    """

    num_samples: int | None = None
    sample_rate: int | None = None
    num_channels: int | None = None
    md5: bytes | None = None
    bits: int | None = None


# Below 1 kHz nothing a person says survives; 768 kHz is the fastest converter on sale. What lies outside is a
# broken header, and resampling it to 16 kHz would only multiply the damage.
_MIN_RATE_HZ = 1_000
_MAX_RATE_HZ = 768_000


def check_sound(sample_rate: float, num_channels: int) -> None:
    """Refuse a header that cannot be about sound.

    Raises
    ------
    Fault
        "no-channels" or "bad-rate".
    """
    if num_channels == 0:
        raise Fault("no-channels")
    if not _MIN_RATE_HZ <= sample_rate <= _MAX_RATE_HZ:
        raise Fault("bad-rate")
