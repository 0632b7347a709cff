"""Sessions become events: what happens, at which microsecond, on which page.

Events of a session that share a timestamp are a bundle: one upload, one page.
"""

from dataclasses import dataclass, fields
from functools import cache
from typing import Self

import numpy as np

from synth.storefront.bundles import ANY_PAGE, SAME_PAGE, TimedBundles, all_bundles
from synth.storefront.catalogue import CONFIRMATION, DETAILS, PAYMENT, SEARCH, pages
from synth.storefront.draws import Codes, Flags, Keys, bits, children, high_share, low_share, uniform
from synth.storefront.engagement import Moments, engagement_msec
from synth.storefront.figures import CODE
from synth.storefront.process import bundle_events, measured
from synth.storefront.referral import CHECKOUT_EVENTS, CONTENT, Views, has_referrer, tells_source
from synth.storefront.scripts import HOME, PRODUCT
from synth.storefront.visitors import BUYER, CHECKOUT, LONGEST_SESSION_US, RESIDUES, Visits

# What Google adds to a session's first event.
OPENING = (CODE["first_visit"], CODE["session_start"])
_CONTEXTS = ("open", "other", "item", "promo", "search", "pay", "ship")
_OPEN, _OTHER, _ITEM, _PROMO, _SEARCH, _PAY, _SHIP = range(7)
# Page views that load the page they are on, and those that go back to an earlier one: sessions before the checkout,
# sessions that reach it; by context.
_STAYS = ((0.0, 0.0), (0.145, 0.167), (0.059, 0.03), (0.1, 0.06), (0.226, 0.228), (0.267, 0.267), (0.366, 0.366))
_GOES_BACK = ((0.0, 0.0), (0.12, 0.17), (0.1, 0.2), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0))


@dataclass(frozen=True)
class Events:
    """Events in the order of their session and time, one position in every array for each."""

    visit: Codes  # position of the session
    key: Keys
    event: Codes
    at_us: Codes
    bundle: Keys  # one key for all events of a visitor at a time
    view: Keys  # one key for all events between two page loads
    view_number: Codes  # 0 on the page the session opened with
    page: Codes
    page_before: Codes  # page of the view before, -1 on the first
    attempt: Codes
    has_referrer: Flags  # the page has
    tells_source: Flags
    engaged_msec: Codes  # engagement_time_msec, 0 without
    looked_msec: Codes  # the session's engagement so far, the whole upload's with it

    def take(self, at: Codes | Flags | slice) -> Self:
        """The events at these positions."""
        return type(self)(**{field.name: getattr(self, field.name)[at] for field in fields(self)})


def events_of(visits: Visits) -> Events:
    """Everything that happens in these sessions, as far as the shop's tags told."""
    bundles = all_bundles(visits)
    visit, code = bundles.visit, bundles.code
    starts = np.diff(visit, prepend=-1) > 0
    number = np.arange(len(visit)) - _since(starts)
    key = children(visits.key[visit], "bundle", number)
    wait = np.where(starts, 0, np.maximum(1, (bundles.seconds * 1e6 / RESIDUES).astype(np.int64)) * RESIDUES)
    at_us = visits.started_us[visit] + _elapsed(wait, visit, starts)

    holds, sizes = bundle_events()
    view_starts = starts | holds[code, CODE["page_view"]]
    view_at = np.cumsum(view_starts) - 1
    view_number = view_at - view_at[_since(starts)]
    view = children(visits.key[visit], "view", view_number)
    page, page_before = _pages(visits, bundles, view, view_starts, view_number)

    size = sizes[code]
    of = np.repeat(np.arange(len(code)), size)
    which = np.arange(len(of)) - np.repeat(np.cumsum(size) - size, size)
    event = _event_table()[code[of], which]
    event_key = bits(key[of] + which.astype(np.uint64), 0)
    moments = Moments(
        visit=visit[of],
        event=event,
        at_us=at_us[of],
        key=event_key,
        started_us=visits.started_us[visit[of]],
        depth=visits.depth[visit[of]],
        loads_page=view_starts[of],
        scrolled=(holds[code, CODE["scroll"]] & holds[code, CODE["user_engagement"]])[of],
    )
    views = _views(visits, bundles, at_us, view, view_starts, view_number)
    referred = has_referrer(visits, views)[view_at]
    opening = holds[:, CODE["first_visit"]].astype(np.int64) + holds[:, CODE["session_start"]]
    tells = tells_source(event, at_us[of], view_number[of], event_key, ((sizes - opening)[code] == 1)[of])
    again = bundles.page[of] == SAME_PAGE  # a view that is told twice names its source once
    engaged = engagement_msec(moments)
    looked = np.cumsum(engaged)
    opens = _since(np.diff(moments.visit, prepend=-1) > 0)
    return Events(
        visit=moments.visit,
        key=event_key,
        event=event,
        at_us=at_us[of],
        bundle=children(visits.visitor[visit], "bundle", at_us)[of],
        view=view[of],
        view_number=view_number[of],
        page=page[of],
        page_before=page_before[of],
        attempt=bundles.attempt[of],
        has_referrer=referred[of],
        tells_source=tells & referred[of] & ~again & ~np.isin(event, OPENING),
        engaged_msec=engaged,
        looked_msec=looked[(np.cumsum(size) - 1)[of]] - (looked - engaged)[opens],
    )


