"""Tables of figures for people."""

from __future__ import annotations

from collections.abc import Sequence

from redactor.bench.score import Rate


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Lines of as many cells each, one below the other, every column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def percent(rate: Rate) -> str:
    """A share and its interval, in percent."""
    if rate.value is None:
        return "-"
    return f"{100 * rate.value:.1f} [{100 * rate.low:.1f}-{100 * rate.high:.1f}]"
