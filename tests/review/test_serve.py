"""Who comes in, how, and what every request and every answer has to have."""

import pytest
from review_helpers import BASE, SAME_ORIGIN, Browser, app_of, raw

from redactor.review.people import ABSOLUTE_LIMIT_S, IDLE_LIMIT_S
from redactor.review.serve.guard import HEADERS, MAX_BODY_BYTES
from redactor.review.serve.limits import AUDIO, ENTRIES, POSTS, Limiter

pytestmark = pytest.mark.long

# Coming in and leaving.


def test_looking_at_a_link_does_not_use_it_up(review, app):
    browser, token = Browser(app), review.link()
    for _ in range(3):
        page = browser.get(f"/enter/{token}")
        assert page.status_code == 200
        assert "<button" in page.text
        assert "set-cookie" not in page.headers
        browser.head(f"/enter/{token}")
    browser.enter(token)
    assert browser.get("/").status_code == 200


def test_the_session_cookie_is_for_the_browser_alone(review, app):
    cookie = Browser(app).enter(review.link()).headers["set-cookie"]
    assert {part.strip().partition("=")[0].lower() for part in cookie.split(";")} >= {"httponly", "path"}
    assert "samesite=strict" in cookie.lower()
    assert "path=/;" in f"{cookie.lower()};"
    assert "domain" not in cookie.lower()
    assert "secure" not in cookie.lower().replace("; samesite", "")


def test_over_tls_the_cookie_is_secure_and_the_page_says_so(review):
    app = app_of(review, is_secure=True)
    base = BASE.replace("http", "https")
    browser = Browser(app, base_url=base, headers={**SAME_ORIGIN, "Origin": base})
    answer = browser.enter(review.link())
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-")
    assert "; Secure" in cookie
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize("kind", ["used", "revoked", "expired", "made up", "short", "empty"])
def test_links_that_do_not_work_are_answered_alike(review, app, kind):
    token = review.link()
    if kind == "used":
        Browser(app).enter(token)
    elif kind == "revoked":
        review.people.revoke(review.people.everybody()[0].reviewer.id)
    elif kind == "expired":
        review.clock.on(3600)
    elif kind == "made up":
        token = "x" * 43
    elif kind == "short":
        token = "x"
    answer = Browser(app).post(f"/enter/{'' if kind == 'empty' else token}")
    assert answer.status_code == 404
    assert "set-cookie" not in answer.headers
    if kind != "empty":
        assert "This link does not work" in answer.text


@pytest.mark.parametrize(
    "path", ["/", "/item/x", "/item/x/audio", "/item/x/waveform.svg", "/operator", "/alive"]
)
def test_without_a_session_nothing_is_shown(review, app, path):
    path = path.replace("x", review.items[0].id)
    for cookie in (None, "made-up", "x" * 43):
        browser = Browser(app, cookies={"redactor-review-8000": cookie} if cookie else None)
        answer = browser.get(path)
        assert answer.status_code == 401
        assert "invitation link" in answer.text
        assert browser.post("/next").status_code == 401


@pytest.mark.parametrize("how", ["left", "idle", "old", "revoked"])
def test_a_session_that_ended_shows_nothing_more(review, ann, how):
    path = ann.next_path()
    csrf = ann.csrf
    if how == "left":
        assert "delete" not in ann.post("/leave", data={"csrf": csrf}).text
        ann.cookies.set("redactor-review-8000", "x")
    elif how == "idle":
        review.clock.on(IDLE_LIMIT_S)
    elif how == "old":
        for _ in range(int(ABSOLUTE_LIMIT_S / 600)):
            review.clock.on(600)
            ann.get("/alive")
    else:
        review.people.revoke(review.people.everybody()[0].reviewer.id)
    for wanted in ("/", path, f"{path}/audio", f"{path}/waveform.svg", "/alive"):
        assert ann.get(wanted).status_code == 401
    data = {"csrf": csrf, "opinion": "cannot-tell"}
    assert ann.post(f"{path}/verdict", data=data).status_code == 401
    assert review.store.verdicts("lot") == []


def test_leaving_ends_the_session_itself_and_not_the_cookie_alone(ann):
    cookies = dict(ann.cookies)
    ann.put_in("/leave")
    for name, value in cookies.items():
        ann.cookies.set(name, value)
    assert ann.get("/").status_code == 401


