"""The page in a real Chromium, from the invitation to the verdict."""

import re
import shutil
import time

import pytest
from review_helpers import make_review
from review_server import server

from redactor.review.entries import Kind, Opinion, Role

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium"),
]
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


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


@pytest.fixture
def review(tmp_path):
    review = make_review(tmp_path, kinds=[Kind.UNIFORM] * 3, seconds=3.0, num_channels=2)
    review.clock.at = time.time()
    return review


@pytest.fixture
def url(review):
    with server(review.out) as (url, _):
        yield url


@pytest.fixture
def open_page(chromium, review, url):
    """Opens pages in contexts of their own; in the end nothing may have been complained about."""
    contexts, complaints = [], []

    def opened(label="Ann", role=Role.REVIEWER, **options):
        context = chromium.new_context(**options)
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda r: None if r.url.startswith(url) else complaints.append(r.url))
        page.goto(f"{url}/enter/{review.link(label, role)}")
        page.get_by_role("button", name="Enter").click()
        page.get_by_role("button", name="Leave").wait_for()
        page.wait_for_load_state()
        return page

    opened.complaints = complaints
    yield opened
    for context in contexts:
        context.close()
    # A form that comes back with what is missing is an error to the console and none to us.
    assert [c for c in complaints if "status of 422" not in c] == []


def until(page, condition):
    """Wait for something in the page; Playwright's own way of waiting is forbidden by the page's policy."""
    end = time.monotonic() + 15
    while not page.evaluate(condition):
        assert time.monotonic() < end, condition
        page.wait_for_timeout(20)


def opinion(page, text):
    return page.get_by_role("radio", name=re.compile(f"^{text}"))


def play_to_the_end(page, key="Space"):
    page.keyboard.press(key)
    until(page, "document.getElementById('audio').ended")


def at_an_item(page):
    page.wait_for_url("**/item/*")
    until(page, "document.getElementById('audio').readyState > 0")


def test_a_queue_with_the_keyboard_alone(review, open_page):
    page = open_page()
    assert page.evaluate("document.activeElement.textContent.trim()") == "Next recording"
    page.keyboard.press("Enter")
    at_an_item(page)

    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.getElementById('audio').playbackRate") == 1.25
    for _ in range(5):
        page.keyboard.press("ArrowUp")
    assert page.evaluate("document.getElementById('audio').playbackRate") == 2
    play_to_the_end(page)
    page.keyboard.press("1")
    assert opinion(page, "Clean").is_checked()
    page.keyboard.press("Enter")
    page.wait_for_url("**?kept")
    assert [v.opinion for v in review.store.verdicts("lot")] == [Opinion.CLEAN]
    assert "was kept" in page.get_by_role("status").first.text_content()

    at_an_item(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("m")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("m")
    assert "Pick what it is" in page.locator("#status").text_content()
    page.keyboard.press("t")
    assert page.evaluate("document.activeElement.name") == "mark_type"
    page.keyboard.type("name of a p")
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    page.keyboard.type("in the middle 1 m")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")  # away from the play button, which Enter would press
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{review.items[2].id}?kept")
    leak = review.store.verdicts("lot")[1]
    assert (leak.opinion, leak.comment) == (Opinion.LEAK, "in the middle 1 m")
    assert [(m.start, m.end, m.type) for m in leak.marks] == [(2.0, 3.0, "PERSON")]

    at_an_item(page)
    page.keyboard.press("4")
    page.keyboard.press("Enter")
    page.get_by_text("Nothing is waiting for you").wait_for()
    assert len(review.store.verdicts("lot")) == 3


def test_a_leak_marked_on_the_picture_with_the_mouse(review, open_page):
    page = open_page()
    page.get_by_role("button", name="Next recording").click()
    at_an_item(page)
    box = page.locator("#wave").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.5, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, middle, steps=4)
    page.mouse.up()
    assert page.locator("#marks div").count() == 1
    assert opinion(page, "Leak").is_checked()
    page.get_by_role("group", name="Stretch 1").get_by_label("What is it").select_option("PHONE_NUMBER")
    page.get_by_role("button", name="Save and go on").click()
    page.wait_for_url("**?kept")
    [mark] = review.store.verdicts("lot")[0].marks
    assert (mark.start, mark.end) == pytest.approx((1.5, 2.25), abs=0.02)
    assert mark.type == "PHONE_NUMBER"
    assert review.store.findings()[0].start == mark.start


