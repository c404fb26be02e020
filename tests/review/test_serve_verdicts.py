"""What is kept of what reviewers say: once, whole, and without personal data."""

import logging
import threading

import pytest
from review_helpers import PERSONAL, Browser, app_of, hear, wait_for
from test_queue import LEAK

from redactor.review.comments import CommentsUnavailable, LazySearch
from redactor.review.entries import Opinion, Stage

# Verdicts.


def test_a_leak_is_kept_and_followed_up_apart(review):
    with Browser(app_of(review)) as ann:
        ann.enter(review.link())
        path = ann.next_path()
        answer = ann.leak(path, start="0:02.0", end="2,5", comment="near the end")
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/item/{review.items[1].id}?kept"
        verdict = review.store.verdicts("lot")[0]
        assert (verdict.opinion, verdict.comment) == (Opinion.LEAK, "near the end")
        assert [(m.start, m.end, m.type) for m in verdict.marks] == [(2.0, 2.5, "PERSON")]
        wait_for(lambda: review.leaks)
    item, findings = review.leaks[0]
    assert item.id == review.items[0].id
    assert findings == review.store.findings(Stage.FOUND)


def test_a_follow_up_that_fails_is_tried_again_and_holds_up_nobody(review, caplog):
    tries = []

    def on_leak(item, findings):
        tries.append(item.id)
        if len(tries) < 3:
            raise RuntimeError("secret words")
        review.store.set_stage([f.id for f in findings], Stage.WITHDRAWN)

    with Browser(app_of(review, on_leak=on_leak, retry_every_s=0.05)) as ann:
        ann.enter(review.link())
        assert ann.leak(ann.next_path()).status_code == 303
        wait_for(lambda: review.store.findings(Stage.WITHDRAWN))
    assert tries == [review.items[0].id] * 3
    assert "secret" not in caplog.text


def test_what_an_earlier_process_left_is_followed_up_at_the_start(review):
    ann = review.reviewer().id
    item = review.queue.next_item(ann)
    review.queue.give_verdict(ann, item.id, LEAK, audio_bytes=1)
    with Browser(app_of(review, retry_every_s=3600.0)):
        wait_for(lambda: review.leaks)


def test_a_slow_follow_up_does_not_hold_up_the_answer(review):
    go = threading.Event()
    with Browser(app_of(review, on_leak=lambda item, findings: go.wait(30))) as ann:
        ann.enter(review.link())
        assert ann.leak(ann.next_path()).status_code == 303
        assert ann.say(ann.next_path(), "cannot-tell").status_code == 303
        go.set()


def test_a_leak_is_kept_though_the_recording_was_withdrawn_for_another_meanwhile(review, ann):
    path = ann.next_path()
    review.audio(review.items[0]).unlink()
    assert ann.leak(path).status_code == 303
    (found,) = review.store.findings(Stage.FOUND)
    assert (found.start, found.end) == (2.0, 2.5)


def test_a_replayed_verdict_changes_nothing(review, ann):
    path = ann.next_path()
    data = {"csrf": ann.csrf, "opinion": "cannot-tell"}
    assert ann.post(f"{path}/verdict", data=data).status_code == 303
    again = ann.post(f"{path}/verdict", data={**data, "opinion": "leak", "mark_start": "1", "mark_end": "2"})
    assert again.status_code == 409
    assert "first verdict" in again.text
    assert [v.opinion for v in review.store.verdicts("lot")] == [Opinion.CANNOT_TELL]
    assert review.store.findings() == []


