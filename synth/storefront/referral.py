"""Which pages have a referrer, and which of their events say where the visitor came from.

In the export page_referrer, source, medium and campaign hang together. A page has a referrer or has none; without one
no event on it has any of the four. On a page with a referrer an event tells the source when it is the only one of its
upload, and hardly ever when it is not (99 of 100 events on ten days of the sample).
"""

from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np

from synth.storefront.calendar import period
from synth.storefront.draws import Codes, Flags, Keys, Shares, uniform
from synth.storefront.figures import CODE, hits
from synth.storefront.presence import share
from synth.storefront.visitors import LONG_ROBOT, Visits

# What tells how likely a page has a referrer, in the order of hits.json: the more happens on it, the likelier.
CONTENT = ("scroll", "user_engagement", "view_promotion", "view_item")
# The checkout's pages had hardly ever one until its tags were changed.
CHECKOUT_EVENTS = ("begin_checkout", "purchase", "add_payment_info", "add_shipping_info")
# Browsers that hide referrers hide most: how much of a page's chance is its session's.
_OF_SESSION = 0.65
# Robots' pages: those of the long and of the short script.
_OF_ROBOTS = (0.077, 0.58)

# These tell the source less often even if alone, by whether the session's first page is left: until 18 December, then.
_ITEM_CHANGED_PERIOD = 2
_ITEM_TELLS = ((0.41, 0.12), (0.8, 0.79))
_CART_TELLS = 0.065


@dataclass(frozen=True)
class Views:
    """Page views sorted by session and time, and sessions' openings without one."""

    visit: Codes
    key: Keys
    at_us: Codes
    number: Codes  # 0 for the page that the session opened with
    loads_page: Flags
    content: tuple[Flags, ...]  # by CONTENT: whether the view holds such an event
    checkout: tuple[Flags, ...]  # by CHECKOUT_EVENTS


def has_referrer(visits: Visits, views: Views) -> Flags:
    """Whether each page has a referrer."""
    tables = [_by_content(name) for name in ("opening", "later")]
    row = sum(flags.astype(np.int64) << n for n, flags in enumerate(views.content))
    chance = np.where(views.number == 0, tables[0][row], tables[1][row])
    chance = np.where(views.loads_page, chance, hits()["referrer"]["without_page_view"])
    now = period(views.at_us)
    for name, flags in zip(CHECKOUT_EVENTS, views.checkout, strict=True):
        chance = np.where(flags, share("page_referrer")[CODE[name], now], chance)
    depth = visits.depth[views.visit]
    chance = np.where(depth >= LONG_ROBOT, np.array(_OF_ROBOTS)[np.maximum(depth - LONG_ROBOT, 0)], chance)
    common = _normal(uniform(visits.key, "hides referrers"))[views.visit]
    own = _normal(uniform(views.key, "referrer"))
    found: Flags = np.sqrt(_OF_SESSION) * common + np.sqrt(1 - _OF_SESSION) * own < _normal(chance)
    return found


def tells_source(event: Codes, at_us: Codes, view_number: Codes, key: Keys, is_alone: Flags) -> Flags:
    """Whether an event on a page with a referrer tells the source; `is_alone`: nothing else is in its upload."""
    changed = (period(at_us) >= _ITEM_CHANGED_PERIOD).astype(np.int64)
    of_item = np.array(_ITEM_TELLS)[changed, np.minimum(view_number, 1)]
    chance = np.where(event == CODE["view_item"], of_item, np.where(event == CODE["add_to_cart"], _CART_TELLS, 1.0))
    found: Flags = is_alone & (uniform(key, "tells source") < chance)
    return found


@cache
def _by_content(name: str) -> Shares:
    """Shares by content, its first kind counting 1, the second 2, the third 4, ..."""
    found = np.full(1 << len(CONTENT), np.nan)
    for *flags, value in hits()["referrer"][name]:
        found[sum(flag << n for n, flag in enumerate(flags))] = value
    found[np.isnan(found)] = np.nanmean(found)  # combinations that hardly occur
    return found


def _normal(u: Shares) -> Shares:
    """The normal distribution's quantile of each share, as near as a table of them gives it."""
    found: Shares = np.interp(u, *_quantiles())
    return found


@cache
def _quantiles() -> tuple[Shares, Shares]:
    levels = np.linspace(0, 1, 1025)
    inside = np.clip(levels, 1e-5, 1 - 1e-5)
    return levels, np.array([NormalDist().inv_cdf(float(level)) for level in inside])
