"""The dialect gate itself: it takes what BigQuery takes and refuses what only the emulator would take."""

import pytest
from google.cloud.bigquery import SchemaField

from journey.ga4_export import EXPORT, RAW_EVENTS
from tests.dialect import Dialect, Refused, bigquery_type

ORDERS = (
    SchemaField("order_id", "INTEGER", "REQUIRED"),
    SchemaField("transaction_id", "STRING"),
    SchemaField("total", "NUMERIC"),
    SchemaField("exchange_rate", "FLOAT"),
    SchemaField("is_test", "BOOLEAN"),
    SchemaField("created_at", "TIMESTAMP"),
)


@pytest.fixture
def dialect() -> Dialect:
    """The raw tables of a shop, in the project `shop`."""
    dialect = Dialect("shop")
    dialect.add_table("shop.raw_ga4.events", RAW_EVENTS.schema)
    dialect.add_table("public.export.events_20201101", EXPORT)
    dialect.add_table("shop.raw_backend.orders", ORDERS)
    return dialect


@pytest.mark.parametrize(
    "sql",
    [
        "select total from `shop.raw_backend.orders`",
        "select total from `shop`.`raw_backend`.orders",
        "select total from raw_backend.orders where created_at >= timestamp '2020-11-01' and not is_test",
        "select e.device.category, i.item_name from `shop.raw_ga4.events` as e, unnest(e.items) as i",
        "select e.event_name, p.key from `public.export.events_20201101` as e, unnest(e.event_params) as p",
        "select (select max(if(p.key = 'a', 1, null)) from unnest(e.event_params) as p) as a from raw_ga4.events as e",
        "select array_agg(total ignore nulls order by created_at)[safe_offset(0)] as t from raw_backend.orders",
        "select any_value(total having min created_at) as t from raw_backend.orders group by order_id",
        "select order_id from raw_backend.orders qualify row_number() over (partition by is_test order by total) = 1",
        "from raw_backend.orders |> where total > 1 |> aggregate count(*) as n group by is_test",
        "select total from raw_backend.orders where total = (select max(o.total) from raw_backend.orders as o)",
        "-- nothing but a comment\n;",
    ],
)
def test_what_bigquery_takes_passes(dialect: Dialect, sql: str) -> None:
    dialect.check(sql)


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("selec 1", "Syntax error"),
        ("select totals from raw_backend.orders", "Unrecognized name: totals"),
        ("select device.kategory from raw_ga4.events", "Field name kategory does not exist"),
        ("select p.values from raw_ga4.events as e, unnest(e.event_params) as p", "Field name values does not exist"),
        ("select 1 from raw_backend.returns", "Table not found"),
        ("select 1 from raw_backend.orders where transaction_id = 7", "No matching signature for operator ="),
        ("select 1 from raw_backend.orders where created_at > current_datetime()", "TIMESTAMP, DATETIME"),
        (
            "select 1 from raw_backend.orders where created_at between date '2020-11-01' and date '2020-11-02'",
            "BETWEEN",
        ),
        ("select min_by(total, created_at) from raw_backend.orders", "Function not found: min_by"),
        ("select list_filter([1], x -> x > 0)", "Function not found: list_filter"),
        ("select total::string from raw_backend.orders", "Syntax error"),
        ("select date_diff('day', date '2020-11-01', date '2020-11-02')", "date part"),
        ("select cast(total as double) from raw_backend.orders", "Type not found"),
        ("select transaction_id, total from raw_backend.orders group by 1", "neither grouped nor aggregated"),
        ("select count(*) filter (where is_test) from raw_backend.orders", "Syntax error"),
        ("select [1, 2][0]", "Array element access"),
        ("select exchange_rate, count(*) from raw_backend.orders group by 1", "FLOAT64"),
        ("select 1 as a, a + 1 as b", "Unrecognized name: a"),
        (
            "select order_id from raw_backend.orders union all select transaction_id from raw_backend.orders",
            "UNION ALL",
        ),
        ("select * exclude (total) from raw_backend.orders", "Syntax error"),
        ("select count(*) from raw_backend.orders where total > @least", "Query parameter"),
        ("insert into raw_backend.orders (order_id) select transaction_id from raw_backend.orders", "INT64"),
        ("insert into raw_backend.orders (order_id, total) values (1)", "wrong column count"),
        ("delete from raw_backend.orders", "WHERE"),
        ("create table a.b as select order_id, total * 2 from raw_backend.orders", "has no name"),
        ("create table a.b as select order_id, order_id from raw_backend.orders", "duplicate name"),
        ("create table a.b partition by day as select order_id from raw_backend.orders", "Unrecognized name: day"),
        ("create view a.b as select count(*) from raw_backend.orders", "has no name"),
        (
            "merge into raw_backend.orders using (select 'a' as id) as n on order_id = n.id when matched then delete",
            "=",
        ),
        (
            "select (select max(o.total) from raw_backend.orders as o where o.order_id < e.event_timestamp) as t"
            " from raw_ga4.events as e",
            "Correlated subquery",
        ),
        ("begin transaction; select 1; select x; commit transaction", "Unrecognized name: x"),
    ],
)
def test_what_bigquery_refuses_is_refused(dialect: Dialect, sql: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        dialect.check(sql)


def test_a_script_is_followed_statement_by_statement(dialect: Dialect) -> None:
    done = dialect.check(
        """
        begin transaction;
        create temp table newest as select transaction_id, max(total) as total from raw_backend.orders group by 1;
        merge into `shop.raw_backend.orders` as o using newest as n on o.transaction_id = n.transaction_id
        when matched then update set total = n.total
        when not matched by source and o.is_test then delete;
        delete from raw_backend.orders where order_id in unnest(@gone);
        commit transaction;
        """,
        {"gone": bigquery_type("INT64", is_repeated=True)},
    )
    assert [statement.kind for statement in done] == [
        "begin", "create_table_as_select", "merge", "delete", "commit",
    ]  # fmt: skip


def test_a_table_that_a_statement_makes_is_known_with_its_types_until_it_is_dropped(dialect: Dialect) -> None:
    dialect.check(
        "create or replace table `shop.marts.t` as select order_id, [struct(total as x)] as xs from raw_backend.orders"
    )
    dialect.check("select order_id + 1 as n, u.x from marts.t, unnest(xs) as u")
    with pytest.raises(Refused, match="No matching signature"):
        dialect.check("select concat(order_id, 'a') < 1 as n from marts.t")
    dialect.check("create or replace view shop.marts.v as select xs[offset(0)].x as x from marts.t")
    dialect.check("select round(x, 2) as x from marts.v")
    dialect.check("drop view marts.v")
    with pytest.raises(Refused, match="Table not found"):
        dialect.check("select x from marts.v")
