"""Whether a finished file holds what it should of its original, and nothing more: read back from disk.

The check shares nothing with the muter but the rounding of seconds to samples, and does not know what the fill
was made of. Four questions, each with its own kinds of :class:`redactor.verify.claim.Fault`:

- Does the file open, with the samples, rate and channels of the original? "unreadable", "length", "rate",
  "channels".
- Is nothing of the original left inside the spans? "residue": in a lossless file that is silent there, or the
  pure tone to the last bit, nothing can be; everywhere else by :func:`redactor.verify.leftover.left_over`,
  every muted channel of the original against every channel muted at that time. "fill": what stands there is no
  such silence or tone, or is louder than a fill may be.
- Is everything outside the spans and their fades the original? "changed": to the last bit in lossless files, by
  correlation in lossy ones.
- Does the file hold anything beside samples? "metadata": see :mod:`redactor.verify.metadata`.

The original is read once, in blocks, and the file beside it; what is held is some seconds around the spans.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from redactor.audio.recording import Recording, open_recording
from redactor.errors import RecordingError
from redactor.timebase import seconds
from redactor.types import Sound, TimeSpan
from redactor.verify.claim import Fault
from redactor.verify.inside import Inside
from redactor.verify.metadata import extra_data
from redactor.verify.outside import ExactOutside, LossyOutside
from redactor.verify.plan import Finding, Plan

MAX_FAULTS_OF_A_KIND = 6
# Faults nearer than this are one.
_APART_S = 0.1


class _Unreadable(Exception):
    """The released file failed while it was read; carries the reason."""


def check_sound(
    original: Sound,
    released: Path,
    spans: Sequence[TimeSpan],
    *,
    fill: str,
    fade_ms: float,
    tone_hz: float = 1000.0,
    tone_dbfs: float = -20.0,
) -> tuple[Fault, ...]:
    """Hold a finished file against its original.

    Parameters
    ----------
    original : Sound
        Read once, in blocks.
    released : pathlib.Path
        The file as it will be handed over; only read.
    spans : sequence of TimeSpan
        What was to be muted, in any order; they may overlap.
    fill : str
        "silence", "tone" or "noise".
    fade_ms : float
        Length of the fades around a span: there nothing is asked of the file.
    tone_hz, tone_dbfs : float
        Frequency of a fill of tone, and its peak below full scale.

    Returns
    -------
    tuple of Fault
        Of each kind the first `MAX_FAULTS_OF_A_KIND`, in order of kind and time; empty if there are none.

    Raises
    ------
    ValueError
        If a span is no stretch of this recording, or the fill is unknown.
    RecordingError
        If the original cannot be read.
    """

    def plan_for(release: Recording) -> Plan:
        tone = {"tone_hz": tone_hz, "tone_dbfs": tone_dbfs}
        return Plan.of(original, release, spans, fill=fill, fade_ms=fade_ms, **tone)

    faults, findings = _compared(original, released, plan_for)
    for kind in ("residue", "fill", "changed"):
        faults += _merged([f for f in findings if f.kind == kind], original.sample_rate)
    if not any(fault.kind == "unreadable" for fault in faults):
        faults += [Fault("metadata", detail=name) for name in extra_data(released)]
    return tuple(faults)


def _compared(
    original: Sound, released: Path, plan_for: Callable[[Recording], Plan]
) -> tuple[list[Fault], list[Finding]]:
    """Faults of the file as a whole, and those in its samples where they can be compared."""
    faults: list[Fault] = []
    findings: list[Finding] = []
    with ExitStack() as opened:
        try:
            release = opened.enter_context(open_recording(released))
        except RecordingError as error:
            return [Fault("unreadable", detail=error.reason)], []
        faults += _shape_faults(original, release)
        try:
            if not faults:
                findings = find_faults(original, release, plan_for(release))
        except _Unreadable as error:
            faults.append(Fault("unreadable", detail=str(error)))
        try:
            opened.close()
        except RecordingError as error:
            faults.append(Fault("unreadable", detail=error.reason))
    return faults, findings


def _shape_faults(original: Sound, release: Sound) -> Iterator[Fault]:
    pairs = {
        "length": (original.num_samples, release.num_samples),
        "channels": (original.num_channels, release.num_channels),
        "rate": (original.sample_rate, release.sample_rate),
    }
    for kind, (wanted, found) in pairs.items():
        if wanted != found:
            yield Fault(kind, detail=f"{found} in place of {wanted}")


def find_faults(original: Sound, release: Recording, plan: Plan) -> list[Finding]:
    """Every fault in the samples of a file of the original's shape, unsorted."""
    checks = (Inside(plan), LossyOutside(plan) if plan.is_lossy else ExactOutside(plan))
    findings: list[Finding] = []
    position = 0
    for block, other in _side_by_side(original.blocks(), _readable(release)):
        for check in checks:
            findings += check.feed(block, other, position)
        position += len(block)
    if position != plan.num_samples:
        raise _Unreadable("truncated")
    for check in checks:
        findings += check.finish()
    return findings


def _readable(release: Recording) -> Iterator[np.ndarray]:
    try:
        yield from release.blocks()
    except RecordingError as error:
        raise _Unreadable(error.reason) from None


def _side_by_side(
    first: Iterator[np.ndarray], second: Iterator[np.ndarray]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Blocks of two streams cut alike, as long as both go on."""
    left, right = next(first, None), next(second, None)
    while left is not None and right is not None:
        size = min(len(left), len(right))
        if size:
            yield left[:size], right[:size]
        left = left[size:] if size < len(left) else next(first, None)
        right = right[size:] if size < len(right) else next(second, None)


def _merged(findings: Iterable[Finding], sample_rate: int) -> list[Fault]:
    """Findings of one kind in order of time, those that touch as one."""
    merged: list[list[Finding]] = []
    stop = 0
    for finding in sorted(findings, key=lambda f: (f.start, f.stop, f.channel)):
        if not merged or finding.start > stop + _APART_S * sample_rate:
            if len(merged) == MAX_FAULTS_OF_A_KIND:
                break
            merged.append([])
            stop = finding.stop
        merged[-1].append(finding)
        stop = max(stop, finding.stop)
    return [
        Fault(
            group[0].kind,
            seconds(min(f.start for f in group), sample_rate=sample_rate),
            seconds(max(f.stop for f in group), sample_rate=sample_rate),
            tuple(sorted({f.channel for f in group})),
            group[0].detail,
        )
        for group in merged
    ]
