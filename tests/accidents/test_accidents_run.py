"""A run that cannot be trusted to go on stops with exit code 2: policy, models, ledger, record and keys."""

from __future__ import annotations

import contextlib
import sqlite3
from importlib import metadata

import pytest
from accident_helpers import (
    OTHERWISE_SAID,
    SECRETS,
    Detector,
    Recognizer,
    knowing_listener,
    plant_in_muter,
    transcript_of,
    write_recording,
)
from model_stand_ins import install, sha256

from redactor import model_entries
from redactor.audit.head import head_file
from redactor.commands import run as run_command
from redactor.ledger import Ledger, State
from redactor.runfolder import locked
from redactor.settings import prepare
from redactor.verify.verifier import Verifier

pytestmark = pytest.mark.long


def test_without_a_fault_the_command_releases_the_recording(command):
    """The harness: everything here goes the same way."""
    code, printed = command()
    assert (code, printed["released"], printed["quarantined"], printed["failed"]) == (0, 1, 0, 0)
    assert (command.rows(), len(command.attempted)) == ({State.DONE: [None]}, 1)
    assert len(command.released()) == 5
    command.start_again()
    assert len(command.released()) == 5


# --- a faulty recording among good ones


def test_a_muter_that_is_switched_off_gives_exit_code_1_and_an_empty_release(command, monkeypatch):
    plant_in_muter(monkeypatch, lambda muted, original, runs: original)
    code, printed = command()
    assert (code, printed["released"], printed["quarantined"]) == (1, 0, 1)
    command.assert_nothing_released()


def test_a_transcript_of_another_recording_gives_exit_code_1_and_an_empty_release(command):
    command.recognizer = Recognizer(transcript_of(*OTHERWISE_SAID))
    code, printed = command()
    assert (code, printed["released"], printed["quarantined"]) == (1, 0, 1)
    assert command.rows() == {State.QUARANTINED: ["does-not-fit"]}
    command.assert_nothing_released()


def test_detectors_that_find_nothing_stop_the_run(command):
    command.detector = Detector(())
    command.make_verifier = lambda policy: Verifier(knowing_listener(), Detector(()), policy)
    command.assert_stopped("VerifierError")
    assert command.attempted == []


def test_a_worker_that_cannot_load_its_detector_stops_the_run(command, monkeypatch):
    def broken(spec, *, device_index):
        raise OSError(2, "No such file or directory", SECRETS[0])

    monkeypatch.setattr("redactor.engines.worker.load_tools", broken)
    command.assert_stopped("ModelError")


# --- a detector whose model is not what it was

_REGISTRY = f"""
[model.ears]
task = "transcribe"
languages = ["en"]
source = "wheel:ears"
revision = "1.0.0"
folder = "ears/model"
licence = "MIT"
licence_from = "its LICENSE"
[model.ears.files]
"model.bin" = "{sha256(b"ears")}"
[model.names]
task = "ner"
languages = ["en"]
source = "wheel:names"
revision = "1.0.0"
folder = "names/model"
licence = "MIT"
licence_from = "its LICENSE"
[model.names.files]
"meta.json" = "{sha256(b"{}")}"
"ner/model" = "{sha256(b"names")}"
"""
_OWN_MODELS = {
    "language": 'spoken = "en"\n',
    "language.detectors": 'en = "names"\n',
    "language.taggers": "",
    "transcribe": 'model = "ears"\nsecond_opinion = ""\n',
    "verify": 'model = ""\n',
}


def _with_own_models(text):
    """The policy with models of this machine where it does not say which."""
    return text + "".join(
        f"[{table}]\n{content}" for table, content in _OWN_MODELS.items() if f"[{table}]" not in text
    )


MODELS = {
    "gone": lambda folder: [(folder / "ner/model").unlink()],
    "altered": lambda folder: [(folder / "ner/model").write_bytes(b"nameS")],
    "emptied": lambda folder: [(folder / "ner/model").write_bytes(b"")],
    "joined by another file": lambda folder: [(folder / "ner/patterns").write_bytes(b"")],
}


@pytest.fixture
def names_model(command, monkeypatch, tmp_path):
    """A machine with two small models of its own; the folder of the one that finds names."""
    monkeypatch.setattr(run_command, "prepare", prepare)
    registry = tmp_path / "shipped" / "models" / "registry.toml"
    registry.parent.mkdir(parents=True)
    registry.write_text(_REGISTRY)
    monkeypatch.setattr(model_entries, "shipped_dir", lambda: tmp_path / "shipped")
    site = tmp_path / "site"
    install(site, "ears", {"model/model.bin": b"ears"})
    install(site, "names", {"model/meta.json": b"{}", "model/ner/model": b"names"})
    monkeypatch.syspath_prepend(site)
    command.policy.write_text(_with_own_models("[entities]\nPERSON = 0.5\n"))
    return site / "names" / "model"


