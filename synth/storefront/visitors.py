"""Who comes, when, how often, and how far each session goes.

Visitors belong to the day on which they are first seen. Each such cohort is made by itself and looks forward only, so a
day is made of the cohorts of the weeks before it, whatever days are asked for.
"""

from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from functools import cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from synth.storefront.calendar import DAY_US, EPOCH, day_of, ordinal, tracking, volume
from synth.storefront.draws import Choice, Codes, Flags, Keys, Quantiles, children, root, uniform
from synth.storefront.figures import figures

HORIZON_DAYS = 60
HOUR_US = 3_600_000_000
LONGEST_SESSION_US = 4 * HOUR_US

BROWSE, SHOP, CHECKOUT, BUYER, LONG_ROBOT, SHORT_ROBOT = range(6)

# Chance of one more session after the first, the second, ...: sessions per user, with the unseen days allowed for.
RETURNS = (0.205, 0.39, 0.52, 0.57, 0.6, 0.6, *[0.6] * 12)
# The same for those who had been there before the simulation begins to look: they come back more.
OLD_RETURNS = (0.45, 0.5, 0.52, 0.54, *RETURNS[4:])
# Chance of a session that looks at items, and of one that reaches the checkout and leaves: first visits, later ones.
SHOP_SHARE = (0.1835, 0.196)
CHECKOUT_SHARE = (0.0094, 0.0213)
BUYING = 1.05  # the chance of a purchase, over what was measured by session number: the days' factors average below one
# Sessions overlap now and then. Each of a visitor's sessions keeps its microseconds in a residue of its own, so that
# (visitor, timestamp, event name) stays unique.
RESIDUES = 16


@dataclass(frozen=True)
class Visits:
    """Sessions, one position in every array for each."""

    key: Keys
    visitor: Keys
    person: Keys  # whose the browser is
    turn: Codes  # the visitor's first, second, ... session, from 0
    number: Codes  # ga_session_number
    started_us: Codes
    depth: Codes  # BROWSE ... SHORT_ROBOT
    is_first: Flags
    first_touch_us: Codes
    device: Keys  # what the device is drawn by: it changes between days now and then
    spent_before: Codes  # whole dollars of the visitor's earlier purchases

    def take(self, at: Codes | Flags) -> Self:
        """The sessions at these positions."""
        return type(self)(**{field.name: getattr(self, field.name)[at] for field in fields(self)})

    def changed(self, **columns: Any) -> Self:
        """The same sessions with other values in some columns."""
        return replace(self, **columns)

    def __len__(self) -> int:
        return len(self.key)


def cohort(day: date, scale: float, root: Keys, robot_factor: float = 1.0) -> Visits:
    """Every session of the visitors first seen on a day, sorted by visitor and time.

    `scale` 1.0 is the real shop; at a smaller scale the visitors are a part of those of a larger one.
    `robot_factor` times as many robots come as did.
    """
    visitors, kinds = _visitors(day, scale, root, robot_factor)
    is_old, is_robot = kinds == _OLD, kinds >= _LONG
    arrived_us = ordinal(day) * DAY_US + (uniform(visitors, "arrival") * DAY_US).astype(np.int64)
    who, turn = _returns(visitors, is_old, is_robot)
    key = children(visitors[who], "session", turn)

    gap_us = np.where(turn > 0, _gap_hours().draw(key, "gap") * HOUR_US, 0).astype(np.int64)
    started = _running(gap_us, turn == 0) + arrived_us[who]
    started = started - started % RESIDUES + turn % RESIDUES
    first_number = np.where(is_old, 1 + _first_numbers().draw(visitors, "number"), 1)
    step = np.where(turn > 0, 1 + (uniform(key, "step") < 0.02), 0)
    number = first_number[who] + _running(step.astype(np.int64), turn == 0)
    is_first = (turn == 0) & ~is_old[who]
    depth = _depth(key, number, is_first, started, kinds[who])
    # a session that buys overlaps no other, so that what was spent before a session is known when it starts
    buys = depth == BUYER
    apart = (turn > 0) & (buys | np.roll(buys, 1))
    started = started + _running(apart.astype(np.int64), turn == 0) * LONGEST_SESSION_US

    age_us = (_ages().draw(visitors, "age") * DAY_US).astype(np.int64)
    visits = Visits(
        key=key,
        visitor=visitors[who],
        person=visitors[who],
        turn=turn,
        number=number,
        started_us=started,
        depth=depth,
        is_first=is_first,
        first_touch_us=np.where(is_old[who], arrived_us[who] - age_us[who] - RESIDUES, _of_first(started, turn == 0)),
        device=_devices(key, visitors[who], started, turn),
        spent_before=np.zeros(len(key), dtype=np.int64),
    )
    return visits.take((started < (ordinal(day) + HORIZON_DAYS) * DAY_US) & _comes(key, turn, started))


def _comes(key: Keys, turn: Codes, started: Codes) -> Flags:
    """Which sessions take place: over the holidays fewer of those who had been there come back."""
    day = day_of(started)
    days, at = np.unique(day, return_inverse=True)
    share = np.array([volume(EPOCH + timedelta(days=int(d)), return_rates()).coming_back for d in days])
    found: Flags = (turn == 0) | (uniform(key, "comes back") < share[at])
    return found


_FIRST, _OLD, _LONG, _SHORT = range(4)


