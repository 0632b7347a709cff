"""What GA4 saw, as the shop is made from it: purchases with their lines, and visitors."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from journey.bigquery import NotFound, Warehouse
from journey.errors import BadInput
from journey.settings import Settings
from synth.ga4_queries import PLACEHOLDERS, ask

CENT = Decimal("0.01")
LOADED_DAYS = "select day from `{table}` where events > 0"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a basket. `weight` is its share of the order's money, in any unit; `price` is one piece's, in USD."""

    item_id: str
    item_name: str
    item_category: str | None
    quantity: int
    price: Decimal
    weight: Decimal


@dataclass(frozen=True, slots=True)
class Purchase:
    """A purchase that GA4 reported, reloads left out. `value` and `tax`: USD, None where the event has none."""

    transaction_id: str | None
    user_pseudo_id: str | None
    purchased_at: datetime
    country: str | None
    value: Decimal | None
    tax: Decimal | None
    lines: tuple[Line, ...] = ()
    cart: tuple[Line, ...] = ()  # where the event lost the id: what that session had taken to the checkout, or its cart

    @property
    def key(self) -> str:
        """The purchase's own name: its id, or who and when where it has none."""
        return self.transaction_id or f"{self.user_pseudo_id}@{micros(self.purchased_at)}"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser, by its user_pseudo_id."""

    user_pseudo_id: str
    first_seen_at: datetime
    country: str | None


@dataclass(frozen=True)
class Seen:
    """Everything read: days that were there, purchases in order of time, visitors in order of their id."""

    days: tuple[date, ...]
    purchases: tuple[Purchase, ...]
    visitors: tuple[Visitor, ...]


def read_seen(settings: Settings, warehouse: Warehouse, now: datetime) -> Seen:
    """Read the days of the window that the source holds (all its days, when no window is set), before `now`.

    Days that the warehouse holds from an earlier run count too: a shop does not lose its older orders because a run
    looks at fewer days.
    Raises: BadInput, when the source has no day of the window, or no purchase in the days read.
    """
    held = warehouse.export_days(settings.ga4_source)
    asked = {day for day in held if settings.window is None or settings.window.start <= day <= settings.window.end}
    within = f"from {settings.window}" if settings.window else "on any day"
    if not asked:
        raise BadInput(
            f"{settings.ga4_source} holds no events_YYYYMMDD table {within}: check GA4_SOURCE, START and END"
        )
    asked |= _loaded_days(warehouse)
    days = {day: table for day, table in held.items() if day in asked}
    found = ask(warehouse, days.values(), micros(now))
    if not found["purchases"]:
        raise BadInput(
            f"{settings.ga4_source} holds no purchase event {within} up to {now:%Y-%m-%d %H:%M} UTC: "
            "there is nothing to make a shop of, give a longer window or a later AS_OF"
        )
    carts = _carts(found["carts"])
    purchases = (_purchase(row, carts) for row in found["purchases"])
    visitors = (
        Visitor(row["user_pseudo_id"], moment(row["first_seen"]), text(row["country"])) for row in found["visitors"]
    )
    return Seen(
        days=tuple(days),
        purchases=tuple(sorted(purchases, key=lambda purchase: (purchase.purchased_at, purchase.key))),
        visitors=tuple(sorted(visitors, key=lambda visitor: visitor.user_pseudo_id)),
    )


def _loaded_days(warehouse: Warehouse) -> set[date]:
    try:
        rows = warehouse.rows(LOADED_DAYS.format(table=f"{warehouse.settings.dataset('raw_ga4')}.export_days"))
    except NotFound:  # nothing was loaded yet
        return set()
    return {row["day"] for row in rows}


type Carts = dict[tuple[str | None, int | None], list[dict[str, Any]]]


def _carts(rows: list[dict[str, Any]]) -> Carts:
    """By session, its add_to_cart and begin_checkout events in order of time."""
    carts: Carts = {}
    for row in sorted(rows, key=lambda row: (row["event_timestamp"], row["event_name"], str(row["items"]))):
        carts.setdefault((row["user_pseudo_id"], row["ga_session_id"]), []).append(row)
    return carts


def _purchase(row: dict[str, Any], carts: Carts) -> Purchase:
    events = carts.get((row["user_pseudo_id"], row["ga_session_id"]), []) if row["transaction_id"] is None else []
    return Purchase(
        transaction_id=row["transaction_id"],
        user_pseudo_id=row["user_pseudo_id"],
        purchased_at=moment(row["event_timestamp"]),
        country=text(row["country"]),
        value=money(row["order_value"]),
        tax=money(row["tax"]),
        lines=tuple(line for item in row["items"] or () if (line := _line(item))),
        cart=_cart([event for event in events if event["event_timestamp"] <= row["event_timestamp"]]),
    )


def _cart(events: list[dict[str, Any]]) -> tuple[Line, ...]:
    """What the last checkout that lists items held; without one, all that was added, an item once.

    An add_to_cart of the sample lists the items around the one that was added, which alone has a quantity.
    """
    taken = {name: [e for e in events if e["event_name"] == name] for name in ("begin_checkout", "add_to_cart")}
    for event in reversed(taken["begin_checkout"]):
        if lines := _summed(event["items"] or ()):
            return lines
    return _summed(item for event in taken["add_to_cart"] for item in event["items"] or () if item["quantity"])


def _summed(items: Iterable[dict[str, Any]]) -> tuple[Line, ...]:
    """The items' lines, those of one item added up."""
    lines: dict[str, Line] = {}
    for line in filter(None, map(_line, items)):
        if before := lines.get(line.item_id):
            line = replace(line, quantity=line.quantity + before.quantity, weight=line.weight + before.weight)
        lines[line.item_id] = line
    return tuple(lines.values())


def _line(item: dict[str, Any]) -> Line | None:
    """A line that names its item; GA4's purchases without an id hold lines of '(not set)'."""
    name = text(item["item_name"])
    item_id = text(item["item_id"]) or name
    if not item_id:
        return None
    quantity = max(item["quantity"] or 1, 1)
    revenue = money(item["item_revenue"])
    price = money(item["price"]) or money((revenue or Decimal(0)) / quantity) or Decimal(0)
    return Line(item_id, name or item_id, text(item["item_category"]), quantity, price, revenue or price * quantity)


def text(value: str | None) -> str | None:
    """The text, or None for one of GA4's placeholders."""
    return None if value is None or value in PLACEHOLDERS else value


def money(value: Decimal | None) -> Decimal | None:
    """An amount to the cent, halves away from zero as BigQuery rounds; never below zero."""
    return None if value is None else max(value, Decimal(0)).quantize(CENT, ROUND_HALF_UP)


def moment(microseconds: int) -> datetime:
    """A GA4 timestamp, microseconds since 1970, as a time in UTC; exact, which a float of seconds is not."""
    return EPOCH + timedelta(microseconds=microseconds)


def micros(time: datetime) -> int:
    """A time as GA4 writes it, microseconds since 1970."""
    return (time - EPOCH) // timedelta(microseconds=1)
