"""What is heard and seen of a recording: the bytes that were drawn, by ranges, and nothing beside them."""

import json
import os
import re
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from review_helpers import Browser, app_of, assigned, change, make_review

from redactor.errors import StoreError
from redactor.review.entries import Kind
from redactor.review.serve import pages

pytestmark = pytest.mark.long

# Sound.


def test_the_sound_is_what_was_drawn(review, ann):
    answer = ann.get(f"{ann.next_path()}/audio")
    assert answer.content == review.audio(review.items[0]).read_bytes()
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["content-disposition"] == "inline"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["accept-ranges"] == "bytes"
    assert "etag" not in answer.headers
    assert "last-modified" not in answer.headers


def test_who_hears_what_is_told_once_and_before_the_first_byte(review, ann):
    path = ann.next_path()
    assert ann.head(f"{path}/audio").status_code == 200 and review.listens == []
    for _ in range(2):
        assert ann.get(f"{path}/audio").status_code == 200
    (told,) = review.listens
    assert told[1] == review.items[0].id and told[0] == review.people.everybody()[0].reviewer.id


def test_what_cannot_go_on_record_is_not_heard(review):
    def fail(reviewer, item):
        raise StoreError("no disk")

    ann = Browser(app_of(review, on_listen=fail))
    ann.enter(review.link("Ann"))
    path = ann.next_path()
    answer = ann.get(f"{path}/audio")
    assert answer.status_code == 500 and b"RIFF" not in answer.content and b"disk" not in answer.content
    assert assigned(review, path).first_heard is None


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-", (0, None)),
        ("bytes=0-0", (0, 1)),
        ("bytes=5-9", (5, 10)),
        ("bytes=100-", (100, None)),
        ("bytes=-7", (-7, None)),
        ("bytes=-99999999", (0, None)),
        ("bytes=10-99999999", (10, None)),
        ("bytes= 5 - 9 ", (5, 10)),
    ],
)
def test_ranges(review, ann, asked, part):
    whole = review.audio(review.items[0]).read_bytes()
    answer = ann.get(f"{ann.next_path()}/audio", headers={"Range": asked})
    expected = whole[slice(*part)]
    start = whole.index(expected) if part[0] else 0
    assert answer.status_code == 206
    assert answer.content == expected
    assert answer.headers["content-length"] == str(len(expected))
    start = len(whole) + part[0] if part[0] < 0 else part[0]
    assert answer.headers["content-range"] == f"bytes {start}-{start + len(expected) - 1}/{len(whole)}"


@pytest.mark.parametrize("asked", ["bytes=SIZE-", "bytes=SIZE-99999999", "bytes=-0"])
def test_ranges_outside_the_file(review, ann, asked):
    size = review.audio(review.items[0]).stat().st_size
    path = ann.next_path()
    answer = ann.get(f"{path}/audio", headers={"Range": asked.replace("SIZE", str(size))})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{size}"
    assert answer.content == b""
    assert assigned(review, path).heard == ()


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=5-2"},
        {"Range": "bytes=-"},
        {"Range": "bytes=0-1,5-6"},
        {"Range": "lines=1-2"},
        {"Range": "bytes=x-y"},
        {"Range": "bytes=1-2-3"},
        {"Range": "bytes=" + "9" * 400 + "-"},
        {"Range": "bytes=0-9", "If-Range": '"etag"'},
        {"Range": "bytes=0-9", "If-Range": "Sat, 29 Oct 1994 19:43:31 GMT"},
    ],
    ids=str,
)
def test_what_is_no_range_of_ours_gets_all_of_it(review, ann, headers):
    answer = ann.get(f"{ann.next_path()}/audio", headers=headers)
    assert answer.status_code == 200
    assert answer.content == review.audio(review.items[0]).read_bytes()


