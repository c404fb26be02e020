"""Who hears what, in which order; and a verdict is kept whole, once, and only where it can be one."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from review_helpers import make_review

from redactor.review.entries import Kind, Mark, Opinion, Stage
from redactor.review.queue import BadMark, GivenAlready, NotHeard, NotTheirs, Said, Withdrawn

SIZE = 1000
LEAK = Said(Opinion.LEAK, (Mark(2.0, 2.5, "PERSON"),))
CANNOT_TELL = Said(Opinion.CANNOT_TELL)
CLEAN = Said(Opinion.CLEAN)


@pytest.fixture
def review(tmp_path):
    return make_review(tmp_path)


def take(review, who, n=1):
    """The next n items, given back unheard with 'cannot tell'."""
    taken = []
    for _ in range(n):
        item = review.queue.next_item(who)
        taken.append(item and item.position)
        if item:
            review.queue.give_verdict(who, item.id, CANNOT_TELL, audio_bytes=SIZE)
    return taken


def listen(review, who, item, seconds=4.0):
    review.queue.note_heard(who, item.id, 0, SIZE)
    review.clock.on(seconds)


def void(review, item):
    with review.store.transaction() as db:
        db.execute("UPDATE item SET is_void = 1 WHERE id = ?", (item.id,))


def test_a_reviewer_gets_items_in_order_and_each_once(review):
    assert take(review, review.reviewer().id, 4) == [0, 1, 2, None]


def test_what_lies_with_a_reviewer_comes_again_until_they_have_said_something(review):
    ann = review.reviewer().id
    first = review.queue.next_item(ann)
    assert review.queue.next_item(ann) == first
    review.queue.give_verdict(ann, first.id, CANNOT_TELL, audio_bytes=SIZE)
    assert review.queue.next_item(ann).position == 1


def test_what_lies_with_one_is_not_given_to_another(review):
    ann, bob = review.reviewer("Ann").id, review.reviewer("Bob").id
    assert review.queue.next_item(ann).position == 0
    assert take(review, bob, 3) == [1, 2, None]


def test_items_for_two_go_to_two_and_no_third(tmp_path):
    review = make_review(tmp_path, kinds=[Kind.UNIFORM], required=2)
    ann, bob, eve = (review.reviewer(label).id for label in ("Ann", "Bob", "Eve"))
    assert take(review, ann, 2) == [0, None]
    assert take(review, bob, 2) == [0, None]
    assert take(review, eve) == [None]


def test_what_lay_with_somebody_revoked_is_free_again_and_what_they_said_stands(review):
    ann, bob = review.reviewer("Ann").id, review.reviewer("Bob").id
    assert take(review, ann) == [0]
    assert review.queue.next_item(ann).position == 1
    review.people.revoke(ann)
    assert take(review, bob, 3) == [1, 2, None]


def test_a_withdrawn_item_is_passed_over_even_if_it_was_given_already(review):
    ann = review.reviewer().id
    review.queue.next_item(ann)
    void(review, review.items[0])
    void(review, review.items[1])
    assert review.queue.next_item(ann).position == 2


def test_items_that_cannot_be_heard_are_skipped(review):
    ann = review.reviewer().id
    review.queue.next_item(ann)
    skip = {review.items[0].id}
    assert review.queue.next_item(ann, skip=skip).position == 1
    assert review.queue.next_item(ann, skip={*skip, review.items[1].id}).position == 2
    assert review.queue.next_item(ann, skip={item.id for item in review.items}) is None


def test_many_at_once_never_share_an_item(tmp_path):
    review = make_review(tmp_path, kinds=[Kind.UNIFORM] * 8, seconds=0.5)
    people = [review.reviewer(f"r{n}").id for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda who: review.queue.next_item(who).position, people))
    assert sorted(given) == list(range(8))


def test_progress_counts_what_is_done_and_what_they_could_get(review):
    ann, bob = review.reviewer("Ann").id, review.reviewer("Bob").id
    take(review, ann)
    review.queue.next_item(ann)
    assert (review.queue.progress(ann).done, review.queue.progress(ann).waiting) == (1, 2)
    assert (review.queue.progress(bob).done, review.queue.progress(bob).waiting) == (0, 1)


def test_bytes_heard_are_joined(review):
    ann = review.reviewer().id
    item = review.queue.next_item(ann)
    for start, end in [(500, 700), (0, 100), (700, 900), (50, 120), (500, 700)]:
        review.queue.note_heard(ann, item.id, start, end)
    assert review.queue.assigned(ann, item.id).heard == ((0, 120), (500, 900))


def test_the_time_of_the_first_byte_is_kept(review):
    ann = review.reviewer().id
    item = review.queue.next_item(ann)
    assert review.queue.assigned(ann, item.id).first_heard is None
    at = review.clock.at
    review.queue.note_heard(ann, item.id, 0, 0)
    review.clock.on(5)
    review.queue.note_heard(ann, item.id, 0, 10)
    assert review.queue.assigned(ann, item.id).first_heard == at


def test_bytes_of_an_item_that_was_not_given_are_not_noted(review):
    ann = review.reviewer().id
    review.queue.note_heard(ann, review.items[0].id, 0, 10)
    assert review.queue.assigned(ann, review.items[0].id) is None


@pytest.mark.parametrize("kind", [Kind.UNIFORM, Kind.TARGETED])
def test_a_leak_is_a_finding_for_every_mark_in_seconds_of_the_recording(tmp_path, kind):
    review = make_review(tmp_path, kinds=[kind], seconds=10.0, slot=(6.0, 10.0))
    ann = review.reviewer().id
    item = review.queue.next_item(ann)
    marks = (Mark(1.0, 1.5, "PERSON"), Mark(2.0, 4.05, "OTHER"))
    given = review.queue.give_verdict(ann, item.id, Said(Opinion.LEAK, marks, "ok"), audio_bytes=SIZE)
    assert given == sorted(review.store.findings(Stage.FOUND), key=lambda f: f.start)
    assert [(f.start, f.end, f.type, f.name) for f in given] == [
        (7.0, 7.5, "PERSON", item.name),
        (8.0, 10.0, "OTHER", item.name),
    ]
    verdict = review.store.verdicts("lot")[0]
    assert verdict.marks == (marks[0], Mark(2.0, 4.0, "OTHER"))
    assert (verdict.reviewer, verdict.comment, verdict.at) == (ann, "ok", "2027-01-15T08:00:00+00:00")


def test_a_planted_leak_that_is_heard_is_no_finding(tmp_path):
    review = make_review(tmp_path, kinds=[Kind.PLANTED])
    ann = review.reviewer().id
    item = review.queue.next_item(ann)
    assert review.queue.give_verdict(ann, item.id, LEAK, audio_bytes=SIZE) == []
    assert review.store.findings() == []
    assert len(review.store.verdicts("lot")) == 1


def test_a_leak_beside_a_planted_one_is_a_finding_of_the_recording(tmp_path):
    review = make_review(tmp_path, kinds=[Kind.PLANTED], slot=(10.0, 14.0), seconds=14.0)
    ann = review.reviewer().id
    item = review.queue.next_item(ann)
    said = Said(Opinion.LEAK, (Mark(1.9, 2.6, "PERSON"), Mark(3.0, 3.5, "AGE")))
    (found,) = review.queue.give_verdict(ann, item.id, said, audio_bytes=SIZE)
    assert (found.name, found.start, found.end, found.type) == (item.name, 13.0, 13.5, "AGE")
    assert review.store.findings() == [found]


def test_too_much_may_be_marked_and_is_no_finding(review):
    ann = review.reviewer().id
    item = review.queue.next_item(ann)
    listen(review, ann, item)
    said = Said(Opinion.TOO_MUCH, (Mark(1.0, 1.5, "OTHER"),))
    assert review.queue.give_verdict(ann, item.id, said, audio_bytes=SIZE) == []
    assert review.store.verdicts("lot")[0].marks == said.marks


def test_how_long_it_was_heard_is_kept(review):
    ann = review.reviewer().id
    item = review.queue.next_item(ann)
    listen(review, ann, item, seconds=7.25)
    review.queue.give_verdict(ann, item.id, CLEAN, audio_bytes=SIZE)
    assert review.store.verdicts("lot")[0].heard_s == 7.25


def test_a_second_verdict_is_refused_and_the_first_one_stands(review):
    ann = review.reviewer().id
    item = review.queue.next_item(ann)
    review.queue.give_verdict(ann, item.id, CANNOT_TELL, audio_bytes=SIZE)
    with pytest.raises(GivenAlready, match="first one stands"):
        review.queue.give_verdict(ann, item.id, LEAK, audio_bytes=SIZE)
    assert [v.opinion for v in review.store.verdicts("lot")] == [Opinion.CANNOT_TELL]
    assert review.store.findings() == []


def test_of_many_replays_at_once_one_is_kept(review):
    ann = review.reviewer().id
    item = review.queue.next_item(ann)

    def give(_):
        try:
            return len(review.queue.give_verdict(ann, item.id, LEAK, audio_bytes=SIZE))
        except GivenAlready:
            return 0

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(give, range(16))) == 1
    assert len(review.store.findings()) == 1


def test_verdicts_on_what_is_not_theirs_are_refused(review):
    ann, bob = review.reviewer("Ann").id, review.reviewer("Bob").id
    item = review.queue.next_item(ann)
    for who, which in [(bob, item.id), (ann, review.items[1].id), (ann, "nothing"), ("nobody", item.id)]:
        with pytest.raises(NotTheirs):
            review.queue.give_verdict(who, which, LEAK, audio_bytes=SIZE)
    assert review.store.verdicts("lot") == []


def test_somebody_revoked_gives_no_verdict(review):
    ann = review.reviewer().id
    item = review.queue.next_item(ann)
    review.people.revoke(ann)
    with pytest.raises(NotTheirs):
        review.queue.give_verdict(ann, item.id, LEAK, audio_bytes=SIZE)


def test_no_verdict_on_what_was_withdrawn(review):
    ann = review.reviewer().id
    item = review.queue.next_item(ann)
    void(review, item)
    with pytest.raises(Withdrawn):
        review.queue.give_verdict(ann, item.id, LEAK, audio_bytes=SIZE)


@pytest.mark.parametrize("opinion", [Opinion.CLEAN, Opinion.TOO_MUCH])
@pytest.mark.parametrize(
    ("heard", "seconds", "is_kept"),
    [
        ([], 9.0, False),
        ([(0, SIZE - 1)], 9.0, False),
        ([(1, SIZE)], 9.0, False),
        ([(0, 400), (401, SIZE)], 9.0, False),
        ([(0, SIZE)], 1.9, False),
        ([(0, SIZE)], 2.0, True),
        ([(600, SIZE), (0, 600)], 2.0, True),
    ],
)
def test_that_nothing_leaks_needs_all_of_it_heard(review, opinion, heard, seconds, is_kept):
    ann = review.reviewer().id
    item = review.queue.next_item(ann)
    for start, end in heard:
        review.queue.note_heard(ann, item.id, start, end)
    review.clock.on(seconds)
    if is_kept:
        review.queue.give_verdict(ann, item.id, Said(opinion), audio_bytes=SIZE)
    else:
        with pytest.raises(NotHeard):
            review.queue.give_verdict(ann, item.id, Said(opinion), audio_bytes=SIZE)
    assert len(review.store.verdicts("lot")) == is_kept


@pytest.mark.parametrize("said", [LEAK, CANNOT_TELL], ids=["leak", "cannot tell"])
def test_a_leak_or_a_doubt_needs_nothing_heard_to_the_end(review, said):
    ann = review.reviewer().id
    item = review.queue.next_item(ann)
    review.queue.give_verdict(ann, item.id, said, audio_bytes=SIZE)
    assert len(review.store.verdicts("lot")) == 1


@pytest.mark.parametrize(
    "mark",
    [
        Mark(2.0, 2.0, "PERSON"),
        Mark(2.5, 2.0, "PERSON"),
        Mark(-0.1, 1.0, "PERSON"),
        Mark(3.0, 4.2, "PERSON"),
        Mark(4.0, 4.05, "PERSON"),
        Mark(math.nan, 1.0, "PERSON"),
        Mark(1.0, math.nan, "PERSON"),
        Mark(1.0, math.inf, "PERSON"),
        Mark(-math.inf, 1.0, "PERSON"),
        Mark(1.0, 2.0, "NOBODY"),
        Mark(1.0, 2.0, ""),
    ],
    ids=str,
)
def test_marks_that_cannot_be_are_refused_and_nothing_is_kept(review, mark):
    ann = review.reviewer().id
    item = review.queue.next_item(ann)
    with pytest.raises(BadMark, match="stretch 2"):
        review.queue.give_verdict(
            ann, item.id, replace(LEAK, marks=(*LEAK.marks, mark)), audio_bytes=SIZE
        )
    assert review.store.verdicts("lot") == []
    assert review.store.findings() == []


@pytest.mark.parametrize(
    ("said", "match"),
    [
        (Said(Opinion.LEAK), "mark where"),
        (replace(CLEAN, marks=LEAK.marks), "neither"),
        (replace(CANNOT_TELL, marks=LEAK.marks), "neither"),
        (replace(LEAK, marks=LEAK.marks * 51), "at most 50"),
    ],
)
def test_marks_and_opinion_have_to_fit(review, said, match):
    ann = review.reviewer().id
    item = review.queue.next_item(ann)
    listen(review, ann, item)
    with pytest.raises(BadMark, match=match):
        review.queue.give_verdict(ann, item.id, said, audio_bytes=SIZE)