@pytest.mark.parametrize("damage", MODELS.values(), ids=MODELS)
def test_a_model_of_the_detector_that_is_not_what_it_was_stops_the_run_before_any_work(
    command, names_model, damage
):
    damage(names_model)
    code, printed = command()
    assert (code, printed["error"]) == (2, "ModelError")
    assert command.attempted == [] and not command.out.exists()


def test_a_model_of_the_detector_that_is_of_another_version_stops_the_run(command, names_model, monkeypatch):
    (info,) = names_model.parents[1].glob("names-*")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: names\nVersion: 1.0.1\n")
    assert metadata.version("names") == "1.0.1"
    code, printed = command()
    assert (code, printed["error"]) == (2, "ModelError")
    assert not command.out.exists()


def test_models_that_are_what_they_were_are_used(command, names_model):
    """What the tests above rest on."""
    assert command()[0] == 0


# --- a policy with a slip of the pen

GOOD = "[entities]\nPERSON = 0.5\n"

# What is written, and what the message names.
POLICIES = {
    "a category that is none": ("[entities]\nPERSN = 0.5\n", "did you mean 'PERSON'"),
    "a category in lower case": ("[entities]\nperson = 0.5\n", "did you mean 'PERSON'"),
    "a category that is none beside a good one": (f"{GOOD}CREDIT_CRAD = 0.3\n", "did you mean 'CREDIT_CARD'"),
    "a table of categories that is none": ("[entity]\nPERSON = 0.5\n", "did you mean 'entities'"),
    "no category": ("[entities]\n", "nothing would be muted"),
    "nothing": ("", "nothing would be muted"),
    "a threshold that nothing reaches": ("[entities]\nPERSON = 85\n", "outside 0 to 1"),
    "a threshold that is no number": ("[entities]\nPERSON = nan\n", "outside 0 to 1"),
    "a threshold in words": ('[entities]\nPERSON = "high"\n', "must be a number"),
    "detectors under another name": (f'{GOOD}[language.detector]\nen = "x"\n', "did you mean 'detectors'"),
    "no detector": (f"{GOOD}[language.detectors]\n", "nothing could be searched"),
    "a detector that is none": (f'{GOOD}[language.detectors]\nen = "nemes"\n', "did you mean 'names'"),
    "a detector without a name": (f'{GOOD}[language.detectors]\nen = ""\n', "need names of models"),
    "a detector that is another kind of model": (f'{GOOD}[language.detectors]\nen = "ears"\n', "not 'ner'"),
    "a detector of another language": (f'{GOOD}[language.detectors]\nen = "names"\nde = "names"\n', "knows en"),
    "a second opinion that is the first, under default-deny": (
        f'{GOOD}[transcribe]\nmodel = "ears"\nsecond_opinion = "ears"\n[deny]\nenabled = true\n',
        "'ears' would be both",
    ),
    "taggers under another name": (f'{GOOD}[language.tagger]\nen = "x"\n', "did you mean 'taggers'"),
    "a tagger that is none": (f'{GOOD}[language.taggers]\nen = "tags"\n', "no model named 'tags'"),
    "a second opinion under another name": (f'{GOOD}[transcribe]\nsecond = "x"\n', "second_opinion"),
    "a second opinion that is none": (
        f'{GOOD}[transcribe]\nmodel = "ears"\nsecond_opinion = "eyes"\n',
        "no model named 'eyes'",
    ),
    "a fill that is none": (f'{GOOD}[mute]\nfill = "none"\n', "is not one of"),
    "channels that are none": (f'{GOOD}[align]\nchannels = "al"\n', "did you mean 'all'"),
    "padding inward": (f"{GOOD}[align]\npadding_before_ms = -50.0\n", "is outside 0.0"),
    "a check under another name": (f"{GOOD}[verfiy]\nshare = 1.0\n", "did you mean 'verify'"),
    "a check that is no share": (f"{GOOD}[verify]\nshare = nan\n", "is outside 0.0 to 1.0"),
    "a checking model that is none": (f'{GOOD}[verify]\nmodel = "eyes"\n', "did you mean 'ears'"),
    "a check that is switched off": (f"{GOOD}[verify]\nenabled = false\n", "unknown key 'verify.enabled'"),
}


@pytest.mark.parametrize(("text", "message"), POLICIES.values(), ids=POLICIES)
def test_a_policy_with_a_slip_of_the_pen_stops_the_run_before_any_work(command, names_model, text, message):
    command.policy.write_text(_with_own_models(text))
    code, printed = command()
    assert (code, printed["error"]) in [(2, "PolicyError"), (2, "ModelError"), (2, "UsageError")]
    assert message in command.told
    assert command.attempted == [] and not command.out.exists()


