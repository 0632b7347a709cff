"""The answer key: what truly happened to each order, and whose each browser is: raw_truth, for dbt's evaluation only.

It speaks as of the same moment as the shop does: a refund that comes later is not expected yet.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from journey.bigquery import TableSpec
from synth.customers import Customers
from synth.gaps import Kind
from synth.orders import Order
from synth.raw_truth import column, optional, schema_of
from synth.tables import is_stored

TOLERANCE = Decimal("0.01")  # amounts this near count as equal, as the reconciliation's own tolerance has it
WINDOW = timedelta(hours=1)  # a match without an id is looked for within this time on either side of the purchase
ZERO_VALUE = "zero_value"  # the purchase event lost its amount


TRUE_ORDERS = TableSpec(
    dataset="raw_truth",
    name="orders",
    description="Grain: an order that truly happened, whether PostgreSQL holds it or not. Made by the generator.",
    schema=(
        column("order_id", "INT64", "The order's id; of a dropped order, the one it would have."),
        column("transaction_id", "STRING", "The full transaction id; one of the shop's own where GA4 has none."),
        column("user_id", "INT64", "The user who ordered."),
        optional("user_pseudo_id", "STRING", "The browser of the purchase; NULL where GA4 never saw it."),
        optional("purchased_at", "TIMESTAMP", "Its purchase event in GA4, UTC; NULL where there is none."),
        column("has_ga4_purchase", "BOOL", "GA4 has a purchase event of it."),
        column("has_ga4_id", "BOOL", "That event carries the transaction id."),
        column(
            "is_decidable",
            "BOOL",
            "The event has no id, yet the data can tell that this order is its own: the browser is surely one user's, "
            "who has no other such order within an hour of it, nor another such event.",
        ),
        column(
            "is_candidate",
            "BOOL",
            "GA4 knows no such id, but a purchase event without one, by the same user within an hour, may be its own.",
        ),
        column("is_dropped", "BOOL", "PostgreSQL never got it (JOURNEY_GAP_RATE)."),
        column("gap", "STRING", "What was done to it, a kind of synth/gaps.py; none: nothing."),
        optional(
            "gap_detail",
            "STRING",
            "How: the reason GA4 never saw it, what the event without an id still tells, or the amount, rate or delay.",
        ),
        column(
            "expected_status",
            "STRING",
            "What the data can show: matched, amount_mismatch, missing_in_backend, missing_in_ga4, excluded, or "
            "awaiting while the shop has yet to store it.",
        ),
        optional("expected_reason", "STRING", "Why, where it is more than a plain match."),
        column("true_total", "NUMERIC", "What the page reported, USD; the order's total where it reported nothing."),
        optional(
            "booked_revenue", "NUMERIC", "total - refunded in PostgreSQL, USD; NULL where the order is not there."
        ),
        column("amount_change", "NUMERIC", "booked_revenue - true_total, USD; 0 where the order is not there."),
        column(
            "injected_amount",
            "NUMERIC",
            "What GA4 reports of it less what the shop keeps, USD; a side that is missing or does not count: 0.",
        ),
        column("created_at", "TIMESTAMP", "When the shop stored the order, or would have."),
    ),
    cluster_by=("transaction_id",),
)
TRUE_IDENTITIES = TableSpec(
    dataset="raw_truth",
    name="identities",
    description="Grain: a browser and a user whose it truly is. Made by the generator.",
    schema=(
        column("user_pseudo_id", "STRING", "The browser."),
        column("user_id", "INT64", "The user."),
        column(
            "kind", "STRING", "own; second_device: another browser of the user; shared_device: a second user of it."
        ),
        column(
            "has_evidence",
            "BOOL",
            "The data can show it: PostgreSQL holds an order under GA4's id, or the sign-up noted the browser; "
            "false for staff, whose rows prove nothing.",
        ),
    ),
    cluster_by=("user_pseudo_id",),
)
SPECS = {"true_orders": TRUE_ORDERS, "true_identities": TRUE_IDENTITIES}


def truth_tables(orders: Iterable[Order], customers: Customers, now: datetime) -> dict[str, pa.Table]:
    """The answer key as of `now`: true_orders and true_identities. What begins later has no row yet."""
    happened = [order for order in orders if order.has_ga4_purchase or order.created_at < now]
    happened.sort(key=lambda order: (order.created_at, order.order_id))
    identities = list(_identity_rows(happened, customers, now))
    shown = {(row["user_pseudo_id"], row["user_id"]) for row in identities if row["has_evidence"]}
    told = tell(happened, shown, now)
    return {
        "true_orders": pa.Table.from_pylist(
            [_order_row(order, now, told) for order in happened], schema_of(TRUE_ORDERS)
        ),
        "true_identities": pa.Table.from_pylist(identities, schema_of(TRUE_IDENTITIES)),
    }


@dataclass(frozen=True)
class Told:
    """What person and time alone tell of purchase events without an id, as ids of orders.

    decidable: orders that such an event surely belongs to. candidates: orders that it might belong to.
    """

    decidable: frozenset[int]
    candidates: frozenset[int]


def tell(orders: Iterable[Order], shown: Collection[tuple[str, int]], now: datetime) -> Told:
    """Look for the orders of purchase events without an id, by person and time.

    shown: browsers and users that the data ties together. A browser of several users is surely nobody's.
    """
    owners: dict[str, list[int]] = {}
    for browser, user_id in shown:
        owners.setdefault(browser, []).append(user_id)
    unclaimed: dict[int, list[Order]] = {}  # orders under an id that GA4 does not know, by user
    events: dict[int, list[Order]] = {}  # purchase events without an id, by the user whose browser it surely is
    for order in orders:
        if order.has_ga4_id:
            continue
        if is_stored(order, now):
            unclaimed.setdefault(order.user.user_id, []).append(order)
        if order.user_pseudo_id and len(users := owners.get(order.user_pseudo_id, [])) == 1:
            events.setdefault(users[0], []).append(order)

    def near(event: Order, order: Order) -> bool:
        return event.purchased_at is not None and abs(order.created_at - event.purchased_at) <= WINDOW

    decidable, candidates = set(), set()
    for user_id, own in events.items():
        for event in own:
            around = [order for order in unclaimed.get(user_id, []) if near(event, order)]
            candidates |= {order.order_id for order in around}
            if around == [event] and sum(near(other, event) for other in own) == 1:
                decidable.add(event.order_id)
    return Told(frozenset(decidable), frozenset(candidates))


def expected(order: Order, now: datetime, decidable: Collection[int] = ()) -> tuple[str, str | None]:
    """The status and reason that the data leads to at `now`, when nothing is overlooked."""
    state = order.as_of(now)
    if order.gap == Kind.DROPPED and order.has_ga4_id:
        return "missing_in_backend", order.gap
    if order.gap == Kind.DROPPED:  # nothing tells that it was dropped, and not merely missed
        return "excluded", Kind.NO_TRANSACTION_ID
    if state is None:
        return "awaiting", order.gap if order.gap == Kind.LATE else None
    if order.user.is_test:
        return "excluded", Kind.TEST_ORDER
    if state.status in ("cancelled", "refunded"):
        return "excluded", state.status
    if not order.has_ga4_purchase:
        return "missing_in_ga4", Kind.NEVER_IN_GA4
    if not order.has_ga4_id and order.order_id not in decidable:
        return "missing_in_ga4", Kind.NO_TRANSACTION_ID
    if not order.has_ga4_id and order.reported is None:
        return "amount_mismatch", ZERO_VALUE
    if abs(order.amounts.total - state.refunded - order.true_total) > TOLERANCE:
        return "amount_mismatch", order.gap
    return "matched", order.gap if order.gap in (Kind.LATE, Kind.DAY_BOUNDARY) else None


def _order_row(order: Order, now: datetime, told: Told) -> dict[str, Any]:
    status, reason = expected(order, now, told.decidable)
    state = order.as_of(now) if is_stored(order, now) else None
    booked = order.amounts.total - state.refunded if state else None
    kept = Decimal(0) if booked is None or status == "excluded" else booked
    return {
        "order_id": order.order_id,
        "transaction_id": order.transaction_id,
        "user_id": order.user.user_id,
        "user_pseudo_id": order.user_pseudo_id,
        "purchased_at": order.purchased_at,
        "has_ga4_purchase": order.has_ga4_purchase,
        "has_ga4_id": order.has_ga4_id,
        "is_decidable": order.order_id in told.decidable,
        "is_candidate": order.order_id in told.candidates,
        "is_dropped": order.gap == Kind.DROPPED,
        "gap": str(order.gap),
        "gap_detail": order.gap_detail,
        "expected_status": status,
        "expected_reason": None if reason is None else str(reason),
        "true_total": order.true_total,
        "booked_revenue": booked,
        "amount_change": Decimal(0) if booked is None else booked - order.true_total,
        "injected_amount": (order.reported or Decimal(0)) - kept,
        "created_at": order.created_at,
    }


def _identity_rows(orders: Iterable[Order], customers: Customers, now: datetime) -> Iterable[dict[str, Any]]:
    users = {user.user_id: user for user in customers.users if user.created_at < now}
    shown = {(user.user_pseudo_id, user.user_id) for user in users.values()}
    shown |= {(o.user_pseudo_id, o.user.user_id) for o in orders if o.has_ga4_id and is_stored(o, now)}
    for edge in sorted(customers.edges, key=lambda edge: (edge.user_pseudo_id, edge.user_id)):
        if user := users.get(edge.user_id):
            yield {
                "user_pseudo_id": edge.user_pseudo_id,
                "user_id": edge.user_id,
                "kind": edge.kind,
                "has_evidence": not user.is_test and (edge.user_pseudo_id, edge.user_id) in shown,
            }
