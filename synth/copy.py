"""Arrow rows into a PostgreSQL table by COPY, as fast as the server takes them.

A thread writes CSV into a pipe while the server reads from it: no row waits for the whole file, and none is held twice.
"""

import fcntl
import os
import threading
from collections.abc import Iterable
from typing import IO, cast

import psycopg2
import pyarrow as pa
from psycopg2 import sql
from psycopg2.extensions import connection
from pyarrow import csv

PIPE_BYTES = 1 << 20
CSV = csv.WriteOptions(include_header=False, quoting_style="needed")  # text is quoted, so '' stays apart from NULL


def copy_rows(
    target: connection,
    schema: str,
    table: str,
    columns: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    is_new: bool = False,
) -> int:
    """Copy the batches into schema.table, in the transaction of `target`; returns the rows.

    columns: names and types of the batches, which are names of the table's columns. is_new: the table was made in this
    very transaction, so its rows may be written as final (PostgreSQL's FREEZE).
    Raises: psycopg2.Error, when the server refuses the rows or goes away; whatever the batches raise. Then the
    transaction cannot be committed.
    """
    statement = sql.SQL("copy {}.{} ({}) from stdin with (format csv, freeze {})").format(
        sql.Identifier(schema),
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, columns.names)),
        sql.Literal(is_new),
    )
    feed = _Feed(columns, batches)
    with target.cursor() as cursor:
        try:
            cursor.copy_expert(statement, cast(IO[bytes], feed), size=PIPE_BYTES)
        except psycopg2.Error:
            feed.close()  # an error of the thread is the cause of the server's
            raise
        except BaseException:
            feed.abandon()
            raise
        feed.close()
        return cursor.rowcount


class _Feed:
    """A file of CSV that a thread writes while it is read. What the thread raises, the reader raises."""

    def __init__(self, columns: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
        self._columns, self._batches = columns, batches
        self._error: BaseException | None = None
        self._out, into = os.pipe()
        if hasattr(fcntl, "F_SETPIPE_SZ"):  # Linux; elsewhere the default of 64 KB does, in more turns
            fcntl.fcntl(into, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._thread = threading.Thread(target=self._write, args=(into,), daemon=True)
        self._thread.start()

    def read(self, size: int = -1) -> bytes:
        """Some bytes; b'' at the end. Where the thread failed it raises: COPY must fail, not end early."""
        chunk = os.read(self._out, size)
        if not chunk:
            self._thread.join()
            if self._error:
                raise self._error
        return chunk

    def close(self) -> None:
        """Stop the thread and raise what it raised."""
        self.abandon()
        if self._error:
            raise self._error

    def abandon(self) -> None:
        """Stop the thread: its next write finds nobody reading."""
        os.close(self._out)
        self._thread.join()

    def _write(self, into: int) -> None:
        try:
            with (
                os.fdopen(into, "wb", buffering=0) as pipe,
                csv.CSVWriter(pipe, self._columns, write_options=CSV) as writer,
            ):
                for batch in self._batches:
                    writer.write_batch(batch)
        except BrokenPipeError:
            pass  # the reader has gone, and says why itself
        except BaseException as error:
            self._error = error
