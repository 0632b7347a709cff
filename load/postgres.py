"""The shop's PostgreSQL as the load needs it: as of one moment, with the columns it must have, its errors in words."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import psycopg2
from google.cloud.bigquery import SchemaField
from psycopg2 import errors, extensions

from journey.errors import BadInput, TryAgain
from journey.postgres import connect
from load.tables import BackendTable

# hash_record_extended came with PostgreSQL 14
OLDEST_VERSION = 14

# As pg_dump does: a limit meant for an application's statements would end the reading of a large table every time, and
# the transaction waits while its rows are staged.
NO_TIMEOUTS = "set statement_timeout = 0; set idle_in_transaction_session_timeout = 0"

_INTEGERS = {"int2", "int4", "int8"}
# PostgreSQL's types that BigQuery's type holds without loss. An enum (type category E) is text.
HELD_BY = {
    "INT64": _INTEGERS,
    "STRING": {"text", "varchar", "bpchar", "name", "citext", "uuid"} | _INTEGERS,
    "NUMERIC": {"numeric"} | _INTEGERS,
    "BOOL": {"bool"},
    "TIMESTAMP": {"timestamptz"},
}
ADVICE = {
    "INT64": "make it bigint",
    "STRING": "make it text",
    "NUMERIC": "make it numeric with at most 29 digits before the point and 9 after it",
    "BOOL": "make it boolean",
    "TIMESTAMP": "make it timestamptz, saying in which zone its times are",
}
_NUMERIC = re.compile(r"numeric\((\d+),(-?\d+)\)")

# A domain is what it is made of; a domain of a domain is refused, with its name.
COLUMNS_OF = """/* PostgreSQL */
    select
        a.attname,
        format_type(b.oid, case when t.typtype = 'd' then t.typtypmod else a.atttypmod end),
        b.typname,
        b.typcategory
    from pg_attribute as a
    join pg_type as t on t.oid = a.atttypid
    join pg_type as b on b.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end
    where a.attrelid = %s and a.attnum > 0 and not a.attisdropped
    order by a.attnum"""
TABLE_OF = """/* PostgreSQL */
    select n.oid is not null, c.oid
    from (select) as one
    left join pg_namespace as n on n.nspname = %s
    left join pg_class as c on c.relnamespace = n.oid and c.relname = %s and c.relkind in ('r', 'p', 'v', 'm', 'f')"""

HAS_UNIQUE_KEY = """/* PostgreSQL */
    select exists (
        select from pg_index as i
        where i.indrelid = to_regclass(%s)
            and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
            and (
                select array_agg(a.attname::text) from pg_attribute as a
                where a.attrelid = i.indrelid and a.attnum = any(i.indkey)
            ) <@ %s::text[]
    )"""


@contextmanager
def snapshots(schema: str, count: int) -> Iterator[list[extensions.cursor]]:
    """So many cursors, each in a connection of its own, all of which see the database as of one moment.

    schema: for messages. Raises: TryAgain, when no server answers; BadInput, when it refuses the user or is too old.
    """
    with ExitStack() as connections, clear_errors(f"schema {schema}"):
        cursors: list[extensions.cursor] = []
        exported: tuple[str, ...] = ()
        for _ in range(count):
            connection = connections.enter_context(closing(connect()))
            if connection.server_version < OLDEST_VERSION * 10_000:
                version = connection.server_version // 10_000
                raise BadInput(
                    f"the shop's PostgreSQL is version {version}: version {OLDEST_VERSION} or later is needed"
                )
            connection.set_session(isolation_level=extensions.ISOLATION_LEVEL_REPEATABLE_READ, readonly=True)
            cursor = connection.cursor()
            if exported:
                cursor.execute("set transaction snapshot %s", exported)
            else:
                cursor.execute("select pg_export_snapshot()")
                exported = cursor.fetchone() or ()
            cursor.execute(NO_TIMEOUTS)
            cursors.append(cursor)
        yield cursors


@contextmanager
def clear_errors(place: str) -> Iterator[None]:
    """Turn PostgreSQL's errors about `place` (schema.table) into ours.

    Raises: TryAgain, when the connection or the server is lost; BadInput for the rest.
    """
    try:
        yield
    except errors.InsufficientPrivilege as error:
        raise BadInput(
            f"PostgreSQL does not let {place} be read: {_first_line(error)}; "
            "grant the user usage of the schema and select on the table"
        ) from error
    except psycopg2.Error as error:
        # a lost connection has no SQLSTATE; classes 40, 53, 57, 58: rolled back, out of resources, intervention, system
        if error.pgcode is None or error.pgcode[:2] in ("08", "40", "53", "57", "58"):
            raise TryAgain(f"PostgreSQL was lost while {place} was read: {_first_line(error)}; try again") from error
        raise BadInput(f"PostgreSQL refuses to read {place}: {_first_line(error)}") from error


def check_columns(cursor: extensions.cursor, schema: str, table: BackendTable) -> list[str]:
    """See that PostgreSQL's table can be loaded; returns the columns it has besides, in their order.

    Raises: BadInput, naming the schema, table or column that is missing or of a type BigQuery's cannot hold.
    """
    place = f"{schema}.{table.name}"
    with clear_errors(place):
        cursor.execute(TABLE_OF, (schema, table.name))
        has_schema, oid = cursor.fetchone() or (False, None)
        if oid is not None:
            cursor.execute(COLUMNS_OF, (oid,))
            found = {name: kind for name, *kind in cursor.fetchall()}
    if not has_schema:
        raise BadInput(
            f"PostgreSQL has no schema {schema}: `journey synth` makes it; BACKEND_SCHEMA names the shop's own"
        )
    if oid is None:
        raise BadInput(
            f"PostgreSQL has no table {place}: make it, or a view of that name, with the columns "
            f"{', '.join(column.name for column in table.columns)}"
        )
    missing = [f"{column.name} ({column.field_type})" for column in table.columns if column.name not in found]
    if missing:
        raise BadInput(
            f"{place} in PostgreSQL lacks the column{'s'[: len(missing) > 1]} {', '.join(missing)}: "
            "add what is missing, or put a view of that name over the table"
        )
    for column in table.columns:
        _check_type(f"{place}.{column.name}", column, *found[column.name])
    wanted = {column.name for column in table.columns}
    return [name for name in found if name not in wanted]


def check_key(cursor: extensions.cursor, schema: str, table: BackendTable) -> None:
    """See that no two rows of PostgreSQL's table have the same key; a view's rows are looked through for that.

    Raises: BadInput, naming a key that occurs more than once.
    """
    place, key = f"{schema}.{table.name}", ", ".join(table.key)
    with clear_errors(place):
        cursor.execute(HAS_UNIQUE_KEY, (f'"{schema}"."{table.name}"', list(table.key)))
        if cursor.fetchone() == (True,):
            return
        cursor.execute(
            f"""/* PostgreSQL */
            select {key}, count(*) from "{schema}"."{table.name}" group by {key} having count(*) > 1 limit 1"""
        )
        repeated = cursor.fetchone()
    if repeated:
        *values, times = repeated
        named = ", ".join(f"{name} {value}" for name, value in zip(table.key, values, strict=True))
        raise BadInput(f"{place} in PostgreSQL holds {named} {times} times: its key has to be unique")


def _check_type(place: str, column: SchemaField, declared: str, name: str, category: str) -> None:
    wanted = column.field_type
    holds = name in HELD_BY[wanted] or (wanted == "STRING" and category == "E")
    if (size := _NUMERIC.fullmatch(declared)) and wanted == "NUMERIC":
        precision, scale = int(size[1]), int(size[2])
        holds = scale <= 9 and precision - scale <= 29
    if not holds:
        raise BadInput(f"{place} in PostgreSQL is {declared}, which {wanted} does not hold exactly: {ADVICE[wanted]}")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
