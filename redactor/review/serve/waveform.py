"""The picture of an item's sound, per channel; what is muted has a pattern, not a colour alone."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from redactor.audio.recording import open_recording
from redactor.review.serve.clipview import ClipView, Muted, clock
from redactor.types import Seconds

_NUM_BINS = 800
_CHANNEL_HEIGHT = 100
_MARGIN = 4
# Quiet speech must be seen to be speech: the square root of the level is drawn.
_SHAPE = 0.5


def peaks(descriptor: int) -> np.ndarray:
    """Highest absolute level in each part of a recording.

    Parameters
    ----------
    descriptor : int
        Of an open file; stays open.

    Returns
    -------
    numpy.ndarray, shape [num_channels, num_bins], float64
        0 to 1.

    Raises
    ------
    RecordingError
    """
    with open_recording(Path(f"/dev/fd/{descriptor}")) as recording:
        full = float(np.iinfo(recording.dtype).max) if recording.dtype.kind == "i" else 1.0
        num_bins = max(min(_NUM_BINS, recording.num_samples), 1)
        found = np.zeros((num_bins, recording.num_channels))
        first = 0
        for block in recording.blocks():
            bins = (np.arange(first, first + len(block)) * num_bins) // recording.num_samples
            starts = np.flatnonzero(np.diff(bins, prepend=-1))
            levels = np.maximum.reduceat(np.abs(block.astype(np.float64)), starts, axis=0) / full
            found[bins[starts]] = np.maximum(found[bins[starts]], levels)
            first += len(block)
    return np.clip(found.T, 0.0, 1.0)


def svg(levels: np.ndarray, view: ClipView) -> str:
    """The picture as SVG without style or script.

    Parameters
    ----------
    levels : numpy.ndarray, shape [num_channels, num_bins]
    view : ClipView
    """
    num_channels, num_bins = levels.shape
    muted, duration = view.muted, view.duration
    height = num_channels * _CHANNEL_HEIGHT
    rows = [
        _channel(levels[c], c, [m for m in muted if c in m.channels], duration) for c in range(num_channels)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {num_bins} {height}" '
        'preserveAspectRatio="none" role="img" aria-labelledby="title desc">'
        '<title id="title">Waveform</title>'
        f'<desc id="desc">{escape(description(muted, duration, view.num_channels))}</desc>'
        '<defs><pattern id="muted" width="8" height="8" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect width="8" height="8" fill="#ffe2b8"/>'
        '<rect width="3" height="8" fill="#8a4b00"/></pattern></defs>'
        f'<rect width="{num_bins}" height="{height}" fill="#ffffff"/>{"".join(rows)}</svg>'
    )


def description(muted: Sequence[Muted], duration: Seconds, num_channels: int | None) -> str:
    """The picture in words; without a number of channels nothing is known of it."""
    if num_channels is None:
        return f"{clock(duration)} long; what is muted is not known any more"
    channels = "1 channel" if num_channels == 1 else f"{num_channels} channels"
    if not muted:
        return f"{clock(duration)} long, {channels}, nothing muted"
    spans = ", ".join(f"{clock(m.start)} to {clock(m.end)}" for m in muted)
    return f"{clock(duration)} long, {channels}; muted from {spans}"


def _channel(levels: np.ndarray, channel: int, muted: Sequence[Muted], duration: Seconds) -> str:
    top, num_bins = channel * _CHANNEL_HEIGHT, len(levels)
    middle, reach = top + _CHANNEL_HEIGHT / 2, _CHANNEL_HEIGHT / 2 - _MARGIN
    spans = []
    for span in muted:
        x = span.start / duration * num_bins
        width = max(span.end / duration * num_bins - x, 1.0)
        spans.append(
            f'<rect x="{x:.2f}" y="{top + 1}" width="{width:.2f}" height="{_CHANNEL_HEIGHT - 2}" '
            'fill="url(#muted)" stroke="#5c3200" stroke-width="1"/>'
        )
    heights = np.maximum(levels**_SHAPE * reach, 0.5)
    bars = "".join(f"M{x + 0.5} {middle - h:.1f}V{middle + h:.1f}" for x, h in enumerate(heights))
    return (
        f'{"".join(spans)}<path d="{bars}" stroke="#17456e" stroke-width="1" fill="none"/>'
        f'<path d="M0 {top + _CHANNEL_HEIGHT}H{num_bins}" stroke="#6b7785" stroke-width="1"/>'
    )
