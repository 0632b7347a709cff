"""load-ga4: days of the export in raw_ga4.events, whole, once, whatever the export looks like."""

import os
import signal
import threading
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from google.cloud import bigquery
from google.cloud.bigquery import SchemaField

from journey import services
from journey.bigquery import Warehouse
from journey.errors import BadInput, TryAgain
from journey.ga4_export import EXPORT, RAW_EVENTS
from journey.settings import Settings
from load.drift import ddl_type
from load.ga4 import EXPORT_DAYS, load_ga4

NOV_1, NOV_2, NOV_3 = date(2020, 11, 1), date(2020, 11, 2), date(2020, 11, 3)


def make_day(warehouse: Warehouse, day: date, events: int, schema: tuple[SchemaField, ...] = tuple(EXPORT)) -> None:
    """A day of the source with so many page views; `schema` may differ from the sample's."""
    source = warehouse.settings.ga4_source
    warehouse.client.create_dataset(source, exists_ok=True)
    table = f"{source}.events_{day:%Y%m%d}"
    warehouse.client.delete_table(table, not_found_ok=True)
    warehouse.client.create_table(bigquery.Table(table, schema=list(schema)))
    if events:
        warehouse.execute(
            f"insert into `{table}` (event_date, event_timestamp, event_name, user_pseudo_id) "
            f"select '{day:%Y%m%d}', n, 'page_view', concat('1.', cast(n as string)) "
            f"from unnest(generate_array(1, {events})) as n"
        )


def window(settings: Settings, start: date | None, end: date | None, **more: Any) -> Settings:
    return settings.model_copy(update={"start": start, "end": end, **more})


def events_by_day(warehouse: Warehouse) -> dict[date, int]:
    table = RAW_EVENTS.id(warehouse.settings)
    rows = warehouse.rows(f"select event_day, count(*) as n from `{table}` group by event_day order by event_day")
    return {row["event_day"]: row["n"] for row in rows}


def noted(warehouse: Warehouse) -> dict[date, dict[str, Any]]:
    rows = warehouse.rows(f"select * except (loaded_at) from `{EXPORT_DAYS.id(warehouse.settings)}`")
    return {row["day"]: row for row in rows}


def changed(name: str, kind: str) -> tuple[SchemaField, ...]:
    """The export's schema with one top-level column of another type."""
    return tuple(SchemaField(f.name, kind) if f.name == name else f for f in EXPORT)


def test_a_day_loaded_twice_is_the_same_day(warehouse: Warehouse) -> None:
    make_day(warehouse, NOV_1, 5)
    make_day(warehouse, NOV_2, 3)
    settings = window(warehouse.settings, NOV_1, NOV_2)
    first, again = load_ga4(settings), load_ga4(settings)
    assert again == first
    assert first.rows == 8
    assert events_by_day(warehouse) == {NOV_1: 5, NOV_2: 3}


def test_a_day_is_replaced_whole_and_the_others_are_left_alone(warehouse: Warehouse) -> None:
    make_day(warehouse, NOV_1, 5)
    make_day(warehouse, NOV_2, 3)
    load_ga4(window(warehouse.settings, NOV_1, NOV_2))
    make_day(warehouse, NOV_1, 50)  # GA4 changed both days since; only the second is asked for again
    make_day(warehouse, NOV_2, 2)
    load_ga4(window(warehouse.settings, NOV_2, NOV_2))
    assert events_by_day(warehouse) == {NOV_1: 5, NOV_2: 2}


def test_a_missing_day_is_named_and_keeps_what_an_earlier_load_brought(warehouse: Warehouse) -> None:
    make_day(warehouse, NOV_1, 5)
    make_day(warehouse, NOV_2, 3)
    settings = window(warehouse.settings, NOV_1, NOV_3)
    load_ga4(settings)
    warehouse.client.delete_table(f"{settings.ga4_source}.events_20201101")  # an export of 60 days has expired, say
    loaded = load_ga4(settings)
    assert (loaded.rows, loaded.days, loaded.missing_days) == (3, [NOV_2], [NOV_1, NOV_3])
    assert events_by_day(warehouse) == {NOV_1: 5, NOV_2: 3}
    notes = noted(warehouse)
    assert {day: (note["status"], note["events"]) for day, note in notes.items()} == {
        NOV_1: ("missing", 5),
        NOV_2: ("loaded", 3),
        NOV_3: ("missing", 0),
    }


def test_a_day_without_rows_is_empty_not_missing_and_empties_what_was_there(warehouse: Warehouse) -> None:
    make_day(warehouse, NOV_1, 5)
    make_day(warehouse, NOV_2, 1)
    settings = window(warehouse.settings, NOV_1, NOV_2)
    load_ga4(settings)
    make_day(warehouse, NOV_1, 0)
    loaded = load_ga4(settings)
    assert (loaded.empty_days, loaded.missing_days, loaded.rows) == ([NOV_1], [], 1)
    assert events_by_day(warehouse) == {NOV_2: 1}
    assert noted(warehouse)[NOV_1]["status"] == "empty"


