"""What PostgreSQL's COPY writes as CSV is read back as the very same values: nasty text, decimals, times, NULL."""

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings, strategies
from psycopg2.extras import execute_values

from journey.errors import BadInput
from journey.settings import Settings
from load.extract import ROW_GROUP_ROWS, Source, all_rows, arrow_schema, copy_out, read_to_parquet, write_parquet
from load.postgres import snapshots
from load.tables import ORDERS, USERS, BackendTable
from tests.load.shop import NOON, ORDER, USER, Shop, open_shop

TEXT = strategies.one_of(
    strategies.none(),
    strategies.text(strategies.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
    strategies.text("\",\n\r\\. \tN'{}\ufeff\u2028é😀", max_size=12),
    strategies.sampled_from(["", " ", '"', '""', "\\.", "\\N", "NULL", "null", "NaN", "t", "\r\n", ",,,", "\n\n\n"]),
)
TIME = strategies.datetimes(timezones=strategies.just(UTC))
MOST = "9" * 29 + "." + "9" * 9  # what NUMERIC holds
MONEY = strategies.none() | strategies.decimals(f"-{MOST}", MOST, places=9)
WHOLE = strategies.none() | strategies.integers(-(2**63), 2**63 - 1)
SIGN = strategies.none() | strategies.booleans()
ROW = strategies.tuples(TEXT, TEXT, TEXT, TEXT, MONEY, WHOLE, SIGN, TIME)
COLUMNS = ("transaction_id", "status", "payment_method", "currency", "total", "user_id", "is_test", "created_at")


@pytest.fixture(scope="module")
def shop(services: Settings) -> Iterator[Shop]:
    """Orders without constraints, so that any value of a type may be put in."""
    with open_shop(services.model_copy(update={"backend_schema": "shop_text"})) as opened:
        opened.run("drop table {schema}.orders")
        columns = ", ".join(f"{column.name} {KINDS[column.field_type]}" for column in ORDERS.columns)
        opened.run(f"create table {{schema}}.orders ({columns})")
        yield opened


KINDS = {"INT64": "bigint", "STRING": "text", "NUMERIC": "numeric", "BOOL": "boolean", "TIMESTAMP": "timestamptz"}


def read_table(table: BackendTable, schema: str, folder: Path, since: datetime | None = None) -> pa.Table:
    """A table of PostgreSQL through COPY, CSV and Parquet."""
    with snapshots(schema, 1) as (cursor,):
        source = Source(table, schema, cursor, folder / "rows.parquet")
        rows = read_to_parquet(source, [all_rows(table, schema, since)])
    read = pq.read_table(source.path)
    assert read.num_rows == rows
    return read


@given(strategies.lists(ROW, max_size=6))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_survives_the_way_from_postgresql_to_parquet(shop: Shop, tmp_path: Path, rows: list[Any]) -> None:
    shop.run("truncate {schema}.orders")
    with shop.connection.cursor() as cursor:
        statement = f"insert into shop_text.orders (order_id, {', '.join(COLUMNS)}) values %s"
        if rows:
            execute_values(cursor, statement, [(number, *row) for number, row in enumerate(rows)])

    read = read_table(ORDERS, "shop_text", tmp_path)
    assert read.num_rows == len(rows)
    assert read.schema.equals(arrow_schema(ORDERS.staged))
    kept = [tuple(row[name] for name in COLUMNS) for row in read.sort_by("order_id").to_pylist()]
    assert kept == rows
    assert all(row["has_content"] and isinstance(row["row_hash"], int) for row in read.to_pylist())


def test_null_empty_zero_and_false_have_hashes_of_their_own(shop: Shop, tmp_path: Path) -> None:
    shop.run("truncate {schema}.orders")
    rows: list[dict[str, Any]] = [
        {}, {"status": ""}, {"currency": ""}, {"total": 0}, {"tax": 0}, {"is_test": False}, {"user_id": 0},
        {"status": "a", "currency": "b"}, {"status": "b", "currency": "a"}, {"status": "A", "currency": "b"},
    ]  # fmt: skip
    for row in rows:
        names = ", ".join(["order_id", *row])
        shop.run(f"insert into {{schema}}.orders ({names}) values (%s{', %s' * len(row)})", 1, *row.values())
    hashes = read_table(ORDERS, "shop_text", tmp_path)["row_hash"].to_pylist()
    assert len(set(hashes)) == len(rows)


def test_the_same_value_under_another_type_has_the_same_hash(shop: Shop, tmp_path: Path) -> None:
    shop.user(1)
    before = read_table(USERS, "shop_text", tmp_path)["row_hash"]
    shop.run(
        "alter table {schema}.users alter column user_id type int, alter column country type char(5), "
        "alter column full_name type varchar(30)"
    )
    assert read_table(USERS, "shop_text", tmp_path)["row_hash"] == before


def test_rows_that_are_not_recent_come_with_key_and_hash_alone(settings: Settings, tmp_path: Path) -> None:
    with open_shop(settings) as shop:
        shop.user(1, updated_at=NOON - timedelta(days=1))
        shop.user(2, updated_at=NOON)
        old, new = read_table(USERS, settings.backend_schema, tmp_path, NOON).sort_by("user_id").to_pylist()
        whole = read_table(USERS, settings.backend_schema, tmp_path).sort_by("user_id").to_pylist()
    assert {name: value for name, value in old.items() if value is not None} == {
        "user_id": 1, "row_hash": whole[0]["row_hash"], "has_content": False,
    }  # fmt: skip
    assert new == whole[1]
    assert new == {"user_id": 2, **USER, "row_hash": new["row_hash"], "has_content": True}


def test_a_table_leaves_in_row_groups_of_a_bounded_size(settings: Settings, tmp_path: Path) -> None:
    rows = 3 * ROW_GROUP_ROWS
    with open_shop(settings) as shop:
        shop.run(
            "insert into {schema}.users select i, repeat('Ada ', 20), null, 'GB', null, false, now(), now() "
            f"from generate_series(1, {rows}) as i"
        )
        read_table(USERS, settings.backend_schema, tmp_path)
    file = pq.ParquetFile(tmp_path / "rows.parquet").metadata
    sizes = [file.row_group(number).num_rows for number in range(file.num_row_groups)]
    assert sum(sizes) == rows
    assert max(sizes) < 2 * ROW_GROUP_ROWS


def test_a_reader_that_stops_ends_the_copy(settings: Settings) -> None:
    with open_shop(settings) as shop:
        shop.run("drop table {schema}.users")
        shop.run("create view {schema}.users as select i as user_id from generate_series(1, 2000000) as i")
        select = f"select user_id from {settings.backend_schema}.users"
        schema = pa.schema([("user_id", pa.int64())])
        with (
            snapshots(settings.backend_schema, 1) as (cursor,),
            closing(copy_out(cursor, select, schema, "shop.users")) as batches,
        ):
            assert next(batches).num_rows > 0
        copies = "select count(*) as n from pg_stat_activity where state = 'active' and query like 'copy (select user%'"
        deadline = time.monotonic() + 20
        while shop.run(copies) != [{"n": 0}]:  # the server sees at its next write that nobody reads
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_a_full_disk_is_said_in_a_sentence(tmp_path: Path) -> None:
    batch = pa.record_batch({"user_id": pa.array(range(1000))})
    with pytest.raises(BadInput, match="/dev/full cannot be written: No space left on device; free some space"):
        write_parquet([batch], Path("/dev/full"), batch.schema)


def test_a_temporary_folder_that_cannot_be_made_is_said_in_a_sentence(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from load.backend import load_users

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(BadInput, match=r"no temporary folder can be made: .*; set TMPDIR"):
        load_users(settings)


def test_the_money_of_an_order_is_a_decimal(shop: Shop) -> None:
    assert isinstance(ORDER["total"], Decimal)
    assert str(arrow_schema(ORDERS.columns).field("total").type) == "decimal128(38, 9)"
