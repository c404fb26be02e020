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
from benchmarks.gold import GoldRecording  # noqa: E402
from benchmarks.hearings import HeardRecording, hear  # noqa: E402
from benchmarks.quick import muted_frames  # noqa: E402
from redactor.align import align  # noqa: E402
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
    width, height, pad = 640, 400, 60
    points = [*flat_points, *ours]
    right, top = 1.08 * max(p.lost_s for p in points), 1.08 * max(p.left_ms for p in points)

    def at(p: Point) -> tuple[float, float]:
        return pad + p.lost_s / right * (width - pad - 20), height - pad - p.left_ms / top * (height - pad - 20)

    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(at, flat_points))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<path d="M{pad},20 V{height - pad} H{width - 20}" fill="none" stroke="#444"/>',
        f'<text x="{width / 2}" y="{height - 15}" text-anchor="middle">other speech lost, '
        "seconds per minute of audio</text>",
        f'<text transform="translate(18,{height / 2}) rotate(-90)" text-anchor="middle">personal speech '
        "left, ms per minute</text>",
        f'<polyline points="{line}" fill="none" stroke="#888" stroke-width="2"/>',
    ]
    for i in range(6):
        x, y = pad + i / 5 * (width - pad - 20), height - pad - i / 5 * (height - pad - 20)
        across, up = f"{right * i / 5:.1f}", f"{top * i / 5:.0f}"
        parts.append(f'<text x="{x:.1f}" y="{height - pad + 16}" text-anchor="middle">{across}</text>')
        parts.append(f'<text x="{pad - 6}" y="{y + 4:.1f}" text-anchor="end">{up}</text>')
    for p in flat_points:
        x, y = at(p)
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="#888"/>')
        parts.append(f'<text x="{x + 6:.1f}" y="{y - 5:.1f}" fill="#666">{p.name}</text>')
    for p in ours:
        x, y = at(p)
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="#c22"/>')
        parts.append(f'<text x="{x - 8:.1f}" y="{y + 4:.1f}" text-anchor="end" fill="#c22">{p.name}</text>')
    return "\n".join([*parts, "</svg>", ""])


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
