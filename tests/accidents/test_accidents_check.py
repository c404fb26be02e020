"""A check that is gone, deaf, broken, mistaken or too kind releases nothing."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from accident_helpers import (
    DURATION_S,
    OTHERWISE_SAID,
    POLICY,
    RATE,
    SECRETS,
    TRUTH,
    Deaf,
    Detector,
    Says,
    changed,
    knowing_detector,
    knowing_listener,
    plant_in_muter,
    transcript_of,
    without_secrets,
)

from redactor.errors import QuarantineError
from redactor.ledger import State
from redactor.policy import VerifyPolicy
from redactor.types import Origin
from redactor.verify.claim import Checked, Fault
from redactor.verify.verifier import Verifier

pytestmark = pytest.mark.long

SECRET = " ".join(SECRETS)


class Checker:
    """A verifier that returns or raises what it is told."""

    def __init__(self, said):
        self._said = said

    def check(self, claim, **_):
        if isinstance(self._said, BaseException):
            raise self._said
        return self._said


# --- the check of one recording

CHECKERS = {
    "raises what it heard": (RuntimeError(SECRET), "stage-failed"),
    "raises an error of the system": (OSError(5, "Input/output error", SECRET), "stage-failed"),
    "refuses": (QuarantineError("cannot be checked", reason="told"), "told"),
    "returns nothing": (None, "stage-failed"),
    "returns a truth value": (True, "stage-failed"),
    "returns '[object Object]'": ("[object Object]", "stage-failed"),
    "finds a fault": (Checked(faults=(Fault("residue", 1.0, 2.0, (0,), "-20 dB"),)), "residue"),
}


@pytest.mark.parametrize(("said", "reason"), CHECKERS.values(), ids=CHECKERS)
def test_a_check_that_gives_no_good_answer_holds_the_recording_back(flow, said, reason):
    flow.run(verifier=Checker(said))
    flow.assert_held(reason)


@pytest.mark.parametrize("verdict", [None, "", "yes", "Passed", "failed", True])
def test_an_outcome_without_a_verdict_is_held_back(flow, verdict):
    outcome = flow.attempt()
    assert flow.files()
    flow.settle(replace(outcome, verdict=verdict))
    flow.outcome = None
    flow.assert_held("no-verdict", stages=(None,))


# Or it is refused for what it says before it is compared.
UNFIT = ("does-not-fit", "not-heard", "nonsense")

HEARINGS = {
    "hears nothing": (transcript_of(), ("not-heard",)),
    "returns nothing": (None, ("stage-failed",)),
    "returns '[object Object]'": ("[object Object]", ("stage-failed",)),
    "hears the words [object Object]": (transcript_of("[object Object]"), ("does-not-fit",)),
    "hears another recording": (transcript_of(*OTHERWISE_SAID), ("does-not-fit",)),
    "hears the other channel": (transcript_of(*OTHERWISE_SAID[::-1]), ("does-not-fit",)),
    "hears it in milliseconds": (
        changed(TRUTH, lambda w: replace(w, start=w.start * 1000, end=w.end * 1000)),
        UNFIT,
    ),
    "hears it at no time": (
        changed(TRUTH, lambda w: replace(w, start=float("nan"), end=float("nan"))),
        UNFIT,
    ),
    "raises what it heard": (RuntimeError(SECRET), ("stage-failed",)),
    "cannot hear it": (QuarantineError("no language", reason="language"), ("not-heard",)),
}


@pytest.mark.parametrize(("hearing", "reasons"), HEARINGS.values(), ids=HEARINGS)
def test_a_listener_that_fails_holds_the_recording_back(flow, hearing, reasons):
    flow.run(listener=Says(hearing))
    flow.assert_held(*reasons)


@pytest.mark.parametrize("found", [RuntimeError(SECRET), None, (SECRET,)], ids=["raises", "nothing", "texts"])
def test_a_detector_of_the_check_that_fails_holds_the_recording_back(flow, found):
    flow.run(checking=Says(found))
    flow.assert_held("stage-failed")


# --- what the first pass missed


def test_what_only_the_check_hears_is_muted_and_released_after_another_round(flow):
    row = flow.run(transcript=without_secrets(), policy=replace(POLICY, verify=VerifyPolicy(max_rounds=2)))
    assert (row.state, row.verdict) == (State.DONE, "passed")
    first, last = row.account["check"]
    assert {found["type"] for found in first["found"]} == {"PERSON"} and not last["found"]
    (report,) = flow.folder.release.glob("reports/*/*.json")
    origins = {redaction["origin"] for redaction in json.loads(report.read_text())["redactions"]}
    assert origins == {Origin.VERIFIED}
    audio = flow.released_audio()
    for word in TRUTH.words(0):
        if word.text in SECRETS:
            assert not audio[round(word.start * RATE) : round(word.end * RATE)].any()


class HearsANameElsewhere:
    """In every round at another place: muting it mends nothing."""

    _AT = (4, 9, 13, 17)

    def __init__(self):
        self.rounds = 0

    def listen_again(self, recording, policy, *, languages, known):
        here = [list(TRUTH.words(1))[self._AT[self.rounds]]]
        self.rounds += 1
        named = changed(TRUTH, lambda word: replace(word, text=SECRETS[0]) if word in here else word)
        return changed(named, lambda word: word if word.text not in SECRETS[1:] else None)


@pytest.mark.parametrize("max_rounds", [0, 1, 3])
def test_what_is_still_heard_after_the_last_round_is_held_back_by_type_and_time(flow, max_rounds):
    listener = HearsANameElsewhere()
    flow.run(listener=listener, policy=replace(POLICY, verify=VerifyPolicy(max_rounds=max_rounds)))
    row = flow.assert_held("still-personal")
    assert listener.rounds == max_rounds + 1
    rounds = row.account["check"]
    assert [seen["round"] for seen in rounds] == list(range(1, max_rounds + 2))
    for seen in rounds:
        assert "PERSON" in {found["type"] for found in seen["found"]}
        assert all(0.0 <= found["start"] < found["end"] <= DURATION_S for found in seen["found"])
    assert row.account["redactions"] and all(set(r) == _SPAN_KEYS for r in row.account["redactions"])


_SPAN_KEYS = {"types", "origin", "start", "end", "channels", "score", "recognizers"}


def test_a_second_round_that_mutes_less_is_held_back(flow, monkeypatch):
    """The check is of every round anew: what was good in the first one is not taken for granted."""
    rounds = []

    def broken_in_the_second(muted, original, runs):
        rounds.append(len(runs))
        return muted if len(rounds) == 1 else original

    plant_in_muter(monkeypatch, broken_in_the_second)
    flow.run(transcript=without_secrets())
    flow.assert_held("fill", "residue")
    assert len(rounds) == 2


# --- a verifier that is tried before any recording


class SeesNothing(Verifier):
    def check_files(self, claim):
        return ()


class HearsNothingWrong(Verifier):
    def check(self, claim, **_):
        return Checked(listened=True)


class SaysYes(SeesNothing, HearsNothingWrong):
    pass


class SaysNo(Verifier):
    def check_files(self, claim):
        return (Fault("changed"),)


class Crashes(Verifier):
    def check_files(self, claim):
        raise LookupError(SECRET)


class Refuses(Verifier):
    def check_files(self, claim):
        raise QuarantineError("no", reason="told")


def with_listener(listener):
    return lambda policy: Verifier(listener, knowing_detector(), policy)


def with_detector(detector):
    return lambda policy: Verifier(knowing_listener(), detector, policy)


def of_class(verifier_class):
    return lambda policy: verifier_class(knowing_listener(), knowing_detector(), policy)


VERIFIERS = {
    "always says yes": (of_class(SaysYes), "VerifierError"),
    "sees nothing": (of_class(SeesNothing), "VerifierError"),
    "hears nothing wrong": (of_class(HearsNothingWrong), "VerifierError"),
    "always says no": (of_class(SaysNo), "VerifierError"),
    "is deaf": (with_listener(Deaf()), "VerifierError"),
    "cannot listen": (with_listener(Says(QuarantineError("no", reason="told"))), "VerifierError"),
    "has a detector that finds nothing": (with_detector(Detector(())), "VerifierError"),
    "has a detector that finds something else": (with_detector(Detector(SECRETS)), "VerifierError"),
    "has a detector that raises": (with_detector(Says(ValueError(SECRET))), "ModelError"),
    "has a listener that raises": (with_listener(Says(ValueError(SECRET))), "ModelError"),
    "returns nothing": (lambda policy: Checker(None), "ModelError"),
    "is not there": (lambda policy: None, "ModelError"),
    "crashes": (of_class(Crashes), "ModelError"),
    "refuses": (of_class(Refuses), "VerifierError"),
}


@pytest.mark.parametrize(("make", "error"), VERIFIERS.values(), ids=VERIFIERS)
def test_a_verifier_that_fails_its_challenge_stops_the_run_before_any_recording(command, make, error):
    command.make_verifier = make
    command.assert_stopped(error)
    assert command.attempted == []
    assert command.rows() == {State.PENDING: [None]}


def test_sentinels_that_are_missing_stop_the_run(command, monkeypatch, tmp_path):
    from redactor.engines import worker
    from redactor.sentinels import shipped_sentinels

    monkeypatch.setattr(worker, "shipped_sentinels", lambda: shipped_sentinels(tmp_path / "nowhere"))
    command.assert_stopped("VerifierError")
    assert command.attempted == []


def test_nothing_of_a_challenge_is_left_behind(command):
    """One that failed is the one whose files would be worth something."""
    command.make_verifier = of_class(SaysYes)
    command.assert_stopped("VerifierError")
    assert not list(command.folder.private.glob("challenge-*"))
