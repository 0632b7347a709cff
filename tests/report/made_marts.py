"""A small shop's marts, made by hand: sessions and reconciliation row by row, the report marts summed up from them."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from google.cloud.bigquery import LoadJobConfig

from journey.bigquery import Warehouse
from journey.settings import Settings
from tests.report.tables import (
    BRIDGE,
    EXPORT_DAYS,
    JOURNEYS,
    NEEDED,
    ORDERS,
    RECONCILIATION,
    SECTIONS,
    SUM_UP_BRIDGE,
    SUM_UP_DAYS,
    SUM_UP_FUNNEL,
)

Row = dict[str, Any]


@dataclass(frozen=True)
class Shop:
    """Rows of the tables that the marts are summed up from; `sections`: those of single sections that are held."""

    journeys: list[Row] = field(default_factory=list)
    reconciliation: list[Row] = field(default_factory=list)
    export_days: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)
    sections: dict[str, list[Row]] = field(default_factory=dict)


def session(key: str, day: date, *steps: str, is_confirmed: bool = False) -> Row:
    """A session that reached the steps named, e.g. `view_item`."""
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC).isoformat()
    reached = {f"{step}_at": at for step in steps}
    return {
        "session_key": key,
        "user_key": f"browser/{key}",
        "device_category": "mobile" if key.startswith("cart") else "desktop",
        "session_day": str(day),
        "is_purchase_confirmed": is_confirmed,
        **reached,
    }


def pair(
    key: str, day: date, status: str, ga4: str | None, backend: str | None, reason: str | None = None, events: int = 1
) -> Row:
    """A row of the reconciliation; `ga4` None: no purchase, `backend` None: no order."""
    return {
        "reconciliation_key": key,
        "status": status,
        "reason": reason,
        "order_id": None if backend is None else int(key),
        "transaction_id": f"T{key}",
        "purchase_events": None if ga4 is None else events,
        "reconciliation_day": str(day),
        "ga4_revenue": ga4,
        "backend_revenue": backend,
    }


def export_day(day: date, events: int, status: str = "loaded", **columns: list[str]) -> Row:
    """A day of raw_ga4.export_days; columns: new, missing, retyped."""
    lists = {f"{kind}_columns": columns.get(kind, []) for kind in ("new", "missing", "retyped")}
    return {"day": str(day), "status": status, "events": events, **lists}


def order(order_id: int, currency: str, exchange_rate: str, updated_at: str) -> Row:
    """An order as it was loaded, on 2 February 2021."""
    return {
        "order_id": order_id,
        "currency": currency,
        "exchange_rate": exchange_rate,
        "updated_at": updated_at,
        "loaded_at": "2021-02-02T03:00:00+00:00",
    }


def _ddl(settings: Settings, shop: Shop) -> str:
    """All datasets and tables in one script: one job instead of twenty calls."""
    tables = (*NEEDED, *(t for t in SECTIONS if t.name in shop.sections))
    statements = [
        f"create schema if not exists `{settings.dataset(name)}`" for name in sorted({t.dataset for t in tables})
    ]
    for table in tables:
        columns = ", ".join(
            f"{c.name} array<{c.field_type}>" if c.mode == "REPEATED" else f"{c.name} {c.field_type}"
            for c in table.schema
        )
        statements.append(f"create or replace table `{table.id(settings)}` ({columns})")
    return ";\n".join(statements)


def build(warehouse: Warehouse, shop: Shop) -> None:
    """Create the tables that the report reads and fill them."""
    rows = {
        JOURNEYS: shop.journeys,
        RECONCILIATION: shop.reconciliation,
        EXPORT_DAYS: shop.export_days,
        ORDERS: shop.orders,
        **{table: shop.sections[table.name] for table in SECTIONS if table.name in shop.sections},
    }
    warehouse.execute(_ddl(warehouse.settings, shop))
    for table, those in rows.items():
        if those:
            config = LoadJobConfig(schema=list(table.schema))
            warehouse.client.load_table_from_json(those, table.id(warehouse.settings), job_config=config).result()
    sums = [SUM_UP_FUNNEL, SUM_UP_DAYS, *([SUM_UP_BRIDGE] if BRIDGE.name in shop.sections else [])]
    warehouse.execute(";".join(sums).format(marts=warehouse.settings.dataset("marts")))


def result(order: int, name: str, status: str, failures: int | None = None, message: str | None = None) -> Row:
    """A model or a test as dbt left it."""
    told = {"result_order": order, "name": name, "subject": None, "status": status, "failures": failures}
    return {**told, "message": message, "invocation_id": "5c1a0f64-0000-4000-8000-000000000042"}


LANE_GROUPS = ("paid_not_in_ga4", "in_ga4_not_paid", "amount_differs", "matched")
MARK_KINDS = ("session", "add_to_cart", "ga4_purchase", "paid")


def mark(group: int, label: str, kind: str, seconds: int, until: int | None = None, amount: str | None = None) -> Row:
    """A mark of a group's one lane, so many seconds after noon of the first day."""
    noon = datetime(2020, 11, 1, 12, tzinfo=UTC)
    end = seconds if until is None else until
    return {
        "lane_group_order": group,
        "lane_group": LANE_GROUPS[group - 1],
        "lane_order": 1,
        "label": label,
        "reason": None,
        "lane_sessions": 1,
        "mark_order": MARK_KINDS.index(kind) + 1,
        "mark": kind,
        "started_at": (noon + timedelta(seconds=seconds)).isoformat(),
        "ended_at": (noon + timedelta(seconds=end)).isoformat(),
        "seconds_from_first": seconds,
        "seconds_until_end": end,
        "amount": amount,
    }


