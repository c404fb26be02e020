"""How often the check of a finished file is wrong: alarms without a fault, and faults without an alarm.

    python -m benchmarks.residue [--tables NAME ...] [--rounds 2] [--spans 20000] [--rates HZ ...]

Originals: the speech in examples/ (calls with a side a channel, and commands), gliding harmonics like a voice,
mains hum and noise, a call also very quiet and clipped. Spans of 60 ms to 0.9 s are muted as `redactor run`
does it, half of them in one channel only. Tables:

- clean: muted, encoded and checked, by format and fill. Every fault is a false one.
- planted: the same with something of the original put back into every span that had speech in it: what was not
  found, and what was found as a fault of the fill only. With a fill of noise, what is added 20 dB down counts
  where it is not 6 dB and more below the noise.
- chance: `redactor.verify.leftover.left_over` on independent fills of noise, as if the original were behind
  them: the most deviations of a span. What counts is more than `MIN_DEVIATIONS`.
- smear: what lossy codecs carry into a muted span, by distance from its ends: level of 20 ms without the tone,
  and the gain of the original where it is more than chance.
- unchanged: how like its original a lossy file is, by level: lowest correlation and range of gains of 600 ms
  below 2 kHz.
- speed: seconds that the check takes for an hour of a two-channel call at 8 kHz, a tenth of it muted.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr

from redactor.audio.encode import encode
from redactor.audio.recording import Recording, collect, open_recording
from redactor.kernels.noise import CHUNK, NUM_TAPS, render_noise
from redactor.redact.audio import Fill, estimate_background, mute
from redactor.types import Audio, AudioFormat, Origin, TimeSpan
from redactor.verify import leftover
from redactor.verify.leftover import left_over, thinned
from redactor.verify.plan import Finding, Plan
from redactor.verify.sound import check_sound, find_faults

ROOT = Path(__file__).resolve().parents[1]
FILLS = ("silence", "tone", "noise")
LOSSLESS = {
    "WAV 16": ("WAV", "PCM_16", "int16"),
    "WAV 8": ("WAV", "PCM_U8", "int16"),
    "mu-law": ("WAV", "ULAW", "int16"),
    "A-law": ("WAV", "ALAW", "int16"),
    "FLAC 24": ("FLAC", "PCM_24", "int32"),
    "float": ("WAV", "FLOAT", "float32"),
    "AAC": ("MP4", "AAC", "float32"),
}
LOSSY = {
    "Vorbis": ("OGG", "VORBIS", "float32"), "Opus": ("OGG", "OPUS", "float32"),
    "MP3": ("MP3", "MPEG_LAYER_III", "float32"),
}  # fmt: skip
RATES_HZ = (8_000, 16_000, 24_000, 44_100, 48_000)
MOST_S = 20.0


def main() -> None:
    options = parse_options()
    tables = {
        "clean": print_clean,
        "planted": print_planted,
        "chance": print_chance,
        "smear": print_smear,
        "unchanged": print_unchanged,
        "speed": print_speed,
    }
    for name in options.tables:
        print(f"\n{name}", flush=True)
        tables[name](options)


def parse_options() -> argparse.Namespace:
    names = ["clean", "planted", "chance", "smear", "unchanged", "speed"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="+", choices=names, default=names)
    parser.add_argument("--rounds", type=int, default=2, help="draws of spans for each recording")
    parser.add_argument("--spans", type=int, default=20_000, help="spans of the table chance")
    parser.add_argument("--rates", nargs="+", type=int, default=list(RATES_HZ), help="Hz")
    return parser.parse_args()


def originals(rate: int) -> Iterator[tuple[str, np.ndarray]]:
    """Name and samples [num_samples, num_channels], float64."""
    files = [ROOT / "examples/call_two_channels_8k.wav", *sorted(ROOT.glob("examples/bench/audio/*.flac"))]
    speech = []
    for path in files:
        samples, own_rate = soundfile.read(path, always_2d=True, frames=int(MOST_S * 16_000))
        samples = samples[: int(MOST_S * own_rate)]
        speech.append(soxr.resample(samples, own_rate, rate) if own_rate != rate else samples)
        yield path.stem, speech[-1]
    call = speech[0]
    yield "clipped", np.clip(call * 8, -0.98, 0.98)
    yield "very quiet", call * 0.003
    time_s = np.arange(int(12 * rate)) / rate
    rng = np.random.default_rng(0)
    hum = sum(np.sin(2 * np.pi * 50 * k * time_s + k) / k for k in (1, 2, 3, 5, 7, 9))
    yield "hum", (0.05 * hum + 1e-3 * rng.standard_normal(len(hum)))[:, None]
    yield "noise", 0.03 * rng.standard_normal((len(hum), 1))
    yield "voice", voice(time_s, rng)[:, None]


def voice(time_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Gliding harmonics in syllables."""
    pitch_hz = 120 * (1 + 0.2 * np.sin(2 * np.pi * 0.7 * time_s))
    phase = 2 * np.pi * np.cumsum(pitch_hz) * time_s[1]
    tones = sum(np.sin(k * phase + rng.uniform(0, 6)) / k for k in range(1, 25))
    return 0.12 * tones * (0.55 + 0.45 * np.sin(8 * np.pi * time_s)) + 1e-3 * rng.standard_normal(len(time_s))


