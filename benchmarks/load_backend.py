"""Orders and their lines from PostgreSQL into raw_backend, beside `pandas.read_sql` + `load_table_from_dataframe`.

Each run is a process of its own that loads into datasets of its own; seconds are those of the work, without imports.
The baseline reads decimals as Decimal (`coerce_float=False`): as floats it would be quicker, and BigQuery would refuse
them. It does less: no common moment of the two tables, no hash, no look at what is there. It takes most of the time,
so it is run at most three times.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import CHECKOUT, Line, repeats, show
from journey import services
from journey.settings import Settings

ORDERS = 1_000_000
AT_LEAST, SAME_WITHIN = 3, 0.20
BASELINE_RUNS = 3

FILL = """
drop schema if exists {schema} cascade;
create schema {schema};
create table {schema}.orders as
select
    i as order_id, i % 300000 as user_id, 'T' || i as transaction_id, 'paid' as status, 'card' as payment_method,
    'USD'::char(3) as currency, 1::numeric(12, 6) as exchange_rate, (i % 9000 / 100.0)::numeric(12, 2) as subtotal,
    0::numeric(12, 2) as discount, 0::numeric(12, 2) as shipping, (i % 900 / 100.0)::numeric(12, 2) as tax,
    (i % 9000 / 100.0 + i % 900 / 100.0)::numeric(12, 2) as total, 0::numeric(12, 2) as refunded, false as is_test,
    timestamptz '2020-11-01 00:00Z' + i * interval '1.234567 s' as created_at,
    timestamptz '2020-11-01 00:01Z' + i * interval '1.234567 s' as updated_at
from generate_series(1, {orders}::bigint) as i;
create table {schema}.order_items as
select
    order_id, line::int as line_number, 'GGOEGAAX' || order_id % 900 as item_id,
    'Google Tee ' || order_id % 900 as item_name, 'Apparel' as item_category, 1 as quantity,
    subtotal::numeric(12, 4) as unit_price, subtotal as line_total, updated_at
from {schema}.orders, generate_series(1, 1 + (order_id % 2)) as line;
alter table {schema}.orders add primary key (order_id);
alter table {schema}.order_items add primary key (order_id, line_number);
analyze {schema}.orders;
analyze {schema}.order_items;
"""


def fill(schema: str, orders: int) -> None:
    """Put this many orders, with one and a half times as many lines, into a schema of PostgreSQL."""
    from journey.postgres import connect

    connection = connect()
    with connection, connection.cursor() as cursor:
        cursor.execute(FILL.format(schema=schema, orders=orders))
    connection.close()


def ours(settings: Settings) -> int:
    """The project's own load; returns the rows."""
    from load.backend import load_orders

    return load_orders(settings).rows


def by_pandas(settings: Settings) -> int:
    """Each table as a data frame, and the frame by a load job into a table of the same schema; returns the rows."""
    import pandas as pd
    from google.cloud import bigquery
    from sqlalchemy import create_engine

    from journey.bigquery import Warehouse
    from journey.postgres import connect
    from load import tables

    warehouse = Warehouse(settings)
    warehouse.ensure_dataset("raw_backend")
    engine = create_engine("postgresql+psycopg2://", creator=connect)
    rows = 0
    for table in (tables.ORDERS, tables.ORDER_ITEMS):
        text = f"select * from {settings.backend_schema}.{table.name}"
        frame = pd.read_sql(text, engine, coerce_float=False)
        config = bigquery.LoadJobConfig(schema=list(table.columns), write_disposition="WRITE_TRUNCATE")
        job = warehouse.client.load_table_from_dataframe(frame, table.raw.id(settings), job_config=config)
        job.result()
        rows += job.output_rows or 0
    return rows


WAYS = {"ours": ours, "pandas": by_pandas}


@dataclass(frozen=True)
class Run:
    """One run: seconds of the work, rows brought over, the highest memory of its process in MB."""

    seconds: float
    rows: int
    peak: float


def work(way: str) -> None:
    """In a process of its own: do it, and print the run as JSON."""
    settings = Settings.from_environment()
    if way == "pandas":
        import pandas as pd  # noqa: F401  (imported before the clock starts)
    import load.backend  # noqa: F401  (as well)

    began = time.perf_counter()
    rows = WAYS[way](settings)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "rows": rows, "peak": peak}))


def run(way: str, schema: str, prefix: str) -> Run:
    """Run one way in a process of its own, on a schema of PostgreSQL, into datasets with this prefix."""
    environment = os.environ | {"JOURNEY_BACKEND_SCHEMA": schema, "JOURNEY_DATASET_PREFIX": prefix}
    command = [sys.executable, "-m", "benchmarks.load_backend", way]
    done = subprocess.run(command, cwd=CHECKOUT, env=environment, check=True, capture_output=True)
    return Run(**json.loads(done.stdout))


def compare(orders: int) -> bool:
    """Both ways in turn, ours also on a tenth of the orders and over what is there; False when a bar was missed."""
    fill("shop_tenth", orders // 10)
    fill("shop", orders)
    runs: dict[str, list[Run]] = {"ours": [], "again": [], "tenth": [], "pandas": []}
    for number in range(repeats()):
        runs["ours"].append(run("ours", "shop", f"ours{number}_"))
        runs["again"].append(run("ours", "shop", f"ours{number}_"))
        runs["tenth"].append(run("ours", "shop_tenth", f"tenth{number}_"))
        if number < BASELINE_RUNS:
            runs["pandas"].append(run("pandas", "shop", f"pandas{number}_"))
    seconds = {name: statistics.median(one.seconds for one in some) for name, some in runs.items()}
    peak = {name: statistics.median(one.peak for one in some) for name, some in runs.items()}
    ratio, growth = seconds["pandas"] / seconds["ours"], peak["ours"] / peak["tenth"] - 1
    rows = runs["ours"][0].rows
    return show(
        f"PostgreSQL to raw_backend, {orders:,} orders with {rows - orders:,} lines, "
        f"median of {len(runs['ours'])} (pandas: of {len(runs['pandas'])})",
        [
            Line("read_sql + load_table_from_dataframe", f"{seconds['pandas']:.1f} s, {peak['pandas']:.0f} MB"),
            Line("load orders, first", f"{seconds['ours']:.1f} s, {peak['ours']:.0f} MB"),
            Line("how many times as fast", f"{ratio:.1f}", f"at least {AT_LEAST}", ratio >= AT_LEAST),
            Line("load orders again, nothing changed", f"{seconds['again']:.1f} s, {peak['again']:.0f} MB"),
            Line(f"load orders, first, {orders // 10:,} orders", f"{seconds['tenth']:.1f} s, {peak['tenth']:.0f} MB"),
            Line("peak memory at ten times", f"{growth:+.0%}", f"within {SAME_WITHIN:.0%}", growth <= SAME_WITHIN),
        ],
    )


def main() -> bool:
    """The benchmark on services of its own, ended with it."""
    with tempfile.TemporaryDirectory(prefix="journey-bench-", ignore_cleanup_errors=True) as folder:
        state = Path(folder) / "state"
        os.environ.update(services.up(state, "customer-journey").environment)
        try:
            return compare(ORDERS)
        finally:
            services.down(state)


if __name__ == "__main__":
    if sys.argv[1:]:
        work(sys.argv[1])
    else:
        raise SystemExit(not main())
