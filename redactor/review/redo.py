"""Beside the server: what was withdrawn is done anew, by a process of its own, one at a time."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from redactor.errors import RedactorError
from redactor.review.apply import apply
from redactor.review.consequences import settle_findings
from redactor.review.entries import Stage
from redactor.review.store import STORE_NAME, ReviewStore
from redactor.runfolder import RunFolder

_log = logging.getLogger(__name__)
# Another process may have held the folder, or a model was out of reach: after so long it is tried again.
_AGAIN_S = 300.0
_GRACE_S = 10.0


def apply_in_a_process(folder: RunFolder) -> None:
    """:func:`redactor.review.apply.apply` on a folder.

    Models are loaded there and not in the server, and what a decoder crashes there is not the server.
    """
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_apply, args=(folder.out, folder.private))
    process.start()
    process.join()


def _apply(out: Path, private: Path) -> None:
    with open(os.devnull, "wb") as nowhere:
        for descriptor in (1, 2):  # what libraries print may quote what they work on
            os.dup2(nowhere.fileno(), descriptor)
    with contextlib.suppress(RedactorError):  # the ledger says what is left to do, and it is tried again
        apply(out, private=private)


class Redo:
    """A thread that has recordings done anew after their withdrawal.

    Parameters
    ----------
    folder : RunFolder
    run : callable, optional
        Does them; :func:`apply_in_a_process` otherwise.
    again_s : float, optional
        Seconds after which what is still withdrawn is tried again.
    """

    def __init__(
        self,
        folder: RunFolder,
        *,
        run: Callable[[RunFolder], object] = apply_in_a_process,
        again_s: float = _AGAIN_S,
    ) -> None:
        self._folder = folder
        self._run = run
        self._again_s = again_s
        self._asked = threading.Event()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        self._asked.set()  # what an earlier server could not finish
        self._thread.start()

    def ask(self) -> None:
        """There is something to do; returns at once."""
        self._asked.set()

    def stop(self) -> None:
        """End the thread. A process that is at work goes on, and leaves nothing half done."""
        self._ends.set()
        self._asked.set()
        self._thread.join(_GRACE_S)

    def _work(self) -> None:
        with closing(ReviewStore(self._folder.private / STORE_NAME)) as store:
            while not self._ends.is_set():
                self._asked.wait(self._again_s)
                self._asked.clear()
                if not self._ends.is_set() and store.findings(Stage.WITHDRAWN):
                    self._do(store)

    def _do(self, store: ReviewStore) -> None:
        try:
            self._run(self._folder)
            num_settled = settle_findings(self._folder, store)
        except Exception as error:  # whose message might quote something; it is tried again
            _log.error("recordings could not be done anew: %s", type(error).__name__)
        else:
            _log.info("%d findings settled", num_settled)
