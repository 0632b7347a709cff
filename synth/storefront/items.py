"""The items of events and the totals beside them.

Lists show up to twelve items of one shelf under list ids; baskets show what is bought under numbers. A purchase without
an id carries one item of placeholders.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa

from synth.storefront.arrays import column_type, decimals, same, struct, texts, whole
from synth.storefront.baskets import Baskets, dollars
from synth.storefront.calendar import (
    BASKET_AT_CHECKOUT_FROM,
    ID_IS_NULL_UNTIL,
    ID_IS_NUMBER_UNTIL,
    LISTS_NAMED_UNTIL,
    TAGS_CHANGED,
)
from synth.storefront.catalogue import LIST_LENGTH, ONE_SIZE, SIZES, goods
from synth.storefront.draws import Choice, Codes, Flags, Keys, at_share, bits, integers, uniform
from synth.storefront.figures import CODE, EVENTS, figures
from synth.storefront.sessions import Events

NOT_SET = "(not set)"
_LISTS = ("view_item", "add_to_cart", "select_item", "view_item_list")
# Shares of view_item events without items: until the tags changed, until the lists lost their names, and after.
_EMPTY_UNTIL = (TAGS_CHANGED, LISTS_NAMED_UNTIL)
_EMPTY_VIEWS = (0.484, 0.43, 0.264)
_PROMOTIONS = ("view_promotion", "select_promotion")
_WITH_QUANTITY = {"view_item": 0.088, "add_to_cart": 0.65, "select_item": 0.09}
_BANNERS = ("Winter Sale", "New Arrivals", "Gift Guide", "Drinkware Week")


@dataclass(frozen=True)
class _Part:
    """Items of one kind: the events that own them, and of their fields those that are set."""

    owner: Codes  # sorted
    texts: dict[str, tuple[Sequence[str], Codes]]  # a vocabulary, and each item's position in it
    numbers: dict[str, tuple[Codes, Flags | None]]  # values, and where they are set (None: everywhere)


def items_and_ecommerce(events: Events, orders: Baskets, order: Codes) -> tuple[pa.Array, pa.Array]:
    """The items and the ecommerce columns; `order` is each event's position in `orders`, -1 without one."""
    length = len(events.event)
    blank = np.flatnonzero((events.event == CODE["purchase"]) & ~_known(orders, order))
    parts = [_listed(events), _banners(events), _bought(events, orders, order), _Part(blank, {}, {})]
    unique = sum((np.bincount(part.owner, minlength=length) for part in parts), np.zeros(length, dtype=np.int64))
    offsets = np.concatenate([[0], np.cumsum(unique)])
    # an event has items of one kind only
    places = [offsets[part.owner] + _place(part.owner) for part in parts]
    quantity = np.zeros(length, dtype=np.int64)
    for part in parts:
        if "quantity" in part.numbers:
            values, where = part.numbers["quantity"]
            stated = values if where is None else values * where
            quantity += np.bincount(part.owner, weights=stated, minlength=length).astype(np.int64)
    items = struct(_item(), int(offsets[-1]), _columns(parts, places, int(offsets[-1])))
    column = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), items, type=column_type("items"))
    return column, _ecommerce(events, orders, order, quantity, unique)


def _place(owner: Codes) -> Codes:
    """Each item's place within its event."""
    starts = np.diff(owner, prepend=-1) != 0
    at = np.arange(len(owner))
    return at - np.maximum.accumulate(np.where(starts, at, 0)) if len(owner) else at


def _columns(parts: list[_Part], places: list[Codes], total: int) -> dict[str, pa.Array]:
    """The fields of all items; a text that no part sets is a placeholder all over."""
    kind, columns = _item(), {}
    for field in (kind.field(n) for n in range(kind.num_fields)):
        setting = [(part, at) for part, at in zip(parts, places, strict=True) if field.name in part.texts]
        if setting:
            vocabulary, codes = [NOT_SET], np.zeros(total, dtype=np.int32)
            for part, at in setting:
                names, which = part.texts[field.name]
                codes[at] = which + len(vocabulary)
                vocabulary += names
            columns[field.name] = texts(vocabulary, codes)
        elif pa.types.is_dictionary(field.type):
            columns[field.name] = same(NOT_SET, total)
        numbers = [(part, at) for part, at in zip(parts, places, strict=True) if field.name in part.numbers]
        if numbers:
            values, where = np.zeros(total, dtype=np.int64), np.zeros(total, dtype=bool)
            for part, at in numbers:
                stated, is_set = part.numbers[field.name]
                values[at], where[at] = stated, True if is_set is None else is_set
            columns[field.name] = whole(values, where) if field.type == pa.int64() else decimals(values, where)
    return columns


