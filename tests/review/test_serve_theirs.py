"""A reviewer reaches nothing but their own queue, whatever they try; an operator hears nothing."""

import shutil

import pytest
from review_helpers import Browser, app_of, change, make_review, raw

from redactor.review.entries import Kind, Role
from redactor.review.serve.guard import HEADERS

pytestmark = pytest.mark.long

# Only what is theirs.


def test_nothing_of_another_reviewer_is_there(review, ann, bob):
    path = ann.next_path()
    for wanted in (path, f"{path}/audio", f"{path}/waveform.svg"):
        assert ann.get(wanted).status_code == 200
        answer = bob.get(wanted)
        assert answer.status_code == 404
        assert "RIFF" not in answer.text
        assert "hello" not in answer.text
    assert bob.say(path, "cannot-tell").status_code == 404
    assert review.store.verdicts("lot") == []


def test_items_that_were_not_given_are_not_there(review, ann):
    ann.next_path()
    for item in [i.id for i in review.items[1:]] + [i.name for i in review.items] + ["x", "0"]:
        for wanted in (f"/item/{item}", f"/item/{item}/audio", f"/item/{item}/waveform.svg"):
            assert ann.get(wanted).status_code == 404
        assert ann.say(f"/item/{item}", "cannot-tell").status_code == 404


def test_a_reviewer_has_no_overview_and_an_operator_no_recordings(review, app, ann):
    path = ann.next_path()
    assert ann.get("/operator").status_code == 404
    operator = Browser(app)
    operator.enter(review.link("Olga", Role.OPERATOR))
    assert operator.get("/").headers["location"] == "/operator"
    page = operator.get("/operator")
    assert page.status_code == 200
    csrf = page.text.split('name="csrf" value="')[1].split('"')[0]
    assert operator.post("/next", data={"csrf": csrf}).status_code == 404
    for wanted in (path, f"{path}/audio", f"{path}/waveform.svg"):
        assert operator.get(wanted).status_code == 404
    data = {"csrf": csrf, "opinion": "cannot-tell"}
    assert operator.post(f"{path}/verdict", data=data).status_code == 404


def test_an_operator_hears_nothing_even_of_what_lies_with_them(review, app):
    operator = Browser(app)
    operator.enter(review.link("Olga", Role.OPERATOR))
    item = review.queue.next_item(review.people.everybody()[0].reviewer.id)
    assert operator.get(f"/item/{item.id}/audio").status_code == 404


CROOKED = [
    "/..",
    "/static/../app.py",
    "/static/..%2fapp.py",
    "/static/%2e%2e/app.py",
    "/static/%2e%2e%2fdesk.py",
    "/static//review.css",
    "//static/review.css",
    "/static/review.css%00",
    "/static/review.css\\..\\app.py",
    "/static/.",
    "/item/ITEM/../ITEM/audio",
    "/item/ITEM/./audio",
    "/item//ITEM/audio",
    "/item/ITEM%2faudio",
    "/item/ITEM/audio%00.wav",
    "/item/%69tem/audio",
    "/item/..%2f..%2f..%2fprivate%2freview.sqlite3/audio",
    "/item/../../private/review.sqlite3",
    "/" + "a" * 600,
]


@pytest.mark.parametrize("path", CROOKED)
def test_crooked_paths_lead_nowhere(review, app, ann, path):
    item = ann.next_path().removeprefix("/item/")
    cookie = "; ".join(f"{k}={v}" for k, v in ann.cookies.items())
    straight = raw(app, f"/item/{item}/audio", headers={"cookie": cookie})
    assert straight["status"] == 200, "the same way asked straight is answered"
    answer = raw(app, path.replace("ITEM", item), headers={"cookie": cookie})
    assert answer["status"] == 404
    assert b"RIFF" not in answer["body"]
    assert answer["headers"]["content-security-policy"] == HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path",
    [
        "../../private/review.sqlite3",
        "audio/../../private/review.sqlite3",
        "/etc/passwd",
        "audio//x.wav",
        "audio/./x.wav",
        "audio\0",
        "",
        "audio",
        "missing.wav",
    ],
)
@pytest.mark.parametrize("root", ["release", "private", "elsewhere"])
def test_an_item_whose_audio_lies_elsewhere_is_not_served(review, ann, root, path):
    item = ann.next_path()
    change(review, review.items[0], audio={**review.items[0].audio, "root": root, "path": path})
    answer = ann.get(f"{item}/audio")
    assert answer.status_code == 410
    assert "withdrawn" in answer.text


@pytest.mark.parametrize("what", ["file", "folder"])
def test_links_are_not_followed(review, ann, tmp_path, what):
    item = ann.next_path()
    file = review.audio(review.items[0])
    moved = file if what == "file" else file.parent
    shutil.move(moved, tmp_path / "elsewhere")
    moved.symlink_to(tmp_path / "elsewhere")
    assert ann.get(f"{item}/audio").status_code == 410




# The operator's page.


def test_the_operator_sees_progress_and_agreement_but_not_what_is_which(tmp_path):
    review = make_review(tmp_path, kinds=[Kind.UNIFORM, Kind.PLANTED, Kind.TARGETED], required=2)
    app = app_of(review)
    for label, opinions in (("Ann", ["cannot-tell", "leak"]), ("Bob", ["cannot-tell", "cannot-tell", "leak"])):
        browser = Browser(app)
        browser.enter(review.link(label))
        for opinion in opinions:
            path = browser.next_path()
            (browser.leak(path) if opinion == "leak" else browser.say(path, opinion))
    unused = review.link("Eve")
    operator = Browser(app)
    operator.enter(review.link("Olga", Role.OPERATOR))
    page = " ".join(operator.get("/operator").text.split())
    assert "Heard by two: 2; the same verdict: 1; Cohen's kappa: 0.00" in page
    assert "<dd>5 of 6</dd>" in page
    assert '<th scope="row">Ann</th><td>reviewer</td> <td>used</td><td>yes</td> <td>2</td><td>1</td>' in page
    assert '<th scope="row">Eve</th><td>reviewer</td> <td>unused</td>' in page
    assert '<th scope="row">PERSON</th><td>1</td><td>0</td><td>0</td>' in page
    assert unused not in page
    for word in ("planted", "targeted", "uniform", *(item.id for item in review.items)):
        assert word not in page
