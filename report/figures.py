"""What the page shows, read from the marts into frozen values. Money is in the shop's currency, times are UTC.

Nothing is rounded here and nothing is guessed: a rate without a denominator is None.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from journey.bigquery import NotFound, Warehouse
from report import queries

# Every row of fct_reconciliation has one of these, in the order in which the page lists them.
STATUSES = ("matched", "amount_mismatch", "missing_in_backend", "missing_in_ga4", "excluded", "awaiting")
# Orders of these statuses are the denominator of the match rate.
ELIGIBLE = ("matched", "amount_mismatch", "missing_in_ga4")
FOUND = ("matched", "amount_mismatch")
# The step names of SESSIONS_BY_DAY, in the order of the funnel, under the names that rpt_funnel gives them.
STEPS = ("sessions", "view_item", "add_to_cart", "begin_checkout", "purchase", "confirmed")
# Google may change a day of the export for three days after it has ended.
UNTIL_FINAL = timedelta(days=3)


@dataclass(frozen=True)
class Step:
    """A step of the funnel: how many sessions reached it."""

    name: str
    sessions: int
    share: Decimal | None  # of all sessions, 0 to 1; None without any session


@dataclass(frozen=True)
class Outcome:
    """The rows of fct_reconciliation with one status and one reason."""

    status: str
    reason: str | None
    rows: int
    orders: int
    purchases: int
    purchase_events: int
    ga4_revenue: Decimal
    backend_revenue: Decimal

    @property
    def difference(self) -> Decimal:
        """GA4 minus backend."""
        return self.ga4_revenue - self.backend_revenue


@dataclass(frozen=True)
class Day:
    """A row of rpt_daily_reconciliation."""

    day: date
    purchases: int
    orders: int
    eligible_orders: int
    by_status: dict[str, int]
    match_rate: Decimal | None
    ga4_revenue: Decimal
    backend_revenue: Decimal
    difference: Decimal
    unexplained_difference: Decimal
    match_rate_lower: Decimal | None = None  # ends of the 95 % interval
    match_rate_upper: Decimal | None = None
    match_rate_then: Decimal | None = None  # as known on the day after
    is_mature: bool | None = None  # nothing of the day is awaited any more


@dataclass(frozen=True)
class ExportDay:
    """A day of the GA4 export that was asked for; `status` is loaded, empty or missing."""

    day: date
    status: str
    events: int
    is_final: bool  # Google no longer changes it
    new_columns: tuple[str, ...]
    missing_columns: tuple[str, ...]
    retyped_columns: tuple[str, ...]

    @property
    def is_held(self) -> bool:
        """Whether raw_ga4.events tells this day: loaded, known to be empty, or kept from an earlier load."""
        return self.status != "missing" or self.events > 0

    def has_drifted(self, usual_casts: tuple[str, ...]) -> bool:
        """Whether a column is new, gone, or of a type that other days do not have either."""
        return bool(self.new_columns or self.missing_columns) or self.retyped_columns not in ((), usual_casts)


@dataclass(frozen=True)
class Figures:
    """What every page is made from; what only some sections need is in parts.Parts."""

    funnel: tuple[Step, ...]
    sessions_by_day: dict[date, dict[str, int]]  # day -> step -> sessions, counted from fct_user_journeys
    outcomes: tuple[Outcome, ...]
    days: tuple[Day, ...]
    export_days: tuple[ExportDay, ...]
    backend_loaded_through_at: datetime | None  # every change of an order until then was seen
    backend_changed_at: datetime | None  # latest of these changes
    currency: str | None  # of every amount; None where the orders do not tell


@dataclass(frozen=True)
class ClosingFigures:
    """The five figures a run ends with. Differences are GA4 minus backend."""

    sessions: int
    orders: int
    found_orders: int
    eligible_orders: int
    match_rate: Decimal | None  # found over eligible orders, 0 to 1; None without an eligible order
    ga4_revenue: Decimal
    backend_revenue: Decimal
    revenue_difference: Decimal | None  # None where there is neither a purchase nor an order
    unexplained_difference: Decimal | None

    def share_of_backend(self, amount: Decimal | None) -> Decimal | None:
        """The size of an amount against the backend's revenue, without its sign; None without revenue."""
        return None if amount is None else ratio(abs(amount), self.backend_revenue)


def usual_casts(export_days: tuple[ExportDay, ...]) -> tuple[str, ...]:
    """The columns that are cast on every day alike: the public sample's INT64 ids, where live exports have STRING."""
    casts = {e.retyped_columns for e in export_days if e.status != "missing"}
    return casts.pop() if len(casts) == 1 else ()


def ratio(part: int | Decimal, whole: int | Decimal) -> Decimal | None:
    """part / whole; None where there is nothing to divide by."""
    return Decimal(part) / Decimal(whole) if whole else None


