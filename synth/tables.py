"""The made-up rows as Arrow tables and Parquet files: the shop as it was at one moment.

An order that the shop had not stored by then is absent, one refunded later is still paid. Equal rows give equal bytes.
"""

import errno
import shutil
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from journey.errors import BadInput, TryAgain
from synth.customers import User
from synth.gaps import Kind
from synth.orders import Order

MONEY = pa.decimal128(12, 2)
TIME = pa.timestamp("us", tz="UTC")

# The same columns, in the same order, as sql/shop.sql.
USERS = pa.schema(
    [
        pa.field("user_id", pa.int64(), nullable=False),
        pa.field("full_name", pa.string(), nullable=False),
        pa.field("email", pa.string(), nullable=False),
        pa.field("country", pa.string()),
        pa.field("user_pseudo_id", pa.string()),
        pa.field("is_test", pa.bool_(), nullable=False),
        pa.field("created_at", TIME, nullable=False),
        pa.field("updated_at", TIME, nullable=False),
    ]
)
ORDERS = pa.schema(
    [
        pa.field("order_id", pa.int64(), nullable=False),
        pa.field("user_id", pa.int64(), nullable=False),
        pa.field("transaction_id", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("payment_method", pa.string(), nullable=False),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("exchange_rate", pa.decimal128(12, 6), nullable=False),
        *(
            pa.field(name, MONEY, nullable=False)
            for name in ("subtotal", "discount", "shipping", "tax", "total", "refunded")
        ),
        pa.field("is_test", pa.bool_(), nullable=False),
        pa.field("created_at", TIME, nullable=False),
        pa.field("updated_at", TIME, nullable=False),
    ]
)
ORDER_ITEMS = pa.schema(
    [
        pa.field("order_id", pa.int64(), nullable=False),
        pa.field("line_number", pa.int32(), nullable=False),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("item_name", pa.string(), nullable=False),
        pa.field("item_category", pa.string()),
        pa.field("quantity", pa.int32(), nullable=False),
        pa.field("unit_price", pa.decimal128(12, 4), nullable=False),
        pa.field("line_total", MONEY, nullable=False),
        pa.field("updated_at", TIME, nullable=False),
    ]
)


def shop_tables(users: Iterable[User], orders: Iterable[Order], now: datetime) -> dict[str, pa.Table]:
    """users, orders and order_items as PostgreSQL held them at `now`, in order of time; dropped orders left out."""
    stored = sorted((order for order in orders if is_stored(order, now)), key=lambda o: (o.created_at, o.order_id))
    present = sorted(
        (user for user in users if user.created_at < now), key=lambda user: (user.created_at, user.user_id)
    )
    return {
        "users": pa.Table.from_pylist([_user_row(user, now) for user in present], USERS),
        "orders": pa.Table.from_pylist([_order_row(order, now) for order in stored], ORDERS),
        "order_items": pa.Table.from_pylist([row for order in stored for row in _item_rows(order)], ORDER_ITEMS),
    }


def is_stored(order: Order, now: datetime) -> bool:
    """Whether PostgreSQL held the order at `now`."""
    return order.gap != Kind.DROPPED and order.created_at < now


def write_tables(tables: dict[str, pa.Table], folder: Path) -> dict[str, Path]:
    """Write each table to `folder/<name>.parquet`, all of them or none.

    Raises: TryAgain, when the disk is full; BadInput, when the folder cannot be written.
    """
    draft = folder / ".parquet-draft"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(draft, ignore_errors=True)  # of a run that was killed
        draft.mkdir()
        for name, table in tables.items():
            # opened here: Arrow's own files would lose the reason of a failed write
            with (draft / f"{name}.parquet").open("wb") as file:
                pq.write_table(table, file, compression="zstd")
        for name in tables:
            (draft / f"{name}.parquet").replace(folder / f"{name}.parquet")
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise TryAgain(
                f"there is no space for the Parquet files in {folder} ({error.strerror}): "
                "free some, or name another disk with TMPDIR"
            ) from None
        raise BadInput(
            f"the Parquet files cannot be written to {folder} ({error.strerror or error}): "
            "name a folder you may write with TMPDIR"
        ) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return {name: folder / f"{name}.parquet" for name in tables}


def read_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """The rows of a Parquet file, a batch in memory at a time."""
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches()


def digest(paths: Iterable[Path]) -> str:
    """One SHA-256 over the bytes of the files, in this order."""
    total = sha256()
    for path in paths:
        total.update(path.read_bytes())
    return total.hexdigest()


def _user_row(user: User, now: datetime) -> dict[str, Any]:
    row = {name: getattr(user, name) for name in USERS.names}
    if user.updated_at >= now:
        row["updated_at"] = user.created_at
    return row


def _order_row(order: Order, now: datetime) -> dict[str, Any]:
    state, amounts = order.as_of(now), order.amounts
    assert state, "only stored orders have a row"
    return {
        "order_id": order.order_id,
        "user_id": order.user.user_id,
        "transaction_id": order.transaction_id,
        "status": state.status,
        "payment_method": order.payment_method,
        "currency": amounts.currency,
        "exchange_rate": amounts.exchange_rate,
        "subtotal": amounts.subtotal,
        "discount": amounts.discount,
        "shipping": amounts.shipping,
        "tax": amounts.tax,
        "total": amounts.total,
        "refunded": state.refunded,
        "is_test": order.user.is_test,
        "created_at": order.created_at,
        "updated_at": state.at,
    }


def _item_rows(order: Order) -> list[dict[str, Any]]:
    return [
        {
            "order_id": order.order_id,
            "line_number": number,
            "item_id": line.item_id,
            "item_name": line.item_name,
            "item_category": line.item_category,
            "quantity": line.quantity,
            "unit_price": line.unit_price,
            "line_total": line.line_total,
            "updated_at": order.created_at,  # lines do not change
        }
        for number, line in enumerate(order.lines, start=1)
    ]
