"""A made-up shop of 10^6 orders into PostgreSQL, beside `pandas.to_sql` and a bare COPY of the same rows.

    python -m benchmarks.source_b [--orders 1000000] [--to-sql-orders 50000]

Bars: at least 15 times as fast as `to_sql`, at most twice as slow as the bare COPY. Ours goes from pandas frames of
users, orders and order_items to committed rows with all keys and indexes. The bare COPY reads CSV files, written
before, into the same tables without any key or index. `to_sql` (SQLAlchemy, its defaults)
makes its own tables, without keys; it is measured on fewer orders and extrapolated in proportion. The three take turns,
so that a busy machine slows all of them.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
from psycopg2 import sql

from benchmarks.measure import Line, repeats, seconds, show
from journey import services
from journey.postgres import connect
from synth.shop import TABLES, make_tables, replace_shop
from synth.tables import ORDER_ITEMS, ORDERS, USERS

SCHEMAS = {"users": USERS, "orders": ORDERS, "order_items": ORDER_ITEMS}
FASTER_THAN_TO_SQL, SLOWER_THAN_COPY = 15, 2
LINES_PER_ORDER = 1.5


def frames(orders: int) -> dict[str, pd.DataFrame]:
    """A shop of this many orders, a quarter as many users and one and a half times as many lines, as pandas frames."""
    draw = np.random.default_rng(42)
    users, lines = orders // 4 + 1, int(orders * LINES_PER_ORDER)
    start = np.datetime64("2020-11-01", "us")

    def times(count: int) -> pa.Array:
        return pa.array(start + np.sort(draw.integers(0, 61 * 86_400 * 10**6, count)).astype("timedelta64[us]"))

    def money(low: int, high: int, count: int) -> pa.Array:
        return pa.array(draw.integers(low, high, count) / 100)

    def text(prefix: str, numbers: np.ndarray) -> pa.Array:
        return pa.array(np.char.add(prefix, numbers.astype(str)))

    def choice(options: list[str], count: int) -> pa.Array:
        return pa.array(np.array(options)[draw.integers(0, len(options), count)])

    def fixed(value: object, count: int) -> pa.Array:
        return pa.array([value]).take(pa.array(np.zeros(count, dtype="int64")))

    user_id, order_id = (np.unique(draw.integers(10**15, 9 * 10**15, n + n // 100 + 9))[:n] for n in (users, orders))
    draw.shuffle(user_id)
    draw.shuffle(order_id)
    subtotal, tax, stored = draw.integers(100, 30_000, orders), draw.integers(0, 2_000, orders), times(orders)
    order_of_line = np.minimum((np.arange(lines) / LINES_PER_ORDER).astype("int64"), orders - 1)
    line_number = np.arange(lines) - np.searchsorted(order_of_line, order_of_line) + 1
    signed_up = times(users)
    columns: dict[str, list[pa.Array]] = {
        "users": [
            pa.array(user_id), text("Ada Lovelace ", np.arange(users)), text("ada@example.com.", np.arange(users)),
            choice(["United States", "India", "Canada", "France"], users),
            text("1005694.", draw.integers(10**9, 10**10, users)), fixed(False, users), signed_up, signed_up,
        ],
        "orders": [
            pa.array(order_id), pa.array(user_id[draw.integers(0, users, orders)]),
            text("", order_id % 10**10 * 10**6 + np.arange(orders)), choice(["paid", "shipped"], orders),
            choice(["card", "paypal", "klarna"], orders), fixed("USD", orders), fixed(1.0, orders),
            pa.array(subtotal / 100), fixed(0.0, orders), fixed(0.0, orders), pa.array(tax / 100),
            pa.array((subtotal + tax) / 100), fixed(0.0, orders), fixed(False, orders), stored, stored,
        ],
        "order_items": [
            pa.array(order_id[order_of_line]), pa.array(line_number), text("GGOEGAAX", draw.integers(0, 900, lines)),
            text("Google Campus Tee ", draw.integers(0, 900, lines)), choice(["Apparel", "Bags", "Drinkware"], lines),
            fixed(1, lines), money(100, 9_000, lines), money(100, 9_000, lines), stored.take(pa.array(order_of_line)),
        ],
    }  # fmt: skip
    return {
        name: pa.table(
            [column.cast(field.type) for column, field in zip(columns[name], schema, strict=True)], schema
        ).to_pandas(types_mapper=pd.ArrowDtype)
        for name, schema in SCHEMAS.items()
    }


def ours(shop: Mapping[str, pd.DataFrame]) -> None:
    """Frames to committed rows, by the code of the stage."""
    target = connect()
    replace_shop(target, "bench_ours", {name: arrow(name, shop[name]).to_batches(65_536) for name in TABLES})
    target.close()


def arrow(name: str, frame: pd.DataFrame) -> pa.Table:
    """A frame with the types of its table."""
    return pa.Table.from_pandas(frame, schema=SCHEMAS[name], preserve_index=False)


@contextmanager
def csv_files(shop: Mapping[str, pd.DataFrame], folder: Path) -> Iterator[dict[str, Path]]:
    """The rows as CSV files, written ahead."""
    paths = {name: folder / f"{name}.csv" for name in TABLES}
    for name, path in paths.items():
        pa.csv.write_csv(arrow(name, shop[name]), path, pa.csv.WriteOptions(include_header=False))
    yield paths


def bare_copy(paths: Mapping[str, Path]) -> float:
    """CSV files to committed rows of tables without keys; seconds of the COPYs and the commit alone."""
    target = connect()
    with target, target.cursor() as run:
        run.execute("drop schema if exists bench_bare cascade")
        make_tables(run, "bench_bare")
    started = time.perf_counter()
    with target, target.cursor() as run:
        for name in TABLES:
            with paths[name].open("rb") as file:
                statement = sql.SQL("copy {} from stdin with (format csv)").format(sql.Identifier("bench_bare", name))
                run.copy_expert(statement, file, size=1 << 20)
    took = time.perf_counter() - started
    target.close()
    return took


def to_sql(shop: Mapping[str, pd.DataFrame]) -> None:
    """The same frames by pandas' own way."""
    from sqlalchemy import create_engine

    engine = create_engine("postgresql+psycopg2://", creator=connect)
    with engine.begin() as connection:
        connection.exec_driver_sql("create schema if not exists bench_pandas")
        for name in TABLES:
            shop[name].to_sql(name, connection, schema="bench_pandas", if_exists="replace", index=False)
    engine.dispose()


