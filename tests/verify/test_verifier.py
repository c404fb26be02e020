"""The check of one finished recording: what it looks at, when it listens, and what it makes of that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from verify_helpers import RATE, hearing

from redactor.audio.encode import encode
from redactor.audio.recording import Recording
from redactor.errors import LanguageError
from redactor.policy import Policy, VerifyPolicy
from redactor.redact.audio import Fill, muted
from redactor.types import Audio, AudioFormat, Origin, PiiSpan, SpeechRegion, TimeSpan, Transcript
from redactor.verify.claim import Claim, round_record
from redactor.verify.verifier import Verifier

POLICY = Policy("test", entities={"PERSON": 0.5})
DURATION = 12.0
SAID = "this is Ada Quill and I would like to order two coffees with oat milk please thank you so much"
FIRST = hearing(SAID, duration=DURATION)
SPANS = (TimeSpan(0.75, 1.65, (0,), ("PERSON",), Origin.DETECTED, 0.85, ("SpacyRecognizer",)),)
LEFT = "this is ... and I would like to order two coffees with oat milk please thank you so much"


class Ear:
    """A listener that hears what it is told; `asked` is with which languages."""

    def __init__(self, heard=FIRST):
        self.heard = heard
        self.asked = []

    def listen_again(self, recording, policy, *, languages, known):
        self.asked.append(list(languages))
        if isinstance(self.heard, BaseException):
            raise self.heard
        return self.heard


class Names:
    """A detector that finds words; `texts` is what it was shown."""

    def __init__(self, *words, score=0.9):
        self.words, self.score, self.texts = words, score, []

    def detect(self, transcript):
        found = []
        for channel in transcript.channels:
            self.texts.append(transcript.text(channel))
            found += [
                PiiSpan(channel, "PERSON", word.char_start, word.char_end, self.score, "test")
                for word in transcript.words(channel)
                if word.text in self.words
            ]
        return tuple(found)


def noise(seed=1):
    samples = np.random.default_rng(seed).integers(-9000, 9000, (round(DURATION * RATE), 1)).astype(np.int16)
    return Recording.of(Audio(samples, RATE, AudioFormat("WAV", "PCM_16")))


@pytest.fixture
def claim(tmp_path):
    return claim_of(tmp_path, SPANS)


def claim_of(tmp_path, spans, *, original=None):
    original = original or noise()
    path = tmp_path / "finished.wav"
    encode(muted(original, spans, Fill("silence"))[1], path)
    return Claim(original, FIRST, tuple(spans), path, {}, {"name": "ab" * 16})


def check(claim, ear=None, detector=None, policy=POLICY, **options):
    ear = ear or Ear(FIRST)
    return Verifier(ear, detector or Names(), policy).check(claim, known={}, **options)


def kinds(checked):
    return {fault.kind for fault in checked.faults}


def heard(text):
    return Ear(hearing(text, duration=DURATION))


def test_a_recording_as_it_should_be_passes(claim):
    ear, names = Ear(FIRST), Names()
    checked = check(claim, ear, names)
    assert checked.is_clean and checked.listened and checked.agreement == 1.0
    assert ear.asked == [["en"]] and names.texts == [LEFT, LEFT]


def test_what_is_left_of_the_sound_is_a_fault_and_nobody_need_listen(tmp_path):
    ear = Ear()
    claim = replace(claim_of(tmp_path, ()), spans=SPANS)
    checked = check(claim, ear)
    assert kinds(checked) >= {"residue"} and ear.asked == []


def test_a_name_that_is_heard_again_is_missed(claim):
    checked = check(claim, heard(SAID.replace("coffees", "Ada")), Names("Ada"))
    (missed,) = checked.missed
    assert (missed.source, len(missed.found)) == ("hearing", 1) and not checked.faults
    row = round_record(1, checked)["found"][0]
    assert (row["source"], row["type"], row["channel"]) == ("hearing", "PERSON", 0)
    assert row["start"] == pytest.approx(4.4) and "Ada" not in str(row)


def test_a_name_in_the_released_text_is_missed_without_listening(claim):
    checked = check(claim, None, Names("coffees"), listen=False)
    assert [missed.source for missed in checked.missed] == ["text"] and not checked.listened


def test_a_name_inside_a_muted_stretch_is_made_up(claim):
    assert check(claim, heard(SAID), Names("Ada", "Quill")).is_clean


@pytest.mark.parametrize(("first", "found"), [(True, ["hearing"]), (False, [])])
def test_suspicion_counts_in_the_first_round_alone(claim, first, found):
    checked = check(claim, None, Names("coffees", score=0.1), first=first)
    assert [missed.source for missed in checked.missed] == found


@pytest.mark.parametrize(
    ("ear", "kind"),
    [
        (heard(""), "not-heard"),
        (Ear(replace(hearing("", duration=DURATION), speech=(SpeechRegion(0, 0.0, 9.0),))), "not-heard"),
        (heard("[object Object]"), "does-not-fit"),
        (heard("nothing of all that was ever said by anybody here"), "does-not-fit"),
        (Ear(hearing(SAID, start=3.0, duration=DURATION)), "does-not-fit"),
        (Ear(LanguageError("speech in 'xx'")), "not-heard"),
    ],
)
def test_a_hearing_that_does_not_fit_is_a_failed_check(claim, ear, kind):
    assert kinds(check(claim, ear)) == {kind}


def test_what_the_listener_raises_otherwise_is_no_verdict(claim):
    with pytest.raises(ValueError, match="model"):
        check(claim, Ear(ValueError("the model is broken")))


def test_nobody_listens_where_nothing_is_left(tmp_path):
    ear = Ear()
    everything = (TimeSpan(0.0, DURATION, (0,), (), Origin.UNHEARD),)
    checked = check(claim_of(tmp_path, everything), ear)
    assert checked.is_clean and checked.listened and ear.asked == []


def test_one_sample_that_is_left_is_listened_to(tmp_path):
    ear = heard("")
    nearly = (TimeSpan(0.0, DURATION - 0.5, (0,), (), Origin.UNHEARD),)
    check(claim_of(tmp_path, nearly), ear)
    assert ear.asked == [["en"]]


def drawn(share, seed=1, num=400):
    verifier = Verifier(Ear(), Names(), replace(POLICY, verify=VerifyPolicy(share=share, seed=seed)))
    return {number for number in range(num) if verifier.is_drawn(f"{number:032x}")}


def test_the_sample_is_drawn_by_name_and_seed():
    assert drawn(0.0) == set() and drawn(1.0) == set(range(400))
    quarter = drawn(0.25)
    assert quarter == drawn(0.25) and 60 < len(quarter) < 140
    assert quarter <= drawn(0.5)  # a larger share is a larger sample of the same
    assert quarter != drawn(0.25, seed=2)


def test_what_is_not_drawn_is_not_listened_to_but_looked_at(claim, tmp_path):
    ear = Ear(ValueError("asked"))
    policy = replace(POLICY, verify=VerifyPolicy(share=0.0))
    assert check(claim, ear, policy=policy).is_clean
    bad = replace(claim_of(tmp_path, ()), spans=SPANS)
    assert kinds(check(bad, ear, policy=policy)) >= {"residue"}


def test_an_empty_first_hearing_does_not_hide_what_is_heard(tmp_path):
    claim = replace(claim_of(tmp_path, ()), transcript=Transcript.build(DURATION, []))
    checked = check(claim, heard(SAID), Names("Ada"))
    assert not checked.is_clean
