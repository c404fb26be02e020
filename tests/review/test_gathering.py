"""What counts in a certificate: the uniform sample alone, the worst verdict, and what is missing as a leak."""

import json
from collections import Counter
from contextlib import closing
from dataclasses import asdict, replace

import pytest
from leak_stand_ins import House

from redactor.review.certificate import assess
from redactor.review.drawing import Extras, draw_sample
from redactor.review.entries import Finding, Item, Kind, Mark, Opinion, Stage, Verdict
from redactor.review.gathering import gather
from redactor.review.sampling import Wish
from redactor.review.store import STORE_NAME, ReviewStore, insert_verdict

NUM = 5


@pytest.fixture
def house(tmp_path, monkeypatch):
    made = House(tmp_path, monkeypatch, num_recordings=NUM)
    made.run()
    return made


@pytest.fixture
def review(house):
    """The state of a review of everything, with one planted and one targeted item besides."""
    with closing(ReviewStore(house.folder.private / STORE_NAME)) as store:
        with house.archive() as archive:
            lot = draw_sample(archive, store, Wish(max_leak_rate=0.01), Extras(0.0, 0, 0))
        first = store.items(lot.id)[0]
        others = [
            replace(first, id="p", kind=Kind.PLANTED, truth={"start": 1.0, "end": 1.5, "type": "PERSON"}),
            replace(first, id="t", kind=Kind.TARGETED, name=store.items(lot.id)[1].name),
        ]
        with store.transaction() as db:
            for item in others:
                add(db, item)
        yield Review(house, store, lot)


def add(db, item: Item):
    columns = (item.id, item.lot, item.kind.value, item.name, item.position, item.required)
    values = (*columns, json.dumps(asdict(item)))
    columns = "id, lot, kind, name, position, required, value"
    db.execute(f"INSERT INTO item ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", values)


class Review:
    def __init__(self, house, store, lot):
        self.house, self.store, self.lot = house, store, lot
        items = store.items(lot.id)
        self.uniform = [item for item in items if item.kind is Kind.UNIFORM]
        with store.transaction() as db:
            for who in ("r1", "r2"):
                db.execute("INSERT INTO reviewer VALUES (?, ?, 'reviewer', 0.0, NULL)", (who, who))

    def say(self, item, opinion, *marks, who="r1", at="2026-01-01"):
        marks = tuple(Mark(*mark) for mark in marks)
        findings = []
        found = self.store.item(item)
        if opinion is Opinion.LEAK and found.kind is not Kind.PLANTED:
            findings = [
                Finding(f"{item}{who}{n}", item, who, found.name, m.start, m.end, m.type, Stage.FOUND)
                for n, m in enumerate(marks)
            ]
        with self.store.transaction() as db:
            insert_verdict(db, Verdict(item, who, opinion, marks, "", at, 2.0), findings)

    def require_two(self, *items):
        with self.store.transaction() as db:
            for item in items:
                db.execute("DELETE FROM item WHERE id = ?", (item.id,))
                add(db, replace(item, required=2))

    def all_clean(self, but=()):
        for item in self.uniform:
            if item.id not in but:
                self.say(item.id, Opinion.CLEAN)

    def facts(self):
        return gather(self.house.folder, self.store, self.lot)


def test_without_verdicts_all_counts_as_leaking(review):
    facts = review.facts()
    assert facts.verdicts == {"open": NUM} and facts.strata[0].num_counted == NUM
    assert facts.unit == "recording" and facts.num_recordings == NUM
    assert assess(facts)["claim"]["shown"] is False


def test_a_clean_sample_of_everything_shows_it(review):
    review.all_clean()
    review.say("p", Opinion.LEAK, (0.9, 1.1, "PERSON"))
    facts = review.facts()
    assert facts.verdicts == {"clean": NUM} and (facts.num_planted, facts.num_noticed) == (1, 1)
    assert facts.num_reviewers == 1 and facts.targeted == {"open": 1}
    assert facts.strata[0].num_drawn == NUM == facts.strata[0].lot_size


@pytest.mark.parametrize(
    ("opinion", "marks", "expected"),
    [
        (Opinion.CLEAN, (), 0),
        (Opinion.LEAK, ((0.0, 0.5, "PERSON"),), 0),
        (Opinion.LEAK, ((1.4, 1.9, "OTHER"),), 1),
        (Opinion.CANNOT_TELL, (), 0),
    ],
)
def test_a_planted_leak_is_noticed_where_it_is_marked(review, opinion, marks, expected):
    review.say("p", opinion, *marks)
    assert review.facts().num_noticed == expected


