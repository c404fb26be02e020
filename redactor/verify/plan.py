"""What a check knows before it reads a sample: which samples are to be muted, and how exact the file is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from redactor.intervals import union
from redactor.kernels.mute import FULL_SCALE
from redactor.timebase import num_samples_for, outward_samples
from redactor.types import Sound, TimeSpan

# Of a computed sine, and of its amplitude in 24 bits.
_FLOAT_ROUNDING = 1e-6

FILLS = ("silence", "tone", "noise")

# What libsndfile gives back as it was written; everything else is decoded to something near it.
_LOSSLESS = ("PCM_", "ALAC_", "FLOAT", "DOUBLE", "ULAW", "ALAW")
_LAWS = ("ULAW", "ALAW")
# A-law has no zero: libsndfile 1.2.2 writes its smallest positive value, here of 16 bits.
_ALAW_ZERO = 8 / 2**15


@dataclass(frozen=True)
class Finding:
    """A fault in samples of one channel, half-open; :class:`redactor.verify.claim.Fault` has the rest."""

    kind: str
    start: int
    stop: int
    channel: int
    detail: str = ""


@dataclass(frozen=True, eq=False)
class Plan:
    """What a released file is to hold.

    Attributes
    ----------
    sample_rate : int
        Hz.
    num_samples, num_channels : int
    runs : tuple of numpy.ndarray, shape [num_runs, 2], int64
        For each channel what is muted in it, in samples, sorted; no two touch.
    fade_len : int
        Samples of a fade.
    fill : str
        "silence", "tone" or "noise".
    tone_hz : float or None
        Of a fill of tone.
    amplitude : float
        Its peak, of full scale; 0 for other fills.
    is_lossy : bool
        Whether the file is decoded to something near what was written.
    subtype : str
        The file's, in libsndfile's names.
    original_scale, released_scale : float
        Full scale of the samples' types.
    from_float : bool
        Whether float samples were rounded to integers when the file was written.
    """

    sample_rate: int
    num_samples: int
    num_channels: int
    runs: tuple[np.ndarray, ...]
    fade_len: int
    fill: str
    tone_hz: float | None
    amplitude: float
    is_lossy: bool
    subtype: str
    original_scale: float
    released_scale: float
    from_float: bool

    @classmethod
    def of(
        cls,
        original: Sound,
        release: Sound,
        spans: Sequence[TimeSpan],
        *,
        fill: str,
        fade_ms: float,
        tone_hz: float,
        tone_dbfs: float,
    ) -> Plan:
        """Plan for an original and the file made of it, which are of one shape.

        Raises
        ------
        ValueError
            If the fill is unknown, or a span is no stretch of this recording.
        """
        if fill not in FILLS:
            raise ValueError(f"fill {fill!r}: must be one of {', '.join(FILLS)}")
        subtype = release.format.subtype
        return cls(
            sample_rate=original.sample_rate,
            num_samples=original.num_samples,
            num_channels=original.num_channels,
            runs=_runs(spans, original),
            fade_len=num_samples_for(fade_ms / 1000, sample_rate=original.sample_rate),
            fill=fill,
            tone_hz=tone_hz if fill == "tone" else None,
            amplitude=10 ** (tone_dbfs / 20) if fill == "tone" else 0.0,
            is_lossy=not subtype.startswith(_LOSSLESS),
            subtype=subtype,
            original_scale=FULL_SCALE[original.dtype],
            released_scale=FULL_SCALE[release.dtype],
            from_float=original.dtype.kind == "f" and release.dtype.kind == "i",
        )

    @property
    def step(self) -> float:
        """Distance of two neighbouring sample values of the file, of full scale; 0 for float and laws."""
        bits = self.subtype.rpartition("_")[2].lstrip("SU")
        is_integer = self.subtype.startswith(("PCM_", "ALAC_")) and bits.isdigit()
        return 2.0 ** (1 - int(bits)) if is_integer else 0.0

    @property
    def zero(self) -> float:
        """What zero comes back as, of full scale."""
        return _ALAW_ZERO if self.subtype == "ALAW" else 0.0

    def rounding(self, values: np.ndarray) -> tuple[np.ndarray | float, np.ndarray | float]:
        """How far below and above what was computed, of full scale, a fill may come back."""
        if self.subtype in _LAWS:
            # Half of 16 steps to the octave (ITU-T G.711), and what is left of them near zero.
            half = np.abs(values) / 32 + 10 / 2**15
            return half, half
        unit = 1 / self.released_scale if self.step else _FLOAT_ROUNDING
        if self.step > unit:
            return self.step + unit, unit  # rounded, then cut off: 8 bits of 16, or 24 of 32
        return 0.51 * self.step + _FLOAT_ROUNDING, 0.51 * self.step + _FLOAT_ROUNDING

    def outside(self, channel: int, reach: int) -> np.ndarray:
        """Ranges [num_ranges, 2] of a channel that lie more than `reach` samples from everything muted."""
        runs = self.runs[channel]
        starts = np.append(0, runs[:, 1] + reach)
        stops = np.append(runs[:, 0] - reach, self.num_samples)
        return np.column_stack((starts, stops))[starts < stops]


def rows_in(ranges: Iterable[np.ndarray], first: int, stop: int) -> np.ndarray:
    """Of every channel's sorted ranges what lies in a block: rows [channel, first row, stop row]."""
    rows = []
    for channel, own in enumerate(ranges):
        low = np.searchsorted(own[:, 1], first, side="right")
        high = np.searchsorted(own[:, 0], stop, side="left")
        clipped = own[low:high].clip(first, stop) - first
        rows.append(np.column_stack((np.full(len(clipped), channel), clipped)))
    return np.concatenate(rows).astype(np.int64)


def _runs(spans: Sequence[TimeSpan], original: Sound) -> tuple[np.ndarray, ...]:
    ranges: list[list[tuple[int, int]]] = [[] for _ in range(original.num_channels)]
    for span in spans:
        first, stop = outward_samples(
            span.start, span.end, sample_rate=original.sample_rate, num_samples=original.num_samples
        )
        if first >= stop or not span.channels:
            raise ValueError(f"span [{span.start}, {span.end}) s: there is nothing in it to mute")
        for channel in span.channels:
            if not 0 <= channel < original.num_channels:
                raise ValueError(f"span on channel {channel}: the recording has {original.num_channels}")
            ranges[channel].append((first, stop))
    return tuple(np.array(union(own), dtype=np.int64).reshape(-1, 2) for own in ranges)


def frame_len(seconds: float, sample_rate: int) -> int:
    """Samples of a frame, at least one."""
    return max(1, math.floor(seconds * sample_rate))
