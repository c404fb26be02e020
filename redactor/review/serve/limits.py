"""How often somebody may ask: token buckets in memory, a fixed number of them."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from redactor.types import Seconds

_MAX_BUCKETS = 10_000


@dataclass(frozen=True)
class Rate:
    """So many at once, and after that so many in so long."""

    burst: int
    per_s: float


# A link holds 256 random bits: this is against the load and the noise of guessing, not against its success.
ENTRIES = Rate(burst=10, per_s=10 / 600)
# Somebody who holds no session has no reason to ask much.
STRANGERS = Rate(burst=120, per_s=2.0)
POSTS = Rate(burst=30, per_s=1.0)
# A player asks for a stretch of audio whenever somebody moves in it.
AUDIO = Rate(burst=120, per_s=10.0)
PAGES = Rate(burst=200, per_s=10.0)


class Limiter:
    """One rate for many, by key.

    Parameters
    ----------
    rate : Rate
    clock : callable
        Seconds, never set back.
    """

    def __init__(self, rate: Rate, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._clock = rate, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, key: str, *, take: bool = True) -> Seconds:
        """Seconds until this key may ask (again); 0 if it may now, which `take` counts."""
        with self._lock:
            now = self._clock()
            left, at = self._buckets.pop(key, (float(self._rate.burst), now))
            left = min(left + (now - at) * self._rate.per_s, self._rate.burst)
            is_allowed = left >= 1.0
            self._buckets[key] = (left - 1.0 if take and is_allowed else left, now)
            while len(self._buckets) > _MAX_BUCKETS:
                self._buckets.popitem(last=False)  # the one that asked longest ago is full again soonest
            return 0.0 if is_allowed else (1.0 - left) / self._rate.per_s
