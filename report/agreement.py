"""Holds the marts against each other: a page whose cards and tables disagree is not written."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from journey.errors import BadInput
from report.bridge import Line, walk
from report.figures import ELIGIBLE, STATUSES, STEPS, Figures, close, ratio, total
from report.funnel import FunnelRow
from report.parts import Parts
from report.words import money, number

# rpt_daily_reconciliation keeps rates as FLOAT64 or NUMERIC; either is exact to more digits than this.
RATE_TOLERANCE = Decimal("0.000001")


@dataclass(frozen=True)
class Check:
    """Two ways to the same figure, as text."""

    what: str
    one: str
    other: str
    is_total: bool = True  # of all days, not of one

    @property
    def holds(self) -> bool:
        """Whether both ways gave the same."""
        return self.one == self.other


def agree(figures: Figures, parts: Parts | None = None) -> tuple[Check, ...]:
    """Every comparison that was made; all of them hold.

    Raises: BadInput, naming the figures that do not agree.
    """
    if strange := sorted({o.status for o in figures.outcomes} - set(STATUSES)):
        raise BadInput(
            f"marts.fct_reconciliation holds the status {strange[0]!r}, which the report does not know: "
            f"build the marts and the report from one version of the project"
        )
    checks = (
        *_funnel(figures),
        *_daily_sums(figures),
        *_within_days(figures),
        *(_sections(figures, parts) if parts else ()),
    )
    broken = [c for c in checks if not c.holds]
    if broken:
        first, more = broken[0], len(broken) - 1
        raise BadInput(
            f"the marts disagree on {first.what}: {first.one} against {first.other}"
            f"{f', and on {more} more figures' if more else ''}; run dbt again, the report was not written"
        )
    return checks


def _funnel(figures: Figures) -> Iterator[Check]:
    """rpt_funnel against the sessions of fct_user_journeys."""
    names = tuple(step.name for step in figures.funnel)
    yield Check("the steps of the funnel", ", ".join(names), ", ".join(STEPS))
    all_sessions = figures.funnel[0].sessions if figures.funnel else 0
    for step in figures.funnel:
        counted = sum(day.get(step.name, 0) for day in figures.sessions_by_day.values())
        yield Check(f"sessions of step {step.name}", number(step.sessions), number(counted))
        yield _rates(f"the share of step {step.name}", step.share, ratio(step.sessions, all_sessions))


def _daily_sums(figures: Figures) -> Iterator[Check]:
    """The sum of rpt_daily_reconciliation against the rows of fct_reconciliation."""
    days, outcomes, closing = figures.days, figures.outcomes, close(figures.funnel, figures.outcomes)
    for status in STATUSES:
        yield Check(
            f"rows with status {status}",
            number(sum(d.by_status[status] for d in days)),
            number(sum(o.rows for o in outcomes if o.status == status)),
        )
    yield Check("orders", number(sum(d.orders for d in days)), number(closing.orders))
    yield Check("purchases", number(sum(d.purchases for d in days)), number(sum(o.purchases for o in outcomes)))
    yield Check("eligible orders", number(sum(d.eligible_orders for d in days)), number(closing.eligible_orders))
    yield Check("GA4 revenue", money(total(d.ga4_revenue for d in days)), money(closing.ga4_revenue))
    yield Check("backend revenue", money(total(d.backend_revenue for d in days)), money(closing.backend_revenue))
    yield Check(
        "the revenue difference",
        money(total(d.difference for d in days)),
        money(closing.revenue_difference or Decimal(0)),
    )
    yield Check(
        "the unexplained difference",
        money(total(d.unexplained_difference for d in days)),
        money(closing.unexplained_difference or Decimal(0)),
    )


def _within_days(figures: Figures) -> Iterator[Check]:
    """Each day's rate and difference against the day's own numbers."""
    for day in figures.days:
        found = day.by_status["matched"] + day.by_status["amount_mismatch"]
        yield _rates(f"the match rate of {day.day}", day.match_rate, ratio(found, day.eligible_orders), False)
        yield Check(
            f"the revenue difference of {day.day}",
            money(day.difference),
            money(day.ga4_revenue - day.backend_revenue),
            False,
        )
        if day.match_rate is not None and day.match_rate_lower is not None and day.match_rate_upper is not None:
            inside = min(max(day.match_rate, day.match_rate_lower), day.match_rate_upper)
            yield _rates(f"the match rate of {day.day} and its interval", inside, day.match_rate, False)


def _sections(figures: Figures, parts: Parts) -> Iterator[Check]:
    """The rows of single sections against the figures that the whole page rests on."""
    if parts.funnel is not None:
        yield from _slices(figures, parts.funnel)
    if parts.bins is not None and parts.people:
        yield Check("people who bought", number(sum(b.people for b in parts.bins)), number(parts.people[0].buyers))
    if parts.bridge:
        yield from _bridge(figures, parts.bridge)


def _slices(figures: Figures, rows: tuple[FunnelRow, ...]) -> Iterator[Check]:
    """The funnel of all slices of a dimension together is the funnel."""
    sums: dict[tuple[str, str], int] = {}
    for row in rows:
        if (row.population, row.method) == ("everyone", "any"):
            key = (row.dimension, row.step_name)
            sums[key] = sums.get(key, 0) + row.sessions
    for dimension in sorted({dimension for dimension, _ in sums} - {"all"}):
        for step in figures.funnel:
            what = f"sessions of step {step.name} by {dimension.replace('_', ' ')}"
            yield Check(
                what, number(sums.get((dimension, step.name), 0)), number(step.sessions), step.name == "purchase"
            )


def _bridge(figures: Figures, lines: tuple[Line, ...]) -> Iterator[Check]:
    """The bridge begins with GA4's revenue, leads from total to total, and leaves nothing over on any day."""
    amounts = {each.line: each.amount for each in lines}
    ga4 = amounts.get("ga4_reported", Decimal(0)) + amounts.get("duplicates", Decimal(0))
    yield Check(
        "GA4 revenue at the head of the bridge", money(ga4), money(total(o.ga4_revenue for o in figures.outcomes))
    )
    eligible = total(o.backend_revenue for o in figures.outcomes if o.status in ELIGIBLE)
    yield Check(
        "backend revenue of eligible orders in the bridge",
        money(amounts.get("eligible_backend", Decimal(0))),
        money(eligible),
    )
    unknown = total(o.difference for o in figures.outcomes if (o.status, o.reason) == ("amount_mismatch", "unknown"))
    yield Check("the unexplained step of the bridge", money(-amounts.get("unknown", Decimal(0))), money(unknown))
    for each, _, reached in walk(lines):
        if each.kind == "total":
            yield Check(f"where the bridge reaches {each.line}", money(each.amount), money(reached))
    yield Check(
        "days on which the bridge leaves a residual", number(sum(each.broken_days for each in lines)), number(0)
    )


def _rates(what: str, told: Decimal | None, computed: Decimal | None, is_total: bool = True) -> Check:
    is_same = told is computed is None or (
        told is not None and computed is not None and abs(told - computed) <= RATE_TOLERANCE
    )
    # a rate that differs in its last digits only is the same rate: said in the same digits
    return Check(what, f"{computed if is_same else told}", f"{computed}", is_total)
