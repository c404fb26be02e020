"""A stage that fails, returns nothing, or returns nonsense sends the recording to quarantine."""

import json
import math
from dataclasses import replace
from html import unescape

import pytest
import soundfile as sf
from stage_stand_ins import (
    GOOD,
    NAME,
    NAME_TIMES,
    POLICY,
    RATE,
    SECRET,
    Stage,
    Verifier,
    files_below,
    heard,
    with_segment,
    with_word,
    write_recording,
)

from redactor.engines.base import Job, attempt
from redactor.errors import LanguageError
from redactor.ledger import State
from redactor.pipeline import Tools
from redactor.policy import AlignPolicy, OutputPolicy, UnheardPolicy, VerifyPolicy
from redactor.types import Origin, PiiSpan, SpeechRegion, TimeSpan
from redactor.verify.claim import Checked, Fault, Missed
from redactor.verify.texts import check_texts

NAN = math.nan


@pytest.fixture
def recording(tmp_path):
    return write_recording(tmp_path / "in.wav")


def run(
    recording, tmp_path, *, transcript=GOOD, found=(NAME,), policy=POLICY, verifier=None, reviewed=(),
    keep_names=False,
):  # fmt: skip
    release = tmp_path / "release"
    release.mkdir(exist_ok=True)
    tools = Tools(Stage(transcript), Stage(found), verifier or Verifier(), policy)
    job = Job("ab" * 16, recording, reviewed=reviewed)
    return attempt(job, tools, release=release, keep_names=keep_names, provenance={})


def files(tmp_path):
    """Staged: nothing here releases anything."""
    return files_below(tmp_path / ".staging")


def audio_of(tmp_path):
    (path,) = [path for path in files(tmp_path) if path.parts[-3] == "audio"]
    return sf.read(path, dtype="int16", always_2d=True)[0]


def test_what_is_found_is_silent_and_the_rest_untouched(recording, tmp_path):
    outcome = run(recording, tmp_path)
    assert outcome.state is State.DONE
    before, _ = sf.read(recording, dtype="int16", always_2d=True)
    after = audio_of(tmp_path)
    first, stop = (round(time * RATE) for time in NAME_TIMES)
    fade = RATE // 100
    assert len(after) == len(before)
    assert not after[first:stop].any()
    assert (after[: first - fade] == before[: first - fade]).all()
    assert (after[stop + fade :] == before[stop + fade :]).all()


def test_report_and_transcripts_are_staged_and_hold_no_name(recording, tmp_path):
    run(recording, tmp_path)
    texts = [path.read_text() for path in files(tmp_path) if path.parts[-3] != "audio"]
    assert len(texts) == 4
    assert not any("Quill" in text or "Ada" in text for text in texts)
    assert sum("<PERSON_1>" in unescape(text) for text in texts) == 3
    (row,) = json.loads(next(text for text in texts if '"redactions"' in text))["redactions"]
    assert (row["types"], row["origin"], row["start"], row["end"]) == (["PERSON"], "detected", *NAME_TIMES)


def test_labels_are_written_when_the_policy_wants_them(recording, tmp_path):
    run(recording, tmp_path, policy=replace(POLICY, output=OutputPolicy((), audacity_labels=True)))
    parts = [path.parts[-3] for path in files(tmp_path)]
    assert parts == ["audio", "reports", "reports"]
    assert "0.600000\t1.400000\tdetected PERSON\n" in [path.read_text() for path in files(tmp_path)[1:]]


@pytest.mark.parametrize(("channels", "num_silent"), [("all", 2), ("own", 1)])
def test_the_policy_says_which_channels_go_silent(tmp_path, channels, num_silent):
    recording = write_recording(tmp_path / "two.wav", num_channels=2)
    policy = replace(POLICY, align=AlignPolicy(0, 0, channels=channels))
    assert run(recording, tmp_path, policy=policy).state is State.DONE
    inside = audio_of(tmp_path)[round(0.6 * RATE) : round(1.4 * RATE)]
    assert [bool(inside[:, channel].any()) for channel in (0, 1)].count(False) == num_silent
    assert not inside[:, 0].any()


FIRST_WORD = replace(NAME, char_start=0, char_end=3)
NOTHING_HEARD = {"transcript": heard(), "found": ()}
UNHEARD = {"transcript": heard(speech=[(0.2, 1.8)]), "found": ()}


def unheard(**changes):
    return {"policy": replace(POLICY, unheard=UnheardPolicy(**changes))}