def test_clean_is_kept_only_when_all_was_heard(review, ann):
    path = ann.next_path()
    answer = ann.say(path, "clean")
    assert answer.status_code == 422
    assert "Play the recording to its end first" in answer.text
    hear(review, ann, path, seconds=1.0)
    assert "cannot have been heard in so short a time" in ann.say(path, "clean").text
    review.clock.on(1.0)
    assert ann.say(path, "clean").status_code == 303
    assert [v.opinion for v in review.store.verdicts("lot")] == [Opinion.CLEAN]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "Choose a verdict"),
        ({"opinion": "fine"}, "Choose a verdict"),
        ({"opinion": "leak"}, "Mark where"),
        ({"opinion": "leak", "mark_start": "2", "mark_end": "", "mark_type": "PERSON"}, "stretch 1"),
        ({"opinion": "leak", "mark_start": "nan", "mark_end": "3", "mark_type": "PERSON"}, "stretch 1"),
        ({"opinion": "leak", "mark_start": "1", "mark_end": "1e9", "mark_type": "PERSON"}, "stretch 1"),
        ({"opinion": "leak", "mark_start": "3", "mark_end": "2", "mark_type": "PERSON"}, "end after it starts"),
        ({"opinion": "leak", "mark_start": "3", "mark_end": "9", "mark_type": "PERSON"}, "lie within"),
        ({"opinion": "leak", "mark_start": "2", "mark_end": "3", "mark_type": ""}, "pick one of the types"),
        ({"opinion": "leak", "mark_start": "2", "mark_end": "3", "mark_type": "<b>"}, "pick one of the types"),
        ({"opinion": "cannot-tell", "comment": "x" * 1001}, "at most 1000"),
    ],
    ids=str,
)
def test_a_form_with_something_missing_comes_back_with_what_was_in_it(review, ann, fields, says):
    path = ann.next_path()
    answer = ann.put_in(f"{path}/verdict", **{"comment": "kept in the form", **fields})
    assert answer.status_code == 422
    assert says.lower() in answer.text.lower()
    assert 'role="alert"' in answer.text
    assert fields.get("comment", "kept in the form") in answer.text
    if fields.get("mark_start"):
        assert f'name="mark_start" inputmode="decimal" maxlength="12" size="6"\n          value="{fields["mark_start"]}"' in answer.text  # noqa: E501
    assert review.store.verdicts("lot") == []


def test_too_much_needs_no_type(review, ann):
    path = ann.next_path()
    hear(review, ann, path)
    assert ann.say(path, "too-much", mark_start="1", mark_end="1.5", mark_type="").status_code == 303
    assert review.store.verdicts("lot")[0].marks[0].type == "OTHER"


# Comments.


def test_a_comment_with_personal_data_is_stored_nowhere_and_logged_nowhere(review, ann, caplog):
    caplog.set_level(logging.DEBUG)
    path = ann.next_path()
    comment = "at the start Jonathan Millerson is heard, then 5551234567"
    answer = ann.say(path, "cannot-tell", comment=comment)
    assert answer.status_code == 422
    assert "name of a person" in answer.text
    assert "telephone number" in answer.text
    assert comment in answer.text, "to be edited"
    assert 'value="replace"' in answer.text
    assert review.store.verdicts("lot") == []
    for word in PERSONAL:
        assert word.encode() not in review.stored()
        assert word not in caplog.text


def test_a_comment_is_stored_with_types_in_place_if_one_asks_for_it(review, ann, caplog):
    path = ann.next_path()
    answer = ann.say(path, "cannot-tell", comment="so Jonathan Millerson\x00 says 5551234567 ", how="replace")
    assert answer.status_code == 303
    assert review.store.verdicts("lot")[0].comment == "so <PERSON> <PERSON> says <PHONE_NUMBER>"
    for word in PERSONAL:
        assert word.encode() not in review.stored()
        assert word not in caplog.text


def test_a_comment_that_was_edited_is_stored(review, ann):
    path = ann.next_path()
    assert ann.say(path, "cannot-tell", comment="Jonathan").status_code == 422
    assert ann.say(path, "cannot-tell", comment="a first name").status_code == 303
    assert review.store.verdicts("lot")[0].comment == "a first name"
    assert b"a first name" in review.stored()


def test_while_comments_cannot_be_searched_they_are_refused_and_verdicts_are_not(review):
    def load():
        raise OSError("no model")

    lazy = LazySearch(load)
    assert not lazy.wait(10)
    with pytest.raises(CommentsUnavailable):
        lazy("x")
    ann = Browser(app_of(review, search=lazy))
    ann.enter(review.link())
    path = ann.next_path()
    answer = ann.say(path, "cannot-tell", comment="harmless")
    assert answer.status_code == 422
    assert "without one" in answer.text
    assert b"harmless" not in review.stored()
    assert ann.say(path, "cannot-tell", comment=" \n ").status_code == 303
