"""How long a worker may take over a recording, and how much memory it may take: the parent watches both.

Nothing inside a worker can be trusted to end it: a decoder that loops never comes back to Python, and a regular
expression that does holds the interpreter's lock. So a worker says what it does (:class:`Step`: sound that was
hashed, decoded, heard or muted), and the parent, which decodes nothing itself, ends one that no longer does
what it should. What it had in hand is tried once more, each by itself, as after any other death.

Three rules of time, since a worker has several recordings in hand that take turns:

- No step with any of its recordings for `quiet_s`: the worker is stuck as a whole.
- A recording's own share of the worker's time (an eighth of it, beside seven others) passed `quiet_s` since
  its last step: it is stuck, and the others are not. By itself, in its second attempt, all time is its own.
- Its share passed `base_s` and `slowest` seconds for each second of sound that it went through: it drips.

Work without a step, such as the search of a whole conversation, grows with the length: `quiet_share` of the
sound that it went through is added to `quiet_s`. Lengths are what was decoded, never what a header claims.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from redactor.errors import RecordingError, TimedOut
from redactor.types import Seconds

_GIB = 1 << 30
# Where Linux says what a container may take, new and old way; it sees the machine's whole memory all the same.
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@dataclass(frozen=True)
class Limits:
    """What a worker may take.

    Attributes
    ----------
    quiet_s : float
        Seconds without a step. Between two steps lie a block (8 s of telephone) and, for each channel, what is
        heard together (less than 60 s of speech): a model ten times as slow as speech passes.
    quiet_share : float
        Added to it for each second of sound. Reading, detecting, aligning, muting and writing together take 4 %
        of the time at an RTFx of 13 (README), 0.3 % of the length; and two passes are counted before.
    base_s, slowest : float
        Seconds that any recording may take, and those on top for each second of sound. It is heard in its third
        pass, so a model 15 times as slow as real time passes.
    spare_bytes : int
        Resident memory beyond what a worker had when its models were loaded; with base it is below 1 GB in all
        (README).
    share_bytes : int
        What it may have in any case: its share of the machine.
    check_s : float
        How often the parent looks.
    """

    quiet_s: float = 600.0
    quiet_share: float = 0.02
    base_s: float = 3600.0
    slowest: float = 5.0
    spare_bytes: int = 4 * _GIB
    share_bytes: int = 0
    check_s: float = 0.5

    @classmethod
    def of_machine(cls, num_workers: int) -> Limits:
        """The limits of each of some workers that share three quarters of this machine's memory."""
        return cls(share_bytes=_physical_bytes() * 3 // 4 // num_workers)


@dataclass(frozen=True)
class Step:
    """Crosses from a worker to the parent: what it did with a recording since it last said so.

    Attributes
    ----------
    name : str
    sound : float
        Seconds of sound that were gone through, summed over channels and passes.
    """

    name: str
    sound: Seconds


@dataclass
class _Taken:
    """What a recording took of a worker so far, by its share of the time."""

    quiet_s: float = 0.0
    spent_s: float = 0.0
    sound: Seconds = 0.0


@dataclass
class Watch:
    """What the parent knows of a worker at work."""

    _taken: dict[str, _Taken] = field(default_factory=dict)
    _quiet_s: float = 0.0
    _ready_bytes: int = 0

    def ready(self, resident: int | None) -> None:
        """Its models are loaded; `resident` is what they take."""
        self._ready_bytes = resident or 0

    def step(self, step: Step) -> None:
        """It said that it did something."""
        taken = self._taken.get(step.name)
        if taken is not None:
            taken.quiet_s = self._quiet_s = 0.0
            taken.sound += step.sound

    def look(
        self, limits: Limits, names: Collection[str], *, elapsed_s: float, resident: int | None
    ) -> RecordingError | None:
        """Take note of time that passed.

        Parameters
        ----------
        limits : Limits
        names : collection of str
            What the worker has in hand.
        elapsed_s : float
            Since the last look; without time in which the parent could not have heard of a step.
        resident : int or None
            Bytes it has in memory; None where the system does not say.

        Returns
        -------
        RecordingError or None
            Why the worker is to be ended.
        """
        if set(names) != self._taken.keys():  # one was taken in hand, or is done: it is alive
            self._taken = {name: self._taken.get(name, _Taken()) for name in names}
            self._quiet_s = 0.0
        if not self._taken:
            return None
        self._quiet_s += elapsed_s
        for taken in self._taken.values():
            taken.quiet_s += elapsed_s / len(self._taken)
            taken.spent_s += elapsed_s / len(self._taken)
        if resident is not None and resident > self._most_bytes(limits):
            return _too_large(self._most_bytes(limits))
        return self._overdue(limits)

    def _most_bytes(self, limits: Limits) -> int:
        return max(limits.share_bytes, self._ready_bytes + limits.spare_bytes)

    def _overdue(self, limits: Limits) -> TimedOut | None:
        in_hand = self._taken.values()
        quiet_s = limits.quiet_s + limits.quiet_share * sum(taken.sound for taken in in_hand)
        if self._quiet_s > quiet_s:
            return _stuck(quiet_s)
        for taken in in_hand:
            quiet_s = limits.quiet_s + limits.quiet_share * taken.sound
            if taken.quiet_s > quiet_s:
                return _stuck(quiet_s)
            most_s = limits.base_s + limits.slowest * taken.sound
            if taken.spent_s > most_s:
                return TimedOut(
                    f"it took more than {_minutes(most_s)} for what was read of it; {_NEXT_STEP}"
                )
        return None


_NEXT_STEP = "leave it out, or open it in an audio editor, listen, and save it as WAV or FLAC"


def _stuck(quiet_s: float) -> TimedOut:
    return TimedOut(f"nothing more came of it within {_minutes(quiet_s)}; {_NEXT_STEP}")


def _too_large(most: int) -> RecordingError:
    return RecordingError(
        f"its worker took more than {most / _GIB:.1f} GiB of memory; split it, or run with fewer --jobs",
        reason="out-of-memory",
    )


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes of its worker's time"


def resident_bytes(pid: int) -> int | None:
    """Memory that a process has right now; None where there is no ``/proc``, or no such process any more."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return None


def _physical_bytes() -> int:
    """Memory that this process's machine or container has; 0 where the system does not say."""
    sizes = []
    with contextlib.suppress(OSError, ValueError):
        sizes.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for path in _CGROUP_LIMITS:
        with contextlib.suppress(OSError, ValueError):
            sizes.append(int(Path(path).read_text()))
    return min(sizes, default=0)
