"""Drawings as lists of shapes, which drawing.svg.j2 writes out: pixels of a stated width, y downwards.

Text is 11 px at the least, and no colour stands without a shape or a word that says the same.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

NARROW, WIDE = 500, 1060  # inside a section at 570 px (the panel of Argo's UI) and at 1280 px
Number = int | float | Decimal
Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True)
class Shape:
    """An SVG element; `told` becomes the tooltip that browsers show without any script."""

    tag: str
    attributes: tuple[tuple[str, str], ...]
    text: str = ""
    told: str = ""


@dataclass(frozen=True)
class Drawing:
    """One variant of a chart."""

    width: int
    height: int
    shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class Chart:
    """A chart for both widths; `words` say to who cannot see it what it shows."""

    name: str  # its id in the page
    title: str
    words: str
    narrow: Drawing
    wide: Drawing


def chart(name: str, title: str, words: str, draw: Callable[[int], Drawing]) -> Chart:
    """Draw once for each width. Where the page is narrow it does without tooltips: they are a sixth of its bytes."""
    narrow = draw(NARROW)
    without = tuple(replace(shape, told="") for shape in narrow.shapes)
    return Chart(name, title, words, replace(narrow, shapes=without), draw(WIDE))


def px(value: Number) -> str:
    """A coordinate to a tenth of a pixel, in as few characters as it takes."""
    return f"{round(float(value), 1) + 0.0:.1f}".removesuffix(".0")  # adding 0 turns -0.0 into 0.0


def rect(x: Number, y: Number, width: Number, height: Number, kind: str, told: str = "") -> Shape:
    """A box."""
    places: dict[str, Number] = {"x": x, "y": y, "width": max(width, 0), "height": max(height, 0)}
    return Shape("rect", (*((name, px(value)) for name, value in places.items()), ("class", kind)), told=told)


def line(x1: Number, y1: Number, x2: Number, y2: Number, kind: str, told: str = "") -> Shape:
    """A stroke."""
    places = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    return Shape("line", (*((name, px(value)) for name, value in places.items()), ("class", kind)), told=told)


def path(points: Iterable[tuple[Number, Number]], kind: str, is_closed: bool = False, told: str = "") -> Shape:
    """A line through points, or the area that they enclose."""
    steps = "L".join(f"{px(x)} {px(y)}" for x, y in points)
    return Shape("path", (("d", f"M{steps}{'Z' if is_closed else ''}"), ("class", kind)), told=told)


def circle(x: Number, y: Number, radius: Number, kind: str, told: str = "") -> Shape:
    """A dot."""
    return Shape("circle", (("cx", px(x)), ("cy", px(y)), ("r", px(radius)), ("class", kind)), told=told)


def diamond(x: float, y: float, size: float, kind: str, told: str = "") -> Shape:
    """A square on its corner."""
    return path([(x, y - size), (x + size, y), (x, y + size), (x - size, y)], kind, True, told)


def triangle(x: float, y: float, size: float, kind: str, told: str = "", is_down: bool = False) -> Shape:
    """A triangle on its side, or on its point."""
    tip = size if is_down else -size
    return path([(x - size, y - tip * 0.8), (x + size, y - tip * 0.8), (x, y + tip)], kind, True, told)


def square(x: float, y: float, size: float, kind: str, told: str = "") -> Shape:
    """A square around a point."""
    return rect(x - size, y - size, 2 * size, 2 * size, kind, told)


def text(x: Number, y: Number, words: str, kind: str = "", anchor: Anchor = "start") -> Shape:
    """Words on a base line at y."""
    places = [("x", px(x)), ("y", px(y))]
    places += [("class", kind)] if kind else []
    places += [("text-anchor", anchor)] if anchor != "start" else []
    return Shape("text", tuple(places), words)


def width_of(words: str, size: float = 12) -> float:
    """About the widest that these words get in the fonts that the page names."""
    return len(words) * size * 0.62


def ticks(low: float, high: float, most: int) -> list[float]:
    """Round values from low to high, at most `most`, a step of 1, 2 or 5 times a power of ten apart."""
    if high <= low:
        return [low]
    rough = (high - low) / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(f * power for f in (1, 2, 5, 10) if f * power >= rough * 0.999999)
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]


@dataclass(frozen=True)
class Days:
    """A horizontal axis of days, each with a band of its own."""

    first: date
    count: int
    left: float
    right: float

    @property
    def band(self) -> float:
        """The width of a day."""
        return (self.right - self.left) / max(self.count, 1)

    def start(self, day: date) -> float:
        """Where a day's band begins."""
        return self.left + (day - self.first).days * self.band

    def middle(self, day: date) -> float:
        """The middle of a day's band."""
        return self.start(day) + self.band / 2

    def labels(self, y: float) -> list[Shape]:
        """Days as words below the chart, as many as have room: every day, week, two weeks, ... from the first."""
        room = 62  # of '10 Nov' with the space around it
        step = next((n for n in (1, 2, 7, 14, 28, 56, 91, 182, 364) if n * self.band >= room), self.count)
        shapes: list[Shape] = []
        for n in range(0, self.count, step):
            day, x = self.first + timedelta(days=n), self.middle(self.first + timedelta(days=n))
            words = f"{day.day} {day:%b}"
            if not n and step * self.band >= 110:  # room enough to name the year, once
                words = f"{words} {day.year}"
            if x + 22 <= self.right + 8:
                shapes.append(line(x, y - 14, x, y - 10, "tick"))
                shapes.append(text(x if n else max(x - 18, 0), y, words, "axis", "middle" if n else "start"))
        return shapes