def test_a_press_on_the_picture_goes_there_and_marks_nothing(review, open_page):
    page = open_page()
    page.get_by_role("button", name="Next recording").click()
    at_an_item(page)
    box = page.locator("#wave").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 3, box["y"] + 10)
    assert page.evaluate("document.getElementById('audio').currentTime") == pytest.approx(1.0, abs=0.03)
    assert page.locator("#marks div").count() == 0
    left = page.evaluate("parseFloat(document.getElementById('playhead').style.left)")
    assert left == pytest.approx(33.3, abs=1)


def test_the_word_that_is_heard_is_marked_in_the_text(review, open_page):
    page = open_page()
    page.get_by_role("button", name="Next recording").click()
    at_an_item(page)
    page.evaluate("document.getElementById('audio').playbackRate = 0.25")
    page.evaluate("document.getElementById('audio').currentTime = 1.7")
    page.keyboard.press("Space")
    page.wait_for_selector(".now")
    assert page.locator(".now").first.text_content() == "calling"
    page.keyboard.press("Space")
    until(page, "document.getElementById('audio').paused && !document.querySelector('.now')")


def test_a_comment_with_a_name_comes_back_and_is_kept_without_it(review, open_page):
    page = open_page()
    page.get_by_role("button", name="Next recording").click()
    at_an_item(page)
    page.get_by_label("Comment").fill("Jonathan Millerson is heard")
    opinion(page, "Cannot tell").check()
    page.get_by_role("button", name="Save and go on").click()
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "name of a person" in alert.text_content()
    assert page.evaluate("document.activeElement.id") == "alert"
    assert opinion(page, "Cannot tell").is_checked()
    page.get_by_role("button", name="Save with <PERSON>").click()
    page.wait_for_url("**?kept")
    assert review.store.verdicts("lot")[0].comment == "<PERSON> <PERSON> is heard"


def test_typing_is_typing_and_keys_can_be_turned_off(review, open_page):
    page = open_page()
    page.get_by_role("button", name="Next recording").click()
    at_an_item(page)
    page.get_by_label("Comment").fill("")
    page.get_by_label("Comment").press_sequentially("1 m 2 t ?")
    assert page.get_by_label("Comment").input_value() == "1 m 2 t ?"
    assert not page.locator("input[name=opinion]:checked").count()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.get_by_label("Single keys are on").uncheck()
    page.keyboard.press("2")
    assert not page.locator("input[name=opinion]:checked").count()


