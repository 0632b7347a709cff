"""The parts of a session that follow a script: how it opens, the checkout, and the two robots."""

from dataclasses import dataclass

import numpy as np

from synth.storefront.baskets import SECOND_ORDER
from synth.storefront.calendar import REPEATS_FROM, REPEATS_UNTIL, tracking
from synth.storefront.catalogue import BASKET, CONFIRMATION, DETAILS, PAYMENT, REVIEW
from synth.storefront.chain import PING
from synth.storefront.draws import Choice, Codes, Flags, children, uniform
from synth.storefront.figures import CODE
from synth.storefront.visitors import BUYER, LONG_ROBOT, SHORT_ROBOT, Visits, span

ANY_PAGE = -1  # the page is drawn
ROBOT_PAGE = -1000  # and below: a page that the robot takes from its own list
GOES_BACK = 0.6  # sessions that enter their address twice
PAYS_WITHOUT_BUYING = 0.45  # sessions that leave the checkout only after they entered a payment


@dataclass(frozen=True)
class Script:
    """Scripted events, one position in every array for each, in no order.

    `place` orders the events of a session; `tie` 1 or 0 says whether an event shares the time of the one before it, 2
    that it is a page's repeated purchase; `page` is a page's position or one of the codes above; `attempt` says which
    of the session's baskets an event is about.
    """

    visit: Codes
    place: Codes
    event: Codes
    tie: Codes
    page: Codes
    attempt: Codes


class _Writer:
    """Collects events line by line; a line is one event of all sessions that the flags name."""

    def __init__(self) -> None:
        self.parts: list[tuple[Codes, ...]] = []
        self.place = 0

    def line(
        self, event: str, who: Flags, tie: Flags | int = 0, page: Codes | int = ANY_PAGE, attempt: int = 0
    ) -> None:
        at = np.flatnonzero(who)
        everywhere = [np.broadcast_to(np.asarray(x, dtype=np.int64), who.shape)[at] for x in (tie, page)]
        constants = [np.full(len(at), x) for x in (self.place, CODE[event], attempt)]
        self.parts.append((at, constants[0], constants[1], everywhere[0], everywhere[1], constants[2]))
        self.place += 1

    def script(self) -> Script:
        none = (np.zeros(0, dtype=np.int64),) * 6
        return Script(*(np.concatenate(column) for column in zip(*(self.parts or [none]), strict=True)))


_OPENINGS = Choice.of({"page": 0.613, "ping": 0.308, "item": 0.01, "scroll": 0.005, "late": 0.058, "late ping": 0.006})


def opening(visits: Visits) -> tuple[Script, Codes]:
    """How sessions begin, and the state each is in then.

    First visits open a page; returning browsers may only ping, and 4% of them were seen too late for a session_start.
    """
    kind = np.where(visits.is_first, 0, _OPENINGS.draw(visits.key, "opening"))
    write, everyone = _Writer(), np.ones(len(visits), dtype=bool)
    started = kind < 4
    write.line("first_visit", visits.is_first)
    write.line("session_start", started, tie=visits.is_first.astype(np.int64))
    write.line("page_view", (kind == 0) | (kind == 4), tie=started.astype(np.int64))
    for event, kinds in (("user_engagement", (1, 5)), ("view_item", (2,)), ("scroll", (3,))):
        write.line(event, everyone & np.isin(kind, kinds), tie=started.astype(np.int64))
    ends = np.array([CODE["page_view"], PING, CODE["view_item"], CODE["scroll"], CODE["page_view"], PING])
    return write.script(), ends[kind]


def checkout(visits: Visits, depth: Codes) -> Script:
    """The way from the basket to the confirmation, once or twice; those who do not buy leave before or after paying."""
    write = _Writer()
    buys = depth == BUYER
    pays = buys | (uniform(visits.key, "pays") < PAYS_WITHOUT_BUYING)
    second = buys & (uniform(visits.key, "second order") < SECOND_ORDER)
    for attempt, who in enumerate((np.ones(len(visits), dtype=bool), second)):
        _details(write, visits, who, attempt)
        _details(write, visits, who & (uniform(visits.key, "goes back", attempt) < GOES_BACK), attempt)
        _payment(write, visits, who & pays, attempt)
        _purchase(write, visits, who & buys, attempt)
    return write.script()


