"""The SQL of the report is BigQuery's, by BigQuery's own front end."""

import pytest

from journey.settings import Settings
from report import queries
from tests.dialect import Dialect, bigquery_type
from tests.report.tables import SUM_UP_BRIDGE, SUM_UP_DAYS, SUM_UP_FUNNEL, TABLES

TEXTS = {name: text for name, text in vars(queries).items() if name.isupper()}


@pytest.fixture(scope="module")
def dialect() -> Dialect:
    settings = Settings.model_validate({"dataset_prefix": "check_"})
    known = Dialect(settings.project)
    for table in TABLES:
        known.add_table(table.id(settings), table.schema)
    return known


SUMS = {"SUM_UP_FUNNEL": SUM_UP_FUNNEL, "SUM_UP_DAYS": SUM_UP_DAYS, "SUM_UP_BRIDGE": SUM_UP_BRIDGE}


@pytest.mark.parametrize("name", [*TEXTS, *SUMS])
def test_the_analyzer_takes(name: str, dialect: Dialect) -> None:
    text = (TEXTS | SUMS)[name]
    settings = Settings.model_validate({"dataset_prefix": "check_"})
    datasets = {name: settings.dataset(name) for name in ("marts", "evaluation", "raw_ga4", "raw_backend")}
    assert len(dialect.check(text.format(**datasets), {"now": bigquery_type("TIMESTAMP")})) == 1
