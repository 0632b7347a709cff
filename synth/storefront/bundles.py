"""What a session uploads, bundle by bundle: by a chain or a script, and what the tags said again or left out."""

from dataclasses import dataclass, fields

import numpy as np

from synth.storefront.calendar import REPEATS_FROM, REPEATS_UNTIL, TAGS_CHANGED, VIEWS_TWICE_FROM, tracking
from synth.storefront.draws import Codes, Flags, Quantiles, Shares, children, uniform
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
from synth.storefront.scripts import robots
from synth.storefront.visitors import BUYER, CHECKOUT, LONG_ROBOT, Visits, span

ANY_PAGE = -1
SAME_PAGE = -3
# Room between two bundles of the chain for what the tags said again.
_ROOM = 16
# A repeated begin_checkout follows the first within milliseconds.
_AGAIN_SECONDS = {"0": 0.0001, "0.05": 0.001, "0.25": 0.011, "0.5": 0.048, "0.75": 0.126, "0.95": 0.306, "1": 0.6}

# From 28 December a page's view is told again after some seconds.
_VIEW_AGAIN_SECONDS = {"0": 4.6, "0.1": 4.98, "0.5": 5.03, "0.8": 5.2, "0.95": 6.0, "1": 7.0}
_VIEW_AGAIN_LATER = 0.5  # on later pages, over the page that a session opens with


@dataclass(frozen=True)
class TimedBundles:
    """Bundles of all kinds of sessions; `page` is a position, or one of the codes of pages."""

    visit: Codes
    place: Codes
    code: Codes
    seconds: Shares
    page: Codes
    attempt: Codes


def all_bundles(visits: Visits) -> TimedBundles:
    """Chains, scripts, and what the tags said again, sorted by session and place."""
    human = np.flatnonzero(visits.depth < LONG_ROBOT)
    machine = np.flatnonzero(visits.depth >= LONG_ROBOT)
    parts = [_chain(visits.take(human), human)]
    if len(machine):
        script = robots(visits.take(machine))
        none = np.zeros(len(script.visit), dtype=np.int64)
        parts.append(
            TimedBundles(machine[script.visit], script.place * _ROOM, script.code, script.seconds, script.page, none)
        )
    bundles = _views_again(visits, _joined(parts))
    bundles = _joined([bundles, _missing(visits, bundles)])
    return _joined([bundles, _checkouts_again(visits, bundles), _purchases_again(visits, bundles)])


def _joined(parts: list[TimedBundles]) -> TimedBundles:
    columns = [np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(TimedBundles)]
    order = np.argsort(columns[0] * (1 << 20) + columns[1], kind="stable")
    return TimedBundles(*(column[order] for column in columns))


def _chain(visits: Visits, positions: Codes) -> TimedBundles:
    again = (visits.depth == BUYER) & second_order(visits)
    found = _once(walk(visits.key, visits.depth, visits.is_first, _modes(visits), again))
    key = visits.key[found.visit]
    u = uniform(key, "wait", found.place)
    depth = visits.depth[found.visit]
    seconds = seconds_before(u, np.maximum(found.before, 0), found.code, found.is_last, depth)
    page = np.full(len(u), ANY_PAGE)
    return TimedBundles(positions[found.visit], found.place * _ROOM, found.code, seconds, page, found.attempt)


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


def _views_again(visits: Visits, bundles: TimedBundles) -> TimedBundles:
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
    found = TimedBundles(
        bundles.visit[again],
        bundles.place[again] + 1,
        one,
        after[told],
        np.full(len(again), SAME_PAGE),
        bundles.attempt[again],
    )
    return _joined([TimedBundles(bundles.visit, bundles.place, code, seconds, page, bundles.attempt), found])


def _missing(visits: Visits, bundles: TimedBundles) -> TimedBundles:
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
            TimedBundles(
                found.visit,
                found.place + 2,
                np.full(len(first), codes.index(bundle)),
                np.full(len(first), wait) * (0.98 + 0.1 * uniform(visits.key[found.visit], name)),
                np.full(len(first), ANY_PAGE),
                found.attempt,
            )
        )
    return _joined(parts)


def _checkouts_again(visits: Visits, bundles: TimedBundles) -> TimedBundles:
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
    return TimedBundles(found.visit, found.place + 1 + nth, code, seconds, found.page, found.attempt)


def _purchases_again(visits: Visits, bundles: TimedBundles) -> TimedBundles:
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
    return TimedBundles(found.visit, found.place + 8 + nth, code, seconds, found.page, found.attempt)


def _taken(bundles: TimedBundles, at: Codes) -> TimedBundles:
    return TimedBundles(*(getattr(bundles, field.name)[at] for field in fields(TimedBundles)))
