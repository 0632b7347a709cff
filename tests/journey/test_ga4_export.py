"""The export's schema: described in every field, and a raw table that a live export fits into as well."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from google.cloud.bigquery import SchemaField

from journey.ga4_export import CORE_COLUMNS, EXPORT, RAW_EVENTS, RAW_TYPES
from synth.day_files import read_folder


def leaves(fields: Iterable[SchemaField], parent: str = "") -> Iterator[tuple[str, SchemaField]]:
    """Every field with its dotted path, records included."""
    for field in fields:
        yield parent + field.name, field
        yield from leaves(field.fields, f"{parent}{field.name}.")


def kinds(fields: Iterable[SchemaField]) -> dict[str, tuple[str, str]]:
    return {path: (field.field_type, field.mode) for path, field in leaves(fields)}


def test_every_field_says_what_it_is() -> None:
    described = {path: field.description or "" for path, field in leaves(RAW_EVENTS.schema)}
    assert [path for path, text in described.items() if not text.endswith(".")] == []
    assert len(set(described.values())) == len(described)


def test_the_raw_table_is_the_export_with_the_day_and_the_types_of_live_exports() -> None:
    export, raw = kinds(EXPORT), kinds(RAW_EVENTS.schema)
    assert raw.pop("event_day") == ("DATE", "NULLABLE")
    assert list(raw) == list(export)
    changed = {path: raw[path][0] for path in raw if raw[path] != export[path]}
    assert changed == RAW_TYPES
    assert set(CORE_COLUMNS) <= set(export)
    assert not set(CORE_COLUMNS) & set(RAW_TYPES)


def test_real_days_have_the_columns_and_types_of_the_export(real_days: Path, tmp_path: Path) -> None:
    path = min(real_days.glob("events_*.parquet"))
    (tmp_path / path.name).symlink_to(path)
    (day,) = read_folder(tmp_path)
    assert kinds(day.schema) == kinds(EXPORT)
