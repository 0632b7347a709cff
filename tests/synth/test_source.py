"""Source A, filled in the emulator: it equals the days it was filled from, and a bad folder changes nothing."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from journey.bigquery import Warehouse
from journey.errors import BadInput, TryAgain
from journey.settings import Settings
from synth.day_files import name_of
from synth.source import Filled, Making, fill_source

NOV_1, NOV_2, NOV_3 = date(2020, 11, 1), date(2020, 11, 2), date(2020, 11, 3)
SCALE = 0.003


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three made-up days; tests copy it before they change it."""
    folder = tmp_path_factory.mktemp("days")
    fill_source(Settings.model_validate({"start": NOV_1, "end": NOV_3}), None, Making(SCALE, 42), folder)
    return folder


@pytest.fixture
def folder(simulated: Path, tmp_path: Path) -> Path:
    """Three days of the test's own."""
    return Path(shutil.copytree(simulated, tmp_path / "days"))


def window(settings: Settings, start: date, end: date) -> Settings:
    return settings.model_copy(update={"start": start, "end": end})


def held(warehouse: Warehouse) -> dict[date, int]:
    """Days of the source and their rows."""
    days = warehouse.export_days(warehouse.settings.ga4_source)
    return {day: warehouse.rows(f"select count(*) as n from `{table}`")[0]["n"] for day, table in days.items()}


def rows_of(path: Path) -> int:
    count: int = pq.read_metadata(path).num_rows
    return count


def change(path: Path, **columns: pa.Array | None) -> pa.Table:
    """Rewrite a day's file with columns replaced, added, or (None) left out."""
    table = pq.read_table(path)
    for name, values in columns.items():
        if name in table.schema.names:
            table = table.drop_columns([name])
        if values is not None:
            table = table.append_column(name, values)
    pq.write_table(table, path)
    return table


def test_the_source_holds_every_day_of_the_window_made_up(settings: Settings, warehouse: Warehouse) -> None:
    filled = fill_source(window(settings, NOV_1, NOV_3), None, Making(SCALE, 42), None)
    days = held(warehouse)
    assert list(days) == [NOV_1, NOV_2, NOV_3]
    assert (filled.kind, filled.days, filled.rows) == ("simulated", 3, sum(days.values()))
    assert filled.bytes > 0


def test_the_source_equals_the_folder_and_days_it_lacks_are_dropped(
    settings: Settings, warehouse: Warehouse, folder: Path
) -> None:
    fill_source(settings, folder, Making(1, 42), None)
    (folder / name_of(NOV_2)).unlink()
    (folder / "notes.txt").write_text("not a day")
    fill_source(settings, folder, Making(1, 42), None)
    assert held(warehouse) == {day: rows_of(folder / name_of(day)) for day in (NOV_1, NOV_3)}


def test_filling_again_gives_the_same(settings: Settings, warehouse: Warehouse, folder: Path) -> None:
    first = fill_source(settings, folder, Making(1, 42), None)
    days = held(warehouse)
    assert fill_source(settings, folder, Making(1, 42), None) == first
    assert held(warehouse) == days


def test_what_a_file_holds_is_what_the_source_holds(settings: Settings, warehouse: Warehouse, folder: Path) -> None:
    fill_source(settings, folder, Making(1, 42), None)
    sql = f"""
      select e.event_timestamp as at, e.event_name as name, e.user_pseudo_id as browser,
        array_length(e.event_params) as params, array_length(e.items) as items, e.device.web_info.browser as software,
        e.ecommerce.transaction_id as transaction_id
      from `{settings.ga4_source}.events_{NOV_2:%Y%m%d}` as e"""
    file = pq.read_table(folder / name_of(NOV_2)).to_pylist()
    expected = {
        (
            row["event_timestamp"],
            row["event_name"],
            row["user_pseudo_id"],
            len(row["event_params"]),
            len(row["items"]),
            row["device"]["web_info"]["browser"],
            row["ecommerce"]["transaction_id"],
        )
        for row in file
    }
    assert {tuple(row.values()) for row in warehouse.rows(sql)} == expected


def test_a_day_without_rows_is_a_day(settings: Settings, warehouse: Warehouse, folder: Path) -> None:
    path = folder / name_of(NOV_3)
    pq.write_table(pq.read_table(path).slice(0, 0), path)
    fill_source(settings, folder, Making(1, 42), None)
    assert held(warehouse)[NOV_3] == 0


