"""Brings days of the GA4 export into raw_ga4.events.

Days are replaced whole, a few in one statement: run twice, or again after a kill, the table is the same. What became
of each day asked for stands in raw_ga4.export_days.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import batched, groupby

from google.cloud.bigquery import SchemaField

from journey.bigquery import TableSpec, Warehouse, clear_errors
from journey.errors import BadInput
from journey.ga4_export import RAW_EVENTS
from journey.log import get_log
from journey.settings import Settings, Window
from load.drift import Drift, select_as

# One MERGE rewrites all its partitions: few large ones beat many small. Ten days are 400,000 events of the sample.
DAYS_AT_ONCE = 10
# GA4 may change an exported day for three days after it, so a run without a window takes the last day and these.
DAYS_THAT_CHANGE = 3

EXPORT_DAYS = TableSpec(
    dataset="raw_ga4",
    name="export_days",
    description="Grain: a UTC day that some load-ga4 run asked for. What the newest such run found.",
    schema=(
        SchemaField("day", "DATE", description="UTC day of the export."),
        SchemaField(
            "status",
            "STRING",
            description="loaded: rows came; empty: the export's table has none; missing: there is no such table.",
        ),
        SchemaField(
            "events", "INT64", description="Rows of the day in raw_ga4.events; a missing day keeps older ones."
        ),
        SchemaField(
            "new_columns", "STRING", mode="REPEATED", description="Columns that raw_ga4.events lacks; not loaded."
        ),
        SchemaField("missing_columns", "STRING", mode="REPEATED", description="Columns that the day lacks; NULL."),
        SchemaField(
            "retyped_columns", "STRING", mode="REPEATED", description="Columns that were cast, as `name FROM->TO`."
        ),
        SchemaField("loaded_at", "TIMESTAMP", description="When that run ended, UTC."),
    ),
)

REPLACE_DAYS = """
merge `{target}` as t
using (
    {days}
) as s
on false
when not matched by source and t.event_day in ({dates}) then delete
when not matched then insert ({columns}) values ({columns})
"""

ONE_DAY = "select {expressions}, date '{day}' as event_day from `{table}` as e"

COUNT_DAYS = "select event_day, count(*) as events from `{target}` where event_day in unnest(@days) group by event_day"

NOTE_DAYS = """
merge `{target}` as t
using (
    select
        date(json_value(d, '$.day')) as day,
        json_value(d, '$.status') as status,
        cast(json_value(d, '$.events') as int64) as events,
        array(select json_value(c) from unnest(json_query_array(d, '$.new')) as c) as new_columns,
        array(select json_value(c) from unnest(json_query_array(d, '$.missing')) as c) as missing_columns,
        array(select json_value(c) from unnest(json_query_array(d, '$.retyped')) as c) as retyped_columns,
        current_timestamp() as loaded_at
    from unnest(json_query_array(@days)) as d
) as s
on t.day = s.day
when matched then update set
    status = s.status, events = s.events, new_columns = s.new_columns, missing_columns = s.missing_columns,
    retyped_columns = s.retyped_columns, loaded_at = s.loaded_at