# --- the ledger


def with_a_ledger(command):
    """A run folder that a run without recordings to release has left."""
    command.folder.release.mkdir(parents=True)
    command.folder.private.mkdir(mode=0o700)
    Ledger(command.folder.ledger).close()
    return command.folder.ledger


def test_a_ledger_of_a_newer_version_stops_the_run(command):
    with contextlib.closing(sqlite3.connect(with_a_ledger(command))) as db:
        db.execute("PRAGMA user_version = 99")
    command.assert_stopped("StoreError")
    assert "newer version" in command.told and command.attempted == []


def test_a_ledger_that_another_process_holds_stops_the_run(command, monkeypatch):
    monkeypatch.setattr("redactor.sqlite._BUSY_TIMEOUT_S", 0.0)
    with contextlib.closing(sqlite3.connect(with_a_ledger(command), isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        command.assert_stopped("StoreError")
    assert "BUSY" in command.told and command.attempted == []


def test_a_run_folder_that_another_run_holds_stops_the_run(command):
    with_a_ledger(command)
    with locked(command.folder):
        command.assert_stopped("LockedError")
    assert command.attempted == []


CORRUPTIONS = {
    "not a database": lambda data: b"not a database, but a file" * 400,
    "cut": lambda data: data[: len(data) // 2],
    "zeros in the middle": lambda data: data[:4096] + bytes(4096) + data[8192:],
    "other bytes in the middle": lambda data: data[:4096] + b"\xa5" * 4096 + data[8192:],
}


@pytest.mark.parametrize("corrupt", CORRUPTIONS.values(), ids=CORRUPTIONS)
def test_a_ledger_that_is_damaged_stops_the_run(command, corrupt):
    path = with_a_ledger(command)
    path.write_bytes(corrupt(path.read_bytes()))
    command.assert_stopped("StoreError")
    assert command.attempted == []


def test_a_ledger_that_is_lost_stops_the_run_before_anything_is_removed(command):
    assert command()[0] == 0
    before = command.released()
    for path in command.folder.private.glob("ledger*"):
        path.unlink()
    code, printed = command()
    assert (code, printed["error"]) == (2, "UsageError")
    assert command.released() == before and len(command.attempted) == 1


# --- the audit record and its key


def add_a_recording(command):
    """One more, in a folder in which another was released."""
    assert command()[0] == 0
    before = command.released()
    write_recording(command.inputs / "another.wav")
    return before


def assert_stopped_beside(command, before, error):
    code, printed = command()
    assert (code, printed["error"]) == (2, error), command.told
    assert command.released() == before
    assert len(command.attempted) == 1
    assert [*command.rows()] == [State.DONE] or command.rows()[State.PENDING] == [None]


RECORDS = {
    "cut below its head": lambda lines: lines[:-1],
    "emptied": lambda lines: [],
    "with its last line changed": lambda lines: [*lines[:-1], lines[-1].replace(b'"done":1', b'"done":2')],
    "with a line behind that does not fit": lambda lines: [*lines, lines[0]],
}


@pytest.mark.parametrize("change", RECORDS.values(), ids=RECORDS)
def test_an_audit_record_that_is_not_what_its_head_says_stops_the_run(command, change):
    before = add_a_recording(command)
    path = command.folder.audit
    lines = path.read_bytes().splitlines(keepends=True)
    assert change(lines) != lines
    path.write_bytes(b"".join(change(lines)))
    left = path.read_bytes()
    assert_stopped_beside(command, before, "StoreError")
    assert path.read_bytes() == left


def test_an_audit_record_without_its_head_stops_the_run(command):
    before = add_a_recording(command)
    head_file(command.folder.audit).unlink()
    left = command.folder.audit.read_bytes()
    assert_stopped_beside(command, before, "StoreError")
    assert command.folder.audit.read_bytes() == left


def test_a_signing_key_that_is_lost_stops_the_run(command):
    before = add_a_recording(command)
    key = command.key_file.with_name("audit.key")
    key.unlink()
    left = command.folder.audit.read_bytes()
    assert_stopped_beside(command, before, "UsageError")
    assert command.folder.audit.read_bytes() == left and not key.exists()


def test_a_key_of_names_that_is_lost_stops_the_run(command):
    before = add_a_recording(command)
    command.key_file.unlink()
    assert_stopped_beside(command, before, "UsageError")
    assert not command.key_file.exists()


def test_an_audit_record_that_is_cut_while_a_recording_is_worked_on_stops_the_run(command):
    class Cuts(Detector):
        def detect(self, transcript):
            command.folder.audit.write_bytes(b"")
            return super().detect(transcript)

    command.detector = Cuts()
    command.assert_stopped("StoreError")
    assert command.folder.audit.read_bytes() == b""
    assert command.rows() == {State.PENDING: [None]}
