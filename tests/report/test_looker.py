"""The Looker Studio link: every table and column that it and the written steps name is there, with its type."""

import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml

from journey.bigquery import Warehouse
from journey.errors import BadInput
from journey.settings import Settings
from report.looker import HOST, SOURCES, check, link

ROOT = Path(__file__).parents[2]
STEPS = (ROOT / "docs" / "looker-studio.md").read_text()
PREFIXED = Settings.model_validate({"project": "my-shop-42", "dataset_prefix": "eu_"})


def parameters_of(url: str) -> dict[str, str]:
    pairs = parse_qsl(urlsplit(url).query, strict_parsing=True)
    assert len(pairs) == len(dict(pairs))
    return dict(pairs)


def make(settings: Settings, *, but: tuple[str, str] = ("", "")) -> Warehouse:
    """The marts with nothing in them; `but` gives one column another type, or none."""
    warehouse = Warehouse(settings)
    marts = settings.dataset("marts")
    statements = [f"create schema if not exists `{marts}`"]
    for source in SOURCES:
        kinds = {n: but[1] if n == but[0] else k for n, k in source.columns.items()}
        columns = ", ".join(f"{name} {kind}" for name, kind in kinds.items() if kind)
        statements.append(f"create or replace table `{marts}.{source.table}` ({columns}, more STRING)")
    warehouse.execute(";\n".join(statements))
    return warehouse


def test_a_template_s_sources_are_replaced_by_the_tables_of_these_settings() -> None:
    url = link(PREFIXED, "abc-123", "rpt_funnel", "who-pays-1")
    given = parameters_of(url)
    assert url.startswith(f"{HOST}/reporting/create?")
    assert (given["c.reportId"], given["c.mode"]) == ("abc-123", "edit")
    for source in SOURCES:
        assert {name: given[f"ds.{source.alias}.{name}"] for name in ("connector", "type", "tableId", "datasetId")} == {
            "connector": "bigQuery",
            "type": "TABLE",
            "tableId": source.table,
            "datasetId": "eu_marts",
        }
        assert given[f"ds.{source.alias}.projectId"] == "my-shop-42"
        assert given[f"ds.{source.alias}.billingProjectId"] == "who-pays-1"
        assert given[f"ds.{source.alias}.refreshFields"] == "false"


def test_without_a_template_the_default_report_opens_over_one_table() -> None:
    given = parameters_of(link(PREFIXED, None, "rpt_daily_reconciliation"))
    assert "c.reportId" not in given
    assert given["ds.tableId"] == "rpt_daily_reconciliation"
    assert given["ds.billingProjectId"] == "my-shop-42"
    assert {name.split(".")[1] for name in given if name.startswith("ds.")} & {s.alias for s in SOURCES} == set()


def test_a_table_without_a_page_is_refused() -> None:
    with pytest.raises(BadInput, match=r"'fct_sales'.*rpt_funnel, rpt_daily_reconciliation"):
        link(PREFIXED, None, "fct_sales")


def test_marts_as_the_pages_need_them_pass(settings: Settings) -> None:
    assert check(make(settings)) == sum(len(s.columns) for s in SOURCES)


def test_what_is_missing_or_of_another_type_is_named(settings: Settings) -> None:
    with pytest.raises(BadInput, match=r"no table .*marts\.rpt_funnel: run the pipeline first"):
        check(Warehouse(settings))
    with pytest.raises(BadInput, match=r"rpt_revenue_bridge has no column amount"):
        check(make(settings, but=("amount", "")))
    with pytest.raises(BadInput, match=r"rpt_revenue_bridge\.amount is FLOAT64, the report needs NUMERIC"):
        check(make(settings, but=("amount", "FLOAT64")))


def test_the_marts_models_have_these_columns() -> None:
    models = yaml.safe_load((ROOT / "dbt/models/marts/_marts__models.yml").read_text())["models"]
    types = {m["name"]: {c["name"]: c["data_type"].upper() for c in m["columns"]} for m in models}
    for source in SOURCES:
        assert {name: types[source.table].get(name) for name in source.columns} == source.columns


def test_the_written_steps_name_only_columns_that_are_checked() -> None:
    checked = {column for source in SOURCES for column in source.columns} | {s.alias for s in SOURCES}
    tables = {s.table for s in SOURCES} | {"marts"}
    values = {"everyone", "any", "all", "device_category", "channel", "purchase", "step"}
    formulas = {name for formula in re.findall(r"`([A-Z]+\(.*?)`", STEPS) for name in re.findall(r"[a-z_]+", formula)}
    named = set(re.findall(r"`([a-z_]+)`", STEPS)) | formulas
    assert named - checked - tables - values == {"match_rate"}  # which it warns of
    assert {s.alias for s in SOURCES} <= named
    assert {s.table for s in SOURCES} <= named


def test_both_fronts_are_exposures_of_the_marts_that_they_read() -> None:
    text = (ROOT / "dbt/models/marts/_marts__exposures.yml").read_text()
    fronts = {
        e["name"]: set(re.findall(r"ref\('(\w+)'\)", " ".join(e["depends_on"])))
        for e in yaml.safe_load(text)["exposures"]
    }
    assert fronts["looker_studio"] == {s.table for s in SOURCES}
    queries = (ROOT / "report/queries.py").read_text()
    kept_by_dbt = {"rpt_model_results", "rpt_test_results"}  # by a hook, no model
    assert fronts["report"] == set(re.findall(r"\{marts\}\.(\w+)", queries)) - kept_by_dbt
    assert HOST in text
