"""A run folder whose recordings are redacted in this process by stages that say what they are told."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import soundfile as sf
from stage_stand_ins import GOOD, NAME, POLICY, Stage, Verifier, heard, prepared, write_recording

from redactor.engines.base import attempt, settle
from redactor.inputs import find_inputs
from redactor.ledger import State
from redactor.pipeline import Tools
from redactor.policy import VerifyPolicy
from redactor.review import entries
from redactor.review.store import insert_findings
from redactor.runfolder import create_run_folder, locked
from redactor.runs import Archive
from redactor.runthrough import begin, carry_out
from redactor.settings import Settings
from redactor.types import Origin, TimeSpan

# What nobody finds: no detector of these tests knows it.
LEAK = heard(("my", 0.0, 0.2), ("name", 0.3, 0.5), ("is", 0.5, 0.6), ("Torsten", 0.8, 1.2), ("Quill", 1.2, 1.6))
LEAK_TIMES = (0.8, 1.6)
HI = GOOD.segments[0].words[-1]  # a word of GOOD that no detector finds

PADDED = replace(POLICY, verify=VerifyPolicy(padding_ms=50.0))


def marked(start, end, *types, channels=()):
    return TimeSpan(start, end, channels, types or ("PERSON",), Origin.REVIEWED)


class Engine:
    """In place of a LocalEngine: one recording after the other, here."""

    def __init__(self, archive, prepared, stages):
        self.archive, self.prepared, self.stages = archive, prepared, stages

    def run(self, jobs, *, on_row):
        for job in jobs:
            policy = self.prepared.settings.policy
            stages = Stage(self.stages.transcript), Stage(self.stages.found)
            tools = Tools(*stages, self.stages.verifier or Verifier(), policy, keep=self.prepared.keep)
            self.archive.ledger.lease([job.name])
            outcome = attempt(
                job,
                tools,
                release=self.archive.folder.release,
                keep_names=self.prepared.settings.keep_names,
                provenance=self.prepared.identity.provenance,
            )
            row = settle(
                outcome,
                folder=self.archive.folder,
                ledger=self.archive.ledger,
                record=self.archive.record,
                identity=self.prepared.identity,
            )
            self.stages.done.append(job.name)
            on_row(row)


class House:
    """A folder of recordings and a run folder.

    Attributes
    ----------
    stages : namespace
        What is heard and found in every recording, who checks, and which names were worked on.
    """

    def __init__(self, place: Path, monkeypatch, *, num_recordings=2, num_channels=1, policy=PADDED):
        self.place, self.policy = place, policy
        self.inputs, self.out = place / "in", place / "out"
        self.inputs.mkdir()
        for number in range(num_recordings):
            write_recording(self.inputs / f"{number}.wav", num_channels=num_channels)
        self.stages = SimpleNamespace(transcript=GOOD, found=(NAME,), verifier=None, done=[])
        monkeypatch.setattr(Archive, "engine", lambda archive, prepared: Engine(archive, prepared, self.stages))

    @property
    def key_file(self):
        return self.place / "keys" / "names.key"

    def settings(self, policy=None):
        made = Settings(policy or self.policy, "tiny.en-adapted", "cpu", 1, 1, self.key_file, False)
        return Settings.from_json(made.to_json())  # as it comes back from the ledger, every number a float

    prepare = staticmethod(prepared)

    @contextmanager
    def archive(self):
        folder = create_run_folder(self.out)
        (self.place / "keys").mkdir(exist_ok=True)
        with locked(folder):
            archive = Archive(folder, key_file=self.key_file, keep_names=False)
            try:
                yield archive
            finally:
                archive.close()

    def run(self, policy=None, *, on_row=lambda row: None):
        """`redactor run` over all recordings; the rows of those that were worked on."""
        prepared = self.prepare(self.settings(policy))
        self.stages.done.clear()
        with self.archive() as archive:
            plan = begin(archive, prepared, find_inputs([str(self.inputs)]).inputs)
            return carry_out(archive, prepared, plan, on_row=on_row)

    def reconcile(self):
        """What the next start does first."""
        with self.archive() as archive:
            archive.reconcile(self.prepare(self.settings()).identity)

    @property
    def folder(self):
        return create_run_folder(self.out)

    def names(self):
        with self.archive() as archive:
            return [row.name for row in archive.ledger.rows()]

    def state(self, name):
        with self.archive() as archive:
            return archive.ledger.row(name).state

    def listed(self):
        """Names in the manifest."""
        lines = (self.out / "release" / "manifest.jsonl").read_text().splitlines()
        return [json.loads(line)["id"] for line in lines]

    def released(self):
        """Names of which there is a file."""
        files = (self.out / "release").glob("*/*/*")
        return sorted({path.name.partition(".")[0] for path in files})

    def report(self, name):
        return json.loads((self.out / "release" / "reports" / name[:2] / f"{name}.json").read_text())

    def audio(self, name):
        return self.out / "release" / "audio" / name[:2] / f"{name}.wav"

    def events(self):
        lines = (self.out / "private" / "audit.jsonl").read_text().splitlines()
        return [(event["event"], event["fields"]) for event in map(json.loads, lines)]


def is_consistent(house):
    """Nothing is listed or there that the ledger does not release."""
    with house.archive() as archive:
        done = [row.name for row in archive.ledger.rows(State.DONE)]
    return house.listed() == done == house.released()


def is_muted(house, name, start, end):
    samples, rate = sf.read(house.audio(name), dtype="int16", always_2d=True)
    return not samples[round(start * rate) : round(end * rate)].any()


def found_by_reviewer(store, name, start, end):
    """A finding from which nothing has followed yet."""
    finding = entries.Finding("f", "item", "r1", name, start, end, "PERSON", entries.Stage.FOUND)
    with store.transaction() as db:
        insert_findings(db, [finding])
    return finding
