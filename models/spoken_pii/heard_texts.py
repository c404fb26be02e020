"""What heard.py wrote: texts to train on, and what recognizers made of values."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from sentences import Misheard

# Shorter ones are seldom what somebody said, but a neighbour; of fewer values few would be learnt by heart.
_LEAST_LETTERS, _LEAST_VALUES = 3, 100


def read_heard(paths: Sequence[Path]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What heard.py wrote: to train on, and every twentieth recording to look at."""
    parts: tuple[list[dict[str, Any]], list[dict[str, Any]]] = ([], [])
    for path in paths:
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8") as lines:
            for heard in map(json.loads, lines):
                parts[heard["recording"] % 20 == 0].append(heard)
    return parts


def values_heard(texts: Sequence[dict[str, Any]]) -> Misheard:
    """By label, what was written where values of that label were said."""
    values: dict[str, list[str]] = {}
    for heard in texts:
        for label, run in groupby(zip(heard["words"], heard["labels"], strict=True), key=itemgetter(1)):
            text = " ".join(word for word, _ in run)
            if label and len(text) >= _LEAST_LETTERS:
                values.setdefault(label, []).append(text)
    return {label: texts for label, texts in values.items() if len(texts) >= _LEAST_VALUES}
