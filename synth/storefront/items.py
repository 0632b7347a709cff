"""The items of events and the totals beside them.

Lists show up to twelve items of one shelf under list ids; baskets show what is bought under numbers. A purchase without
an id carries one item of placeholders.
"""

from functools import cache

import numpy as np
import pyarrow as pa

from synth.storefront.arrays import column_type, decimals, filled, lists, same, struct, texts, whole
from synth.storefront.baskets import Baskets, dollars
from synth.storefront.calendar import (
    BASKET_AT_CHECKOUT_FROM,
    ID_IS_NULL_UNTIL,
    ID_IS_NUMBER_UNTIL,
    LISTS_NAMED_UNTIL,
)
from synth.storefront.catalogue import LIST_LENGTH, ONE_SIZE, SIZES, goods
from synth.storefront.draws import Choice, Codes, Flags, Keys, at_share, bits, integers, uniform
from synth.storefront.figures import CODE, EVENTS, figures
from synth.storefront.sessions import Events

NOT_SET = "(not set)"
_LISTS = ("view_item", "add_to_cart", "select_item", "view_item_list")
_PROMOTIONS = ("view_promotion", "select_promotion")
_WITH_QUANTITY = {"view_item": 0.088, "add_to_cart": 0.65, "select_item": 0.09}
_BANNERS = ("Winter Sale", "New Arrivals", "Gift Guide", "Drinkware Week")


def items_and_ecommerce(events: Events, orders: Baskets, order: Codes) -> tuple[pa.Array, pa.Array]:
    """The items and the ecommerce columns; `order` is each event's position in `orders`, -1 without one."""
    length = len(events.event)
    listed_of, listed, listed_quantity = _listed(events)
    banner_of, banners = _banners(events)
    basket_of, bought, bought_quantity = _bought(events, orders, order)
    blank_of = np.flatnonzero((events.event == CODE["purchase"]) & ~_known(orders, order))
    blank = struct(_item(), len(blank_of), _placeholders(len(blank_of)))

    owner = np.concatenate([listed_of, banner_of, basket_of, blank_of])
    sequence = np.argsort(owner, kind="stable")
    items = pa.concat_arrays([listed, banners, bought, blank]).take(pa.array(sequence))
    quantity = np.zeros(length, dtype=np.int64)
    np.add.at(quantity, listed_of, listed_quantity)
    np.add.at(quantity, basket_of, bought_quantity)
    unique = np.bincount(owner, minlength=length)
    return lists(column_type("items"), owner[sequence], length, items), _ecommerce(
        events, orders, order, quantity, unique
    )


def _item() -> pa.DataType:
    return column_type("items").value_type


def _known(orders: Baskets, order: Codes) -> Flags:
    """Whether each event is about an order that has an id."""
    if not len(orders.key):
        return np.zeros(len(order), dtype=bool)
    known: Flags = (order >= 0) & orders.has_id[np.maximum(order, 0)]
    return known


def _placeholders(length: int) -> dict[str, pa.Array]:
    """The text fields of an item before anything is known of it."""
    kind = _item()
    names = [kind.field(n).name for n in range(kind.num_fields) if kind.field(n).type == pa.string()]
    return {name: same(NOT_SET, length) for name in names}


def _listed(events: Events) -> tuple[Codes, pa.Array, Codes]:
    """Items of list events: their events, the items, their quantities (0: none stated)."""
    count = np.zeros(len(events.event), dtype=np.int64)
    for name in _LISTS:
        at = events.event == CODE[name]
        count[at] = _counts(name).draw(events.key[at], "items")
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
    quantity = np.where(acted_on, stated, 0)
    # names of lists are told until 13 December, and hardly ever after
    late = events.at_us >= LISTS_NAMED_UNTIL
    unnamed = (uniform(events.view, "list named") < np.where(late, 0.95, 0.0)).astype(np.int64)
    columns = _placeholders(len(owner)) | {
        "item_id": texts(shop.list_ids, product),
        "item_name": texts(shop.names, product),
        "item_brand": texts(
            [*shop.brands, NOT_SET], np.where(uniform(key, "brand shown") < 0.05, product, len(shop.brands))
        ),
        "item_category": texts(shop.categories, product),
        "item_list_name": texts(
            ["<Other>", NOT_SET], unnamed[owner]
        ),
        "item_list_index": texts(
            [str(n) for n in range(1, 21)], (place * 5 + turn[owner]) % 12
        ),
        "price": decimals(shop.price[product], np.ones(len(owner), dtype=bool)),
        "quantity": whole(quantity, acted_on),
    }
    return owner, struct(_item(), len(owner), columns), quantity


def _banners(events: Events) -> tuple[Codes, pa.Array]:
    at = np.isin(events.event, [CODE[name] for name in _PROMOTIONS])
    share = np.where(events.event == CODE["select_promotion"], 0.92, 0.678)
    owner = np.flatnonzero(at & (uniform(events.key, "banner") < share))
    which = integers(events.view[owner], "banner", len(_BANNERS))
    columns = _placeholders(len(owner)) | {
        "promotion_name": texts(_BANNERS, which),
        "creative_name": texts([f"{name} banner" for name in _BANNERS], which),
        "item_list_index": same("Slide 1", len(owner)),
    }
    return owner, struct(_item(), len(owner), columns)


def _bought(events: Events, orders: Baskets, order: Codes) -> tuple[Codes, pa.Array, Codes]:
    """Items of checkouts and purchases: their events, the items, their quantities."""
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
    paid, always, shop = is_purchase[owner], np.ones(len(owner), dtype=bool), goods()
    revenue = dollars(quantity * cents)
    unnamed = uniform(lines.key[line], "list named") < np.where(paid, 0.49, 0.345)
    columns = _placeholders(len(owner)) | {
        "item_id": pa.array(shop.number[product] + np.maximum(size, 0)).cast(pa.string()),
        "item_name": texts(shop.names, product),
        "item_brand": texts(shop.brands, product),
        "item_variant": texts([*SIZES, ONE_SIZE], np.where(size >= 0, size, len(SIZES))),
        "item_category": texts(shop.kinds, product),
        "item_list_name": texts(["<Other>", NOT_SET], unnamed.astype(np.int64)),
        "price_in_usd": decimals(dollars(cents), paid),
        "price": decimals(dollars(cents), always),
        "quantity": whole(quantity),
        "item_revenue_in_usd": decimals(revenue, paid),
        "item_revenue": decimals(revenue, paid),
    }
    return owner, struct(_item(), len(owner), columns), quantity


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
    placeholder = np.where(is_purchase, ~told & (events.at_us >= ID_IS_NULL_UNTIL), placeholder)
    kept = (orders.id_number[order[told]] % 1_000_000) if told.any() else np.zeros(0, dtype=np.int64)
    parts = [
        (np.flatnonzero(told), pa.array(kept, pa.int64()).cast(pa.string())),
        (np.flatnonzero(placeholder), same(NOT_SET, int(placeholder.sum()))),
    ]
    return filled(len(events.event), parts, pa.string())


def _placeholder_shares() -> list[float]:
    """By event: how often ecommerce.transaction_id is '(not set)', else NULL."""
    on_goods = (*_LISTS, *_PROMOTIONS, "begin_checkout", "add_shipping_info", "add_payment_info")
    return [0.975 if name in on_goods else 0.0 for name in EVENTS]


@cache
def _counts(event: str) -> "_Counts":
    measured: dict[str, float] = figures()["items_per_event"].get(event, {"0": 0.25, "12": 0.75})
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
