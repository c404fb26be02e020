"""Redacted once more for one request: by its own policy, checked, and with what its subject may keep."""

import json
from contextlib import closing
from dataclasses import replace

import pytest
import soundfile as sf
from export_house import House, entry
from kill_helpers import EXAMPLES, write_policy
from leak_stand_ins import HI, PADDED, marked
from stage_stand_ins import NAME_TIMES, SECRET, Verifier, write_recording

from redactor.config import load_policy
from redactor.errors import LockedError, UsageError
from redactor.export import redo
from redactor.export.forget import forget_redactions
from redactor.export.redo import keepable, redact_for, redaction_folder, remove_redactions, subject_channel
from redactor.inputs import find_inputs
from redactor.keep import Keep
from redactor.ledger import Ledger, State
from redactor.policy import MutePolicy, VerifyPolicy
from redactor.runfolder import RunFolder, create_run_folder, locked
from redactor.runs import Archive
from redactor.runthrough import begin, carry_out
from redactor.settings import Settings, prepare
from redactor.verify.claim import Checked

pytestmark = pytest.mark.long

REQUEST = "r-20261129-1"
POLICY = replace(PADDED, name="access", mute=MutePolicy(fade_ms=20.0), verify=VerifyPolicy(share=0.25))
RATE = 8_000
UNSPOKEN = "Zebedee Umlaut 99887766"


@pytest.fixture
def house(tmp_path, monkeypatch):
    monkeypatch.setattr(redo, "prepare", House.prepare)
    made = House(tmp_path, monkeypatch, num_channels=2)
    made.run()
    return made


@pytest.fixture
def names(house):
    return house.names()


def redacted(house, names, keep=None, request=REQUEST, policy=POLICY):
    house.stages.done.clear()
    with house.archive() as archive:
        return redact_for(archive, request, names, policy=policy, keep=keep)


def place(house, request=REQUEST):
    return redaction_folder(house.folder, request)


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def samples(folder, name):
    path = folder / "release" / "audio" / name[:2] / f"{name}.wav"
    return sf.read(path, dtype="int16", always_2d=True)[0]


def report(folder, name):
    return json.loads((folder / "release" / "reports" / name[:2] / f"{name}.json").read_text())


def is_silent(audio, channel, start, end):
    return not audio[round(start * RATE) : round(end * RATE), channel].any()


def ledger_row(house, name, request=REQUEST):
    with closing(Ledger(place(house, request) / "private" / "ledger.sqlite3")) as ledger:
        return ledger.row(name)


def test_just_what_is_asked_for_is_redacted_under_the_policy_of_the_request(house, names):
    before = {path: path.read_bytes() for path in files(house.out / "release")}
    rows = redacted(house, names[:1])
    assert list(rows) == names[:1] == house.stages.done
    row = rows[names[0]]
    assert (row.state, row.verdict) == (State.DONE, "passed")
    wanted = replace(POLICY, verify=replace(POLICY.verify, share=1.0))
    assert row.provenance["policy"] == {"name": "access", "digest": wanted.digest}
    assert all((place(house) / "release" / file.path).is_file() for file in row.files)
    assert place(house) == house.out / "private" / "export" / REQUEST / "redacted"
    assert {path: path.read_bytes() for path in files(house.out / "release")} == before
    assert is_silent(samples(place(house), names[0]), 0, *NAME_TIMES)
    for folder in (place(house).parent, place(house).parents[1]):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_what_nobody_listens_to_does_not_come_back(house, names):
    house.stages.verifier = Verifier(Checked(listened=False), Checked(listened=True))
    rows = redacted(house, names)
    assert list(rows) == names[1:]
    assert ledger_row(house, names[0]).reason == "not-listened"


def test_what_people_found_is_muted_here_too(house, names):
    with house.archive() as archive:
        archive.ledger.add_reviewed(names[0], [marked(HI.start, HI.end)])
    redacted(house, names)
    for name, silent in zip(names, (True, False), strict=True):
        audio = samples(place(house), name)
        assert is_silent(audio, 0, HI.start, HI.end) is is_silent(audio, 1, HI.start, HI.end) is silent


