"""``redactor`` in this process, with stand-ins for the models alone: all that touches files is real."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import stat
from pathlib import Path
from types import SimpleNamespace

from stage_stand_ins import NAME, POLICY, Stage, Verifier, heard

from redactor import cli, runs
from redactor.commands import run as run_command
from redactor.engines.base import attempt, settle
from redactor.identity import run_identity
from redactor.pipeline import Tools
from redactor.runfolder import clear_staging
from redactor.settings import Prepared


class Recognizer(Stage):
    """Hears the same in every recording that is long enough for it."""

    def transcribe(self, recording, policy):
        words = ("this", 0.0, 0.4), ("is", 0.4, 0.6), ("Ada", 0.6, 1.0), ("Quill", 1.0, 1.4)
        self.result = heard(*words, duration=recording.duration)
        return super().transcribe(recording, policy)


class Engine:
    """Attempts, commits and marks as workers and parent do, one recording after another."""

    def __init__(self, archive, prepared):
        self._archive, self._prepared = archive, prepared

    def run(self, jobs, *, on_row):
        archive, identity = self._archive, self._prepared.identity
        tools = Tools(Recognizer(None), Stage((NAME,)), Verifier(), POLICY)
        for job in jobs:
            outcome = attempt(
                job,
                tools,
                release=archive.folder.release,
                keep_names=archive.keep_names,
                provenance=identity.provenance,
            )
            on_row(
                settle(
                    outcome,
                    folder=archive.folder,
                    ledger=archive.ledger,
                    record=archive.record,
                    identity=identity,
                )
            )
        clear_staging(archive.folder)


def prepare(settings):
    device = SimpleNamespace(kind="cpu", compute_type="int8", num_workers=1)
    identity = run_identity(
        settings.policy, {}, device=device, threads=settings.threads, keep_names=settings.keep_names
    )
    return Prepared(settings, device, models={}, identity=identity)


def install(monkeypatch, home: Path) -> None:
    """Have `redactor` use the stand-ins, and settings below `home`."""
    monkeypatch.setattr(run_command, "prepare", prepare)
    monkeypatch.setattr(runs.Archive, "engine", lambda archive, prepared: Engine(archive, prepared))
    # That bytes are synced is tested elsewhere; here it would only take time.
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))


def redactor(*words) -> SimpleNamespace:
    """Exit code and what was said; an error nobody foresaw is a failure here."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        try:
            code = cli.main([os.fspath(word) for word in words])
        except SystemExit as stop:
            code = stop.code
    said = SimpleNamespace(code=code, out=out.getvalue(), err=err.getvalue())
    assert code in (0, 1, 2), said
    assert "internal error" not in said.err, said.err
    assert "Traceback" not in said.err, said.err
    return said


def snapshot(root: Path, *, without: tuple[Path, ...]) -> dict[bytes, tuple]:
    """Everything below a folder, but for some of its own folders: kind, mode, size, time and content."""
    found = {}
    skipped = {os.fsencode(path) for path in without}
    for where, folders, files in os.walk(os.fsencode(root)):
        folders[:] = [name for name in folders if os.path.join(where, name) not in skipped]
        for name in (*folders, *files):
            path = os.path.join(where, name)
            about = os.lstat(path)
            content = b""
            if stat.S_ISREG(about.st_mode):
                content = hashlib.sha256(Path(os.fsdecode(path)).read_bytes()).digest()
            elif stat.S_ISLNK(about.st_mode):
                content = os.readlink(path)
            time = 0 if stat.S_ISDIR(about.st_mode) else about.st_mtime_ns
            found[path] = (about.st_mode, about.st_size if content else 0, time, content)
    return found
