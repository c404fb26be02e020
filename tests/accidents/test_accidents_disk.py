"""A disk that is full, at each write: the run stops, and the next start leaves nothing that is not listed."""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path

import pytest
from accident_helpers import SECRETS

from redactor.audit import log
from redactor.ledger import Ledger, State
from redactor.runs import Archive

pytestmark = pytest.mark.long

FULL = OSError(errno.ENOSPC, "No space left on device", SECRETS[0])


def raising(*_, **__):
    raise FULL


def audio_is_staged(monkeypatch):
    monkeypatch.setattr("redactor.audio.encode._write", raising)


def texts_are_staged(monkeypatch):
    really = Path.write_bytes

    def write_bytes(self, data):
        if ".staging" in self.parts:
            really(self, data[: len(data) // 2])
            raise FULL
        return really(self, data)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)


def staged_files_are_synced(monkeypatch):
    monkeypatch.setattr("redactor.staging.fsync_file", raising)


def staged_files_are_read_again(monkeypatch):
    monkeypatch.setattr("redactor.staging.sha256_file", raising)


def files_get_their_names(monkeypatch):
    really, done = Path.replace, []

    def replace_twice(self, target):
        if ".staging" in self.parts:
            done.append(target)
            if len(done) == 3:
                raise FULL
        return really(self, target)

    monkeypatch.setattr(Path, "replace", replace_twice)


def names_are_synced(monkeypatch):
    monkeypatch.setattr("redactor.staging.fsync_dir", raising)


def the_audit_record_is_written(monkeypatch):
    really = log._write

    def write(descriptor, events, tail):
        if any(event.kind == "recording" for event in events):
            raise FULL
        return really(descriptor, events, tail)

    monkeypatch.setattr(log, "_write", write)


def the_audit_head_is_written(monkeypatch):
    really, heads = log.write_atomic, []

    def write_atomic(path, data, **how):
        heads.append(path)
        if len(heads) == 3:  # an empty record, a run that started, a recording
            raise FULL
        return really(path, data, **how)

    monkeypatch.setattr(log, "write_atomic", write_atomic)


def the_ledger_is_written(monkeypatch):
    """SQLite's own refusal: no page more than it has."""
    really = Ledger.finish

    def finish(self, row):
        (pages,) = self._db.execute("PRAGMA page_count").fetchone()
        self._db.execute(f"PRAGMA max_page_count = {pages}")
        really(self, replace(row, detail="-" * 50_000))

    monkeypatch.setattr(Ledger, "finish", finish)


WRITES = [
    audio_is_staged,
    texts_are_staged,
    staged_files_are_synced,
    staged_files_are_read_again,
    files_get_their_names,
    names_are_synced,
    the_audit_record_is_written,
    the_audit_head_is_written,
    the_ledger_is_written,
]


@pytest.mark.parametrize("write", WRITES, ids=lambda write: write.__name__)
def test_a_disk_that_is_full_when(command, monkeypatch, write):
    with monkeypatch.context() as planted:
        write(planted)
        command.assert_stopped("StoreError")
        assert State.DONE not in command.rows()
    command.start_again()
    command.assert_nothing_released()
    assert command()[0] == 0 and len(command.released()) == 5


def test_a_disk_that_is_full_when_the_manifest_is_written_leaves_it_as_it_was(command, monkeypatch):
    """The ledger is the truth: what it lists is released, and the next start writes the view of it."""
    really, written = Archive.write_manifest, []

    with monkeypatch.context() as planted:

        def write_manifest(self):
            written.append(self)
            if len(written) > 1:  # the first is at the start
                planted.setattr("redactor.runs.atomic_file", raising)
            really(self)

        planted.setattr(Archive, "write_manifest", write_manifest)
        code, printed = command()
        assert (code, printed["exit_code"]) == (2, 2)
    assert command.folder.manifest.read_bytes() == b""
    command.start_again()
    (line,) = command.folder.manifest.read_text().splitlines()
    paths = {command.folder.release / file["path"] for file in json.loads(line)["files"]}
    assert paths == set(command.released())