def test_what_was_served_is_noted_and_asking_for_the_headers_is_not_hearing(review, ann):
    path = ann.next_path()
    assert ann.head(f"{path}/audio").content == b""
    assert assigned(review, path).first_heard is None
    ann.get(f"{path}/audio", headers={"Range": "bytes=10-19"})
    ann.get(f"{path}/audio", headers={"Range": "bytes=100-109"})
    assert assigned(review, path).heard == ((10, 20), (100, 110))
    assert assigned(review, path).first_heard == review.clock.at
    ann.get(f"{path}/audio")
    assert assigned(review, path).heard == ((0, review.audio(review.items[0]).stat().st_size),)


@pytest.mark.parametrize("how", ["other bytes", "replaced", "other time too"])
def test_a_file_that_was_changed_is_not_served(review, ann, how):
    path = ann.next_path()
    assert ann.get(f"{path}/audio").status_code == 200
    file = review.audio(review.items[0])
    stamp = file.stat()
    if how == "replaced":
        shutil.copy(review.audio(review.items[1]), file)
    else:
        file.write_bytes(file.read_bytes()[:-2] + b"\x01\x02")
        if how == "other time too":
            os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    for wanted in (f"{path}/audio", f"{path}/waveform.svg", path):
        answer = ann.get(wanted)
        assert answer.status_code == 410
        assert "Tell the operator" in answer.text
        assert "RIFF" not in answer.text
    assert ann.say(path, "cannot-tell").status_code == 410
    assert ann.next_path() == f"/item/{review.items[1].id}", "the queue goes on"


@pytest.mark.parametrize("how", ["void", "gone"])
def test_what_was_withdrawn_is_said_so_and_the_queue_goes_on(review, ann, how):
    path = ann.next_path()
    if how == "void":
        review.store.forget(review.items[0].name)
    else:
        review.audio(review.items[0]).unlink()
    for wanted in (path, f"{path}/audio", f"{path}/waveform.svg"):
        answer = ann.get(wanted)
        assert answer.status_code == 410
        assert "withdrawn" in answer.text
    page = ann.get(path).text
    assert "Next recording" in page
    answer = ann.say(path, "cannot-tell")
    assert answer.status_code == 410
    assert review.store.verdicts("lot") == []
    assert ann.next_path() == f"/item/{review.items[1].id}"


def test_once_the_verdict_is_given_the_sound_is_gone(review, ann):
    path = ann.next_path()
    ann.say(path, "cannot-tell")
    assert ann.get(f"{path}/audio").status_code == 404
    assert ann.get(f"{path}/waveform.svg").status_code == 404
    page = ann.get(path).text
    assert "given your verdict" in page
    assert "hello" not in page


# What the page shows.


def test_the_page_shows_words_and_placeholders_with_their_times(review, ann):
    page = ann.get(ann.next_path()).text
    assert 'data-start="0.2"' in page
    assert ">hello<" in page
    assert "&lt;PERSON_1&gt;" in page
    assert "0:01.0 to 0:01.5" in page


def test_of_a_slot_only_what_lies_in_it_is_shown(tmp_path):
    review = make_review(tmp_path, seconds=4.0, slot=(2.0, 3.2))
    ann = Browser(app_of(review))
    ann.enter(review.link())
    path = ann.next_path()
    page = ann.get(path).text
    assert [word in page for word in (">about<", ">my<", ">order<", ">hello<", ">calling<", ">please<")] == [
        True, True, True, False, False, False
    ]  # fmt: skip
    assert "PERSON_1" not in page
    assert "nothing muted" in page
    assert 'data-duration="1.2000000000000002"' in page
    assert "url(#muted)" not in ann.get(f"{path}/waveform.svg").text


def test_texts_of_private_clips_are_in_their_own_time(tmp_path):
    review = make_review(tmp_path, kinds=[Kind.PLANTED], slot=(0.5, 4.5), seconds=4.5)
    ann = Browser(app_of(review))
    ann.enter(review.link())
    assert 'data-start="0.2"' in ann.get(ann.next_path()).text


