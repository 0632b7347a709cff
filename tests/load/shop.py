"""A shop's PostgreSQL for the tests of the load: the three tables, rows to put in, and what either side holds."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from psycopg2 import extensions, sql
from psycopg2.extras import RealDictCursor

from journey.bigquery import Warehouse
from journey.postgres import connect
from journey.settings import Settings
from load.tables import ORDER_ITEMS, ORDERS, USERS, BackendTable

TABLES = {table.name: table for table in (USERS, ORDERS, ORDER_ITEMS)}
NOON = datetime(2020, 11, 15, 12, tzinfo=UTC)

DDL = """
create schema {schema};
create table {schema}.users (
    user_id bigint primary key, full_name text, email text unique, country text, user_pseudo_id text,
    is_test boolean not null default false, created_at timestamptz not null, updated_at timestamptz not null
);
create table {schema}.orders (
    order_id bigint primary key, user_id bigint, transaction_id text unique not null, status text not null,
    payment_method text not null, currency char(3) not null, exchange_rate numeric(12, 6) not null,
    subtotal numeric(12, 2) not null, discount numeric(12, 2) not null, shipping numeric(12, 2) not null,
    tax numeric(12, 2) not null, total numeric(12, 2) not null check (total = subtotal - discount + shipping + tax),
    refunded numeric(12, 2) not null, is_test boolean not null, created_at timestamptz not null,
    updated_at timestamptz not null
);
create table {schema}.order_items (
    order_id bigint, line_number int, item_id text not null, item_name text not null, item_category text,
    quantity int not null, unit_price numeric(12, 4) not null, line_total numeric(12, 2) not null,
    updated_at timestamptz not null, primary key (order_id, line_number)
);
"""

USER = {
    "full_name": "Ada Lovelace",
    "email": None,
    "country": "GB",
    "user_pseudo_id": None,
    "is_test": False,
    "created_at": NOON,
    "updated_at": NOON,
}
ORDER = {
    "user_id": 1,
    "status": "paid",
    "payment_method": "card",
    "currency": "USD",
    "exchange_rate": 1,
    "subtotal": Decimal("10.00"),
    "discount": 0,
    "shipping": 0,
    "tax": Decimal("0.83"),
    "total": Decimal("10.83"),
    "refunded": 0,
    "is_test": False,
    "created_at": NOON,
    "updated_at": NOON,
}
ITEM = {
    "item_id": "GGOEGAAX0037",
    "item_name": "Google Tee",
    "item_category": None,
    "quantity": 1,
    "unit_price": 10,
    "line_total": 10,
    "updated_at": NOON,
}


class Shop:
    """The shop's database under one test's settings; every statement commits."""

    def __init__(self, settings: Settings, connection: extensions.connection) -> None:
        self.settings = settings
        self.schema = sql.Identifier(settings.backend_schema)
        self.connection = connection
        self.connection.autocommit = True

    def run(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """Run a statement, `{schema}` in it being the shop's schema; returns the rows it has."""
        with self.connection.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute(sql.SQL(statement).format(schema=self.schema), values or None)
            return [dict(row) for row in cursor.fetchall()] if cursor.description else []

    def put(self, table: str, row: Mapping[str, Any]) -> None:
        """Insert a row, or replace the one with its key."""
        names, key = [sql.Identifier(name) for name in row], [sql.Identifier(name) for name in TABLES[table].key]
        with self.connection.cursor() as cursor:
            cursor.execute(
                sql.SQL("insert into {}.{} ({}) values ({}) on conflict ({}) do update set ({}) = row ({})").format(
                    self.schema,
                    sql.Identifier(table),
                    sql.SQL(", ").join(names),
                    sql.SQL(", ").join([sql.Placeholder()] * len(names)),
                    sql.SQL(", ").join(key),
                    sql.SQL(", ").join(names),
                    sql.SQL(", ").join(sql.SQL("excluded.{}").format(name) for name in names),
                ),
                list(row.values()),
            )

    def user(self, user_id: int, **values: Any) -> None:
        """Put a user, Ada in all that is not said."""
        self.put("users", {"user_id": user_id, **USER, **values})

    def order(self, order_id: int, lines: int = 1, **values: Any) -> None:
        """Put an order with this many lines, of 10.83 paid by card in all that is not said."""
        self.put("orders", {"order_id": order_id, "transaction_id": f"T{order_id}", **ORDER, **values})
        for number in range(1, lines + 1):
            self.put("order_items", {"order_id": order_id, "line_number": number, **ITEM})

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Every row of a table of PostgreSQL, in the order of its key."""
        return self.run(f"select * from {{schema}}.{table} order by {', '.join(TABLES[table].key)}")


@contextmanager
def open_shop(settings: Settings) -> Iterator[Shop]:
    """A shop with empty tables."""
    shop = Shop(settings, connect())
    shop.run(DDL)
    try:
        yield shop
    finally:
        shop.connection.close()


def raw_rows(warehouse: Warehouse, table: BackendTable, *, is_deleted: bool = False) -> list[dict[str, Any]]:
    """PostgreSQL's columns of the rows in raw_backend, in the order of the key: those still there, or those gone."""
    columns, key = ", ".join(column.name for column in table.columns), ", ".join(table.key)
    raw = table.raw.id(warehouse.settings)
    sign = "is not null" if is_deleted else "is null"
    return warehouse.rows(f"select {columns} from `{raw}` where deleted_at {sign} order by {key}")


def whole_table(warehouse: Warehouse, table: BackendTable) -> list[dict[str, Any]]:
    """Every row of raw_backend with all its columns, our own too."""
    return warehouse.rows(f"select * from `{table.raw.id(warehouse.settings)}` order by {', '.join(table.key)}")


def minutes(count: float) -> timedelta:
    """So many minutes."""
    return timedelta(minutes=count)