def _visitors(day: date, scale: float, root: Keys, robot_factor: float) -> tuple[Keys, Codes]:
    """Keys and kinds of the visitors first seen on a day."""
    keys, kinds = [], []
    mean = volume(day, return_rates())
    # a scenario's robots come on days too when the sample's own had stopped
    robots = [n if robot_factor == 1 else 23 * robot_factor for n in (mean.long_robots, mean.short_robots)]
    for kind, number in enumerate((mean.first_visits, mean.old_visitors, *robots)):
        day_key = children(children(root, f"kind {kind}"), "day", ordinal(day))
        # a fraction of a visitor comes on some days and not on others
        count = int(number * scale + uniform(day_key, "rounding")[0])
        keys.append(children(day_key, "visitor", np.arange(count)))
        kinds.append(np.full(count, kind))
    return np.concatenate(keys), np.concatenate(kinds)


@cache
def return_rates() -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Sessions a visitor adds on the day of the first, and one, two, ... days later: new visitors, old ones."""
    visitors = children(root(0), "rehearsal", np.arange(40_000))
    found = []
    for is_old in (False, True):
        none = np.zeros(len(visitors), dtype=bool)
        who, turn = _returns(visitors, none | is_old, none)
        gap = np.where(turn > 0, _gap_hours().draw(children(visitors[who], "session", turn), "gap") / 24, 0.0)
        at = uniform(visitors, "arrival")[who] + _running(gap, turn == 0)
        counts = np.bincount(at[at < HORIZON_DAYS].astype(np.int64), minlength=HORIZON_DAYS) / len(visitors)
        found.append(tuple(counts.tolist()))
    return found[0], found[1]


def _returns(visitors: Keys, is_old: Flags, is_robot: Flags) -> tuple[Codes, Codes]:
    """Positions of the visitors, repeated for each of their sessions, and the turn of each session."""
    sessions = np.ones(len(visitors), dtype=np.int64)
    coming = ~is_robot
    for turn, (chance, of_old) in enumerate(zip(RETURNS, OLD_RETURNS, strict=True)):
        coming = coming & (uniform(visitors, "return", turn) < np.where(is_old, of_old, chance))
        sessions += coming
    who = np.repeat(np.arange(len(visitors)), sessions)
    return who, _running(np.ones(len(who), dtype=np.int64), np.diff(who, prepend=-1) > 0) - 1


def _depth(key: Keys, number: Codes, is_first: Flags, started: Codes, kinds: Codes) -> Codes:
    """How far each session goes; buying grows with the session number and differs by day."""
    if not len(key):
        return np.zeros(0, dtype=np.int64)
    tags = tracking(_date(started.min()), _date(started.max()))
    by_number = np.array(figures()["buying_share_by_session_number"])
    buying = BUYING * by_number[np.minimum(number, len(by_number)) - 1] * tags.buying[tags.row(started)]
    checkout = np.where(is_first, *CHECKOUT_SHARE)
    shop = np.where(is_first, *SHOP_SHARE) * tags.shopping[tags.row(started)]
    u = uniform(key, "depth")
    depth = np.select(
        [u < buying, u < buying + checkout, u < buying + checkout + shop], [BUYER, CHECKOUT, SHOP], BROWSE
    )
    return np.select([kinds == _LONG, kinds == _SHORT], [LONG_ROBOT, SHORT_ROBOT], depth)


def _devices(key: Keys, visitor: Keys, started: Codes, turn: Codes) -> Keys:
    """A visitor keeps one device within a day; in 8% of the steps from day to day it is of another kind.

    Half of those that are drawn anew are of the same kind.
    """
    new_day = np.diff(day_of(started), prepend=0) != 0
    changes = (turn > 0) & new_day & (uniform(key, "device change") < 0.16)
    return children(visitor, "device", _running(changes.astype(np.int64), turn == 0))


def _running[T: np.generic](values: NDArray[T], starts: Flags) -> NDArray[T]:
    """Running sums that begin anew where `starts` is set."""
    total = np.cumsum(values)
    found: NDArray[T] = total - _of_first(total - values, starts)
    return found


def _of_first[T: np.generic](values: NDArray[T], starts: Flags) -> NDArray[T]:
    """Each group's first value, for all of the group."""
    at = (
        np.maximum.accumulate(np.where(starts, np.arange(len(values)), 0))
        if len(values)
        else np.zeros(0, dtype=np.int64)
    )
    return values[at]


def span(visits: Visits) -> tuple[date, date]:
    """The days on which the first and the last of some sessions start."""
    return _date(visits.started_us.min()), _date(visits.started_us.max())


def _date(at_us: np.int64) -> date:
    return EPOCH + timedelta(days=int(at_us) // DAY_US)


@cache
def _gap_hours() -> Quantiles:
    return Quantiles.of(figures()["gap_hours"])


@cache
def _first_numbers() -> Choice:
    """By position: session number 1, 2, ... of a visitor who was there before the simulation begins to look."""
    measured: dict[str, float] = figures()["old_user_session_number"]
    # fifteen stands for fifteen and more
    tail = {str(n): measured["15"] * 0.12 * 0.93 ** (n - 15) for n in range(15, 80)}
    # many of those seen for the second or third time had come first on a day that was not measured
    known = {str(n): measured.get(str(n), 0.0) * (0.6 if n in (2, 3) else 1.0) for n in range(1, 15)}
    return Choice.of(known | tail)


@cache
def _ages() -> Quantiles:
    """Days since the first touch of visitors who were there before: the upper part of the measured ages."""
    return Quantiles.of({"0": 0.3, "0.25": 4.0, "0.5": 25.0, "0.75": 70.0, "0.9": 131.0, "0.97": 335.0, "1": 413.0})
