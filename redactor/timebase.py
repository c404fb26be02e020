"""The only place where seconds become samples. A redaction rounds outward: start down, end up."""

from __future__ import annotations

import math

from redactor.types import Seconds

# Times travel through JSON and float arithmetic; a bound that is within a nanosecond of a sample is meant
# to be that sample. The tolerance is far below one sample at any audio rate (1 / 192 kHz = 5.2 us).
_SNAP_S = 1e-9


def outward_samples(
    start: Seconds, end: Seconds, *, sample_rate: int, num_samples: int
) -> tuple[int, int]:
    """Sample range [first, stop) that covers the interval [start, end), clipped to the recording.

    Parameters
    ----------
    start, end : float
        Seconds, finite, ``start <= end``.
    sample_rate : int
        Hz.
    num_samples : int
        Samples per channel of the recording.

    Raises
    ------
    ValueError
        If a bound is not finite or the interval is reversed.
    """
    if not (math.isfinite(start) and math.isfinite(end)) or end < start:
        raise ValueError(f"not an interval in seconds: [{start}, {end})")
    first = math.floor((start + _SNAP_S) * sample_rate)
    stop = math.ceil((end - _SNAP_S) * sample_rate)
    first = min(max(first, 0), num_samples)
    return first, min(max(stop, first), num_samples)


def outward_milliseconds(start: Seconds, end: Seconds) -> tuple[Seconds, Seconds]:
    """The interval on whole milliseconds that covers [start, end); what text files print exactly."""
    return math.floor((start + _SNAP_S) * 1000) / 1000, math.ceil((end - _SNAP_S) * 1000) / 1000


def num_samples_for(duration: Seconds, *, sample_rate: int) -> int:
    """Samples that hold at least `duration` seconds (fades, windows, frames)."""
    if not math.isfinite(duration) or duration < 0:
        raise ValueError(f"not a duration in seconds: {duration}")
    return math.ceil(duration * sample_rate - _SNAP_S * sample_rate)


def seconds(sample: int, *, sample_rate: int) -> Seconds:
    """Time of a sample from the start of the file."""
    return sample / sample_rate
