"""A review made by hand, its page, and two reviewers who have come in."""

import pytest
from review_helpers import Browser, app_of, make_review


@pytest.fixture
def review(tmp_path):
    return make_review(tmp_path)


@pytest.fixture
def app(review):
    return app_of(review)


@pytest.fixture
def ann(review, app):
    browser = Browser(app)
    browser.enter(review.link("Ann"))
    return browser


@pytest.fixture
def bob(review, app):
    browser = Browser(app)
    browser.enter(review.link("Bob"))
    return browser
