"""Brings the shop's users, orders and order lines from PostgreSQL into raw_backend.

After a load, raw_backend's rows that are not marked deleted are exactly PostgreSQL's, whatever happened there: the
watermark only says which rows to read whole at once. Every other row sends its key and a hash, so that one which
changed without a newer `updated_at`, vanished, or came back is seen as well. Run twice, or again after a kill, the
tables are the same.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from journey.bigquery import NotFound, Warehouse
from journey.log import get_log
from journey.settings import Settings
from load import merge
from load.extract import Source, all_rows, read_to_parquet, scratch_folder
from load.postgres import check_columns, check_key, snapshots
from load.salt import write_salt
from load.staging import Staged, stage, staging_tables
from load.tables import ORDER_ITEMS, ORDERS, USERS, BackendTable


@dataclass(frozen=True)
class TableLoad:
    """What a load found in a table. `rows`: in PostgreSQL, so in raw_backend; `read`: of these, with their content."""

    rows: int
    read: int
    added: int = 0
    changed: int = 0
    returned: int = 0
    deleted: int = 0
    ignored_columns: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Loaded:
    """What a load did. `rows`: in PostgreSQL, all tables; `bytes`: of the Parquet files sent to BigQuery."""

    rows: int
    bytes: int
    tables: dict[str, TableLoad]


def load_users(settings: Settings) -> Loaded:
    """Make raw_backend.users what shop.users is, with the salt that its addresses are hashed with.

    Raises: BadInput, when PostgreSQL lacks the table or one of its columns, or a value fits no column of BigQuery's;
    TryAgain, when either side was lost. raw_backend is then what it was.
    """
    write_salt(Warehouse(settings))
    return _load(settings, "load-users", (USERS,))


def load_orders(settings: Settings) -> Loaded:
    """Make raw_backend.orders and raw_backend.order_items what they are in PostgreSQL, both as of one moment.

    Raises: as load_users.
    """
    return _load(settings, "load-orders", (ORDERS, ORDER_ITEMS))


def _load(settings: Settings, stage_name: str, tables: tuple[BackendTable, ...]) -> Loaded:
    log = get_log(stage_name)
    warehouse = Warehouse(settings)
    schema = settings.backend_schema
    with scratch_folder() as folder, snapshots(schema, len(tables)) as cursors:
        sources = [
            Source(table, schema, cursor, folder / f"{table.name}.parquet")
            for table, cursor in zip(tables, cursors, strict=True)
        ]
        ignored = {source.table.name: check_columns(source.cursor, schema, source.table) for source in sources}
        for source in sources:
            check_key(source.cursor, schema, source.table)
        present = _present(warehouse, tables[0].raw.dataset)
        raws = {table.name: table.raw.id(settings) for table in tables if table.name in present}
        held = warehouse.rows(merge.held(raws)) if raws else []
        if any(one["rows_held"] for one in held):
            newest = {one["name"]: None if settings.full_reload else one["newest"] for one in held}
            found = _bring_up_to_date(warehouse, sources, newest, present)
        else:
            found = _fill(warehouse, sources)
    loads = {name: TableLoad(**counts, ignored_columns=ignored[name]) for name, (counts, _) in found.items()}
    for name, load in loads.items():
        log(
            f"{name}: {load.read:,} of {load.rows:,} rows read; {load.added:,} added, {load.changed:,} changed, "
            f"{load.returned:,} returned, {load.deleted:,} deleted"
        )
        if load.ignored_columns:
            log(f"{name}: columns that raw_backend does not hold: {', '.join(load.ignored_columns)}")
    return Loaded(
        rows=sum(load.rows for load in loads.values()), bytes=sum(size for _, size in found.values()), tables=loads
    )


def _present(warehouse: Warehouse, dataset: str) -> set[str]:
    """Names of the tables that a dataset of ours holds; none where it does not exist yet."""
    try:
        return {row["table_name"] for row in warehouse.rows(merge.names(warehouse.settings.dataset(dataset)))}
    except NotFound:
        return set()


# Of a table by its name: the counts of TableLoad, and the bytes of its Parquet files.
Found = dict[str, tuple[dict[str, Any], int]]


def _fill(warehouse: Warehouse, sources: list[Source]) -> Found:
    """The first load, into empty tables: what was read is what they become, by one load job each.

    All is read before anything is sent, so that a PostgreSQL lost half-way leaves them empty. Where BigQuery is lost
    after one job and before the other, the next load finds a table that is not empty, and merges.
    """
    loaded_at = datetime.now(UTC)

    def read(source: Source) -> tuple[dict[str, Any], int]:
        rows = read_to_parquet(source, [all_rows(source.table, source.schema, None)], loaded_at)
        return {"rows": rows, "read": rows, "added": rows}, source.path.stat().st_size

    def send(source: Source) -> int:
        raw = source.table.raw
        return warehouse.load_parquet(source.path, raw.id(warehouse.settings), list(raw.schema))

    with ThreadPoolExecutor() as pool:
        made = pool.submit(_make, warehouse, [source.table for source in sources])  # while PostgreSQL is read
        found = list(pool.map(read, sources))
        made.result()
        list(pool.map(send, sources))
    return {source.table.name: one for source, one in zip(sources, found, strict=True)}


def _bring_up_to_date(
    warehouse: Warehouse, sources: list[Source], newest: dict[str, datetime | None], present: set[str]
) -> Found:
    """Later loads: stage what PostgreSQL holds, then write what differs, all tables at once or none."""
    tables = [source.table for source in sources]
    _make(warehouse, tables)
    with staging_tables(warehouse, tables, present) as ids:

        def stage_it(source: Source) -> Staged:
            return stage(warehouse, source, ids[source.table.name], newest.get(source.table.name))

        with ThreadPoolExecutor() as pool:
            staged = list(pool.map(stage_it, sources))
        _merge(warehouse, staged)
    return {one.table.name: ({"rows": one.rows, "read": one.read, **one.changes}, one.bytes) for one in staged}


def _make(warehouse: Warehouse, tables: list[BackendTable]) -> None:
    for table in tables:
        warehouse.ensure_table(table.raw)


def _merge(warehouse: Warehouse, staged: list[Staged]) -> None:
    """Nothing is sent when nothing differs."""
    settings = warehouse.settings
    statements = [
        merge.merge(one.table, one.table.raw.id(settings), one.id, is_rewriting=settings.full_reload)
        for one in staged
        if settings.full_reload or any(one.changes.values())
    ]
    if statements:
        warehouse.execute(merge.all_or_none(statements), loaded_at=datetime.now(UTC))