def test_ids_of_live_exports_come_as_text_like_those_of_the_sample(warehouse: Warehouse) -> None:
    make_day(warehouse, NOV_1, 2)
    make_day(warehouse, NOV_2, 2, changed("stream_id", "STRING"))
    source = warehouse.settings.ga4_source
    warehouse.execute(f"update `{source}.events_20201101` set stream_id = 2100450278 where true")
    warehouse.execute(f"update `{source}.events_20201102` set stream_id = 'G-ABC' where true")
    loaded = load_ga4(window(warehouse.settings, NOV_1, NOV_2))
    rows = warehouse.rows(f"select distinct stream_id from `{RAW_EVENTS.id(warehouse.settings)}` order by 1")
    assert [row["stream_id"] for row in rows] == ["2100450278", "G-ABC"]
    assert "stream_id INT64->STRING" in loaded.retyped_columns
    assert not any(name.startswith("stream_id") for name in noted(warehouse)[NOV_2]["retyped_columns"])


def test_a_new_column_is_named_and_a_missing_one_is_null(warehouse: Warehouse) -> None:
    drifted = (*(f for f in EXPORT if f.name != "platform"), SchemaField("is_active_user", "BOOL"))
    make_day(warehouse, NOV_1, 2, drifted)
    loaded = load_ga4(window(warehouse.settings, NOV_1, NOV_1))
    assert (loaded.rows, loaded.new_columns, loaded.missing_columns) == (2, ["is_active_user"], ["platform"])
    [row] = warehouse.rows(f"select distinct platform from `{RAW_EVENTS.id(warehouse.settings)}`")
    assert row["platform"] is None


def test_a_field_gone_from_a_repeated_record_is_null_and_the_order_of_its_elements_stays(warehouse: Warehouse) -> None:
    items = next(field for field in EXPORT if field.name == "items")
    kept = [part for part in items.fields if part.name != "coupon"]
    narrow = SchemaField("items", "RECORD", mode="REPEATED", fields=kept)
    make_day(warehouse, NOV_1, 0, tuple(narrow if field is items else field for field in EXPORT))
    values = {part.name: f"cast(null as {ddl_type(part)})" for part in kept} | {"item_id": "sku"}
    item = ", ".join(f"{value} as {name}" for name, value in values.items())
    warehouse.execute(
        f"insert into `{warehouse.settings.ga4_source}.events_20201101` (event_date, items) "
        f"select '20201101', array(select struct({item}) "
        "from unnest(['c', 'b', 'a']) as sku with offset as at order by at)"
    )
    loaded = load_ga4(window(warehouse.settings, NOV_1, NOV_1))
    assert loaded.missing_columns == ["items.coupon"]
    [row] = warehouse.rows(f"select items from `{RAW_EVENTS.id(warehouse.settings)}`")
    assert [item["item_id"] for item in row["items"]] == ["c", "b", "a"]
    assert {item["coupon"] for item in row["items"]} == {None}


def test_a_type_that_no_cast_keeps_is_refused_and_nothing_is_lost(warehouse: Warehouse) -> None:
    make_day(warehouse, NOV_1, 5)
    settings = window(warehouse.settings, NOV_1, NOV_1)
    load_ga4(settings)
    make_day(warehouse, NOV_1, 7, changed("device", "STRING"))
    with pytest.raises(BadInput, match=r"events_20201101\.device is string"):
        load_ga4(settings)
    assert events_by_day(warehouse) == {NOV_1: 5}


def test_a_window_outside_the_source_is_refused_with_what_the_source_holds(warehouse: Warehouse) -> None:
    make_day(warehouse, NOV_1, 1)
    with pytest.raises(BadInput, match="holds 1 days from 2020-11-01 to 2020-11-01"):
        load_ga4(window(warehouse.settings, date(2019, 1, 1), date(2019, 1, 31)))


def test_without_a_window_the_last_day_and_the_three_before_it_are_loaded(warehouse: Warehouse) -> None:
    for number in range(1, 8):
        make_day(warehouse, date(2020, 11, number), number)
    loaded = load_ga4(window(warehouse.settings, None, None))
    assert loaded.days == [date(2020, 11, number) for number in (4, 5, 6, 7)]


def test_days_after_as_of_do_not_exist(warehouse: Warehouse) -> None:
    make_day(warehouse, NOV_1, 1)
    make_day(warehouse, NOV_2, 1)
    settings = Settings.model_validate(
        {**window(warehouse.settings, NOV_1, NOV_2).model_dump(), "as_of": "2020-11-01T23:00:00Z"}
    )
    loaded = load_ga4(settings)
    assert (loaded.days, loaded.missing_days) == ([NOV_1], [])


def test_an_emulator_killed_in_mid_load_loses_nothing_and_the_next_try_brings_the_day(
    mortal: tuple[Settings, Path],
) -> None:
    settings, state = mortal
    warehouse = Warehouse(settings)
    make_day(warehouse, NOV_1, 5)
    make_day(warehouse, NOV_2, 7)
    load_ga4(window(settings, NOV_1, NOV_1))
    make_day(warehouse, NOV_1, 300_000)  # long enough to be cut in the middle
    emulator = services.status(state)[services.BIGQUERY].pid

    def kill() -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            jobs = [job for job in warehouse.client.list_jobs(max_results=5) if job.state == "RUNNING"]
            if any("merge" in getattr(job, "query", "") for job in jobs):
                break
        os.kill(emulator, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(TryAgain):
        load_ga4(window(settings, NOV_1, NOV_2))
    killer.join()
    os.environ.update(services.up(state, settings.project).environment)
    again = Settings.from_environment()
    assert events_by_day(Warehouse(again)) == {NOV_1: 5}
    load_ga4(window(again, NOV_1, NOV_2))
    assert events_by_day(Warehouse(again)) == {NOV_1: 300_000, NOV_2: 7}
