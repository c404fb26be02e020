"""Leaks of our own, to measure how many of them reviewers hear.

A stretch of a released recording that nobody muted is replaced by a value out of the package's sample, whose
names, numbers and addresses are made up, at the loudness of what is around it. In one of two its words stand in
the transcript (a leak that the recognizer heard), in the other not (one that it did not hear).
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from redactor.audio.recording import collect, open_recording
from redactor.bench.gold import GoldWord, read_gold
from redactor.files import bench_sample_dir
from redactor.intervals import subtract
from redactor.review.entries import meets
from redactor.types import Seconds

_FADE_S = 0.01
_MARGIN_S = 0.1  # of the value's own recording around it, so that no word begins or ends too soon
_FRAME_S = 0.02
# A value is as loud as the louder frames of what it is put into: speech, not the pauses.
_LOUD = 90
# So many places are tried in a recording before another one is taken.
_TRIES = 20
_LONGEST_S = 6.0


@dataclass(frozen=True, eq=False)
class Value:
    """A value of the sample: its sound and its words.

    Attributes
    ----------
    samples : numpy.ndarray, shape [num_samples], float64
    sample_rate : int
    start, end : float
        Seconds of it that are the value itself.
    words : tuple of GoldWord
    type : str
    """

    samples: np.ndarray
    sample_rate: int
    start: Seconds
    end: Seconds
    words: tuple[GoldWord, ...]
    type: str


@dataclass(frozen=True, eq=False)
class Plant:
    """A recording with a leak put into it.

    Attributes
    ----------
    samples : numpy.ndarray, shape [num_samples, num_channels], float32
    report, transcript : mapping
        Like those of a release, times in seconds of `samples`.
    truth : mapping
        "start", "end" and "type" of the leak.
    """

    samples: np.ndarray
    report: Mapping[str, Any]
    transcript: Mapping[str, Any] | None
    truth: Mapping[str, Any]


def sample_values(folder: Path | None = None) -> list[Value]:
    """Every value of the package's sample that is short enough, in order."""
    folder = folder or bench_sample_dir()
    values = []
    for row in read_gold(folder / "gold.jsonl"):
        mentions = defaultdict(list)
        for number, word in enumerate(row.words):
            if word.is_pii:
                mentions[word.channel, number if word.entity is None else word.entity].append(word)
        with open_recording(folder / row.audio) as recording:
            audio = collect(recording)
        scale = float(np.iinfo(audio.samples.dtype).max) if audio.samples.dtype.kind == "i" else 1.0
        for (channel, _), words in sorted(mentions.items()):
            start = max(words[0].start - _MARGIN_S, 0.0)
            end = min(words[-1].end + _MARGIN_S, audio.duration)
            if end - start > _LONGEST_S:
                continue
            first, stop = round(start * audio.sample_rate), round(end * audio.sample_rate)
            samples = audio.samples[first:stop, channel].astype(np.float64) / scale
            values.append(
                Value(
                    samples,
                    audio.sample_rate,
                    words[0].start - start,
                    words[-1].end - start,
                    tuple(words),
                    words[0].label,
                )
            )
    return values


def plant(
    samples: np.ndarray,
    sample_rate: int,
    *,
    report: Mapping[str, Any],
    transcript: Mapping[str, Any] | None,
    value: Value,
    rng: random.Random,
) -> Plant | None:
    """Put a value into a stretch of a recording that is not muted; None if it holds none that is long enough.

    Parameters
    ----------
    samples : numpy.ndarray, shape [num_samples, num_channels], float32
        Of the released recording, or a slot of it; not changed.
    sample_rate : int
    report, transcript : mapping
        Of the same stretch, times from its start.
    value : Value
    rng : random.Random
    """
    duration = len(samples) / sample_rate
    length = len(value.samples) / value.sample_rate
    place = _place(report, duration, length, samples.shape[1], rng)
    if place is None:
        return None
    channel, at = place
    spoken = soxr.resample(value.samples, value.sample_rate, sample_rate)
    changed = samples.copy()
    _mix(changed[:, channel], spoken, round(at * sample_rate), sample_rate)
    truth = {"start": at + value.start, "end": at + value.end, "type": value.type}
    texts = None
    if transcript is not None:
        texts = _reworded(transcript, channel, at, at + length, value, is_heard=rng.random() < 0.5)
    return Plant(changed, report, texts, truth)


