"""Sessions become events: what happens, at which microsecond, on which page.

Events of a session that share a timestamp are a bundle: one upload, one page.
"""

from dataclasses import dataclass, fields
from functools import cache
from typing import Self

import numpy as np

from synth.storefront.calendar import REPEATS_FROM, REPEATS_UNTIL, TAGS_CHANGED, VIEWS_TWICE_FROM, tracking
from synth.storefront.catalogue import CONFIRMATION, DETAILS, PAYMENT, SEARCH, pages
from synth.storefront.draws import Codes, Flags, Keys, Quantiles, Shares, bits, children, high_share, low_share, uniform
from synth.storefront.engagement import Moments, engagement_msec
from synth.storefront.figures import CODE, figures
from synth.storefront.process import (
    EARLY,
    LATE,
    LATE_WITHOUT_CARTS,
    Bundles,
    bundle_events,
    measured,
    seconds_before,
    walk,
)
from synth.storefront.referral import CHECKOUT_EVENTS, CONTENT, Views, has_referrer, tells_source
from synth.storefront.scripts import HOME, PRODUCT, robots
from synth.storefront.visitors import BUYER, CHECKOUT, LONG_ROBOT, LONGEST_SESSION_US, RESIDUES, Visits, span

# What Google adds to a session's first event.
OPENING = (CODE["first_visit"], CODE["session_start"])
_ANY_PAGE = -1
SAME_PAGE = -3
# Room between two bundles of the chain for what the tags said again.
_ROOM = 16
# A repeated begin_checkout follows the first within milliseconds.
_AGAIN_SECONDS = {"0": 0.0001, "0.05": 0.001, "0.25": 0.011, "0.5": 0.048, "0.75": 0.126, "0.95": 0.306, "1": 0.6}

# From 28 December a page's view is told again after some seconds.
_VIEW_AGAIN_SECONDS = {"0": 4.6, "0.1": 4.98, "0.5": 5.03, "0.8": 5.2, "0.95": 6.0, "1": 7.0}
_VIEW_AGAIN_LATER = 0.5  # on later pages, over the page that a session opens with

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


@dataclass(frozen=True)
class _Bundles:
    """Bundles of all kinds of sessions; `page` is a position, or one of the codes of pages."""

    visit: Codes
    place: Codes
    code: Codes
    seconds: Shares
    page: Codes
    attempt: Codes


def events_of(visits: Visits) -> Events:
    """Everything that happens in these sessions, as far as the shop's tags told."""
    bundles = _all_bundles(visits)
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
    visits: Visits, bundles: _Bundles, at_us: Codes, view: Keys, view_starts: Flags, view_number: Codes
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


def _all_bundles(visits: Visits) -> _Bundles:
    """Chains, scripts, and what the tags said again, sorted by session and place."""
    human = np.flatnonzero(visits.depth < LONG_ROBOT)
    machine = np.flatnonzero(visits.depth >= LONG_ROBOT)
    parts = [_chain(visits.take(human), human)]
    if len(machine):
        script = robots(visits.take(machine))
        none = np.zeros(len(script.visit), dtype=np.int64)
        parts.append(
            _Bundles(machine[script.visit], script.place * _ROOM, script.code, script.seconds, script.page, none)
        )
    bundles = _views_again(visits, _joined(parts))
    bundles = _joined([bundles, _missing(visits, bundles)])
    return _joined([bundles, _checkouts_again(visits, bundles), _purchases_again(visits, bundles)])


def _joined(parts: list[_Bundles]) -> _Bundles:
    columns = [np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(_Bundles)]
    order = np.argsort(columns[0] * (1 << 20) + columns[1], kind="stable")
    return _Bundles(*(column[order] for column in columns))


def _chain(visits: Visits, positions: Codes) -> _Bundles:
    again = (visits.depth == BUYER) & second_order(visits)
    found = _once(walk(visits.key, visits.depth, visits.is_first, _modes(visits), again))
    key = visits.key[found.visit]
    u = uniform(key, "wait", found.place)
    depth = visits.depth[found.visit]
    seconds = seconds_before(u, np.maximum(found.before, 0), found.code, found.is_last, depth)
    page = np.full(len(u), _ANY_PAGE)
    return _Bundles(positions[found.visit], found.place * _ROOM, found.code, seconds, page, found.attempt)