def _details(write: _Writer, visits: Visits, who: Flags, attempt: int) -> None:
    """Basket and address. The tags said begin_checkout once to three times for one checkout, milliseconds apart."""
    key = children(visits.key, "details", write.place)
    write.line("page_view", who, page=BASKET, attempt=attempt)
    write.line("user_engagement", who & (uniform(key, "looks") < 0.6), attempt=attempt)
    shipping_first = uniform(key, "shipping first") < 0.55
    write.line("page_view", who, page=DETAILS, attempt=attempt)
    write.line("add_shipping_info", who & shipping_first, tie=1, attempt=attempt)
    repeats = _repeats(visits)
    for n in range(4):
        write.line("begin_checkout", who & (n < repeats), attempt=attempt)
    write.line("add_shipping_info", who & ~shipping_first, attempt=attempt)
    write.line("scroll", who & (uniform(key, "scrolls") < 0.4), attempt=attempt)
    write.line("user_engagement", who & (uniform(key, "fills in") < 0.9), attempt=attempt)


def _repeats(visits: Visits) -> Codes:
    if not len(visits):
        return np.zeros(0, dtype=np.int64)
    tags = tracking(*span(visits))
    mean = tags.checkout_repeats[tags.row(visits.started_us)]
    return np.floor(mean + uniform(visits.key, "checkout repeats")).astype(np.int64)


def _payment(write: _Writer, visits: Visits, who: Flags, attempt: int) -> None:
    key = children(visits.key, "payment", attempt)
    for page, again in ((PAYMENT, 1.0), (REVIEW, 0.9)):
        here = who & (uniform(key, f"page {page}") < again)
        write.line("page_view", here, page=page, attempt=attempt)
        write.line("add_payment_info", here, tie=1, attempt=attempt)
        write.line("scroll", here & (uniform(key, f"scroll {page}") < 0.4), attempt=attempt)
        write.line("user_engagement", here & (uniform(key, f"stay {page}") < 0.75), attempt=attempt)


def _purchase(write: _Writer, visits: Visits, who: Flags, attempt: int) -> None:
    """The confirmation page and its purchase event, which it sends again when it is loaded again."""
    key = children(visits.key, "confirmation", attempt)
    broken = (visits.started_us >= REPEATS_FROM) & (visits.started_us < REPEATS_UNTIL)
    again = np.where(broken, 0.72, 0.012)
    write.line("page_view", who, page=CONFIRMATION, attempt=attempt)
    write.line("purchase", who, attempt=attempt)
    repeated = who & (uniform(key, "again") < again)
    write.line("purchase", repeated, tie=2, attempt=attempt)
    write.line("purchase", repeated & (uniform(key, "third") < 0.11), tie=2, attempt=attempt)


# With the opening page, the basket and the address this makes 98 and 6 different pages, as measured.
_LONG_PAGES, _LONG_DISTINCT, _SHORT_PAGES, _SHORT_DISTINCT = 114, 95, 7, 3


def robots(visits: Visits) -> Script:
    """Scripted visitors: page after page, each looked at as long as the last, then the checkout, never a purchase."""
    write = _Writer()
    long, short = visits.depth == LONG_ROBOT, visits.depth == SHORT_ROBOT
    if not (long | short).any():
        return write.script()
    # a few of the last pages are left out, so sessions differ by some events
    pages = np.where(long, _LONG_PAGES - (uniform(visits.key, "pages") * 5).astype(np.int64), _SHORT_PAGES)
    distinct = np.where(long, _LONG_DISTINCT, _SHORT_DISTINCT)
    for n in range(_LONG_PAGES):
        who = (long | short) & (n < pages)
        write.line("page_view", who & (n > 0), page=ROBOT_PAGE - n % distinct)
        write.line("view_item", who & (n % 2 == 1) & (long | (n < 6)), tie=1)
        write.line("view_promotion", who & (n % 19 == 0) & (long | (n == 0)))
        write.line("scroll", long & (n == 40))
        write.line("user_engagement", who)
    _details(write, visits, long | short, 0)
    return write.script()
