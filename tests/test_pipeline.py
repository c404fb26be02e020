"""A stage that fails, returns nothing, or returns nonsense sends the recording to quarantine."""

import errno
import json
import math
from dataclasses import replace

import numpy as np
import pytest
import soundfile as sf

from redactor.config import AlignPolicy, Policy, UnheardPolicy
from redactor.engines.base import Job, attempt
from redactor.errors import StoreError
from redactor.ledger import State
from redactor.pipeline import Tools
from redactor.types import PiiSpan, Segment, SpeechRegion, Transcript, Word

RATE = 8_000
SECRET = "Ada Quill"
POLICY = Policy("test", entities={"PERSON": 0.5}, align=AlignPolicy(padding_before_ms=0, padding_after_ms=0))


def heard(*words, duration=2.0, speech=(), channel=0):
    made = tuple(Word(text, start, end, 0.9) for text, start, end in words)
    segments = [Segment(channel, "en", None, made[0].start, made[-1].end, made, -0.2, 0.0, 1.0)] if made else []
    return Transcript.build(duration, segments, speech=speech)


GOOD = heard(("this", 0.0, 0.4), ("is", 0.4, 0.6), ("Ada", 0.6, 1.0), ("Quill", 1.0, 1.4), ("hi", 1.6, 1.9))
NAME = PiiSpan(0, "PERSON", 8, 17, 0.8, "test")


class Stage:
    """A recognizer or detector that returns, or raises, what it was given."""

    def __init__(self, result):
        self.result = result

    def transcribe(self, audio, policy):
        return self._give()

    def detect(self, transcript):
        return self._give()

    def _give(self):
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "in.wav"
    rng = np.random.default_rng(1)
    sf.write(path, (rng.standard_normal(2 * RATE) * 3000).astype(np.int16), RATE)
    return path


def run(recording, tmp_path, *, transcript=GOOD, found=(NAME,), policy=POLICY):
    release = tmp_path / "release"
    release.mkdir(exist_ok=True)
    tools = Tools(Stage(transcript), Stage(found), policy)
    return attempt(Job("ab" * 16, recording), tools, release=release, keep_names=False, provenance={})


def files(tmp_path):
    return [path for path in (tmp_path / "release").rglob("*") if path.is_file()]


def test_what_is_found_is_silent_and_the_rest_untouched(recording, tmp_path):
    outcome = run(recording, tmp_path)
    assert outcome.state is State.DONE
    before, _ = sf.read(recording, dtype="int16")
    (audio,) = [path for path in files(tmp_path) if path.parts[-3] == "audio"]
    after, _ = sf.read(audio, dtype="int16")
    first, stop, fade = round(0.6 * RATE), round(1.4 * RATE), RATE // 100
    assert len(after) == len(before)
    assert not after[first:stop].any()
    assert (after[: first - fade] == before[: first - fade]).all()
    assert (after[stop + fade :] == before[stop + fade :]).all()
    texts = [path.read_text() for path in files(tmp_path) if path != audio]
    assert len(texts) == 4
    assert not any("Quill" in text for text in texts)
    (row,) = json.loads(next(text for text in texts if '"redactions"' in text))["redactions"]
    assert (row["types"], row["origin"], row["start"], row["end"]) == (["PERSON"], "detected", 0.6, 1.4)


def word(**changes):
    broken = replace(GOOD.segments[0].words[1], **changes)
    words = (GOOD.segments[0].words[0], broken, *GOOD.segments[0].words[2:])
    return replace(GOOD, segments=(replace(GOOD.segments[0], words=words),))


@pytest.mark.parametrize(
    ("stage", "reason", "given"),
    [
        ("transcribe", "stage-failed", {"transcript": RuntimeError(SECRET)}),
        ("transcribe", "stage-failed", {"transcript": None}),
        ("transcribe", "stage-failed", {"transcript": "[object Object]"}),
        ("transcribe", "nonsense", {"transcript": word(start=math.nan)}),
        ("transcribe", "nonsense", {"transcript": word(start=0.6, end=0.4)}),
        ("transcribe", "nonsense", {"transcript": word(end=600.0)}),
        ("transcribe", "nonsense", {"transcript": word(start=-1.0)}),
        ("transcribe", "nonsense", {"transcript": word(probability=math.nan)}),
        ("transcribe", "nonsense", {"transcript": word(char_start=0)}),
        ("transcribe", "nonsense", {"transcript": replace(GOOD, duration=1.0)}),
        ("transcribe", "nonsense", {"transcript": heard(("hi", 0.0, 1.0), channel=1)}),
        ("detect", "stage-failed", {"found": ValueError(SECRET)}),
        ("detect", "stage-failed", {"found": None}),
        ("detect", "nonsense", {"found": (replace(NAME, char_end=400),)}),
        ("detect", "nonsense", {"found": (replace(NAME, char_start=-3),)}),
        ("detect", "nonsense", {"found": (replace(NAME, char_start=17, char_end=8),)}),
        ("detect", "nonsense", {"found": (replace(NAME, channel=5),)}),
        ("detect", "nonsense", {"found": (replace(NAME, score=math.nan),)}),
        ("align", "nonsense", {"found": (replace(NAME, char_start=7, char_end=8),)}),
        ("align", "no-speech", {"transcript": heard(), "found": ()}),
        (
            "align",
            "unheard-speech",
            {
                "transcript": heard(speech=[SpeechRegion(0, 0.2, 1.8)]),
                "found": (),
                "policy": replace(POLICY, unheard=UnheardPolicy(action="quarantine")),
            },
        ),
        ("decode", "too-short", {"policy": replace(POLICY, unheard=UnheardPolicy(min_recording_ms=3000))}),
    ],
)
def test_a_stage_that_fails_or_returns_nonsense_quarantines(recording, tmp_path, stage, reason, given):
    outcome = run(recording, tmp_path, **given)
    assert (outcome.state, outcome.stage, outcome.reason) == (State.QUARANTINED, stage, reason)
    assert files(tmp_path) == []
    assert SECRET not in repr(outcome)


def test_speech_without_any_words_is_muted_whole(recording, tmp_path):
    unheard = heard(speech=[SpeechRegion(0, 0.2, 1.8)])
    assert run(recording, tmp_path, transcript=unheard, found=()).state is State.DONE
    (audio,) = [path for path in files(tmp_path) if path.parts[-3] == "audio"]
    assert not sf.read(audio, dtype="int16")[0].any()


def test_running_out_of_memory_fails_the_recording(recording, tmp_path):
    outcome = run(recording, tmp_path, transcript=MemoryError(SECRET))
    assert (outcome.state, outcome.reason) == (State.FAILED, "out-of-memory")
    assert SECRET not in repr(outcome)


def test_a_full_disk_stops_the_run_and_leaves_nothing(recording, tmp_path, monkeypatch):
    def full(path):
        raise OSError(errno.ENOSPC, "No space left on device", SECRET)

    monkeypatch.setattr("redactor.staging.fsync_file", full)
    with pytest.raises(StoreError, match="No space left on device") as caught:
        run(recording, tmp_path)
    assert SECRET not in str(caught.value)
    assert files(tmp_path) == []
