"""How tables of raw_truth are described and loaded: the shop's (answer_key.py) and the storefront's."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
from google.cloud.bigquery import SchemaField

from journey.bigquery import TableSpec, Warehouse

_ARROW = {
    "BOOL": pa.bool_(),
    "DATE": pa.date32(),
    "INT64": pa.int64(),
    "NUMERIC": pa.decimal128(38, 9),
    "STRING": pa.string(),
    "TIMESTAMP": pa.timestamp("us", tz="UTC"),
}


def column(name: str, kind: str, description: str) -> SchemaField:
    """A column that every row fills."""
    return SchemaField(name, kind, "REQUIRED", description=description)


def optional(name: str, kind: str, description: str) -> SchemaField:
    """A column that may be NULL."""
    return SchemaField(name, kind, "NULLABLE", description=description)


def schema_of(spec: TableSpec) -> pa.Schema:
    """A table's columns as its Parquet file has them."""
    return pa.schema([pa.field(f.name, _ARROW[f.field_type], nullable=f.mode != "REQUIRED") for f in spec.schema])


def replace_tables(warehouse: Warehouse, specs: Mapping[str, TableSpec], paths: Mapping[str, Path]) -> int:
    """Replace each table by the Parquet file of the same key; returns the rows."""
    rows = 0
    for name, spec in specs.items():
        warehouse.ensure_table(spec)
        rows += warehouse.load_parquet(paths[name], spec.id(warehouse.settings), list(spec.schema))
    return rows
