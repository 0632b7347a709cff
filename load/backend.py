"""Brings the shop's users, orders and order lines from PostgreSQL into raw_backend.

After a load, raw_backend's rows that are not marked deleted are exactly PostgreSQL's, whatever happened there: the
watermark only says which rows to read whole at once. Every other row sends its key and a hash, so that one which
changed without a newer `updated_at`, vanished, or came back is seen as well. Run twice, or again after a kill, the
tables are the same.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from journey.bigquery import Warehouse
from journey.log import get_log
from journey.settings import Settings
from load import merge
from load.extract import Source, all_rows, read_to_parquet, scratch_folder
from load.postgres import check_columns, check_key, snapshot
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
    """Make raw_backend.users what shop.users is.

    Raises: BadInput, when PostgreSQL lacks the table or one of its columns, or a value fits no column of BigQuery's;
    TryAgain, when either side was lost. raw_backend is then what it was.
    """
    return _load(settings, "load-users", (USERS,))


def load_orders(settings: Settings) -> Loaded:
    """Make raw_backend.orders and raw_backend.order_items what they are in PostgreSQL, both as of one moment.

    Raises: as load_users.
    """
    # lines before orders: the first load fills them in this order, and no reader is to see an order without its lines
    return _load(settings, "load-orders", (ORDER_ITEMS, ORDERS))


def _load(settings: Settings, stage_name: str, tables: tuple[BackendTable, ...]) -> Loaded:
    log = get_log(stage_name)
    warehouse = Warehouse(settings)
    with scratch_folder() as folder, snapshot() as cursor:
        source = Source(cursor, settings.backend_schema, folder)
        ignored = {table.name: check_columns(cursor, source.schema, table) for table in tables}
        for table in tables:
            check_key(cursor, source.schema, table)
        for table in tables:
            warehouse.ensure_table(table.raw)
        held = {table.name: warehouse.rows(merge.held(table.raw.id(settings)))[0] for table in tables}
        if any(one["rows_held"] for one in held.values()):
            newest = {name: None if settings.full_reload else one["newest"] for name, one in held.items()}
            found = _bring_up_to_date(warehouse, source, tables, newest)
        else:
            found = _fill(warehouse, source, tables)
    loads = {name: TableLoad(**counts, ignored_columns=ignored[name]) for name, (counts, _) in found.items()}
    for name, load in loads.items():
        log(
            f"{name}: {load.read:,} of {load.rows:,} rows read; {load.added:,} added, {load.changed:,} changed, "
            f"{load.returned:,} returned, {load.deleted:,} deleted"
        )
    return Loaded(
        rows=sum(load.rows for load in loads.values()), bytes=sum(size for _, size in found.values()), tables=loads
    )


# Of a table by its name: the counts of TableLoad, and the bytes of its Parquet files.
Found = dict[str, tuple[dict[str, Any], int]]


def _fill(warehouse: Warehouse, source: Source, tables: tuple[BackendTable, ...]) -> Found:
    """The first load, into empty tables: what was read is what they become, by one load job each.

    All is read before anything is sent, so that a PostgreSQL lost half-way leaves them empty.
    """
    loaded_at = datetime.now(UTC)
    found: Found = {}
    for table in tables:
        rows = read_to_parquet(source, table, [all_rows(table, source.schema, None)], loaded_at)
        found[table.name] = {"rows": rows, "read": rows, "added": rows}, source.path(table).stat().st_size
    for table in tables:
        warehouse.load_parquet(source.path(table), table.raw.id(warehouse.settings), list(table.raw.schema))
    return found


def _bring_up_to_date(
    warehouse: Warehouse, source: Source, tables: tuple[BackendTable, ...], newest: dict[str, datetime | None]
) -> Found:
    """Later loads: stage what PostgreSQL holds, then write what differs, all tables at once or none."""
    with staging_tables(warehouse, tables) as ids:
        staged = [stage(warehouse, source, table, ids[table.name], newest[table.name]) for table in tables]
        _merge(warehouse, staged)
    return {one.table.name: ({"rows": one.rows, "read": one.read, **one.changes}, one.bytes) for one in staged}


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