def health(day: date, event: str, both: int, beside: int, status: str = "ok") -> Row:
    """An event on a day beside its neighbour, view_item, of which half are expected to hold it."""
    told = {"export_day": str(day), "event_name": event, "sessions": both, "neighbour": "view_item", "status": status}
    counts = {"neighbour_sessions": beside, "sessions_with_both": both, "rate": both / beside}
    return {**told, **counts, "expected_rate": 0.5, "expected_lower": 0.4, "expected_upper": 0.6}


def cause(gap: str, slice_name: str, missing: int, at_risk: int, q_value: float, is_cause: bool) -> Row:
    """A payment method, and how many of its rows are missing against one in fifty elsewhere."""
    told = {"gap": gap, "dimension": "payment_method", "slice": slice_name, "rows_at_risk": at_risk, "missing": missing}
    rate = missing / at_risk
    rates = {"missing_rate": rate, "elsewhere_rate": 0.02, "lift": rate / 0.02}
    return {**told, **rates, "p_value": q_value / 10, "q_value": q_value, "is_cause": is_cause}


BINS_HERE = (("under 1 min", 0, 60), ("1-3 min", 60, 180), ("3-10 min", 180, 600), ("30 days on", 2592000, None))


def bins(*people: int) -> list[Row]:
    """Bins of the time to purchase with so many people."""
    return [
        {"bin_order": n, "bin_label": label, "from_seconds": low, "to_seconds": high, "people": count}
        for n, ((label, low, high), count) in enumerate(zip(BINS_HERE, people, strict=True), 1)
    ]


DAY_1, DAY_2, DAY_3, DAY_4 = (date(2020, 11, n) for n in (1, 2, 3, 4))

