"""The Looker Studio link: one URL that opens a report over the same marts, made by Google's Linking API.

Pages and charts cannot be made through that API: either a template report brings them, or they are built by hand once,
field by field, as docs/looker-studio.md says. https://developers.google.com/datastudio/share/linking-api
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from journey.bigquery import RETRY, NotFound, Warehouse, clear_errors
from journey.errors import BadInput
from journey.settings import Settings

# The product was called Looker Studio from 2022 to April 2026, and is Data Studio again.
HOST = "https://datastudio.google.com"
# BigQuery's API has older names than its SQL for these.
LEGACY = {"INTEGER": "INT64", "FLOAT": "FLOAT64"}
REPORT_NAME = "Customer journey: GA4 against the backend"


@dataclass(frozen=True)
class Source:
    """A table that the report reads: its alias in a template, the columns that the pages use, with their types."""

    table: str
    alias: str
    columns: dict[str, str]


SOURCES = (
    Source(
        "rpt_funnel",
        "funnel",
        {
            "population": "STRING",
            "method": "STRING",
            "dimension": "STRING",
            "slice": "STRING",
            "step_order": "INT64",
            "step_name": "STRING",
            "sessions": "INT64",
            "entered_sessions": "INT64",
        },
    ),
    Source(
        "rpt_daily_reconciliation",
        "reconciliation",
        {
            "reconciliation_day": "DATE",
            "eligible_orders": "INT64",
            "matched": "INT64",
            "amount_mismatch": "INT64",
            "missing_in_backend": "INT64",
            "missing_in_ga4": "INT64",
            "ga4_revenue": "NUMERIC",
            "backend_revenue": "NUMERIC",
            "revenue_difference": "NUMERIC",
            "unexplained_difference": "NUMERIC",
        },
    ),
    Source(
        "rpt_revenue_bridge",
        "bridge",
        {
            "reconciliation_day": "DATE",
            "line_order": "INT64",
            "line": "STRING",
            "kind": "STRING",
            "amount": "NUMERIC",
            "row_count": "INT64",
        },
    ),
    Source(
        "rpt_journey_timeline",
        "timeline",
        {
            "lane_group": "STRING",
            "label": "STRING",
            "mark": "STRING",
            "started_at": "TIMESTAMP",
            "ended_at": "TIMESTAMP",
        },
    ),
)


def source_of(table: str) -> Source:
    """The source that is this table.

    Raises: BadInput, for a table that no page reads.
    """
    for source in SOURCES:
        if source.table == table:
            return source
    raise BadInput(f"there is no page over {table!r}: --table is one of {', '.join(s.table for s in SOURCES)}")


def check(warehouse: Warehouse) -> int:
    """Look at every table and column that the pages name; returns how many columns there are.

    Raises: BadInput, naming the first that is missing or of another type; TryAgain, when the warehouse is silent.
    """
    for source in SOURCES:
        name = f"{warehouse.settings.dataset('marts')}.{source.table}"
        try:
            with clear_errors():
                schema = warehouse.client.get_table(name, retry=RETRY).schema
        except NotFound:
            raise BadInput(f"there is no table {name}: run the pipeline first, dbt builds it") from None
        held = {field.name: LEGACY.get(field.field_type, field.field_type) for field in schema}
        for column, kind in source.columns.items():
            found = held.get(column)
            if found is None:
                raise BadInput(f"{name} has no column {column}: build the marts with this version of the project")
            if found != kind:
                raise BadInput(
                    f"{name}.{column} is {found}, the report needs {kind}: build the marts with this version"
                )
    return sum(len(source.columns) for source in SOURCES)


def link(settings: Settings, template: str | None, table: str, billing_project: str | None = None) -> str:
    """The URL. With a template its four sources are replaced; without one the default report opens over one table.

    billing_project: who pays for the queries; the warehouse's own project without it.
    Raises: BadInput, for a table that no page reads.
    """
    parameters = {"c.mode": "edit", "r.reportName": REPORT_NAME}
    if template:
        parameters = {"c.reportId": template, **parameters}
        for source in SOURCES:
            parameters |= _source(settings, source, f"ds.{source.alias}", billing_project)
    else:
        parameters |= _source(settings, source_of(table), "ds", billing_project)
    return f"{HOST}/reporting/create?{urlencode(parameters)}"


def _source(settings: Settings, source: Source, prefix: str, billing_project: str | None) -> dict[str, str]:
    project, dataset = settings.dataset("marts").split(".")
    values = {
        "connector": "bigQuery",
        "type": "TABLE",
        "projectId": project,
        "datasetId": dataset,
        "tableId": source.table,
        "billingProjectId": billing_project or project,
        "isPartitioned": "false",  # no page takes its date range from a partition
        "datasourceName": f"{source.table} ({dataset})",
        "keepDatasourceName": "false",
        "refreshFields": "false",  # keeps the fields that the template computes
    }
    if prefix == "ds":  # a source without an alias is the default report's: it has no name and no fields to keep
        del values["keepDatasourceName"], values["refreshFields"]
    return {f"{prefix}.{name}": value for name, value in values.items()}
