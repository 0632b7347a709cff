"""Small GA4 days for the tests of source B: a few visits and purchases, loaded as Parquet as an export day is."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from google.cloud.bigquery import SchemaField

from journey.bigquery import Warehouse
from journey.ga4_export import EXPORT
from synth.seen import micros

COLUMNS = (
    "event_date",
    "event_timestamp",
    "event_name",
    "event_params",
    "user_pseudo_id",
    "geo",
    "ecommerce",
    "items",
)
TYPES = {"INTEGER": pa.int64(), "INT64": pa.int64(), "FLOAT": pa.float64(), "FLOAT64": pa.float64()}
TEE: dict[str, Any] = {
    "item_id": "1",
    "item_name": "Tee",
    "item_category": "Apparel",
    "quantity": 2,
    "price": 10.0,
    "item_revenue": 20.0,
}
MUG: dict[str, Any] = {
    "item_id": "2",
    "item_name": "Mug",
    "item_category": "(not set)",
    "quantity": 1,
    "price": 7.0,
    "item_revenue": 7.0,
}
Event = dict[str, Any]


def at(text: str) -> datetime:
    """A time in UTC: `2020-11-01 12:00:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def visit(browser: str | None, when: datetime, country: str = "Canada") -> Event:
    """A page view."""
    return _event("page_view", browser, when, country, {"page_title": "Home"})


def purchase(
    browser: str | None,
    when: datetime,
    transaction_id: str | int | None,
    value: float | None = 29.16,
    tax: float | None = 2.16,
    items: Iterable[Event] = (TEE, MUG),
    country: str = "Canada",
    ecommerce: Mapping[str, Any] | None = None,
    session: int | None = None,
) -> Event:
    """A purchase event as the sample has it: whole amounts and numeric ids come as int, what is None is not set."""
    params = {"transaction_id": transaction_id, "value": value, "tax": tax, "ga_session_id": session}
    event = _event("purchase", browser, when, country, params)
    return event | {"items": list(items), "ecommerce": ecommerce or {"transaction_id": "(not set)"}}


def basket_event(name: str, browser: str, when: datetime, session: int, items: Iterable[Event]) -> Event:
    """An add_to_cart or a begin_checkout."""
    return _event(name, browser, when, "Canada", {"ga_session_id": session}) | {"items": list(items)}


def load_days(warehouse: Warehouse, days: Mapping[date, Iterable[Event]], folder: Path, without: str = "") -> None:
    """Make these the days of the test's source, `without` one column where the export has drifted."""
    source = warehouse.settings.ga4_source
    schema = [field for field in EXPORT if field.name in COLUMNS and field.name != without]
    warehouse.client.create_dataset(source, exists_ok=True)
    for day, events in days.items():
        path = folder / f"events_{day:%Y%m%d}.parquet"
        rows = [{name: value for name, value in event.items() if name != without} for event in events]
        pq.write_table(pa.Table.from_pylist(rows, pa.schema([_arrow(field) for field in schema])), path)
        warehouse.load_parquet(path, f"{source}.{path.stem}", schema)


def a_shop(warehouse: Warehouse, folder: Path, days: int = 3, purchases_a_day: int = 20) -> None:
    """Days of buyers, each with a visit before, visitors who only look, a reload and a purchase without an id."""
    load_days(warehouse, {date(2020, 11, n): list(_busy_day(n, purchases_a_day)) for n in range(1, days + 1)}, folder)


def _busy_day(day: int, purchases: int) -> Iterable[Event]:
    start = at(f"2020-11-{day:02d} 00:00:00").timestamp()
    for n in range(purchases):
        when = datetime.fromtimestamp(start + (n + 0.5) * 86_400 / purchases, UTC)
        browser, earlier = f"{day}.{n}", datetime.fromtimestamp(when.timestamp() - 600, UTC)
        yield visit(browser, earlier)
        yield purchase(browser, when, 10**9 + day * 1000 + n if day == 1 else f"{day}{n:08d}", value=20 + n + 0.25)
        if n % 5 == 0:  # the page again, half a minute later
            again = datetime.fromtimestamp(when.timestamp() + 30, UTC)
            yield purchase(browser, again, 10**9 + day * 1000 + n if day == 1 else f"{day}{n:08d}", value=20 + n + 0.25)
    for n in range(50):
        yield visit(f"{day}.9{n}", datetime.fromtimestamp(start + n * 60, UTC), "France")
    nobody = {"item_id": "(not set)", "item_name": "(not set)"}
    yield purchase(f"{day}.950", datetime.fromtimestamp(start + 7200, UTC), None, None, None, [nobody])


def _event(name: str, browser: str | None, when: datetime, country: str, params: Mapping[str, Any]) -> Event:
    return {
        "event_date": f"{when:%Y%m%d}",
        "event_timestamp": micros(when),
        "event_name": name,
        "user_pseudo_id": browser,
        "geo": {"country": country},
        "event_params": [{"key": key, "value": _value(value)} for key, value in params.items() if value is not None],
    }


def _value(value: str | float) -> dict[str, str | float]:
    if isinstance(value, str):
        return {"string_value": value}
    return {"int_value": int(value)} if value == int(value) else {"double_value": value}


def _arrow(field: SchemaField) -> pa.Field:
    kind = (
        pa.struct([_arrow(inner) for inner in field.fields])
        if field.fields
        else TYPES.get(field.field_type, pa.string())
    )
    return pa.field(field.name, pa.list_(kind) if field.mode == "REPEATED" else kind)
