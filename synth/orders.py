"""What the shop stored: an order for each purchase, with lines, gap and history; and the orders that GA4 never saw.

Money is in the shop's currency, USD, to the cent. An untouched order's total is the `value` that GA4 reported. A gap
changes amounts, times or states here; that a row is dropped is only noted, so that the answer key knows what is gone.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from synth.customers import HIGHEST_ID, LOWEST_ID, Customers, User, unseen_user
from synth.gaps import AS_USUAL, Kind, Unseen, dropped, order_gap, until_midnight
from synth.keyed import Dice
from synth.seen import CENT, Line, Purchase

PAYMENT_METHODS = {"card": 0.62, "paypal": 0.2, "klarna": 0.07, "gift_card": 0.06, "ideal": 0.05}
REDIRECT_METHODS = {"klarna": 0.6, "ideal": 0.4}
SHIPPING_FEES = tuple(map(Decimal, ("4.99", "6.99", "9.99", "14.99")))
DISCOUNTS = tuple(map(Decimal, ("0.05", "0.10", "0.15", "0.20")))
REFUNDED_PARTS = tuple(map(Decimal, ("0.2", "0.25", "0.4", "0.5", "0.6")))
TAX_RATE = Decimal("0.08")
SHIPPED_SHARE = 0.85
SHELF = 60  # lines lately bought, from which baskets that GA4 did not report are filled
MILLISECOND = timedelta(milliseconds=1)
SOMETHING = Line("9000001", "Gift card", "Gift cards", 1, Decimal("25.00"), Decimal(1))


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A row of shop.order_items, without its order."""

    item_id: str
    item_name: str
    item_category: str | None
    quantity: int
    unit_price: Decimal
    line_total: Decimal


@dataclass(frozen=True, slots=True)
class Amounts:
    """An order's money: total = subtotal - discount + shipping + tax."""

    total: Decimal
    tax: Decimal
    discount: Decimal = Decimal("0.00")
    shipping: Decimal = Decimal("0.00")
    currency: str = "USD"
    exchange_rate: Decimal = Decimal("1.000000")

    @property
    def subtotal(self) -> Decimal:
        """The sum of the lines."""
        return self.total + self.discount - self.shipping - self.tax


@dataclass(frozen=True, slots=True)
class Change:
    """A moment from which the order has this status, and this much of it refunded."""

    at: datetime
    status: str
    refunded: Decimal = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it truly happened, with all its history; `gap` is Kind.NONE for an untouched one."""

    order_id: int
    user: User
    transaction_id: str
    payment_method: str
    amounts: Amounts
    lines: tuple[OrderLine, ...]
    history: tuple[Change, ...]
    gap: Kind
    gap_detail: str | None
    true_total: Decimal  # what GA4's page reported; the order's own total where it reported nothing
    reported: Decimal | None  # what GA4's page reported; None where it reported nothing
    user_pseudo_id: str | None
    purchased_at: datetime | None  # of GA4's purchase event
    has_ga4_id: bool

    @property
    def has_ga4_purchase(self) -> bool:
        """Whether an event of GA4's speaks of it."""
        return self.purchased_at is not None

    @property
    def created_at(self) -> datetime:
        """When the shop stored it."""
        return self.history[0].at

    def as_of(self, now: datetime) -> Change | None:
        """Its status then; None before it was stored."""
        return next((change for change in reversed(self.history) if change.at < now), None)


def make_orders(
    dice: Dice, gap_rate: float, purchases: Sequence[Purchase], customers: Customers, unseen: Unseen = AS_USUAL
) -> list[Order]:
    """The orders of these purchases (in order of time) and those that GA4 never saw; adds the latter's users."""
    with_id = sum(1 for p in purchases if p.transaction_id)
    drops = iter(dropped(dice, gap_rate, with_id))
    drops_without_id = iter(dropped(dice, gap_rate, len(purchases) - with_id, "dropped without id"))
    shelf: deque[Line] = deque([SOMETHING], maxlen=SHELF)
    orders = []
    for purchase in purchases:
        user = customers.buyers[purchase.key]
        shelf.extend(purchase.lines)
        if purchase.transaction_id:
            orders.append(_order(dice, purchase, user, next(drops)))
        else:
            orders.append(_order_without_id(dice, purchase, user, shelf, next(drops_without_id)))
        if not user.is_test and dice.share(Kind.NEVER_IN_GA4, purchase.key) < unseen.rate:
            orders.append(_unseen_order(dice, purchase, user, shelf, customers, unseen))
    return orders