def close(funnel: tuple[Step, ...], outcomes: tuple[Outcome, ...]) -> ClosingFigures:
    """The five closing figures of a funnel and the outcomes of its purchases and orders."""
    found = sum(o.orders for o in outcomes if o.status in FOUND)
    eligible = sum(o.orders for o in outcomes if o.status in ELIGIBLE)
    ga4 = total(o.ga4_revenue for o in outcomes)
    backend = total(o.backend_revenue for o in outcomes)
    return ClosingFigures(
        sessions=funnel[0].sessions if funnel else 0,
        orders=sum(o.orders for o in outcomes),
        found_orders=found,
        eligible_orders=eligible,
        match_rate=ratio(found, eligible),
        ga4_revenue=ga4,
        backend_revenue=backend,
        revenue_difference=ga4 - backend if outcomes else None,
        unexplained_difference=total(o.difference for o in outcomes if is_unexplained(o)) if outcomes else None,
    )


def is_unexplained(outcome: Outcome) -> bool:
    """Whether nothing in the data says why the two sides differ here."""
    return outcome.reason == "unknown"


def added(status: str, outcomes: Iterable[Outcome]) -> Outcome:
    """Outcomes as one, without a reason."""
    those = tuple(outcomes)
    return Outcome(
        status=status,
        reason=None,
        rows=sum(o.rows for o in those),
        orders=sum(o.orders for o in those),
        purchases=sum(o.purchases for o in those),
        purchase_events=sum(o.purchase_events for o in those),
        ga4_revenue=total(o.ga4_revenue for o in those),
        backend_revenue=total(o.backend_revenue for o in those),
    )


def total(amounts: Iterable[Decimal]) -> Decimal:
    """A sum that is a Decimal also when there is nothing to add."""
    return sum(amounts, Decimal(0))


def read(warehouse: Warehouse) -> Figures:
    """Read everything the page needs.

    Raises: NotFound, when a table is not there yet; TryAgain, when the warehouse does not answer.
    """
    now = warehouse.settings.now
    backend = _ask(warehouse, queries.BACKEND, now=now)[0]
    currencies = backend["currencies"] or []
    return Figures(
        funnel=read_funnel(warehouse),
        sessions_by_day={
            row["session_day"]: {step: row[step] for step in STEPS} for row in _ask(warehouse, queries.SESSIONS_BY_DAY)
        },
        outcomes=read_outcomes(warehouse),
        days=tuple(_day(row) for row in _ask(warehouse, queries.DAYS)),
        export_days=tuple(_export_day(row, now) for row in _ask(warehouse, queries.EXPORT_DAYS, now=now)),
        backend_loaded_through_at=backend["loaded_through_at"],
        backend_changed_at=backend["changed_at"],
        currency=currencies[0] if len(currencies) == 1 else None,
    )


def read_funnel(warehouse: Warehouse) -> tuple[Step, ...]:
    """The funnel mart, in its order."""
    rows = _ask(warehouse, queries.FUNNEL)
    return tuple(Step(row["step_name"], row["sessions"], _rate(row["share"])) for row in rows)


def read_outcomes(warehouse: Warehouse) -> tuple[Outcome, ...]:
    """Every status and reason that occurs, in the order of STATUSES, the largest amounts first."""
    outcomes = [
        Outcome(
            status=row["status"],
            reason=row["reason"],
            rows=row["row_count"],
            orders=row["orders"],
            purchases=row["purchases"],
            purchase_events=row["purchase_events"],
            ga4_revenue=Decimal(row["ga4_revenue"]),
            backend_revenue=Decimal(row["backend_revenue"]),
        )
        for row in _ask(warehouse, queries.OUTCOMES)
    ]
    return tuple(sorted(outcomes, key=lambda o: (STATUSES.index(o.status), -o.rows, o.reason or "")))


def _ask(warehouse: Warehouse, sql: str, **parameters: datetime) -> list[dict[str, Any]]:
    datasets = {name: warehouse.settings.dataset(name) for name in ("marts", "raw_ga4", "raw_backend")}
    try:
        return warehouse.rows(sql.format(**datasets), **parameters)
    except NotFound as error:
        raise NotFound(f"{error}: the report reads what the loads and dbt make, run those first") from None


def _day(row: dict[str, Any]) -> Day:
    return Day(
        day=row["reconciliation_day"],
        purchases=row["purchases"],
        orders=row["orders"],
        eligible_orders=row["eligible_orders"],
        by_status={status: row[status] for status in STATUSES},
        match_rate=_rate(row["match_rate"]),
        ga4_revenue=Decimal(row["ga4_revenue"]),
        backend_revenue=Decimal(row["backend_revenue"]),
        difference=Decimal(row["revenue_difference"]),
        unexplained_difference=Decimal(row["unexplained_difference"]),
        match_rate_lower=_rate(row["match_rate_lower"]),
        match_rate_upper=_rate(row["match_rate_upper"]),
        match_rate_then=_rate(row["match_rate_then"]),
        is_mature=row["is_mature"],
    )


def _export_day(row: dict[str, Any], now: datetime) -> ExportDay:
    ended_at = datetime.combine(row["day"] + timedelta(days=1), time(), UTC)
    return ExportDay(
        day=row["day"],
        status=row["status"],
        events=row["events"] or 0,
        is_final=ended_at + UNTIL_FINAL <= now,
        new_columns=tuple(row["new_columns"] or ()),
        missing_columns=tuple(row["missing_columns"] or ()),
        retyped_columns=tuple(row["retyped_columns"] or ()),
    )


def _rate(value: Any) -> Decimal | None:
    """FLOAT64 or NUMERIC alike, by the digits it is shown with."""
    return None if value is None else Decimal(str(value))
