"""What follows from a leak, done apart from the answer to whoever found it."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Sequence
from itertools import groupby

from redactor.review.entries import Finding, Item, Stage
from redactor.review.store import ReviewStore
from redactor.types import Seconds

RETRY_EVERY_S: Seconds = 30.0
_LOG = logging.getLogger(__name__)

OnLeak = Callable[[Item, Sequence[Finding]], None]


class FollowUp:
    """A thread that hands over every finding that nobody has followed up.

    Parameters
    ----------
    store : ReviewStore
    on_leak : callable
        Takes an item and its findings in stage "found", and gives them another stage. What it raises, and what
        stays "found", is tried again, at the next start too; so it may be called twice for one finding.
    retry_every_s : float
    """

    def __init__(
        self, store: ReviewStore, on_leak: OnLeak, *, retry_every_s: Seconds = RETRY_EVERY_S
    ) -> None:
        self._store, self._on_leak, self._retry_every_s = store, on_leak, retry_every_s
        self._wake, self._is_over = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name="follow-up", daemon=True)

    def start(self) -> None:
        """Begin with what an earlier process left."""
        self._thread.start()

    def wake(self) -> None:
        """There is a new finding."""
        self._wake.set()

    def stop(self, timeout_s: Seconds = 10.0) -> None:
        """End the thread, after what it has in hand."""
        self._is_over = True
        self._wake.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            while not self._is_over:
                self._wake.clear()
                self._try_all()
                self._wake.wait(self._retry_every_s)
        finally:
            with contextlib.suppress(Exception):
                self._store.close()

    def _try_all(self) -> None:
        try:
            open_findings = sorted(self._store.findings(Stage.FOUND), key=lambda f: f.item)
        except Exception as error:
            _LOG.error("findings cannot be read (%s); they are tried again", type(error).__name__)
            return
        for item_id, findings in groupby(open_findings, key=lambda f: f.item):
            if self._is_over:
                return
            try:
                item = self._store.item(item_id)
                if item is not None:
                    self._on_leak(item, list(findings))
            except Exception as error:
                # Never its message: it may be about what was said.
                _LOG.error("a leak was not followed up (%s); it is tried again", type(error).__name__)