@pytest.mark.parametrize("state", [State.PENDING, State.QUARANTINED, State.FORGOTTEN, State.FAILED])
def test_what_the_run_does_not_release_does_not_come_back_and_what_was_there_goes(house, names, state):
    assert list(redacted(house, names)) == names
    with house.archive() as archive:
        archive.ledger.finish(replace(archive.ledger.row(names[0]), state=state, files=()))
    assert list(redacted(house, names)) == names[1:]
    assert not any(names[0] in path.name for path in files(place(house)))
    assert names[0] not in (place(house) / "release" / "manifest.jsonl").read_text()
    with house.archive() as archive:
        archive.ledger.finish(replace(archive.ledger.row(names[1]), state=state, files=()))
    assert redacted(house, names) == {} and not place(house).exists()


def test_what_the_request_no_longer_names_goes(house, names):
    redacted(house, names)
    assert list(redacted(house, names[1:])) == names[1:]
    assert not any(names[0] in path.name for path in files(place(house)))


def test_an_input_that_was_exchanged_since_the_run_does_not_come_back(house, names):
    with house.archive() as archive:
        (path,) = [p for p in house.inputs.iterdir() if archive.names_for(str(p)) == names[:1]]
    write_recording(path, duration=2.0, num_channels=2).write_bytes(path.read_bytes()[:-2] + b"\1\1")
    assert list(redacted(house, names)) == names[1:]


def test_a_run_that_kept_names_is_not_exported(house, names, monkeypatch):
    with house.archive() as archive:
        monkeypatch.setattr(archive, "keep_names", True)
        with pytest.raises(UsageError, match="kept the names"):
            redact_for(archive, REQUEST, names, policy=POLICY)


# --- what is kept


def keep(*names, identifiers=(SECRET, UNSPOKEN), channel=0):
    return Keep(identifiers, dict.fromkeys(names, channel))


def test_an_identifier_is_heard_and_printed_where_the_subjects_channel_is_known(house, names):
    rows = redacted(house, names, keep(names[0]))
    assert list(rows) == names
    folder = place(house)
    assert not is_silent(samples(folder, names[0]), 0, *NAME_TIMES)
    assert is_silent(samples(folder, names[0]), 1, *NAME_TIMES)
    assert is_silent(samples(folder, names[1]), 0, *NAME_TIMES)
    assert report(folder, names[0])["kept"] == {"number": 1, "types": ["PERSON"]}
    assert "kept" not in report(folder, names[1])
    with_name = [path for path in files(house.place) if SECRET.encode() in path.read_bytes()]
    assert {path.name.partition(".")[0] for path in with_name} == {names[0]}
    assert all(path.is_relative_to(folder / "release" / "transcripts") for path in with_name)


def test_what_is_kept_is_written_nowhere(house, names):
    redacted(house, names, keep(*names))
    for path in files(house.place):
        content = path.read_bytes().lower()
        assert b"zebedee" not in content and b"99887766" not in content, path


def test_with_other_identifiers_all_is_done_anew_and_with_the_same_nothing(house, names):
    redacted(house, names, keep(*names))
    redacted(house, names, keep(*names, identifiers=(UNSPOKEN, SECRET)))
    assert house.stages.done == []
    redacted(house, names, keep(*names, identifiers=(UNSPOKEN,)))
    assert sorted(house.stages.done) == names
    assert is_silent(samples(place(house), names[0]), 0, *NAME_TIMES)
    redacted(house, names, keep(*names))
    redacted(house, names)
    assert sorted(house.stages.done) == names
    assert is_silent(samples(place(house), names[0]), 0, *NAME_TIMES)


def test_no_two_requests_show_that_they_keep_the_same(house, names):
    identities = set()
    for request in ("one", "two"):
        redacted(house, names, keep(*names), request=request)
        identities.add(ledger_row(house, names[0], request).run_identity)
    redacted(house, names, request="three")
    identities.add(ledger_row(house, names[0], "three").run_identity)
    assert len(identities) == 3


# --- and taken away


def test_a_folder_is_erased_and_no_other(house, names):
    for request in ("one", "two"):
        redacted(house, names, request=request)
    remove_redactions(house.folder, "one")
    remove_redactions(house.folder, "one")
    assert not place(house, "one").exists() and files(place(house, "two"))
    assert house.listed() == names


def test_a_link_in_its_place_is_not_followed(house, names):
    place(house).parent.mkdir(parents=True)
    place(house).symlink_to(house.out / "release", target_is_directory=True)
    remove_redactions(house.folder, REQUEST)
    assert house.released() == names and not place(house).is_symlink()


