"""`redactor review certificate`: written whole, on record, and never against a record that was changed."""

import hashlib
import json
from contextlib import closing

import pytest
from leak_stand_ins import House

from redactor.commands.review_certificate import review_certificate
from redactor.commands.review_sample import SampleOptions, review_sample
from redactor.errors import StoreError, UsageError
from redactor.review.drawing import Extras, draw_sample
from redactor.review.entries import Opinion, Verdict
from redactor.review.sampling import Wish
from redactor.review.store import STORE_NAME, ReviewStore, insert_verdict


@pytest.fixture
def house(tmp_path, monkeypatch):
    made = House(tmp_path, monkeypatch, num_recordings=4)
    made.run()
    return made


@pytest.fixture
def lot(house):
    with closing(ReviewStore(house.folder.private / STORE_NAME)) as store, house.archive() as archive:
        return draw_sample(archive, store, Wish(max_leak_rate=0.2), Extras(0.0, 0, 0))


def all_say(house, lot, opinion):
    with closing(ReviewStore(house.folder.private / STORE_NAME)) as store:
        items = store.items(lot.id)
        with store.transaction() as db:
            db.execute("INSERT INTO reviewer VALUES ('r1', 'ann', 'reviewer', 0.0, NULL)")
            for item in items:
                insert_verdict(db, Verdict(item.id, "r1", opinion, (), "", "2026-01-01", 2.0), [])


def certificate(house, **changes):
    options = {"private": None, "lot": None, "to": None, "as_json": True}
    return review_certificate(house.out, **{**options, **changes})


def test_a_clean_sample_is_shown_and_its_digest_is_on_record(house, lot, capsys):
    all_say(house, lot, Opinion.CLEAN)
    assert certificate(house) == 0
    told = capsys.readouterr()
    written = house.folder.private / "review" / f"certificate-{lot.id[:16]}.json"
    assert json.loads(told.out) == json.loads(written.read_bytes()) and "confidence" in told.err
    assert written.with_suffix(".html").read_text().startswith("<!DOCTYPE html>")
    assert house.events()[-1] == (
        "certificate",
        {"lot": lot.id, "sha256": hashlib.sha256(written.read_bytes()).hexdigest(), "shown": True},
    )


def test_without_verdicts_nothing_is_shown(house, lot, tmp_path):
    assert certificate(house, to=tmp_path / "there") == 1
    assert len(list((tmp_path / "there").iterdir())) == 2
    assert house.events()[-1][1]["shown"] is False


def test_who_draws_and_who_certifies_is_told_that_a_second_reviewer_is_needed(house, capsys):
    review_sample(
        SampleOptions(house.out, None, Wish(max_leak_rate=0.2), Extras(0.5, 0, 0), None, None, as_json=False)
    )
    assert "2 of these wait for a second reviewer" in capsys.readouterr().err
    with closing(ReviewStore(house.folder.private / STORE_NAME)) as store:
        (lot,) = store.lots()
    all_say(house, lot, Opinion.CLEAN)
    assert certificate(house) == 1
    said = capsys.readouterr().err
    assert "Not shown: 2 drawn clips wait for a second reviewer" in said
    assert "invite one with `redactor review invite`" in said


def test_a_record_that_was_changed_is_certified_by_nobody(house, lot):
    all_say(house, lot, Opinion.CLEAN)
    log = house.folder.audit
    log.write_bytes(log.read_bytes().replace(b'"recordings":4', b'"recordings":5', 1))
    with pytest.raises(StoreError, match="does not fit"):
        certificate(house)
    assert not list((house.folder.private / "review").glob("certificate*"))


@pytest.mark.parametrize("wanted", ["f00d", ""])
def test_a_lot_that_nobody_drew_from_is_refused(house, wanted):
    with pytest.raises(UsageError):
        certificate(house, lot=wanted)
