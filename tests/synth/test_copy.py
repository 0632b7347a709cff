"""COPY in PostgreSQL's binary format: what goes in comes out, and a failure half-way leaves nothing."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psycopg2
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from psycopg2.extensions import connection, cursor

from journey.postgres import connect
from journey.settings import Settings
from synth.binary_rows import encoded
from synth.copy import copy_rows

COLUMNS = pa.schema(
    [
        ("whole", pa.int64()),
        ("small", pa.int32()),
        ("name", pa.string()),
        ("note", pa.string()),
        ("is_so", pa.bool_()),
        ("money", pa.decimal128(12, 2)),
        ("rate", pa.decimal128(12, 6)),
        ("price", pa.decimal128(12, 4)),
        ("units", pa.decimal128(15, 0)),
        ("happened_at", pa.timestamp("us", tz="UTC")),
    ]
)
TABLE = """
create temporary table everything (
    whole bigint, small integer, name text, note text, is_so boolean, money numeric(12, 2), rate numeric(12, 6),
    price numeric(12, 4), units numeric(15, 0), happened_at timestamptz
)
"""
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "whole": st.integers(-(2**63), 2**63 - 1),
            "small": st.integers(-(2**31), 2**31 - 1),
            "name": TEXT,
            "note": st.none() | TEXT,
            "is_so": st.booleans(),
            "money": st.decimals(-(10**10) + 1, 10**10 - 1, places=2),
            "rate": st.decimals(-999_999, 999_999, places=6),
            "price": st.decimals(-(10**8) + 1, 10**8 - 1, places=4),
            "units": st.integers(-(10**15) + 1, 10**15 - 1).map(Decimal),
            "happened_at": st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001  (hypothesis wants bounds without)
        }
    ),
    max_size=20,
)


@pytest.fixture
def run(services: Settings) -> Iterator[cursor]:
    """A cursor on a connection that is rolled back."""
    with closing(connect()) as connection, connection.cursor() as cursor:
        yield cursor


@given(rows=ROWS, at_once=st.integers(1, 7))
@hypothesis_settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_come_out_as_they_went_in(run: cursor, rows: list[dict[str, Any]], at_once: int) -> None:
    table = pa.Table.from_pylist(rows, COLUMNS)
    run.execute(f"drop table if exists everything; {TABLE}")
    assert copy_rows(run.connection, "pg_temp", "everything", table.to_batches(at_once)) == len(rows)
    run.execute("select * from everything order by ctid")
    assert [dict(zip(COLUMNS.names, row, strict=True)) for row in run.fetchall()] == rows


def test_a_slice_of_a_larger_batch_is_copied_alone(run: cursor) -> None:
    row = {
        "whole": 1,
        "small": 1,
        "name": "Ada",
        "note": None,
        "is_so": True,
        "happened_at": datetime(2020, 11, 1, tzinfo=UTC),
    }
    row |= dict.fromkeys(("money", "rate", "price", "units"), Decimal("1.5"))
    rows = [
        row | {"whole": n, "name": f"Ada {n}", "money": Decimal(n), "is_so": n % 2 == 0, "units": Decimal(n)}
        for n in range(9)
    ]
    run.execute(TABLE)
    copy_rows(
        run.connection, "pg_temp", "everything", [pa.Table.from_pylist(rows, COLUMNS).to_batches()[0].slice(3, 4)]
    )
    run.execute("select whole, name, note, is_so, money, units from everything order by whole")
    assert run.fetchall() == [(n, f"Ada {n}", None, n % 2 == 0, n, n) for n in range(3, 7)]


def test_more_than_a_chunk_of_text_is_copied(run: cursor) -> None:
    run.execute("create temporary table long (name text)")
    texts = [letter * 3_000_000 for letter in "abc"]
    assert copy_rows(run.connection, "pg_temp", "long", pa.table({"name": texts}).to_batches()) == 3
    run.execute("select name from long order by name")
    assert [name for (name,) in run.fetchall()] == texts


def test_no_rows_are_no_error(run: cursor) -> None:
    run.execute(TABLE)
    assert copy_rows(run.connection, "pg_temp", "everything", []) == 0
    assert copy_rows(run.connection, "pg_temp", "everything", COLUMNS.empty_table().to_batches()) == 0
    assert copy_rows(run.connection, "pg_temp", "everything", [pa.RecordBatch.from_pylist([], COLUMNS)]) == 0


def test_what_the_rows_raise_is_raised_and_nothing_is_committed(services: Settings, settings: Settings) -> None:
    def one_then_none() -> Iterator[pa.RecordBatch]:
        yield pa.RecordBatch.from_pydict({"whole": [1]})
        raise ValueError("the file ends early")

    with closing(connect()) as target:
        create(target, settings.backend_schema)
        with pytest.raises(ValueError, match="the file ends early"), target:
            copy_rows(target, settings.backend_schema, "numbers", one_then_none())
        assert count(target, settings.backend_schema) == 0


def test_a_row_that_the_server_refuses_is_its_own_error(services: Settings, settings: Settings) -> None:
    with closing(connect()) as target:
        create(target, settings.backend_schema)
        with pytest.raises(psycopg2.errors.CheckViolation), target:
            copy_rows(target, settings.backend_schema, "numbers", [pa.RecordBatch.from_pydict({"whole": [1, -1]})])
        assert count(target, settings.backend_schema) == 0


@pytest.mark.parametrize(
    "column",
    [pa.array([1.5]), pa.array([1, None]), pa.array([1], pa.decimal128(18, 1)), pa.array([0], pa.timestamp("us"))],
    ids=["a float", "a number that is NULL", "too many digits", "a time without a zone"],
)
def test_what_the_format_does_not_hold_is_refused(column: pa.Array) -> None:
    with pytest.raises(TypeError, match="column whole"):
        encoded(pa.RecordBatch.from_arrays([column], ["whole"]))


def create(target: connection, schema: str) -> None:
    with target, target.cursor() as cursor:
        cursor.execute(f"create schema {schema}; create table {schema}.numbers (whole bigint check (whole > 0))")


def count(target: connection, schema: str) -> int:
    with target, target.cursor() as cursor:
        cursor.execute(f"select count(*) from {schema}.numbers")
        return int((cursor.fetchone() or (0,))[0])
