"""The same with the real tiny.en and the real detector, on recordings whose words are known."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import soundfile as sf
from accident_helpers import Deaf, Detector, short_sentinels

from redactor.audio.recording import open_recording
from redactor.config import load_policy
from redactor.engines.worker import WorkerSpec, load_tools
from redactor.errors import VerifierError
from redactor.files import bench_sample_dir
from redactor.policy import VerifyPolicy
from redactor.sentinels import challenge
from redactor.settings import Settings, prepare
from redactor.verify.verifier import Verifier

pytestmark = pytest.mark.model

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CALL, ANOTHER_CALL = bench_sample_dir() / "audio" / "call-0000.flac", EXAMPLES / "call_two_channels_8k.wav"
CUT_S = 24.0
STANDARD = load_policy("standard")
# One model, English that is trusted, and nothing is mended: what is found holds the recording back.
POLICY = replace(
    STANDARD,
    language=replace(STANDARD.language, spoken="en"),
    transcribe=replace(STANDARD.transcribe, model="tiny.en", second_opinion=""),
    verify=VerifyPolicy(max_rounds=0),
)


@pytest.fixture(scope="module")
def tools():
    """What a worker loads."""
    nowhere = Path("nowhere")
    prepared = prepare(Settings(POLICY, "tiny.en", "cpu", 1, 1, nowhere, False))
    spec = WorkerSpec(POLICY, prepared.models, prepared.device, 1, 1, nowhere, nowhere, False, {})
    return load_tools(spec, device_index=0)


@pytest.fixture(scope="module")
def heard(tools, tmp_path_factory):
    """The beginnings of two calls: path, and what the recognizer hears in it."""
    found = {}
    for path in (CALL, ANOTHER_CALL):
        samples, rate = sf.read(path, dtype="int16", always_2d=True)
        cut = tmp_path_factory.mktemp("calls") / f"{path.stem}.wav"
        sf.write(cut, samples[: round(CUT_S * rate)], rate)
        with open_recording(cut) as recording:
            found[path] = (cut, tools.recognizer.transcribe(recording, POLICY))
    return found


def personal_words():
    """What is personal in the first call, as far as it goes."""
    rows = map(json.loads, (bench_sample_dir() / "gold.jsonl").read_text().splitlines())
    (row,) = [row for row in rows if row["audio"].endswith(CALL.name)]
    said = [(text, label) for text, _, end, label, *_ in row["words"] if end < CUT_S]
    return {text for text, label in said if label != "-" and len(text) > 4}


def repeating(what):
    """A recognizer that says again what was heard before."""
    return SimpleNamespace(transcribe=lambda recording, policy: what)


def test_the_real_check_passes_its_challenge(tools, tmp_path):
    """The harness: what is broken below is all that is broken."""
    challenge(tools.verifier, POLICY, short_sentinels(), tmp_path, draw=random.Random(1))


def test_a_detector_that_finds_nothing_in_recordings_that_are_not_redacted_stops_the_run(tools, tmp_path):
    verifier = Verifier(tools.recognizer, Detector(()), POLICY)
    with pytest.raises(VerifierError, match=r"found nothing personal \(hearing, text\)"):
        challenge(verifier, POLICY, short_sentinels(), tmp_path, draw=random.Random(1))


def test_a_deaf_listener_beside_the_real_detector_stops_the_run(tools, tmp_path):
    verifier = Verifier(Deaf(), tools.detector, POLICY)
    with pytest.raises(VerifierError, match=r"found nothing personal \(hearing\)"):
        challenge(verifier, POLICY, short_sentinels(), tmp_path, draw=random.Random(1))


def test_a_recording_handed_on_as_finished_without_being_redacted_is_heard_and_held_back(flow, tools, heard):
    """Its first pass found nothing: no span, no fault in the sound, no placeholder. The check listens."""
    flow.input, words = heard[CALL]
    assert personal_words()
    flow.run(recognizer=repeating(words), detector=Detector(()), verifier=tools.verifier, policy=POLICY)
    row = flow.assert_held("still-personal")
    found = row.account["check"][0]["found"]
    assert "hearing" in {one["source"] for one in found}
    account = re.findall(r"[a-z]+", json.dumps(row.account).casefold().replace("_", ""))
    assert not {word.casefold() for word in personal_words()} & {*account}


def test_the_transcript_of_another_call_is_held_back(flow, tools, heard):
    flow.input, _ = heard[CALL]
    _, words = heard[ANOTHER_CALL]
    flow.run(recognizer=repeating(words), detector=tools.detector, verifier=tools.verifier, policy=POLICY)
    flow.assert_held("does-not-fit")
