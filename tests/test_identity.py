"""What is redone and what is not: identity changes with whatever can change a byte, and with nothing else."""

import hashlib
import json
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest

import redactor
from redactor import identity as identity_module
from redactor.identity import run_identity
from redactor.model_registry import ModelFiles
from redactor.policy import Policy
from redactor.transcribe import Device
from redactor.types import Origin, TimeSpan

MODEL = ModelFiles("base", "transcribe", Path("/m"), ("*",), "digest-t")
NER = ModelFiles("sm", "ner", Path("/n"), ("en",), "digest-n")
POLICY = Policy("a", entities={"PERSON": 0.5})
ARGUMENTS = {
    "policy": POLICY,
    "models": {"transcribe": MODEL, "ner:en": NER},
    "device": Device("cpu", (0,), "int8"),
    "threads": 1,
    "keep_names": False,
}
PACKAGES = (
    "av ctranslate2 faster-whisper numba numpy onnxruntime phonenumbers presidio-analyzer presidio-anonymizer "
    "soundfile soxr spacy tldextract tokenizers"
).split()


def identity(**changes):
    values = {**ARGUMENTS, **changes}
    return run_identity(values.pop("policy"), values.pop("models"), **values)


@pytest.mark.parametrize(
    "change",
    [
        {"policy": replace(POLICY, entities={"PERSON": 0.6})},
        {"policy": replace(POLICY, entities={"PERSON": 0.5, "DATE_TIME": 0.5})},
        {"models": {"transcribe": replace(MODEL, digest="other"), "ner:en": NER}},
        {"models": {"transcribe": MODEL, "ner:en": replace(NER, digest="other")}},
        {"models": {"transcribe": MODEL, "ner:de": NER}},
        {"models": {"transcribe": MODEL}},
        {"models": {"transcribe": MODEL, "ner:en": NER, "identify": MODEL}},
        {"device": Device("cuda", (0,), "int8")},
        {"device": Device("cpu", (0,), "float32")},
        {"threads": 2},
        {"keep_names": True},
    ],
)
def test_identity_changes_with_whatever_can_change_a_byte(change):
    assert identity(**change).digest != identity().digest


@pytest.mark.parametrize(
    "same",
    [
        {"policy": replace(POLICY, name="b")},
        {"policy": replace(POLICY, description="other words")},
        {"models": {"ner:en": NER, "transcribe": MODEL}},
        {"models": {"transcribe": replace(MODEL, path=Path("/x")), "ner:en": replace(NER, path=Path("/y"))}},
        {"models": {"transcribe": replace(MODEL, name="alias"), "ner:en": NER}},
        {"device": Device("cpu", (0, 1, 2), "int8")},
    ],
)
def test_identity_does_not_change_with_names_places_and_gpus(same):
    assert identity(**same).digest == identity().digest


@pytest.mark.parametrize("package", PACKAGES)
def test_identity_changes_with_the_version_of_a_package(monkeypatch, package):
    before = identity().digest
    really = metadata.version
    monkeypatch.setattr(
        identity_module.metadata, "version", lambda p: "0.0.0" if p == package else really(p)
    )
    assert identity().digest != before


@pytest.mark.parametrize("package", ["pytest", "ruff", "tqdm"])
def test_identity_does_not_change_with_a_package_that_changes_no_byte(monkeypatch, package):
    before = identity().digest
    really = metadata.version
    monkeypatch.setattr(
        identity_module.metadata, "version", lambda p: "0.0.0" if p == package else really(p)
    )
    assert identity().digest == before


def test_identity_changes_with_the_version_of_this_package(monkeypatch):
    before = identity().digest
    monkeypatch.setattr(redactor, "__version__", "99")
    after = identity()
    assert after.digest != before
    assert after.provenance["version"] == "99"


def test_identity_of_a_job_depends_on_the_run_and_the_input():
    one, other = identity(), identity(threads=2)
    assert one.of_job("a") == identity().of_job("a")
    assert len({one.of_job("a"), one.of_job("b"), other.of_job("a"), one.digest}) == 4


def marked(start=1.0, end=2.0, channels=(), types=("PERSON",)):
    return TimeSpan(start, end, channels, types, Origin.REVIEWED)


def test_identity_of_a_job_depends_on_what_people_want_muted_whatever_the_order():
    one = identity()
    found = [marked(), marked(start=0.5), marked(end=2.5), marked(channels=(1,)), marked(types=())]
    jobs = {one.of_job("a", [span]) for span in found} | {one.of_job("a"), one.of_job("a", found)}
    assert len(jobs) == len(found) + 2
    assert one.of_job("a", found) == one.of_job("a", found[::-1])
    before = hashlib.sha256(f'["{one.digest}","a"]'.encode()).hexdigest()
    assert one.of_job("a", []) == one.of_job("a") == before, "what was released before findings were stays"


def test_provenance_names_policy_and_models_with_their_digests():
    provenance = identity().provenance
    assert provenance["policy"] == {"name": "a", "digest": POLICY.digest}
    assert provenance["models"] == {
        "ner:en": {"name": "sm", "digest": "digest-n"},
        "transcribe": {"name": "base", "digest": "digest-t"},
    }


def test_provenance_is_written_the_same_in_whatever_order_models_were_found():
    turned = identity(models={"ner:en": NER, "transcribe": MODEL}).provenance
    assert json.dumps(turned) == json.dumps(identity().provenance)


def test_neither_the_machine_nor_a_place_on_it_is_in_the_provenance():
    assert "/m" not in str(identity().provenance)
    assert "cpu" not in str(identity().provenance)
