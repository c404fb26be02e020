"""SVG pictures of figures, drawn by hand: a chart with two linear axes, and bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

GREY, RED = "#888", "#c22"
_INK = "#666"  # grey letters are thin
_PAD, _EDGE = 60, 20
_TICKS = 5
_BAR, _STEP, _NAMES = 18, 28, 260


@dataclass(frozen=True)
class Chart:
    """Two linear axes that begin at zero.

    Attributes
    ----------
    right, top : float
        What the axes reach to, in the data's units; over zero.
    across, up : str
        What is said beside them.
    across_format, up_format : str
        Format specifications of the numbers.
    """

    right: float
    top: float
    across: str
    up: str
    across_format: str = ".1f"
    up_format: str = ".0f"
    width: int = 640
    height: int = 400

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a point lies in the picture."""
        wide, high = self.width - _PAD - _EDGE, self.height - _PAD - _EDGE
        return _PAD + x / self.right * wide, self.height - _PAD - y / self.top * high

    def axes(self) -> list[str]:
        """Both axes with their numbers."""
        bottom, middle = self.height - _PAD, self.width / 2
        parts = [
            f'<path d="M{_PAD},{_EDGE} V{bottom} H{self.width - _EDGE}" fill="none" stroke="#444"/>',
            f'<text x="{middle}" y="{self.height - 15}" text-anchor="middle">{escape(self.across)}</text>',
            f'<text transform="translate(18,{self.height / 2}) rotate(-90)" text-anchor="middle">'
            f"{escape(self.up)}</text>",
        ]
        for i in range(_TICKS + 1):
            x, y = self.at(self.right * i / _TICKS, self.top * i / _TICKS)
            across, up = (
                format(end * i / _TICKS, spec)
                for end, spec in ((self.right, self.across_format), (self.top, self.up_format))
            )
            parts.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{across}</text>')
            parts.append(f'<text x="{_PAD - 6}" y="{y + 4:.1f}" text-anchor="end">{up}</text>')
        return parts

    def line(self, points: Sequence[tuple[float, float]], color: str = GREY) -> str:
        """A line through points."""
        places = " ".join(f"{x:.1f},{y:.1f}" for x, y in (self.at(*point) for point in points))
        return f'<polyline points="{places}" fill="none" stroke="{color}" stroke-width="2"/>'

    def dot(
        self, point: tuple[float, float], name: str, *, color: str = GREY, large: bool = False
    ) -> list[str]:
        """A point with its name above it on the right, or on the left of a large one."""
        x, y = self.at(*point)
        radius = 5 if large else 3.5
        beside = f'x="{x - 8:.1f}" y="{y + 4:.1f}" text-anchor="end"'
        above = f'x="{x + 6:.1f}" y="{y - 5:.1f}"'
        ink = _INK if color == GREY else color
        return [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{color}"/>',
            f'<text {beside if large else above} fill="{ink}">{escape(name)}</text>',
        ]

    def picture(self, parts: Sequence[str]) -> str:
        """The whole file, axes first."""
        return picture(self.width, self.height, [*self.axes(), *parts])


@dataclass(frozen=True)
class Bar:
    """A bar's name, its length, and what is written behind it."""

    name: str
    value: float
    text: str
    color: str = GREY


def bars(groups: Sequence[tuple[str, Sequence[Bar]]], *, width: int = 640) -> str:
    """Horizontal bars under the headings of their groups, each group to a scale of its own."""
    parts: list[str] = []
    y = _EDGE
    room = width - _NAMES - 130
    for heading, group in groups:
        parts.append(f'<text x="{_EDGE}" y="{y + 10}" font-weight="bold">{escape(heading)}</text>')
        y += _STEP
        longest = max((bar.value for bar in group), default=0.0) or 1.0
        for bar in group:
            long = bar.value / longest * room
            middle = y + _BAR / 2 + 4
            parts += [
                f'<text x="{_NAMES - 8}" y="{middle:.1f}" text-anchor="end">{escape(bar.name)}</text>',
                f'<rect x="{_NAMES}" y="{y}" width="{long:.1f}" height="{_BAR}" fill="{bar.color}"/>',
                f'<text x="{_NAMES + long + 6:.1f}" y="{middle:.1f}">{escape(bar.text)}</text>',
            ]
            y += _STEP
        y += _STEP // 2
    return picture(width, y, parts)


def picture(width: int, height: int, parts: Sequence[str]) -> str:
    """An SVG file on a white ground."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        'font-size="12">'
    )
    return "\n".join([head, f'<rect width="{width}" height="{height}" fill="white"/>', *parts, "</svg>", ""])
