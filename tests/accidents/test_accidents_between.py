"""Faults between the stages: what one hands on and none of the others would notice by itself."""

from __future__ import annotations

import json
import math
import random
import shutil
from contextlib import closing
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import soundfile as sf
from accident_helpers import (
    IDENTITY,
    NAME,
    POLICY,
    SECRETS,
    Detector,
    Recognizer,
    Says,
    assert_untold,
    knowing_detector,
    knowing_listener,
    plant_in_muter,
    private_texts,
    short_sentinels,
    transcript_of,
    without_secrets,
)

from redactor import pipeline
from redactor.align import align
from redactor.config import parse_policy
from redactor.errors import PolicyError, StoreError, VerifierError
from redactor.ledger import State
from redactor.policy import VerifyPolicy
from redactor.redact.text import redact_text
from redactor.report import report
from redactor.runs import Archive
from redactor.sentinels import challenge
from redactor.staging import Staging
from redactor.verify.verifier import Verifier

pytestmark = pytest.mark.long

SECRET = " ".join(SECRETS[:2])
ONE_ROUND = replace(POLICY, verify=VerifyPolicy(max_rounds=0))


def assert_held(flow):
    assert flow.ledger.row(NAME).state is State.QUARANTINED
    assert flow.files() == [] and list(flow.ledger.listed_files()) == []


# 1. spans that do not follow align.channels = "all"


def test_spans_on_one_channel_only_where_the_policy_says_all(flow, monkeypatch):
    own = lambda *a, **k: tuple(replace(span, channels=(0,)) for span in align(*a, **k))  # noqa: E731
    monkeypatch.setattr(pipeline, "align", own)
    flow.run(policy=replace(POLICY, align=replace(POLICY.align, channels="all")))
    assert_held(flow)


@pytest.mark.parametrize(
    "part", [np.s_[:, :1], np.s_[:, 0], np.s_[: len(SECRETS)], np.s_[:0]], ids=["a", "flat", "short", "none"]
)
def test_a_recognizer_that_gives_the_power_of_one_channel_for_two_or_of_a_part(flow, part):
    class Less(Recognizer):
        def transcribe(self, recording, policy):
            heard = super().transcribe(recording, policy)
            return replace(heard, power=heard.power[part].copy())

    flow.run(recognizer=Less())
    assert_held(flow)


# 2. findings of the check that cannot be are dropped in silence


@pytest.mark.parametrize("changes", [{"char_start": 9000, "char_end": 9008}, {"channel": 7}], ids=str)
def test_findings_of_the_check_at_no_place(flow, changes):
    class Off(Detector):
        def detect(self, transcript):
            return tuple(replace(pii, **changes) for pii in super().detect(transcript))

    flow.run(transcript=without_secrets(), checking=Off())
    assert_held(flow)


def test_findings_of_the_check_without_a_score(flow):
    class Unsure(Detector):
        def detect(self, transcript):
            return tuple(replace(pii, score=math.nan) for pii in super().detect(transcript))

    flow.run(detector=Detector(()), checking=Unsure(), listener=Says(without_secrets()))
    assert_held(flow)


# 3. texts in fields that are numbers, in names, and twice under one key

REPORTS = {
    "muted": lambda d: d.update(muted=SECRET),
    "duration": lambda d: d.update(duration=SECRET),
    "sample_rate": lambda d: d.update(sample_rate=SECRET),
    "channels": lambda d: d.update(channels=SECRET),
    "version": lambda d: d.update(version=SECRET),
    "kept": lambda d: d["format"].update(kept=SECRET),
    "model": lambda d: d.update(models={"transcribe": {"name": SECRET}}),
    "digest": lambda d: d["policy"].update(digest=SECRET),
    "policy": lambda d: d["policy"].update(name=SECRET),
}


@pytest.mark.parametrize("change", REPORTS.values(), ids=REPORTS)
def test_a_text_in_a_field_of_the_report(flow, monkeypatch, change):
    def faulty(*arguments, **named):
        document = deepcopy(report(*arguments, **named))
        change(document)
        return document

    monkeypatch.setattr(pipeline, "report", faulty)
    flow.run()
    assert_held(flow)


TRANSCRIPTS = {
    "duration": lambda d: d.update(duration=SECRET),
    "channels": lambda d: d.update(channels=SECRET),
    "start": lambda d: d["segments"][0].update(start=SECRET),
    "end": lambda d: d["segments"][0].update(end=SECRET),
    "probability": lambda d: d["segments"][0]["words"][0].update(probability=SECRET),
}


@pytest.mark.parametrize("change", TRANSCRIPTS.values(), ids=TRANSCRIPTS)
def test_a_text_in_a_number_of_the_transcript(flow, monkeypatch, change):
    def faulty(*arguments, **named):
        text = redact_text(*arguments, **named)
        document = json.loads(text.files["json"])
        change(document)
        return replace(text, files={**text.files, "json": json.dumps(document)})

    monkeypatch.setattr(pipeline, "redact_text", faulty)
    flow.run()
    assert_held(flow)