def test_of_two_verdicts_the_worst_counts_and_both_make_the_agreement(review):
    item = review.uniform[0]
    review.require_two(item)
    review.all_clean(but=[item.id])
    review.say(item.id, Opinion.CLEAN, who="r2", at="2026-01-01T10")
    assert review.facts().verdicts == {"clean": NUM - 1, "open": 1}
    review.say(item.id, Opinion.CANNOT_TELL, who="r1", at="2026-01-01T11")
    facts = review.facts()
    assert facts.verdicts == {"clean": NUM - 1, "cannot-tell": 1}
    assert facts.double_reviews == (("clean", "cannot-tell"),)


def test_clips_that_only_a_second_person_lacks_are_told_from_those_that_nobody_heard(review):
    once, unheard, *_ = review.uniform
    review.require_two(once, unheard)
    review.all_clean(but=[unheard.id])
    facts = review.facts()
    assert (facts.verdicts["open"], facts.num_waiting) == (2, 1)
    review.say(unheard.id, Opinion.CLEAN, who="r2")
    assert review.facts().num_waiting == 2
    review.say(once.id, Opinion.CLEAN, who="r2")
    review.say(unheard.id, Opinion.CLEAN)
    assert (review.facts().verdicts, review.facts().num_waiting) == ({"clean": NUM}, 0)


def test_a_leak_counts_after_it_was_removed(review):
    leaking = review.uniform[0]
    review.all_clean(but=[leaking.id])
    review.say(leaking.id, Opinion.LEAK, (0.1, 0.3, "PERSON"), (1.0, 1.1, "CITY"))
    review.store.set_stage([finding.id for finding in review.store.findings()], Stage.SETTLED)
    facts = review.facts()
    assert facts.verdicts == {"clean": NUM - 1, "leak": 1} and facts.num_leaks_removed == 1
    assert facts.leaks_by_type == {"PERSON": 1, "CITY": 1} and facts.strata[0].num_leaking == 1


def test_what_the_targeted_sample_found_in_a_drawn_recording_counts_there_too(review):
    review.all_clean()
    review.say("t", Opinion.LEAK, (0.1, 0.3, "PERSON"))
    facts = review.facts()
    assert facts.targeted == {"leak": 1} and facts.verdicts == {"clean": NUM - 1, "leak": 1}
    assert facts.leaks_by_type == {}


def test_earlier_draws_are_told_by_their_outcome(review):
    with review.house.archive() as archive:
        name = next(archive.ledger.rows()).name
        archive.ledger.reset([name])
        lot = draw_sample(archive, review.store, Wish(), Extras(0.0, 0, 0))
    review.lot = lot
    assert review.facts().earlier_draws == {"abandoned": 1}


def test_what_the_targeted_sample_found_counts_after_the_recording_was_erased(review):
    review.all_clean()
    review.say("t", Opinion.LEAK, (0.1, 0.3, "PERSON"))
    for _ in range(2):
        review.store.forget(review.store.item("t").name)
        assert review.store.findings() == []
        assert review.facts().verdicts == {"clean": NUM - 1, "leak": 1}


@pytest.mark.parametrize(("stage", "expected"), [(Stage.FOUND, "leak"), (Stage.WITHDRAWN, "clean")])
def test_a_leak_that_was_mended_before_the_lot_was_frozen_is_not_in_it(review, stage, expected):
    leaking = review.uniform[0]
    review.say(leaking.id, Opinion.LEAK, (0.1, 0.3, "PERSON"))
    review.store.set_stage([finding.id for finding in review.store.findings()], stage)
    with review.house.archive() as archive:
        archive.ledger.reset([review.uniform[1].name])
        review.lot = draw_sample(archive, review.store, Wish(), Extras(0.0, 0, 0))
    for item in review.store.items(review.lot.id):
        review.say(item.id, Opinion.CLEAN)
    facts = review.facts()
    assert facts.verdicts == Counter({expected: 1}) + Counter({"clean": NUM - 2})
    review.store.forget(leaking.name)
    assert review.facts().verdicts == facts.verdicts


def test_who_removes_the_state_after_somebody_heard_something_is_told_on(review):
    with review.house.archive() as archive:
        archive.record.listened("item", review.uniform[0].name, "r1")
        assert review.facts().earlier_draws == {}
        archive.record.listened("item", review.uniform[0].name, "of-a-state-that-is-gone")
    assert review.facts().earlier_draws == {"unknown": 1}


def test_a_planted_leak_that_was_noticed_stays_so_after_the_recording_was_erased(review):
    review.say("p", Opinion.LEAK, (0.9, 1.1, "PERSON"), (1.6, 1.8, "AGE"))
    review.store.forget(review.store.item("p").name)
    assert review.facts().num_noticed == 1
    (verdict,) = review.store.verdicts(review.lot.id)
    assert [mark.type for mark in verdict.marks] == ["PERSON"]
