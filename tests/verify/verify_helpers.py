"""Recordings and hearings for tests of the independent check."""

from __future__ import annotations

import numpy as np

from redactor.types import Audio, AudioFormat, Segment, Transcript, Word

RATE = 8_000


def silent_audio(duration: float, *, num_channels: int = 1) -> Audio:
    samples = np.zeros((round(duration * RATE), num_channels), np.int16)
    return Audio(samples, RATE, AudioFormat("WAV", "PCM_16"))


def hearing(text: str, *, start: float = 0.0, pace: float = 0.4, channel: int = 0, duration: float = 60.0):
    """Words of a text, one every `pace` seconds."""
    words = tuple(
        Word(word, start + pace * i, start + pace * (i + 0.9), 0.9) for i, word in enumerate(text.split())
    )
    if not words:
        return Transcript.build(duration, [])
    segments = [Segment(channel, "en", None, words[0].start, words[-1].end, words, -0.2, 0.0, 1.0)]
    return Transcript.build(duration, segments)
