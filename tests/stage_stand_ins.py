"""Recognizers and detectors that return, or raise, what they were given, and a recording of two seconds."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile as sf

from redactor.identity import RunIdentity, run_identity
from redactor.kernels.power import FRAME_S
from redactor.policy import AlignPolicy, Policy
from redactor.record import Record
from redactor.runfolder import RunFolder
from redactor.settings import Prepared
from redactor.transcribe import Heard, choose_device
from redactor.types import PiiSpan, Segment, SpeechRegion, Transcript, Word
from redactor.verify.claim import Checked

RATE = 8_000
SECRET = "Ada Quill"
FLAT = AlignPolicy(padding_before_ms=0, padding_after_ms=0, unsure_ms=0, pause_ms=0, valley_ms=0)
POLICY = Policy("test", entities={"PERSON": 0.5}, align=FLAT)


def heard(*words, duration=2.0, speech=(), channel=0):
    """A transcript of words given as (text, start, end), and of speech given as (start, end)."""
    made = tuple(Word(text, start, end, 0.9) for text, start, end in words)
    segments = [Segment(channel, "en", None, made[0].start, made[-1].end, made, -0.2, 0.0, 1.0)] if made else []
    regions = [SpeechRegion(channel, start, end) for start, end in speech]
    return Transcript.build(duration, segments, speech=regions)


GOOD = heard(("this", 0.0, 0.4), ("is", 0.4, 0.6), ("Ada", 0.6, 1.0), ("Quill", 1.0, 1.4), ("hi", 1.6, 1.9))
NAME = PiiSpan(0, "PERSON", 8, 17, 0.8, "test")
NAME_TIMES = (0.6, 1.4)


def with_segment(**changes):
    return replace(GOOD, segments=(replace(GOOD.segments[0], **changes),))


def with_word(**changes):
    """GOOD with another second word."""
    words = list(GOOD.segments[0].words)
    words[1] = replace(words[1], **changes)
    return with_segment(words=tuple(words))


def loud(recording):
    """Power that is the same all through."""
    frames = math.ceil(recording.duration / FRAME_S)
    return np.ones((frames, recording.num_channels), np.float32)


class Stage:
    """A recognizer or detector."""

    def __init__(self, result):
        self.result = result

    def transcribe(self, recording, policy):
        return Heard(self._give(), loud(recording))

    def detect(self, transcript):
        return self._give()

    def _give(self):
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result


class Verifier:
    """Finds nothing wrong, or says what it is told round by round; `claims` is what it was handed."""

    def __init__(self, *rounds):
        self.rounds = list(rounds)
        self.claims = []

    def check(self, claim, *, known, first):
        self.claims.append(claim)
        said = self.rounds.pop(0) if self.rounds else Checked(listened=True)
        if isinstance(said, BaseException):
            raise said
        return said


_identities: dict[tuple, RunIdentity] = {}


def prepared(settings):
    """As `prepare` does it, without models; the disk is asked once which versions are installed."""
    device = choose_device("cpu")
    shape = {"threads": settings.threads, "keep_names": settings.keep_names}
    key = settings.policy.name, settings.policy.digest, *shape.values()
    if key not in _identities:
        _identities[key] = run_identity(settings.policy, {}, device=device, **shape)
    return Prepared(settings, device, {}, _identities[key])


def record_of(folder):
    """The audit record of a run folder, with keys of its own."""
    key_file = folder.out.parent / "keys" / "names.key"
    key_file.parent.mkdir(exist_ok=True)
    return Record(folder.audit, key_file=key_file, key=b"k" * 32, keep_names=False)


def write_recording(path: Path, *, duration: float = 2.0, num_channels: int = 1) -> Path:
    """Noise; no sample of it is 0."""
    rng = np.random.default_rng(1)
    samples = rng.integers(1, 9000, (round(duration * RATE), num_channels)).astype(np.int16)
    sf.write(path, samples, RATE, subtype="PCM_16")
    return path


def files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def outputs_of(folder: RunFolder) -> list[Path]:
    """Everything that is released, and everything that is staged."""
    return [*files_below(folder.release), *files_below(folder.staging)]
