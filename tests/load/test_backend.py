"""load-users and load-orders: whatever happened in PostgreSQL, raw_backend's rows that are not deleted are its rows."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from journey.bigquery import Warehouse
from journey.settings import Settings
from load import staging
from load.backend import Loaded, load_orders, load_users
from load.postgres import snapshots
from load.tables import ORDER_ITEMS, ORDERS, USERS
from tests.load.shop import NOON, TABLES, Shop, open_shop, raw_rows, whole_table

YEAR_AGO = NOON - timedelta(days=365)  # far behind any watermark of these shops


@pytest.fixture
def shop(settings: Settings) -> Iterator[Shop]:
    with open_shop(settings) as opened:
        yield opened


def load(settings: Settings, **changes: Any) -> dict[str, Loaded]:
    """Both stages."""
    changed = settings.model_copy(update=changes)
    return {"users": load_users(changed), "orders": load_orders(changed)}


def assert_same(warehouse: Warehouse, shop: Shop) -> None:
    for name, table in TABLES.items():
        assert raw_rows(warehouse, table) == shop.rows(name), name


def merges_since(warehouse: Warehouse, moment: datetime) -> int:
    """How many statements that merge the warehouse was sent since a moment."""
    jobs = warehouse.client.list_jobs(min_creation_time=moment)
    prefix = warehouse.settings.dataset_prefix
    return sum(job.job_type == "query" and "merge into" in job.query and prefix in job.query for job in jobs)


def test_a_first_load_brings_every_row_to_the_microsecond_and_the_cent(warehouse: Warehouse, shop: Shop) -> None:
    at = datetime(2020, 11, 15, 23, 59, 59, 999_999, tzinfo=UTC)
    shop.user(1, full_name='Ada "the Countess"\r\nLovelace, \\N', email="", country=None, created_at=at)
    shop.user(2, full_name="", email=None, user_pseudo_id="1005694.5834348403", is_test=True)
    shop.order(2**62, lines=3, exchange_rate=Decimal("1.183542"), subtotal=Decimal("9999999999.99"), tax=0,
               total=Decimal("9999999999.99"), updated_at=at)  # fmt: skip
    shop.order(-1, lines=0)
    shop.run("update {schema}.order_items set unit_price = 3.3333, item_category = '' where line_number = 2")

    loaded = load(warehouse.settings)

    assert_same(warehouse, shop)
    assert loaded["users"].rows == 2
    assert loaded["orders"].rows == 5
    assert loaded["orders"].bytes > 0
    assert [row["deleted_at"] for row in whole_table(warehouse, USERS)] == [None, None]
    assert all(row["loaded_at"] <= datetime.now(UTC) for row in whole_table(warehouse, USERS))


def test_empty_tables_are_loaded_as_empty_tables_again_and_again(warehouse: Warehouse, shop: Shop) -> None:
    for _ in range(2):
        loaded = load(warehouse.settings)
        assert loaded["users"].rows == loaded["orders"].rows == 0
        assert_same(warehouse, shop)


def test_raw_tables_have_a_description_on_every_column_after_any_load(warehouse: Warehouse, shop: Shop) -> None:
    shop.user(1)
    for _ in range(2):  # first load and merge
        load(warehouse.settings)
        for table in TABLES.values():
            made = warehouse.client.get_table(table.raw.id(warehouse.settings))
            assert [(field.name, field.description) for field in made.schema] == [
                (field.name, field.description) for field in table.raw.schema
            ]
            assert all(field.description for field in made.schema)
            assert made.description == table.raw.description
            assert made.clustering_fields == list(table.key)


def test_added_changed_and_deleted_rows_are_merged_and_counted(warehouse: Warehouse, shop: Shop) -> None:
    for number in (1, 2, 3):
        shop.order(number, lines=2)
    load(warehouse.settings)
    before = datetime.now(UTC)
    shop.order(2, lines=0, status="shipped", updated_at=NOON + timedelta(days=1))
    shop.run("delete from {schema}.orders where order_id = 3")
    shop.run("delete from {schema}.order_items where order_id = 3")
    shop.order(4)

    orders = load(warehouse.settings)["orders"].tables["orders"]

    assert_same(warehouse, shop)
    assert (orders.rows, orders.added, orders.changed, orders.returned, orders.deleted) == (3, 1, 1, 0, 1)
    (gone,) = [row for row in whole_table(warehouse, ORDERS) if row["deleted_at"]]
    assert gone["order_id"] == 3
    assert before < gone["deleted_at"] <= datetime.now(UTC)
    assert gone["status"] == "paid"
    assert len(raw_rows(warehouse, ORDER_ITEMS, is_deleted=True)) == 2


def test_a_row_found_gone_keeps_the_time_it_was_found_and_is_unmarked_when_it_comes_back(
    warehouse: Warehouse, shop: Shop
) -> None:
    shop.user(1)
    shop.user(2, updated_at=YEAR_AGO)
    load_users(warehouse.settings)
    shop.run("delete from {schema}.users where user_id = 2")
    load_users(warehouse.settings)
    marked = [row["deleted_at"] for row in whole_table(warehouse, USERS)]
    load_users(warehouse.settings)
    assert [row["deleted_at"] for row in whole_table(warehouse, USERS)] == marked
    assert marked[0] is None
    assert marked[1] is not None

    shop.user(2, updated_at=YEAR_AGO)  # the very same row, from a backup
    back = load_users(warehouse.settings)

    assert back.tables["users"].returned == 1
    assert_same_users(warehouse, shop)
    assert [row["deleted_at"] for row in whole_table(warehouse, USERS)] == [None, None]


def assert_same_users(warehouse: Warehouse, shop: Shop) -> None:
    assert raw_rows(warehouse, USERS) == shop.rows("users")


def test_nothing_changed_sends_no_merge_and_leaves_the_very_same_rows(warehouse: Warehouse, shop: Shop) -> None:
    shop.order(1)
    shop.order(2, updated_at=YEAR_AGO)
    load(warehouse.settings)
    rows = {name: whole_table(warehouse, table) for name, table in TABLES.items()}
    moment = datetime.now(UTC)

    again = load(warehouse.settings)["orders"].tables["orders"]

    assert merges_since(warehouse, moment) == 0
    assert (again.rows, again.added, again.changed, again.returned, again.deleted) == (2, 0, 0, 0, 0)
    assert {name: whole_table(warehouse, table) for name, table in TABLES.items()} == rows
    shop.order(3, updated_at=YEAR_AGO)
    load(warehouse.settings)
    assert merges_since(warehouse, moment) == 1  # orders and lines in one script, nothing for users


def test_only_rows_behind_the_watermark_that_differ_are_read_whole(warehouse: Warehouse, shop: Shop) -> None:
    for number in range(20):
        shop.user(number, updated_at=YEAR_AGO + timedelta(minutes=number))
    shop.user(99, updated_at=NOON)
    shop.user(98, updated_at=NOON - staging.LOOKBACK)  # may have been committed after the load that saw user 99
    assert load_users(warehouse.settings).tables["users"].read == 22
    shop.run("update {schema}.users set country = 'FR' where user_id = 7")
    again = load_users(warehouse.settings).tables["users"]
    assert (again.read, again.changed) == (3, 1)
    assert_same_users(warehouse, shop)


CHANGES: dict[str, Any] = {
    "user_id": 2, "transaction_id": "T", "status": "", "payment_method": "klarna", "currency": "EUR",
    "exchange_rate": Decimal("1.000001"), "refunded": Decimal("0.01"), "is_test": True,
    "created_at": NOON + timedelta(microseconds=1), "updated_at": YEAR_AGO + timedelta(microseconds=1),
}  # fmt: skip


def test_a_change_of_any_column_is_seen_without_a_newer_updated_at(warehouse: Warehouse, shop: Shop) -> None:
    shop.order(0)
    for number in range(1, len(CHANGES) + 1):
        shop.order(number, updated_at=YEAR_AGO)
    shop.user(0)
    shop.user(1, full_name=None, updated_at=YEAR_AGO)
    shop.user(2, full_name="", updated_at=YEAR_AGO)
    load(warehouse.settings)
    for number, (column, value) in enumerate(CHANGES.items(), 1):
        shop.run(f"update {{schema}}.orders set {column} = %s where order_id = %s", value, number)
    shop.run("update {schema}.users set full_name = '' where user_id = 1")
    shop.run("update {schema}.users set full_name = null where user_id = 2")

    loaded = load(warehouse.settings)

    assert loaded["orders"].tables["orders"].changed == len(CHANGES)
    assert loaded["users"].tables["users"].changed == 2
    assert_same(warehouse, shop)


def test_another_shop_in_place_of_the_first_is_what_raw_holds_though_it_is_older(
    warehouse: Warehouse, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "KEYS_AT_ONCE", 3)
    for number in range(1, 9):
        shop.user(number)
        shop.order(number, lines=number % 3)
    load(warehouse.settings)
    shop.run("truncate {schema}.users, {schema}.orders, {schema}.order_items")
    for number in range(4, 12):  # some keys as before, some new, everything older, every row another
        at = YEAR_AGO - timedelta(days=number)
        shop.user(number, full_name="Grace Hopper", email=f"{number}@example.com", updated_at=at)
        shop.order(number, lines=2, transaction_id=f"S{number}", updated_at=at)
    shop.run("update {schema}.order_items set updated_at = %s, item_name = 'Android Tee'", YEAR_AGO)

    loaded = load(warehouse.settings)["orders"].tables["orders"]

    assert_same(warehouse, shop)
    assert (loaded.rows, loaded.added, loaded.changed, loaded.deleted) == (8, 3, 5, 3)


def test_a_full_reload_writes_rows_anew_that_were_changed_in_raw_by_hand_and_keeps_deleted_ones(
    warehouse: Warehouse, shop: Shop
) -> None:
    shop.user(1, updated_at=YEAR_AGO)
    shop.user(2)
    shop.user(3)
    load_users(warehouse.settings)
    shop.run("delete from {schema}.users where user_id = 3")
    raw = USERS.raw.id(warehouse.settings)
    warehouse.execute(f"update `{raw}` set country = 'XX' where user_id = 1")

    load(warehouse.settings, full_reload=True)

    assert_same_users(warehouse, shop)
    assert [row["user_id"] for row in raw_rows(warehouse, USERS, is_deleted=True)] == [3]


def test_both_stages_may_start_together_where_nothing_is_yet(warehouse: Warehouse, shop: Shop) -> None:
    shop.user(1)
    shop.order(1)
    for attempt in range(4):
        settings = warehouse.settings.model_copy(
            update={"dataset_prefix": f"{warehouse.settings.dataset_prefix}{attempt}_"}
        )
        with ThreadPoolExecutor() as pool:
            for stage in [pool.submit(load_users, settings), pool.submit(load_orders, settings)]:
                stage.result()
        assert_same(Warehouse(settings), shop)


def test_a_table_from_before_row_hash_is_brought_up_to_date(warehouse: Warehouse, shop: Shop) -> None:
    shop.user(1, updated_at=YEAR_AGO)
    shop.user(2)
    load_users(warehouse.settings)
    warehouse.execute(f"alter table `{USERS.raw.id(warehouse.settings)}` drop column row_hash")
    assert load_users(warehouse.settings).tables["users"].changed == 2
    assert load_users(warehouse.settings).tables["users"].changed == 0
    assert_same_users(warehouse, shop)


def test_staging_tables_are_dropped_those_of_killed_runs_too(warehouse: Warehouse, shop: Shop) -> None:
    shop.order(1)
    load(warehouse.settings)
    dataset = warehouse.settings.dataset("raw_backend")
    warehouse.execute(f"create table `{dataset}.orders__staging_0123456789ab` (order_id int64)")
    warehouse.execute(f"create table `{dataset}.orders__staging_notes` (note string)")
    shop.order(2)
    load(warehouse.settings)
    assert sorted(table.table_id for table in warehouse.client.list_tables(dataset)) == [
        "email_salt",
        "order_items",
        "orders",
        "users",
    ]


def test_a_first_load_that_brought_one_table_of_two_is_completed(warehouse: Warehouse, shop: Shop) -> None:
    shop.order(1, updated_at=YEAR_AGO)
    shop.order(2)
    load_orders(warehouse.settings)
    warehouse.execute(f"truncate table `{ORDERS.raw.id(warehouse.settings)}`")
    again = load_orders(warehouse.settings).tables
    assert (again["orders"].added, again["order_items"].added) == (2, 0)
    assert raw_rows(warehouse, ORDERS) == shop.rows("orders")
    assert raw_rows(warehouse, ORDER_ITEMS) == shop.rows("order_items")


def test_what_a_role_sets_for_its_sessions_changes_nothing(
    warehouse: Warehouse, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = f"german_of_{shop.settings.backend_schema}"
    shop.run(
        f"""
        create role {role} login;
        alter role {role} set datestyle = 'German, DMY';
        alter role {role} set idle_in_transaction_session_timeout = 100;
        grant usage on schema {{schema}} to {role};
        grant select on all tables in schema {{schema}} to {role}
        """
    )
    shop.user(1, created_at=datetime(2020, 2, 1, 3, 4, 5, 678, tzinfo=UTC))
    monkeypatch.setenv("PGUSER", role)
    for _ in range(2):
        load_users(warehouse.settings)
    assert_same_users(warehouse, shop)


def test_orders_and_lines_are_read_as_of_one_moment(settings: Settings, shop: Shop) -> None:
    shop.order(1)
    with snapshots(settings.backend_schema, 2) as (one, other):
        one.execute(f"select count(*) from {settings.backend_schema}.orders")
        assert one.fetchone() == (1,)
        shop.order(2)
        other.execute(f"select count(*) from {settings.backend_schema}.order_items")
        assert other.fetchone() == (1,)
