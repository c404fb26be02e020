"""Stages that fail, find nothing, or hand on what cannot be: recognizer, detector, and the times between."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from accident_helpers import (
    DURATION_S,
    OTHERWISE_SAID,
    PACE_S,
    POLICY,
    SAID,
    SECRETS,
    TRUTH,
    Detector,
    Recognizer,
    Says,
    changed,
    samples_of_recording,
    transcript_of,
    without_secrets,
    write_recording,
)

from redactor import pipeline
from redactor.align import align
from redactor.ledger import State
from redactor.policy import UnheardPolicy, VerifyPolicy

pytestmark = pytest.mark.long

NAN = math.nan
SECRET = " ".join(SECRETS)
ONE_ROUND = replace(POLICY, verify=VerifyPolicy(max_rounds=0))


def spoken_only_before(end, transcript):
    """As if the windows after it were dropped, and nobody had looked for speech in them."""
    left = changed(transcript, lambda word: word if word.end <= end else None)
    return replace(left, speech=())


def every_other_window_of(transcript, length=2.0):
    left = changed(transcript, lambda word: word if word.start % (2 * length) < length else None)
    return replace(left, speech=())


def in_milliseconds(transcript):
    return changed(transcript, lambda word: replace(word, start=word.start * 1000, end=word.end * 1000))


def with_first_word(**changes):
    return changed(TRUTH, lambda word: replace(word, **changes) if word.start == 0.0 else word)


# --- the recognizer: what it returns, stage, reason

NO_WORDS = transcript_of("[object Object]", speech=False)

RECOGNIZERS = {
    "raises what it heard": (RuntimeError(SECRET), "transcribe", "stage-failed"),
    "returns nothing": (None, "transcribe", "stage-failed"),
    "returns '[object Object]'": ("[object Object]", "transcribe", "stage-failed"),
    "hears the words [object Object]": (NO_WORDS, "verify", "does-not-fit"),
    "hears nothing in speech": (transcript_of(), "align", "no-speech"),
    "hears another recording": (transcript_of(*OTHERWISE_SAID), "verify", "does-not-fit"),
    "hears a longer recording": (transcript_of(*OTHERWISE_SAID, duration=60.0), "transcribe", "nonsense"),
    "says that the file is half as long": (replace(TRUTH, duration=DURATION_S / 2), "transcribe", "nonsense"),
    "gives times in milliseconds": (in_milliseconds(TRUTH), "transcribe", "nonsense"),
    "gives a time that is no number": (with_first_word(end=NAN), "transcribe", "nonsense"),
    "gives a negative time": (with_first_word(start=-0.1), "transcribe", "nonsense"),
    "gives an end before a start": (with_first_word(start=0.3, end=0.1), "transcribe", "nonsense"),
    "gives a time past the end": (with_first_word(end=DURATION_S + 1), "transcribe", "nonsense"),
}


@pytest.mark.parametrize(("transcript", "stage", "reason"), RECOGNIZERS.values(), ids=RECOGNIZERS)
def test_a_recognizer_that_fails_holds_the_recording_back(flow, transcript, stage, reason):
    flow.run(transcript=transcript)
    flow.assert_held(reason, stages=(stage,))


def test_a_transcript_of_half_the_file_is_held_back(flow):
    """Half a minute: of less, what only the check hears is searched, and muted where it is a long stretch."""
    flow.truth = transcript_of(*(" ".join([text] * 3) for text in SAID), duration=3 * DURATION_S)
    write_recording(flow.input, np.tile(samples_of_recording(), (3, 1)))
    flow.run(transcript=spoken_only_before(1.5 * DURATION_S, flow.truth))
    flow.assert_held("does-not-fit")


def test_batches_that_drop_windows_do_not_hide_what_was_said_in_them(flow):
    """Every other window is lost, those with the personal data among them; the check hears it all."""
    lost = every_other_window_of(TRUTH)
    assert not set(SECRETS[:2]) & {word.text for word in lost.words(0)}
    flow.run(transcript=lost, policy=ONE_ROUND)
    flow.assert_held("still-personal")


def test_speech_without_words_is_held_back_where_the_policy_says_so(flow):
    silent = changed(TRUTH, lambda word: None)
    flow.run(transcript=silent, policy=replace(POLICY, unheard=UnheardPolicy(action="quarantine")))
    flow.assert_held("unheard-speech", stages=("align",))


# --- the detector

DETECTORS = {
    "raises what it read": (Says(ValueError(SECRET)), "detect", "stage-failed"),
    "returns nothing at all": (Says(None), "detect", "stage-failed"),
    "returns texts": (Says((SECRET,)), "detect", "stage-failed"),
    "returns '[object Object]'": (Says("[object Object]"), "detect", "stage-failed"),
}


@pytest.mark.parametrize(("detector", "stage", "reason"), DETECTORS.values(), ids=DETECTORS)
def test_a_detector_that_fails_holds_the_recording_back(flow, detector, stage, reason):
    flow.run(detector=detector)
    flow.assert_held(reason, stages=(stage,))


FINDINGS = {
    "past the end of the text": {"char_start": 9_000, "char_end": 9_008},
    "before its start": {"char_start": -8, "char_end": -1},
    "of no length": {"char_start": 8, "char_end": 8},
    "that ends before it starts": {"char_start": 17, "char_end": 8},
    "on a channel that is not there": {"channel": 2},
    "of a hearing that is not there": {"hearing": 1},
    "without a score": {"score": NAN},
}


@pytest.mark.parametrize("changes", FINDINGS.values(), ids=FINDINGS)
def test_a_finding_that_cannot_be_holds_the_recording_back(flow, changes):
    class Wrong(Detector):
        def detect(self, transcript):
            *others, last = super().detect(transcript)
            return (*others, replace(last, **changes))

    flow.run(detector=Wrong())
    flow.assert_held("nonsense", stages=("detect",))


def test_a_first_pass_whose_detector_finds_nothing_is_held_back(flow):
    """Where the policy lets nothing be mended; otherwise it is muted, and checked again."""
    flow.run(detector=Detector(()), policy=ONE_ROUND)
    row = flow.assert_held("still-personal")
    assert {found["source"] for found in row.account["check"][0]["found"]} == {"text", "hearing"}


# --- the spans: what alignment returns

BEFORE_MUTING = ("align", "redact")

DROPPED = {
    "all of them": lambda spans: (),
    "the last one": lambda spans: spans[:-1],
    "all but one": lambda spans: spans[1:2],
}


@pytest.mark.parametrize("drop", DROPPED.values(), ids=DROPPED)
def test_spans_that_are_dropped_on_the_way_hold_the_recording_back(flow, monkeypatch, drop):
    monkeypatch.setattr(pipeline, "align", lambda *a, **k: drop(align(*a, **k)))
    flow.run()
    flow.assert_held("nonsense", stages=BEFORE_MUTING)


SPANS = {
    "past the end": lambda s: replace(s, start=s.start + 60, end=s.end + 60),
    "beyond the end": lambda s: replace(s, end=DURATION_S + 1),
    "negative": lambda s: replace(s, start=-s.end, end=-s.start),
    "no numbers": lambda s: replace(s, start=NAN, end=NAN),
    "no number at the end": lambda s: replace(s, end=NAN),
    "endless": lambda s: replace(s, end=math.inf),
    "swapped": lambda s: replace(s, start=s.end, end=s.start),
    "in milliseconds": lambda s: replace(s, start=s.start * 1000, end=s.end * 1000),
    "in hours": lambda s: replace(s, start=s.start / 3600, end=s.start / 3600),
    "on no channel": lambda s: replace(s, channels=()),
    "on a channel that is not there": lambda s: replace(s, channels=(0, 1, 2)),
}


@pytest.mark.parametrize("change", SPANS.values(), ids=SPANS)
def test_spans_that_cannot_be_hold_the_recording_back(flow, monkeypatch, change):
    monkeypatch.setattr(pipeline, "align", lambda *a, **k: tuple(map(change, align(*a, **k))))
    flow.run()
    flow.assert_held("nonsense", stages=BEFORE_MUTING)


@pytest.mark.parametrize("change", SPANS.values(), ids=SPANS)
def test_one_span_that_cannot_be_beside_good_ones_holds_the_recording_back(flow, monkeypatch, change):
    def with_another(*arguments, **named):
        good = align(*arguments, **named)
        return (*good, change(good[-1]))

    monkeypatch.setattr(pipeline, "align", with_another)
    flow.run()
    flow.assert_held("nonsense", stages=BEFORE_MUTING)


@pytest.mark.parametrize("change", [SPANS["past the end"], SPANS["swapped"]], ids=["past the end", "swapped"])
def test_the_check_itself_refuses_spans_that_a_muter_let_pass(flow, monkeypatch, change):
    really = pipeline.muted

    def with_another(*arguments, **named):
        good = align(*arguments, **named)
        return (*good, change(good[-1]))

    def lenient(recording, spans, fill):
        redactions, sound = really(recording, spans[:-1], fill)
        return (*redactions, replace(redactions[-1], span=spans[-1])), sound

    monkeypatch.setattr(pipeline, "align", with_another)
    monkeypatch.setattr(pipeline, "muted", lenient)
    flow.run()
    flow.assert_held("stage-failed")


@pytest.mark.parametrize("stage", ["transcribe", "detect"])
def test_memory_that_runs_out_fails_the_recording(flow, stage):
    error = MemoryError(SECRET)
    flow.run(recognizer=Recognizer(error if stage == "transcribe" else TRUTH), detector=Says(error))
    flow.assert_held("out-of-memory", stages=(None,), state=State.FAILED)


def test_the_stand_ins_say_what_they_should():
    assert len(Detector().detect(TRUTH)) == len(SECRETS)
    assert Detector().detect(without_secrets()) == ()
    assert TRUTH.segments[0].end <= DURATION_S and PACE_S > 0