def _order(dice: Dice, purchase: Purchase, user: User, is_dropped: bool) -> Order:
    key = purchase.key
    value = purchase.value or Decimal("0.00")
    plain = Amounts(total=value, tax=min(purchase.tax or Decimal("0.00"), value))
    gap = (
        Kind.DROPPED if is_dropped else Kind.TEST_ORDER if user.is_test else order_gap(dice, key, purchase.purchased_at)
    )
    amounts, detail = _changed(dice, gap, key, plain)
    if gap in (Kind.SHIPPING_BASIS, Kind.LATE_DISCOUNT, Kind.CURRENCY) and amounts.total == plain.total:
        gap, amounts, detail = Kind.NONE, plain, None  # nothing to change on an order of nothing
    delay = _delay(dice, gap, key, purchase.purchased_at)
    if gap == Kind.NONE and delay >= until_midnight(purchase.purchased_at):
        gap = Kind.DAY_BOUNDARY
    if gap in (Kind.LATE, Kind.DAY_BOUNDARY):
        detail = f"{round(delay.total_seconds())} s after the purchase"
    history = _history(dice, gap, key, purchase.purchased_at + delay, amounts.total)
    if gap == Kind.PARTIAL_REFUND:
        detail = f"{history[-1].refunded} refunded"
        if not history[-1].refunded:
            gap, detail = Kind.NONE, None
    return Order(
        order_id=_order_id(dice, key),
        user=user,
        transaction_id=purchase.transaction_id or "",
        payment_method=dice.weighted(PAYMENT_METHODS, "payment", key),
        amounts=amounts,
        lines=priced(purchase.lines or (SOMETHING,), amounts.subtotal),
        history=history,
        gap=gap,
        gap_detail=detail,
        true_total=value,
        reported=purchase.value,
        user_pseudo_id=purchase.user_pseudo_id,
        purchased_at=purchase.purchased_at,
        has_ga4_id=True,
    )


def _order_without_id(dice: Dice, purchase: Purchase, user: User, shelf: Iterable[Line], is_dropped: bool) -> Order:
    """The order of a purchase whose event lost the id, and mostly with it the amount and the items.

    It holds what the event still tells, else what the session had in its cart; where neither tells, it is made up.
    """
    key = purchase.key
    basket = purchase.lines or purchase.cart or _basket(dice, key, shelf)
    delay = min(_delay(dice, Kind.NONE, key), until_midnight(purchase.purchased_at) - MILLISECOND)
    order = _own_order(dice, key, user, basket, purchase.purchased_at + max(delay, MILLISECOND))
    if purchase.value:
        amounts = Amounts(total=purchase.value, tax=min(purchase.tax or Decimal("0.00"), purchase.value))
        lines = priced(basket, amounts.subtotal)
        order = replace(order, amounts=amounts, lines=lines, true_total=amounts.total, reported=purchase.value)
    told = "value" if purchase.value else "items" if purchase.lines else "cart" if purchase.cart else "nothing"
    return replace(
        order,
        gap=Kind.DROPPED if is_dropped else Kind.TEST_ORDER if user.is_test else Kind.NO_TRANSACTION_ID,
        gap_detail=f"{told} left",
        user_pseudo_id=purchase.user_pseudo_id,
        purchased_at=purchase.purchased_at,
    )


def _unseen_order(
    dice: Dice, purchase: Purchase, user: User, shelf: Iterable[Line], customers: Customers, unseen: Unseen
) -> Order:
    """An order that no event speaks of, soon after a purchase that one does speak of and on its day.

    A redirect payment is a known customer's, whose browser never came back to the confirmation page; behind an ad
    blocker or without consent the whole customer is unknown to GA4.
    """
    key = f"unseen {purchase.key}"
    reason = dice.weighted(unseen.reasons, "reason", key)
    # a customer comes back after a while; other people's orders are spread over the day as those that GA4 saw
    longest = timedelta(hours=6) if reason == "redirect_payment" else timedelta(minutes=20)
    # on the same day: an order of a day that the export lacks would prove nothing
    longest = min(longest, until_midnight(purchase.purchased_at))
    ordered_at = purchase.purchased_at + longest * dice.share("ordered", key)
    if reason != "redirect_payment":
        user = unseen_user(dice, key, purchase, ordered_at)
        customers.users.append(user)
    order = _own_order(dice, key, user, _basket(dice, key, shelf), ordered_at)
    methods = REDIRECT_METHODS if reason == "redirect_payment" else PAYMENT_METHODS
    payment = dice.weighted(methods, "payment", key)
    return replace(order, payment_method=payment, gap=Kind.NEVER_IN_GA4, gap_detail=reason)


def _own_order(dice: Dice, key: str, user: User, basket: Sequence[Line], created_at: datetime) -> Order:
    """An order with a transaction id of the shop's own and amounts from its basket."""
    subtotal = sum((line.price * line.quantity for line in basket), Decimal("0.00"))
    tax = (subtotal * TAX_RATE).quantize(CENT, ROUND_HALF_UP)
    amounts = Amounts(total=subtotal + tax, tax=tax)
    return Order(
        order_id=_order_id(dice, key),
        user=user,
        transaction_id=f"S{dice.number('own id', key) % 10**15:015d}",  # GA4's ids are digits only
        payment_method=dice.weighted(PAYMENT_METHODS, "payment", key),
        amounts=amounts,
        lines=priced(basket, subtotal),
        history=_history(dice, Kind.NONE, key, created_at, amounts.total),
        gap=Kind.NONE,
        gap_detail=None,
        true_total=amounts.total,
        reported=None,
        user_pseudo_id=None,
        purchased_at=None,
        has_ga4_id=False,
    )


