"""The two robots of the sample: a long and a short visit that somebody's monitoring ran about once an hour.

Each follows the same pages in the same order, so it is a script here; a few lines are left to chance.
"""

from dataclasses import dataclass

import numpy as np

from synth.storefront.calendar import TAGS_CHANGED
from synth.storefront.catalogue import DETAILS
from synth.storefront.draws import Codes, Flags, Keys, Quantiles, Shares, children, uniform
from synth.storefront.process import measured
from synth.storefront.visitors import LONG_ROBOT, SHORT_ROBOT, Visits

HOME = -2  # the page that sessions mostly open with
PRODUCT = -100  # and below: the robot's own list of pages

_PLAIN, _ITEMS = 28, 64
_SECONDS = {
    "page": {"0": 5.6, "0.1": 6.9, "0.5": 7.8, "0.9": 8.5, "1": 10.0},
    "page after the walk": {"0": 5.2, "0.5": 6.2, "1": 7.5},
    "stay": {"0": 0.2, "0.1": 0.85, "0.5": 1.7, "0.9": 4.0, "1": 6.5},
    "long stay": {"0": 2.0, "0.5": 6.0, "1": 10.5},
    "banner": {"0": 4.6, "0.5": 5.1, "1": 5.4},
    "slow page": {"0": 12.9, "0.5": 13.3, "1": 22.0},
    "pay": {"0": 1.0, "0.5": 1.4, "1": 1.6},
    "at once": {"0": 0.0002, "0.5": 0.006, "1": 0.08},
    "tag": {"0": 4.9, "0.5": 5.0, "1": 5.1},
}


@dataclass(frozen=True)
class Script:
    """Scripted bundles, one position in every array for each, in no order; `seconds` since the one before."""

    visit: Codes
    place: Codes
    code: Codes
    seconds: Shares
    page: Codes


class _Writer:
    """Collects bundles line by line; a line is one bundle of all sessions that the flags name."""

    def __init__(self, keys: Keys) -> None:
        self.keys, self.place = keys, 0
        self.parts: list[tuple[Codes, Codes, Codes, Shares, Codes]] = []
        self.codes: list[str] = measured()["codes"]

    def line(self, code: str, who: Flags, seconds: str, page: int) -> None:
        at = np.flatnonzero(who)
        waits = Quantiles.of(_SECONDS[seconds]).draw(children(self.keys[at], "line", self.place), "wait")
        number = np.full(len(at), self.codes.index(code))
        self.parts.append((at, np.full(len(at), self.place), number, waits, np.full(len(at), page)))
        self.place += 1

    def coin(self, what: str, share: float) -> Flags:
        found: Flags = uniform(self.keys, what, self.place) < share
        return found

    def script(self) -> Script:
        return Script(*(np.concatenate(column) for column in zip(*self.parts, strict=True)))


def robots(visits: Visits) -> Script:
    """The bundles of the robots among the sessions."""
    write = _Writer(visits.key)
    long, short = visits.depth == LONG_ROBOT, visits.depth == SHORT_ROBOT
    both = long | short
    late = visits.started_us >= TAGS_CHANGED
    write.line("first_visit+session_start+page_view", both, "banner", HOME)
    together = short & write.coin("together", 0.3)
    write.line("user_engagement+view_promotion", together, "banner", HOME)
    write.line("view_promotion", both & ~together, "banner", HOME)
    write.line("user_engagement", both & ~together, "stay", HOME)
    _long_walk(write, long)
    _short_walk(write, short, late)
    _basket(write, visits, both)
    write.line("page_view+view_promotion", both, "page after the walk", HOME)
    _long_end(write, long, late)
    return write.script()


def _long_walk(write: _Writer, who: Flags) -> None:
    for n in range(_PLAIN):
        again = PRODUCT - (n if n % 9 else max(n - 1, 0))  # now and then the page it is on
        write.line("page_view+scroll" if n == 24 else "page_view", who, "page", again)
        write.line("user_engagement", who, "stay", again)
    write.line("page_view+view_search_results", who, "page", PRODUCT - _PLAIN)
    write.line("user_engagement", who, "stay", PRODUCT - _PLAIN)
    for n in range(_PLAIN + 1, _PLAIN + 1 + _ITEMS + 5):
        is_item = n >= _PLAIN + 6
        shown = who & write.coin("shown", 0.79 if is_item else 0.0)
        write.line("page_view+view_item", shown, "page", PRODUCT - n)
        write.line("page_view", who & ~shown, "page", PRODUCT - n)
        write.line("user_engagement", who, "stay", PRODUCT - n)
    for _ in range(2):
        write.line("page_view+view_promotion", who, "page after the walk", HOME)
        write.line("user_engagement", who, "stay", HOME)
    for code, seconds, page in (
        ("page_view", "page after the walk", 26),
        ("page_view+view_item", "slow page", 51),
        ("page_view+view_item", "page", 61),
    ):
        write.line(code, who, seconds, PRODUCT - page)
        write.line("user_engagement", who, "long stay" if page == 26 else "stay", PRODUCT - page)
    write.line("page_view+user_engagement", who, "page after the walk", PRODUCT - 24)


def _short_walk(write: _Writer, who: Flags, late: Flags) -> None:
    late = late & who
    for code, seconds, page, stay, share in (
        ("page_view+view_item", "page", 1, "long stay", 1.0),
        ("page_view+view_promotion", "page after the walk", 0, "stay", 1.0),
        ("page_view", "page after the walk", 4, "long stay", 1.0),
        ("page_view+view_item", "slow page", 1, "stay", 0.75),
        ("page_view+view_item", "page", 2, "stay", 1.0),
    ):
        here = who & write.coin("here", share)
        at = PRODUCT - page if page else HOME
        write.line(code, here, seconds, at)
        if code == "page_view+view_item" and stay == "long stay":
            write.line("add_to_cart", late & write.coin("cart", 0.95), "page after the walk", at)
        write.line("user_engagement", here, stay, at)
    write.line("page_view+user_engagement", who, "page after the walk", PRODUCT - 3)


def _basket(write: _Writer, visits: Visits, who: Flags) -> None:
    """Straight to the checkout's first page; the tags told it in one order, then in another."""
    late = who & (visits.started_us >= TAGS_CHANGED)
    early = who & ~late
    first = early & write.coin("tag first", 0.1)
    write.line("begin_checkout", first, "pay", DETAILS)
    write.line("page_view", early & ~first, "pay", DETAILS)
    write.line("begin_checkout", early & ~first, "at once", DETAILS)
    write.line("page_view+add_shipping_info", late | first, "pay", DETAILS)
    write.line("begin_checkout", late, "at once", DETAILS)
    write.line("add_shipping_info", early & ~first, "tag", DETAILS)
    write.line("user_engagement", who, "long stay", DETAILS)


def _long_end(write: _Writer, who: Flags, late: Flags) -> None:
    write.line("user_engagement", who, "long stay", HOME)
    for code, page, stays in (
        ("page_view+view_search_results", 28, True),
        ("page_view+view_item", 72, True),
        ("page_view+user_engagement+view_promotion", 0, False),
        ("page_view+view_item", 51, True),
        ("page_view+user_engagement+view_promotion", 0, False),
        ("page_view+view_item", 51, True),
        ("page_view+user_engagement", 24, False),
    ):
        at = PRODUCT - page if page else HOME
        write.line(code, who, "page after the walk", at)
        if stays and page == 51:
            write.line("add_to_cart", who & late, "long stay", at)
        if stays:
            write.line("user_engagement", who, "long stay", at)
