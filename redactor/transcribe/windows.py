"""Speech cut into windows that hold it and little else, so that a model is asked no more than it must.

A Whisper encodes 30 s whatever there is in them. Here regions of speech that fit share a window, without a long
pause between them, a region that is too long is cut where it is weakest, and a window is as long as
what is in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from redactor.transcribe.speech import MODEL_RATE_HZ, Region
from redactor.types import Seconds

# A longer pause than this, beside the padding, is left out of a window: it is encoded like so much speech.
_LONGEST_GAP_SAMPLES = MODEL_RATE_HZ
# Regions farther apart than this do not share a window: they have less to do with each other.
_FARTHEST_SAMPLES = 30 * MODEL_RATE_HZ
# A region that is too long is cut at the weakest tenth of a second in the last part of what a window holds.
_CUT_FROM = 0.6
_CUT_SAMPLES = MODEL_RATE_HZ // 10
# Where a window is cut in two.
_MIDDLE = (0.35, 0.65)
# Length of the first window of a grid by that of the others.
_FIRST_OF_GRID = 0.5

WindowKey = tuple[int, bytes]


@dataclass(frozen=True, eq=False)
class Window:
    """A piece of one channel for a model.

    Attributes
    ----------
    first : int
        Its first sample, at 16 kHz, from the start of the recording.
    samples : numpy.ndarray, shape [num_samples], float32
        Its own copy.
    seams : tuple of (int, int)
        Where a pause was left out: place in `samples`, and the sample of the recording that stands there.
    """

    first: int
    samples: np.ndarray
    seams: tuple[tuple[int, int], ...] = ()

    @property
    def start(self) -> Seconds:
        return self.first / MODEL_RATE_HZ

    @property
    def duration(self) -> Seconds:
        """Seconds of its sound."""
        return len(self.samples) / MODEL_RATE_HZ

    @property
    def stop(self) -> int:
        """The sample of the recording behind its last."""
        return self._places[-1][1] + len(self.samples) - self._places[-1][0]

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """Its sound without what was left out, in order."""
        places = [*self._places, (len(self.samples), 0)]
        return tuple(
            Stretch(at / MODEL_RATE_HZ, until / MODEL_RATE_HZ, (first - at) / MODEL_RATE_HZ)
            for (at, first), (until, _) in pairwise(places)
        )

    def after(self, begin: Seconds) -> Window:
        """What follows a moment of its sound."""
        at = min(max(round(begin * MODEL_RATE_HZ), 0), len(self.samples))
        place, first = max(pair for pair in self._places if pair[0] <= at)
        seams = tuple((later - at, sample) for later, sample in self.seams if later > at)
        return Window(first + at - place, self.samples[at:].copy(), seams)

    def until(self, end: Seconds) -> Window:
        """What lies before a moment of its sound."""
        at = min(max(round(end * MODEL_RATE_HZ), 0), len(self.samples))
        seams = tuple(pair for pair in self.seams if pair[0] < at)
        return Window(self.first, self.samples[:at].copy(), seams)

    def halves(self) -> tuple[Window, Window]:
        """Both parts of it, cut where its sound is weakest in the middle."""
        low, high = (round(share * len(self.samples)) for share in _MIDDLE)
        cut = _weakest(self.samples, low, high) / MODEL_RATE_HZ
        return self.until(cut), self.after(cut)

    @property
    def _places(self) -> tuple[tuple[int, int], ...]:
        return ((0, self.first), *self.seams)

    @property
    def key(self) -> WindowKey:
        """Tells the same sound at the same place; of a window without seams."""
        return self.first, hashlib.sha256(self.samples).digest()


@dataclass(frozen=True)
class Stretch:
    """Sound of a window that is one piece in the recording, too.

    Attributes
    ----------
    begin, end : float
        Seconds in the window.
    shift : float
        Seconds by which it lies later in the recording.
    """

    begin: Seconds
    end: Seconds
    shift: Seconds


def _joined(windows: Sequence[Window]) -> Window:
    """One window of the sound of several."""
    seams = []
    at = 0
    for before, window in pairwise(windows):
        at += len(before.samples)
        if window.first != before.stop:
            seams.append((at, window.first))
    return Window(windows[0].first, np.concatenate([w.samples for w in windows]), tuple(seams))


class GridStream:
    """All of one channel in windows of nearly one length, whether there is speech in it or not.

    Each ends where the sound is weakest in its last part; the first is shorter than the others, so that borders
    are not those of :class:`WindowStream`. What is digital silence throughout is left out.

    Parameters
    ----------
    longest : float
        Seconds of a window at most.
    """

    def __init__(self, *, longest: Seconds) -> None:
        self._longest = round(longest * MODEL_RATE_HZ)
        self._next = round(_FIRST_OF_GRID * self._longest)
        self._sound = np.zeros(0, np.float32)
        self._offset = 0

    def feed(self, samples: np.ndarray) -> list[Window]:
        """Add sound, of shape [num_samples] and float32; what is complete comes back."""
        self._sound = np.concatenate((self._sound, samples))
        windows = []
        while len(self._sound) >= self._next:
            windows += self._taken(_weakest(self._sound, round(_CUT_FROM * self._next), self._next))
            self._next = self._longest
        return windows

    def finish(self) -> list[Window]:
        """The window that is left."""
        return self._taken(len(self._sound))

    def _taken(self, stop: int) -> list[Window]:
        window = Window(self._offset, self._sound[:stop].copy())
        self._sound = self._sound[stop:].copy()
        self._offset += stop
        return [window] if window.samples.any() else []


class WindowStream:
    """Windows of one channel that arrives in blocks; they do not depend on how it is cut into blocks.

    Parameters
    ----------
    longest : float
        Seconds of a window at most.
    padding : float
        Seconds of sound before and after every region that belong to it.
    """

    def __init__(self, *, longest: Seconds, padding: Seconds) -> None:
        self._longest = round(longest * MODEL_RATE_HZ)
        self._padding = min(round(padding * MODEL_RATE_HZ), self._longest // 4)
        self._sound = np.zeros(0, np.float32)
        self._offset = 0  # of the first sample in `_sound`
        self._open: Region | None = None  # a window without its padding
        self._floor = 0  # where the last one ended
        self._waiting: list[Window] = []  # complete, and to be one with what follows, if it fits

    def feed(self, samples: np.ndarray, regions: list[Region], *, quiet_from: int) -> list[Window]:
        """Add sound, and the regions in it or before that have ended; what is complete comes back.

        Parameters
        ----------
        samples : numpy.ndarray, shape [num_samples], float32
        regions : list of (first, stop)
        quiet_from : int
            Where the next region may begin at the earliest.
        """
        self._sound = np.concatenate((self._sound, samples))
        done = [window for region in regions for window in self._take(self._add(region))]
        if self._open and quiet_from - self._open[1] > _LONGEST_GAP_SAMPLES + 2 * self._padding:
            done += self._take(self._close(quiet_from))
        if self._waiting and not self._open and quiet_from - self._padding > self._farthest:
            done += self._let_go()
        self._forget(self._open[0] if self._open else quiet_from)
        return done

    def finish(self) -> list[Window]:
        """The windows that are left."""
        # Nothing follows that padding would have to be shared with.
        rest = self._close(self._offset + len(self._sound) + 2 * self._padding) if self._open else []
        return self._take(rest) + self._let_go()

    def _take(self, windows: Sequence[Window]) -> list[Window]:
        """Windows that are full, or too far from these, with which the others wait."""
        done: list[Window] = []
        for window in windows:
            length = sum(len(w.samples) for w in (*self._waiting, window))
            if self._waiting and (length > self._longest or window.first > self._farthest):
                done += self._let_go()
            self._waiting.append(window)
        return done

    @property
    def _farthest(self) -> int:
        return self._waiting[-1].stop + _FARTHEST_SAMPLES

    def _let_go(self) -> list[Window]:
        windows, self._waiting = self._waiting, []
        return [_joined(windows)] if windows else []

    def _add(self, region: Region) -> list[Window]:
        if self._open is None:
            self._open = region
            return []
        first, stop = self._open
        gap = region[0] - stop - 2 * self._padding
        if gap <= _LONGEST_GAP_SAMPLES and region[1] - first + 2 * self._padding <= self._longest:
            self._open = first, region[1]
            return []
        done = self._close(region[0])
        self._open = region
        return done

    def _close(self, next_speech: int) -> list[Window]:
        """Windows of what is open, its padding no farther than halfway to the speech that follows."""
        first, stop = self._open or (0, 0)
        end = self._offset + len(self._sound)
        first = max(first - self._padding, self._floor)
        stop = min(stop + self._padding, max((stop + next_speech) // 2, stop), end)
        self._open, self._floor = None, stop
        windows = []
        while stop - first > self._longest:
            low, high = first + round(_CUT_FROM * self._longest), first + self._longest
            cut = self._offset + _weakest(self._sound, low - self._offset, high - self._offset)
            windows.append(self._window(first, cut))
            first = cut
        if stop > first:
            windows.append(self._window(first, stop))
        return windows

    def _window(self, first: int, stop: int) -> Window:
        return Window(first, self._sound[first - self._offset : stop - self._offset].copy())

    def _forget(self, needed: int) -> None:
        """Let go of sound that no window can hold any more."""
        stale = min(max(needed - self._padding - self._offset, 0), len(self._sound))
        if stale > 0:
            self._sound = self._sound[stale:].copy()
            self._offset += stale


def _weakest(sound: np.ndarray, low: int, high: int) -> int:
    """Middle of the weakest tenth of a second of ``sound[low:high]``."""
    power = sound[low:high].astype(np.float64) ** 2
    held = np.concatenate(([0.0], np.cumsum(power)))
    sums = held[_CUT_SAMPLES:] - held[:-_CUT_SAMPLES]
    return low + int(sums.argmin()) + _CUT_SAMPLES // 2
