"""Whether nothing of the original is left inside the spans, and the fill is what it should be."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from redactor.verify.leftover import FRAME_S, left_over, margin, thinned
from redactor.verify.outside import SMEAR_S, found_frames
from redactor.verify.plan import Finding, Plan, frame_len

# What DESIGN calls audible. Near the ends of a span a codec mixes in what stands beside it: there a lossy file
# is asked for less, by the distance in seconds. Highest gains of what is more than chance, by
# benchmarks/residue.py, table "smear": -20 dB in the first 20 ms, -37 dB in the next 20, nothing beyond.
MIN_GAIN = 10 ** (-40 / 20)
_ZONES = ((0.0, 10 ** (-6 / 20)), (0.020, 10 ** (-30 / 20)), (0.060, MIN_GAIN))
_REACH_S = 0.005  # delays that short windows are searched at; `encode`'s codecs have none
_SEARCH_HZ = 8_000  # what a voice says lies below 4 kHz
# Louder than this a fill is none (full scale 1), where it cannot be told to the last bit. By
# benchmarks/residue.py, table "smear": in lossy files silence is below -70 dBFS from 120 ms into a span on and
# below -25 before; what stands beside a tone is 16 dB below the tone's peak where the other channel is clipped.
# Noise has at most -30 dBFS (redactor.kernels.background), and in 200 ms strays from that by a few dB.
_MAX_SILENCE = 10 ** (-60 / 20)
_MAX_SMEAR = 10 ** (-20 / 20)
_MAX_BESIDE_TONE = 10 ** (-12 / 20)
_MAX_NOISE = 10 ** (-24 / 20)
_NOISE_FRAME_S = 0.2
# Longest stretch searched at once: longer than any number or address, and what is held of a recording.
_PIECE_S = 8.0
_OVERLAP_S = 0.010  # of two pieces of one run, for what filters leave out at their ends


@dataclass(frozen=True)
class _Piece:
    """A stretch in which channel `source` of the original and channel `channel` of the file are both muted."""

    start: int
    stop: int
    source: int
    channel: int
    run: tuple[int, int]  # of `channel`, around it


class Inside:
    """Searches the spans of a recording that arrives in blocks.

    Parameters
    ----------
    plan : Plan
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._factor = max(1, plan.sample_rate // _SEARCH_HZ)
        self._reach = max(1, round(_REACH_S * plan.sample_rate / self._factor))
        self._context = self._reach * self._factor
        self._pending = deque(sorted(_pieces(plan), key=lambda p: (p.stop, p.start, p.source, p.channel)))
        # For each pending piece the earliest sample that it or any after it needs.
        starts = np.array([piece.start for piece in self._pending], dtype=np.int64)
        earliest = np.minimum.accumulate(starts[::-1])[::-1] - self._context
        self._needed = deque(earliest.tolist())
        self._held: deque[tuple[int, np.ndarray, np.ndarray]] = deque()

    def feed(self, original: np.ndarray, released: np.ndarray, first: int) -> Iterator[Finding]:
        """Take two blocks [block_len, num_channels] that begin at sample `first`."""
        stop = first + len(original)
        if self._pending and stop > self._needed[0]:
            self._held.append((first, original, released))
        is_end = stop >= self._plan.num_samples
        while self._pending and (is_end or self._pending[0].stop + self._context <= stop):
            self._needed.popleft()
            yield from self._search(self._pending.popleft())
        while self._held and not (self._pending and self._end_of_held() > self._needed[0]):
            self._held.popleft()

    def finish(self) -> Iterator[Finding]:
        """Nothing is left open."""
        return iter(())

    def _end_of_held(self) -> int:
        first, block, _ = self._held[0]
        return first + len(block)

    def _search(self, piece: _Piece) -> Iterator[Finding]:
        plan = self._plan
        fill = self._cut(piece.start, piece.stop, piece.channel, released=True)
        if not plan.is_lossy and plan.fill != "noise":
            strange = _strange(fill, piece.start, plan)
            if not strange.any():
                return  # a fill to the last bit: there is no room for anything else
            if piece.source == piece.channel:
                length = frame_len(FRAME_S, plan.sample_rate)
                padded = np.pad(strange, (0, -len(strange) % length))
                yield from _marked(padded.reshape(-1, length).any(axis=1), length, piece, plan)
        elif piece.source == piece.channel:
            yield from _loud(fill, piece, plan)
        yield from self._residue(piece)

    def _residue(self, piece: _Piece) -> Iterator[Finding]:
        searched = None
        zones = _ZONES if self._plan.is_lossy else ((0.0, MIN_GAIN),)
        for distance_s, min_gain in reversed(zones):
            edge = round(distance_s * self._plan.sample_rate)
            zone = max(piece.start, piece.run[0] + edge), min(piece.stop, piece.run[1] - edge)
            if zone[0] < zone[1] and zone != searched:
                yield from self._left_over(piece, *zone, min_gain)
                searched = zone

    def _left_over(self, piece: _Piece, start: int, stop: int, min_gain: float) -> Iterator[Finding]:
        around = self._cut(start - self._context, stop + self._context, piece.source, released=False)
        traces = left_over(
            thinned(around, self._factor),
            thinned(self._cut(start, stop, piece.channel, released=True), self._factor),
            reach=self._reach,
            sample_rate=self._plan.sample_rate / self._factor,
            min_gain=min_gain,
            tone_hz=self._plan.tone_hz,
        )
        begin = start + margin(self._factor)
        of = "" if piece.source == piece.channel else f" of channel {piece.source}"
        for trace in traces:
            detail = f"{20 * math.log10(trace.gain):.0f} dB{of}"
            first, end = begin + trace.start * self._factor, begin + trace.stop * self._factor
            yield Finding("residue", first, min(end, stop), piece.channel, detail)

    def _cut(self, start: int, stop: int, channel: int, *, released: bool) -> np.ndarray:
        """Samples of a channel as float64 at full scale 1, zeros outside the recording."""
        out = np.zeros(stop - start)
        scale = self._plan.released_scale if released else self._plan.original_scale
        for first, original, block in self._held:
            low, high = max(start, first), min(stop, first + len(original))
            if low < high:
                rows = (block if released else original)[low - first : high - first, channel]
                out[low - start : high - start] = rows / scale
        return out


def _pieces(plan: Plan) -> Iterator[_Piece]:
    """Stretches of every pair of channels muted together, none longer than `_PIECE_S`."""
    longest, overlap = frame_len(_PIECE_S, plan.sample_rate), frame_len(_OVERLAP_S, plan.sample_rate)
    for channel, runs in enumerate(plan.runs):
        for source, others in enumerate(plan.runs):
            for run in runs.tolist():
                low = np.searchsorted(others[:, 1], run[0], side="right")
                high = np.searchsorted(others[:, 0], run[1], side="left")
                for first, stop in others[low:high].clip(*run).tolist():
                    count = -(-(stop - first) // longest)
                    cuts = [first + (stop - first) * i // count for i in range(count + 1)]
                    for a, b in zip(cuts[:-1], cuts[1:], strict=True):
                        yield _Piece(max(a - overlap, first), b, source, channel, tuple(run))


def _strange(fill: np.ndarray, start: int, plan: Plan) -> np.ndarray:
    """Samples of a lossless file that are not the silence or the tone that should be there."""
    if plan.tone_hz is None:
        return ~(fill == plan.zero)
    turns = (np.arange(start, start + len(fill)) * (plan.tone_hz / plan.sample_rate)) % 1.0
    tone = np.minimum(plan.amplitude * np.sin(2 * np.pi * turns), 1 - plan.step)
    below, above = plan.rounding(tone)
    return ~((tone - below <= fill) & (fill <= tone + above))


def _loud(fill: np.ndarray, piece: _Piece, plan: Plan) -> Iterator[Finding]:
    """Frames of a fill that is not known to the last bit, but is too loud to be that fill."""
    length = frame_len(_NOISE_FRAME_S if plan.fill == "noise" else FRAME_S, plan.sample_rate)
    frames = fill[: len(fill) // length * length].reshape(-1, length)
    # Without a tone and what drifts: the high-pass filter of Opus swings for a third of a second.
    known = np.linalg.qr(_basis(length, plan))[0]
    rest = frames - (frames @ known) @ known.T
    level = np.sqrt((rest * rest).mean(axis=1))
    first = piece.start + np.arange(len(frames)) * length
    distance = np.minimum(first - piece.run[0], piece.run[1] - first - length)
    is_near = distance < SMEAR_S * plan.sample_rate
    if plan.fill == "noise":
        limit = np.full(len(frames), _MAX_NOISE)
    else:
        quiet = max(_MAX_SILENCE, plan.amplitude * _MAX_BESIDE_TONE)
        limit = np.where(is_near, max(_MAX_SMEAR, quiet), quiet)
    yield from _marked(~(level <= limit), length, piece, plan)


def _basis(length: int, plan: Plan) -> np.ndarray:
    """What is taken out of a frame before its level is measured, [length, 2 or 4]."""
    turns = np.arange(length)
    basis = [np.ones(length), turns - turns.mean()]
    if plan.tone_hz is not None:
        angle = 2 * np.pi * turns * plan.tone_hz / plan.sample_rate
        basis += [np.sin(angle), np.cos(angle)]
    return np.column_stack(basis)[:, :length]


def _marked(frames: np.ndarray, length: int, piece: _Piece, plan: Plan) -> Iterator[Finding]:
    """Findings of frames of a piece, counted from its start."""
    for found in found_frames("fill", frames[:, None], 0, length, plan):
        yield replace(
            found,
            start=piece.start + found.start,
            stop=min(piece.start + found.stop, piece.stop),
            channel=piece.channel,
        )
