"""Source B, made up: a shop's users, orders and order_items that fit the purchases GA4 saw, but for known gaps.

Read the ids through the BigQuery API, make the rows, write them to Parquet, COPY them into PostgreSQL in one
transaction, and write what was truly done to raw_truth. Everything is a function of the seed and of the source.
"""

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from journey.log import get_log
from journey.settings import Settings
from synth.gaps import AS_USUAL, Unseen

if TYPE_CHECKING:
    from synth.seen import Seen

log = get_log("synth")


@dataclass(frozen=True)
class Made:
    """Counts of what was made. Shares are 0..1; `digest` is a SHA-256 over the Parquet files, equal for equal rows."""

    is_made_up: bool = True
    rows: int = 0
    bytes: int = 0
    days: int = 0
    purchases: int = 0
    users: int = 0
    orders: int = 0
    order_items: int = 0
    dropped: int = 0
    dropped_share: float = 0.0
    never_in_ga4: int = 0
    truth_rows: int = 0
    digest: str = ""


def synth(settings: Settings, folder: Path | None = None, unseen: Unseen = AS_USUAL) -> Made:
    """Make the shop as it was at `settings.now`, in place of the one made before.

    folder: where the Parquet files go and stay; None: a temporary folder (TMPDIR), removed at the end.
    unseen: the orders that GA4 never saw.
    Returns: counts; all zero when the backend is the user's own, which is left alone.
    Raises: BadInput, when the source holds no purchase, or the schema is not synth's to replace; TryAgain, when
    PostgreSQL, BigQuery or the disk fails on the way. The shop of before is then kept.
    """
    if settings.backend == "existing":
        log(f"nothing to make: JOURNEY_BACKEND is existing, schema {settings.backend_schema} is the shop's own")
        return Made(is_made_up=False)
    with ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="journey-synth-")))
        return _make(settings, folder, unseen)


def _make(settings: Settings, folder: Path, unseen: Unseen) -> Made:
    from journey.bigquery import Warehouse
    from journey.postgres import connect
    from synth.seen import read_seen
    from synth.shop import check_is_ours, clear_errors

    target = connect()
    try:
        with (
            clear_errors(settings.backend_schema),
            target,
            target.cursor() as run,
        ):  # refused before the long work, and again within the transaction
            check_is_ours(run, settings.backend_schema)
        log(f"reading {settings.ga4_source}, {settings.window or 'every day'}")
        seen = read_seen(settings, Warehouse(settings), settings.now)
        log(f"{len(seen.days)} days: {len(seen.purchases)} purchases, {len(seen.visitors)} visitors")
    finally:
        target.close()
    return make_shop(settings, seen, folder, unseen)


def make_shop(settings: Settings, seen: "Seen", folder: Path, unseen: Unseen = AS_USUAL) -> Made:
    """Make the shop of what GA4 saw, and its answer key; `folder` takes the Parquet files.

    Returns and raises: as synth.
    """
    from journey.bigquery import Warehouse
    from journey.postgres import connect
    from synth.answer_key import SPECS, truth_tables
    from synth.customers import make_customers
    from synth.gaps import Kind
    from synth.keyed import Dice
    from synth.orders import make_orders
    from synth.raw_truth import replace_tables
    from synth.shop import TABLES, replace_shop
    from synth.tables import digest, read_batches, shop_tables, write_tables

    schema, now, dice = settings.backend_schema, settings.now, Dice(settings.seed)
    target = connect()
    try:
        customers = make_customers(dice, seen.purchases, seen.visitors)
        orders = make_orders(dice, settings.gap_rate, seen.purchases, customers, unseen)
        paths = write_tables(shop_tables(customers.users, orders, now) | truth_tables(orders, customers, now), folder)
        rows = replace_shop(target, schema, {name: read_batches(paths[name]) for name in TABLES})
    finally:
        target.close()
    log(f"{rows['users']} users, {rows['orders']} orders, {rows['order_items']} lines in schema {schema}")
    truth_rows = replace_tables(Warehouse(settings), SPECS, paths)

    dropped = sum(order.gap == Kind.DROPPED for order in orders)
    return Made(
        rows=sum(rows.values()),
        bytes=sum(path.stat().st_size for path in paths.values()),
        days=len(seen.days),
        purchases=len(seen.purchases),
        users=rows["users"],
        orders=rows["orders"],
        order_items=rows["order_items"],
        dropped=dropped,
        dropped_share=round(dropped / len(seen.purchases), 4),
        never_in_ga4=sum(order.gap == Kind.NEVER_IN_GA4 for order in orders),
        truth_rows=truth_rows,
        digest=digest(paths.values()),
    )
