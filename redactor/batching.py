"""Work of many threads done in batches: whoever waits for a result does what is waiting, a batch at a time.

Recordings are worked on side by side, and what a model is asked costs less in batches. There is no thread that
serves: a thread that wants something puts it in a queue, and when it is its turn to compute it takes the
fullest batch there is, its own or not, until its own things are done. Alone, a thread works through its own
things in order.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Entry:
    """One thing to be done, and what came of it."""

    __slots__ = ("done", "error", "item", "result")

    def __init__(self, item: Any) -> None:
        self.item = item
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None

    def finish(self, result: Any = None, error: BaseException | None = None) -> None:
        self.item = None
        self.result, self.error, self.done = result, error, True


@dataclass
class _Queue:
    """What waits to be done together."""

    batcher: Batcher
    key: Any
    entries: list[_Entry] = field(default_factory=list)

    @property
    def fullness(self) -> float:
        return min(len(self.entries) / self.batcher.most, 1.0)


class Turn:
    """Whose turn it is to compute; batchers that share a processor share it.

    The fullest batch of all comes first, of equals the one that has waited longest: what needs no company is
    done at once, and in the meantime what does need it gathers.
    """

    def __init__(self) -> None:
        self._changing = threading.Condition()
        self._is_computing = False
        self._queues: OrderedDict[Hashable, _Queue] = OrderedDict()

    @property
    def waiting(self) -> int:
        """Things that nobody has begun with."""
        with self._changing:
            return sum(len(queue.entries) for queue in self._queues.values())

    def put(self, place: Hashable, batcher: Batcher, key: Any, entries: Sequence[_Entry]) -> None:
        with self._changing:
            self._queues.setdefault(place, _Queue(batcher, key)).entries.extend(entries)

    def compute_until_done(self, entries: Sequence[_Entry]) -> None:
        """Do what is waiting, a batch at a time, until these are done; while another thread computes, wait.

        A thread whose things another one has done goes on at once, and asks for more: so batches fill.
        """
        while (batch := self._next(entries)) is not None:
            batcher, key, its_entries = batch
            try:
                batcher.do(key, its_entries)
            finally:
                with self._changing:
                    self._is_computing = False
                    self._changing.notify_all()

    def _next(self, entries: Sequence[_Entry]) -> tuple[Batcher, Any, list[_Entry]] | None:
        """The batch that is this thread's to do; None once its own entries are done."""
        with self._changing:
            while not all(entry.done for entry in entries):
                if self._queues and not self._is_computing:
                    self._is_computing = True
                    return self._take()
                self._changing.wait()
        return None

    def _take(self) -> tuple[Batcher, Any, list[_Entry]]:
        place = max(self._queues, key=lambda p: self._queues[p].fullness)
        queue = self._queues.pop(place)
        most = queue.batcher.most
        if rest := queue.entries[most:]:
            self._queues[place] = _Queue(queue.batcher, queue.key, rest)
        return queue.batcher, queue.key, queue.entries[:most]


class Batcher(Generic[Item, Result]):
    """Does things of one key together, for all threads.

    Parameters
    ----------
    work : callable
        ``work(key, items)`` gives one result for each item, in order. It runs in one thread at a time.
    most : int
        Items of a batch at most; less once memory has run out (see `is_out_of_memory`).
    mixed : bool
        Whether things of several threads may stand in one batch. Where a result depends, in its last bits, on
        what else is in its batch, they may not: what becomes of a recording must not depend on others.
    turn : Turn, optional
        Shared with other batchers of the same processor.
    is_out_of_memory : callable, optional
        Tells by an exception that a batch was too large: it is done again in halves, and later ones are no
        larger than the half.

    Attributes
    ----------
    most : int
    batches, items : int
        What was done so far, without what failed.
    seconds : float
        That it took.
    """

    def __init__(
        self,
        work: Callable[[Any, list[Item]], Sequence[Result]],
        *,
        most: int,
        mixed: bool = True,
        turn: Turn | None = None,
        is_out_of_memory: Callable[[BaseException], bool] = lambda error: False,
    ) -> None:
        self._work = work
        self._mixed = mixed
        self._is_out_of_memory = is_out_of_memory
        self._turn = turn or Turn()
        self.most = most
        self.batches = 0
        self.items = 0
        self.seconds = 0.0

    def run(self, key: Hashable, items: Sequence[Item]) -> list[Result]:
        """The results of these items, in order; blocks until they are there.

        Raises
        ------
        Exception
            What `work` raised for one of the items by itself: what fails in a batch is tried again alone, so
            that nobody's thing fails for another's.
        """
        return self.run_all([key] * len(items), items)

    def run_all(self, keys: Sequence[Hashable], items: Sequence[Item]) -> list[Result]:
        """As :meth:`run`, each item with a key of its own: all of them wait at once, so that batches fill."""
        entries = [_Entry(item) for item in items]
        by_key: dict[Hashable, list[_Entry]] = {}
        for key, entry in zip(keys, entries, strict=True):
            by_key.setdefault(key, []).append(entry)
        for key, alike in by_key.items():
            place = (self, key) if self._mixed else (self, key, object())
            self._turn.put(place, self, key, alike)
        self._turn.compute_until_done(entries)
        for entry in entries:
            if entry.error is not None:
                raise entry.error
        return [entry.result for entry in entries]

    def do(self, key: Hashable, batch: list[_Entry]) -> None:
        """Do a batch, in halves where it fails; every entry has its result or its error then."""
        begin = time.perf_counter()
        try:
            results = list(self._work(key, [entry.item for entry in batch]))
            if len(results) != len(batch):
                raise RuntimeError(f"{len(results)} results for a batch of {len(batch)}")
        except BaseException as error:
            half = len(batch) // 2
            if half and self._is_out_of_memory(error):
                self.most = min(self.most, half)
            if half and isinstance(error, Exception):
                self.do(key, batch[:half])
                self.do(key, batch[half:])
                return
            for entry in batch:
                entry.finish(error=error)
            if not isinstance(error, Exception):
                raise
        else:
            self.batches += 1
            self.items += len(batch)
            self.seconds += time.perf_counter() - begin
            for entry, result in zip(batch, results, strict=True):
                entry.finish(result)