def test_what_is_being_written_is_not_erased(house, names):
    redacted(house, names)
    with locked(RunFolder(place(house), place(house) / "private")), pytest.raises(LockedError):
        remove_redactions(house.folder, REQUEST)
    assert files(place(house))


def test_a_recording_that_is_erased_goes_from_every_request(house, names):
    for request in ("one", "two"):
        redacted(house, names, keep(*names), request=request)
    forget_redactions(house.folder, names[0])
    for request in ("one", "two"):
        assert not any(names[0] in path.name for path in files(place(house, request)))
        assert ledger_row(house, names[0], request).state is State.FORGOTTEN
        assert ledger_row(house, names[1], request).state is State.DONE
        assert any(names[1] in path.name for path in files(place(house, request)))


@pytest.mark.parametrize("request_id", ["", "..", "a/b", ".", "-a", "a\n", "ü", "a" * 65])
def test_what_is_no_id_names_no_folder(house, names, request_id):
    with pytest.raises(UsageError, match="no id of a request"):
        redacted(house, names, request=request_id)
    with pytest.raises(UsageError, match="no id of a request"):
        remove_redactions(house.folder, request_id)


@pytest.mark.parametrize(
    ("roles", "num_channels", "reason"),
    [
        ({0: "agent", 1: "subject"}, 2, None),
        ({0: "subject"}, 2, None),
        ({0: "subject", 1: "agent"}, 1, "mixed-channel"),
        ({}, 1, "mixed-channel"),
        ({}, 2, "no-subject-channel"),
        ({0: "agent", 1: "other"}, 2, "no-subject-channel"),
        ({0: "subject", 1: "subject"}, 2, "several-subject-channels"),
        ({2: "subject"}, 2, "no-such-channel"),
    ],
)
def test_it_is_said_why_nothing_can_be_kept(roles, num_channels, reason):
    found = entry("ab" * 16, roles=roles)
    assert keepable(found, num_channels) == reason
    if reason is None:
        assert roles[subject_channel(found)] == "subject"


def test_what_is_in_no_catalog_can_keep_nothing():
    assert keepable(None, 2) == "not-catalogued"


# --- on the real tiny.en


@pytest.mark.model
@pytest.mark.long
def test_a_caller_hears_their_own_name_and_no_other(tmp_path):
    """The first 10 s: the caller, on the right channel, greets somebody and says her own name."""
    call, rate = sf.read(EXAMPLES / "call_two_channels_8k.wav", dtype="int16")
    (tmp_path / "in").mkdir()
    sf.write(tmp_path / "in" / "call.wav", call[: 10 * rate], rate, subtype="PCM_16")
    key_file = tmp_path / "keys" / "names.key"
    key_file.parent.mkdir()
    policy = load_policy(str(write_policy(tmp_path)))
    policy = replace(policy, transcribe=replace(policy.transcribe, second_opinion=""))
    settings = Settings(policy, "tiny.en", "cpu", 1, 1, key_file, False)
    folder = create_run_folder(tmp_path / "out")
    with locked(folder), closing(Archive(folder, key_file=key_file, keep_names=False)) as archive:
        prepared = prepare(settings)
        plan = begin(archive, prepared, find_inputs([str(tmp_path / "in")]).inputs)
        (row,) = carry_out(archive, prepared, plan, on_row=lambda row: None)
        name = row.name
        hers, not_hers = Keep(("Suzanne",), {name: 1}), Keep(("Terry", "Suzanne"), {name: 0})
        kept = redact_for(archive, "r1", [name], policy=policy, keep=hers)
        muted = redact_for(archive, "r2", [name], policy=policy, keep=not_hers)
    assert kept[name].verdict == muted[name].verdict == "passed"
    text, without = (
        (redaction_folder(folder, request) / f"release/transcripts/{name[:2]}/{name}.txt").read_text()
        for request in ("r1", "r2")
    )
    assert "Suzanne" in text and "Terry" not in text
    assert "Suzanne" not in without and "Terry" not in without
    one, two = (samples(redaction_folder(folder, request), name) for request in ("r1", "r2"))
    inside = slice(round(4.9 * rate), round(5.2 * rate))
    assert (one[inside, 1] == call[inside, 1]).all() and not one[inside, 0].any()
    assert not two[inside].any()
    assert report(redaction_folder(folder, "r1"), name)["kept"] == {"number": 1, "types": ["PERSON"]}
    assert report(redaction_folder(folder, "r2"), name)["kept"] == {"number": 0, "types": []}
