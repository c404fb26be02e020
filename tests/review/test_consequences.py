"""A leak that was heard: out of the release at once, muted from then on, and its end is known."""

from contextlib import closing

import pytest
from leak_stand_ins import House, found_by_reviewer

from redactor import runs
from redactor.commands.review_sample import SampleOptions, review_sample
from redactor.errors import LockedError, StoreError
from redactor.ledger import State
from redactor.review import strict, withdraw
from redactor.review.consequences import settle_findings, withdraw_findings
from redactor.review.drawing import Extras, draw_sample
from redactor.review.entries import Stage
from redactor.review.forget import forget_reviews
from redactor.review.regression import regression_file
from redactor.review.sampling import Wish
from redactor.review.store import STORE_NAME, ReviewStore
from redactor.runfolder import locked


@pytest.fixture
def house(tmp_path, monkeypatch):
    made = House(tmp_path, monkeypatch)
    made.run()
    return made


@pytest.fixture
def store(house):
    with closing(ReviewStore(house.folder.private / STORE_NAME)) as store:
        yield store


@pytest.fixture
def finding(house, store):
    return found_by_reviewer(store, house.names()[0], 1.6, 1.9)


def stages(store):
    return [finding.stage for finding in store.findings()]


def test_the_recording_is_withdrawn_and_the_finding_says_so(house, store, finding):
    withdraw_findings(house.folder, store, [finding])
    assert stages(store) == [Stage.WITHDRAWN] and finding.name not in house.released()
    assert house.state(finding.name) is State.PENDING
    assert finding.name in regression_file(house.folder).read_text()
    assert settle_findings(house.folder, store) == 0 and stages(store) == [Stage.WITHDRAWN]
    house.run()
    assert house.state(finding.name) is State.DONE
    assert settle_findings(house.folder, store) == 1 and stages(store) == [Stage.SETTLED]


def test_while_a_run_goes_on_the_files_go_and_the_rest_is_tried_again(house, store, finding):
    with locked(house.folder):
        with pytest.raises(LockedError):
            withdraw_findings(house.folder, store, [finding])
        assert not list(house.folder.release.glob(f"*/*/{finding.name}*"))
    assert stages(store) == [Stage.FOUND]
    withdraw_findings(house.folder, store, [finding])
    assert stages(store) == [Stage.WITHDRAWN] and house.state(finding.name) is State.PENDING


def test_what_failed_stays_to_be_tried_again(house, store, finding, monkeypatch):
    def fail(*_):
        raise StoreError("no disk")

    monkeypatch.setattr(withdraw, "withdraw_all", fail)
    with pytest.raises(StoreError):
        withdraw_findings(house.folder, store, [finding])
    assert stages(store) == [Stage.FOUND]


def test_an_original_out_of_reach_keeps_nothing_from_being_withdrawn(house, store, finding):
    for path in house.inputs.iterdir():
        path.unlink()
    withdraw_findings(house.folder, store, [finding])
    assert stages(store) == [Stage.WITHDRAWN] and finding.name not in house.released()


def test_a_recording_that_is_forgotten_is_forgotten_by_reviews_too(house, store, finding):
    withdraw_findings(house.folder, store, [finding])
    with house.archive() as archive:
        archive.forget(finding.name)
    assert store.findings() == []
    assert finding.name not in regression_file(house.folder).read_text()


def test_what_lay_ready_for_reviewers_goes_with_a_recording(house, store):
    with house.archive() as archive:
        lot = draw_sample(archive, store, Wish(), Extras(1.0, 0, 0))
    private = house.folder.private / "review"
    items = store.items(lot.id)
    gone, kept = items[0], items[1]
    forget_reviews(house.folder, gone.name)
    assert not (private / gone.audio["path"]).exists() and (private / kept.audio["path"]).is_file()


def test_of_what_was_redacted_strictly_nothing_is_left_not_even_its_path(house, store, monkeypatch):
    monkeypatch.setattr(strict, "prepare", house.prepare)
    with house.archive() as archive:
        draw_sample(archive, store, Wish(), Extras(0.0, 0, 2))
        gone, kept = [row.name for row in archive.ledger.rows()]
        # With its folder: "0.wav" alone may be the end of a NAME and its ending.
        path = "/".join(archive.inputs.get(gone).uri.split("/")[-2:]).encode()
        archive.forget(gone)
    left = [file for file in house.folder.private.glob("review/strict/**/*") if file.is_file()]
    bytes_left = {file.name: file.read_bytes() for file in left if file.name != "audit.jsonl"}
    assert bytes_left and not [name for name, data in bytes_left.items() if path in data]
    assert not [file for file in left if gone in str(file)] and [file for file in left if kept in str(file)]
    assert not [file for file in left if file.name == "manifest.jsonl"]


def test_clips_that_a_killed_draw_left_are_forgotten_too(house, store):
    orphan = house.folder.private / "review" / "clips" / "abc" / "0123.flac"
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"somebody")
    forget_reviews(house.folder, house.names()[0])
    assert not orphan.exists()


def test_the_release_is_rid_of_a_recording_even_if_reviews_cannot_be_now(house, monkeypatch):
    def fail(*_):
        raise StoreError("another process reads it")

    name = house.names()[0]
    with monkeypatch.context() as patched, house.archive() as archive:
        patched.setattr(runs, "forget_reviews", fail)
        with pytest.raises(StoreError):
            archive.forget(name)
    assert name not in house.released() and name not in house.listed()
    with house.archive() as archive:
        (again,) = archive.names_for(archive.inputs.get(name).uri)
        archive.forget(again)
        assert archive.inputs.get(name) is None


def test_what_leaks_and_nobody_came_to_is_in_no_further_lot(house, store, finding):
    wish, extras = Wish(), Extras(0.0, 0, 0)
    review_sample(SampleOptions(house.out, None, wish, extras, strata=None, column=None, as_json=False))
    (lot,) = store.lots()
    assert stages(store) == [Stage.WITHDRAWN] and house.state(finding.name) is State.PENDING
    assert finding.name not in {item.name for item in store.items(lot.id)}