def _views(
    visits: Visits, bundles: TimedBundles, at_us: Codes, view: Keys, view_starts: Flags, view_number: Codes
) -> Views:
    """The views that these bundles make."""
    holds, _ = bundle_events()
    at = np.flatnonzero(view_starts)

    def held(name: str) -> Flags:
        found: Flags = np.logical_or.reduceat(holds[bundles.code, CODE[name]], at) if len(at) else view_starts
        return found

    return Views(
        visit=bundles.visit[at],
        key=view[at],
        at_us=at_us[at],
        number=view_number[at],
        loads_page=holds[bundles.code[at], CODE["page_view"]],
        content=tuple(held(name) for name in CONTENT),
        checkout=tuple(held(name) for name in CHECKOUT_EVENTS),
    )


@cache
def _event_table() -> Codes:
    """For each bundle its events in their order, -1 beyond."""
    holds, sizes = bundle_events()
    table = np.full((len(holds), int(sizes.max())), -1, dtype=np.int64)
    for code, held in enumerate(holds):
        found = np.flatnonzero(held)
        table[code, : len(found)] = found
    return table


def _elapsed(wait: Codes, visit: Codes, starts: Flags) -> Codes:
    """Microseconds since the session's start; sessions that would last too long are shortened."""
    total = np.bincount(visit, weights=wait) if len(visit) else np.zeros(0)
    share = np.minimum(1.0, LONGEST_SESSION_US / 2 / np.maximum(total, 1))[visit]
    shortened = np.maximum(1, (wait * share).astype(np.int64) // RESIDUES) * RESIDUES
    summed = np.cumsum(np.where((wait > 0) & (share < 1), shortened, wait))
    elapsed: Codes = summed - summed[_since(starts)]
    return elapsed


@cache
def _contexts() -> Codes:
    """For each bundle what kind of page its page view loads."""
    found = []
    for code in measured()["codes"]:
        names = code.split("+")
        if "add_payment_info" in names:
            found.append(_PAY)
        elif "add_shipping_info" in names:
            found.append(_SHIP)
        elif "view_search_results" in names:
            found.append(_SEARCH)
        elif "view_item" in names or "select_item" in names:
            found.append(_ITEM)
        else:
            found.append(_PROMO if "view_promotion" in names else _OTHER)
    return np.array(found)


def _pages(
    visits: Visits, bundles: TimedBundles, view: Keys, view_starts: Flags, view_number: Codes
) -> tuple[Codes, Codes]:
    """Page of every bundle and of the view before it."""
    at = np.flatnonzero(view_starts)
    if not len(at):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    key, number, scripted = view[at], view_number[at], bundles.page[at]
    holds, _ = bundle_events()
    context = np.where(number == 0, _OPEN, _contexts()[bundles.code[at]])
    deep = np.isin(visits.depth[bundles.visit[at]], (CHECKOUT, BUYER)).astype(np.int64)
    site = pages()
    drawn = bits(key, 1)
    page = np.zeros(len(at), dtype=np.int64)
    for kind, name in enumerate(_CONTEXTS[:4]):
        of_kind = context == kind
        page[of_kind] = site.draw(name, low_share(drawn[of_kind]))
    page = np.where(context == _SEARCH, SEARCH, np.where(context == _PAY, PAYMENT, page))
    asks_address = np.logical_or.reduceat(holds[bundles.code, CODE["add_shipping_info"]], at)
    buys = np.logical_or.reduceat(holds[bundles.code, CODE["purchase"]], at)
    page = np.where(asks_address & (context != _PAY), DETAILS, page)
    page = np.where(buys & (context != _PAY), CONFIRMATION, page)
    own = site.products[(PRODUCT - np.minimum(scripted, PRODUCT)) % len(site.products)]
    page = np.where(
        scripted == ANY_PAGE, page, np.where(scripted <= PRODUCT, own, np.where(scripted == HOME, site.home, scripted))
    )

    u = high_share(drawn)
    stays = np.array(_STAYS)[context, deep]
    back = stays + np.array(_GOES_BACK)[context, deep]
    free = (scripted == ANY_PAGE) & (number > 0) & ~asks_address & ~buys
    source = np.arange(len(at))
    source = np.where(free & (u < stays), source - 1, source)
    source = np.where((scripted == SAME_PAGE) & (number > 0), source - 1, source)
    to = source - 1 - (uniform(key, "back to") * number).astype(np.int64)
    source = np.where(free & (u >= stays) & (u < back), np.maximum(to, source - number), source)
    # a view that returns to one that itself returned ends where that one did
    while True:
        further = source[source]
        if np.array_equal(further, source):
            break
        source = further
    page = page[source]
    before = np.where(number > 0, np.roll(page, 1), -1)
    of_bundle = np.cumsum(view_starts) - 1
    return page[of_bundle], before[of_bundle]


def _since(starts: Flags) -> Codes:
    """Position of the start of each one's group."""
    return np.maximum.accumulate(np.where(starts, np.arange(len(starts)), 0))
