"""The warehouse client: typed parameters, explicit tables, errors in one sentence."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from google.cloud.bigquery import SchemaField

from journey.bigquery import NotFound, TableSpec, Warehouse
from journey.errors import BadInput, TryAgain
from journey.settings import Settings

SPEC = TableSpec(
    dataset="raw_test",
    name="days",
    description="Grain: a day.",
    schema=(SchemaField("day", "DATE", description="A UTC day."), SchemaField("n", "INT64", description="A count.")),
    partition_by="day",
    cluster_by=("n",),
)


def test_parameters_keep_their_types(warehouse: Warehouse) -> None:
    at = datetime(2020, 11, 1, 12, 30, 0, 123456, tzinfo=UTC)
    [row] = warehouse.rows(
        "select @day as day, @at as at, @money as money, @n as n, @text as text, array_length(@many) as many",
        day=date(2020, 11, 1), at=at, money=Decimal("12.34"), n=7, text="it's", many=["a", "b"],
    )  # fmt: skip
    assert row == {"day": date(2020, 11, 1), "at": at, "money": Decimal("12.34"), "n": 7, "text": "it's", "many": 2}


def test_a_table_is_made_once_and_gains_the_columns_it_lacks(warehouse: Warehouse) -> None:
    warehouse.ensure_table(SPEC)
    warehouse.execute(f"insert into `{SPEC.id(warehouse.settings)}` (day, n) values (date '2020-11-01', 1)")
    wider = replace(SPEC, schema=(*SPEC.schema, SchemaField("note", "STRING", description="Free text.")))
    warehouse.ensure_table(wider)
    warehouse.ensure_table(SPEC)
    assert warehouse.rows(f"select * from `{SPEC.id(warehouse.settings)}`") == [
        {"day": date(2020, 11, 1), "n": 1, "note": None}
    ]
    table = warehouse.client.get_table(SPEC.id(warehouse.settings))
    assert table.description == "Grain: a day."
    assert [field.description for field in table.schema] == ["A UTC day.", "A count.", "Free text."]
    assert table.time_partitioning.field == "day"


def test_a_column_of_another_type_is_refused_and_named(warehouse: Warehouse) -> None:
    warehouse.ensure_table(SPEC)
    other = replace(SPEC, schema=(SPEC.schema[0], SchemaField("n", "STRING")))
    with pytest.raises(BadInput, match=r"raw_test\.days\.n is INT"):
        warehouse.ensure_table(other)


def test_arrow_and_batches_hold_the_same_rows(warehouse: Warehouse) -> None:
    sql = "select n, [struct(n as x)] as nested from unnest(generate_array(1, 5000)) as n order by n"
    table = warehouse.arrow(sql)
    assert table.num_rows == 5000
    assert sum(batch.num_rows for batch in warehouse.arrow_batches(sql)) == 5000
    assert table["nested"][0].as_py() == [{"x": 1}]


def test_a_wrong_name_is_said_in_one_sentence(warehouse: Warehouse) -> None:
    with pytest.raises(NotFound) as caught:
        warehouse.rows("select * from `no_such_dataset.no_such_table`")
    assert "no_such_dataset" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_export_is_said_with_the_setting_to_check(warehouse: Warehouse) -> None:
    with pytest.raises(BadInput, match="check GA4_SOURCE"):
        warehouse.export_days("nobody.nothing")


def test_no_server_means_try_again(services: Settings) -> None:
    nobody = Warehouse(services.model_copy(update={"emulator_host": "http://127.0.0.1:1"}))
    with pytest.raises(TryAgain, match="does not answer"):
        nobody.rows("select 1")
