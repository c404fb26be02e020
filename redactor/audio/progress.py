"""How far the work on a recording has come, for whoever waits for it.

A thread that works on a recording says who listens; whatever reads sound in that thread says each step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from redactor.types import Seconds

Listener = Callable[[Seconds], None]

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Have this thread's steps told to `listener` inside the ``with``."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def step(sound: Seconds) -> None:
    """Some sound was read: its seconds, summed over channels. Every pass over a recording counts anew."""
    listener = _listener.get()
    if listener is not None:
        listener(sound)