def _item() -> pa.DataType:
    return column_type("items").value_type


def _known(orders: Baskets, order: Codes) -> Flags:
    """Whether each event is about an order that has an id."""
    if not len(orders.key):
        return np.zeros(len(order), dtype=bool)
    known: Flags = (order >= 0) & orders.has_id[np.maximum(order, 0)]
    return known


def _listed(events: Events) -> _Part:
    """Items of list events."""
    count = np.zeros(len(events.event), dtype=np.int64)
    for name in _LISTS:
        at = events.event == CODE[name]
        count[at] = _counts(name).draw(events.key[at], "items")
    # some pages do not say what they show
    looks = events.event == CODE["view_item"]
    row = np.searchsorted(_EMPTY_UNTIL, events.at_us[looks], side="right")
    count[looks] *= uniform(events.key[looks], "shows items") >= np.array(_EMPTY_VIEWS)[row]
    shop = goods()
    which = shop.browse(events.view, "list")
    size = np.minimum(LIST_LENGTH, len(shop.names) - which * LIST_LENGTH)
    count = np.minimum(count, size)
    owner = np.repeat(np.arange(len(count)), count)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    key = bits(events.key[owner] + place.astype(np.uint64), 3)
    turn = integers(events.view, "rotation", LIST_LENGTH)
    product: Codes = (which[owner] * LIST_LENGTH + (turn[owner] + place) % size[owner]).astype(np.int64)

    chance = np.array([_WITH_QUANTITY.get(name, 0.0) for name in EVENTS])[events.event]
    acted_on = (uniform(events.key, "acted on") < chance)[owner] & (
        place == integers(events.key, "which", 12)[owner] % np.maximum(count[owner], 1)
    )
    stated = 1 + at_share(_added().cumulative, uniform(key, "quantity"))
    # names of lists are told until 13 December, and hardly ever after
    late = events.at_us >= LISTS_NAMED_UNTIL
    unnamed = (uniform(events.view, "list named") < np.where(late, 0.95, 0.0)).astype(np.int64)
    return _Part(
        owner,
        {
            "item_id": (shop.list_ids, product),
            "item_name": (shop.names, product),
            "item_brand": (
                [*shop.brands, NOT_SET],
                np.where(uniform(key, "brand shown") < 0.05, product, len(shop.brands)),
            ),
            "item_category": (shop.categories, product),
            "item_list_name": (["<Other>", NOT_SET], unnamed[owner]),
            "item_list_index": ([str(n) for n in range(1, 21)], (place * 5 + turn[owner]) % 12),
        },
        {"price": (shop.price[product], None), "quantity": (stated, acted_on)},
    )


def _banners(events: Events) -> _Part:
    at = np.isin(events.event, [CODE[name] for name in _PROMOTIONS])
    share = np.where(events.event == CODE["select_promotion"], 0.92, 0.678)
    owner = np.flatnonzero(at & (uniform(events.key, "banner") < share))
    which = integers(events.view[owner], "banner", len(_BANNERS))
    return _Part(
        owner,
        {
            "promotion_name": (_BANNERS, which),
            "creative_name": ([f"{name} banner" for name in _BANNERS], which),
            "item_list_index": (["Slide 1"], np.zeros(len(owner), dtype=np.int64)),
        },
        {},
    )