@pytest.mark.parametrize(
    ("stage", "reason", "given"),
    [
        ("transcribe", "stage-failed", {"transcript": RuntimeError(SECRET)}),
        ("transcribe", "stage-failed", {"transcript": OSError(5, "Input/output error", SECRET)}),
        ("transcribe", "stage-failed", {"transcript": KeyError(SECRET)}),
        ("transcribe", "stage-failed", {"transcript": None}),
        ("transcribe", "stage-failed", {"transcript": "[object Object]"}),
        ("transcribe", "language", {"transcript": LanguageError("in no language of the policy")}),
        ("transcribe", "nonsense", {"transcript": with_word(start=NAN)}),
        ("transcribe", "nonsense", {"transcript": with_word(end=NAN)}),
        ("transcribe", "nonsense", {"transcript": with_word(start=0.6, end=0.4)}),
        ("transcribe", "nonsense", {"transcript": with_word(end=600.0)}),
        ("transcribe", "nonsense", {"transcript": with_word(end=math.inf)}),
        ("transcribe", "nonsense", {"transcript": with_word(start=-1.0)}),
        ("transcribe", "nonsense", {"transcript": with_word(probability=NAN)}),
        ("transcribe", "nonsense", {"transcript": with_word(probability=1.2)}),
        ("transcribe", "nonsense", {"transcript": with_word(char_start=0)}),
        ("transcribe", "nonsense", {"transcript": with_word(text="", char_start=5, char_end=5)}),
        ("transcribe", "nonsense", {"transcript": with_segment(start=NAN)}),
        ("transcribe", "nonsense", {"transcript": with_segment(start=1.9, end=0.0)}),
        ("transcribe", "nonsense", {"transcript": with_segment(end=2.1)}),
        ("transcribe", "nonsense", {"transcript": replace(GOOD, speech=(SpeechRegion(0, NAN, 1.0),))}),
        ("transcribe", "nonsense", {"transcript": replace(GOOD, speech=(SpeechRegion(0, 1.5, 1.0),))}),
        ("transcribe", "nonsense", {"transcript": replace(GOOD, speech=(SpeechRegion(7, 0.0, 1.0),))}),
        ("transcribe", "nonsense", {"transcript": replace(GOOD, duration=1.0)}),
        ("transcribe", "nonsense", {"transcript": replace(GOOD, duration=NAN)}),
        ("transcribe", "nonsense", {"transcript": heard(("hi", 0.0, 1.0), channel=1)}),
        ("detect", "stage-failed", {"found": ValueError(SECRET)}),
        ("detect", "stage-failed", {"found": None}),
        ("detect", "stage-failed", {"found": (SECRET,)}),
        ("detect", "nonsense", {"found": (replace(NAME, char_end=400),)}),
        ("detect", "nonsense", {"found": (replace(NAME, char_start=-3),)}),
        ("detect", "nonsense", {"found": (replace(NAME, char_start=17, char_end=8),)}),
        ("detect", "nonsense", {"found": (replace(NAME, char_start=8, char_end=8),)}),
        ("detect", "nonsense", {"found": (replace(NAME, channel=5),)}),
        ("detect", "nonsense", {"found": (replace(NAME, score=NAN),)}),
        # Only the space between two words: nobody knows where it is to be heard.
        ("align", "nonsense", {"found": (replace(NAME, char_start=7, char_end=8),)}),
        ("align", "no-speech", NOTHING_HEARD),
        ("align", "no-speech", {**NOTHING_HEARD, **unheard(action="quarantine")}),
        ("align", "unheard-speech", {**UNHEARD, **unheard(action="quarantine")}),
        ("align", "unheard-speech", {**UNHEARD, **unheard(action="quarantine", empty="mute")}),
        ("decode", "too-short", unheard(min_recording_ms=3000)),
        # A word without length, and a policy without padding: nothing of it would be muted.
        ("align", "nonsense", {"transcript": heard(("Ada", 0.5, 0.5)), "found": (FIRST_WORD,)}),
    ],
)
def test_a_stage_that_fails_or_returns_nonsense_quarantines(recording, tmp_path, stage, reason, given):
    outcome = run(recording, tmp_path, **given)
    assert (outcome.state, outcome.stage, outcome.reason) == (State.QUARANTINED, stage, reason)
    assert files(tmp_path) == []
    assert SECRET not in repr(outcome)


