"""From one event to the next: the measured chances of what follows what, for each depth of session."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from synth.storefront.draws import Codes, Flags, Keys, Shares, uniform
from synth.storefront.figures import CODE, EVENTS, figures

END = len(EVENTS)
# A returning browser that pings without opening a page mostly leaves at once: a state of its own.
PING = len(EVENTS)
LIMIT = 450  # no session is longer

# The chances were measured over days with and without working tags; these undo the average of the outage.
_UNTRACKED = {"add_to_cart": 1.6, "select_item": 1.8}
# Nothing ties with the page that a session opens with, so that later pages make up for it in the mean.
_LATER_PAGES = {"scroll": 1.3, "user_engagement": 1.3, "view_promotion": 1.45, "view_item": 1.15}
# The chances of an end hold for whole sessions. The part after the checkout is shorter, and an item forced into a
# session that would have ended without one makes it longer.
_HASTE = {"shop": 1.15, "checkout": 4.5, "buyer": 4.5}
# Steps of the checkout are no chance: synth.storefront.checkout writes them.
_SCRIPTED = ("begin_checkout", "add_shipping_info", "add_payment_info", "purchase")
_DEPTHS = ("browse", "shop", "checkout", "buyer")


@dataclass(frozen=True)
class Steps:
    """Events in the order of their session and place in it, one position in every array for each."""

    visit: Codes
    place: Codes
    event: Codes


def walk(keys: Keys, depth: Codes, state: Codes, length: Codes, goal: Codes) -> Steps:
    """Let each session go on from a state for `length` steps, or where that is 0, until it ends by itself.

    It does not end before it has passed the event `goal` (-1: none). `keys` are the sessions' own; `depth` is one of
    BROWSE, SHOP, CHECKOUT, BUYER.
    """
    with_end, without_end = _chances()
    visit, place, event = [], [], []
    alive, met = np.arange(len(keys)), goal < 0
    state = state.copy()
    for step in range(LIMIT):
        if not len(alive):
            break
        key, row = keys[alive], (depth[alive], state[alive])
        following = _next(with_end[row], uniform(key, "next", step))
        set_length = length[alive] > 0
        on = np.where(following == END, _next(without_end[row], uniform(key, "instead", step)), following)
        following = np.where(set_length, np.where(step < length[alive], on, END), following)
        following = np.where((following == END) & ~met[alive], goal[alive], following)
        goes_on = following != END
        alive, following = alive[goes_on], following[goes_on]
        met[alive] |= following == goal[alive]
        state[alive] = following
        visit.append(alive)
        place.append(np.full(len(alive), step))
        event.append(following)
    none = [np.zeros(0, dtype=np.int64)]
    return Steps(np.concatenate(visit or none), np.concatenate(place or none), np.concatenate(event or none))


def ties(keys: Keys, before: Codes, event: Codes) -> Flags:
    """Whether each event happens at the very time of the one before it in its session (-1: there is none).

    Only an event that reads later in a bundle can tie, so that a bundle never holds a name twice.
    """
    chance = np.where(before >= 0, _tie_chances()[before, event], 0.0)
    return uniform(keys, "tie") < chance


def _next(cumulative: Shares, u: Shares) -> Codes:
    """The first position whose cumulative share exceeds the number, row by row."""
    return (cumulative > u[:, None]).argmax(axis=1)


@cache
def _chances() -> tuple[Shares, Shares]:
    """Cumulative chances by depth, state and following event: as measured, and with the end left out."""
    chances = np.zeros((len(_DEPTHS), len(EVENTS) + 1, len(EVENTS) + 1))
    for at, depth in enumerate(_DEPTHS):
        for state, row in figures()["transitions"][depth].items():
            for event, share in row.items():
                if event not in _SCRIPTED:
                    chances[at, CODE[state], CODE.get(event, END)] = share * _UNTRACKED.get(event, 1.0)
            if state not in _SCRIPTED:
                chances[at, CODE[state], END] *= _HASTE.get(depth, 1.0)
        chances[at, PING] = chances[at, CODE["user_engagement"]]
    chances[0, PING] = 0.0
    for event, share in _after_a_ping().items():
        chances[0, PING, CODE.get(event, END)] = share
    # what a depth never showed goes on as a page view
    empty = chances[:, :, :END].sum(axis=2) == 0
    chances[empty, CODE["page_view"]] = 1.0
    open_end = chances.copy()
    open_end[:, :, END] = 0.0
    return _cumulative(chances), _cumulative(open_end)


def _after_a_ping() -> dict[str, float]:
    row: dict[str, float] = figures()["after_a_ping"]
    return {"END": row["END"], "page_view": 1 - row["END"] - row["B0"], "user_engagement": row["B0"]}


def _cumulative(chances: Shares) -> Shares:
    summed = np.cumsum(chances, axis=2)
    total: Shares = summed / summed[:, :, -1:]
    return total


@cache
def _tie_chances() -> Shares:
    chances = np.zeros((len(EVENTS) + 1, len(EVENTS)))
    for before, row in figures()["ties"].items():
        for event, share in row.items():
            if CODE[event] > CODE[before]:
                later = _LATER_PAGES.get(event, 1.0) if before == "page_view" else 1.0
                chances[CODE[before], CODE[event]] = min(1.0, share * later)
    return chances
