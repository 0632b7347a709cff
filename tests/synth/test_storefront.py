"""The made-up export: the schema of the real one, its traps, and a function of the seed."""

from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journey.ga4_export import EXPORT
from synth import storefront
from synth.day_files import write_day
from synth.storefront import table as storefront_table
from synth.storefront.arrays import export_schema
from synth.storefront.table import plain
from tests.synth.storefront_rules import broken_rules

NOV_1 = date(2020, 11, 1)


def consecutive(first: date, count: int) -> list[date]:
    return [first + timedelta(days=n) for n in range(count)]


def made(days: list[date], scale: float, seed: int = 42) -> dict[date, pa.Table]:
    return {day: plain(table) for day, table in storefront.days(days, scale, seed)}


def test_a_day_has_the_columns_and_types_of_the_export() -> None:
    table = made([NOV_1], 0.01)[NOV_1]
    assert table.schema == export_schema()
    assert table.schema.names == [field.name for field in EXPORT]
    table.validate(full=True)


def test_a_days_file_has_the_very_schema_of_a_real_one(tmp_path: Path, real_days: Path) -> None:
    write_day(tmp_path, NOV_1, [made([NOV_1], 0.01)[NOV_1]])
    ours, real = (pq.read_schema(folder / "events_20201101.parquet") for folder in (tmp_path, real_days))
    assert ours.equals(real, check_metadata=False)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("first", "again", "other seed")]
    for folder, seed in zip(folders, (7, 7, 8), strict=True):
        folder.mkdir()
        for day, table in storefront.days(consecutive(NOV_1, 3), 0.01, seed):
            write_day(folder, day, [table])
    first, again, other = ([file.read_bytes() for file in sorted(folder.iterdir())] for folder in folders)
    assert first == again
    assert all(ours != theirs for ours, theirs in zip(first, other, strict=True))


def test_a_day_is_the_same_in_whatever_window_and_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = made(consecutive(date(2020, 11, 17), 6), 0.03)
    monkeypatch.setattr(storefront_table, "BATCH", 150)
    narrow = made(consecutive(date(2020, 11, 19), 2), 0.03)
    for day, table in narrow.items():
        assert table.equals(wide[day])


def test_a_day_made_in_parts_has_the_same_rows_and_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    days = consecutive(date(2020, 11, 19), 3)  # over midnights, too

    def rows() -> list[list[str]]:
        made = list(storefront.days_and_truth(days, 0.03, 42))
        events = [row for _, table, _ in made for row in plain(table).to_pylist()]
        people, hidden = ([row for *_, facts in made for row in facts[n][1].to_pylist()] for n in range(2))
        return [sorted(map(repr, found)) for found in (events, people, hidden)]

    whole = rows()
    monkeypatch.setattr(storefront_table, "BATCH", 60)
    monkeypatch.setattr(storefront_table, "PART", 25)
    assert len([day for day, _, _ in storefront.days_and_truth(days, 0.03, 42)]) > 10
    assert rows() == whole


def test_a_smaller_shops_visitors_are_among_a_larger_ones() -> None:
    small, large = (set(made([NOV_1], scale)[NOV_1]["user_pseudo_id"].to_pylist()) for scale in (0.02, 0.1))
    assert small < large


def test_a_shop_too_small_for_visitors_still_has_its_days() -> None:
    tables = made(consecutive(NOV_1, 3), 1e-6)
    assert [table.num_rows for table in tables.values()] == [0, 0, 0]
    assert all(table.schema == export_schema() for table in tables.values())


def test_days_outside_the_measured_months_are_made_too() -> None:
    table = made([date(2023, 2, 28)], 0.02)[date(2023, 2, 28)]
    assert set(table["event_date"].to_pylist()) == {"20230228"}
    assert not broken_rules(table)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32 - 1),
    first=st.dates(date(2020, 10, 20), date(2021, 1, 10)),
    scale=st.sampled_from([0.003, 0.01, 0.03]),
)
def test_every_rule_of_the_export_holds_for_any_seed_and_days(seed: int, first: date, scale: float) -> None:
    table = pa.concat_tables(made(consecutive(first, 3), scale, seed).values())
    assert not broken_rules(table)
