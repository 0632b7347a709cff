"""Who bought: the shop's users, and which browsers are truly whose.

A user is made for each browser that bought, and for a share of the visitors, who registered and may never buy. The
user's id, name and times are drawn from the browser's id, never from its place in a list.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from synth.gaps import Kind, strikes
from synth.keyed import Dice
from synth.seen import Purchase, Visitor

if TYPE_CHECKING:
    from faker import Faker

REGISTERED_SHARE = 0.03  # of all visitors; most shops count a few sign-ups per hundred visitors
CAPTURED_SHARE = 0.35  # sign-ups whose form noted the browser's id
# 16 digits: two of a million users meet with a chance of 1 in 16,000, and JavaScript still reads the number exactly
LOWEST_ID, HIGHEST_ID = 10**15, 9 * 10**15 - 1


@dataclass(frozen=True, slots=True)
class User:
    """A row of shop.users. `user_pseudo_id` is the browser that the sign-up form noted, None where it noted none."""

    user_id: int
    full_name: str
    email: str
    country: str | None
    user_pseudo_id: str | None
    is_test: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Edge:
    """A browser that truly is a user's, and how: own, second_device or shared_device."""

    user_pseudo_id: str
    user_id: int
    kind: str


@dataclass
class Customers:
    """The users with their browsers, and who made each purchase (by the purchase's key)."""

    users: list[User] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    buyers: dict[str, User] = field(default_factory=dict)


def make_customers(dice: Dice, purchases: Iterable[Purchase], visitors: Iterable[Visitor]) -> Customers:
    """Give every purchase, in order of time, its user; add those who only registered."""
    made = Customers()
    registered = {
        v.user_pseudo_id: v for v in visitors if dice.share("registered", v.user_pseudo_id) < REGISTERED_SHARE
    }
    known: dict[str, User] = {}
    housemates: dict[str, User] = {}
    newest: dict[str | None, User] = {}  # per country, who could be the owner of a second device
    for purchase in purchases:
        browser = purchase.user_pseudo_id or f"purchase {purchase.key}"  # without consent an event has no browser id
        if browser not in known:
            visitor = registered.pop(browser, None)
            owner = newest.get(purchase.country)
            if owner and not visitor and strikes(Kind.SECOND_DEVICE, dice, browser):
                known[browser] = owner
                _link(made, purchase.user_pseudo_id, owner, Kind.SECOND_DEVICE)
            else:
                known[browser] = _buyer(dice, browser, purchase, visitor)
                made.users.append(known[browser])
                _link(made, purchase.user_pseudo_id, known[browser], "own")
                if not known[browser].is_test:
                    newest[purchase.country] = known[browser]
                    if purchase.user_pseudo_id and strikes(Kind.SHARED_DEVICE, dice, browser):
                        housemates[browser] = _housemate(dice, browser, purchase)
                        made.users.append(housemates[browser])
                        _link(made, browser, housemates[browser], Kind.SHARED_DEVICE)
        made.buyers[purchase.key] = known[browser]
        mate = housemates.get(browser)
        if mate and purchase.purchased_at > mate.created_at and dice.share("whose turn", purchase.key) < 0.5:
            made.buyers[purchase.key] = mate
    for visitor in registered.values():
        made.users.append(_registered(dice, visitor))
        _link(made, visitor.user_pseudo_id, made.users[-1], "own")
    return made


def unseen_user(dice: Dice, key: str, purchase: Purchase, ordered_at: datetime) -> User:
    """A customer of whom GA4 never saw anything, who signed up just before the order that `key` names.

    purchase: a purchase of that place, before the order.
    """
    waited = (ordered_at - purchase.purchased_at) * dice.share("unseen signed up", key)
    return _user(dice, f"unseen {key}", purchase.country, None, False, ordered_at - waited, ordered_at)


def _buyer(dice: Dice, browser: str, purchase: Purchase, visitor: Visitor | None) -> User:
    """The user of a browser that bought: signed up at the checkout, unless it had registered before."""
    is_test = strikes(Kind.TEST_ORDER, dice, browser)
    if visitor:
        early = _registered(dice, visitor)
        created_at = min(early.created_at, purchase.purchased_at - timedelta(seconds=1))
        return replace(early, created_at=created_at)
    created_at = purchase.purchased_at - timedelta(seconds=dice.whole(20, 1200, "signed up", browser))
    # the checkout writes the address into the row, so the row is no older than the purchase that reveals the user
    return _user(dice, browser, purchase.country, purchase.user_pseudo_id, is_test, created_at, purchase.purchased_at)


def _registered(dice: Dice, visitor: Visitor) -> User:
    browser = visitor.user_pseudo_id
    created_at = visitor.first_seen_at + timedelta(seconds=dice.whole(20, 300, "registered at", browser))
    is_test = strikes(Kind.TEST_ORDER, dice, browser)
    return _user(dice, browser, visitor.country, browser, is_test, created_at, created_at)


def _housemate(dice: Dice, browser: str, purchase: Purchase) -> User:
    """A second person on the browser, whose sign-up form noted the same browser id a while after the first purchase."""
    created_at = purchase.purchased_at + timedelta(seconds=dice.whole(600, 3 * 86400, "housemate joins", browser))
    mate = _user(dice, f"housemate {browser}", purchase.country, browser, False, created_at, created_at)
    return replace(mate, user_pseudo_id=browser)


def _user(
    dice: Dice,
    key: str,
    country: str | None,
    browser: str | None,
    is_test: bool,
    created_at: datetime,
    updated_at: datetime,
) -> User:
    user_id = dice.whole(LOWEST_ID, HIGHEST_ID, "user", key)
    names = _faker()
    names.seed_instance(dice.number("name", key))
    name = names.name()
    # the id in base 36 makes the address unique; example.com and example.net belong to nobody (RFC 2606)
    plain = re.sub("[^a-z.]", "", name.lower().replace(" ", ".")).strip(".")
    host = "test.example.com" if is_test else dice.pick(("example.com", "example.net", "example.org"), "host", key)
    return User(
        user_id=user_id,
        full_name=name,
        email=f"{plain}.{base36(user_id)}@{host}",
        country=country,
        user_pseudo_id=browser if dice.share("captured", key) < CAPTURED_SHARE else None,
        is_test=is_test,
        created_at=created_at,
        updated_at=max(created_at, updated_at),
    )


def _link(made: Customers, browser: str | None, user: User, kind: str) -> None:
    if browser:
        made.edges.append(Edge(browser, user.user_id, str(kind)))


def base36(number: int) -> str:
    """The number in digits and small letters."""
    digits = ""
    while number:
        number, last = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[last] + digits
    return digits or "0"


@cache
def _faker() -> "Faker":
    from faker import Faker

    return Faker("en_US")
