"""What a reviewer found and nobody followed up is followed up by whoever works on the folder next."""

import json
from contextlib import closing
from dataclasses import replace

import pytest
from leak_stand_ins import HI, PADDED, House, found_by_reviewer, is_consistent, is_muted
from stage_stand_ins import Verifier

from redactor.commands import run as command
from redactor.errors import LockedError
from redactor.inputs import input_path
from redactor.ledger import State
from redactor.review.consequences import withdraw_findings
from redactor.review.entries import Stage
from redactor.review.store import STORE_NAME, ReviewStore
from redactor.runfolder import locked
from redactor.runs import Archive


@pytest.fixture
def house(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "prepare", House.prepare)
    made = House(tmp_path, monkeypatch)
    made.run()
    return made


@pytest.fixture
def store(house):
    with closing(ReviewStore(house.folder.private / STORE_NAME)) as store:
        yield store


@pytest.fixture
def name(house, store):
    """Of a recording with a finding that nobody has followed up."""
    return found_by_reviewer(store, house.names()[0], HI.start, HI.end).name


def refused_for_a_busy_folder(house, store):
    """As an import or a server leaves it while another process works on the folder."""
    with locked(house.folder), pytest.raises(LockedError):
        withdraw_findings(house.folder, store, store.findings())


def killed(house, store):
    """As they leave it when they are killed after the verdict."""


LEFT = pytest.mark.parametrize("left", [refused_for_a_busy_folder, killed])


def by_run(house):
    house.run()


def by_retry(house):
    house.stages.done.clear()
    assert command.retry(house.out, private=None, quarantined=False, as_json=False, verbose=False) == 0


@LEFT
@pytest.mark.parametrize("again", [by_run, by_retry])
def test_it_is_muted_in_the_next_release(house, store, name, left, again):
    before = house.audio(name).read_bytes()
    left(house, store)
    again(house)
    assert house.stages.done == [name]
    assert house.audio(name).read_bytes() != before and is_muted(house, name, HI.start, HI.end)
    assert "reviewed" in [row["origin"] for row in house.report(name)["redactions"]]
    assert [finding.stage for finding in store.findings()] == [Stage.WITHDRAWN]
    assert [event for event, _ in house.events()].count("leak-found") == 1
    assert is_consistent(house) and house.state(name) is State.DONE


@LEFT
def test_a_run_over_other_recordings_withdraws_it(house, store, name, left):
    left(house, store)
    (kept,) = [other for other in house.names() if other != name]
    with house.archive() as archive:
        input_path(archive.inputs.get(name).uri).unlink()
    house.run()
    assert house.state(name) is State.PENDING and is_consistent(house)
    assert house.released() == [kept]


# --- while a run is at work

OTHER_POLICY = replace(PADDED, entities={"PERSON": 0.4})


class _Reviewing(Verifier):
    """Passes everything; while it looks at the first recording, a reviewer finds something in one."""

    def __init__(self, find):
        super().__init__()
        self._find = find

    def check(self, claim, *, known, first):
        if not self.claims:
            self._find()
        return super().check(claim, known=known, first=first)


def found_meanwhile(house, store, name):
    found_by_reviewer(store, name, HI.start, HI.end)
    with pytest.raises(LockedError):
        withdraw_findings(house.folder, store, store.findings())


def run_and_look(house, name):
    """A run under another policy; whether a file of one recording was there whenever one was done."""
    released = []
    rows = house.run(OTHER_POLICY, on_row=lambda row: released.extend(house.released()))
    return {row.name: row.state for row in rows}, name in released


def before_the_release_is_looked_at(house, find, monkeypatch):
    really = Archive.reconcile
    monkeypatch.setattr(Archive, "reconcile", lambda *given: (find(), really(*given)))


def while_it_is_worked_on(house, find, monkeypatch):
    house.stages.verifier = _Reviewing(find)


@pytest.mark.parametrize("moment", [before_the_release_is_looked_at, while_it_is_worked_on])
def test_what_is_released_without_it_being_muted_goes_at_once(house, store, monkeypatch, moment):
    name, other = house.names()
    moment(house, lambda: found_meanwhile(house, store, name), monkeypatch)
    states, was_there = run_and_look(house, name)
    assert not was_there
    assert states == {name: State.PENDING, other: State.DONE}
    assert house.state(name) is State.PENDING and is_consistent(house)
    assert [finding.stage for finding in store.findings()] == [Stage.WITHDRAWN]
    assert house.events()[-1] == ("run-ended", {"pending": 1, "done": 1})


def ran(house, monkeypatch, capsys):
    """`redactor run` over all recordings: exit code, summary, and what is told to a person."""
    monkeypatch.setattr(command, "load_policy", lambda _: house.settings().policy)
    monkeypatch.setattr(command, "remember", lambda _: None)
    options = command.RunOptions(
        inputs=[str(house.inputs)], out=house.out, policy="theirs", model=None, device="cpu", num_workers=1,
        private=None, key_file=house.key_file, keep_names=False, as_json=True, verbose=False,
    )  # fmt: skip
    code = command.run(options)
    said = capsys.readouterr()
    return code, json.loads(said.out), said.err


@pytest.mark.parametrize("is_settled", [True, False])
def test_what_was_found_meanwhile_is_not_counted_as_released(house, store, monkeypatch, capsys, is_settled):
    first, second = house.names()
    with house.archive() as archive:
        archive.ledger.reset([first])
    name = second if is_settled else first
    house.stages.verifier = _Reviewing(lambda: found_meanwhile(house, store, name))
    code, summary, told = ran(house, monkeypatch, capsys)
    assert code == 1
    assert (summary["released"], summary["pending"], summary["unchanged"]) == (1, 1, 0 if is_settled else 1)
    assert "1 released, 0 quarantined" in told and "1 pending, not released" in told
    assert is_consistent(house) and house.released() == [first if is_settled else second]
    code, summary, _ = ran(house, monkeypatch, capsys)
    assert (code, summary["released"], summary["pending"], summary["unchanged"]) == (0, 2, 0, 1)
    assert is_muted(house, name, HI.start, HI.end)