def measure(orders: int, to_sql_orders: int) -> bool:
    """Measure and print; returns whether no bar was missed."""
    with tempfile.TemporaryDirectory(prefix="bench-source-b-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        shop, few = frames(orders), frames(to_sql_orders)
        by_us, by_copy, by_pandas = [], [], []
        with csv_files(shop, folder) as paths:
            for _ in range(repeats()):
                by_us.append(seconds(lambda: ours(shop)))
                by_copy.append(bare_copy(paths))
                by_pandas.append(seconds(lambda: to_sql(few)) * orders / to_sql_orders)
    mine, copy, pandas = median(by_us), median(by_copy), median(by_pandas)
    faster = median(theirs / own for own, theirs in zip(by_us, by_pandas, strict=True))
    slower = median(own / theirs for own, theirs in zip(by_us, by_copy, strict=True))
    return show(
        f"Source B into PostgreSQL: {orders:,} orders, {orders // 4:,} users, {int(orders * LINES_PER_ORDER):,} lines",
        [
            Line("ours: frames to committed rows, keys and indexes", f"{mine:.1f} s"),
            Line("bare COPY of CSV files, no keys", f"{copy:.1f} s"),
            Line(f"pandas.to_sql, from {to_sql_orders:,} orders", f"{pandas:.0f} s (extrapolated)"),
            Line("to_sql / ours", f"{faster:.1f}", f"at least {FASTER_THAN_TO_SQL}", faster >= FASTER_THAN_TO_SQL),
            Line("ours / bare COPY", f"{slower:.2f}", f"at most {SLOWER_THAN_COPY}", slower <= SLOWER_THAN_COPY),
        ],
    )


def main(arguments: list[str] | None = None) -> bool:
    """Measure in a PostgreSQL of its own, in a temporary folder."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.source_b", description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--to-sql-orders", type=int, default=50_000)
    given = parser.parse_args(arguments or [])
    with tempfile.TemporaryDirectory(prefix="bench-postgres-", ignore_cleanup_errors=True) as state:
        started = services.up(Path(state), "customer-journey", (services.POSTGRES,))
        os.environ.update(started.environment)
        try:
            return measure(given.orders, given.to_sql_orders)
        finally:
            services.down(Path(state))


if __name__ == "__main__":
    import sys

    raise SystemExit(not main(sys.argv[1:]))
