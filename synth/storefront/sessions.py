"""Sessions become events: what happens, at which microsecond, on which page.

Events of a session that share a timestamp are a bundle: one upload, one page.
"""

from dataclasses import dataclass, fields
from datetime import timedelta
from functools import cache
from typing import Self

import numpy as np

from synth.storefront.calendar import tracking
from synth.storefront.catalogue import goods, pages
from synth.storefront.chain import Steps, ties, walk
from synth.storefront.draws import Codes, Flags, Keys, Quantiles, children, uniform
from synth.storefront.figures import CODE, figures
from synth.storefront.scripts import ANY_PAGE, ROBOT_PAGE, Script, checkout, opening, robots
from synth.storefront.visitors import BUYER, CHECKOUT, LONG_ROBOT, LONGEST_SESSION_US, RESIDUES, SHOP, Visits, span

LONGEST_WAIT_US = 3_000_000_000  # fifty minutes between two events of a session
STAYS_ON_PAGE = 0.55  # page views after the first that load the page they are on

# How long an event is waited for depends on its class.
_CLASSES = {
    "page_view": ("page_view", "first_visit", "session_start"),
    "user_engagement": ("user_engagement", "select_promotion", "click"),
    "scroll": ("scroll",),
    "item": ("view_item", "view_item_list", "select_item", "add_to_cart"),
    "promotion": ("view_promotion",),
    "checkout": ("begin_checkout", "add_shipping_info", "add_payment_info"),
    "purchase": ("purchase",),
    "search": ("view_search_results",),
}
_ITEM_EVENTS = [CODE[name] for name in ("view_item", "add_to_cart", "select_item", "view_item_list")]


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

    def take(self, at: Codes | Flags) -> Self:
        """The events at these positions."""
        return type(self)(**{field.name: getattr(self, field.name)[at] for field in fields(self)})


def events_of(visits: Visits) -> Events:
    """Everything that happens in these sessions, as far as the shop's tags told."""
    script = _scripts_and_walks(visits)
    order = np.lexsort((script.place, script.visit))
    visit, event, attempt = script.visit[order], script.event[order], script.attempt[order]
    starts = np.diff(visit, prepend=-1) > 0
    place = np.arange(len(visit)) - _since(starts)
    key = children(visits.key[visit], "event", place)

    before = np.where(starts, -1, np.roll(event, 1))
    tie = np.where(script.tie[order] == _DRAWN, ties(key, before, event), script.tie[order] == 1) & ~starts
    is_robot = visits.depth[visit] >= LONG_ROBOT
    wait = np.where(starts | tie, 0, _waits(key, event, script.tie[order] == 2, is_robot))
    at_us = visits.started_us[visit] + _elapsed(wait, visit, starts)

    bundle_starts = ~tie
    bundle_number = np.cumsum(bundle_starts)
    view_starts = _view_starts(event, bundle_number, starts)
    view_number = np.cumsum(view_starts) - np.cumsum(view_starts)[_since(starts)]
    view = children(visits.key[visit], "view", view_number)
    page, page_before = _pages(view, view_starts, view_number, event, script.page[order])
    events = Events(
        visit=visit,
        key=key,
        event=event,
        at_us=at_us,
        bundle=children(visits.visitor[visit], "bundle", at_us),
        view=view,
        view_number=view_number,
        page=page,
        page_before=page_before,
        attempt=attempt,
    )
    return events.take(_tracked(events, visits))


_DRAWN = -1  # whether the event ties is left to chance
# Places: the opening's lines, the walk, the checkout's lines, the walk after it.
_WALK, _CHECKOUT, _TAIL = 100, 1000, 2000


def _scripts_and_walks(visits: Visits) -> Script:
    begin, state = opening(visits)
    walks = np.flatnonzero(visits.depth < LONG_ROBOT)
    is_long_way = np.isin(visits.depth[walks], (CHECKOUT, BUYER))
    goal = np.where(visits.depth[walks] == SHOP, CODE["view_item"], -1)
    first = walk(visits.key[walks], visits.depth[walks], state[walks], _browsing(visits.take(walks)), goal)
    to_checkout = walks[is_long_way]
    buying = visits.take(to_checkout)
    way = checkout(buying, buying.depth)
    after = np.where(buying.depth == BUYER, CODE["purchase"], CODE["add_shipping_info"])
    none = np.zeros(len(buying), dtype=np.int64)
    last = walk(children(buying.key, "after checkout"), buying.depth, after, none, none - 1)
    machine = robots(visits)
    return _joined(
        (begin, np.arange(len(visits)), 0),
        (_script(first), walks, _WALK),
        (machine, np.arange(len(visits)), _WALK),
        (way, to_checkout, _CHECKOUT),
        (_script(last), to_checkout, _TAIL),
    )


def _browsing(visits: Visits) -> Codes:
    """Events before the checkout: what measured sessions hold, less the checkout's own; 0 where none is reached."""
    length = np.zeros(len(visits), dtype=np.int64)
    for depth, name, own in ((CHECKOUT, "checkout", 31), (BUYER, "buyer", 47)):
        drawn = Quantiles.of(figures()["tiers"][name]["events"]).draw(visits.key, "events")
        length = np.where(visits.depth == depth, np.maximum(4, drawn - own).astype(np.int64), length)
    return length


