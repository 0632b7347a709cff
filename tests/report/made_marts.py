"""A small shop's marts, made by hand: its sessions and reconciliation row by row, the report marts summed up from them.

Columns are those that the report reads, under the names and types that the warehouse gives them.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from google.cloud.bigquery import LoadJobConfig, SchemaField

from journey.bigquery import TableSpec, Warehouse

Row = dict[str, Any]


def _spec(dataset: str, name: str, columns: str) -> TableSpec:
    fields = []
    for column in columns.split(","):
        name_of, kind = column.split()
        is_list = kind.startswith("*")
        fields.append(SchemaField(name_of, kind.removeprefix("*"), mode="REPEATED" if is_list else "NULLABLE"))
    return TableSpec(dataset, name, f"Made up for a test: {name}.", tuple(fields))


JOURNEYS = _spec(
    "marts",
    "fct_user_journeys",
    "session_key STRING, session_day DATE, view_item_at TIMESTAMP, add_to_cart_at TIMESTAMP, "
    "begin_checkout_at TIMESTAMP, purchase_at TIMESTAMP, is_purchase_confirmed BOOL",
)
RECONCILIATION = _spec(
    "marts",
    "fct_reconciliation",
    "reconciliation_key STRING, status STRING, reason STRING, order_id INT64, purchase_events INT64, "
    "reconciliation_day DATE, ga4_revenue NUMERIC, backend_revenue NUMERIC",
)
EXPORT_DAYS = _spec(
    "raw_ga4",
    "export_days",
    "day DATE, status STRING, events INT64, new_columns *STRING, missing_columns *STRING, retyped_columns *STRING",
)
ORDERS = _spec(
    "raw_backend",
    "orders",
    "order_id INT64, currency STRING, exchange_rate NUMERIC, updated_at TIMESTAMP, loaded_at TIMESTAMP",
)
FUNNEL = _spec(
    "marts",
    "rpt_funnel",
    "population STRING, method STRING, dimension STRING, "
    "step_order INT64, step_name STRING, sessions INT64, share FLOAT64",
)
DAYS = _spec(
    "marts",
    "rpt_daily_reconciliation",
    "reconciliation_day DATE, purchases INT64, orders INT64, eligible_orders INT64, matched INT64, "
    "amount_mismatch INT64, missing_in_backend INT64, missing_in_ga4 INT64, excluded INT64, awaiting INT64, "
    "match_rate FLOAT64, ga4_revenue NUMERIC, backend_revenue NUMERIC, revenue_difference NUMERIC, "
    "unexplained_difference NUMERIC",
)
TABLES = (JOURNEYS, RECONCILIATION, EXPORT_DAYS, ORDERS, FUNNEL, DAYS)

SUM_UP_FUNNEL = """
insert into `{marts}.rpt_funnel` (population, method, dimension, step_order, step_name, sessions, share)
with counted as (
    select
        count(*) as sessions,
        countif(view_item_at is not null) as view_item,
        countif(add_to_cart_at is not null) as add_to_cart,
        countif(begin_checkout_at is not null) as begin_checkout,
        countif(purchase_at is not null) as purchase,
        countif(is_purchase_confirmed) as confirmed
    from `{marts}.fct_user_journeys`
)
select
    'everyone', 'any', 'all',
    step.step_order, step.step_name, step.sessions, safe_divide(step.sessions, counted.sessions)
from counted, unnest([
    struct(1 as step_order, 'sessions' as step_name, counted.sessions as sessions),
    struct(2 as step_order, 'view_item' as step_name, counted.view_item as sessions),
    struct(3 as step_order, 'add_to_cart' as step_name, counted.add_to_cart as sessions),
    struct(4 as step_order, 'begin_checkout' as step_name, counted.begin_checkout as sessions),
    struct(5 as step_order, 'purchase' as step_name, counted.purchase as sessions),
    struct(6 as step_order, 'confirmed' as step_name, counted.confirmed as sessions)
]) as step
"""

SUM_UP_DAYS = """
insert into `{marts}.rpt_daily_reconciliation` (
    reconciliation_day, purchases, orders, eligible_orders, matched, amount_mismatch, missing_in_backend,
    missing_in_ga4, excluded, awaiting, match_rate, ga4_revenue, backend_revenue, revenue_difference,
    unexplained_difference
)
select
    reconciliation_day,
    countif(purchase_events > 0),
    count(order_id),
    countif(order_id is not null and status in ('matched', 'amount_mismatch', 'missing_in_ga4')),
    countif(status = 'matched'),
    countif(status = 'amount_mismatch'),
    countif(status = 'missing_in_backend'),
    countif(status = 'missing_in_ga4'),
    countif(status = 'excluded'),
    countif(status = 'awaiting'),
    safe_divide(
        countif(status in ('matched', 'amount_mismatch')),
        countif(order_id is not null and status in ('matched', 'amount_mismatch', 'missing_in_ga4'))
    ),
    coalesce(sum(ga4_revenue), 0),
    coalesce(sum(backend_revenue), 0),
    coalesce(sum(ga4_revenue), 0) - coalesce(sum(backend_revenue), 0),
    sum(if(reason = 'unknown', coalesce(ga4_revenue, 0) - coalesce(backend_revenue, 0), 0))
from `{marts}.fct_reconciliation`
group by reconciliation_day
"""


@dataclass(frozen=True)
class Shop:
    """Rows of the tables that the marts are summed up from."""

    journeys: list[Row] = field(default_factory=list)
    reconciliation: list[Row] = field(default_factory=list)
    export_days: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)


def session(key: str, day: date, *steps: str, is_confirmed: bool = False) -> Row:
    """A session that reached the steps named, e.g. `view_item`."""
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC).isoformat()
    reached = {f"{step}_at": at for step in steps}
    return {"session_key": key, "session_day": str(day), "is_purchase_confirmed": is_confirmed, **reached}


def pair(
    key: str, day: date, status: str, ga4: str | None, backend: str | None, reason: str | None = None, events: int = 1
) -> Row:
    """A row of the reconciliation; `ga4` None: no purchase, `backend` None: no order."""
    return {
        "reconciliation_key": key,
        "status": status,
        "reason": reason,
        "order_id": None if backend is None else int(key),
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


def _ddl(warehouse: Warehouse) -> str:
    """All datasets and tables in one script: one job instead of twenty calls."""
    settings = warehouse.settings
    statements = [
        f"create schema if not exists `{settings.dataset(name)}`" for name in sorted({t.dataset for t in TABLES})
    ]
    for table in TABLES:
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
    }
    warehouse.execute(_ddl(warehouse))
    for table, those in rows.items():
        if those:
            config = LoadJobConfig(schema=list(table.schema))
            warehouse.client.load_table_from_json(those, table.id(warehouse.settings), job_config=config).result()
    sums = f"{SUM_UP_FUNNEL};{SUM_UP_DAYS}"
    warehouse.execute(sums.format(marts=warehouse.settings.dataset("marts")))


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
)
