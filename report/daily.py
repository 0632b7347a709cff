"""The daily table: every day that was asked for, and whatever the marts hold outside those days."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from report.figures import STATUSES, ExportDay, Figures, ratio, total, usual_casts
from report.words import counted, span

# How a day stands in the GA4 export, as said in the table.
LOADED, EMPTY, MISSING, KEPT, NOT_ASKED = "loaded", "empty", "missing", "kept", "not asked for"


@dataclass(frozen=True)
class Line:
    """A day, or a stretch of days nobody asked for. None: not known, since the export lacks the day."""

    label: str
    state: str  # one of the five above
    is_final: bool
    has_drifted: bool
    events: int | None
    sessions: int | None
    purchases: int | None
    orders: int
    eligible_orders: int
    by_status: dict[str, int]
    match_rate: Decimal | None
    ga4_revenue: Decimal | None
    backend_revenue: Decimal
    difference: Decimal
    match_rate_lower: Decimal | None = None  # of a single day: intervals do not add up
    match_rate_upper: Decimal | None = None


def window(figures: Figures) -> tuple[date, date] | None:
    """First and last day that was asked for; of a warehouse without any, the days that hold something."""
    days = [e.day for e in figures.export_days] or [*figures.sessions_by_day, *(d.day for d in figures.days)]
    return (min(days), max(days)) if days else None


def complete_through(figures: Figures) -> date | None:
    """The last day before the first one that the GA4 export lacks; None when it lacks the first."""
    last = None
    for export in figures.export_days:
        if not export.is_held or (last and export.day != last + timedelta(days=1)):
            break
        last = export.day
    return last


def lines(figures: Figures) -> tuple[Line, ...]:
    """The table from the first day to the last. Days nobody asked for are joined into one line per stretch."""
    bounds = window(figures)
    if bounds is None:
        return ()
    first, last = bounds
    asked = {e.day: e for e in figures.export_days}
    held = {d.day for d in figures.days} | set(figures.sessions_by_day)
    made = []
    if before := [d for d in held if d < first]:
        made.append(_stretch(figures, f"before {first}", before))
    usual = usual_casts(figures.export_days)
    stretch: list[date] = []
    for day in (first + timedelta(days=n) for n in range((last - first).days + 1)):
        if day not in asked and asked:
            stretch.append(day)
            continue
        if stretch:
            made.append(_stretch(figures, span(stretch[0], stretch[-1]), stretch))
            stretch = []
        made.append(_line(figures, str(day), [day], asked.get(day), usual))
    if after := [d for d in held if d > last]:
        made.append(_stretch(figures, f"after {last}", after))
    return tuple(made)


def _stretch(figures: Figures, label: str, days: list[date]) -> Line:
    return _line(figures, f"{label} ({counted(len(days), 'day')})", days, None)


def _line(
    figures: Figures, label: str, days: Iterable[date], export: ExportDay | None, usual: tuple[str, ...] = ()
) -> Line:
    among = set(days)
    rows = [d for d in figures.days if d.day in among]
    sessions = sum(steps["sessions"] for day, steps in figures.sessions_by_day.items() if day in among)
    purchases = sum(d.purchases for d in rows)
    ga4 = total(d.ga4_revenue for d in rows)
    by_status = {status: sum(d.by_status[status] for d in rows) for status in STATUSES}
    eligible = sum(d.eligible_orders for d in rows)
    found = by_status["matched"] + by_status["amount_mismatch"]
    is_held = export is not None and export.is_held
    return Line(
        label=label,
        state=_state(export),
        is_final=export is None or export.is_final,
        has_drifted=export is not None and export.has_drifted(usual),
        events=export.events if export and is_held else None,
        # a zero counted on a day that GA4 did not deliver is not a zero
        sessions=sessions if is_held or sessions else None,
        purchases=purchases if is_held or purchases else None,
        orders=sum(d.orders for d in rows),
        eligible_orders=eligible,
        by_status=by_status,
        match_rate=ratio(found, eligible) if is_held or found else None,
        ga4_revenue=ga4 if is_held or ga4 else None,
        backend_revenue=total(d.backend_revenue for d in rows),
        difference=total(d.difference for d in rows),
        match_rate_lower=rows[0].match_rate_lower if len(rows) == 1 and (is_held or found) else None,
        match_rate_upper=rows[0].match_rate_upper if len(rows) == 1 and (is_held or found) else None,
    )


def _state(export: ExportDay | None) -> str:
    if export is None:
        return NOT_ASKED
    if export.status == "missing":
        return KEPT if export.events else MISSING
    return EMPTY if export.status == "empty" or not export.events else LOADED