@pytest.mark.parametrize("part", ["reports", "transcripts"])
def test_a_key_that_stands_there_twice(flow, monkeypatch, part):
    really, key = Staging.text, {"reports": "name", "transcripts": "duration"}[part]

    def text(self, where, ending, content):
        if where == part and ending == ".json":
            content = content.replace("{", f'{{"{key}": "{SECRET}",', 1)
        really(self, where, ending, content)

    monkeypatch.setattr(Staging, "text", text)
    flow.run()
    assert_held(flow)


# 4. what a detector calls a thing goes into the ledger


@pytest.mark.parametrize(
    ("changes", "whose", "is_held"),
    [
        ({"recognizer": SECRETS[0]}, "detector", False),
        ({"recognizer": SECRETS[0]}, "checking", True),
        ({"entity_type": SECRETS[0]}, "detector", True),
        ({"entity_type": SECRETS[0]}, "checking", True),
    ],
    ids=str,
)
def test_a_detector_that_calls_a_finding_by_its_value(flow, changes, whose, is_held):
    class Tells(Detector):
        def detect(self, transcript):
            return tuple(replace(pii, **changes) for pii in super().detect(transcript))

    given = {"detector": Tells()}
    if whose == "checking":
        given = {"checking": Tells(), "transcript": without_secrets()}
    flow.run(policy=ONE_ROUND, **given)
    if is_held:
        assert_held(flow)
    assert_untold(*private_texts(flow.folder.private))
    assert_untold(*(path.read_text() for path in flow.folder.release.rglob("*.json")))


# 5. a challenge that does not try the way that recordings go


def test_a_verifier_whose_check_forgets_the_files(flow, tmp_path):
    class Forgets(Verifier):
        def check(self, claim, **named):
            sees, self.check_files = self.check_files, lambda claim: ()
            try:
                return super().check(claim, **named)
            finally:
                self.check_files = sees

    with pytest.raises(VerifierError):
        verifier = Forgets(knowing_listener(), knowing_detector(), POLICY)
        challenge(verifier, POLICY, short_sentinels(), tmp_path, draw=random.Random(1))


def test_a_verifier_that_draws_nothing_where_everything_is_to_be_heard(flow, monkeypatch):
    monkeypatch.setattr(Verifier, "is_drawn", lambda self, name: False)
    flow.run()
    assert_held(flow)


# 6. short recordings: a hearing of nothing, or of nothing that fits


@pytest.mark.parametrize(
    ("num_words", "hearing"),
    [(1, ""), (3, ""), *((words, "[object Object]") for words in (1, 3, 4, 6))],
)
def test_a_short_recording_whose_second_hearing_is_no_hearing_is_not_heard(flow, hearing, num_words):
    """A few words can be misheard: what nobody else heard is muted."""
    first = transcript_of(" ".join("well hello there my name was".split()[:num_words]))
    flow.run(transcript=first, listener=Says(transcript_of(hearing)))
    (audio,) = flow.folder.release.glob("audio/*/*")
    samples, rate = sf.read(audio, always_2d=True)
    for word in first.words(0):
        assert not samples[round(word.start * rate) : round(word.end * rate)].any()


# 7. outcomes and files that are not of their recording


def test_an_outcome_with_the_files_of_another_recording(flow):
    outcome = flow.attempt(name="cd" * 16)
    flow.settle(replace(outcome, name=NAME))
    assert_held(flow)


def test_a_released_file_replaced_by_the_original_of_the_same_size(flow):
    flow.run()
    (audio,) = flow.folder.release.glob("audio/*/*")
    assert audio.stat().st_size == flow.input.stat().st_size
    shutil.copy(flow.input, audio)
    with closing(Archive(flow.folder, key_file=flow.key_file, keep_names=False)) as archive:
        archive.reconcile(IDENTITY)
    assert not audio.exists() or audio.read_bytes() != flow.input.read_bytes()


def test_a_folder_of_the_release_that_is_a_link_to_elsewhere(flow, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (flow.folder.release / "audio").mkdir()
    (flow.folder.release / "audio" / NAME[:2]).symlink_to(elsewhere)
    with pytest.raises(StoreError, match="is a link"):
        flow.run()
    assert not list(elsewhere.iterdir())


# 8. policy, and what a second hearing found


def test_a_tagger_for_a_language_that_has_no_detector():
    text = b'[entities]\nPERSON = 0.5\n[language.taggers]\nem = "spoken_pii_en"\n'
    with pytest.raises(PolicyError):
        parse_policy(text, name="p", where="p")


def test_findings_of_the_second_opinion_that_are_dropped_on_the_way(flow, monkeypatch):
    """The first model and the check hear another word; the second one heard the name."""
    misheard = without_secrets()
    monkeypatch.setattr(pipeline, "align", lambda *a, **k: ())
    flow.run(transcript=replace(misheard, others=(flow.truth,)), listener=Says(misheard))
    assert_held(flow)


def test_the_faults_are_planted(flow, monkeypatch):
    """Not one of them, but what they rest on."""
    plant_in_muter(monkeypatch, lambda muted, original, runs: np.where(muted == 0, original // 10, muted))
    flow.run()
    assert_held(flow)
