"""Journeys as lanes: what single people did before a purchase or a payment, on a logarithm of the time since they came.

In calendar time such lanes are a diagonal that says nothing; counted from each person's first session they compare.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from report import meanings
from report.drawing import Chart, Drawing, Shape, chart, circle, diamond, line, rect, square, text, triangle
from report.words import counted, duration, money, number, sentence_list

# Seconds up to this are near one another on the axis; beyond it each tick is several times the one before.
KNEE = 30.0
TICKS = (
    (0, "0"),
    (60, "1 min"),
    (600, "10 min"),
    (3600, "1 h"),
    (6 * 3600, "6 h"),
    (86400, "1 day"),
    (7 * 86400, "1 week"),
    (30 * 86400, "30 days"),
    (365 * 86400, "1 year"),
)


@dataclass(frozen=True)
class Mark:
    """A row of rpt_journey_timeline; seconds since the person's first session."""

    lane_group: str
    lane_order: int
    label: str
    reason: str | None
    lane_sessions: int
    mark: str  # session, add_to_cart, ga4_purchase or paid
    seconds_from_first: int
    seconds_until_end: int
    amount: Decimal | None


@dataclass(frozen=True)
class Lane:
    """A purchase or an order with what came before it, in order of time."""

    group: str
    label: str
    reason: str | None
    sessions: int
    marks: tuple[Mark, ...]

    @property
    def took(self) -> int:
        """Seconds from the first session to the last mark."""
        return max(m.seconds_from_first for m in self.marks)

    def amount(self, mark: str) -> Decimal | None:
        """What GA4 (ga4_purchase) or the backend (paid) says was paid."""
        return next((m.amount for m in self.marks if m.mark == mark), None)


def lanes(marks: tuple[Mark, ...]) -> tuple[Lane, ...]:
    """The marks by lane; groups in the order of meanings.LANE_GROUP, lanes in that of the mart."""
    order = list(meanings.LANE_GROUP)
    found: dict[tuple[int, int], list[Mark]] = {}
    for m in marks:
        found.setdefault((order.index(m.lane_group), m.lane_order), []).append(m)
    return tuple(
        Lane(
            order[group],
            those[0].label,
            those[0].reason,
            those[0].lane_sessions,
            tuple(sorted(those, key=lambda m: m.seconds_from_first)),
        )
        for (group, _), those in sorted(found.items())
    )


def lanes_sentence(found: tuple[Lane, ...]) -> str:
    """How many lanes of each group are shown, and the longest way to a purchase among them."""
    if not found:
        return "No purchase and no order has come far enough to be shown."
    kinds = [
        f"“{name}” ({number(sum(lane.group == group for lane in found))})"
        for group, (name, _) in meanings.LANE_GROUP.items()
        if any(lane.group == group for lane in found)
    ]
    longest = max(found, key=lambda lane: (lane.took, lane.label))
    told = [f"{counted(len(found), 'lane')}: {sentence_list(kinds)}.", "Of each group the largest amounts are shown."]
    if longest.took:
        took = f"{duration(longest.took)} over {counted(longest.sessions, 'session')}"
        told.append(f"The longest way among them is that of {longest.label}: {took}.")
    return " ".join(told)


def lanes_chart(found: tuple[Lane, ...]) -> Chart | None:
    """The lanes; None without any."""
    if not found:
        return None
    words = "; ".join(f"{lane.label}: {counted(lane.sessions, 'session')} over {duration(lane.took)}" for lane in found)
    return chart("lanes", "Journeys by time since the first session", f"{words}.", lambda width: _draw(found, width))


def _draw(found: tuple[Lane, ...], width: int) -> Drawing:
    is_wide = width > 700
    left, right, pitch = (230.0 if is_wide else 12.0), width - (128.0 if is_wide else 12.0), (26 if is_wide else 42)
    latest = max(max(m.seconds_until_end, m.seconds_from_first) for lane in found for m in lane.marks)
    span = math.log1p(max(latest, 60) / KNEE)

    def x(seconds: float) -> float:
        return left + math.log1p(seconds / KNEE) / span * (right - left)

    axis: list[Shape] = []
    shapes: list[Shape] = []
    y, group, reached = 26.0, "", -1e9
    for lane in found:
        if lane.group != group:
            group = lane.group
            shapes.append(text(0, y + 16, meanings.LANE_GROUP[group][0], "name"))
            y += 26
        middle = y + (13 if is_wide else 28)
        amounts = _amounts(lane)
        if is_wide:
            shapes += [
                text(left - 14, middle + 4, lane.label, "axis", "end"),
                text(width, middle + 4, amounts, "value", "end"),
            ]
        else:
            shapes += [text(0, y + 13, lane.label, "axis"), text(width, y + 13, amounts, "value", "end")]
        shapes.append(line(left if lane.sessions else left + 122, middle, right, middle, "lane"))
        if not lane.sessions:
            shapes.append(text(left + 14, middle + 4, "no session known", "soft"))
        # a payment stands below the line, a purchase above; without a session nothing else is on it
        level = middle if lane.sessions else middle - 5
        shapes += [shape for m in lane.marks for shape in _shapes(m, x, level)]
        y += pitch
    for seconds, words in TICKS:
        at = x(seconds)
        if (seconds > latest and seconds > 60) or at - reached < (56 if is_wide else 48):
            continue
        axis += [line(at, 22, at, y, "grid"), text(at, 14, words, "axis", "middle" if seconds else "start")]
        reached = at
    return Drawing(width, math.ceil(y + 6), (*axis, *shapes))


def _shapes(mark: Mark, x: Callable[[float], float], y: float) -> list[Shape]:
    at, name = x(mark.seconds_from_first), meanings.MARK[mark.mark]
    told = f"{name} after {duration(mark.seconds_from_first)}"
    if mark.mark == "session":
        end = x(mark.seconds_until_end)
        stay = [rect(at, y - 2, end - at, 4, "stay")] if end - at > 1 else []
        return [*stay, circle(at, y, 4.5, "visit", told)]
    if mark.mark == "add_to_cart":
        return [triangle(at, y, 5.5, "cart", told)]
    told += f": {money(mark.amount)}"
    if mark.mark == "ga4_purchase":
        return [diamond(at, y - 5, 6, "bought", told)]
    return [square(at, y + 5, 4.5, "paid", told)]


def _amounts(lane: Lane) -> str:
    ga4, paid = lane.amount("ga4_purchase"), lane.amount("paid")
    if ga4 is not None and paid is not None and ga4 != paid:
        return f"{money(ga4)} ≠ {money(paid)}"
    return money(paid if ga4 is None else ga4)