def test_on_a_phone_nothing_is_cut_off_and_everything_can_be_hit(review, open_page):
    page = open_page(**PHONE)
    page.get_by_role("button", name="Next recording").tap()
    at_an_item(page)
    page.locator("#help").locator("summary").tap()
    page.locator("details").first.locator("summary").tap()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, input:not([type=hidden]), select, summary, nav a")]
        .filter((e) => e.checkVisibility())
        .map((e) => [e, (e.matches("[type=radio], [type=checkbox]") ? e.closest("label") : e)])
        .map(([e, box]) => [e.outerHTML.slice(0, 80), box.getBoundingClientRect()])
        .filter(([_, box]) => box.height < 44 || box.width < 44).map(([html]) => html)"""
    )
    assert small == []
    page.locator("#wave").scroll_into_view_if_needed()
    box = page.locator("#wave").bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + 20)
    assert page.evaluate("document.getElementById('audio').currentTime") == pytest.approx(1.5, abs=0.05)
    page.get_by_role("button", name="Play", exact=True).tap()
    until(page, "document.getElementById('audio').currentTime > 1.7")
    opinion(page, "Cannot tell").tap()
    page.get_by_role("button", name="Save and go on").tap()
    page.wait_for_url("**?kept")
    assert [v.opinion for v in review.store.verdicts("lot")] == [Opinion.CANNOT_TELL]


def test_it_works_without_scripts(review, open_page):
    page = open_page(java_script_enabled=False)
    page.get_by_role("button", name="Next recording").click()
    page.wait_for_url("**/item/*")
    assert page.locator("audio[controls]").is_visible()
    assert "nodownload" in page.locator("audio").get_attribute("controlslist")
    opinion(page, "Leak").check()
    second = page.get_by_role("group", name="Stretch 2")
    second.get_by_label("From").fill("1.6")
    second.get_by_label("to", exact=True).fill("2")
    second.get_by_label("What is it").select_option("OTHER")
    page.get_by_role("button", name="Save and go on").click()
    page.wait_for_url("**?kept")
    [mark] = review.store.verdicts("lot")[0].marks
    assert (mark.start, mark.end, mark.type) == (1.6, 2.0, "OTHER")


_NAMELESS = """() => {
  const name = (e) => (e.getAttribute("aria-label") || e.textContent.trim() || e.alt
    || (e.labels && [...e.labels].map((l) => l.textContent.trim()).join(" ")) || "").trim();
  return [...document.querySelectorAll("button, a, input:not([type=hidden]), select, textarea, img, output")]
    .filter((e) => !name(e)).map((e) => e.outerHTML.slice(0, 100));
}"""
_GROUPLESS = """() => [...document.querySelectorAll("input[type=radio]")]
  .filter((e) => !e.closest("fieldset")?.querySelector("legend")?.textContent.trim()).length"""
_DOUBLE_IDS = """() => { const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  return ids.filter((id, n) => ids.indexOf(id) !== n); }"""
_DANGLING = """() => [...document.querySelectorAll("[aria-labelledby], [aria-describedby]")]
  .flatMap((e) => [e.getAttribute("aria-labelledby"), e.getAttribute("aria-describedby")])
  .filter((id) => id && !document.getElementById(id))"""
_HEADINGS = """() => [...document.querySelectorAll("h1, h2, h3")].map((h) => Number(h.tagName[1]))"""
_CONTRAST = """() => {
  const parse = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
  const light = (c) => { const [r, g, b] = c.slice(0, 3).map((v) => { v /= 255;
    return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (e) => { for (; e; e = e.parentElement) {
    const c = parse(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] > 0) return c; }
    return [255, 255, 255]; };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const bad = [];
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !e.checkVisibility()) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) bad.push(walker.currentNode.textContent.trim().slice(0, 40));
  }
  return bad;
}"""


@pytest.mark.parametrize("which", ["queue", "item", "warning", "operator"])
def test_pages_can_be_read_by_a_screen_reader(review, open_page, which):
    page = open_page("Olga", Role.OPERATOR) if which == "operator" else open_page()
    if which in ("item", "warning"):
        page.get_by_role("button", name="Next recording").click()
        at_an_item(page)
    if which == "warning":
        page.get_by_label("Comment").fill("Jonathan")
        opinion(page, "Leak").check()
        page.get_by_role("button", name="Save and go on").click()
        page.get_by_role("alert").wait_for()
    if which == "operator":
        page.wait_for_url("**/operator")
    for check in (_NAMELESS, _DOUBLE_IDS, _DANGLING, _CONTRAST):
        assert page.evaluate(check) == [], check
    assert page.evaluate(_GROUPLESS) == 0
    headings = page.evaluate(_HEADINGS)
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(headings, headings[1:], strict=False))
    assert page.get_attribute("html", "lang") == "en"
    assert page.title()
    first = page.locator("a, button, input, select, textarea, summary, [tabindex='0']").first
    assert first.get_attribute("class") == "skip"
    first.focus()
    assert first.bounding_box()["x"] >= 0
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert page.locator("main").count() == 1


def test_the_checks_for_screen_readers_would_see_what_is_wrong(open_page):
    page = open_page()
    page.evaluate(
        """() => { const add = (tag, set) => document.querySelector("main")
          .appendChild(Object.assign(document.createElement(tag), set));
        add("input", { type: "text", id: "main" }); add("input", { type: "radio" });
        add("p", { textContent: "pale" }).style.color = "#ccc";
        add("p", {}).setAttribute("aria-labelledby", "nothing"); }"""
    )
    assert len(page.evaluate(_NAMELESS)) == 2
    assert page.evaluate(_DOUBLE_IDS) == ["main"]
    assert page.evaluate(_DANGLING) == ["nothing"]
    assert page.evaluate(_GROUPLESS) == 1
    assert page.evaluate(_CONTRAST) == ["pale"]


def test_an_inline_script_would_not_run_and_would_be_seen(open_page):
    page = open_page()
    page.evaluate(
        """() => { const script = document.createElement("script");
        script.textContent = "window.ran = true"; document.body.append(script); }"""
    )
    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in complaint for complaint in open_page.complaints)
    open_page.complaints.clear()


def test_the_sound_has_no_button_to_keep_it(review, open_page):
    page = open_page()
    page.get_by_role("button", name="Next recording").click()
    at_an_item(page)
    assert not re.search(r"download(?!=)", page.content().replace("nodownload", ""))
    assert page.locator("audio[controls]").count() == 0