def _script(steps: Steps) -> Script:
    """A walk as a script: ties are left to chance, but its first event has none, so a bundle never spans two parts."""
    nothing = np.zeros(len(steps.visit), dtype=np.int64)
    tie = np.where(steps.place == 0, 0, _DRAWN)
    return Script(steps.visit, steps.place, steps.event, tie, nothing + ANY_PAGE, nothing)


def _joined(*parts: tuple[Script, Codes, int]) -> Script:
    """Scripts of parts of the sessions as one: positions are those of all sessions, places are shifted."""
    return Script(
        visit=np.concatenate([positions[script.visit] for script, positions, _ in parts]),
        place=np.concatenate([script.place + shift for script, _, shift in parts]),
        event=np.concatenate([script.event for script, _, _ in parts]),
        tie=np.concatenate([script.tie for script, _, _ in parts]),
        page=np.concatenate([script.page for script, _, _ in parts]),
        attempt=np.concatenate([script.attempt for script, _, _ in parts]),
    )


def _waits(key: Keys, event: Codes, repeats: Flags, is_robot: Flags) -> Codes:
    """Microseconds since the event before, a multiple of RESIDUES and never nothing."""
    seconds = np.zeros(len(event))
    for name, table in _seconds().items():
        of_class = np.isin(event, [CODE[member] for member in _CLASSES[name]])
        seconds[of_class] = table.draw(key[of_class], "wait")
    seconds[repeats] = Quantiles.of({"0": 0.001} | figures()["repeat_delay_seconds"]).draw(key[repeats], "wait")
    slow = is_robot & ~np.isin(event, [CODE[member] for member in _CLASSES["checkout"]])
    seconds[slow] = 2.5 + 5.5 * uniform(key[slow], "robot's wait")
    wait = np.minimum((seconds * 1e6).astype(np.int64), LONGEST_WAIT_US) // RESIDUES + 1
    return wait * RESIDUES


def _elapsed(wait: Codes, visit: Codes, starts: Flags) -> Codes:
    """Microseconds since the session's start; the waits of a session that would last too long are all shortened."""
    total = np.zeros(visit[-1] + 1 if len(visit) else 0)
    np.add.at(total, visit, wait)
    share = np.minimum(1.0, LONGEST_SESSION_US / 2 / np.maximum(total, 1))[visit]
    shortened = np.maximum(1, (wait * share).astype(np.int64) // RESIDUES) * RESIDUES
    summed = np.cumsum(np.where((wait > 0) & (share < 1), shortened, wait))
    elapsed: Codes = summed - summed[_since(starts)]
    return elapsed


@cache
def _seconds() -> dict[str, Quantiles]:
    return {name: Quantiles.of(table) for name, table in figures()["seconds_before"].items()}


def _view_starts(event: Codes, bundle_number: Codes, starts: Flags) -> Flags:
    """Where a page is loaded: at the first event of a bundle that holds a page view, and at the start of a session."""
    loads = np.zeros(bundle_number[-1] + 1 if len(event) else 1, dtype=bool)
    loads[bundle_number[event == CODE["page_view"]]] = True
    is_first_of_bundle = np.diff(bundle_number, prepend=0) > 0
    found: Flags = starts | (is_first_of_bundle & loads[bundle_number])
    return found


def _pages(view: Keys, view_starts: Flags, view_number: Codes, event: Codes, scripted: Codes) -> tuple[Codes, Codes]:
    """Page of every event and of the view before it."""
    at = np.flatnonzero(view_starts)
    if not len(at):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    key, number = view[at], view_number[at]
    asked = np.maximum.reduceat(np.where(scripted == ANY_PAGE, np.iinfo(np.int64).min, scripted), at)
    shows_items = np.logical_or.reduceat(np.isin(event, _ITEM_EVENTS), at)
    product = goods().view(key, "product")
    on_items = np.where(uniform(key, "one product") < 0.25, pages().product_page[product], pages().shelf_page[product])
    drawn = np.where(shows_items, on_items, pages().browse(key, "page"))
    robot = pages().product_page[(ROBOT_PAGE - np.minimum(asked, ROBOT_PAGE)) % 10_000 * 4 % len(pages().product_page)]
    page = np.where(asked >= 0, asked, np.where((asked <= ROBOT_PAGE) & (asked > -10_000), robot, drawn))
    stays = (number > 0) & (asked < -10_000) & ~shows_items & (uniform(key, "stays") < STAYS_ON_PAGE)
    page = page[np.maximum.accumulate(np.where(stays, 0, np.arange(len(at))))]
    before = np.where(number > 0, np.roll(page, 1), -1)
    of_event = np.cumsum(view_starts) - 1
    return page[of_event], before[of_event]


def _tracked(events: Events, visits: Visits) -> Flags:
    """Which events reached the export: add_to_cart and select_item were not tagged, or badly, on many days."""
    if not len(events.at_us):
        return np.zeros(0, dtype=bool)
    first, last = span(visits)
    tags = tracking(first, last + timedelta(days=1))  # sessions run over midnight
    row, u = tags.row(events.at_us), uniform(events.key, "tracked")
    kept: Flags = np.where(events.event == CODE["add_to_cart"], u < tags.cart_kept[row], True)
    kept &= np.where(events.event == CODE["select_item"], u < tags.select_kept[row], True)
    return kept


def _since(starts: Flags) -> Codes:
    """Position of the start of each one's group."""
    return np.maximum.accumulate(np.where(starts, np.arange(len(starts)), 0))