# Four days: the second is missing from the export, the third is empty, the fourth came with other columns. 20 orders
# and purchases: of them one order is dropped, GA4 never saw another, three amounts differ, one of them for no reason.
SMALL_SHOP = Shop(
    journeys=[
        *(session(f"look-{n}", DAY_1, "view_item") for n in range(30)),
        *(session(f"bounce-{n}", DAY_1) for n in range(50)),
        *(session(f"cart-{n}", DAY_4, "view_item", "add_to_cart") for n in range(6)),
        *(session(f"checkout-{n}", DAY_4, "view_item", "begin_checkout") for n in range(4)),
        *(session(f"buy-{n}", DAY_1, "view_item", "begin_checkout", "purchase", is_confirmed=n > 0) for n in range(10)),
    ],
    reconciliation=[
        *(pair(str(n), DAY_1, "matched", f"{n}.50", f"{n}.50", events=2 if n == 1 else 1) for n in range(1, 10)),
        pair("10", DAY_1, "matched", "10.50", "10.50", "late"),
        pair("11", DAY_4, "amount_mismatch", "100.00", "105.00", "shipping_basis"),
        pair("12", DAY_4, "amount_mismatch", "50.00", "20.00", "partial_refund"),
        pair("13", DAY_4, "amount_mismatch", "10.00", "11.11", "unknown"),
        pair("14", DAY_1, "missing_in_backend", "70.25", None, "dropped"),
        pair("15", DAY_2, "excluded", None, "40.00", "ga4_day_missing"),
        pair("16", DAY_4, "missing_in_ga4", None, "60.00", "never_in_ga4"),
        pair("17", DAY_4, "excluded", "33.00", "0.00", "cancelled"),
        pair("18", DAY_1, "excluded", "0.00", None, "no_transaction_id"),
        pair("19", DAY_4, "excluded", None, "0.00", "test_order"),
        pair("20", DAY_4, "awaiting", None, "8.00", "ga4_day_not_final"),
    ],
    export_days=[
        export_day(DAY_1, 900),
        export_day(DAY_2, 0, "missing"),
        export_day(DAY_3, 0, "empty"),
        export_day(DAY_4, 120, new=["is_active_user"], retyped=["stream_id INT64->STRING"]),
    ],
    orders=[
        order(1, "USD", "1", "2020-11-04T23:30:00+00:00"),
        order(2, "EUR", "1.18", "2020-11-03T08:00:00+00:00"),
        order(3, "USD", "1", "2021-02-01T00:00:00+00:00"),  # changed after the moment that the tests' page is of
    ],
    sections={
        "dim_users": [{"user_key": f"browser/{n}"} for n in range(3)],
        "rpt_time_to_purchase": bins(2, 3, 5, 0),
        "rpt_revenue_bridge": [],
        "rpt_tracking_health": [
            *(health(day, "add_to_cart", 20, 40) for day in (DAY_1, DAY_3)),
            health(DAY_4, "add_to_cart", 0, 38, "outage"),
            health(DAY_4, "purchase", 2, 38, "near_zero"),
        ],
        "rpt_gap_causes": [
            cause("missing_in_ga4", "ideal", 9, 30, 0.0002, True),
            cause("missing_in_ga4", "card", 1, 40, 0.8, False),
        ],
        "rpt_journey_timeline": [
            mark(1, "order 16", "session", 0, 300),
            mark(1, "order 16", "paid", 1200, amount="60.00"),
            mark(2, "purchase T14", "session", 0, 90),
            mark(2, "purchase T14", "add_to_cart", 30),
            mark(2, "purchase T14", "ga4_purchase", 80, amount="70.25"),
            mark(3, "order 12", "session", 0, 4000),
            mark(3, "order 12", "ga4_purchase", 3000, amount="50.00"),
            mark(3, "order 12", "paid", 3060, amount="20.00"),
            mark(4, "order 10", "session", 0, 10),
            mark(4, "order 10", "session", 400000, 400900),
            mark(4, "order 10", "ga4_purchase", 400800, amount="10.50"),
            mark(4, "order 10", "paid", 400860, amount="10.50"),
        ],
        "rpt_model_results": [result(1, "fct_reconciliation", "success"), result(2, "rpt_funnel", "success")],
        "rpt_test_results": [result(1, "orders_are_conserved", "pass", 0), result(2, "reports_add_up", "pass", 0)],
        "eval_scores": [
            {"subject": "status", "label": "matched", "true_positives": 13, "false_positives": 0, "false_negatives": 0}
            | {"precision": 1.0, "recall": 1.0, "f1": 1.0},
            {"subject": "reason", "label": "late", "true_positives": 1, "false_positives": 0, "false_negatives": 1}
            | {"precision": 1.0, "recall": 0.5, "f1": 0.667},
        ],
        "eval_money": [
            {"reason": "shipping_basis", "injected_amount": "-5.00", "found_amount": "-5.00", "difference": "0.00"}
            | {"is_decidable": True}
        ],
        "eval_status_confusion": [{"expected_status": "matched", "found_status": "matched", "orders": 13}],
    },
)