def test_who_enters_anew_leaves_the_session_before(review, ann):
    before = dict(ann.cookies)
    ann.enter(review.link("Ann"))
    other = Browser(ann.app, cookies=before)
    assert other.get("/").status_code == 401
    assert ann.get("/").status_code == 200


def test_asking_that_it_is_alive_keeps_the_session(review, ann):
    for _ in range(4):
        review.clock.on(IDLE_LIMIT_S - 120)
        assert ann.get("/alive").status_code == 204
    assert ann.get("/").status_code == 200


# Forms come from the page itself.


@pytest.mark.parametrize("csrf", [None, "", "x" * 43, "é"])
def test_a_form_without_the_sessions_token_changes_nothing(review, ann, csrf):
    path = ann.next_path()
    data = {"opinion": "cannot-tell"} | ({} if csrf is None else {"csrf": csrf})
    for wanted in (f"{path}/verdict", "/next", "/leave"):
        assert ann.post(wanted, data=data).status_code == 403
    assert review.store.verdicts("lot") == []
    assert ann.get("/").status_code == 200


def test_the_token_of_another_session_does_not_do(review, ann, bob):
    path = ann.next_path()
    answer = ann.post(f"{path}/verdict", data={"csrf": bob.csrf, "opinion": "cannot-tell"})
    assert answer.status_code == 403
    assert review.store.verdicts("lot") == []


@pytest.mark.parametrize(
    ("headers", "is_let_in"),
    [
        ({"Origin": BASE, "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": BASE}, True),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "http://127.0.0.1:9000"}, False),
        ({"Origin": "https://127.0.0.1:8000"}, False),
        ({"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}, False),
        ({"Origin": BASE, "Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": BASE, "Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
    ],
    ids=str,
)
def test_forms_from_elsewhere_are_refused(review, app, headers, is_let_in):
    browser = Browser(app, headers=headers)
    answer = browser.post(f"/enter/{review.link()}")
    assert answer.status_code == (303 if is_let_in else 403)
    assert ("set-cookie" in answer.headers) is is_let_in


@pytest.mark.parametrize(
    ("host", "is_known"),
    [
        ("127.0.0.1:8000", True),
        ("127.0.0.1", True),
        ("localhost:8000", True),
        ("LOCALHOST", True),
        ("[::1]:8000", True),
        ("review.example", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("evil.example:8000", False),
        ("user@127.0.0.1", False),
        ("127.0.0.1/", False),
        ("127.0.0.1:x", False),
        ("", False),
    ],
)
def test_the_page_answers_under_its_own_names_alone(review, host, is_known):
    app = app_of(review, hosts=["review.example"])
    assert raw(app, "/static/review.css", headers={"host": host})["status"] == (200 if is_known else 421)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"])
def test_other_methods_are_refused(ann, method):
    assert ann.request(method, "/").status_code == 405


def test_a_body_that_is_too_large_is_refused_whatever_it_says_of_its_length(review, app, ann):
    path = ann.next_path()
    big = "x" * (MAX_BODY_BYTES + 1)
    assert ann.post(f"{path}/verdict", data={"comment": big}).status_code == 413
    cookie = "; ".join(f"{k}={v}" for k, v in ann.cookies.items())
    headers = {"cookie": cookie, **SAME_ORIGIN}
    assert raw(app, f"{path}/verdict", method="POST", headers=headers, body=big.encode())["status"] == 413
    for length in ("-1", "x", "1e3"):
        lying = {**headers, "content-length": length}
        assert raw(app, f"{path}/verdict", method="POST", headers=lying)["status"] == 400
    assert review.store.verdicts("lot") == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"opinion": "clean"}'),
        ("multipart/form-data; boundary=x", b"--x--"),
        ("text/plain", b"opinion=clean"),
        ("application/x-www-form-urlencoded", b"opinion=%ff"),
        ("application/x-www-form-urlencoded", "opinion=é".encode()),
        ("application/x-www-form-urlencoded", b"&".join([b"a=b"] * 201)),
    ],
)
def test_bodies_that_are_no_form_of_ours_are_refused(ann, kind, body):
    path = ann.next_path()
    assert ann.post(f"{path}/verdict", content=body, headers={"Content-Type": kind}).status_code == 400


