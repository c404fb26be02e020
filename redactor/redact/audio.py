"""Mute stretches of a recording, in its own sample type.

`muted` is the stage: a recording and the spans to mute in it, read in blocks; `mute` does the same in place to
samples in memory. `Muter` mutes the blocks of both. All fail closed: every span is checked before any sample is
read or changed, and one that cannot be understood mutes nothing but raises, which quarantines the recording.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from redactor.errors import NonsenseError
from redactor.kernels.background import Background, BackgroundStream
from redactor.kernels.mute import FULL_SCALE, mute_noise, mute_silence, mute_tone, tone_step
from redactor.kernels.noise import NUM_TAPS
from redactor.kernels.spans import disjoint_spans
from redactor.policy import MutePolicy
from redactor.timebase import num_samples_for, outward_samples
from redactor.types import Audio, AudioFormat, Redaction, Seconds, Sound, TimeSpan

FillKind = Literal["silence", "tone", "noise"]

# A recognizer's clock ticks in 20 ms (Whisper's time stamps), so a last word may end one tick after the last
# sample. More than that is a stage that lost its place.
MAX_OVERHANG_S = 0.020
_MAX_FADE_MS = 1000.0
BLOCK_LEN = 1 << 20  # a block costs some 30 us beside its samples


@dataclass(frozen=True)
class Fill:
    """What is heard in place of the original.

    Attributes
    ----------
    kind : str
        "silence"; "tone"; or "noise" coloured like the recording's long-term background.
    fade_ms : float
        Length of the raised-cosine fades before and after a muted stretch, wholly outside it; 0 to 1000.
    tone_hz : float
        Frequency of the tone; above 0 and, if a tone is asked for, below half the recording's sample rate.
    tone_dbfs : float
        Peak of the tone below full scale; at most 0.

    Raises
    ------
    ValueError
        If a value is out of its range.
    """

    kind: FillKind
    fade_ms: float = 10.0  # long enough against clicks, shorter than the pause between two words
    tone_hz: float = 1000.0  # the broadcaster's line-up tone
    tone_dbfs: float = -20.0

    @classmethod
    def of(cls, policy: MutePolicy) -> Fill:
        """As a policy wants it."""
        return cls(
            policy.fill, fade_ms=policy.fade_ms, tone_hz=policy.tone_hz, tone_dbfs=policy.tone_dbfs
        )

    def __post_init__(self) -> None:
        if self.kind not in get_args(FillKind):
            raise ValueError(f"fill {self.kind!r}: must be one of {', '.join(get_args(FillKind))}")
        if not (math.isfinite(self.fade_ms) and 0 <= self.fade_ms <= _MAX_FADE_MS):
            raise ValueError(f"fade of {self.fade_ms} ms: must be from 0 to {_MAX_FADE_MS}")
        if not (math.isfinite(self.tone_hz) and self.tone_hz > 0):
            raise ValueError(f"tone of {self.tone_hz} Hz: must be above 0")
        if not (math.isfinite(self.tone_dbfs) and self.tone_dbfs <= 0):
            raise ValueError(f"tone of {self.tone_dbfs} dBFS: must be at most 0")


class Muter:
    """Mutes one recording block by block; blocks may come in any order, and each is to be muted once.

    Parameters
    ----------
    spans : sequence of TimeSpan
        In any order; they may overlap.
    fill : Fill
    sample_rate : int
        Hz.
    num_samples : int
        Samples per channel of the whole recording.
    num_channels : int
    background : Background, optional
        From `estimate_background`; needed for a fill of noise, and for that alone.

    Raises
    ------
    NonsenseError
        If a span is not a stretch of this recording: a time that is not finite, an end at or before its start,
        a negative start, a start at or past the end of the recording, an end more than `MAX_OVERHANG_S` past
        it, no channels or channels that the recording does not have, or no sample in it.
    ValueError
        If the fill does not fit the recording, or its background is missing or of other channels.
    """

    def __init__(
        self,
        spans: Sequence[TimeSpan],
        fill: Fill,
        *,
        sample_rate: int,
        num_samples: int,
        num_channels: int,
        background: Background | None = None,
    ) -> None:
        if sample_rate <= 0 or num_samples < 0 or num_channels <= 0:
            raise ValueError(
                f"not a recording: {num_samples} samples of {num_channels} channels at {sample_rate} Hz"
            )
        self._spans, self._mask = _sample_spans(
            spans, sample_rate=sample_rate, num_samples=num_samples, num_channels=num_channels
        )
        self._kind = fill.kind
        self._num_samples = num_samples
        self._fade_len = num_samples_for(fill.fade_ms / 1000, sample_rate=sample_rate)
        if fill.kind == "tone":
            self._step = tone_step(fill.tone_hz, sample_rate=sample_rate)
            self._amplitude = 10 ** (fill.tone_dbfs / 20)
        if fill.kind == "noise":
            self._taps = _checked_taps(background, num_channels)

    def apply(self, block: np.ndarray, first_sample: int) -> None:
        """Mute a block in place.

        Parameters
        ----------
        block : numpy.ndarray, shape [block_len, num_channels], int16, int32, float32 or float64
            C-contiguous, writable, of any length.
        first_sample : int
            Where in the recording its first row stands.

        Raises
        ------
        TypeError
            If the block is no array or of another sample type.
        ValueError
            If it is not a writable, contiguous block of this recording.
        """
        block = _checked_block(block, num_channels=self._mask.shape[1])
        if not 0 <= first_sample <= self._num_samples - block.shape[0]:
            raise ValueError(
                f"block [{first_sample}, {first_sample + block.shape[0]}) is not within the "
                f"recording's {self._num_samples} samples"
            )
        where = (block, int(first_sample), self._spans, self._mask)
        if self._kind == "silence":
            mute_silence(*where, fade_len=self._fade_len)
        elif self._kind == "tone":
            mute_tone(*where, fade_len=self._fade_len, step=self._step, amplitude=self._amplitude)
        else:
            mute_noise(*where, fade_len=self._fade_len, taps=self._taps)


@dataclass(frozen=True, eq=False)
class Muted:
    """A recording as it may be released, muted anew in every pass; for the attributes see :class:`Sound`."""

    sample_rate: int
    num_channels: int
    num_samples: int
    dtype: np.dtype
    format: AudioFormat
    _original: Sound = field(repr=False)
    _muter: Muter = field(repr=False)

    @property
    def duration(self) -> Seconds:
        return self.num_samples / self.sample_rate

    def blocks(self) -> Iterator[np.ndarray]:
        """The original's blocks with the spans muted in them.

        Raises
        ------
        ValueError
            If the original has more samples than it said, or fewer.
        """
        first = 0
        for block in self._original.blocks():
            self._muter.apply(block, first)
            first += len(block)
            yield block
        if first < self.num_samples:
            raise ValueError(f"{self.num_samples - first} samples are missing")


def muted(recording: Sound, spans: Sequence[TimeSpan], fill: Fill) -> tuple[tuple[Redaction, ...], Muted]:
    """Mute spans of a recording that is read in blocks.

    Parameters
    ----------
    recording : Sound
        Read once here if the fill is noise, for its background; then once for every pass over the result.
    spans : sequence of TimeSpan
        In any order; they may overlap.
    fill : Fill

    Returns
    -------
    tuple of Redaction
        One for each span, in order of time.
    Muted
        As long as the recording, of the same type, rate and channels.

    Raises
    ------
    NonsenseError, ValueError
        As `Muter`, before any block is read.
    TypeError
        If the recording's samples are of a type that cannot be muted.
    """
    _check_dtype(recording.dtype)
    shape = {
        "sample_rate": recording.sample_rate,
        "num_samples": recording.num_samples,
        "num_channels": recording.num_channels,
    }
    background = None
    if fill.kind == "noise":
        stream = _background_stream(spans, **shape)
        for block in recording.blocks():
            stream.feed(block)
        background = stream.finish()
    muter = Muter(spans, fill, background=background, **shape)
    result = Muted(dtype=recording.dtype, format=recording.format, _original=recording, _muter=muter, **shape)
    return _redactions(spans, fill), result


def mute(
    audio: Audio, spans: Sequence[TimeSpan], fill: Fill, *, block_len: int = BLOCK_LEN
) -> tuple[Redaction, ...]:
    """Mute spans of samples in memory **in place**: the array in `audio` is the result.

    Parameters
    ----------
    audio : Audio
        Its samples are changed, within the spans and the fades around them only.
    spans : sequence of TimeSpan
        In any order; they may overlap.
    fill : Fill
    block_len : int
        Samples muted at a time; has no influence on the result.

    Returns
    -------
    tuple of Redaction
        One for each span, in order of time.

    Raises
    ------
    NonsenseError, TypeError, ValueError
        As `Muter` and its `apply`; no sample has changed then.
    """
    if block_len < 1:
        raise ValueError(f"blocks of {block_len} samples: must be at least 1")
    samples = _checked_block(audio.samples, num_channels=None)
    muter = Muter(
        spans,
        fill,
        sample_rate=audio.sample_rate,
        num_samples=audio.num_samples,
        num_channels=audio.num_channels,
        background=estimate_background(audio, spans) if fill.kind == "noise" else None,
    )
    for first in range(0, audio.num_samples, block_len):
        muter.apply(samples[first : first + block_len], first)
    return _redactions(spans, fill)


def _redactions(spans: Sequence[TimeSpan], fill: Fill) -> tuple[Redaction, ...]:
    in_order = sorted(spans, key=lambda span: (span.start, span.end, span.channels))
    return tuple(Redaction(span, operator=fill.kind) for span in in_order)


def estimate_background(audio: Audio, spans: Sequence[TimeSpan]) -> Background:
    """Background noise of a recording outside the spans, for a `Muter` that fills with noise.

    Only a bounded number of short pieces is read: the samples may be a memory-mapped file. For the method see
    :mod:`redactor.kernels.background`; for the errors `Muter`.
    """
    samples = _checked_block(audio.samples, num_channels=None, writable=False)
    stream = _background_stream(
        spans,
        sample_rate=audio.sample_rate,
        num_samples=audio.num_samples,
        num_channels=audio.num_channels,
    )
    stream.feed(samples)
    return stream.finish()


def _background_stream(
    spans: Sequence[TimeSpan], *, sample_rate: int, num_samples: int, num_channels: int
) -> BackgroundStream:
    """To be fed the recording, once its spans are checked."""
    ranges, mask = _sample_spans(
        spans, sample_rate=sample_rate, num_samples=num_samples, num_channels=num_channels
    )
    return BackgroundStream(ranges, mask, num_samples=num_samples, sample_rate=sample_rate)


def _sample_spans(
    spans: Sequence[TimeSpan], *, sample_rate: int, num_samples: int, num_channels: int
) -> tuple[np.ndarray, np.ndarray]:
    """Checked spans as disjoint ranges of samples and their channels."""
    ranges = np.zeros((len(spans), 2), dtype=np.int64)
    wanted = np.zeros((len(spans), num_channels), dtype=np.bool_)
    for index, span in enumerate(spans):
        fault = _fault(span, duration=num_samples / sample_rate, num_channels=num_channels)
        if fault:
            raise _nonsense(index, span, fault)
        ranges[index] = outward_samples(span.start, span.end, sample_rate=sample_rate, num_samples=num_samples)
        if ranges[index, 0] >= ranges[index, 1]:
            raise _nonsense(index, span, "there is no sample in it")
        wanted[index, list(span.channels)] = True
    return disjoint_spans(ranges, wanted)


def _fault(span: TimeSpan, *, duration: float, num_channels: int) -> str | None:
    """What makes the span impossible in a recording of `duration` seconds, if anything."""
    if not (math.isfinite(span.start) and math.isfinite(span.end)):
        return "a time is not finite"
    if span.end <= span.start:
        return "it ends at or before its start"
    if span.start < 0:
        return "it starts before the recording"
    if span.start >= duration:
        return f"it starts at or past the end of the recording ({duration:.6f} s)"
    if span.end > duration + MAX_OVERHANG_S:
        return f"it ends past the end of the recording ({duration:.6f} s)"
    if not span.channels:
        return "it has no channels"
    for channel in span.channels:
        # A truth value is an int to Python, but a mask to numpy.
        whole = isinstance(channel, (int, np.integer)) and not isinstance(channel, bool)
        if not whole or not 0 <= channel < num_channels:
            return f"channel {channel!r} is none of the recording's {num_channels}"
    return None


def _nonsense(index: int, span: TimeSpan, fault: str) -> NonsenseError:
    return NonsenseError(
        f"span {index} to mute, [{span.start}, {span.end}) s of origin {span.origin}: {fault}. Nothing was "
        "muted and nothing may be released; the stage that made this span is at fault"
    )


def _checked_taps(background: Background | None, num_channels: int) -> np.ndarray:
    """Filters of a background that fits the recording."""
    if background is None:
        raise ValueError("a fill of noise needs the recording's background: estimate_background")
    if background.taps.shape != (num_channels, NUM_TAPS):
        raise ValueError(
            f"background of shape {background.taps.shape} for {num_channels} channels: "
            f"must be [{num_channels}, {NUM_TAPS}]"
        )
    if not np.isfinite(background.taps).all():
        raise ValueError("background filter that is not finite")
    return np.ascontiguousarray(background.taps, dtype=np.float64)


def _checked_block(block: np.ndarray, *, num_channels: int | None, writable: bool = True) -> np.ndarray:
    """The same memory as a plain array, if the kernels can work on it."""
    if not isinstance(block, np.ndarray):
        raise TypeError(f"samples must be a numpy array, not {type(block).__name__}")
    _check_dtype(block.dtype)
    if block.ndim != 2 or num_channels not in (None, block.shape[1]):
        want = "num_channels" if num_channels is None else num_channels
        raise ValueError(f"samples of shape {block.shape}: must be [num_samples, {want}]")
    if not block.flags.c_contiguous:
        raise ValueError("samples must be C-contiguous: one row of channels after another")
    if writable and not block.flags.writeable:
        raise ValueError("samples must be writable: they are muted in place")
    return np.asarray(block)


def _check_dtype(dtype: np.dtype) -> None:
    if dtype not in FULL_SCALE:
        names = ", ".join(str(known) for known in FULL_SCALE)
        raise TypeError(f"samples of type {dtype}: must be one of {names}")
