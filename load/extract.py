"""Reads the shop's tables out of PostgreSQL: COPY as CSV, through a pipe, into Arrow batches and a Parquet file.

Memory stays the same whatever the size of a table: COPY waits while the pipe is full, and rows leave in row groups.
PostgreSQL quotes an empty string and leaves NULL bare, so the two stay apart; decimals are read as decimals.
"""

import fcntl
import io
import os
import re
import tempfile
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from google.cloud.bigquery import SchemaField
from psycopg2 import extensions

from journey.errors import BadInput
from load.postgres import clear_errors
from load.tables import BackendTable

# A row has to fit into one block, and a few blocks are in memory at a time.
BLOCK_BYTES = 2**20
ROW_GROUP_ROWS = 16_384

ARROW_TYPES = {
    "INT64": pa.int64(),
    "STRING": pa.string(),
    "NUMERIC": pa.decimal128(38, 9),
    "BOOL": pa.bool_(),
    "TIMESTAMP": pa.timestamp("us", tz="UTC"),
}
# Each column is brought to one PostgreSQL type first, so that its hash does not hang on how the shop declared it. The
# collation keeps the hash from taking two texts for one where the shop's own collation does.
CASTS = {
    "INT64": "{}::bigint",
    "STRING": '{}::text collate "C"',
    "NUMERIC": "{}::numeric",
    "BOOL": "{}::boolean",
    "TIMESTAMP": "{}::timestamptz",
}


@dataclass(frozen=True)
class Source:
    """A table of the shop in PostgreSQL, the cursor that sees it, and the Parquet file that it passes through."""

    table: BackendTable
    schema: str
    cursor: extensions.cursor
    path: Path

    @property
    def place(self) -> str:
        """`schema.table`, for messages."""
        return f"{self.schema}.{self.table.name}"


def arrow_schema(columns: Iterable[SchemaField]) -> pa.Schema:
    """The columns in Arrow's types: times in microseconds UTC, decimals of 9 places."""
    return pa.schema([(column.name, ARROW_TYPES[column.field_type]) for column in columns])


def all_rows(table: BackendTable, schema: str, changed_since: datetime | None) -> str:
    """PostgreSQL's SELECT of every row of a table: key and hash, and the rest where the row may have changed.

    changed_since: rows updated at or after it come with their content; None: all rows do.
    """
    if changed_since is None:
        return _select(table, schema, "true", "")
    since = f"timestamptz '{changed_since.isoformat()}'"
    return _select(table, schema, f"coalesce(updated_at >= {since}, false)", "")


def rows_of_keys(table: BackendTable, schema: str, keys: list[tuple[int, ...]]) -> str:
    """PostgreSQL's SELECT of the rows with these keys, with their content."""
    arrays = ", ".join(f"'{{{','.join(map(str, values))}}}'::bigint[]" for values in zip(*keys, strict=True))
    return _select(table, schema, "true", f"where ({_list(table.key)}) in (select * from unnest({arrays}))")


def _select(table: BackendTable, schema: str, has_content: str, where: str) -> str:
    names = [column.name for column in table.columns]
    typed = ", ".join(f"{CASTS[c.field_type].format(_quoted(c.name))} as {_quoted(c.name)}" for c in table.columns)
    sent = ", ".join(
        _quoted(name) if name in table.key else f"case when has_content then {_quoted(name)} end" for name in names
    )
    # in the order of arrow_schema: CSV has no names of its own
    return f"""/* PostgreSQL */
        select {sent}, row_hash, has_content
        from (
            select *, hash_record_extended(row({_list(names)}), 0) as row_hash, {has_content} as has_content
            from (select {typed} from {_quoted(schema)}.{_quoted(table.name)}) as typed
            {where}
        ) as hashed"""


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _list(names: Iterable[str]) -> str:
    return ", ".join(_quoted(name) for name in names)


def copy_out(cursor: extensions.cursor, select: str, schema: pa.Schema, place: str) -> Generator[pa.RecordBatch]:
    """The rows of a PostgreSQL SELECT as they come.

    place: `schema.table`, for messages. Raises: TryAgain, when the connection is lost; BadInput, when the user may not
    read, or a value fits no column of BigQuery's.
    """
    read_end, write_end = os.pipe()
    with suppress(AttributeError, OSError):  # Linux's default of 64 kB has the two ends wait for each other often
        fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, BLOCK_BYTES)
    failures: list[Exception] = []

    def send() -> None:
        try:
            with os.fdopen(write_end, "wb", buffering=BLOCK_BYTES) as pipe:
                cursor.copy_expert(f"copy ({select}) to stdout with (format csv, encoding 'utf8')", pipe)
        except Exception as error:
            failures.append(error)

    sender = threading.Thread(target=send, name=f"copy {place}", daemon=True)
    sender.start()
    try:
        with io.BufferedReader(io.FileIO(read_end), BLOCK_BYTES) as stream:
            yield from _parse(stream, schema)
    except pa.ArrowInvalid as error:
        sender.join()
        # a connection lost half-way cuts a row in two: the reader's complaint is then not the cause
        if not failures:
            raise BadInput(
                f"a row of {place} in PostgreSQL cannot be kept by BigQuery: {_reason(error, schema)}"
            ) from None
    finally:
        sender.join()
    with clear_errors(place):
        for failure in failures:
            raise failure


