"""The rows behind the sections of the page, read at once. A mart that is not there leaves its section without rows."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from journey.bigquery import NotFound, Warehouse
from report import queries
from report.bridge import Line
from report.buying_time import Bin
from report.causes import Cause
from report.funnel import FunnelRow
from report.health import Health
from report.lanes import Mark
from report.results import Result
from report.scores import Confusion, Put, Score

AT_ONCE = 6  # a query is mostly waiting; the emulator gains nothing from more


@dataclass(frozen=True)
class Difference:
    """A row of fct_reconciliation whose two amounts differ; a missing side is None."""

    reconciliation_day: date
    status: str
    reason: str | None
    order_id: int | None
    transaction_id: str | None
    ga4_revenue: Decimal | None
    backend_revenue: Decimal | None
    revenue_delta: Decimal


@dataclass(frozen=True)
class People:
    """Persons of dim_users, and those of fct_user_journeys with a purchase event."""

    people: int
    buyers: int


@dataclass(frozen=True)
class Parts:
    """Rows by section; None: the mart is not in this warehouse."""

    funnel: tuple[FunnelRow, ...] | None = None
    bins: tuple[Bin, ...] | None = None
    bridge: tuple[Line, ...] | None = None
    causes: tuple[Cause, ...] | None = None
    health: tuple[Health, ...] | None = None
    marks: tuple[Mark, ...] | None = None
    differences: tuple[Difference, ...] | None = None
    people: tuple[People, ...] | None = None
    models: tuple[Result, ...] | None = None
    tests: tuple[Result, ...] | None = None
    scores: tuple[Score, ...] | None = None
    money: tuple[Put, ...] | None = None
    confusion: tuple[Confusion, ...] | None = None


# section -> its query, what a row becomes
SECTIONS: dict[str, tuple[str, Callable[..., Any]]] = {
    "funnel": (queries.FUNNEL_ROWS, FunnelRow),
    "bins": (queries.BINS, Bin),
    "bridge": (queries.BRIDGE, Line),
    "causes": (queries.CAUSES, Cause),
    "health": (queries.HEALTH, Health),
    "marks": (queries.MARKS, Mark),
    "differences": (queries.DIFFERENCES, Difference),
    "people": (queries.PEOPLE, People),
    "models": (queries.MODEL_RESULTS, Result),
    "tests": (queries.TEST_RESULTS, Result),
}
# only where the shop is made up, and with it the answers
EVALUATION: dict[str, tuple[str, Callable[..., Any]]] = {
    "scores": (queries.SCORES, Score),
    "money": (queries.MONEY, Put),
    "confusion": (queries.CONFUSION, Confusion),
}


def read_parts(warehouse: Warehouse) -> Parts:
    """Every section's rows.

    Raises: BadInput, when a mart has other columns than this version reads; TryAgain, when the warehouse is silent.
    """
    sections = SECTIONS | (EVALUATION if warehouse.settings.backend == "synthetic" else {})
    datasets = {name: warehouse.settings.dataset(name) for name in ("marts", "evaluation")}

    def ask(section: str) -> tuple[Any, ...] | None:
        sql, row_of = sections[section]
        try:
            return tuple(row_of(**row) for row in warehouse.rows(sql.format(**datasets)))
        except NotFound:
            return None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Parts(**dict(zip(sections, pool.map(ask, sections), strict=True)))
