"""index.html of an opened package in a real Chromium, from file://."""

import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from export_package_helpers import make_case, recording, wav

from redactor.export.package.opener import open_package

sys.path.append(str(Path(__file__).parents[1] / "review"))

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium"),
]
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=document.title='owned'>"


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    case = make_case(tmp_path_factory.mktemp("case"))
    said = [
        (0.0, 1.0, 0, "Guten Tag, mein Name ist <PERSON_1>"),
        (1.0, 2.0, 1, "Grüß Gott, my number is <PHONE_NUMBER_1> thanks"),
        (2.0, 3.0, 0, HOSTILE),
        (3.0, 3.9, 1, "thank you, goodbye"),
    ]
    one = recording(case.release, "aa01", *said, audio=wav(4.0), duration=4.0)
    two = replace(recording(case.release, "bb02"), recorded_at=None)
    broken = recording(case.release, "cc03", audio=b"no sound", recorded_at="2026-02-03")
    case.manifest = replace(case.manifest, lines=(one, two, broken))
    sealed = case.seal(members=case.members(certificate=b"<!doctype html>"))
    open_package(sealed, case.folder / "o", **case.keys)
    return case.folder / "o"


@pytest.fixture
def open_page(chromium, folder):
    contexts, complaints = [], []

    def opened(**options):
        context = chromium.new_context(**{"locale": "en-GB", **options})
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda r: None if r.url.startswith(folder.as_uri()) else complaints.append(r.url))
        page.goto((folder / "index.html").as_uri())
        return page

    opened.complaints = complaints
    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def until(page, condition):
    end = time.monotonic() + 15
    while not page.evaluate(condition):
        assert time.monotonic() < end, condition
        page.wait_for_timeout(20)


def search(page, words):
    page.get_by_label("Search what was said").fill(words)
    page.get_by_role("button", name="Search", exact=True).click()
    return page.locator("#status").text_content()


def test_it_plays(open_page):
    page = open_page()
    assert page.locator("audio").count() == 3
    assert page.get_by_text("Search needs JavaScript").count() == 0
    page.locator("summary").first.click()
    page.get_by_role("button", name="Play recording 1 from 00:01").click()
    until(page, "document.getElementById('a0001').currentTime > 1.2")
    assert page.locator("li.now").text_content().startswith("00:01")
    page.get_by_role("button", name="Play recording 1 from 00:03").click()
    until(page, "document.getElementById('a0001').ended")


@pytest.mark.parametrize(
    ("words", "status", "marked"),
    [
        ("thank", "Found 2 times.", ["thank", "thank"]),
        ("GRUSS gott", "Nothing was found", []),
        ("grüß GOTT", "Found once.", ["Grüß", "Gott"]),
        ("gru my", "Found once.", ["Grü", "my"]),
        ("person_1", "Found 2 times.", ["PERSON_1", "PERSON_1"]),
        ("</script>", "Found once.", ["</script>", "</script>"]),
        ("nobody", "Nothing was found", []),
        (".*", "Nothing was found", []),
    ],
)
def test_it_searches_everything_that_was_said(open_page, words, status, marked):
    page = open_page()
    text = search(page, words)
    if words == "person_1":  # three recordings have it, once each
        status, marked = "Found 3 times.", ["PERSON_1"] * 3
    assert text.startswith(status)
    assert page.locator("#hits mark").all_text_contents() == marked
    assert search(page, "") == ""
    assert page.locator("#found").is_hidden()


def test_a_hit_plays_from_where_it_is(open_page):
    page = open_page()
    search(page, "goodbye")
    page.locator("#hits button").click()
    until(page, "document.getElementById('a0001').currentTime >= 3")


def test_what_was_said_is_text_and_never_markup(open_page):
    page = open_page()
    for n in range(3):
        page.locator("summary").nth(n).click()
    assert HOSTILE in page.locator(".lines li span:not(.tag)").all_text_contents()
    assert page.title() == "Recordings"
    assert page.locator("img").count() == 0
    assert "<PERSON_1>" in page.locator(".tag").all_text_contents()
    search(page, "owned")
    assert page.title() == "Recordings"


def test_a_file_that_does_not_play_is_told_of(open_page):
    page = open_page()
    card = page.locator("article").nth(1)
    assert card.locator(".unplayable").is_hidden()
    page.evaluate("document.getElementById('a0002').load()")
    card.get_by_text("This browser cannot play").wait_for()
    assert card.get_by_role("link", name="audio.wav").is_visible()


def test_in_german_from_the_start_or_at_a_press(open_page):
    page = open_page(locale="de-DE")
    assert page.get_attribute("html", "lang") == "de"
    assert page.get_by_role("heading", name="Alle Aufnahmen").is_visible()
    page.get_by_role("button", name="English").click()
    assert page.get_attribute("html", "lang") == "en"
    page.locator("summary").first.click()
    page.get_by_role("button", name="Deutsch").click()
    assert page.get_by_role("button", name="Aufnahme 1 ab 00:00 abspielen").is_visible()


def test_without_scripts_it_still_plays_and_says_what_is_missing(open_page):
    page = open_page(java_script_enabled=False)
    assert page.get_by_text("Search needs JavaScript").is_visible()
    assert not page.get_by_role("button").count()
    assert page.locator("audio").first.is_visible()
    assert not page.get_by_label("Search what was said").is_visible()
    assert page.get_by_role("link", name="transcript.txt").first.is_visible()


def test_an_inline_script_or_a_request_would_be_stopped_and_seen(open_page):
    page = open_page()
    page.evaluate(
        """() => { const script = document.createElement("script");
        script.textContent = "window.ran = true"; document.body.append(script);
        fetch("https://example.org/").catch(() => {});
        document.body.append(Object.assign(new Image(), { src: "https://example.org/x.png" })); }"""
    )
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") is None
    for kind in ("inline script", "example.org/'", "x.png"):
        assert any("Content Security Policy" in c and kind in c for c in open_page.complaints), kind
    open_page.complaints.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_screen_reader_and_a_phone_can_use_it(open_page, scheme, tmp_path):
    from test_browser import _CONTRAST, _DANGLING, _DOUBLE_IDS, _HEADINGS, _NAMELESS

    page = open_page(color_scheme=scheme, **PHONE)
    page.locator("summary").first.tap()
    search(page, "thank")
    page.screenshot(path=str(tmp_path / f"{scheme}.png"), full_page=True)
    for check in (_NAMELESS, _DOUBLE_IDS, _DANGLING, _CONTRAST):
        assert page.evaluate(check) == [], check
    headings = page.evaluate(_HEADINGS)
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(headings, headings[1:], strict=False))
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, input, summary, nav a, .links a, audio")]
        .filter((e) => e.checkVisibility()).map((e) => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
        .filter(([_, box]) => box.height < 44 || box.width < 44).map(([html]) => html)"""
    )
    assert small == []
    assert page.locator("main").count() == 1
    first = page.locator("a, button, input, summary").first
    assert first.get_attribute("class") == "skip"
    first.focus()
    assert first.bounding_box()["x"] >= 0
