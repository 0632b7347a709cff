"""Folders of events_YYYYMMDD.parquet, a GA4 export as BigQuery writes it out: read with care, written without loss."""

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from google.cloud.bigquery import SchemaField

from journey.errors import BadInput
from journey.ga4_export import CORE_COLUMNS, EXPORT

_NAME = re.compile(r"events_(\d{8})\.parquet")
_SCALARS = {
    "string": "STRING",
    "large_string": "STRING",
    "int64": "INTEGER",
    "int32": "INTEGER",
    "double": "FLOAT",
    "float": "FLOAT",
    "bool": "BOOLEAN",
    "date32[day]": "DATE",
    "binary": "BYTES",
}
# Moments and ids hardly repeat: a dictionary of them costs time and saves nothing.
_UNREPEATED = {"event_timestamp", "event_bundle_sequence_id", "user_first_touch_timestamp", "int_value"}
_EXPORT = {field.name: field for field in EXPORT}
_DESCRIPTIONS = {field.name: field.description or "" for field in EXPORT}


@dataclass(frozen=True)
class DayFile:
    """One day of an export in a file, found whole."""

    day: date
    path: Path
    rows: int
    bytes: int
    schema: tuple[SchemaField, ...]  # the file's own: a live export differs from the sample


def name_of(day: date) -> str:
    """The file's name for a day."""
    return f"events_{day:%Y%m%d}.parquet"


def read_folder(folder: Path) -> list[DayFile]:
    """Every day of a folder, in order, each file checked from end to end; the days differ in columns as they may.

    Raises: BadInput, when the folder is missing or holds no day, or when a file is cut, damaged or no GA4 export.
    """
    if not folder.is_dir():
        raise BadInput(f"there is no folder {folder}: give one that holds events_YYYYMMDD.parquet files")
    found = [(match[1], path) for path in sorted(folder.iterdir()) if (match := _NAME.fullmatch(path.name))]
    if not found:
        raise BadInput(
            f"{folder} holds no events_YYYYMMDD.parquet file: give the folder of a GA4 export, one file a day"
        )
    return [_checked(_day(text, path), path) for text, path in found]


def _day(text: str, path: Path) -> date:
    try:
        return datetime.strptime(text, "%Y%m%d").date()
    except ValueError:
        raise BadInput(
            f"{path} is named after {text}, which is no day: rename it to events_YYYYMMDD.parquet, or move it away"
        ) from None


def _checked(day: date, path: Path) -> DayFile:
    """The file's schema and rows, every page of it read: a load that fails half-way would leave days of two exports."""
    try:
        with pq.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
            _refuse_foreign(path, schema)
            read = sum(len(batch) for batch in file.iter_batches(batch_size=20_000))
        size = path.stat().st_size
    except OSError as error:
        if isinstance(error, pa.ArrowException) or error.errno is None:
            raise _damaged(path) from None
        raise BadInput(f"{path} cannot be read: {error.strerror}; check its permissions") from None
    except pa.ArrowException:
        raise _damaged(path) from None
    if read != rows:
        raise _damaged(path)
    return DayFile(day, path, rows, size, tuple(_field(column, path) for column in schema))


def _damaged(path: Path) -> BadInput:
    return BadInput(f"{path} is cut off, damaged or no Parquet file: copy it again, or move it out of the folder")


def _refuse_foreign(path: Path, schema: pa.Schema) -> None:
    """What makes a file an export of GA4 must be there in its own types; the rest is drift, which load-ga4 reports."""
    missing = [name for name in CORE_COLUMNS if name not in schema.names]
    if missing:
        raise BadInput(f"{path} is no GA4 export: it lacks {', '.join(missing)}; move it out of the folder")
    for name in CORE_COLUMNS:
        found, wanted = _field(schema.field(name), path), _EXPORT[name]
        if (found.field_type, found.mode == "REPEATED") != (wanted.field_type, wanted.mode == "REPEATED"):
            raise BadInput(
                f"{path} is no GA4 export: its {name} is {found.field_type}, not {wanted.field_type}; "
                "move it out of the folder"
            )