def _bought(events: Events, orders: Baskets, order: Codes) -> _Part:
    """Items of checkouts and purchases."""
    is_purchase = (events.event == CODE["purchase"]) & _known(orders, order)
    is_checkout = (events.event == CODE["begin_checkout"]) & (order >= 0) & (events.at_us >= BASKET_AT_CHECKOUT_FROM)
    shown = np.flatnonzero(is_purchase | is_checkout)
    of_basket = order[shown]
    lines = orders.lines
    first = np.searchsorted(lines.basket, of_basket, side="left")
    count = np.searchsorted(lines.basket, of_basket, side="right") - first
    owner = np.repeat(shown, count)
    line = np.repeat(first, count) + np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    product, size, quantity, cents = lines.product[line], lines.size[line], lines.quantity[line], lines.unit_cents[line]
    paid, shop = is_purchase[owner], goods()
    revenue = dollars(quantity * cents)
    unnamed = uniform(lines.key[line], "list named") < np.where(paid, 0.49, 0.345)
    numbers = shop.number[product] + np.maximum(size, 0)
    ids, which = np.unique(numbers, return_inverse=True)
    return _Part(
        owner,
        {
            "item_id": ([str(number) for number in ids.tolist()], which),
            "item_name": (shop.names, product),
            "item_brand": (shop.brands, product),
            "item_variant": ([*SIZES, ONE_SIZE], np.where(size >= 0, size, len(SIZES))),
            "item_category": (shop.kinds, product),
            "item_list_name": (["<Other>", NOT_SET], unnamed.astype(np.int64)),
        },
        {
            "price_in_usd": (dollars(cents), paid),
            "price": (dollars(cents), None),
            "quantity": (quantity, None),
            "item_revenue_in_usd": (revenue, paid),
            "item_revenue": (revenue, paid),
        },
    )


def _ecommerce(events: Events, orders: Baskets, order: Codes, quantity: Codes, unique: Codes) -> pa.Array:
    """Totals; on purchases the order's money in whole dollars, and of its id what the export keeps."""
    length = len(events.event)
    is_purchase, known = events.event == CODE["purchase"], _known(orders, order)
    paid = is_purchase & known
    at = np.where(paid, order, 0)
    revenue, tax = np.zeros(length, dtype=np.int64), np.zeros(length, dtype=np.int64)
    revenue[paid], tax[paid] = dollars(orders.value_cents[at[paid]]), dollars(orders.tax_cents[at[paid]])
    columns = {
        "total_item_quantity": whole(quantity, quantity > 0),
        "purchase_revenue_in_usd": decimals(revenue, is_purchase),
        "purchase_revenue": decimals(revenue, paid),
        "tax_value_in_usd": decimals(tax, paid),
        "tax_value": decimals(tax, paid),
        "unique_items": whole(unique, unique > 0),
        "transaction_id": _transaction_ids(events, orders, order, paid),
    }
    return struct(column_type("ecommerce"), length, columns)


def _transaction_ids(events: Events, orders: Baskets, order: Codes, paid: Flags) -> pa.Array:
    """The last six digits of a text id without leading zeros; else a placeholder on events of goods, else NULL."""
    about_goods = np.array(_placeholder_shares())[events.event]
    placeholder = uniform(events.key, "id placeholder") < about_goods
    is_purchase = events.event == CODE["purchase"]
    told = paid & (events.at_us >= ID_IS_NUMBER_UNTIL)
    told[told] = orders.id_told[order[told]]
    placeholder = np.where(is_purchase, ~told & (events.at_us >= ID_IS_NULL_UNTIL), placeholder)
    ids = [NOT_SET, *(str(number % 1_000_000) for number in orders.id_number.tolist())]
    return texts(ids, np.where(told, order + 1, 0), told | placeholder)


def _placeholder_shares() -> list[float]:
    """By event: how often ecommerce.transaction_id is '(not set)', else NULL."""
    on_goods = (*_LISTS, *_PROMOTIONS, "begin_checkout", "add_shipping_info", "add_payment_info")
    return [0.975 if name in on_goods else 0.0 for name in EVENTS]


@cache
def _counts(event: str) -> "_Counts":
    measured: dict[str, float] = figures()["items_per_event"].get(event, {"0": 0.25, "12": 0.75})
    if event == "view_item":
        measured = {number: share for number, share in measured.items() if number != "0"}
    return _Counts(Choice.of(measured))


class _Counts:
    """How many items an event lists."""

    def __init__(self, choice: Choice) -> None:
        self.choice, self.numbers = choice, np.array([int(name) for name in choice.names])

    def draw(self, keys: Keys, what: str) -> Codes:
        drawn: Codes = self.numbers[self.choice.draw(keys, what)]
        return drawn


@cache
def _added() -> Choice:
    """By position: one, two, ... units put into the cart."""
    measured: dict[str, float] = figures()["quantity"]["add_to_cart"]
    return Choice.of({str(n): measured[str(n)] for n in range(1, 11)})