def _place(
    report: Mapping[str, Any], duration: Seconds, length: Seconds, num_channels: int, rng: random.Random
) -> tuple[int, Seconds] | None:
    """Channel and time of a stretch that is not muted, all of them alike."""
    free = []
    for channel in range(num_channels):
        muted = [(r["start"], r["end"]) for r in report["redactions"] if channel in r["channels"]]
        free += [(channel, a, b) for a, b in subtract([(0.0, duration)], muted) if b - a >= length]
    if not free:
        return None
    channel, start, end = rng.choices(free, weights=[b - a - length + _FRAME_S for _, a, b in free])[0]
    return channel, rng.uniform(start, end - length)


def _mix(channel: np.ndarray, spoken: np.ndarray, first: int, sample_rate: int) -> None:
    """Replace a stretch of one channel, in place, at the channel's own loudness and with short fades."""
    count = min(len(spoken), len(channel) - first)
    spoken = spoken[:count] * (_loudness(channel, sample_rate) / max(_loudness(spoken, sample_rate), 1e-9))
    fade = np.ones(count)
    ramp = min(round(_FADE_S * sample_rate), count // 2)
    fade[:ramp] = np.linspace(0.0, 1.0, ramp, endpoint=False)
    fade[count - ramp :] = fade[:ramp][::-1]
    old = channel[first : first + count]
    channel[first : first + count] = np.clip(old * (1.0 - fade) + spoken * fade, -1.0, 1.0)


def _loudness(samples: np.ndarray, sample_rate: int) -> float:
    """Level of the louder frames, linear; a little where there is none at all."""
    frame = max(round(_FRAME_S * sample_rate), 1)
    whole = samples[: len(samples) // frame * frame].reshape(-1, frame)
    if not len(whole):
        return 0.03
    return max(float(np.percentile(np.sqrt((whole.astype(np.float64) ** 2).mean(axis=1)), _LOUD)), 0.01)


def _reworded(
    transcript: Mapping[str, Any],
    channel: int,
    start: Seconds,
    end: Seconds,
    value: Value,
    *,
    is_heard: bool,
) -> dict[str, Any]:
    """The transcript without the words that are gone, with or without the new ones."""
    new = [
        {"text": word.text, "start": round(word.start + shift, 3), "end": round(word.end + shift, 3)}
        for shift in [start + value.start - value.words[0].start]
        for word in value.words
    ]
    segments: list[dict[str, Any]] = []
    put = not is_heard
    for segment in transcript["segments"]:
        if segment["channel"] != channel:
            segments.append(dict(segment))
            continue
        words = [w for w in segment["words"] if w["end"] <= start or w["start"] >= end]
        if not put and segment["start"] < end and segment["end"] > start:
            words, put = sorted([*words, *new], key=lambda word: word["start"]), True
        said = sorted([*words, *segment["placeholders"]], key=lambda word: (word["start"], word["end"]))
        if said:
            text = " ".join(word["text"] for word in said)
            segments.append({**segment, "text": text, "words": words})
    if not put:
        text = " ".join(word["text"] for word in new)
        segments.append(
            {"channel": channel, "start": start, "end": end, "text": text, "words": new, "placeholders": []}
        )
    segments.sort(key=lambda segment: segment["start"])
    return {**transcript, "segments": segments}


def noticed(truth: Mapping[str, Any], marks: Sequence[tuple[Seconds, Seconds]]) -> bool:
    """Whether one of the marked stretches meets the leak that was planted."""
    return any(meets(truth, start, end) for start, end in marks)
