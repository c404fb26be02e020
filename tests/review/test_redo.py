"""What was withdrawn is done anew beside the server, again and again until it is settled."""

import threading
from contextlib import closing

import pytest
from leak_stand_ins import House

from redactor.ledger import State
from redactor.review.consequences import withdraw_findings
from redactor.review.entries import Finding, Stage
from redactor.review.redo import Redo
from redactor.review.store import STORE_NAME, ReviewStore, insert_findings

LONG_S = 60.0


@pytest.fixture
def house(tmp_path, monkeypatch):
    made = House(tmp_path, monkeypatch)
    made.run()
    return made


@pytest.fixture
def store(house):
    with closing(ReviewStore(house.folder.private / STORE_NAME)) as store:
        finding = Finding("f", "item", "r1", house.names()[0], 1.6, 1.9, "PERSON", Stage.FOUND)
        with store.transaction() as db:
            insert_findings(db, [finding])
        withdraw_findings(house.folder, store, [finding])
        yield store


class Runs:
    """In place of the process: fails the first times, then does it."""

    def __init__(self, house, *, num_failures=0, error=None):
        self.house, self.num_failures, self.error = house, num_failures, error
        self.num, self.called = 0, threading.Semaphore(0)

    def __call__(self, folder):
        self.num += 1
        try:
            if self.num <= self.num_failures:
                if self.error:
                    raise self.error
                return
            self.house.run()
        finally:
            self.called.release()


def redo(house, runs, again_s=LONG_S):
    return Redo(house.folder, run=runs, again_s=again_s)


def test_what_an_earlier_server_left_is_done_at_the_start(house, store):
    runs = Runs(house)
    work = redo(house, runs)
    work.start()
    assert runs.called.acquire(timeout=LONG_S)
    work.stop()
    assert [finding.stage for finding in store.findings()] == [Stage.SETTLED]
    assert house.state(house.names()[0]) is State.DONE and runs.num == 1


@pytest.mark.parametrize("error", [None, RuntimeError("Torsten Quill")])
def test_what_failed_is_tried_again(house, store, error, caplog):
    runs = Runs(house, num_failures=2, error=error)
    work = redo(house, runs, again_s=0.05)
    work.start()
    assert all(runs.called.acquire(timeout=LONG_S) for _ in range(3))
    work.stop()
    assert [finding.stage for finding in store.findings()] == [Stage.SETTLED] and runs.num == 3
    assert "Quill" not in caplog.text


def test_with_nothing_withdrawn_nothing_is_run(house, store):
    store.set_stage(["f"], Stage.SETTLED)
    runs = Runs(house)
    work = redo(house, runs)
    work.start()
    work.ask()
    work.stop()
    assert runs.num == 0