def typed(samples: np.ndarray, rate: int, kind: tuple[str, str, str]) -> Audio:
    """Samples in a format's own sample type, as its reader gives them."""
    container, subtype, dtype = kind
    if dtype.startswith("float"):
        values = samples.astype(dtype)
    else:
        values = np.clip(np.rint(samples * 2.0**15), -(2**15), 2**15 - 1).astype(np.int16)
        if subtype == "PCM_U8":
            values = values & ~0xFF
        if dtype == "int32":
            values = values.astype(np.int32) << 16
    audio = Audio(np.ascontiguousarray(values), rate, AudioFormat(container, subtype))
    if subtype not in ("ULAW", "ALAW"):
        return audio
    with tempfile.NamedTemporaryFile() as file:  # the values that the law has
        encode(Recording.of(audio), Path(file.name))
        with open_recording(Path(file.name)) as recording:
            return collect(recording)


def drawn_spans(audio: Audio, rng: np.random.Generator) -> list[TimeSpan]:
    spans, at = [], rng.uniform(0.1, 0.4)
    while True:
        length = rng.uniform(0.06, 0.3) if rng.random() < 0.3 else rng.uniform(0.3, 0.9)
        if at + length + 0.1 > audio.duration:
            return spans
        channels = tuple(range(audio.num_channels))
        if rng.random() < 0.5:
            channels = (int(rng.integers(audio.num_channels)),)
        spans.append(TimeSpan(at, at + length, channels, (), Origin.DETECTED))
        at += length + rng.uniform(0.15, 0.6)


def cases(rate: int, rounds: int, kind: tuple[str, str, str]) -> Iterator[tuple[str, Audio, list[TimeSpan]]]:
    for name, samples in originals(rate):
        audio = typed(samples, rate, kind)
        for seed in range(rounds):
            spans = drawn_spans(audio, np.random.default_rng(seed))
            if spans:
                yield name, audio, spans


def muted_copy(audio: Audio, spans: list[TimeSpan], fill: str) -> Audio:
    copy = Audio(audio.samples.copy(), audio.sample_rate, audio.format)
    mute(copy, spans, Fill(fill))
    return copy


