"""Staging tables: what PostgreSQL holds, laid beside raw_backend to be compared and merged."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched
from uuid import uuid4

from journey.bigquery import Warehouse
from journey.errors import TryAgain
from load import merge
from load.extract import Source, all_rows, read_to_parquet, rows_of_keys
from load.tables import BackendTable

# updated_at is set when a transaction begins and seen when it commits, so a row may turn up behind the watermark.
# Whatever turns up later than this is found by its hash, at the price of a second reading.
LOOKBACK = timedelta(hours=1)
# Keys go into the text of a statement: this many make about a megabyte.
KEYS_AT_ONCE = 50_000
SUFFIX = "__staging_"


@dataclass(frozen=True)
class Staged:
    """A table as it was read. `id`: of its staging table; `changes`: rows that differ from raw_backend, by kind."""

    table: BackendTable
    id: str
    rows: int
    read: int
    changes: dict[str, int]
    bytes: int


@contextmanager
def staging_tables(warehouse: Warehouse, tables: list[BackendTable], present: set[str]) -> Iterator[dict[str, str]]:
    """Ids for a staging table for each table, new ones: a load job of a killed run may still be writing into the old.

    present: names of the tables there; what earlier runs left among them is dropped first, the new ones at the end.
    """
    dataset = warehouse.settings.dataset(tables[0].raw.dataset)
    left = sorted(name for name in present if name.startswith(tuple(f"{table.name}{SUFFIX}" for table in tables)))
    _drop(warehouse, {name: f"{dataset}.{name}" for name in left})
    run = uuid4().hex[:12]
    ids = {table.name: f"{dataset}.{table.name}{SUFFIX}{run}" for table in tables}
    try:
        yield ids
    except TryAgain:
        raise  # BigQuery may be what was lost: asking it again takes long and hides the cause
    except BaseException:
        _drop(warehouse, ids)
        raise
    _drop(warehouse, ids)


def _drop(warehouse: Warehouse, ids: dict[str, str]) -> None:
    for table_id in ids.values():
        warehouse.execute(merge.drop(table_id))


def stage(warehouse: Warehouse, source: Source, staging: str, newest: datetime | None) -> Staged:
    """Read a table into a staging table: recent rows whole, of the others key and hash, then those that differ.

    newest: the highest updated_at that raw_backend holds, the watermark; None: read every row whole.
    """
    table, schema = source.table, source.schema
    raw = table.raw.id(warehouse.settings)
    since = newest - LOOKBACK if newest else None

    rows = read_to_parquet(source, [all_rows(table, schema, since)])
    size = source.path.stat().st_size
    warehouse.load_parquet(source.path, staging, list(table.staged))
    found = warehouse.rows(merge.differences(table, raw, staging))[0]

    if found["strays"]:
        keys = _key_lists(warehouse, merge.stray_keys(table, raw, staging))
        read_to_parquet(source, (rows_of_keys(table, schema, some) for some in keys))
        size += source.path.stat().st_size
        warehouse.load_parquet(source.path, staging, list(table.staged), replace=False)
    source.path.unlink()
    read = found.pop("sent") + found.pop("strays")
    return Staged(table=table, id=staging, rows=rows, read=read, changes=found, bytes=size)


def _key_lists(warehouse: Warehouse, sql: str) -> Iterator[list[tuple[int, ...]]]:
    """The keys that a query returns, in lists of a bounded length."""
    keys = (
        key
        for batch in warehouse.arrow_batches(sql)
        for key in zip(*(column.to_pylist() for column in batch.columns), strict=True)
    )
    yield from map(list, batched(keys, KEYS_AT_ONCE, strict=False))
