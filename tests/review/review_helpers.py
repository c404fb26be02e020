"""A small review made by hand: a run folder with a few recordings, a store, people, and a clock to turn."""

from __future__ import annotations

import asyncio
import json
import re
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import soundfile as sf
from sounds import voice
from starlette.testclient import TestClient

from redactor.files import sha256_file
from redactor.review.entries import Item, Kind, Lot, Role
from redactor.review.people import People
from redactor.review.queue import Queue
from redactor.review.serve.app import Site, build_app
from redactor.review.store import ReviewStore

RATE = 8_000
BASE = "http://127.0.0.1:8000"
SAME_ORIGIN = {"Origin": BASE, "Sec-Fetch-Site": "same-origin"}
# What the stand-in for the detector finds.
PERSONAL = {"Jonathan": "PERSON", "Millerson": "PERSON", "5551234567": "PHONE_NUMBER"}


@dataclass
class Clock:
    """Seconds since the epoch, turned by hand."""

    at: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.at

    def on(self, seconds: float) -> None:
        self.at += seconds


def search(text):
    """A stand-in for the detector."""
    return [(m.start(), m.end(), kind) for word, kind in PERSONAL.items() for m in re.finditer(word, text)]


@dataclass
class Review:
    """A review made by hand, and what a server of it is given."""

    out: Path
    store: ReviewStore
    clock: Clock
    items: list[Item]
    leaks: list = field(default_factory=list)
    listens: list = field(default_factory=list)

    @property
    def people(self) -> People:
        return People(self.store, now=self.clock)

    @property
    def queue(self) -> Queue:
        return Queue(self.store, now=self.clock)

    @property
    def database(self) -> Path:
        return self.out / "private" / "review.sqlite3"

    def site(self, **changes) -> Site:
        site = Site(
            store=self.store,
            release=self.out / "release",
            private=self.out / "private" / "review",
            search=search,
            on_leak=lambda item, findings: self.leaks.append((item, list(findings))),
            on_listen=lambda reviewer, item: self.listens.append((reviewer, item.id)),
            now=self.clock,
            port=8000,
        )
        return replace(site, **changes)

    def reviewer(self, label="Ann", role=Role.REVIEWER):
        return self.people.invite(label, role, lifetime_s=3600).reviewer

    def link(self, label="Ann", role=Role.REVIEWER) -> str:
        return self.people.invite(label, role, lifetime_s=3600).token

    def audio(self, item: Item) -> Path:
        root = "release" if item.audio["root"] == "release" else "private/review"
        return self.out / root / item.audio["path"]

    def stored(self) -> bytes:
        """Every byte of the database, of its log of writes too."""
        return b"".join(path.read_bytes() for path in sorted(self.database.parent.glob("review.sqlite3*")))


def make_review(
    tmp_path: Path, *, kinds=(Kind.UNIFORM,) * 3, required=1, seconds=4.0, num_channels=1, slot=None
) -> Review:
    """A lot of recordings that were released, in the order of `kinds`; those that are planted lie in private.

    Parameters
    ----------
    slot : tuple of float, optional
        Stretch of every recording that is to be heard; all of it otherwise.
    """
    out = tmp_path / "out"
    (out / "private" / "review" / "clips").mkdir(parents=True)
    store = ReviewStore(out / "private" / "review.sqlite3")
    items = [
        _item(out, number, kind, required, seconds, num_channels, slot) for number, kind in enumerate(kinds)
    ]
    lot = Lot("lot", "2026-01-01T00:00:00+00:00", "seed", {}, 0.95, 0.01, 0, None, 9, 9, 36.0, {}, {})
    store.add_lot(lot, items)
    return Review(out, store, Clock(), items)


def _item(out, number, kind, required, seconds, num_channels, slot) -> Item:
    name = f"{number:02x}" + "ab" * 15
    is_planted = kind is Kind.PLANTED
    start, end = slot or (0.0, seconds)
    samples = np.stack([voice(seconds, seed=number + c)[::2] for c in range(num_channels)], axis=1)
    samples[round(1.0 * RATE) : round(1.5 * RATE)] = 0.0
    root = out / ("private/review" if is_planted else "release")
    paths = {
        what: f"clips/{number}.{what}.{ending}" if is_planted else f"{folder}/{name[:2]}/{name}.{ending}"
        for what, folder, ending in (
            ("audio", "audio", "wav"), ("report", "reports", "json"), ("transcript", "transcripts", "json")
        )
    }  # fmt: skip
    for path in paths.values():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
    heard = samples[round(start * RATE) : round(end * RATE)]
    sf.write(root / paths["audio"], heard, RATE, subtype="PCM_16")
    (root / paths["report"]).write_text(json.dumps(report(seconds, num_channels)))
    (root / paths["transcript"]).write_text(json.dumps(transcript(seconds, num_channels)))
    where = "private" if is_planted else "release"
    return Item(
        id=f"item{number}" + "f" * 16,
        lot="lot",
        kind=kind,
        name=name,
        start=start,
        end=end,
        stratum="",
        position=number,
        required=required,
        audio={"root": where, "path": paths["audio"], "sha256": sha256_file(root / paths["audio"])},
        reports={"root": where, "report": paths["report"], "transcript": paths["transcript"]},
        truth={"start": 2.0, "end": 2.5, "type": "PERSON"} if is_planted else None,
    )


