"""How many recordings a review takes, by the size of the lot and the leaks of our own among them.

    python benchmarks/review_sizes.py

What `redactor review sample` draws for 95 % confidence that at most 1 % leaks, with no leak allowed: the
smallest sample after which the certificate shows it, if reviewers notice all that was planted.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.tables import aligned  # noqa: E402
from redactor.review.sampling import Wish, sizes_of_samples  # noqa: E402

_LOTS = (100, 1_000, 10_000, 1_000_000, 10_000_000)
_PLANTED = (0, 20, 30, 40)


def main() -> None:
    """Print the table."""
    rows = [["lot", *(f"{number} planted" for number in _PLANTED)]]
    for lot in _LOTS:
        sizes = (sizes_of_samples({"all": lot}, Wish(), num_planted=number)["all"] for number in _PLANTED)
        rows.append([f"{lot:,}", *map(str, sizes)])
    print(aligned(rows))


if __name__ == "__main__":
    main()
