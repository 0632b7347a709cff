"""Every way in which the made-up shop departs from what GA4 saw, with how often and why. The one place that says so.

A gap that strikes an order is drawn from a hash of the order's transaction id; `dropped` is spread evenly over time, so
that its share holds on any day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from synth.keyed import Dice


class Kind(StrEnum):
    """The kinds of gap. A value is what the answer key writes."""

    DROPPED = "dropped"
    NEVER_IN_GA4 = "never_in_ga4"
    NO_TRANSACTION_ID = "no_transaction_id"
    SHIPPING_BASIS = "shipping_basis"
    PARTIAL_REFUND = "partial_refund"
    CURRENCY = "currency"
    LATE_DISCOUNT = "late_discount"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    TEST_ORDER = "test_order"
    DAY_BOUNDARY = "day_boundary"
    LATE = "late"
    SECOND_DEVICE = "second_device"
    SHARED_DEVICE = "shared_device"
    NONE = "none"


class Of(StrEnum):
    """What a rate is a share of."""

    ORDERS_WITH_ID = "orders whose purchase has a transaction id"
    PURCHASES = "purchases in GA4"
    EVENING_ORDERS = "orders of the last two hours of a UTC day"
    BUYERS = "browsers that bought"


@dataclass(frozen=True)
class Gap:
    """A kind of gap: its rate, what that is a share of, and what makes it in a real shop."""

    kind: Kind
    rate: float
    of: Of
    why: str


@dataclass(frozen=True)
class Unseen:
    """How orders come about that GA4 never saw: their rate, a share of the purchases that it did see; reasons' weights.

    redirect_payment strikes those who pay by a redirect alone, the other reasons whoever it may be.
    """

    rate: float
    reasons: Mapping[str, float]


AS_USUAL = Unseen(0.05, {"ad_blocker": 0.5, "consent_denied": 0.3, "redirect_payment": 0.2})
# For a search for causes: one that there is to find, as nearly half of the payments by redirect do not come back, and a
# gap of the same size that has none.
CONCENTRATED = Unseen(0.12, {"ad_blocker": 0.2, "consent_denied": 0.1, "redirect_payment": 0.7})
UNIFORM = Unseen(0.12, {"ad_blocker": 0.6, "consent_denied": 0.4})

# The rate of DROPPED is only its default: JOURNEY_GAP_RATE sets it. That a page loses the id is no draw: GA4 tells.
GAPS = (
    Gap(Kind.DROPPED, 0.175, Of.PURCHASES, "the confirmation page counted, the order was never stored"),
    Gap(
        Kind.NEVER_IN_GA4,
        AS_USUAL.rate,
        Of.PURCHASES,
        "the browser sent nothing: ad blocker, no consent, paid elsewhere",
    ),
    Gap(Kind.SHIPPING_BASIS, 0.03, Of.ORDERS_WITH_ID, "the page reports the amount before shipping"),
    Gap(Kind.PARTIAL_REFUND, 0.02, Of.ORDERS_WITH_ID, "a part went back; GA4 is never told"),
    Gap(Kind.CURRENCY, 0.015, Of.ORDERS_WITH_ID, "paid in euro, and the page reported the euro number as dollars"),
    Gap(Kind.LATE_DISCOUNT, 0.02, Of.ORDERS_WITH_ID, "customer service took something off after the page"),
    Gap(Kind.CANCELLED, 0.02, Of.ORDERS_WITH_ID, "the customer cancelled within a day"),
    Gap(Kind.REFUNDED, 0.02, Of.ORDERS_WITH_ID, "everything went back"),
    Gap(Kind.LATE, 0.015, Of.ORDERS_WITH_ID, "a queue was stuck: the order is stored hours to days later"),
    Gap(Kind.DAY_BOUNDARY, 0.15, Of.EVENING_ORDERS, "stored after the midnight that follows the purchase"),
    Gap(Kind.TEST_ORDER, 0.01, Of.BUYERS, "staff who try the checkout of the live shop"),
    Gap(Kind.SECOND_DEVICE, 0.03, Of.BUYERS, "a customer who bought before, on another device"),
    Gap(Kind.SHARED_DEVICE, 0.03, Of.BUYERS, "two people of a household, one browser"),
)
RATES = {gap.kind: gap.rate for gap in GAPS}
ORDER_KINDS = (
    Kind.SHIPPING_BASIS,
    Kind.PARTIAL_REFUND,
    Kind.CURRENCY,
    Kind.LATE_DISCOUNT,
    Kind.CANCELLED,
    Kind.REFUNDED,
    Kind.LATE,
)  # one draw decides among these, so an order has one of them at most
EVENING = timedelta(hours=2)


def strikes(kind: Kind, dice: Dice, key: str) -> bool:
    """Whether a gap with a draw of its own strikes the thing that `key` names."""
    return dice.share(kind, key) < RATES[kind]


def order_gap(dice: Dice, key: str, purchased_at: datetime) -> Kind:
    """The gap of an order that is not dropped, by its purchase's key and time; NONE for most."""
    left = dice.share("order gap", key)
    for kind in ORDER_KINDS:
        left -= RATES[kind]
        if left < 0:
            return kind
    if until_midnight(purchased_at) <= EVENING and strikes(Kind.DAY_BOUNDARY, dice, key):
        return Kind.DAY_BOUNDARY
    return Kind.NONE


def until_midnight(time: datetime) -> timedelta:
    """How long the UTC day of `time` still lasts."""
    return (time + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0) - time


def dropped(dice: Dice, rate: float, count: int, name: str = "dropped") -> list[bool]:
    """Which of `count` orders, in order of time, are dropped; `name` sets draws of one kind of orders apart.

    Of any first n orders rate * n are dropped, give or take one, and so of any day give or take two. Cut the orders
    into runs of 1/rate: each run loses one, at a place of its own. Later orders change nothing about earlier ones.
    """
    decided: list[bool] = []
    taken = 0
    for number in range(1, count + 1):
        run, into = divmod(rate * number, 1)
        due = int(run) + (dice.share(name, int(run)) < into)
        # two runs may fall due on one order: the second waits for the next
        decided.append(due > taken)
        taken += decided[-1]
    return decided
