"""Made-up shops for the tests of PostgreSQL, without GA4 in front of them, and what PostgreSQL holds."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
from psycopg2 import sql

from journey.postgres import connect
from synth.customers import make_customers
from synth.keyed import Dice
from synth.orders import make_orders
from synth.seen import Line, Purchase
from synth.shop import TABLES
from synth.tables import shop_tables

START = datetime(2020, 11, 1, tzinfo=UTC)
TEE = Line("1", "Tee", "Apparel", 2, Decimal(10), Decimal(20))
MUG = Line("2", 'Mug, "large"', None, 1, Decimal(7), Decimal(7))


def shop(orders: int = 30, seed: int = 42) -> dict[str, list[pa.RecordBatch]]:
    """The rows of a shop of about this many orders."""
    seen = tuple(
        Purchase(f"{n}", f"{n}.1", START + timedelta(hours=n), "Canada", Decimal("29.16"), Decimal("2.16"), (TEE, MUG))
        for n in range(orders)
    )
    customers = make_customers(Dice(seed), seen, ())
    made = make_orders(Dice(seed), 0.175, seen, customers)
    tables = shop_tables(customers.users, made, START + timedelta(days=900))
    return {name: table.to_batches(100) for name, table in tables.items()}


def held(schema: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the shop in PostgreSQL, in order of its key."""
    with closing(connect()) as connection, connection.cursor() as cursor:
        rows = {}
        for name in TABLES:
            cursor.execute(sql.SQL("select * from {} order by 1, 2").format(sql.Identifier(schema, name)))
            rows[name] = cursor.fetchall()
        return rows


def wanted(rows: dict[str, list[pa.RecordBatch]]) -> dict[str, list[tuple[Any, ...]]]:
    """What `held` should say of these rows."""
    return {
        name: sorted(tuple(row.values()) for batch in batches for row in batch.to_pylist())
        for name, batches in rows.items()
    }


def execute(statement: str) -> None:
    """Run a statement and commit."""
    with closing(connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)


def scalar(statement: str) -> Any:
    """The one value of a query."""
    with closing(connect()) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
        return row and row[0]
