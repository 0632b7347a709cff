"""The shop's made-up goods and pages. Prices are whole dollars; a discount gives them cents that the export hides."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from synth.storefront.draws import Codes, Flags, Keys, Shares, at_share, children, integers, root, uniform
from synth.storefront.figures import figures
from synth.storefront.process import measured

HOST = "https://shop.googlemerchandisestore.com"
LEAST_ORDER = 15  # dollars
_ALONE = 0.14  # lines that are their order's only one
_PAID = 0.87  # paid over price in the basket, in the mean
# Unit price after discount over list price, in percent, with its share of the orders.
DISCOUNTS = {"100": 0.29, "80": 0.49, "72": 0.07, "92": 0.06, "90": 0.05, "85": 0.04}
# The goods are one fixed shop whatever the seed, as a real shop is the same on every day.
_SHOP = 20201101

# Kind, lowest and highest price, whether it comes in sizes.
_KINDS: tuple[tuple[str, str, int, int, bool], ...] = (
    ("Apparel/Mens", "Crew Tee", 18, 28, True),
    ("Apparel/Mens", "Zip Hoodie", 48, 75, True),
    ("Apparel/Mens", "Track Jacket", 55, 120, True),
    ("Apparel/Womens", "V-Neck Tee", 18, 28, True),
    ("Apparel/Womens", "Soft Hoodie", 45, 70, True),
    ("Apparel/Kids", "Toddler Tee", 14, 22, True),
    ("Apparel/Kids", "Onesie", 16, 24, True),
    ("Apparel/Hats", "Cap", 15, 25, False),
    ("Apparel/Socks", "Socks", 8, 15, False),
    ("Bags/Totes", "Canvas Tote", 12, 30, False),
    ("Bags/Backpacks", "Backpack", 45, 110, False),
    ("Drinkware/Mugs", "Mug", 9, 16, False),
    ("Drinkware/Bottles", "Steel Bottle", 18, 40, False),
    ("Drinkware/Bottles", "Tumbler", 14, 28, False),
    ("Office/Notebooks", "Notebook", 6, 18, False),
    ("Office/Writing", "Pen", 1, 4, False),
    ("Office/Writing", "Pencil Set", 3, 9, False),
    ("Office/Desk", "Desk Mat", 12, 35, False),
    ("Accessories/Stickers", "Sticker Sheet", 2, 4, False),
    ("Accessories/Pins", "Enamel Pin", 3, 9, False),
    ("Accessories/Electronics", "Charger", 16, 60, False),
    ("Home/Pets", "Dog Bandana", 8, 20, False),
    ("Home/Plants", "Seed Kit", 6, 14, False),
)
_DESIGNS = (
    "Harbour", "Lighthouse", "Orchard", "Granite", "Meadow", "Copper", "Cedar", "Tidal", "Aurora", "Saffron",
    "Juniper", "Basalt", "Willow", "Ember", "Marble", "Lantern", "Drift", "Clover",
)  # fmt: skip
SIZES = (" XS", " SM", " MD", " LG", " XL", " 2XL", " 3XL")
_SIZE_SHARES = np.cumsum([0.08, 0.16, 0.26, 0.26, 0.15, 0.06, 0.03])
ONE_SIZE = "Single Option Only"
BRANDS = ("Google", "Android", "YouTube", "#IamRemarkable", "Google Cloud", "")
_BRAND_SHARES = np.cumsum([0.85, 0.07, 0.045, 0.016, 0.007, 0.012])


LIST_LENGTH = 12


@dataclass(frozen=True)
class Goods:
    """Products, one position in every array for each, in the order of the lists that show them, twelve a list."""

    names: list[str]
    categories: list[str]  # in lists
    kinds: list[str]  # from the checkout on
    brands: list[str]
    list_ids: list[str]  # the id that lists show
    number: Codes  # the id from checkout on, for the first size; later sizes count on
    price: Codes  # whole dollars, in lists
    basket_price: Codes  # whole dollars before discount, from the checkout on
    has_sizes: Codes
    lists: Shares  # cumulative popularity of lists
    bought: Shares  # cumulative popularity in baskets
    bought_alone: Shares  # the same in baskets of one: nobody orders a single pin

    def browse(self, keys: Keys, what: str) -> Codes:
        """A list somebody looks at, for each key."""
        return at_share(self.lists, uniform(keys, what))

    def buy(self, keys: Keys, what: str, is_alone: Flags) -> Codes:
        """A product somebody puts in the basket, for each key; `is_alone` where nothing else is in it."""
        u = uniform(keys, what)
        return np.where(is_alone, at_share(self.bought_alone, u), at_share(self.bought, u))


@cache
def goods() -> Goods:
    """All products of the shop."""
    made = sorted(
        ((*kind, f"{design} {kind[1]}") for kind in _KINDS for design in _DESIGNS), key=lambda m: (m[2] + m[3], m[5])
    )
    keys = children(root(_SHOP), "product", np.arange(len(made)))
    # lists of like goods; which of them are popular has nothing to do with what they cost
    lists = -(-len(made) // LIST_LENGTH)
    rank = np.argsort(np.argsort(uniform(keys[:lists], "list")))
    seen = _shares_by_rank("view_item", lists, LIST_LENGTH)[rank]
    of_list = np.minimum(np.arange(len(made)) // LIST_LENGTH, lists - 1)
    # cheap goods first in `made`, so prices follow from how often goods are seen up to each
    weight = seen[of_list] / np.bincount(of_list)[of_list]
    price = _price_at(keys, (np.cumsum(weight) - weight / 2) / weight.sum(), "view_item")
    # what is bought is cheaper than what is looked at, in the same order; orders of one item are of the dearer ones
    bought = _shares_by_rank("purchase", len(made), 1)[np.argsort(np.argsort(uniform(keys, "bought")))]
    paid = _price_at(keys, (np.cumsum(bought) - bought / 2) / bought.sum(), "purchase")
    basket_price = np.maximum(1, np.round(paid / _PAID)).astype(np.int64)
    alone = bought * (basket_price >= LEAST_ORDER)
    together = np.maximum(bought / bought.sum() - _ALONE * alone / alone.sum(), 0.2 * bought / bought.sum())
    brands = [BRANDS[at] for at in at_share(_BRAND_SHARES, uniform(keys, "brand"))]
    number = 1_000_000 + integers(keys, "number", 800_000) * 10
    ways = ("Home", "Sale")
    way = integers(keys, "way", len(ways))
    return Goods(
        names=[f"{brand} {kind[5]}".strip() for brand, kind in zip(brands, made, strict=True)],
        categories=[f"{ways[w]}/{kind[0]}/{kind[1]}/" for w, kind in zip(way.tolist(), made, strict=True)],
        kinds=[kind[1] for kind in made],
        brands=brands,
        list_ids=[_list_id(int(n), bool(kind[4])) for n, kind in zip(number, made, strict=True)],
        number=number,
        price=price,
        basket_price=basket_price,
        has_sizes=np.array([int(kind[4]) for kind in made]),
        lists=np.cumsum(seen) / seen.sum(),
        bought=np.cumsum(together) / together.sum(),
        bought_alone=np.cumsum(alone) / alone.sum(),
    )


def _shares_by_rank(event: str, count: int, width: int) -> Shares:
    """Shares of the most popular, the second, ...: from measured shares of the top products, `width` at a time."""
    top = {0: 0.0} | {int(k): v for k, v in figures()["item_popularity"][event].items()}
    tops = np.array([*top, max(count * width, 413)], dtype=np.float64)
    cumulative = np.interp(np.arange(count + 1) * width, tops, [*top.values(), 1.0])
    found: Shares = np.maximum(np.diff(cumulative), 1e-5)
    return found


def _price_at(keys: Keys, share: Shares, event: str) -> Codes:
    """Whole dollars of products by how much of all that is seen or bought is cheaper."""
    prices = figures()["price_shares"]
    at = np.minimum(np.searchsorted(prices[event], share, side="left"), len(prices["dollars"]) - 1)
    top = np.array(prices["dollars"])
    low = np.array([0, *prices["dollars"]])[at]
    found: Codes = low + 1 + (uniform(keys, "price") * (top[at] - low)).astype(np.int64)
    return found


def size_of(products: Codes, keys: Keys) -> Codes:
    """The size chosen, a position in SIZES; -1 for goods without sizes."""
    drawn = at_share(_SIZE_SHARES, uniform(keys, "size"))
    return np.where(goods().has_sizes[products] == 1, drawn, -1)


def _list_id(number: int, has_sizes: bool) -> str:
    return f"JRNYGA{number}{'A' if has_sizes else ''}"[: 14 if has_sizes else 12]


HOME, BASKET, SECOND_HOST, SEARCH, DETAILS, PAYMENT, CONFIRMATION = 0, 1, 2, 12, 17, 21, 35
_FIXED_PAGES = {
    HOME: ("/", "Home | The Shop"),
    BASKET: ("/basket.html", "Shopping Cart"),
    SEARCH: ("/search.html", "Search Results"),
    DETAILS: ("/checkout/details.html", "Checkout Your Information"),
    PAYMENT: ("/checkout/payment.html", "Payment Method"),
    CONFIRMATION: ("/checkout/confirmation.html", "Checkout Confirmation"),
}
_COLLECTIONS = ("", "/new", "/sale", "/gifts", "/campus")
# Ranks beyond the measured hundred: a tenth of the page views on some two thousand pages.
_TAIL_FROM, _TAIL_FALLS = 100, 2.5
_HOME_OVER_MEASURED = 0.8  # the ten days of the page shares lead home more often than the other months do


@dataclass(frozen=True)
class Pages:
    """Addresses and titles, in the order of how often real sessions view the page of that rank."""

    locations: list[str]
    titles: list[str]
    views: dict[str, Shares]  # cumulative share of each page, by what the page view comes with
    home: int
    products: Codes  # pages of products

    def draw(self, context: str, u: Shares) -> Codes:
        """A page for each number in [0, 1)."""
        return at_share(self.views[context], u)


@cache
def pages() -> Pages:
    """All pages of the shop."""
    named = [(f"{HOST}{path}", title) for path, title in _other_pages()]
    for rank, (path, title) in _FIXED_PAGES.items():
        named.insert(rank, (HOST + path, title))
    named.insert(SECOND_HOST, ("https://googlemerchandisestore.com/", "Home | The Shop"))
    ranks = np.arange(1, len(named) + 1)
    tail = np.where(ranks > _TAIL_FROM, ranks**-_TAIL_FALLS, 0.0)
    views = {}
    for context, pairs in measured()["pages"].items():
        share = np.zeros(len(named))
        share[np.array(pairs[::2], dtype=np.int64) - 1] = pairs[1::2]
        for fixed in (SEARCH, DETAILS, PAYMENT, CONFIRMATION):
            share[fixed] = 0.0  # these are loaded where the chain says so
        share[HOME] *= _HOME_OVER_MEASURED
        share += tail / tail.sum() * max(0.0, 1 - float(sum(pairs[1::2]))) * 1.25
        views[context] = np.cumsum(share) / share.sum()
    return Pages(
        locations=[location for location, _ in named],
        titles=[title for _, title in named],
        views=views,
        home=HOME,
        products=np.array([n for n, (location, _) in enumerate(named) if location.count("/") >= 5]),
    )


def _other_pages() -> list[tuple[str, str]]:
    """Sign-in, shelves, then products, in some fixed order."""
    shop = goods()
    shelves = sorted({category.split("/", 1)[1].rsplit("/", 2)[0] for category in shop.categories})
    found = [("/store.html", "Store"), ("/signin.html", "Sign In"), ("/register.html", "Register")]
    found += [
        (f"{collection}/{shelf.lower()}/", f"{shelf.split('/')[1]} | The Shop")
        for collection in _COLLECTIONS
        for shelf in shelves
    ]
    order = np.argsort(uniform(children(root(_SHOP), "page", np.arange(len(shop.names))), "order"))
    for collection in _COLLECTIONS:
        for at in order.tolist():
            slug = shop.names[at].lower().replace(" ", "-").replace("#", "")
            shelf = shop.categories[at].split("/", 1)[1].rsplit("/", 2)[0]
            found.append((f"{collection}/{shelf.lower()}/{slug}", shop.names[at]))
    return found