@pytest.mark.parametrize(
    "given",
    [
        UNHEARD,
        {**UNHEARD, **unheard(action="mute", empty="quarantine")},
        {**NOTHING_HEARD, **unheard(empty="mute")},
        {**NOTHING_HEARD, **unheard(action="quarantine", empty="mute")},
    ],
)
def test_where_no_word_was_understood_every_sample_is_muted(recording, tmp_path, given):
    outcome = run(recording, tmp_path, **given)
    assert (outcome.state, outcome.muted, outcome.duration) == (State.DONE, 2.0, 2.0)
    assert not audio_of(tmp_path).any()


@pytest.mark.parametrize("missing_or_broken", [None, b"", b"RIFF", b"\x00" * 4096])
def test_what_cannot_be_read_has_failed(tmp_path, missing_or_broken):
    path = tmp_path / f"{SECRET}.wav"
    if missing_or_broken is not None:
        path.write_bytes(missing_or_broken)
    outcome = run(path, tmp_path)
    assert (outcome.state, outcome.stage) == (State.FAILED, "decode")
    assert files(tmp_path) == []
    assert SECRET not in repr(outcome)


def found_again(text, start, end, entity_type="PERSON", source="hearing"):
    """That somebody heard one word more."""
    hearing = heard((text, start, end))
    return Checked(missed=(Missed(source, hearing, (PiiSpan(0, entity_type, 0, len(text), 0.9, "test"),)),))


def report_of(tmp_path):
    (path,) = [path for path in files(tmp_path) if path.parts[-3] == "reports"]
    return json.loads(path.read_text())


@pytest.mark.parametrize("keep_names", [True, False])
def test_the_check_knows_whether_names_were_kept(recording, tmp_path, keep_names):
    verifier = Verifier()
    run(recording, tmp_path, verifier=verifier, keep_names=keep_names)
    assert verifier.claims[0].keep_names is keep_names
    assert check_texts(verifier.claims[0]) == ()


def test_what_the_check_finds_is_muted_and_the_new_file_checked_again(recording, tmp_path):
    verifier = Verifier(found_again(SECRET, 1.6, 1.9))
    outcome = run(recording, tmp_path, verifier=verifier)
    assert (outcome.state, outcome.verdict, len(verifier.claims)) == (State.DONE, "passed", 2)
    assert not audio_of(tmp_path)[round(1.6 * RATE) : round(1.9 * RATE)].any()
    first, second = verifier.claims
    assert len(first.spans) < len(second.spans) == len(report_of(tmp_path)["redactions"])
    (added,) = [row for row in report_of(tmp_path)["redactions"] if row["origin"] == "verified"]
    assert added["types"] == ["PERSON"] and (added["start"], added["end"]) == (1.55, 1.95)
    assert first.audio != second.audio and not first.audio.exists()
    assert SECRET not in str(outcome.account) and [r["round"] for r in outcome.account["check"]] == [1, 2]


def test_what_is_found_beside_what_the_check_had_muted_is_muted_wider(recording, tmp_path):
    verifier = Verifier(*(found_again("x", *at) for at in ((1.6, 1.65), (0.2, 0.3), (1.7, 1.75))))
    run(recording, tmp_path, verifier=verifier)
    added = [row for row in report_of(tmp_path)["redactions"] if row["origin"] == "verified"]
    # 50 ms on both sides in the second round too, and up to its neighbour; 200 ms in the third.
    assert [(row["start"], row["end"]) for row in added] == [(0.15, 0.6), (1.5, 1.95)]


def test_what_is_still_found_after_the_last_round_is_held_back(recording, tmp_path):
    verifier = Verifier(*[found_again(SECRET, 1.6, 1.9)] * 9)
    policy = replace(POLICY, verify=VerifyPolicy(max_rounds=2))
    outcome = run(recording, tmp_path, verifier=verifier, policy=policy)
    assert (outcome.state, outcome.stage, outcome.reason) == (State.QUARANTINED, "verify", "still-personal")
    assert len(verifier.claims) == 3 and files(tmp_path) == []
    last = outcome.account["check"][-1]["found"]
    assert last == [{"source": "hearing", "type": "PERSON", "channel": 0, "start": 1.6, "end": 1.9}]
    assert [row["origin"] for row in outcome.account["redactions"]] == ["detected", "verified"]
    assert SECRET not in repr(outcome)


def test_a_fault_is_not_mended_by_muting_more(recording, tmp_path):
    verifier = Verifier(Checked(faults=(Fault("residue", 0.6, 1.0, (0,)),)))
    outcome = run(recording, tmp_path, verifier=verifier)
    assert (outcome.state, outcome.reason) == (State.QUARANTINED, "residue")
    assert len(verifier.claims) == 1 and files(tmp_path) == []
    assert outcome.account["check"][0]["faults"][0]["kind"] == "residue"


