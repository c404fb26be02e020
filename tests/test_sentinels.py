"""Nothing may be released by a check that does not object to what it has to object to."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import replace

import pytest

from redactor.config import load_policy
from redactor.errors import VerifierError
from redactor.files import bench_sample_dir
from redactor.policy import MutePolicy, Policy, VerifyPolicy
from redactor.sentinels import challenge, shipped_sentinels
from redactor.types import PiiSpan, Transcript
from redactor.verify.claim import Checked, Fault
from redactor.verify.verifier import Verifier

POLICY = Policy("test", entities={"PERSON": 0.5, "ID_NUMBER": 0.5})
SENTINELS = shipped_sentinels()


class Ear:
    """Hears what is truly said, whichever of the sentinels it is handed."""

    def listen_again(self, recording, policy, *, languages, known):
        return next(s.transcript for s in SENTINELS if abs(s.transcript.duration - recording.duration) < 1e-3)


class DeafEar:
    def listen_again(self, recording, policy, *, languages, known):
        return Transcript.build(recording.duration, [])


class Detector:
    """Finds every word, or nothing."""

    def __init__(self, finds=True):
        self.finds = finds

    def detect(self, transcript):
        if not self.finds:
            return ()
        return tuple(
            PiiSpan(c, "PERSON", w.char_start, w.char_end, 0.9, "test")
            for c in transcript.channels
            for w in transcript.words(c)
        )


class YesMan(Verifier):
    def check_files(self, claim):
        return ()

    def check(self, claim, **_):
        return Checked(listened=True)


class NoMan(Verifier):
    def check_files(self, claim):
        return (Fault("residue"),)


class Numb(Verifier):
    """Looks at nothing, but listens."""

    def check_files(self, claim):
        return ()


class SoundBlind(Verifier):
    """Sees faults of texts alone."""

    def check_files(self, claim):
        return tuple(fault for fault in super().check_files(claim) if fault.kind == "text")


class TextBlind(Verifier):
    def check_files(self, claim):
        return tuple(fault for fault in super().check_files(claim) if fault.kind != "text")


def put(verifier_type, tmp_path, *, policy=POLICY, ear=None, detector=None, seed=1, sentinels=SENTINELS):
    verifier = verifier_type(ear or Ear(), detector or Detector(), policy)
    challenge(verifier, policy, sentinels, tmp_path, draw=random.Random(seed))


@pytest.mark.parametrize("fill", ["silence", "tone", "noise"])
def test_the_real_check_objects_to_all_that_it_has_to(tmp_path, fill):
    policy = replace(POLICY, mute=MutePolicy(fill=fill))
    for seed in range(6):
        put(Verifier, tmp_path, policy=policy, seed=seed)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("verifier_type", "problem"),
    [
        (YesMan, "put back"),
        (Numb, "put back"),
        (SoundBlind, "put back"),
        (TextBlind, "prints a muted word"),
        (NoMan, "as it should be"),
    ],
)
def test_one_that_does_not_look_is_noticed(tmp_path, verifier_type, problem):
    with pytest.raises(VerifierError, match=problem):
        put(verifier_type, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("ear", "detector", "missing"),
    [(DeafEar(), Detector(), r"\(hearing\)"), (Ear(), Detector(finds=False), r"\(hearing, text\)")],
)
def test_one_that_does_not_listen_or_find_is_noticed(tmp_path, ear, detector, missing):
    with pytest.raises(VerifierError, match=missing):
        put(Verifier, tmp_path, ear=ear, detector=detector)


def test_where_nobody_listens_a_deaf_one_will_do(tmp_path):
    policy = replace(POLICY, verify=VerifyPolicy(share=0.0))
    put(Verifier, tmp_path, policy=policy, ear=DeafEar())
    with pytest.raises(VerifierError, match=r"\(text\)"):
        put(Verifier, tmp_path, policy=policy, detector=Detector(finds=False))


def test_which_come_cannot_be_known_beforehand(tmp_path, monkeypatch):
    tried = []
    monkeypatch.setattr(
        "redactor.sentinels._try_eyes", lambda verifier, policy, sentinel, *_: tried.append(sentinel.path)
    )
    monkeypatch.setattr("redactor.sentinels._try_ears", lambda *_: None)
    for _ in range(64):
        challenge(None, POLICY, SENTINELS, tmp_path)
    assert len(set(tried)) > 3


@pytest.mark.parametrize("damage", ["no list", "no json", "no recording"])
def test_without_sentinels_nothing_is_released(tmp_path, damage):
    folder = tmp_path / "sample"
    shutil.copytree(bench_sample_dir(), folder)
    if damage == "no list":
        (folder / "gold.jsonl").unlink()
    elif damage == "no json":
        (folder / "gold.jsonl").write_text("{")
    else:
        shutil.rmtree(folder / "audio")
    with pytest.raises(VerifierError):
        put(Verifier, tmp_path, sentinels=shipped_sentinels(folder))


def test_every_shipped_policy_looks_for_something_in_the_sentinels():
    rows = [json.loads(line) for line in (bench_sample_dir() / "gold.jsonl").read_text().splitlines()]
    assert 6 <= len(SENTINELS) <= len(rows)
    for name in ("standard", "strict", "voice-assistant"):
        assert all(s.types & load_policy(name).entities.keys() for s in SENTINELS)
    assert any(s.types & load_policy("payment-card").entities.keys() for s in SENTINELS)