def _once(found: Bundles) -> Bundles:
    """A checkout begins once: the chain forgets that it had begun two bundles ago."""
    begins = bundle_events()[0][found.code, CODE["begin_checkout"]]
    code: list[str] = measured()["codes"]
    before = np.zeros(len(begins), dtype=bool)
    for n in (1, 2):
        before[n:] |= begins[:-n] & (found.visit[n:] == found.visit[:-n])
    kept = ~(before & (found.code == code.index("begin_checkout")))
    return Bundles(*(getattr(found, field.name)[kept] for field in fields(Bundles)))


def second_order(visits: Visits) -> Flags:
    """Which sessions, if they buy, buy twice."""
    from synth.storefront.baskets import SECOND_ORDER

    found: Flags = uniform(visits.key, "second order") < SECOND_ORDER
    return found


def _modes(visits: Visits) -> Codes:
    """What the day's tags can tell of each session; on days of weak cart tracking of some and not of others."""
    if not len(visits):
        return np.zeros(0, dtype=np.int64)
    tags = tracking(*span(visits))
    row = tags.row(visits.started_us)
    tracked = uniform(visits.key, "cart tracked") < tags.cart_kept[row]
    late = visits.started_us >= TAGS_CHANGED
    # who goes on to the checkout hardly ever lacks the cart
    tracked |= late & (visits.depth >= CHECKOUT)
    return np.select([tracked, late], [LATE, LATE_WITHOUT_CARTS], EARLY)


def _views_again(visits: Visits, bundles: _Bundles) -> _Bundles:
    """From 28 December a page tells its view a second time after five seconds, if it is still looked at then."""
    holds, _ = bundle_events()
    codes: list[str] = measured()["codes"]
    late = visits.started_us[bundles.visit] >= VIEWS_TWICE_FROM
    loads = np.flatnonzero(late & holds[bundles.code, CODE["page_view"]])
    if not len(loads):
        return bundles
    key = children(visits.key[bundles.visit[loads]], "view again", bundles.place[loads])
    following = np.minimum(loads + 1, len(bundles.code) - 1)
    is_last = bundles.visit[following] != bundles.visit[loads]
    is_last |= following == loads
    wait = np.where(is_last, 0.0, bundles.seconds[following])
    after = Quantiles.of(_VIEW_AGAIN_SECONDS).draw(key, "wait")
    u = uniform(key, "again")
    opens = np.where(np.diff(bundles.visit, prepend=-1)[loads] > 0, 1.0, _VIEW_AGAIN_LATER)
    told = np.where(is_last, u < 0.75 * opens, (wait > after + 0.02) & (u < 0.97 * opens))
    code, seconds = bundles.code.copy(), bundles.seconds.copy()
    # what comes at the same moment anyway comes with it
    for name in ("view_promotion", "scroll", "user_engagement"):
        joins = ~is_last & (np.abs(wait - 5.3) < 0.9) & (code[following] == codes.index(name)) & (u < 0.85 * opens)
        code[following[joins]] = codes.index("+".join(sorted(("page_view", name), key=list(CODE).index)))
        told &= ~joins
    again = loads[told]
    goes_on = again[~is_last[told]] + 1
    seconds[goes_on] -= after[told & ~is_last]
    page = bundles.page.copy()
    page[following[~is_last & (code[following] != bundles.code[following])]] = SAME_PAGE
    one = np.full(len(again), codes.index("page_view"))
    found = _Bundles(
        bundles.visit[again],
        bundles.place[again] + 1,
        one,
        after[told],
        np.full(len(again), SAME_PAGE),
        bundles.attempt[again],
    )
    return _joined([_Bundles(bundles.visit, bundles.place, code, seconds, page, bundles.attempt), found])


