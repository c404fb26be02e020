"""How much of the original can still be heard in the output: the measurement behind every leak figure.

On the audio alone, never on what a tool says it muted. A stretch (a word, or a 250 ms piece of a span)
is cut into 20 ms frames. In a frame the original x is audible in an output channel y where

    gain  |<x, y>| / <x, x>          is over -40 dB, and
    |correlation|  of x and y        is over 0.3,

both after the frame's mean is taken away, so that a constant offset is no sound. Echo counts: x is held
against every output channel. Gain is the projection of the output on the original and not a ratio of
levels, so that whatever else sounds there (a tone, noise, the other side) does not count as the
original.

Unrelated sounds correlate by chance: 20 ms of two low-pitched noises pass 0.3 in one frame of ten, and
a call holds hundreds of words. Figures are stated by the bare rule, which can only show more. On request
two guards keep chance out, both after whitening (a linear predictor fitted to the original), where chance
is three times smaller and what was attenuated, filtered or coded still agrees:

- on its own channel, a stretch counts only if its audible frames correlate by 0.15 on average there, or
  if it has five or more that all but agree in sign (a copy buried in noise);
- on another channel, echo counts only if there is a path: over all frames of the recording, of the
  original or of the output, the correlations must lean to one sign by six deviations. An echo far below
  the noise does, chance does not.

A codec or an echo path may delay the output. One delay for each pair of channels is estimated from the whole
recording and used only where it stands out of chance; see :func:`find_lag`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FRAME_SECONDS = 0.020
PIECE_SECONDS = 0.250
MIN_GAIN = 10 ** (-40 / 20)
MIN_CORRELATION = 0.3
MAX_QUIET_ENERGY = 0.25  # share of a stretch's energy that may be audible
SILENCE = 10 ** (-90 / 20)  # RMS re full scale: one step of 16 bits; below it there is nothing to hear
FAINT = 10 ** (-40 / 10)  # frames this far below their word's mean power say nothing about what was muted
MIN_WHITE_CORRELATION = 0.15
MIN_SAME_SIGN, SAME_SIGN_SHARE = 5, 0.9
WHITENER_ORDER = 10
PATH_DEVIATIONS = 6.0
MIN_PATH_FRAMES = 60  # with fewer there is nothing to judge a path by, and every coherent frame counts
MAX_LAG_SECONDS = 0.1
UNCHANGED_SHARE = 0.1  # a file with that many samples of the original in place is not delayed
LAG_MARGIN = 1.25  # a delay must explain this much more than none
LAG_SIGMAS = 8.0
_BLOCK = 1 << 15
MAX_LAG_BLOCKS = 64  # evenly over the recording: over a minute of sound is plenty for one number


@dataclass(frozen=True)
class Stretch:
    """A stretch of one channel of the original, in seconds, half-open."""

    channel: int
    start: float
    end: float


@dataclass(frozen=True, eq=False)
class Heard:
    """What of each stretch is left, arrays of one value a stretch.

    Attributes
    ----------
    audible : numpy.ndarray
        Share of its energy in frames where it is audible on any output channel; 0 where it never had energy.
    muted : numpy.ndarray
        Share of its time, in frames with energy, where it is not audible on its own channel.
    """

    audible: np.ndarray
    muted: np.ndarray

    @property
    def leaks(self) -> np.ndarray:
        """Where over a quarter of the energy is audible."""
        return self.audible > MAX_QUIET_ENERGY


def as_float(samples: np.ndarray) -> np.ndarray:
    """[num_samples, num_channels] as float32 in -1 .. 1, from any of soundfile's types."""
    array = samples[:, None] if samples.ndim == 1 else samples
    if np.issubdtype(array.dtype, np.integer):
        return (array / -float(np.iinfo(array.dtype).min)).astype(np.float32)
    return array.astype(np.float32, copy=False)


def pieces(channel: int, start: float, end: float) -> list[Stretch]:
    """A span cut into 250 ms pieces; a rest under half a piece goes to the last one."""
    count = max(1, int((end - start) / PIECE_SECONDS + 0.5))
    edges = [start + i * PIECE_SECONDS for i in range(count)] + [end]
    return [Stretch(channel, a, b) for a, b in zip(edges[:-1], edges[1:], strict=True)]


def _frame_edges(start: float, end: float, rate: int, num_samples: int) -> np.ndarray:
    """Frame edges in samples from the stretch's own start; a rest under half a frame goes to the last one."""
    size = FRAME_SECONDS * rate
    begin = min(max(0, round(start * rate)), max(0, num_samples - 1))
    stop = min(max(begin + 1, round(end * rate)), num_samples)
    if stop - begin < size:  # too short to tell chance from coherence: a whole frame around it
        begin = max(0, round((begin + stop - size) / 2))
        stop = min(num_samples, begin + round(size))
    count = max(1, int((stop - begin) / size + 0.5))
    edges = begin + np.round(np.arange(count + 1) * size).astype(np.int64)
    edges[-1] = stop
    return edges


