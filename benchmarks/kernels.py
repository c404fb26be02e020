"""Speed of the mute kernels beside a plain copy of the same array, in the same run.

    python benchmarks/kernels.py [--seconds 600] [--repeats 7] [--dtype int16] [--json]

Every kernel mutes a stereo recording at 16 kHz twice: `whole` is one span over all of it, `sparse` is one
second in twenty, which is nearer to what a call center needs. GB/s are bytes of the array handed over a second
of wall time, the same bytes for all rows (a copy moves each of them twice), medians over repeats in turn;
`of copy` is the ratio to the copy's. Compilation happens before the clock starts.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

import numpy as np

from redactor.kernels.mute import FULL_SCALE
from redactor.redact.audio import BLOCK_LEN, Fill, Muter, estimate_background
from redactor.types import Audio, AudioFormat, Origin, TimeSpan

SAMPLE_RATE = 16_000
NUM_CHANNELS = 2


def main() -> None:
    options = parse_options()
    samples = background_noise(options.seconds, np.dtype(options.dtype))
    jobs = {"copy": copier(samples)}
    for kind in ("silence", "tone", "noise"):
        jobs[f"{kind} whole"] = muter(samples, kind, [(0, options.seconds)])
        jobs[f"{kind} sparse"] = muter(samples, kind, [(s, s + 1) for s in range(0, options.seconds, 20)])
    gb_per_s = medians(jobs, samples.nbytes, options.repeats)
    rows = [
        {"kernel": name, "gb_per_s": rate, "of_copy": rate / gb_per_s["copy"]}
        for name, rate in gb_per_s.items()
    ]
    if options.json:
        print(json.dumps({"dtype": options.dtype, "bytes": samples.nbytes, "rows": rows}))
        return
    size = f"{samples.nbytes / 1e6:.0f} MB of {options.dtype}"
    print(f"{size}, {options.seconds} s, medians of {options.repeats}")
    print(f"{'':16}{'GB/s':>10}{'of copy':>10}")
    for row in rows:
        print(f"{row['kernel']:16}{row['gb_per_s']:>10.2f}{row['of_copy']:>10.2f}")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=600, help="length of the recording")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--dtype", choices=[str(dtype) for dtype in FULL_SCALE], default="int16")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    options = parser.parse_args()
    if options.seconds < 1 or options.repeats < 1:
        parser.error("--seconds and --repeats must be at least 1")
    return options


def background_noise(seconds: int, dtype: np.dtype) -> np.ndarray:
    rng = np.random.default_rng(1)
    shape = (seconds * SAMPLE_RATE, NUM_CHANNELS)
    noise = rng.standard_normal(shape, dtype=np.float32) * (0.01 * FULL_SCALE[dtype])
    return noise.astype(dtype)


def copier(samples: np.ndarray) -> Callable[[], None]:
    target = np.empty_like(samples)
    return lambda: np.copyto(target, samples)


def muter(samples: np.ndarray, kind: str, seconds: list[tuple[int, int]]) -> Callable[[], None]:
    """One pass of a kernel over its own copy; muting again what is muted takes as long."""
    own = samples.copy()
    channels = tuple(range(NUM_CHANNELS))
    spans = [TimeSpan(start, end, channels, (), Origin.DETECTED) for start, end in seconds]
    # Coloured by the recording as if nothing were muted: with the whole muted there would be no background.
    audio = Audio(own, SAMPLE_RATE, AudioFormat("WAV", "PCM_16"))
    background = estimate_background(audio, ()) if kind == "noise" else None
    ready = Muter(
        spans,
        Fill(kind),
        sample_rate=SAMPLE_RATE,
        num_samples=own.shape[0],
        num_channels=NUM_CHANNELS,
        background=background,
    )

    def run() -> None:
        for first in range(0, own.shape[0], BLOCK_LEN):
            ready.apply(own[first : first + BLOCK_LEN], first)

    return run


def medians(jobs: dict[str, Callable[[], None]], num_bytes: int, repeats: int) -> dict[str, float]:
    """GB/s of each job. Jobs take turns, so that a busy minute of the machine falls on all of them."""
    took: dict[str, list[float]] = {name: [] for name in jobs}
    for job in jobs.values():
        job()
    for _ in range(repeats):
        for name, job in jobs.items():
            begin = time.perf_counter()
            job()
            took[name].append(time.perf_counter() - begin)
    return {name: num_bytes / statistics.median(times) / 1e9 for name, times in took.items()}


if __name__ == "__main__":
    main()