def test_a_file_that_drifted_is_loaded_with_its_own_columns(
    settings: Settings, warehouse: Warehouse, folder: Path
) -> None:
    path = folder / name_of(NOV_2)
    rows = rows_of(path)
    change(
        path,
        stream_id=pa.array(["2100450278"] * rows),
        batch_event_index=pa.array(range(rows)),
        is_active_user=pa.array([True] * rows),
        event_previous_timestamp=None,
    )
    fill_source(settings, folder, Making(1, 42), None)
    table = warehouse.client.get_table(f"{settings.ga4_source}.events_{NOV_2:%Y%m%d}")
    types = {field.name: field.field_type for field in table.schema}
    assert types["stream_id"] == "STRING"
    assert types["batch_event_index"] in {"INTEGER", "INT64"}
    assert types["is_active_user"] in {"BOOLEAN", "BOOL"}
    assert "event_previous_timestamp" not in types
    assert held(warehouse)[NOV_2] == rows


def test_a_file_that_came_back_to_the_samples_columns_replaces_one_that_drifted(
    settings: Settings, warehouse: Warehouse, folder: Path, simulated: Path
) -> None:
    path = folder / name_of(NOV_2)
    change(path, stream_id=pa.array(["2100450278"] * rows_of(path)))
    fill_source(settings, folder, Making(1, 42), None)
    fill_source(settings, simulated, Making(1, 42), None)
    table = warehouse.client.get_table(f"{settings.ga4_source}.events_{NOV_2:%Y%m%d}")
    assert {field.name: field.field_type for field in table.schema}["stream_id"] in {"INTEGER", "INT64"}


def test_real_days_fill_the_source(settings: Settings, warehouse: Warehouse, real_days: Path, tmp_path: Path) -> None:
    path = min(real_days.glob("events_*.parquet"))
    (tmp_path / path.name).symlink_to(path)
    filled = fill_source(settings, tmp_path, Making(1, 42), None)
    assert filled == Filled("folder", 1, rows_of(path), path.stat().st_size)
    assert list(held(warehouse).values()) == [rows_of(path)]


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _text(path: Path) -> None:
    path.write_text("event_date,event_name\n")


def _foreign(path: Path) -> None:
    pq.write_table(pa.table({"order_id": [1], "event_date": ["20201102"]}), path)


def _other_type(path: Path) -> None:
    change(path, event_timestamp=pa.array(["noon"] * rows_of(path)))


def _overwrite(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[200 : len(data) // 2] = bytes(len(data) // 2 - 200)
    path.write_bytes(bytes(data))


DAMAGED = "cut off, damaged or no Parquet"
BAD: dict[str, tuple[Callable[[Path], None], str]] = {
    "cut off": (_cut, DAMAGED),
    "empty": (_empty, DAMAGED),
    "text": (_text, DAMAGED),
    "damaged inside": (_overwrite, DAMAGED),
    "foreign": (_foreign, "is no GA4 export: it lacks event_timestamp, event_name, event_params, user_pseudo_id"),
    "core of another type": (_other_type, "its event_timestamp is STRING, not INTEGER"),
}


@pytest.mark.parametrize("bad", BAD)
def test_one_bad_file_is_named_and_nothing_is_replaced(
    settings: Settings, warehouse: Warehouse, folder: Path, simulated: Path, bad: str
) -> None:
    fill_source(settings, simulated, Making(1, 42), None)
    before = held(warehouse)
    shutil.copy(folder / name_of(NOV_2), folder / name_of(NOV_1))  # a change that must not reach the source
    damage, sentence = BAD[bad]
    damage(folder / name_of(NOV_3))
    with pytest.raises(BadInput) as refused:
        fill_source(settings, folder, Making(1, 42), None)
    assert sentence in str(refused.value)
    assert str(folder / name_of(NOV_3)) in str(refused.value)
    assert held(warehouse) == before


def test_an_emulator_that_is_gone_is_worth_another_try(
    settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synth.source.RETRY", None)
    gone = settings.model_copy(update={"emulator_host": "http://127.0.0.1:9"})
    with pytest.raises(TryAgain, match="does not answer"):
        fill_source(gone, folder, Making(1, 42), None)
