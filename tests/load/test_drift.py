"""Drift of columns: every schema of the export either becomes ours or is refused; nothing in between."""

import pytest
from google.cloud.bigquery import SchemaField
from hypothesis import given
from hypothesis import strategies as st

from journey.errors import BadInput
from load.drift import Drift, select_as

SCALARS = ("STRING", "INT64", "FLOAT64", "BOOL")


def columns(depth: int = 2) -> st.SearchStrategy[list[SchemaField]]:
    """Lists of columns of distinct names, some of them records, some repeated."""
    scalar = st.builds(
        SchemaField,
        st.sampled_from("abcde"),
        st.sampled_from(SCALARS),
        mode=st.sampled_from(("NULLABLE", "REPEATED")),
    )
    if not depth:
        return st.lists(scalar, min_size=1, max_size=3, unique_by=lambda f: f.name)
    record = st.builds(
        lambda name, fields, mode: SchemaField(name, "RECORD", mode=mode, fields=fields),
        st.sampled_from("abcde"),
        columns(depth - 1),
        st.sampled_from(("NULLABLE", "REPEATED")),
    )
    return st.lists(scalar | record, min_size=1, max_size=4, unique_by=lambda f: f.name)


@given(columns())
def test_the_same_columns_are_taken_as_they_are(schema: list[SchemaField]) -> None:
    selection = select_as(schema, schema, "day")
    assert selection.drift == Drift()
    assert selection.expressions == tuple(f"e.{f.name} as {f.name}" for f in schema)


@given(columns(), columns())
def test_every_wanted_column_is_filled_or_named_or_the_day_is_refused(
    found: list[SchemaField], wanted: list[SchemaField]
) -> None:
    try:
        selection = select_as(found, wanted, "day")
    except BadInput:
        return
    missing = {name for name in selection.drift.missing if "." not in name}
    assert {f.name for f in wanted} == set(selection.columns) | missing
    assert {f.name for f in found} - {f.name for f in wanted} == {n for n in selection.drift.new if "." not in n}


def test_a_record_that_became_a_number_is_refused_with_its_path() -> None:
    found = [SchemaField("a", "RECORD", fields=[SchemaField("b", "INT64")])]
    wanted = [SchemaField("a", "RECORD", fields=[SchemaField("b", "RECORD", fields=[SchemaField("c", "INT64")])])]
    with pytest.raises(BadInput, match=r"day\.a\.b is int64 and raw_ga4\.events holds struct<c int64>"):
        select_as(found, wanted, "day")