def test_speech_on_which_two_hearings_disagree_is_muted(recording, tmp_path):
    apart = TimeSpan(1.5, 1.8, (0,), (), Origin.VERIFIED)
    outcome = run(recording, tmp_path, verifier=Verifier(Checked(unknown=(apart,), listened=True)))
    assert outcome.state is State.DONE
    assert not audio_of(tmp_path)[round(1.5 * RATE) : round(1.8 * RATE)].any()


def test_what_nobody_listened_to_is_marked_unchecked(recording, tmp_path):
    some = replace(POLICY, verify=VerifyPolicy(share=0.5))
    unheard = Checked(listened=False)
    assert run(recording, tmp_path, verifier=Verifier(unheard), policy=some).verdict == "unchecked"
    outcome = run(recording, tmp_path, verifier=Verifier(unheard))  # where everything is to be listened to
    assert (outcome.state, outcome.reason) == (State.QUARANTINED, "not-listened")


def test_a_check_that_fails_holds_the_recording_back(recording, tmp_path):
    outcome = run(recording, tmp_path, verifier=Verifier(ValueError(SECRET)))
    assert (outcome.state, outcome.stage, outcome.reason) == (State.QUARANTINED, "verify", "stage-failed")
    assert files(tmp_path) == [] and SECRET not in repr(outcome)


def marked(start, end, *types, channels=()):
    return TimeSpan(start, end, channels, types, Origin.REVIEWED)


PADDED = replace(POLICY, verify=VerifyPolicy(padding_ms=50.0))


@pytest.mark.parametrize("channels", ["all", "own"])
@pytest.mark.parametrize("span", [marked(1.6, 1.9, "PERSON"), marked(1.6, 1.9, "PERSON", channels=(1,))])
def test_what_people_found_is_muted_on_every_channel_before_the_first_check(tmp_path, channels, span):
    recording = write_recording(tmp_path / "two.wav", num_channels=2)
    policy = replace(PADDED, align=replace(PADDED.align, channels=channels))
    verifier = Verifier()
    outcome = run(recording, tmp_path, policy=policy, verifier=verifier, reviewed=(span,))
    assert (outcome.state, len(verifier.claims), outcome.reviewed) == (State.DONE, 1, (span,))
    assert not audio_of(tmp_path)[round(1.55 * RATE) : round(1.95 * RATE)].any()
    assert audio_of(tmp_path)[round(1.97 * RATE) :].any()
    (row,) = [row for row in report_of(tmp_path)["redactions"] if row["origin"] == "reviewed"]
    assert (row["types"], row["channels"]) == (["PERSON"], [0, 1])
    assert (row["start"], row["end"], row["score"], row["recognizers"]) == (1.55, 1.95, None, [])
    texts = [path.read_text() for path in files(tmp_path) if path.parts[-3] == "transcripts"]
    assert len(texts) == 3 and not any("hi" in text.split() for text in texts)


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (marked(0.0, 0.02), (0.0, 0.07)),
        (marked(1.98, 7.0), (1.93, 2.0)),
        (marked(1.70001, 1.80001), (1.65, 1.851)),
        (marked(2.3, 7.0), None),
    ],
)
def test_what_people_found_lies_within_the_recording_on_whole_milliseconds(recording, tmp_path, span, expected):
    run(recording, tmp_path, policy=PADDED, found=(), reviewed=(span,))
    rows = [(row["start"], row["end"]) for row in report_of(tmp_path)["redactions"]]
    assert rows == ([expected] if expected else [])


def test_what_people_found_stays_beside_what_is_found_and_where_nothing_is_understood(recording, tmp_path):
    spans = (marked(0.2, 0.3), marked(1.0, 1.7, "PIN_CODE"))
    run(recording, tmp_path, policy=PADDED, reviewed=spans)
    rows = [(row["origin"], row["start"], row["end"]) for row in report_of(tmp_path)["redactions"]]
    assert ("detected", *NAME_TIMES) in rows and ("reviewed", 0.95, 1.75) in rows
    outcome = run(recording, tmp_path, reviewed=spans, **UNHEARD)
    assert (outcome.state, outcome.muted) == (State.DONE, 2.0)


def test_of_what_is_held_back_it_is_told_that_people_found_something(recording, tmp_path):
    verifier = Verifier(Checked(faults=(Fault("residue", 0.6, 1.0, (0,)),)))
    outcome = run(recording, tmp_path, verifier=verifier, reviewed=(marked(1.7, 1.8, "PERSON"),))
    assert "reviewed" in [row["origin"] for row in outcome.account["redactions"]]
