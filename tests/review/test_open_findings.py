"""What a reviewer found and nobody followed up is followed up by whoever works on the folder next."""

from contextlib import closing

import pytest
from leak_stand_ins import HI, House, found_by_reviewer, is_consistent, is_muted

from redactor.commands import run as command
from redactor.errors import LockedError
from redactor.inputs import input_path
from redactor.ledger import State
from redactor.review.consequences import withdraw_findings
from redactor.review.entries import Stage
from redactor.review.store import STORE_NAME, ReviewStore
from redactor.runfolder import locked


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
    """Of a recording with a finding, and whoever took the verdict was killed there."""
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