def _changed(dice: Dice, gap: Kind, key: str, plain: Amounts) -> tuple[Amounts, str | None]:
    """The amounts after a gap that changes them, and how it did."""
    match gap:
        case Kind.SHIPPING_BASIS:
            fee = dice.pick(SHIPPING_FEES, "shipping", key)
            return replace(plain, shipping=fee, total=plain.total + fee), f"{fee} shipping on top"
        case Kind.LATE_DISCOUNT:
            share = dice.pick(DISCOUNTS, "discount", key)
            discount = (plain.subtotal * share).quantize(CENT, ROUND_HALF_UP)
            return replace(plain, discount=discount, total=plain.total - discount), f"{discount} off"
        case Kind.CURRENCY:
            rate = Decimal(dice.whole(1_160_000, 1_230_000, "exchange rate", key)) / 1_000_000  # USD per EUR, late 2020
            total, tax = ((amount * rate).quantize(CENT, ROUND_HALF_UP) for amount in (plain.total, plain.tax))
            rate = rate.quantize(Decimal("0.000001"))
            return Amounts(total, tax, currency="EUR", exchange_rate=rate), f"EUR at {rate}"
    return plain, None


def _delay(dice: Dice, gap: Kind, key: str, purchased_at: datetime | None = None) -> timedelta:
    """From the purchase to the stored order: seconds to minutes, but for late and day-boundary ones."""
    if gap == Kind.LATE:
        return timedelta(seconds=dice.whole(3 * 3600, 60 * 3600, "late", key))
    if gap == Kind.DAY_BOUNDARY and purchased_at:
        return until_midnight(purchased_at) + timedelta(seconds=dice.whole(30, 1200, "after midnight", key))
    return timedelta(seconds=dice.whole(2, 240, "stored", key), milliseconds=dice.whole(0, 999, "stored ms", key))


def _history(dice: Dice, gap: Kind, key: str, created_at: datetime, total: Decimal) -> tuple[Change, ...]:
    """What becomes of an order: pending, paid within minutes, then mostly shipped, or ended as its gap says."""

    def later(low: int, high: int, what: str) -> datetime:
        return created_at + timedelta(seconds=dice.whole(low, high, what, key))

    day = 86400
    history = [Change(created_at, "pending"), Change(later(5, 90, "paid"), "paid")]
    if gap == Kind.CANCELLED:
        return (*history, Change(later(1800, 20 * 3600, "cancelled"), "cancelled"))
    if gap in (Kind.REFUNDED, Kind.PARTIAL_REFUND) or dice.share("is shipped", key) < SHIPPED_SHARE:
        history.append(Change(later(20 * 3600, 4 * day, "shipped"), "shipped"))
    if gap == Kind.REFUNDED:
        history.append(Change(later(5 * day, 20 * day, "refunded"), "refunded", total))
    if gap == Kind.PARTIAL_REFUND:
        part = (total * dice.pick(REFUNDED_PARTS, "refunded part", key)).quantize(CENT, ROUND_HALF_UP)
        if part:
            history.append(Change(later(5 * day, 20 * day, "refunded"), "partially_refunded", part))
    return tuple(history)


def priced(basket: Sequence[Line], subtotal: Decimal) -> tuple[OrderLine, ...]:
    """The basket's lines, the subtotal shared out among them by weight, to the cent: line totals sum to it exactly."""
    weights = [line.weight or line.price * line.quantity for line in basket]
    if not sum(weights):
        weights = [Decimal(1)] * len(basket)
    whole, lines, shared, weight = sum(weights), [], Decimal("0.00"), Decimal(0)
    for line, own in zip(basket, weights, strict=True):
        weight += own
        line_total = (subtotal * weight / whole).quantize(CENT, ROUND_HALF_UP) - shared
        shared += line_total
        unit_price = (line_total / line.quantity).quantize(Decimal("0.0001"), ROUND_HALF_UP)
        lines.append(OrderLine(line.item_id, line.item_name, line.item_category, line.quantity, unit_price, line_total))
    return tuple(lines)


def _basket(dice: Dice, key: str, shelf: Iterable[Line]) -> tuple[Line, ...]:
    """One to four of the lines lately bought, no item twice."""
    lines = {line.item_id: line for line in shelf}
    names = sorted(lines, key=lambda item_id: dice.number("shelf", key, item_id))
    return tuple(lines[name] for name in names[: dice.whole(1, 4, "basket", key)])


def _order_id(dice: Dice, key: str) -> int:
    return dice.whole(LOWEST_ID, HIGHEST_ID, "order", key)
