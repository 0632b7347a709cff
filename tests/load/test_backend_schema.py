"""The shop's schema is checked before anything is touched: what does not fit is named, with a remedy."""

from collections.abc import Iterator

import pytest
from google.api_core.exceptions import NotFound

from journey.bigquery import Warehouse
from journey.errors import BadInput
from journey.settings import Settings
from load.backend import load_orders, load_users
from load.tables import USERS
from tests.load.shop import NOON, Shop, open_shop, raw_rows


@pytest.fixture
def shop(settings: Settings) -> Iterator[Shop]:
    with open_shop(settings) as opened:
        yield opened


def test_a_schema_that_does_not_exist_is_named(settings: Settings) -> None:
    with pytest.raises(BadInput, match=r"no schema nowhere: .*BACKEND_SCHEMA"):
        load_users(settings.model_copy(update={"backend_schema": "nowhere"}))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("drop table {schema}.order_items", r"no table {s}\.order_items: make it, or a view of that name"),
        (
            "alter table {schema}.orders drop column refunded",
            r"{s}\.orders .* lacks the column refunded \(NUMERIC\): add",
        ),
        (
            "alter table {schema}.order_items drop column item_id, drop column quantity",
            r"{s}\.order_items .* lacks the columns item_id \(STRING\), quantity \(INT64\)",
        ),
        (
            "alter table {schema}.orders alter column total type double precision",
            r"{s}\.orders\.total .* is double precision, which NUMERIC does not hold exactly: make it numeric",
        ),
        ("alter table {schema}.orders alter column tax type money", r"{s}\.orders\.tax .* is money"),
        ("alter table {schema}.orders alter column tax type numeric(20, 12)", r"tax .* is numeric\(20,12\), .*9 after"),
        ("alter table {schema}.orders alter column tax type numeric(40, 2)", r"tax .* is numeric\(40,2\)"),
        (
            "alter table {schema}.orders alter column created_at type timestamp",
            r"created_at .* is timestamp without time zone, .* make it timestamptz",
        ),
        ("alter table {schema}.orders alter column created_at type date", r"created_at .* is date"),
        ("alter table {schema}.orders alter column order_id type text", r"order_id .* is text, which INT64"),
        ("alter table {schema}.orders alter column order_id type numeric(20)", r"order_id .* is numeric\(20,0\)"),
        ("alter table {schema}.orders alter column status type json using to_json(status)", r"status .* is json"),
        (
            "alter table {schema}.orders alter column is_test type int using is_test::int",
            r"is_test .* is integer, which BOOL .* make it boolean",
        ),
    ],
)
def test_a_schema_that_drifted_is_refused_in_a_sentence(shop: Shop, change: str, sentence: str) -> None:
    shop.run("alter table {schema}.orders drop constraint orders_check")
    shop.run(change)
    with pytest.raises(BadInput, match=sentence.replace("{s}", shop.settings.backend_schema)):
        load_orders(shop.settings)
    with pytest.raises(NotFound):  # nothing was made
        Warehouse(shop.settings).client.get_dataset(shop.settings.dataset("raw_backend"))


def test_types_that_lose_nothing_are_taken_and_columns_besides_are_named(shop: Shop, warehouse: Warehouse) -> None:
    shop.run(
        """
        create domain {schema}.country as varchar(2) check (value <> '');
        create type {schema}.browser as enum ('chrome', 'firefox');
        alter table {schema}.users
            alter column user_id type smallint, alter column full_name type varchar(40),
            alter column country type {schema}.country, alter column user_pseudo_id type {schema}.browser
                using user_pseudo_id::{schema}.browser,
            add column loyalty_points int, add column "Notes" text
        """
    )
    shop.user(1, user_pseudo_id="firefox")
    loaded = load_users(warehouse.settings)
    assert loaded.tables["users"].ignored_columns == ["loyalty_points", "Notes"]
    wanted = {column.name for column in USERS.columns}
    assert raw_rows(warehouse, USERS) == [
        {name: value for name, value in row.items() if name in wanted} for row in shop.rows("users")
    ]


def test_a_view_over_the_shops_own_tables_serves_as_a_table(shop: Shop, warehouse: Warehouse) -> None:
    shop.run("alter table {schema}.users rename to customers")
    shop.run("create view {schema}.users as select * from {schema}.customers where not is_test")
    shop.run(
        "insert into {schema}.customers values (1, 'Ada', null, 'GB', null, false, %s, %s), "
        "(2, 'Bot', null, 'GB', null, true, %s, %s)",
        NOON, NOON, NOON, NOON,
    )  # fmt: skip
    load_users(warehouse.settings)
    assert [row["user_id"] for row in raw_rows(warehouse, USERS)] == [1]


def test_a_view_that_repeats_a_key_is_refused(shop: Shop) -> None:
    shop.order(7, lines=2)
    shop.run("alter table {schema}.order_items rename to lines")
    shop.run("create view {schema}.order_items as select l.* from {schema}.lines as l cross join generate_series(1, 3)")
    with pytest.raises(BadInput, match=r"holds order_id 7, line_number 1 3 times|order_id 7, line_number 2 3 times"):
        load_orders(shop.settings)


def test_a_row_without_a_key_is_refused(shop: Shop) -> None:
    shop.run("alter table {schema}.users drop constraint users_pkey, alter column user_id drop not null")
    shop.run("insert into {schema}.users values (null, 'Ada', null, 'GB', null, false, %s, %s)", NOON, NOON)
    with pytest.raises(BadInput, match="holds a row whose user_id is NULL"):
        load_users(shop.settings)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("update {schema}.orders set created_at = 'infinity'", "created_at: .*infinity"),
        ("update {schema}.orders set created_at = '0044-03-15 12:00:00+00 BC'", "BC"),
        ("update {schema}.orders set created_at = '12020-11-15 12:00:00+00'", "12020"),
        ("update {schema}.orders set tax = 0.1234567891", "tax: .* would cause data loss"),
        ("update {schema}.orders set tax = 'NaN'", "tax: .*NaN"),
        ("update {schema}.orders set tax = 1e30", "tax: .* would cause data loss"),
        ("update {schema}.orders set payment_method = repeat('x', 3000000)", "larger than 1 MB"),
    ],
)
def test_a_value_that_bigquery_cannot_keep_is_named_and_nothing_is_loaded(
    shop: Shop, warehouse: Warehouse, change: str, sentence: str
) -> None:
    shop.run("alter table {schema}.orders drop constraint orders_check, alter column tax type numeric")
    shop.order(1)
    load_orders(warehouse.settings)
    shop.run(change)
    with pytest.raises(BadInput, match=f"row of {shop.settings.backend_schema}.orders in PostgreSQL .*{sentence}"):
        load_orders(warehouse.settings)


def test_a_user_who_may_not_read_is_told_what_to_grant(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    role = f"reader_of_{shop.settings.backend_schema}"
    shop.run(f"create role {role} login; grant usage on schema {{schema}} to {role}")
    shop.user(1)
    monkeypatch.setenv("PGUSER", role)
    with pytest.raises(BadInput, match=r"does not let .*\.users be read: .* grant the user usage"):
        load_users(shop.settings)