def _parse(stream: "io.BufferedReader[io.FileIO]", schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    if not stream.peek(1):  # an empty table is no CSV to the reader
        return
    yield from pa_csv.open_csv(
        stream,
        pa_csv.ReadOptions(block_size=BLOCK_BYTES, column_names=schema.names),
        pa_csv.ParseOptions(newlines_in_values=True),
        pa_csv.ConvertOptions(
            column_types=schema,
            null_values=[""],
            true_values=["t"],
            false_values=["f"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def _reason(error: pa.ArrowInvalid, schema: pa.Schema) -> str:
    text = str(error).splitlines()[0]
    if "straddling" in text:
        return f"it is larger than {BLOCK_BYTES // 2**20} MB; shorten its texts"
    text = re.sub(r"In CSV column #(\d+)", lambda match: schema.names[int(match[1])], text)
    return f"{text}; correct the value, or leave the row out by a view"


def read_to_parquet(source: Source, selects: Iterable[str], loaded_at: datetime | None = None) -> int:
    """Read the rows of PostgreSQL's SELECTs into the table's Parquet file; returns the rows.

    The file has the columns of the staging table; with `loaded_at` those of raw_backend, written at that time.
    Raises: as copy_out and write_parquet; BadInput, when a row has no key.
    """
    table, place = source.table, source.place
    sent = arrow_schema(table.staged)
    schema = arrow_schema(table.raw.schema) if loaded_at else sent

    def batches() -> Generator[pa.RecordBatch]:
        for select in selects:
            with closing(copy_out(source.cursor, select, sent, place)) as copied:
                for batch in copied:
                    for name in table.key:
                        if batch[name].null_count:
                            raise BadInput(
                                f"{place} in PostgreSQL holds a row whose {name} is NULL: every row needs its key"
                            )
                    yield _as_raw(batch, schema, loaded_at) if loaded_at else batch

    with closing(batches()) as read:
        return write_parquet(read, source.path, schema)


def _as_raw(batch: pa.RecordBatch, schema: pa.Schema, loaded_at: datetime) -> pa.RecordBatch:
    ours = {"deleted_at": None, "loaded_at": loaded_at}
    return pa.record_batch(
        [
            pa.repeat(pa.scalar(ours[field.name], field.type), batch.num_rows)
            if field.name in ours
            else batch[field.name]
            for field in schema
        ],
        schema=schema,
    )


def write_parquet(batches: Iterable[pa.RecordBatch], path: Path, schema: pa.Schema) -> int:
    """Write batches to a Parquet file in row groups of a fixed size; returns the rows.

    Raises: BadInput, when the disk is full or the folder cannot be written.
    """
    rows = 0
    waiting: list[pa.RecordBatch] = []
    try:
        # no dictionaries: they take a third of the time, and save little once compressed
        with pq.ParquetWriter(path, schema, use_dictionary=False, compression="zstd") as writer:
            for batch in batches:
                waiting.append(batch)
                rows += batch.num_rows
                if sum(part.num_rows for part in waiting) >= ROW_GROUP_ROWS:
                    writer.write_table(pa.Table.from_batches(waiting))
                    waiting = []
            if waiting:
                writer.write_table(pa.Table.from_batches(waiting))
    except OSError as error:
        raise BadInput(
            f"{path} cannot be written: {_system_reason(error)}; free some space, or set TMPDIR to another folder"
        ) from None
    # the upload comes next: what the pool keeps for later batches would stand beside its buffers
    pa.default_memory_pool().release_unused()
    return rows


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for Parquet files on their way, gone afterwards.

    Raises: BadInput, when none can be made.
    """
    try:
        folder = tempfile.TemporaryDirectory(prefix="journey-load-")
    except OSError as error:
        raise BadInput(
            f"no temporary folder can be made: {_system_reason(error)}; set TMPDIR to a folder you may write"
        ) from None
    with folder as name:
        yield Path(name)


def _system_reason(error: OSError) -> str:
    # Arrow wraps the system's words in its own
    return os.strerror(error.errno) if error.errno else str(error)