def _field(column: pa.Field, path: Path) -> SchemaField:
    """A Parquet column as BigQuery names it, with our description where it is a column of the export."""
    kind, mode = column.type, "NULLABLE"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        kind, mode = kind.value_type, "REPEATED"
    description = _DESCRIPTIONS.get(column.name, "")
    if pa.types.is_struct(kind):
        children = [_field(kind.field(n), path) for n in range(kind.num_fields)]
        return SchemaField(column.name, "RECORD", mode, description=description, fields=children)
    return SchemaField(column.name, _scalar(kind, column.name, path), mode, description=description)


def _scalar(kind: pa.DataType, name: str, path: Path) -> str:
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP" if kind.tz else "DATETIME"
    if pa.types.is_decimal(kind):
        return "NUMERIC"
    if str(kind) not in _SCALARS:
        raise BadInput(
            f"{path} has a column {name} of type {kind}, which BigQuery's export never writes; leave it out of the file"
        )
    return _SCALARS[str(kind)]


def write_day(folder: Path, day: date, tables: Iterable[pa.Table]) -> tuple[int, int]:
    """Write a day's file in place of an older one; returns its rows and bytes. The same tables give the same bytes.

    `tables` are parts of the day with one schema, at least one; no more than one is held at a time.

    Raises: BadInput, when the folder cannot be written or has no space; what was there before stays.
    """
    parts = iter(tables)
    first = next(parts)
    rows = 0
    with (
        _new_file(folder, day) as path,
        path.open("wb") as file,
        # types are Parquet's own, in whatever way Arrow held the texts; statistics of nested fields are read by nobody
        pq.ParquetWriter(
            file,
            first.schema,
            compression="zstd",
            store_schema=False,
            write_statistics=False,
            use_dictionary=[leaf for leaf in _leaves(first.schema) if leaf.rsplit(".", 1)[-1] not in _UNREPEATED],
        ) as writer,
    ):
        for table in chain([first], parts):
            writer.write_table(table, row_group_size=100_000)
            rows += table.num_rows
    return rows, (folder / name_of(day)).stat().st_size


def _leaves(fields: Iterable[pa.Field], above: str = "") -> Iterator[str]:
    """The columns of a file, as Parquet names them."""
    for field in fields:
        name, kind = above + field.name, field.type
        if pa.types.is_list(kind):
            name, kind = f"{name}.list.element", kind.value_type
        if pa.types.is_struct(kind):
            yield from _leaves(kind, f"{name}.")
        else:
            yield name


def copy_day(folder: Path, source: DayFile) -> int:
    """Write a copy of a day's file; returns its bytes.

    Raises: BadInput, when the folder cannot be written or has no space; what was there before stays.
    """
    with _new_file(folder, source.day) as path:
        shutil.copyfile(source.path, path)
    return source.bytes


def make_folder(folder: Path) -> None:
    """Make the folder that days are written to.

    Raises: BadInput, when it cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{folder} cannot be made: {error.strerror}; give another folder with --out") from None
    if not os.access(folder, os.W_OK):
        raise BadInput(f"{folder} cannot be written: give another folder with --out")


@contextmanager
def _new_file(folder: Path, day: date) -> Iterator[Path]:
    """A name to write to, which takes the day's place when all is written and is removed when it is not."""
    unfinished = folder / f".{name_of(day)}.unfinished"
    try:
        with told(folder, name_of(day)):
            yield unfinished
            unfinished.replace(folder / name_of(day))
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def told(folder: Path, what: str) -> Iterator[None]:
    """Turn an error of writing into one sentence."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInput(
            f"{what} cannot be written to {folder}: {reason}; make room there, or write elsewhere (--out, TMPDIR)"
        ) from None
