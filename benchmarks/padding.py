"""Flat paddings against measured edges: how much personal data stays audible for how much other speech lost.

    python benchmarks/padding.py --set NAME=GOLD=CACHE [--set ...] [--svg FILE]

Detection is taken from the truth here, so that only edges differ: every recognized word that lies mostly in a
personal one is found. Recordings are transcribed once (benchmarks/hearings.py keeps what was heard).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np  # noqa: E402

from benchmarks.ablation import flat  # noqa: E402
from benchmarks.hearings import HeardRecording, hear  # noqa: E402
from benchmarks.pictures import RED, Chart  # noqa: E402
from benchmarks.quick import muted_frames  # noqa: E402
from redactor.align import align  # noqa: E402
from redactor.bench.gold import GoldRecording  # noqa: E402
from redactor.config import load_policy  # noqa: E402
from redactor.kernels.power import FRAME_S  # noqa: E402
from redactor.policy import Policy  # noqa: E402
from redactor.types import PiiSpan, Transcript  # noqa: E402

PADDINGS_MS = (0, 25, 50, 75, 100, 150, 200, 250, 300, 400, 500)
# A frame this far below the loudest part of its channel is no speech.
_SPEECH_DB = 35.0


@dataclass(frozen=True)
class Point:
    """Milliseconds of personal speech left per minute of audio, and seconds of other speech lost per minute."""

    name: str
    left_ms: float
    lost_s: float


def true_findings(transcript: Transcript, gold: GoldRecording) -> list[PiiSpan]:
    """What a perfect detector would find in every hearing: one finding for each word."""
    personal = [w for w in gold.words if w.is_pii]
    found = []
    for number, hearing in enumerate(transcript.hearings):
        for channel in hearing.channels:
            for word in hearing.words(channel):
                shared = sum(
                    max(0.0, min(word.end, p.end) - max(word.start, p.start))
                    for p in personal
                    if p.channel == channel
                )
                if shared > 0.5 * (word.end - word.start):
                    place = channel, "PERSON", word.char_start, word.char_end
                    found.append(PiiSpan(*place, 1.0, "truth", number))
    return found


def point(name: str, recordings: Sequence[HeardRecording], policy: Policy, *, calibrated: bool) -> Point:
    """Over all recordings, with a policy's edges."""
    left = lost = seconds = 0.0
    for heard in recordings:
        transcript = heard.calibrated() if calibrated else heard.transcript
        found = true_findings(transcript, heard.gold)
        muted = muted_frames(align(transcript, found, power=heard.power, policy=policy), heard.power.shape)
        speech = heard.power > heard.power.max(axis=0) * 10 ** (-_SPEECH_DB / 10)
        personal = _frames((w for w in heard.gold.words if w.is_pii), heard.gold, heard.power.shape)
        other = _frames((w for w in heard.gold.words if w.label == ""), heard.gold, heard.power.shape)
        left += 1000 * FRAME_S * float((personal & speech & ~muted).sum())
        lost += FRAME_S * float((other & speech & muted & ~personal).sum())
        seconds += transcript.duration
    return Point(name, left / (seconds / 60), lost / (seconds / 60))


def _frames(words: Iterable, gold: GoldRecording, shape: tuple[int, int]) -> np.ndarray:
    inside = np.zeros(shape, bool)
    for word in words:
        inside[int(word.start / FRAME_S) : int(np.ceil(word.end / FRAME_S)), word.channel] = True
    return inside


def svg(flat_points: Sequence[Point], ours: Sequence[Point]) -> str:
    """The curve as a picture, both axes linear."""
    points = [*flat_points, *ours]
    chart = Chart(
        right=1.08 * max(p.lost_s for p in points),
        top=1.08 * max(p.left_ms for p in points),
        across="other speech lost, seconds per minute of audio",
        up="personal speech left, ms per minute",
    )
    parts = [chart.line([(p.lost_s, p.left_ms) for p in flat_points])]
    for p in flat_points:
        parts += chart.dot((p.lost_s, p.left_ms), p.name)
    for p in ours:
        parts += chart.dot((p.lost_s, p.left_ms), p.name, color=RED, large=True)
    return chart.picture(parts)


def main(argv: Sequence[str] | None = None) -> None:
    """Print the points, and draw them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", action="append", required=True, help="NAME=GOLD=CACHE")
    parser.add_argument("--svg", type=Path)
    args = parser.parse_args(argv)
    recordings = [
        heard
        for one in args.set
        for heard in hear(Path(one.split("=")[1]), Path(one.split("=")[2]))
        if any(word.is_pii for word in heard.gold.words)
    ]
    policy = load_policy("standard")
    plain = replace(policy, align=replace(policy.align, unsure_ms=0.0))
    flat_points = [
        point(f"{ms} ms", recordings, flat(plain, float(ms)), calibrated=False) for ms in PADDINGS_MS
    ]
    ours = [point(name, recordings, load_policy(name), calibrated=True) for name in ("standard",)]
    print("edges           personal left, ms/min   other lost, s/min")
    for p in (*flat_points, *ours):
        print(f"{p.name:15s} {p.left_ms:21.0f} {p.lost_s:19.2f}")
    if args.svg:
        args.svg.write_text(svg(flat_points, ours), encoding="utf-8")


if __name__ == "__main__":
    main()
