"""How the latest days compare with as many days before them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from report.daily import window
from report.figures import FOUND, Figures, ratio, total
from report.words import NOTHING, counted

LONGEST = 28
# How far a figure is from what it should be, up to a constant: the more the worse.
Fault = Callable[[Decimal], Decimal]


@dataclass(frozen=True)
class Period:
    """Days on end, and what they hold: those days only that the GA4 export has."""

    days: frozenset[date]
    match_rate: Decimal | None
    difference: Decimal | None  # of backend revenue, with its sign
    unexplained: Decimal | None  # of backend revenue, without a sign
    ga4_only: Decimal | None  # orders a day
    backend_revenue: Decimal | None  # a day
    purchase_rate: Decimal | None


@dataclass(frozen=True)
class Change:
    """The latest days and those before them; None where the days shown are too few to be halved."""

    length: int
    now: Period
    before: Period

    def points(self, of: Callable[[Period], Decimal | None], fault: Fault | None = None) -> str:
        """The change of a rate, in percentage points, and whether its fault grew."""
        now, before = of(self.now), of(self.before)
        if now is None or before is None:
            return self._unknown()
        moved = (now - before) * 100
        if abs(moved) < Decimal("0.05"):
            return f"= 0.0 points, {self._against()}"
        return f"{_arrow(moved)} {moved:+.1f} points{_judged(now, before, fault)}, {self._against()}"

    def relative(self, of: Callable[[Period], Decimal | None], fault: Fault | None = None) -> str:
        """The change of an amount or a count, as a share of what it was, and whether its fault grew."""
        now, before = of(self.now), of(self.before)
        if now is None or before is None or not before:
            return self._unknown()
        moved = (now / before - 1) * 100
        if abs(moved) < Decimal("0.5"):
            return f"= 0 % a day, {self._against()}"
        return f"{_arrow(moved)} {moved:+.0f} % a day{_judged(now, before, fault)}, {self._against()}"

    def _against(self) -> str:
        return f"last {counted(self.length, 'day')} against the {self.length} before"

    def _unknown(self) -> str:
        return f"{NOTHING} no comparison, {self._against()}"


def change(figures: Figures) -> Change | None:
    """The latest half of the days shown, 28 at most, against as many before."""
    bounds = window(figures)
    if bounds is None:
        return None
    length = min(LONGEST, ((bounds[1] - bounds[0]).days + 1) // 2)
    if not length:
        return None
    last = bounds[1].toordinal()
    held = {e.day for e in figures.export_days if e.is_held} or {d.day for d in figures.days}
    halves = [
        frozenset(d for n in range(length) if (d := date.fromordinal(last - skip - n)) in held) for skip in (0, length)
    ]
    return Change(length, _period(figures, halves[0]), _period(figures, halves[1]))


def _period(figures: Figures, days: frozenset[date]) -> Period:
    rows = [d for d in figures.days if d.day in days]
    backend = total(d.backend_revenue for d in rows)
    steps = [s for day, s in figures.sessions_by_day.items() if day in days]
    return Period(
        days=days,
        match_rate=ratio(sum(d.by_status[s] for d in rows for s in FOUND), sum(d.eligible_orders for d in rows)),
        difference=ratio(total(d.difference for d in rows), backend),
        unexplained=ratio(abs(total(d.unexplained_difference for d in rows)), backend),
        ga4_only=ratio(sum(d.by_status["missing_in_backend"] for d in rows), len(days)),
        backend_revenue=ratio(backend, len(days)),
        purchase_rate=ratio(sum(s["purchase"] for s in steps), sum(s["sessions"] for s in steps)),
    )


def _arrow(moved: Decimal) -> str:
    return "▲" if moved > 0 else "▼"


def _judged(now: Decimal, before: Decimal, fault: Fault | None) -> str:
    grown = fault(now) - fault(before) if fault else 0
    return " (worse)" if grown > 0 else " (better)" if grown < 0 else ""
