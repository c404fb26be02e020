"""A real server of a review made by hand, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def server(out: Path) -> Iterator[tuple[str, subprocess.Popen]]:
    """URL and process of a server of `out`, killed at the end if it still lives."""
    here = Path(__file__).parent
    path = os.pathsep.join([str(here), str(here.parent), *filter(None, sys.path)])
    process = subprocess.Popen(
        [sys.executable, __file__, out],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process.stdout.readline().strip(), process
    finally:
        process.kill()
        process.communicate()


def _say(url: str) -> None:
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()


def _main(out: Path) -> None:
    from review_helpers import search

    from redactor.review.serve.app import Site
    from redactor.review.serve.server import Address, serve
    from redactor.review.store import ReviewStore

    site = Site(
        store=ReviewStore(out / "private" / "review.sqlite3"),
        release=out / "release",
        private=out / "private" / "review",
        search=search,
        on_leak=lambda item, findings: None,
        on_listen=lambda reviewer, item: None,
        now=time.time,
    )
    serve(site, Address("127.0.0.1", 0), ready=_say)


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