def _missing(visits: Visits, bundles: _Bundles) -> _Bundles:
    """Who checks out is asked for an address, who buys pays: what the chain left out is put in."""
    holds, _ = bundle_events()
    codes: list[str] = measured()["codes"]
    told = {
        name: holds[bundles.code, CODE[name]] for name in ("begin_checkout", "add_shipping_info", "add_payment_info")
    }
    has = {name: np.bincount(bundles.visit[flags], minlength=len(visits)) > 0 for name, flags in told.items()}
    asks = has["begin_checkout"] | has["add_shipping_info"]
    parts = []
    for name, bundle, lacks, after, wait in (
        ("add_shipping_info", "add_shipping_info", asks, "begin_checkout", 5.0),
        ("begin_checkout", "begin_checkout", asks, "add_shipping_info", 0.002),
        (
            "add_payment_info",
            "page_view+add_payment_info",
            visits.depth == BUYER,
            "add_shipping_info",
            6.0,
        ),
    ):
        at = np.flatnonzero(told[after])
        first = at[np.unique(bundles.visit[at], return_index=True)[1]]
        first = first[(lacks & ~has[name])[bundles.visit[first]]]
        found = _taken(bundles, first)
        parts.append(
            _Bundles(
                found.visit,
                found.place + 2,
                np.full(len(first), codes.index(bundle)),
                np.full(len(first), wait) * (0.98 + 0.1 * uniform(visits.key[found.visit], name)),
                np.full(len(first), _ANY_PAGE),
                found.attempt,
            )
        )
    return _joined(parts)


def _checkouts_again(visits: Visits, bundles: _Bundles) -> _Bundles:
    """begin_checkout was sent once to three times for one checkout, depending on the day."""
    holds, _ = bundle_events()
    codes: list[str] = measured()["codes"]
    at = np.flatnonzero(holds[bundles.code, CODE["begin_checkout"]])
    if not len(at):
        return _taken(bundles, at)
    tags = tracking(*span(visits))
    visit = bundles.visit[at]
    mean = tags.checkout_repeats[tags.row(visits.started_us[visit])]
    # the late chain begins somewhat more checkouts than it asks for addresses
    mean = np.maximum(1.0, np.where(visits.started_us[visit] >= TAGS_CHANGED, 0.88, 1.0) * mean)
    key = children(visits.key[visit], "again", bundles.place[at])
    times = np.floor(mean - 1 + uniform(key, "times")).astype(np.int64)
    # while the address was told by itself, the repetition came after it
    following = np.minimum(at + 1, len(bundles.code) - 1)
    told = (bundles.code[following] == codes.index("add_shipping_info")) & (bundles.visit[following] == visit)
    after = np.where(told, following, at)
    one = np.repeat(np.arange(len(at)), times)
    nth = np.arange(len(one)) - np.repeat(np.cumsum(times) - times, times)
    seconds = Quantiles.of(_AGAIN_SECONDS).draw(children(key[one], "wait", nth), "wait")
    found = _taken(bundles, after[one])
    code = np.full(len(one), codes.index("begin_checkout"))
    return _Bundles(found.visit, found.place + 1 + nth, code, seconds, found.page, found.attempt)


def _purchases_again(visits: Visits, bundles: _Bundles) -> _Bundles:
    """The confirmation page sends its purchase again, for some days mostly, on others hardly ever."""
    holds, _ = bundle_events()
    codes: list[str] = measured()["codes"]
    at = np.flatnonzero(holds[bundles.code, CODE["purchase"]])
    visit = bundles.visit[at]
    started = visits.started_us[visit]
    key = children(visits.key[visit], "bought again", bundles.place[at])
    share = np.where((started >= REPEATS_FROM) & (started < REPEATS_UNTIL), 0.72, 0.012)
    again = uniform(key, "again") < share
    times = again.astype(np.int64) + (again & (uniform(key, "third") < 0.11))
    one = np.repeat(np.arange(len(at)), times)
    nth = np.arange(len(one)) - np.repeat(np.cumsum(times) - times, times)
    delay = Quantiles.of({"0": 0.001} | figures()["repeat_delay_seconds"])
    found = _taken(bundles, at[one])
    code = np.full(len(one), codes.index("purchase"))
    seconds = delay.draw(children(key[one], "wait", nth), "wait")
    return _Bundles(found.visit, found.place + 8 + nth, code, seconds, found.page, found.attempt)


def _taken(bundles: _Bundles, at: Codes) -> _Bundles:
    return _Bundles(*(getattr(bundles, field.name)[at] for field in fields(_Bundles)))


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
    visits: Visits, bundles: _Bundles, view: Keys, view_starts: Flags, view_number: Codes
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
        scripted == _ANY_PAGE, page, np.where(scripted <= PRODUCT, own, np.where(scripted == HOME, site.home, scripted))
    )

    u = high_share(drawn)
    stays = np.array(_STAYS)[context, deep]
    back = stays + np.array(_GOES_BACK)[context, deep]
    free = (scripted == _ANY_PAGE) & (number > 0) & ~asks_address & ~buys
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
