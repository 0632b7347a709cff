"""Rows of a query for a person or a program: a table, JSON lines in one array, or CSV."""

import csv
import json
import sys
from typing import Any

import pyarrow as pa


def print_rows(rows: pa.Table, format: str) -> None:
    """Print a result. Times are UTC; nested values are JSON in a table and in CSV; NULL is empty, in JSON null."""
    if format == "json":
        print(json.dumps(rows.to_pylist(), default=str, indent=1))
    elif format == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(rows.column_names)
        writer.writerows([_text(value) for value in row.values()] for row in rows.to_pylist())
    else:
        _print_table(rows)


def _print_table(rows: pa.Table) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD)
    for field in rows.schema:
        is_number = (
            pa.types.is_integer(field.type) or pa.types.is_floating(field.type) or pa.types.is_decimal(field.type)
        )
        table.add_column(field.name, justify="right" if is_number else "left", overflow="fold")
    for row in rows.to_pylist():
        table.add_row(*(_text(value) for value in row.values()))
    console = Console()
    if not console.is_terminal:
        console.width = 10_000  # in a file or a pipe nothing is folded
    console.print(table)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return json.dumps(value, default=str)
    return str(value)
