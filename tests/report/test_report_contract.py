"""The report's idea of the tables is that of the stages that make them: names, types, statuses, reasons, steps."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.cloud.bigquery import SchemaField

from load.ga4 import EXPORT_DAYS
from load.tables import ORDERS
from report import meanings
from report.figures import STATUSES, STEPS
from tests.report import made_marts

MODELS = Path(__file__).parents[2] / "dbt" / "models" / "marts"


@pytest.fixture(scope="module")
def models() -> dict[str, dict[str, Any]]:
    """Name of each mart -> name of each of its columns -> what its yml says of it."""
    found = [m for file in MODELS.rglob("*.yml") for m in yaml.safe_load(file.read_text()).get("models", [])]
    return {model["name"]: {column["name"]: column for column in model["columns"]} for model in found}


@pytest.mark.parametrize("table", [t for t in made_marts.TABLES if t.dataset == "marts"], ids=lambda t: t.name)
def test_the_marts_have_the_columns_that_the_report_reads(table: Any, models: dict[str, dict[str, Any]]) -> None:
    columns = models[table.name]
    assert {c.name: c.field_type for c in table.schema} == {
        c.name: columns[c.name]["data_type"].upper() for c in table.schema
    }


@pytest.mark.parametrize(
    ("ours", "made"),
    [(made_marts.EXPORT_DAYS, EXPORT_DAYS.schema), (made_marts.ORDERS, ORDERS.raw.schema)],
    ids=["export_days", "orders"],
)
def test_the_raw_tables_have_the_columns_that_the_report_reads(ours: Any, made: tuple[SchemaField, ...]) -> None:
    known = {(c.name, c.field_type, c.mode == "REPEATED") for c in made}
    assert {(c.name, c.field_type, c.mode == "REPEATED") for c in ours.schema} <= known


def test_every_status_reason_and_step_of_the_marts_has_words(models: dict[str, dict[str, Any]]) -> None:
    status, reason = (models["fct_reconciliation"][name]["description"] for name in ("status", "reason"))
    step = models["rpt_funnel"]["step_name"]["description"]
    assert set(STATUSES) == set(meanings.STATUS) == set(re.findall(r"(\w+):", status))
    # every code with an underscore that the marts' own description of the column names, and no other
    assert {r for r in meanings.REASON if "_" in r} == set(re.findall(r"[a-z0-9]+(?:_[a-z0-9]+)+", reason)) - {
        *STATUSES
    }
    assert all(re.search(rf"\b{r}\b", reason) for r in meanings.REASON)
    assert set(STEPS) == set(meanings.STEP)
    assert all(re.search(rf"\b{s}\b", step) for s in STEPS)