def checked(audio: Audio, finished: Audio, spans: list[TimeSpan], fill: str) -> list[Finding]:
    """All findings of the check of a file, before they are merged and cut off."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "finished")
        encode(Recording.of(finished), path)
        with open_recording(path) as release:
            original = Recording.of(audio)
            tone = {"tone_hz": Fill(fill).tone_hz, "tone_dbfs": Fill(fill).tone_dbfs}
            plan = Plan.of(original, release, spans, fill=fill, fade_ms=Fill(fill).fade_ms, **tone)
            return find_faults(original, release, plan)


def kinds(rate: int) -> dict[str, tuple[str, str, str]]:
    exact = LOSSLESS if rate in (8_000, 16_000) else {"WAV 16": LOSSLESS["WAV 16"]}
    return {**exact, **lossy_kinds(rate)}


def lossy_kinds(rate: int) -> dict[str, tuple[str, str, str]]:
    return {name: kind for name, kind in LOSSY.items() if name != "Opus" or rate != 44_100}


def print_clean(options: argparse.Namespace) -> None:
    print(f"{'':22}{'fill':9}{'files':>6}{'spans':>7}  false faults")
    for rate in options.rates:
        for label, kind in kinds(rate).items():
            for fill in FILLS:
                num_files = num_spans = 0
                found: dict[str, int] = {}
                for name, audio, spans in cases(rate, options.rounds, kind):
                    num_files, num_spans = num_files + 1, num_spans + len(spans)
                    for fault in checked(audio, muted_copy(audio, spans, fill), spans, fill):
                        key = f"{fault.kind} in {name}"
                        found[key] = found.get(key, 0) + 1
                shown = ", ".join(f"{count} {key}" for key, count in sorted(found.items())) or "none"
                print(f"{label:14}{rate:>7} {fill:9}{num_files:6}{num_spans:7}  {shown}", flush=True)


def planted(
    kind: str, original: np.ndarray, first: int, stop: int, rate: int
) -> tuple[slice, np.ndarray, bool]:
    """Where what is put back into a span of a channel, and whether it is added to the fill."""
    whole = slice(first, stop)
    if kind == "left in place":
        return whole, original[whole], False
    if kind == "inverted":
        return whole, -original[whole], False
    if kind == "20 dB below":
        return whole, 0.1 * original[whole], True
    if kind == "3 ms late":
        late = round(0.003 * rate)
        return whole, original[max(0, first - late) : max(0, first - late) + stop - first], False
    if kind == "backwards":
        return whole, original[whole][::-1], False
    # 50 ms where it is loudest
    size = min(round(0.05 * rate), stop - first)
    power = np.convolve(original[whole] ** 2, np.ones(size), "valid")
    piece = slice(first + int(power.argmax()), first + int(power.argmax()) + size)
    return piece, original[piece], False


PLANTED = ("left in place", "inverted", "20 dB below", "3 ms late", "backwards", "50 ms of it")


def plant(audio: Audio, finished: Audio, spans: list[TimeSpan], kind: str, fill: str) -> list[TimeSpan]:
    """Put something back into every span that had speech above -50 dB; those spans."""
    scale = 1.0 if audio.samples.dtype.kind == "f" else -float(np.iinfo(audio.samples.dtype).min)
    rate, done = audio.sample_rate, []
    for span in spans:
        first, stop = int(np.floor(span.start * rate)), int(np.ceil(span.end * rate))
        for channel in span.channels:
            original = audio.samples[:, channel] / scale
            where, values, is_added = planted(kind, original, first, stop, rate)
            into = finished.samples[:, channel]
            under = np.std(into[where] / scale) / 2 if fill == "noise" and is_added else 0
            if np.std(values) < max(under, 10 ** ((-70 if is_added else -50) / 20)):
                continue
            mixed = (values + into[where] / scale if is_added else values) * scale
            into[where] = mixed if scale == 1 else np.clip(np.rint(mixed), -scale, scale - 1)
            done.append(TimeSpan(span.start, span.end, (channel,), (), span.origin))
    return done


def print_planted(options: argparse.Namespace) -> None:
    print(f"{'':22}{'fill':9}{'planted':14}{'spans':>6}{'missed':>7}{'as fill':>8}  missed lengths in ms")
    for rate in options.rates:
        for label, kind in kinds(rate).items():
            for fill in FILLS:
                for what in PLANTED:
                    total, missed, as_fill = 0, [], 0
                    for name, audio, spans in cases(rate, options.rounds, kind):
                        finished = muted_copy(audio, spans, fill)
                        done = plant(audio, finished, spans, what, fill)
                        found = checked(audio, finished, done, fill) if done else []
                        total += len(done)
                        for span in done:
                            seen = seen_as(span, found, rate)
                            as_fill += seen == {"fill"}
                            missed += [] if seen else [(name, round(1000 * (span.end - span.start)))]
                    lengths = sorted(length for _, length in missed)
                    shown = f"{lengths[:5]} {sorted({name for name, _ in missed})[:3]}" if missed else ""
                    print(
                        f"{label:14}{rate:>7} {fill:9}{what:14}{total:6}{len(missed):7}{as_fill:8}  {shown}",
                        flush=True,
                    )


def seen_as(span: TimeSpan, found: list[Finding], rate: int) -> set[str]:
    """Kinds of the faults inside a span."""
    return {
        f.kind
        for f in found
        if f.kind != "changed"
        and f.channel in span.channels
        and f.start < span.end * rate
        and f.stop > span.start * rate
    }


def print_chance(options: argparse.Namespace) -> None:
    counted = leftover.MIN_DEVIATIONS
    leftover.MIN_DEVIATIONS = 3.0
    print("   rate   spans  median  99 %  99.9 %  99.99 %  most  counted")
    for rate in options.rates:
        seen = np.array(list(chances(rate, options.spans)))
        points = np.quantile(seen, [0.5, 0.99, 0.999, 0.9999, 1.0])
        shown = "".join(f"{value:{width}.1f}" for value, width in zip(points, (8, 6, 8, 9, 6), strict=True))
        print(f"{rate:7}{len(seen):8}{shown}{int((seen > counted).sum()):9}", flush=True)
    leftover.MIN_DEVIATIONS = counted


def chances(rate: int, num_spans: int) -> Iterator[float]:
    """Most deviations in each of so many spans of noise that has nothing to do with the original there."""
    factor = max(1, rate // 8_000)
    searched_hz = rate / factor
    reach = round(0.005 * searched_hz)
    every = list(originals(rate))
    for name, samples in every:
        audio = typed(samples, rate, LOSSLESS["WAV 16"])
        taps = estimate_background(audio, ()).taps[0]
        rng = np.random.default_rng(len(name))
        original = thinned(audio.samples[:, 0] / 2.0**15, factor)
        fill = thinned(np.round(rendered(taps, 60 * rate) * 2.0**15) / 2.0**15, factor)
        for _ in range(num_spans // len(every)):
            size = min(
                int(rng.choice([0.06, 0.1, 0.3, 0.6, 1.0, 2.0]) * searched_hz), len(original) - 2 * reach - 1
            )
            at, other = rng.integers(len(original) - size - 2 * reach), rng.integers(len(fill) - size)
            traces = left_over(
                original[at : at + size + 2 * reach],
                fill[other : other + size],
                reach=reach,
                sample_rate=searched_hz,
                min_gain=10 ** (-40 / 20),
            )
            yield max((trace.deviations for trace in traces), default=0.0)


def rendered(taps: np.ndarray, num_samples: int) -> np.ndarray:
    out, white = np.empty(num_samples), np.empty(CHUNK + NUM_TAPS - 1)
    for first in range(0, num_samples, CHUNK):
        render_noise(out[first : first + CHUNK], white, 10**9 + first, 0, taps)
    return out


DISTANCES_MS = (0, 20, 40, 60, 80, 100, 120, 160, 240)


def print_smear(options: argparse.Namespace) -> None:
    """By distance in ms from the nearer end of a span: level in dBFS, and gain in dB where it is not chance."""
    print(f"{'':23}{'from':8}" + "".join(f"{distance:>6}" for distance in DISTANCES_MS))
    for rate in options.rates:
        for label, kind in lossy_kinds(rate).items():
            for fill in ("silence", "tone"):
                level, gain = smear(rate, kind, fill, options.rounds)
                print(f"{label:8}{rate:>7} {fill:8}level  " + "".join(f"{max(v, -199):6.0f}" for v in level))
                print(
                    f"{'':24}gain   " + "".join(f"{v:6.0f}" if v > -99 else "     -" for v in gain), flush=True
                )


def smear(rate: int, kind: tuple[str, str, str], fill: str, rounds: int) -> tuple[np.ndarray, np.ndarray]:
    level, gain = np.full((2, len(DISTANCES_MS)), -200.0)
    for _, audio, spans in cases(rate, rounds, kind):
        finished = muted_copy(audio, spans, fill)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "finished")
            encode(Recording.of(finished), path)
            with open_recording(path) as recording:
                released = collect(recording).samples.astype(np.float64)
        for span in spans:
            first, stop = int(np.floor(span.start * rate)), int(np.ceil(span.end * rate))
            for channel in span.channels:
                y = released[first:stop, channel]
                for at, value in enumerate(levels(y, rate, fill)):
                    nearest = min(at * 20, (span.end - span.start) * 1000 - at * 20 - 20)
                    slot = np.searchsorted(DISTANCES_MS, max(nearest, 0), side="right") - 1
                    level[slot] = max(level[slot], value)
                for at, value in gains(audio.samples[:, channel], y, first, rate, fill):
                    slot = np.searchsorted(DISTANCES_MS, at, side="right") - 1
                    gain[slot] = max(gain[slot], value)
    return level, gain


def levels(y: np.ndarray, rate: int, fill: str) -> np.ndarray:
    """Of every 20 ms without offset, drift and tone."""
    size = rate // 50
    frames = y[: len(y) // size * size].reshape(-1, size)
    time_s = np.arange(size) / rate
    known = [np.ones(size), time_s]
    if fill == "tone":
        known += [np.sin(2 * np.pi * 1000 * time_s), np.cos(2 * np.pi * 1000 * time_s)]
    basis = np.linalg.qr(np.column_stack(known))[0]
    return 10 * np.log10(((frames - frames @ basis @ basis.T) ** 2).mean(axis=1) + 1e-20)


def gains(x: np.ndarray, y: np.ndarray, first: int, rate: int, fill: str) -> Iterator[tuple[float, float]]:
    """Distance in ms from the nearer end, and gain in dB, of every frame where it is more than chance."""
    factor = max(1, rate // 8_000)
    reach = round(0.005 * rate / factor)
    around = np.pad(x.astype(np.float64), reach * factor)[first : first + len(y) + 2 * reach * factor]
    traces = left_over(
        thinned(around, factor),
        thinned(y, factor),
        reach=reach,
        sample_rate=rate / factor,
        min_gain=10 ** (-40 / 20),
        tone_hz=1000.0 if fill == "tone" else None,
    )
    num_samples, frame = len(thinned(y, factor)), 1.5 * 0.02 * rate / factor
    for trace in traces:
        if trace.stop - trace.start < frame:  # single frames
            distance = min(trace.start, num_samples - trace.stop) * factor / rate
            yield max(distance, 0.0) * 1000, 20 * np.log10(trace.gain)


def print_unchanged(options: argparse.Namespace) -> None:
    bounds_db = (-120, -90, -80, -70, -60, -40, 0)
    print(f"{'':16}" + "".join(f"{f'from {low} dBFS':>18}" for low in bounds_db[:-1]))
    for rate in options.rates:
        for label, kind in lossy_kinds(rate).items():
            rows = np.concatenate([likeness(typed(x, rate, kind)) for _, x in originals(rate)])
            cells = []
            for low, high in zip(bounds_db[:-1], bounds_db[1:], strict=True):
                chosen = rows[(rows[:, 0] >= low) & (rows[:, 0] < high)]
                if len(chosen):
                    cells.append(f"{chosen[:, 1].min():.2f} {chosen[:, 2].min():.2f}-{chosen[:, 2].max():.2f}")
                else:
                    cells.append("-")
            print(f"{label:8}{rate:>7} " + "".join(f"{cell:>18}" for cell in cells), flush=True)


def likeness(audio: Audio) -> np.ndarray:
    """Level in dBFS, correlation and gain of every 600 ms of every channel, below 2 kHz."""
    group = audio.sample_rate // 4_000
    with tempfile.NamedTemporaryFile() as file:
        encode(Recording.of(audio), Path(file.name))
        with open_recording(Path(file.name)) as recording:
            released = collect(recording).samples
    size = int(0.6 * audio.sample_rate / group)
    pairs = []
    for samples in (audio.samples, released):
        usable = samples[: len(samples) // (size * group) * size * group].astype(np.float64)
        frames = usable.T.reshape(-1, size, group).mean(axis=2)
        pairs.append(frames - frames.mean(axis=1, keepdims=True))
    x, y = pairs
    xx, yy, xy = (x * x).mean(axis=1), (y * y).mean(axis=1), (x * y).mean(axis=1)
    level = 10 * np.log10(xx + 1e-12)
    return np.column_stack((level, xy / np.sqrt(xx * yy + 1e-30), xy / (xx + 1e-30)))


def print_speed(options: argparse.Namespace) -> None:
    rate, hour_s = 8_000, 3600
    path = ROOT / "examples/call_two_channels_8k.wav"
    samples, _ = soundfile.read(path, always_2d=True)
    samples = np.tile(samples, (hour_s * rate // len(samples) + 1, 1))[: hour_s * rate]
    spans = [TimeSpan(at, at + 1.0, (0, 1), (), Origin.DETECTED) for at in range(2, hour_s - 2, 10)]
    for label, kind in {**LOSSLESS, **LOSSY}.items():
        if label not in ("WAV 16", "FLAC 24", "Vorbis", "Opus", "MP3"):
            continue
        for fill in FILLS:
            audio = typed(samples, rate, kind)
            finished = muted_copy(audio, spans, fill)
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder, "finished")
                encode(Recording.of(finished), file)
                begin = time.perf_counter()
                with open_recording(file) as recording:
                    for _ in recording.blocks():
                        pass
                reading = time.perf_counter() - begin
                begin = time.perf_counter()
                check_sound(Recording.of(audio), file, spans, fill=fill, fade_ms=Fill(fill).fade_ms)
                took = time.perf_counter() - begin
            print(f"{label:10}{fill:9}{took:7.2f} s, of which {reading:.2f} to read; {hour_s / took:8.0f} x")


if __name__ == "__main__":
    main()
