"""The detectors that comments are searched with, and what is put in the place of what they find."""

import re
import threading

import pytest
from review_helpers import search

from redactor.policy import Policy
from redactor.review.comments import LazySearch, findings, policy_search, replaced, tidy


@pytest.fixture(scope="module")
def detectors():
    return policy_search()


@pytest.mark.model
@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("heard the name Jonathan Miller at 12 s", "heard the name <PERSON> at 12 s"),
        ("the  number is four four one two seven five nine .", "the  number is <ID_NUMBER> ."),
        ("write to john@example.com!", "write to <EMAIL_ADDRESS>!"),
        ("the tone is too loud", "the tone is too loud"),
        ("", ""),
    ],
)
def test_the_real_detectors_find_it_and_only_it_is_replaced(detectors, comment, expected):
    assert replaced(comment, detectors) == expected


@pytest.mark.model
def test_a_policy_that_lets_names_stand_does_not_let_them_into_comments():
    found = policy_search(Policy(name="cards", entities={"CREDIT_CARD": 0.3}))("said Jonathan Miller")
    assert [kind for _, _, kind in found] == ["PERSON"]


def test_placeholders_are_no_findings_and_what_looks_like_one_is():
    def shouting(text):
        return [(m.start(), m.end(), "PERSON") for m in re.finditer("[A-Z]{6}", text)]

    assert findings("<PERSON> said it", shouting) == []
    assert findings("<MILLER> said it", shouting) == [(1, 7, "PERSON")]


def test_findings_that_overlap_become_one_placeholder():
    def overlapping(text):
        return [] if "<" in text else [(2, 5, "PERSON"), (4, 9, "LOCATION"), (9, 10, "AGE")]

    assert replaced("abcdefghijkl", overlapping) == "ab<LOCATION><AGE>kl"


def test_a_comment_in_which_there_is_always_more_is_given_up():
    assert replaced("abc", lambda text: [(0, 1, "X")]) is None


def test_comments_are_one_line_without_control_characters():
    assert tidy(" a\n b\x00c\x1b[2J\t ") == "a b c [2J"


def test_comments_are_searched_as_soon_as_it_can_be():
    go = threading.Event()

    def load():
        go.wait(10)
        return search

    lazy = LazySearch(load)
    with pytest.raises(Exception, match="not kept"):
        lazy("Jonathan")
    go.set()
    assert lazy.wait(10)
    assert lazy("Jonathan") == [(0, 8, "PERSON")]
