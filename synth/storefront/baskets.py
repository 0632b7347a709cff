"""What lies in a basket and what an order comes to.

Discounts give unit prices cents. The value keeps them; revenue, prices and line revenues are each rounded to whole
dollars, so the lines of an order do not always add up to it: in the sample they differ in 18% of the orders.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from synth.storefront.calendar import ID_IS_NUMBER_UNTIL
from synth.storefront.catalogue import DISCOUNTS, goods, size_of
from synth.storefront.draws import Choice, Codes, Flags, Keys, Shares, at_share, children, integers, uniform
from synth.storefront.figures import figures
from synth.storefront.visitors import BUYER, CHECKOUT, Visits

SECOND_ORDER = 0.057  # sessions with a purchase that hold another one


@dataclass(frozen=True)
class Lines:
    """Lines of baskets, one position in every array for each, grouped by basket."""

    basket: Codes
    key: Keys
    product: Codes
    size: Codes
    quantity: Codes
    unit_cents: Codes


@dataclass(frozen=True)
class Baskets:
    """Baskets, one position in every array for each, in the order of their sessions.

    Money in cents of the shop's currency unless a name says dollars (whole, rounded half up).
    """

    visit: Codes
    attempt: Codes  # the session's first basket (0) or second (1)
    key: Keys
    is_bought: Flags
    has_id: Flags
    id_told: Flags  # the purchase says its id
    id_number: Codes
    value_cents: Codes
    tax_cents: Codes
    lines: Lines

    @property
    def revenue_dollars(self) -> Codes:
        """What the order brings; nothing when the purchase carries no id."""
        return np.where(self.has_id, dollars(self.value_cents), 0)


def dollars(cents: Codes) -> Codes:
    """Whole dollars, half a dollar up."""
    return (cents + 50) // 100


def baskets(visits: Visits) -> Baskets:
    """The baskets of every session that reaches the checkout."""
    at = np.flatnonzero(visits.depth >= CHECKOUT)  # the robots too: they check out one item
    two = (visits.depth[at] == BUYER) & (uniform(visits.key[at], "second order") < SECOND_ORDER)
    visit = np.repeat(at, 1 + two)
    attempt = np.arange(len(visit)) - np.searchsorted(visit, visit, side="left")
    key = children(visits.key[visit], "basket", attempt)
    lines = _lines(key, visits.depth[visit])
    value = np.zeros(len(visit), dtype=np.int64)
    np.add.at(value, lines.basket, lines.quantity * lines.unit_cents)
    started = visits.started_us[visit]
    has_id = uniform(key, "id") >= _id_missing(started)
    return Baskets(
        visit=visit,
        attempt=attempt,
        key=key,
        is_bought=visits.depth[visit] == BUYER,
        has_id=has_id,
        id_told=has_id,
        id_number=_id_numbers(key),
        value_cents=value,
        tax_cents=_tax(key, value),
        lines=lines,
    )


def spent_before(visits: Visits, orders: Baskets) -> Codes:
    """Whole dollars each session's visitor spent in earlier sessions; `visits` grouped by visitor, in their order."""
    spent = np.zeros(len(visits), dtype=np.int64)
    np.add.at(spent, orders.visit[orders.is_bought], orders.revenue_dollars[orders.is_bought])
    before = np.cumsum(spent) - spent
    starts = np.maximum.accumulate(np.where(visits.turn == 0, np.arange(len(visits)), 0))
    # one in twelve of those who were there before the simulation looks has bought before it does
    old = ~visits.is_first[starts] & (uniform(visits.visitor, "bought before") < 1 / 12)
    earlier = np.where(old, 10 + integers(visits.visitor, "spent before", 120), 0)
    total: Codes = before - before[starts] + earlier
    return total


def _lines(key: Keys, depth: Codes) -> Lines:
    u = uniform(key, "lines")
    bought, left = (1 + at_share(_line_shares(name).cumulative, u) for name in ("purchase", "begin_checkout"))
    count = np.where(depth == BUYER, bought, np.where(depth == CHECKOUT, left, 1))
    basket = np.repeat(np.arange(len(key)), count)
    line = np.arange(len(basket)) - np.searchsorted(basket, basket, side="left")
    line_key = children(key[basket], "line", line)
    product = goods().buy(line_key, "product", ((count == 1) & (depth == BUYER))[basket])
    quantity = 1 + at_share(_quantity_shares().cumulative, uniform(line_key, "quantity"))
    # ten stands for ten and more; dozens are bought of small things only
    quantity = np.where(quantity >= 10, quantity * (1 + integers(line_key, "many", 3)), quantity)
    quantity = np.where(goods().basket_price[product] > 8, np.minimum(quantity, 2), quantity)
    percent = np.array([int(name) for name in DISCOUNTS])[Choice.of(DISCOUNTS).draw(key, "discount")]
    return Lines(
        basket=basket,
        key=line_key,
        product=product,
        size=size_of(product, line_key),
        quantity=quantity,
        unit_cents=goods().basket_price[product] * percent[basket],
    )


def _tax(key: Keys, value_cents: Codes) -> Codes:
    """Tax within the value: none in 9% of the orders, else 4 to 14% of it, cents kept."""
    share = np.where(uniform(key, "tax free") < 0.09, 0.0, 0.04 + 0.1 * uniform(key, "tax"))
    return np.floor(value_cents * share).astype(np.int64)


def _id_missing(at_us: Codes) -> Shares:
    """Share of purchases that carry no id: next to none while ids were numbers."""
    return np.where(at_us < ID_IS_NUMBER_UNTIL, 0.003, 0.045)


def _id_numbers(key: Keys) -> Codes:
    """Ids of seven to ten digits that carry no order in time; the last six are never all zero."""
    digits = np.array([int(name) for name in figures()["transaction_id_length"]])
    length = digits[Choice.of(figures()["transaction_id_length"]).draw(key, "id length")]
    low = 10 ** (length - 1)
    number = low + (uniform(key, "id number") * 9 * low).astype(np.int64)
    numbers: Codes = np.where(number % 1_000_000 == 0, number + 1, number)
    return numbers


@cache
def _line_shares(event: str) -> Choice:
    """By position: one, two, ... different items in a basket."""
    measured: dict[str, float] = figures()["items_len"][event]
    # bought baskets are shown at the checkout too: what is left there holds more single items
    return Choice.of({str(n): measured.get(str(n), 0.0) for n in range(1, 16)})


@cache
def _quantity_shares() -> Choice:
    measured: dict[str, float] = figures()["quantity"]["purchase"]
    return Choice.of({str(n): measured[str(n)] for n in range(1, 11)})
