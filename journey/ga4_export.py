"""The GA4 export's schema: what source A holds, and what raw_ga4.events makes of it.

`EXPORT` has the types of the public sample. A live export types a few columns otherwise, text ids where the sample has
numbers, so the raw table takes the type that holds both without loss.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from google.cloud.bigquery import SchemaField

from journey.bigquery import TableSpec

# Paths into the export and the type that holds the sample's values and those of a live export alike.
RAW_TYPES = {
    "stream_id": "STRING",
    "privacy_info.analytics_storage": "STRING",
    "privacy_info.ads_storage": "STRING",
    "device.vendor_id": "STRING",
    "device.advertising_id": "STRING",
    "device.mobile_os_hardware_model": "STRING",
    "user_properties.key": "STRING",
    "user_properties.value.string_value": "STRING",
    "user_properties.value.float_value": "FLOAT",
    "user_properties.value.double_value": "FLOAT",
}

# A Parquet file without these is not an export of GA4; anything else may come, go or change type and is drift.
CORE_COLUMNS = ("event_date", "event_timestamp", "event_name", "event_params", "user_pseudo_id")


def to_fields(columns: Iterable[Mapping[str, Any]]) -> tuple[SchemaField, ...]:
    """BigQuery's JSON form of a schema as fields, in the same order."""
    return tuple(SchemaField.from_api_repr(dict(column)) for column in columns)


def retyped(fields: Iterable[SchemaField], types: Mapping[str, str], parent: str = "") -> tuple[SchemaField, ...]:
    """The same fields, those whose dotted path is in `types` with the type named there."""
    return tuple(
        SchemaField(
            name=field.name,
            field_type=types.get(parent + field.name, field.field_type),
            mode=field.mode,
            description=field.description,
            fields=retyped(field.fields, types, f"{parent}{field.name}."),
        )
        for field in fields
    )


EXPORT = to_fields(json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8")))

RAW_EVENTS = TableSpec(
    dataset="raw_ga4",
    name="events",
    description="Grain: one exported GA4 event. The export as it came, a day replaced whole, ids as text.",
    schema=(
        *retyped(EXPORT, RAW_TYPES),
        SchemaField(
            "event_day", "DATE", description="UTC day of the events_YYYYMMDD table the row came from; the partition."
        ),
    ),
    partition_by="event_day",
    cluster_by=("event_name",),
)
