"""How long reviewers wait for `redactor review serve` when many listen at once.

    python benchmarks/review_load.py [--reviewers 50] [--seconds 60] [--think 0.5] [--clip 60]
        [--plain-comments]

One real server in a process of its own, and as many reviewers as threads of this one, on one machine and all of
its cores between them. Each reviewer does over and over what the page does: asks for the next recording, its
page, its picture and its sound in four ranges, then gives a verdict ("cannot tell", one in ten a leak, one in
five with a comment that the real detectors search). Between two requests they wait --think seconds on average,
which is far less than people do: a person with a clip of a minute asks for something every few seconds. Clips
are noise at 8 kHz in two channels, as FLAC, each its own file; pictures are therefore made anew every time.

Told are the milliseconds from the request to the last byte of the answer, by kind of request, and how many
requests there were in a second.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import numpy as np
import soundfile as sf

from redactor.audit import LOG_NAME  # noqa: E402
from redactor.files import sha256_file
from redactor.names import load_key  # noqa: E402
from redactor.record import Record  # noqa: E402
from redactor.review.comments import LazySearch, policy_search
from redactor.review.entries import Item, Kind, Lot, Role
from redactor.review.people import People
from redactor.review.store import STORE_NAME, ReviewStore

_RATE_HZ = 8_000
_NUM_RANGES = 4
_ITEMS_PER_REVIEWER_S = 0.35
_COMMENTS = ("the tone is too loud", "one side is hard to hear", "two people speak at once")


def make_folder(out: Path, *, num_items: int, clip_s: float) -> ReviewStore:
    """A run folder with so many recordings that were drawn."""
    rng = np.random.default_rng(1)
    release = out / "release"
    (out / "private" / "review").mkdir(parents=True)
    items = []
    for number in range(num_items):
        name = f"{number:032x}"
        paths = {
            what: f"{folder}/{name[:2]}/{name}.{ending}"
            for what, folder, ending in (
                ("audio", "audio", "flac"), ("report", "reports", "json"), ("transcript", "transcripts", "json")
            )
        }  # fmt: skip
        for path in paths.values():
            (release / path).parent.mkdir(parents=True, exist_ok=True)
        samples = rng.integers(-3000, 3000, (round(clip_s * _RATE_HZ), 2), dtype=np.int16)
        sf.write(release / paths["audio"], samples, _RATE_HZ, format="FLAC", subtype="PCM_16")
        muted = [
            {"start": 5.0 * n, "end": 5.0 * n + 1.0, "channels": [0, 1], "types": ["PERSON"]} for n in range(5)
        ]
        (release / paths["report"]).write_text(json.dumps({"channels": 2, "redactions": muted}))
        words = [{"text": "word", "start": n * 0.4, "end": n * 0.4 + 0.3} for n in range(round(clip_s / 0.4))]
        segments = [{"channel": 0, "start": 0.0, "end": clip_s, "words": words, "placeholders": []}]
        (release / paths["transcript"]).write_text(json.dumps({"channels": 2, "segments": segments}))
        audio = {"root": "release", "path": paths["audio"], "sha256": sha256_file(release / paths["audio"])}
        reports = {"root": "release", "report": paths["report"], "transcript": paths["transcript"]}
        items.append(
            Item(f"{number:016x}", "lot", Kind.UNIFORM, name, 0.0, clip_s, "", number, 1, audio, reports)
        )
    store = ReviewStore(out / "private" / STORE_NAME)
    store.add_lot(Lot("lot", "", "", {}, 0.95, 0.01, 0, None, num_items, num_items, 0.0, {}, {}), items)
    return store


def serve_folder(out: Path, *, is_searched: bool) -> None:
    """Body of the server's process: says its URL, then serves."""
    from redactor.review.serve.app import Site
    from redactor.review.serve.server import Address, serve

    key_file = out / "keys" / "names.key"
    key = load_key(key_file, create=True)
    record = Record(out / "private" / LOG_NAME, key_file=key_file, key=key, keep_names=False)
    search = LazySearch(policy_search) if is_searched else (lambda text: [])
    if is_searched:
        search.wait()
    site = Site(
        store=ReviewStore(out / "private" / STORE_NAME),
        release=out / "release",
        private=out / "private" / "review",
        search=search,
        on_leak=lambda item, findings: None,
        on_listen=lambda reviewer, item: record.listened(item.id, item.name, reviewer),
        now=time.time,
    )
    serve(site, Address("127.0.0.1", 0), ready=lambda url: print(url, flush=True))


