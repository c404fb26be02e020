"""Points in time as they are signed: ISO 8601 in UTC, whole seconds, one form only."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

from redactor.types import Seconds

DAY_S: Seconds = 24 * 3600
_FORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


def instant(seconds: float) -> str:
    """Seconds since the epoch, rounded down, as ``2026-01-02T03:04:05Z``.

    Raises
    ------
    ValueError
        If no calendar has it.
    """
    try:
        found = datetime.fromtimestamp(math.floor(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError("a time that cannot be") from None
    return found.isoformat(timespec="seconds").removesuffix("+00:00") + "Z"


def seconds_of(text: object) -> float:
    """The other way round, of that form alone.

    Raises
    ------
    ValueError
        For everything else.
    """
    if not isinstance(text, str) or not _FORM.fullmatch(text):
        raise ValueError("not a time in UTC")
    return datetime.fromisoformat(text).timestamp()
