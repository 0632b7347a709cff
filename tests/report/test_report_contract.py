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
from tests.report import tables

DBT = Path(__file__).parents[2] / "dbt"


@pytest.fixture(scope="module")
def models() -> dict[str, dict[str, Any]]:
    """Name of each mart -> name of each of its columns -> what its yml says of it."""
    found = [
        m
        for file in (DBT / "models").rglob("*__models.yml")
        for m in yaml.safe_load(file.read_text()).get("models", [])
    ]
    return {model["name"]: {column["name"]: column for column in model["columns"]} for model in found}


MODELLED = [
    t for t in tables.TABLES if t.dataset != "raw_ga4" and t.dataset != "raw_backend" and "results" not in t.name
]


@pytest.mark.parametrize("table", MODELLED, ids=lambda t: t.name)
def test_the_marts_have_the_columns_that_the_report_reads(table: Any, models: dict[str, dict[str, Any]]) -> None:
    columns = models[table.name]
    assert {c.name: c.field_type for c in table.schema} == {
        c.name: columns[c.name]["data_type"].upper() for c in table.schema
    }


@pytest.mark.parametrize(
    ("ours", "made"),
    [(tables.EXPORT_DAYS, EXPORT_DAYS.schema), (tables.ORDERS, ORDERS.raw.schema)],
    ids=["export_days", "orders"],
)
def test_the_raw_tables_have_the_columns_that_the_report_reads(ours: Any, made: tuple[SchemaField, ...]) -> None:
    known = {(c.name, c.field_type, c.mode == "REPEATED") for c in made}
    assert {(c.name, c.field_type, c.mode == "REPEATED") for c in ours.schema} <= known


def test_dbt_keeps_its_results_in_the_columns_that_the_report_reads() -> None:
    macro = (DBT / "macros" / "keep_results.sql").read_text()
    columns = dict(re.findall(r"(\w+) (int64|string) options", macro))
    for table in (tables.MODEL_RESULTS, tables.TEST_RESULTS):
        assert {c.name: c.field_type for c in table.schema} == {name: kind.upper() for name, kind in columns.items()}


def test_every_code_that_a_section_shows_has_words(models: dict[str, dict[str, Any]]) -> None:
    def described(mart: str, column: str) -> set[str]:
        """Codes that a description names: 'code:' and 'code or code'."""
        return set(re.findall(r"\w+", models[mart][column]["description"]))

    assert set(meanings.CHECK) == set(meanings.REASON)
    assert set(meanings.METHOD) <= described("rpt_funnel", "method")
    assert set(meanings.POPULATION) <= described("rpt_funnel", "population")
    assert set(meanings.LANE_GROUP) <= described("rpt_journey_timeline", "lane_group")
    assert set(meanings.MARK) <= described("rpt_journey_timeline", "mark")
    statuses = re.findall(r"(\w+):", models["rpt_tracking_health"]["status"]["description"])
    assert set(statuses) == set(meanings.HEALTH)
    assert set(meanings.EVENT_ORDER) <= described("rpt_tracking_health", "event_name")
    lines = set(re.findall(r"'(\w+)' as line\b", (DBT / "models/marts/rpt_revenue_bridge.sql").read_text()))
    known = set(meanings.LINE) | set(meanings.REASON)
    known |= {f"excluded_{reason}" for reason in (*meanings.REASON, "awaiting")}
    assert lines
    assert lines <= known


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