when not matched then insert (day, status, events, new_columns, missing_columns, retyped_columns, loaded_at)
values (day, status, events, new_columns, missing_columns, retyped_columns, loaded_at)
"""


@dataclass(frozen=True)
class Loaded:
    """Rows and bytes of the days loaded, those days, and what was not as expected (days, columns over all days)."""

    rows: int
    bytes: int
    days: list[date]
    empty_days: list[date]
    missing_days: list[date]
    new_columns: list[str]
    missing_columns: list[str]
    retyped_columns: list[str]


@dataclass(frozen=True)
class Day:
    """A day that the export holds: its table, columns and size."""

    day: date
    table: str
    schema: tuple[SchemaField, ...]
    rows: int
    bytes: int


def load_ga4(settings: Settings) -> Loaded:
    """Replace every day of the window that the source holds.

    Raises: BadInput, when the source holds no day of the window, or a column whose type cannot be kept.
    """
    log = get_log("load-ga4")
    warehouse = Warehouse(settings)
    held = warehouse.export_days(settings.ga4_source)
    asked = [day for day in window_of(settings, held).days() if day <= settings.now.date()]
    days = [_look_at(warehouse, day, held[day]) for day in asked if day in held]
    if not days:
        raise BadInput(
            f"{settings.ga4_source} holds no day of {window_of(settings, held)} as of {settings.now:%Y-%m-%d} "
            f"({_span(held)}): check GA4_SOURCE, START, END and AS_OF"
        )
    missing = [day for day in asked if day not in held]
    log(f"{len(days)} of {len(asked)} days are in {settings.ga4_source}, {sum(day.rows for day in days):,} events")
    warehouse.ensure_table(RAW_EVENTS)
    warehouse.ensure_table(EXPORT_DAYS)
    drifts: dict[date, Drift] = {}
    for batch in _alike(days):
        drifts |= _replace(warehouse, batch)
        log(f"{len(drifts)} of {len(days)} days")
    events = _count(warehouse, asked)
    _note(warehouse, asked, held, events, drifts)
    return Loaded(
        rows=sum(events.get(day.day, 0) for day in days),
        bytes=sum(day.bytes for day in days),
        days=[day.day for day in days],
        empty_days=[day.day for day in days if not day.rows],
        missing_days=missing,
        new_columns=_over_all(drift.new for drift in drifts.values()),
        missing_columns=_over_all(drift.missing for drift in drifts.values()),
        retyped_columns=_over_all(drift.retyped for drift in drifts.values()),
    )


def window_of(settings: Settings, held: dict[date, str]) -> Window:
    """The window asked for, or else the last day the source holds (as of now) and the three before it.

    Raises: BadInput, when no window is given and the source holds no day.
    """
    if settings.window:
        return settings.window
    until = [day for day in held if day <= settings.now.date()]
    if not until:
        raise BadInput(f"{settings.ga4_source} holds no events_YYYYMMDD table: check GA4_SOURCE")
    return Window(max(until) - timedelta(days=DAYS_THAT_CHANGE), max(until))


def _look_at(warehouse: Warehouse, day: date, table_id: str) -> Day:
    with clear_errors():
        table = warehouse.client.get_table(table_id)
    return Day(day, table_id, tuple(table.schema), table.num_rows or 0, table.num_bytes or 0)


def _alike(days: list[Day]) -> Iterator[list[Day]]:
    """Batches of successive days that have the same columns, so that one statement can hold them."""
    for _, same in groupby(days, key=lambda day: day.schema):
        yield from (list(batch) for batch in batched(same, DAYS_AT_ONCE, strict=False))


def _replace(warehouse: Warehouse, days: list[Day]) -> dict[date, Drift]:
    wanted = [column for column in RAW_EVENTS.schema if column.name != "event_day"]
    selection = select_as(days[0].schema, wanted, days[0].table)
    selects = [
        ONE_DAY.format(expressions=", ".join(selection.expressions), day=day.day, table=day.table) for day in days
    ]
    warehouse.execute(
        REPLACE_DAYS.format(
            target=RAW_EVENTS.id(warehouse.settings),
            days="\n    union all\n    ".join(selects),
            dates=", ".join(f"date '{day.day}'" for day in days),
            columns=", ".join((*selection.columns, "event_day")),
        )
    )
    return {day.day: selection.drift for day in days}


def _count(warehouse: Warehouse, days: list[date]) -> dict[date, int]:
    rows = warehouse.rows(COUNT_DAYS.format(target=RAW_EVENTS.id(warehouse.settings)), days=days)
    return {row["event_day"]: row["events"] for row in rows}


def _note(
    warehouse: Warehouse,
    asked: list[date],
    held: dict[date, str],
    events: dict[date, int],
    drifts: dict[date, Drift],
) -> None:
    notes = []
    for day in asked:
        drift = drifts.get(day, Drift())
        status = "missing" if day not in held else "loaded" if events.get(day) else "empty"
        notes.append(
            {
                "day": day.isoformat(),
                "status": status,
                "events": events.get(day, 0),
                "new": drift.new,
                "missing": drift.missing,
                "retyped": drift.retyped,
            }
        )
    warehouse.execute(NOTE_DAYS.format(target=EXPORT_DAYS.id(warehouse.settings)), days=json.dumps(notes))


def _over_all(lists: Iterator[list[str]]) -> list[str]:
    return sorted({name for names in lists for name in names})


def _span(held: dict[date, str]) -> str:
    return f"it holds {len(held)} days from {min(held)} to {max(held)}" if held else "it holds no events_YYYYMMDD table"