class Visitor(threading.Thread):
    """One reviewer, with a connection of their own."""

    def __init__(self, url: str, token: str, *, think_s: float, until: float, seed: int) -> None:
        super().__init__(daemon=True)
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        self._connection.connect()
        self._headers = {"Origin": url, "Sec-Fetch-Site": "same-origin"}
        self._token, self._think_s, self._until = token, think_s, until
        self._random = random.Random(seed)
        self.took: dict[str, list[float]] = defaultdict(list)
        self.unexpected: list[int] = []

    def _ask(
        self,
        kind: str,
        method: str,
        path: str,
        expected: int,
        data: dict[str, str] | None = None,
        **headers: str,
    ) -> http.client.HTTPResponse:
        time.sleep(self._random.expovariate(1 / self._think_s) if self._think_s else 0)
        form = {"Content-Type": "application/x-www-form-urlencoded"} if data else {}
        began = time.perf_counter()
        self._connection.request(
            method, path, urlencode(data) if data else None, {**self._headers, **form, **headers}
        )
        answer = self._connection.getresponse()
        self._body = answer.read()
        self.took[kind].append(1000 * (time.perf_counter() - began))
        if answer.status != expected:
            self.unexpected.append(answer.status)
        return answer

    def run(self) -> None:
        answer = self._ask("enter", "POST", f"/enter/{self._token}", 303)
        self._headers["Cookie"] = answer.getheader("set-cookie").partition(";")[0]
        self._ask("queue", "GET", "/", 200)
        csrf = re.search(rb'name="csrf" value="([^"]+)"', self._body)[1].decode()
        where = self._ask("next", "POST", "/next", 303, {"csrf": csrf}).getheader("location")
        while time.monotonic() < self._until and where.startswith("/item/"):
            path = where.partition("?")[0]
            self._ask("page", "GET", where, 200)
            self._ask("picture", "GET", f"{path}/waveform.svg", 200)
            answer = self._ask("range", "GET", f"{path}/audio", 206, Range="bytes=0-1")
            size = int(answer.getheader("content-range").rpartition("/")[2])
            step = size // _NUM_RANGES + 1
            for start in range(0, size, step):
                self._ask("range", "GET", f"{path}/audio", 206, Range=f"bytes={start}-{start + step - 1}")
            answer = self._ask("verdict", "POST", f"{path}/verdict", 303, self._verdict(csrf))
            where = answer.getheader("location")

    def _verdict(self, csrf: str) -> dict[str, str]:
        said = {"csrf": csrf, "opinion": "cannot-tell"}
        if self._random.random() < 0.1:
            said |= {"opinion": "leak", "mark_start": "1", "mark_end": "2", "mark_type": "PERSON"}
        if self._random.random() < 0.2:
            said["comment"] = self._random.choice(_COMMENTS)
        return said


def measure(arguments: argparse.Namespace, out: Path) -> None:
    """Run it and print the table."""
    num_items = round(arguments.reviewers * max(arguments.seconds * _ITEMS_PER_REVIEWER_S, 4))
    store = make_folder(out, num_items=num_items, clip_s=arguments.clip)
    people = People(store)
    invitations = [
        people.invite(f"reviewer {n}", Role.REVIEWER, lifetime_s=3600) for n in range(arguments.reviewers)
    ]
    plain = ["--plain-comments"] if arguments.plain_comments else []
    process = subprocess.Popen(
        [sys.executable, __file__, "--serve", out, *plain], stdout=subprocess.PIPE, text=True
    )
    try:
        url = process.stdout.readline().strip()
        until = time.monotonic() + arguments.seconds
        visitors = [
            Visitor(url, invitation.token, think_s=arguments.think, until=until, seed=n)
            for n, invitation in enumerate(invitations)
        ]
        began = time.monotonic()
        for visitor in visitors:
            visitor.start()
        for visitor in visitors:
            visitor.join()
        wall_s = time.monotonic() - began
    finally:
        process.kill()
        process.wait()
    took = defaultdict(list)
    for visitor in visitors:
        for kind, times in visitor.took.items():
            took[kind] += times
    everything = [ms for times in took.values() for ms in times]
    given, unexpected = took["verdict"], sum(len(visitor.unexpected) for visitor in visitors)
    print(
        f"{arguments.reviewers} reviewers, {os.cpu_count()} cores, {wall_s:.0f} s: "
        f"{len(everything) / wall_s:.0f} requests a second, {len(given) / wall_s:.1f} verdicts a second, "
        f"{len(store.verdicts('lot'))} kept of {len(given)}, {unexpected} unexpected answers"
    )
    print(f"{'':10} {'number':>7} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8}")
    for kind, times in [*sorted(took.items()), ("all", everything)]:
        low, high, highest = np.percentile(times, [50, 95, 99])
        print(f"{kind:10} {len(times):7} {low:8.1f} {high:8.1f} {highest:8.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reviewers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--think", type=float, default=0.5, help="seconds between two requests of one reviewer")
    parser.add_argument("--clip", type=float, default=60.0, help="seconds of a recording")
    parser.add_argument("--plain-comments", action="store_true", help="search comments with nothing")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve_folder(arguments.serve, is_searched=not arguments.plain_comments)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(arguments, Path(folder) / "out")


if __name__ == "__main__":
    main()