def test_the_picture_marks_what_is_muted_on_each_channel(tmp_path):
    review = make_review(tmp_path, num_channels=2)
    ann = Browser(app_of(review))
    ann.enter(review.link())
    answer = ann.get(f"{ann.next_path()}/waveform.svg")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.text.count('fill="url(#muted)"') == 2
    assert '<rect x="200.00" y="1" width="100.00"' in answer.text  # 1.0 to 1.5 of 4 seconds, in 800 bins
    assert "<title" in answer.text
    assert "muted from 0:01.0 to 0:01.5" in answer.text
    assert "style" not in answer.text
    assert "script" not in answer.text


def test_words_are_timed_too_coarsely_to_tell_a_recognizer_from_a_plant(tmp_path):
    review = make_review(tmp_path)
    file = review.out / "release" / review.items[0].reports["transcript"]
    document = json.loads(file.read_text())
    document["segments"][0]["start"] = 0.2371234567
    document["segments"][0]["words"][0] |= {"start": 0.2371234567, "end": 0.519}
    file.write_text(json.dumps(document))
    ann = Browser(app_of(review))
    ann.enter(review.link())
    page = ann.get(ann.next_path()).text
    assert re.search(r'data-start="0.2"\s+data-end="0.6">hello', page) and 'data-at="0.2"' in page
    assert not re.search(r'data-(start|end|at)="\d+\.\d\d', page)


def test_nothing_tells_what_an_item_was_drawn_for(tmp_path):
    review = make_review(tmp_path, kinds=[Kind.UNIFORM, Kind.TARGETED, Kind.PLANTED])
    ann = Browser(app_of(review))
    ann.enter(review.link())
    pages, kinds = [], []
    for item in review.items:
        path = ann.next_path()
        page, sound = ann.get(path), ann.get(f"{path}/audio")
        pages.append(page.text.replace(item.id, "ITEM"))
        kinds.append({k: v for k, v in sound.headers.items() if k not in ("date", "content-length")})
        answer = ann.leak(path)
        assert answer.status_code == 303
    assert pages[1] == pages[2]
    assert kinds[0] == kinds[1] == kinds[2]
    assert "planted" not in pages[2]
    assert [f.item for f in review.store.findings()] and len(review.store.findings()) == 2


def test_text_in_a_transcript_is_text(review, ann):
    file = review.out / "release" / review.items[0].reports["transcript"]
    file.write_text(file.read_text().replace("hello", "<script>alert(1)</script>"))
    page = ann.get(ann.next_path()).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("how", ["gone", "damaged"])
def test_what_was_kept_for_two_is_heard_on_after_its_texts_are_gone(review, ann, how):
    path = ann.next_path()
    file = review.out / "release" / review.items[0].reports["report"]
    file.write_text("{") if how == "damaged" else file.unlink()
    page = ann.get(path)
    assert page.status_code == 200
    assert "not known any more" in page.text
    assert "no transcript" in page.text
    assert ann.get(f"{path}/audio").status_code == 200
    assert "not known any more" in ann.get(f"{path}/waveform.svg").text


def test_a_recording_without_a_transcript_can_be_heard(review, ann):
    path = ann.next_path()
    change(review, review.items[0], reports={**review.items[0].reports, "transcript": None})
    answer = ann.get(path)
    assert answer.status_code == 200
    assert "no transcript" in answer.text


def test_a_picture_that_takes_long_holds_up_nobody(review, ann, bob, monkeypatch):
    go, really = threading.Event(), pages.peaks
    monkeypatch.setattr(pages, "peaks", lambda descriptor: (go.wait(30), really(descriptor))[1])
    path = ann.next_path()
    with ThreadPoolExecutor(13) as threads:
        try:
            pictures = [threads.submit(ann.get, f"{path}/waveform.svg") for _ in range(12)]
            assert threads.submit(bob.get, "/").result(timeout=10).status_code == 200
        finally:
            go.set()
        assert {picture.result(timeout=30).status_code for picture in pictures} == {200}
