"""What a program took and what came with it: as a table, for programs, and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.pictures import GREY, RED, Bar, bars
from benchmarks.tables import aligned

PLAIN, BATCHED = "plain", "batched"
SCRIPTS = {PLAIN: "control.py", BATCHED: "control_batched.py"}


@dataclass(frozen=True)
class Speed:
    """What a program took for one kind of work.

    Attributes
    ----------
    inside_seconds : float
        What it counted itself.
    peak_bytes, peak_sum_bytes : int
        Of its largest process, and of all of them.
    held_back : int
        Recordings that it did not release.
    """

    kind: str
    name: str
    recordings: int
    audio_seconds: float
    wall_seconds: float
    inside_seconds: float
    cpu_seconds: float
    peak_bytes: int
    peak_sum_bytes: int
    held_back: int = 0

    @property
    def rtfx(self) -> float:
        return self.audio_seconds / self.wall_seconds


@dataclass(frozen=True)
class Quality:
    """What came with the speed; shares, None where nothing was there to be counted."""

    wer_mono: float | None = None
    wer_others: float | None = None
    words_audible: float | None = None
    entities_audible: float | None = None
    lost: float | None = None
    recordings: int = 0


@dataclass(frozen=True)
class Result:
    """A line of the table."""

    speed: Speed
    quality: Quality = Quality()


def ratios(speeds: Sequence[Speed]) -> dict[str, dict[str, float]]:
    """RTFx of each program of one kind of work by that of each plain script: name -> plain script -> ratio."""
    base = {speed.name: speed.rtfx for speed in speeds if speed.name in SCRIPTS}
    return {speed.name: {name: speed.rtfx / rtfx for name, rtfx in base.items()} for speed in speeds}


HEADINGS = (
    *(
        "work",
        "program",
        "files",
        "RTFx",
        "inside",
        "x plain",
        "x batched",
        "s/file",
        "CPU s/min",
        "MB",
        "MB all",
    ),
    *("held back", "WER mono %", "WER 2 ch. %", "words audible %", "entities audible %", "lost %"),
)


def table(results: Sequence[Result]) -> str:
    """The figures for people; leak, loss and word-error rate are of the part that every program had."""
    lines = [HEADINGS]
    by_kind: dict[str, list[Speed]] = {}
    for result in results:
        by_kind.setdefault(result.speed.kind, []).append(result.speed)
    for result in results:
        s, q = result.speed, result.quality
        ratio = ratios(by_kind[s.kind])[s.name]
        lines.append(
            (
                *(
                    s.kind,
                    s.name,
                    str(s.recordings),
                    f"{s.rtfx:.2f}",
                    f"{s.audio_seconds / s.inside_seconds:.2f}",
                ),
                *(f"{ratio[name]:.2f}" for name in SCRIPTS),
                *(f"{s.wall_seconds / s.recordings:.2f}", f"{60 * s.cpu_seconds / s.audio_seconds:.1f}"),
                *(f"{s.peak_bytes / 1e6:.0f}", f"{s.peak_sum_bytes / 1e6:.0f}", str(s.held_back)),
                *map(_percent, (q.wer_mono, q.wer_others, q.words_audible, q.entities_audible, q.lost)),
            )
        )
    return aligned(lines)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"


def figures(results: Sequence[Result], before: dict[str, Any]) -> dict[str, Any]:
    """The same for programs."""
    lines = []
    for result in results:
        speed = result.speed
        own = ratios([other.speed for other in results if other.speed.kind == speed.kind])[speed.name]
        lines.append({**asdict(speed), "rtfx": speed.rtfx, "times": own, "quality": asdict(result.quality)})
    return {"machine": before, "results": lines}


def svg(results: Sequence[Result]) -> str:
    """RTFx as bars."""
    groups: dict[str, list[Bar]] = {}
    for result in results:
        s = result.speed
        color = GREY if s.name in SCRIPTS else RED
        groups.setdefault(f"{s.kind}s: audio seconds per second", []).append(
            Bar(f"{s.name} ({s.recordings})", s.rtfx, f"{s.rtfx:.1f}", color)
        )
    return bars(list(groups.items()))