def report(seconds, num_channels) -> dict:
    span = {"types": ["PERSON"], "origin": "detected", "score": 0.85, "recognizers": ["SpacyRecognizer"]}
    return {
        "duration": seconds,
        "channels": num_channels,
        "redactions": [{**span, "start": 1.0, "end": 1.5, "channels": list(range(num_channels))}],
    }


def transcript(seconds, num_channels) -> dict:
    words = [("hello", 0.2, 0.5), ("this", 0.55, 0.7), ("is", 0.75, 0.9), ("calling", 1.6, 2.0)]
    words += [(word, 2.0 + 0.4 * n, 2.3 + 0.4 * n) for n, word in enumerate("about my order please".split())]
    segments = [
        {
            "channel": channel,
            "start": 0.2,
            "end": seconds,
            "language": "en",
            "text": "",
            "words": [{"text": t, "start": a, "end": b, "probability": 0.9} for t, a, b in words],
            "placeholders": [{"text": "<PERSON_1>", "start": 1.0, "end": 1.5}],
        }
        for channel in range(num_channels)
    ]
    return {"duration": seconds, "channels": num_channels, "languages": ["en"], "segments": segments}


class Browser(TestClient):
    """A client that sends what a browser on the page sends, follows nothing by itself, and knows its token."""

    def __init__(self, app, **options) -> None:
        options = {"base_url": BASE, "headers": SAME_ORIGIN, "follow_redirects": False, **options}
        super().__init__(app, **options)

    def enter(self, token: str):
        answer = self.post(f"/enter/{token}")
        assert answer.status_code == 303, answer.text
        return answer

    @property
    def csrf(self) -> str:
        return re.search(r'name="csrf" value="([^"]+)"', self.get("/").text)[1]

    def put_in(self, path, **fields):
        return self.post(path, data={"csrf": self.csrf, **fields})

    def next_path(self) -> str:
        """Path of the next item."""
        return self.put_in("/next").headers["location"].partition("?")[0]

    def say(self, path, opinion, **fields):
        return self.put_in(f"{path}/verdict", opinion=opinion, **fields)

    def leak(self, path, start="2.0", end="2.5", kind="PERSON", **fields):
        return self.say(path, "leak", mark_start=start, mark_end=end, mark_type=kind, **fields)


def app_of(review: Review, **changes):
    return build_app(review.site(**changes))


def hear(review: Review, browser: Browser, path: str, seconds: float = 4.0) -> None:
    """Listen to all of an item, at the usual speed."""
    assert browser.get(f"{path}/audio").status_code == 200
    review.clock.on(seconds)


def raw(app, path, *, method="GET", headers=(), body=b""):
    """Status, headers and body of a request whose path is sent as it is, as no client library would."""
    answer = {"body": b""}
    sent = {"host": "127.0.0.1:8000", **dict(headers)}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(k.lower().encode(), v.encode()) for k, v in sent.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }

    async def receive():
        if not answer.pop("unread", True):
            await asyncio.sleep(3600)
        answer["unread"] = False
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        if message["type"] == "http.response.start":
            answer["status"] = message["status"]
            answer["headers"] = {k.decode(): v.decode() for k, v in message["headers"]}
        else:
            answer["body"] += message.get("body", b"")

    asyncio.run(app(scope, receive, send))
    return answer


def change(review, item, **changes):
    """Another value of an item in the store."""
    with review.store.transaction() as db:
        row = db.execute("SELECT value FROM item WHERE id = ?", (item.id,)).fetchone()
        value = json.dumps({**json.loads(row["value"]), **changes})
        db.execute("UPDATE item SET value = ? WHERE id = ?", (value, item.id))


def assigned(review, path):
    who = review.people.everybody()[0].reviewer.id
    return review.queue.assigned(who, path.removeprefix("/item/"))


def wait_for(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)