def _sums(values: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """Sum of `values` over each [bounds[2i], bounds[2i + 1])."""
    padded = np.append(values, np.zeros(1, values.dtype))
    return np.add.reduceat(padded, bounds, dtype=np.float64)[::2]


@dataclass(frozen=True, eq=False)
class _Frames:
    """Frames of all stretches of a channel: sample bounds and the stretch each belongs to."""

    bounds: np.ndarray  # [start, end, start, end, ...]
    owner: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        return self.bounds[1::2] - self.bounds[::2]


def _frames(stretches: Sequence[Stretch], rate: int, num_samples: int) -> _Frames:
    edges = [_frame_edges(s.start, s.end, rate, num_samples) for s in stretches]
    bounds = np.concatenate([np.repeat(e, 2)[1:-1] for e in edges])
    owner = np.repeat(np.arange(len(stretches)), [len(e) - 1 for e in edges])
    return _Frames(bounds, owner)


def whitener(x: np.ndarray) -> np.ndarray:
    """Prediction-error filter of the signal (autocorrelation method), first tap 1."""
    lags = np.zeros(WHITENER_ORDER + 1)
    for at in range(0, len(x), _BLOCK):
        block = x[at : at + _BLOCK].astype(np.float64)
        lags += [
            float(block[k:] @ block[: len(block) - k]) if k < len(block) else 0.0 for k in range(len(lags))
        ]
    steps = np.arange(WHITENER_ORDER)
    matrix = lags[np.abs(steps[:, None] - steps)] + np.eye(WHITENER_ORDER) * (1e-4 * lags[0] + 1e-12)
    return np.concatenate([[1.0], -np.linalg.solve(matrix, lags[1:])])


def _whitened(samples: np.ndarray, taps: np.ndarray) -> np.ndarray:
    return np.convolve(samples, taps.astype(np.float32))[: len(samples)]


@dataclass(frozen=True, eq=False)
class _Moments:
    """Sums over frames with the means taken away."""

    power_x: np.ndarray
    power_y: np.ndarray
    cross: np.ndarray

    @property
    def correlation(self) -> np.ndarray:
        return self.cross / np.sqrt(np.maximum(self.power_x * self.power_y, 1e-30))


def _moments(x: np.ndarray, y: np.ndarray, frames: _Frames) -> _Moments:
    size = frames.sizes
    sum_x, sum_y = _sums(x, frames.bounds), _sums(y, frames.bounds)
    return _Moments(
        power_x=np.maximum(_sums(x * x, frames.bounds) - sum_x * sum_x / size, 0.0),
        power_y=np.maximum(_sums(y * y, frames.bounds) - sum_y * sum_y / size, 0.0),
        cross=_sums(x * y, frames.bounds) - sum_x * sum_y / size,
    )


def _audible(plain: _Moments, frames: _Frames) -> np.ndarray:
    """Where x is audible in y by gain and coherence, frame by frame."""
    has_sound = plain.power_x > frames.sizes * SILENCE**2
    loud = np.abs(plain.cross) > MIN_GAIN * plain.power_x
    return has_sound & loud & (np.abs(plain.correlation) > MIN_CORRELATION)


def _agreeing(found: np.ndarray, plain: _Moments, white: _Moments, owner: np.ndarray) -> np.ndarray:
    """Audible frames of stretches that are more than chance: by whitened correlation, or by one sign."""
    count = np.bincount(owner, found)
    sign = np.sign(plain.cross)
    agreement = np.bincount(owner, found * white.correlation * sign)
    one_sign = np.abs(np.bincount(owner, found * sign))
    buried = (one_sign >= MIN_SAME_SIGN) & (one_sign >= SAME_SIGN_SHARE * count)
    return found & ((agreement > MIN_WHITE_CORRELATION * count) | buried)[owner]


def _has_path(white: _Moments) -> bool:
    """Whether correlations of all frames lean to one sign more than chance lets them."""
    correlation = white.correlation
    spread = np.sqrt(np.sum(np.square(correlation)))
    if len(correlation) < MIN_PATH_FRAMES:
        return True
    return bool(abs(correlation.sum()) > PATH_DEVIATIONS * spread)


def find_lag(x: np.ndarray, y: np.ndarray, rate: int) -> int:
    """Delay of x in y in samples, positive where y comes later; 0 where no delay stands out.

    The cross-correlation of the whole recordings, summed over blocks, within 100 ms either way. The
    peak must be a quarter higher than at no delay and eight deviations out of what the other delays
    show.
    """
    if np.count_nonzero((x == y) & (x != 0)) > UNCHANGED_SHARE * len(x):
        return 0
    reach = round(MAX_LAG_SECONDS * rate)
    total = np.zeros(2 * reach + 1)
    block_starts = np.arange(0, len(x), _BLOCK)
    every = -(-len(block_starts) // MAX_LAG_BLOCKS)
    for at in block_starts[::every]:
        block_x, block_y = x[at : at + _BLOCK], y[at : at + _BLOCK]
        size = 2 * _BLOCK
        product = np.fft.irfft(np.conj(np.fft.rfft(block_x, size)) * np.fft.rfft(block_y, size), size)
        total += np.concatenate([product[-reach:], product[: reach + 1]])
    peak = int(np.argmax(np.abs(total)))
    spread = np.median(np.abs(total)) / 0.6745
    stands_out = abs(total[peak]) > max(LAG_MARGIN * abs(total[reach]), LAG_SIGMAS * spread)
    return peak - reach if stands_out else 0


def _shifted(y: np.ndarray, lag: int) -> np.ndarray:
    """y moved earlier by `lag` samples, zeros coming in."""
    if lag == 0:
        return y
    out = np.zeros_like(y)
    if lag > 0:
        out[:-lag] = y[lag:]
    else:
        out[-lag:] = y[:lag]
    return out


def _fitted(redacted: np.ndarray, num_samples: int) -> np.ndarray:
    """Cut or padded with zeros to the original's length (codecs add or drop a few samples at the end)."""
    if len(redacted) >= num_samples:
        return redacted[:num_samples]
    return np.pad(redacted, ((0, num_samples - len(redacted)), (0, 0)))


def measure(
    original: np.ndarray,
    redacted: np.ndarray,
    rate: int,
    stretches: Sequence[Stretch],
    *,
    discount_chance: bool = False,
) -> Heard:
    """What of each stretch of the original can be heard in the output.

    Parameters
    ----------
    original, redacted : numpy.ndarray, shape [num_samples, num_channels]
        Any of soundfile's sample types; the types, lengths and channel counts may differ.
    rate : int
        Hz, of both.
    stretches : sequence of Stretch
        Words and pieces; channels past the original's count mean its last one.
    discount_chance : bool
        Apply the two guards above. Off, the bare rule counts, which can only show more.

    Returns
    -------
    Heard
        In the order of `stretches`.
    """
    x = as_float(original)
    y = _fitted(as_float(redacted), len(x))
    audible = np.zeros(len(stretches))
    muted = np.zeros(len(stretches))
    if not len(x):
        return Heard(audible, muted)
    where = np.array([min(s.channel, x.shape[1] - 1) for s in stretches], dtype=np.int64)
    for channel in np.unique(where):
        chosen = np.flatnonzero(where == channel)
        frames = _frames([stretches[i] for i in chosen], rate, len(x))
        audible[chosen], muted[chosen] = _measure_channel(
            x, y, int(channel), rate, frames, len(chosen), discount_chance=discount_chance
        )
    return Heard(audible, muted)


def _measure_channel(
    original: np.ndarray,
    redacted: np.ndarray,
    channel: int,
    rate: int,
    frames: _Frames,
    count: int,
    *,
    discount_chance: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Audible share of energy and muted share of time of the stretches of one channel."""
    x = original[:, channel]
    own_channel = min(channel, redacted.shape[1] - 1)
    taps = whitener(x)
    white_x = _whitened(x, taps)
    anywhere = np.zeros(len(frames.owner), dtype=bool)
    own = anywhere
    for other in range(redacted.shape[1]):
        y = _shifted(redacted[:, other], find_lag(x, redacted[:, other], rate))
        plain = _moments(x, y, frames)
        found = _audible(plain, frames)
        white = _moments(white_x, _whitened(y, taps), frames) if discount_chance else plain
        if other == own_channel:
            found = own = _agreeing(found, plain, white, frames.owner) if discount_chance else found
        elif discount_chance and not (
            _has_path(white) or _has_path(_cross_white(original, other, white_x, taps, frames))
        ):
            continue
        anywhere = anywhere | found
    energy = np.where(plain.power_x > frames.sizes * SILENCE**2, plain.power_x, 0.0)
    return _left(energy, anywhere, frames, count), _gone(energy, own, frames, count)


def _cross_white(
    original: np.ndarray, other: int, white_x: np.ndarray, taps: np.ndarray, frames: _Frames
) -> _Moments:
    """Whitened moments of a channel against another one of the original itself."""
    across = original[:, min(other, original.shape[1] - 1)]
    return _moments(white_x, _whitened(across, taps), frames)


def _left(energy: np.ndarray, audible: np.ndarray, frames: _Frames, count: int) -> np.ndarray:
    """Audible share of each stretch's energy."""
    total = np.bincount(frames.owner, energy, count)
    return np.bincount(frames.owner, energy * audible, count) / np.maximum(total, 1e-30)


def _gone(energy: np.ndarray, audible: np.ndarray, frames: _Frames, count: int) -> np.ndarray:
    """Muted share of each stretch's time, by the frames that have energy enough to tell."""
    samples = np.bincount(frames.owner, frames.sizes, count)
    faint = FAINT * (np.bincount(frames.owner, energy, count) / samples)[frames.owner]
    tells = (energy > 0) & (energy > faint * frames.sizes)
    told = np.bincount(frames.owner, tells * frames.sizes, count)
    gone = np.bincount(frames.owner, (tells & ~audible) * frames.sizes, count)
    return gone / np.maximum(told, 1)
