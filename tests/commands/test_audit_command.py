"""``redactor audit verify`` and ``redactor audit head``."""

import json
from contextlib import closing

import pytest

from redactor import cli
from redactor.audit import (
    AuditLog,
    Event,
    default_signing_key,
    head_file,
    load_signing_key,
    public_file,
    read_head,
)
from redactor.commands.audit import _REASONS, audit_head, audit_verify
from redactor.errors import UsageError
from redactor.ledger import Ledger
from redactor.runfolder import create_run_folder

NOTHING = {"private": None, "public_key": None, "key_file": None}


@pytest.fixture(autouse=True)
def _settings(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def out(tmp_path):
    folder = create_run_folder(tmp_path / "out")
    folder.ledger.touch()
    append(folder.out, 3)
    return folder.out


def log_of(out):
    return out / "private" / "audit.jsonl"


def append(out, number):
    log = AuditLog(log_of(out), key=load_signing_key(default_signing_key(), create=True))
    return log.append([Event("recording", {"number": n}) for n in range(number)])


def verify(out, **options):
    return audit_verify(out, **{"head": None, "as_json": False, **NOTHING, **options})


def as_json(capsys, out, **options):
    code = verify(out, as_json=True, **options)
    return code, json.loads(capsys.readouterr().out)


def keep(out, tmp_path):
    kept = tmp_path / "kept.json"
    kept.write_bytes(head_file(log_of(out)).read_bytes())
    return kept


def edit(out, old, new):
    log_of(out).write_bytes(log_of(out).read_bytes().replace(old, new))


def test_a_record_that_fits_is_told_in_one_line(out, capsys):
    assert verify(out) == 0
    printed, notes = capsys.readouterr()
    head = read_head(head_file(log_of(out)))
    assert printed == f"the record fits: 3 lines, signed up to line 3 at {head.time} with key {head.key}\n"
    assert notes == ""


def test_a_record_that_fits_is_told_as_json(out, capsys):
    code, found = as_json(capsys, out)
    head = read_head(head_file(log_of(out)))
    assert code == 0
    assert found == {
        "fits": True,
        "lines": 3,
        "first_bad_line": None,
        "reason": "fits",
        "head": head.to_document(),
        "head_file": str(head_file(log_of(out))),
        "head_trust": "fits",
        "lines_after_head": 0,
        "times_back": 0,
        "repairs": 0,
    }


def test_the_first_line_that_does_not_fit_is_named(out, capsys):
    edit(out, b'"number":1', b'"number":9')
    assert verify(out) == 1
    printed, _ = capsys.readouterr()
    assert printed.startswith("line 2 does not fit: it was changed")
    assert printed.count("\n") == 1
    code, found = as_json(capsys, out)
    assert (code, found["fits"], found["first_bad_line"], found["reason"]) == (1, False, 2, "hash")


def test_a_head_kept_elsewhere_shows_an_older_record_that_was_put_back(out, tmp_path, capsys):
    old = {path: path.read_bytes() for path in (log_of(out), head_file(log_of(out)))}
    append(out, 2)
    kept = keep(out, tmp_path)
    assert verify(out, head=kept) == 0
    for path, content in old.items():
        path.write_bytes(content)
    assert verify(out) == 0
    assert verify(out, head=kept) == 1
    assert "line 4 does not fit: it is missing" in capsys.readouterr().out
    code, found = as_json(capsys, out, head=kept)
    assert (code, found["reason"], found["head_file"]) == (1, "cut", str(kept))


def test_beside_a_head_kept_elsewhere_the_folders_own_still_counts(out, tmp_path, capsys):
    kept = keep(out, tmp_path)
    append(out, 2)
    assert as_json(capsys, out, head=kept)[1]["lines_after_head"] == 0
    log_of(out).write_bytes(b"".join(log_of(out).read_bytes().splitlines(keepends=True)[:4]))
    code, found = as_json(capsys, out, head=kept)
    assert (code, found["reason"], found["head_file"]) == (1, "cut", str(head_file(log_of(out))))


def test_a_record_without_its_head_does_not_fit(out, tmp_path, capsys):
    kept = keep(out, tmp_path)
    head_file(log_of(out)).unlink()
    assert verify(out) == verify(out, head=kept) == 1
    assert capsys.readouterr().out.count("the record does not fit: the signed head is missing") == 2


@pytest.fixture
def begun(tmp_path):
    """What a first run leaves that is killed before it has signed anything."""
    folder = create_run_folder(tmp_path / "begun")
    load_signing_key(default_signing_key(), create=True)
    with closing(Ledger(folder.ledger)):
        log_of(folder.out).touch(0o600)
    return folder.out


def test_a_record_that_is_only_begun_fits(begun, capsys):
    assert verify(begun) == 0
    assert "the record fits: it is empty, and the next run signs it" in capsys.readouterr().out
    code, found = as_json(capsys, begun)
    assert (code, found["fits"], found["reason"], found["lines"], found["head"]) == (0, True, "fits", 0, None)
    append(begun, 1)
    assert verify(begun) == 0


def test_an_emptied_record_of_recordings_whose_head_was_removed_does_not_fit(begun, capsys):
    append(begun, 2)
    with closing(Ledger(begun / "private" / "ledger.sqlite3")) as ledger:
        ledger.add(["ab1"])
    head_file(log_of(begun)).unlink()
    log_of(begun).write_bytes(b"")
    assert verify(begun) == 1
    assert "the signed head is missing" in capsys.readouterr().out


def test_a_begun_record_does_not_fit_a_head_kept_from_before_it_was_emptied(begun, tmp_path, capsys):
    append(begun, 2)
    kept = keep(begun, tmp_path)
    head_file(log_of(begun)).unlink()
    log_of(begun).write_bytes(b"")
    code, found = as_json(capsys, begun, head=kept)
    assert (code, found["reason"], found["first_bad_line"]) == (1, "cut", 1)


def test_a_record_without_its_head_still_names_a_bad_line(out, capsys):
    head_file(log_of(out)).unlink()
    edit(out, b'"number":1', b'"number":9')
    code, found = as_json(capsys, out)
    assert (code, found["first_bad_line"], found["reason"]) == (1, 2, "hash")


def test_a_record_that_is_gone_does_not_fit_its_head(out, capsys):
    log_of(out).unlink()
    code, found = as_json(capsys, out)
    assert (code, found["reason"], found["first_bad_line"]) == (1, "cut", 1)


def test_a_folder_without_a_record_cannot_be_read(out, tmp_path):
    kept = keep(out, tmp_path)
    log_of(out).unlink()
    head_file(log_of(out)).unlink()
    with pytest.raises(UsageError, match="no record"):
        verify(out)
    assert verify(out, head=kept) == 1


@pytest.mark.parametrize("call", [verify, lambda out, **o: audit_head(out, **{**NOTHING, **o})])
def test_keys_are_found_or_asked_for(out, tmp_path, call):
    key, public = default_signing_key(), public_file(default_signing_key())
    assert call(out, public_key=public) == call(out, key_file=key) == 0
    other = tmp_path / "other.key"
    load_signing_key(other, create=True)
    assert call(out, public_key=public_file(other)) == call(out, key_file=other) == 1
    key.rename(tmp_path / "away.key")
    assert call(out) == 0
    public.rename(tmp_path / "away.pub")
    with pytest.raises(UsageError, match="--public-key"):
        call(out)
    with pytest.raises(UsageError, match="--public-key and --key-file"):
        call(out, public_key=tmp_path / "away.pub", key_file=tmp_path / "away.key")


def test_of_a_head_that_is_not_believed_no_line_is_said_to_be_added(out, tmp_path, capsys):
    other = tmp_path / "other.key"
    load_signing_key(other, create=True)
    assert verify(out, public_key=public_file(other)) == 1
    told = capsys.readouterr()
    assert "signed with another key" in told.out
    assert "not signed" not in told.err
    head_file(log_of(out)).unlink()
    assert verify(out) == 1
    assert "not signed" not in capsys.readouterr().err


def test_what_a_killed_process_left_is_noted(out, capsys, monkeypatch):
    head = head_file(log_of(out)).read_bytes()
    append(out, 2)
    head_file(log_of(out)).write_bytes(head)
    assert verify(out) == 0
    assert capsys.readouterr().err.startswith("2 lines after the head are not signed")
    monkeypatch.setattr("redactor.audit.log.utc_now", lambda: "2001-01-01T00:00:00.000Z")
    append(out, 1)
    assert verify(out) == 0
    notes = capsys.readouterr().err.splitlines()
    assert [note[:12] for note in notes] == ["1 lines have", "1 lines reco"]


@pytest.mark.parametrize("options", [{"head": "gone.json"}, {"head": "bad.json"}, {"public_key": "bad.json"}])
def test_a_file_that_cannot_be_used_is_named(out, tmp_path, options):
    (tmp_path / "bad.json").write_text("{}")
    ((name, file),) = options.items()
    with pytest.raises(UsageError, match=file):
        verify(out, **{name: tmp_path / file})


def test_what_is_no_run_folder_is_refused(tmp_path):
    for call in (lambda: verify(tmp_path), lambda: audit_head(tmp_path, **NOTHING)):
        with pytest.raises(UsageError, match="not a run folder"):
            call()


def test_the_head_is_printed_as_it_can_be_kept(out, tmp_path, capsys):
    assert audit_head(out, **NOTHING) == 0
    printed = capsys.readouterr().out
    assert printed == head_file(log_of(out)).read_text()
    (tmp_path / "kept.json").write_text(printed)
    assert verify(out, head=tmp_path / "kept.json") == 0


@pytest.mark.parametrize(
    ("tamper", "message"),
    [
        (lambda path: path.unlink(), "the signed head is missing"),
        (lambda p: p.write_text(p.read_text().replace('"count":3', '"count":4')), "the head was changed"),
    ],
)
def test_a_head_that_is_not_to_be_believed_is_not_printed(out, capsys, tamper, message):
    tamper(head_file(log_of(out)))
    assert audit_head(out, **NOTHING) == 1
    printed, said = capsys.readouterr()
    assert printed == "" and said.startswith(message)


def test_every_reason_has_words():
    of_lines = "torn not-json malformed too-long seq previous hash cut rewritten"
    assert set(_REASONS) == {*of_lines.split(), "no-head", "head-key", "head-signature"}


@pytest.mark.parametrize("named", [(), ("--key-file", "names.key"), ("--public-key", "audit.pub")])
@pytest.mark.parametrize("action", ["verify", "head"])
def test_the_command_line_takes_either_key_or_the_users_own(out, tmp_path, capsys, action, named):
    options = [named[0], str(tmp_path / "config" / "redactor" / named[1])] if named else []
    assert cli.main(["audit", action, str(out), *options]) == 0


def test_the_command_line_takes_no_two_keys(out, tmp_path, capsys):
    assert cli.main(["audit", "verify", str(out), "--key-file", "a", "--public-key", "b"]) == 2
    assert "--public-key and --key-file" in capsys.readouterr().err