# Security headers.


def test_every_answer_has_the_security_headers(review, app, ann, bob):
    path = ann.next_path()
    answers = [
        ann.get(wanted)
        for wanted in ("/", path, f"{path}/audio", f"{path}/waveform.svg", "/alive", "/static/review.css")
    ]
    answers += [
        Browser(app).get("/"),
        Browser(app).get(f"/enter/{review.link('Eve')}"),
        ann.get("/nothing"),
        ann.get("/operator"),
        bob.get(path),
        ann.get(f"{path}/audio", headers={"Range": "bytes=99999999-"}),
        ann.post("/next"),
        ann.put("/"),
        ann.get("/", headers={"Host": "evil.example"}),
        ann.post("/next", headers={"Origin": "http://evil.example"}),
        ann.post("/next", data={"x": "x" * MAX_BODY_BYTES}),
        ann.say(path, "nonsense"),
        ann.say(path, "cannot-tell"),
        ann.say(path, "cannot-tell"),
        ann.put_in("/leave"),
    ]
    statuses = {answer.status_code for answer in answers}
    assert statuses >= {200, 204, 303, 401, 403, 404, 405, 409, 413, 416, 421, 422}
    for answer in answers:
        for name, value in HEADERS.items():
            if name == "Cache-Control" and answer.url.path.startswith("/static"):
                value = "no-cache"
            assert answer.headers[name] == value, (answer.url, name)
        assert "server" not in answer.headers
    csp = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in csp
    assert "frame-ancestors 'none'" in csp
    assert "unsafe" not in csp
    assert "*" not in csp


def test_pages_hold_no_inline_script_or_style_and_nothing_from_outside(review, ann):
    pages = [ann.get("/").text, ann.get(ann.next_path()).text]
    for page in pages:
        assert "<style" not in page
        assert " style=" not in page
        assert " on" not in [part[:3] for part in page.split("<")]
        assert page.count("<script") == page.count('<script src="/static/')
        assert "http:" not in page.replace(BASE, "")
        assert "https:" not in page
        assert "javascript:" not in page


def test_an_error_inside_says_nothing_of_itself(review, caplog):
    def broken(text):
        raise RuntimeError(f"secret {text}")

    app = app_of(review, search=broken)
    ann = Browser(app)
    ann.enter(review.link())
    path = ann.next_path()
    answer = ann.say(path, "cannot-tell", comment="Jonathan Millerson")
    assert answer.status_code == 500
    assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
    assert "secret" not in answer.text
    assert "RuntimeError" not in answer.text
    assert "Traceback" not in caplog.text
    assert "Millerson" not in caplog.text
    assert "RuntimeError" in caplog.text
    assert review.store.verdicts("lot") == []


# Limits.


@pytest.fixture
def no_time_passes(monkeypatch):
    """For who counts requests: a slow machine would be given new ones meanwhile. Asked for before the page."""
    monkeypatch.setitem(Limiter.__init__.__kwdefaults__, "clock", lambda: 0.0)


def test_failed_entries_are_limited_and_what_works_is_not(no_time_passes, review, app):
    browser = Browser(app)
    for n in range(ENTRIES.burst):
        browser.enter(review.link(f"person {n}"))
        assert browser.post(f"/enter/{'x' * 43}").status_code == 404
    answer = browser.post(f"/enter/{'x' * 43}")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    elsewhere = Browser(app, client=("10.0.0.9", 1))
    assert elsewhere.post(f"/enter/{'x' * 43}").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "burst"), [("POST", "/next", POSTS.burst), ("GET", "ITEM/audio", AUDIO.burst)]
)
def test_what_one_asks_for_is_limited(no_time_passes, review, ann, bob, method, path, burst):
    item = ann.next_path()
    path = path.replace("ITEM", item)
    data = {"csrf": ann.csrf} if method == "POST" else None
    answers = [ann.request(method, path, data=data) for _ in range(burst + 60)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
    assert answers[0].status_code != 429
    assert bob.put_in("/next").status_code == 303, "nobody else is held up"


def test_strangers_are_limited(no_time_passes, app):
    answers = [Browser(app).get("/").status_code for _ in range(200)]
    assert answers[0] == 401
    assert answers[-1] == 429
