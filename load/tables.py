"""raw_backend: the shop's three tables as BigQuery keeps them.

Each holds PostgreSQL's columns under the same names, and three of our own: what the row was (`row_hash`), when it was
found gone (`deleted_at`), when it was written (`loaded_at`).
"""

from dataclasses import dataclass

from google.cloud.bigquery import SchemaField

from journey.bigquery import TableSpec


@dataclass(frozen=True)
class BackendTable:
    """A table of the shop: its columns in PostgreSQL, which of them identify a row, and where it goes."""

    name: str
    key: tuple[str, ...]
    columns: tuple[SchemaField, ...]
    raw: TableSpec

    @property
    def staged(self) -> tuple[SchemaField, ...]:
        """Columns of the staging table: those of PostgreSQL, the hash, and whether the row came with its content."""
        return (*self.columns, ROW_HASH, HAS_CONTENT)


ROW_HASH = SchemaField(
    "row_hash",
    "INT64",
    description="PostgreSQL's 64-bit hash of the row's columns as loaded; another hash is another row content.",
)
HAS_CONTENT = SchemaField(
    "has_content", "BOOL", description="False: only the key and row_hash of the row were sent, the rest is NULL."
)
DELETED_AT = SchemaField(
    "deleted_at", "TIMESTAMP", description="When the row was found gone from PostgreSQL, UTC; NULL while it is there."
)
LOADED_AT = SchemaField("loaded_at", "TIMESTAMP", description="When this state of the row was written, UTC.")


def _number(name: str, description: str) -> SchemaField:
    return SchemaField(name, "INT64", description=description)


def _text(name: str, description: str) -> SchemaField:
    return SchemaField(name, "STRING", description=description)


def _money(name: str, description: str) -> SchemaField:
    return SchemaField(name, "NUMERIC", description=f"{description}, in the shop's currency.")


def _time(name: str, description: str) -> SchemaField:
    return SchemaField(name, "TIMESTAMP", description=f"{description}, UTC, to the microsecond.")


def _table(name: str, grain: str, key: tuple[str, ...], columns: tuple[SchemaField, ...]) -> BackendTable:
    raw = TableSpec(
        dataset="raw_backend",
        name=name,
        description=f"Grain: {grain}. As in PostgreSQL; a row that is gone there stays here, with deleted_at.",
        schema=(*columns, ROW_HASH, DELETED_AT, LOADED_AT),
        cluster_by=key,
    )
    return BackendTable(name=name, key=key, columns=columns, raw=raw)


_UPDATED_AT = _time("updated_at", "When the shop last changed the row; the watermark of the load")
_IS_TEST = SchemaField("is_test", "BOOL", description="True: made by the shop's own staff to try something.")

USERS = _table(
    "users",
    "a registered user of the shop",
    ("user_id",),
    (
        _number("user_id", "The shop's number of the user."),
        _text("full_name", "Name as the user gave it."),
        _text("email", "E-mail address as the user gave it; hashed in staging."),
        _text("country", "Country of the account."),
        _text("user_pseudo_id", "GA4 browser id that the sign-up form captured; NULL where it captured none."),
        _IS_TEST,
        _time("created_at", "When the user signed up"),
        _UPDATED_AT,
    ),
)

ORDERS = _table(
    "orders",
    "an order",
    ("order_id",),
    (
        _number("order_id", "The shop's number of the order."),
        _number("user_id", "The user who ordered."),
        _text("transaction_id", "Id that the confirmation page reports to GA4."),
        _text("status", "pending, paid, shipped, cancelled, refunded or partially_refunded."),
        _text("payment_method", "card, paypal, klarna, ideal or gift_card."),
        _text("currency", "ISO 4217 code of what the customer paid in."),
        SchemaField("exchange_rate", "NUMERIC", description="Shop currency for one unit of `currency`."),
        _money("subtotal", "Sum of the line totals"),
        _money("discount", "Taken off the subtotal"),
        _money("shipping", "Shipping charged"),
        _money("tax", "Tax charged"),
        _money("total", "subtotal - discount + shipping + tax"),
        _money("refunded", "Paid back so far, at most the total"),
        _IS_TEST,
        _time("created_at", "When the order was placed"),
        _UPDATED_AT,
    ),
)

ORDER_ITEMS = _table(
    "order_items",
    "a line of an order",
    ("order_id", "line_number"),
    (
        _number("order_id", "The order the line belongs to."),
        _number("line_number", "Place of the line within its order, from 1."),
        _text("item_id", "The shop's number of the item."),
        _text("item_name", "Name of the item when it was ordered."),
        _text("item_category", "Category of the item; NULL where it has none."),
        _number("quantity", "Pieces ordered."),
        _money("unit_price", "Price of one piece, to a hundredth of a cent"),
        _money("line_total", "Price of the line after its own reductions"),
        _UPDATED_AT,
    ),
)
