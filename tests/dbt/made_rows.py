"""A little shop for the laws: purchases and orders as rows of the raw tables, and a strategy that makes such up."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

FIRST_DAY = datetime(2020, 11, 1, tzinfo=UTC)
LOADED_AT = "2020-12-01T00:00:00+00:00"
DAYS = 3
# Ids that the two sides write alike, write differently, cut short, or that merely look alike.
IDS = ("7000012345", "12345", "ab-1", "AB-1", "0042", "42", "8000012345", " x ", "(not set)", "9")
AMOUNTS = tuple(map(Decimal, ("0", "0.01", "10", "10.4", "19.99", "25")))
BROWSERS = ("ada", "bob", "family", "phone")
ITEMS = ("mug", "cap", "sock")
EXCLUSIONS = ("", "cancelled", "refunded", "test")


@dataclass(frozen=True)
class Purchase:
    """A purchase event of GA4's. `id` is the event param, `short_id` the ecommerce field; `copies`: rows of it."""

    browser: str | None
    second: int
    id: str | None = None
    short_id: str | None = None
    value: Decimal | None = None
    items: tuple[str, ...] = ()
    copies: int = 1

    def rows(self) -> list[dict[str, Any]]:
        """The event as the export has it, with its copies."""
        time = FIRST_DAY + timedelta(seconds=self.second)
        params: list[dict[str, Any]] = [{"key": "ga_session_id", "value": {"int_value": 1}}]
        if self.id is not None:
            params.append({"key": "transaction_id", "value": {"string_value": self.id}})
        if self.value is not None:
            params.append({"key": "value", "value": {"double_value": float(self.value)}})
        row = {
            "event_day": time.date().isoformat(),
            "event_name": "purchase",
            "event_timestamp": (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1),
            "user_pseudo_id": self.browser,
            "event_params": params,
            "ecommerce": {"transaction_id": self.short_id},
            "items": [{"item_id": item, "quantity": 1} for item in self.items],
        }
        return [row] * self.copies


@dataclass(frozen=True)
class Order:
    """An order of the shop's; its number is its place in the list, from 1."""

    user_id: int
    second: int
    id: str | None = None
    total: Decimal = Decimal("10")
    refunded: Decimal = Decimal("0")
    shipping: Decimal = Decimal("0")
    exclusion: str = ""
    items: tuple[str, ...] = ()

    def row(self, order_id: int) -> dict[str, Any]:
        """The order as raw_backend has it."""
        time = (FIRST_DAY + timedelta(seconds=self.second)).isoformat()
        return {
            "order_id": order_id,
            "user_id": self.user_id,
            "transaction_id": self.id,
            "status": self.exclusion if self.exclusion in ("cancelled", "refunded") else "paid",
            "is_test": self.exclusion == "test",
            "exchange_rate": "1",
            "discount": "0",
            "shipping": str(self.shipping),
            "tax": "0",
            "total": str(self.total),
            "refunded": str(min(self.refunded, self.total)),
            "created_at": time,
            "updated_at": time,
            "loaded_at": LOADED_AT,
        }

    def item_rows(self, order_id: int) -> list[dict[str, Any]]:
        """Its lines."""
        return [
            {"order_id": order_id, "line_number": number, "item_id": item, "quantity": 1}
            for number, item in enumerate(self.items, 1)
        ]


@dataclass(frozen=True)
class Shop:
    """What both sides hold. `sign_ups`: the browser that each user's sign-up noted, from user 1; the last is staff."""

    purchases: Sequence[Purchase]
    orders: Sequence[Order]
    sign_ups: Sequence[str | None] = ("ada", "bob", "family", "family", None)
    missing_days: Sequence[date] = field(default=())

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """Rows by raw table."""
        days = [(FIRST_DAY + timedelta(days=number)).date() for number in range(DAYS)]
        return {
            "raw_ga4.events": [row for purchase in self.purchases for row in purchase.rows()],
            "raw_ga4.export_days": [
                {"day": str(day), "status": "missing" if day in self.missing_days else "loaded", "events": 0}
                for day in days
            ],
            "raw_backend.users": [
                {
                    "user_id": number,
                    "user_pseudo_id": browser,
                    "is_test": number == len(self.sign_ups),
                    "created_at": FIRST_DAY.isoformat(),
                    "loaded_at": LOADED_AT,
                }
                for number, browser in enumerate(self.sign_ups, 1)
            ],
            "raw_backend.orders": [order.row(number) for number, order in enumerate(self.orders, 1)],
            "raw_backend.order_items": [
                row for number, order in enumerate(self.orders, 1) for row in order.item_rows(number)
            ],
        }


def shops() -> st.SearchStrategy[Shop]:
    """Small shops full of trouble: few ids, browsers, moments and amounts, so that they meet."""
    # minutes in which a person's purchases and orders come near each other, over a midnight too
    seconds = st.sampled_from([0, 1, 60, 400, 4000, 86_000, 86_399, 86_460, 172_000])
    amounts = st.sampled_from(AMOUNTS)
    items = st.lists(st.sampled_from(ITEMS), max_size=2, unique=True).map(tuple)
    ids = st.none() | st.sampled_from(IDS)
    purchases = st.builds(
        Purchase,
        browser=st.none() | st.sampled_from(BROWSERS),
        second=seconds,
        id=ids,
        short_id=ids,
        value=st.none() | amounts,
        items=items,
        copies=st.integers(1, 2),
    )
    orders = st.builds(
        Order,
        user_id=st.integers(1, 5),
        second=seconds.map(lambda second: second + 30),
        id=ids,
        total=amounts,
        refunded=st.sampled_from(AMOUNTS[:3]),
        shipping=st.sampled_from(AMOUNTS[:3]),
        exclusion=st.sampled_from(EXCLUSIONS),
        items=items,
    )
    return st.builds(
        Shop,
        purchases=st.lists(purchases, min_size=10, max_size=40),
        orders=st.lists(orders, min_size=10, max_size=40),
        sign_ups=st.lists(st.none() | st.sampled_from(BROWSERS), min_size=5, max_size=5),
        missing_days=st.lists(st.sampled_from([date(2020, 11, 1), date(2020, 11, 2)]), max_size=1),
    )
