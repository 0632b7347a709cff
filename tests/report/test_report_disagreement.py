"""Marts that do not agree make no page: every total that is shown twice is compared."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from journey.bigquery import Warehouse
from journey.errors import BadInput
from journey.settings import Settings
from report.agreement import agree
from report.bridge import Line
from report.figures import Day, Figures, Outcome, Step, read
from report.page import write_report
from report.parts import Parts, read_parts
from tests.report.made_marts import DAY_1, SMALL_SHOP, build


@pytest.fixture(scope="module")
def figures(small_shop: Settings) -> Figures:
    return read(Warehouse(small_shop))


@pytest.fixture(scope="module")
def parts(small_shop: Settings) -> Parts:
    return read_parts(Warehouse(small_shop))


def _step(figures: Figures, name: str, **changes: object) -> Figures:
    return replace(figures, funnel=tuple(_changed(s, s.name == name, changes) for s in figures.funnel))


def _day(figures: Figures, number: int, **changes: object) -> Figures:
    return replace(figures, days=tuple(_changed(d, n == number, changes) for n, d in enumerate(figures.days)))


def _outcome(figures: Figures, of: str, **changes: object) -> Figures:
    return replace(figures, outcomes=tuple(_changed(o, o.status == of, changes) for o in figures.outcomes))


def _changed[Row: (Step, Day, Outcome, Line)](row: Row, is_meant: bool, changes: dict[str, object]) -> Row:
    return replace(row, **changes) if is_meant else row  # type: ignore[arg-type]  # fields of four classes


CENT = Decimal("0.01")
SPOILED: dict[str, tuple[Callable[[Figures], Figures], str]] = {
    "a step of the funnel": (lambda f: _step(f, "purchase", sessions=11), "sessions of step purchase: 11 against 10"),
    "its last step": (lambda f: replace(f, funnel=f.funnel[:-1]), "the steps of the funnel"),
    "a share": (lambda f: _step(f, "view_item", share=Decimal("0.7")), "the share of step view_item: 0.7 against 0.5"),
    "the sessions": (
        lambda f: replace(f, sessions_by_day={d: s for d, s in f.sessions_by_day.items() if d == DAY_1}),
        "sessions of step sessions: 100 against 90",
    ),
    "a day": (lambda f: replace(f, days=f.days[:-1]), "rows with status amount_mismatch: 0 against 3"),
    "the orders": (lambda f: _day(f, 0, orders=11), "orders: 19 against 18"),
    "the purchases": (lambda f: _day(f, 0, purchases=13), "purchases: 17 against 16"),
    "the eligible orders": (lambda f: _day(f, 0, eligible_orders=11), "eligible orders: 15 against 14"),
    "GA4's money": (lambda f: _outcome(f, "missing_in_backend", ga4_revenue=Decimal("70.24")), "323.25 against 323.24"),
    "the backend's money": (
        lambda f: _outcome(f, "missing_in_ga4", backend_revenue=60 + CENT),
        "304.11 against 304.12",
    ),
    "what is unexplained": (
        lambda f: _day(f, 0, unexplained_difference=CENT),
        "the unexplained difference: -1.10 against -1.11",
    ),
    "a day's difference": (lambda f: _day(f, 0, difference=Decimal(0)), "the revenue difference"),
    "a day's rate": (lambda f: _day(f, 0, match_rate=Decimal(0)), "the match rate of 2020-11-01: 0 against 1"),
    "a rate of nothing": (lambda f: _day(f, 1, match_rate=Decimal(0)), "the match rate of 2020-11-02: 0 against None"),
    "a status": (lambda f: _outcome(f, "awaiting", status="pending"), "'pending'"),
}


@pytest.mark.parametrize("what", SPOILED)
def test_there_is_no_page_when_the_marts_disagree_on(what: str, figures: Figures) -> None:
    spoil, said = SPOILED[what]
    assert agree(figures)
    with pytest.raises(BadInput) as refused:
        agree(spoil(figures))
    assert said in str(refused.value)


def _line(parts: Parts, name: str, **changes: object) -> Parts:
    return replace(parts, bridge=tuple(_changed(each, each.line == name, changes) for each in parts.bridge or ()))


SPOILED_SECTIONS: dict[str, tuple[Callable[[Parts], Parts], str]] = {
    "the head of the bridge": (
        lambda p: _line(p, "ga4_reported", amount=Decimal(1)),
        "GA4 revenue at the head of the bridge: 1.00 against 323.25",
    ),
    "a step of the bridge": (
        lambda p: _line(p, "ga4_only", amount=Decimal(0)),
        "where the bridge reaches eligible_backend: 256.11 against 326.36",
    ),
    "the unexplained step": (lambda p: _line(p, "unknown", amount=CENT), "the unexplained step of the bridge"),
    "the residual": (lambda p: _line(p, "residual", broken_days=1), "leaves a residual: 1 against 0"),
    "the eligible orders": (
        lambda p: _line(p, "eligible_backend", amount=Decimal(2)),
        "backend revenue of eligible orders in the bridge: 2.00 against 256.11",
    ),
    "a bin": (lambda p: replace(p, bins=(p.bins or ())[1:]), "people who bought: 8 against 10"),
    "a slice": (
        lambda p: replace(p, funnel=tuple(r for r in p.funnel or () if r.slice != "mobile")),
        "sessions of step sessions by device category: 94 against 100",
    ),
}


@pytest.mark.parametrize("what", SPOILED_SECTIONS)
def test_there_is_no_page_when_a_section_disagrees_on(what: str, figures: Figures, parts: Parts) -> None:
    spoil, said = SPOILED_SECTIONS[what]
    assert agree(figures, parts)
    with pytest.raises(BadInput) as refused:
        agree(figures, spoil(parts))
    assert said in str(refused.value)


def test_a_row_doubled_in_the_warehouse_leaves_the_last_good_page(warehouse: Warehouse, tmp_path: Path) -> None:
    build(warehouse, SMALL_SHOP)
    page = tmp_path / "report.html"
    write_report(warehouse.settings, page)
    good = page.read_bytes()
    table = f"`{warehouse.settings.dataset('marts')}.fct_reconciliation`"
    warehouse.execute(f"insert into {table} select * from {table} where reconciliation_key = '3'")
    with pytest.raises(BadInput, match="rows with status matched: 10 against 11"):
        write_report(warehouse.settings, page)
    assert page.read_bytes() == good
