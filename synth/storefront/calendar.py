"""What differs from day to day: how many come, and how the shop's tags worked.

The sample's tagging was changed and broken on given days, which looks like behaviour and is none. Days without a
measurement lie between their neighbours; days before the first and after the last are like those.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache

import numpy as np

from synth.storefront.draws import Codes, Shares
from synth.storefront.figures import figures

DAY_US = 86_400_000_000
EPOCH = date(1970, 1, 1)

# Scripted visitors: how many a day, about one an hour, and the last day of each kind.
LONG_ROBOTS, LONG_ROBOTS_END = 23.2, date(2020, 12, 13)
SHORT_ROBOTS, SHORT_ROBOTS_END = 22.8, date(2020, 12, 6)

# Sessions with a cart over those with an item on days when tracking was whole; less was lost by the tags.
WHOLE_CART_TRACKING = 0.38
# Known to be out although no day file of it was measured.
CART_OUTAGE = {"20201124": 0.0}


def day_of(at_us: Codes) -> Codes:
    """Days since 1970-01-01 of moments in microseconds, UTC."""
    return at_us // DAY_US


def ordinal(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def moment(day: date, hour: int) -> int:
    """Microseconds since 1970-01-01 of an hour of a day, UTC."""
    return int((datetime.combine(day, time(hour)) - datetime.combine(EPOCH, time())).total_seconds()) * 1_000_000


# The tag sent the order id as a number until the afternoon of 11 November, and the export lost it: at first wholly.
ID_IS_NULL_UNTIL = moment(date(2020, 11, 2), 5)
ID_IS_NUMBER_UNTIL = moment(date(2020, 11, 11), 13)
BASKET_AT_CHECKOUT_FROM = moment(date(2020, 11, 23), 20)
# Carts are told again, checkouts in another order than before.
TAGS_CHANGED = moment(date(2020, 11, 25), 0)
LISTS_NAMED_UNTIL = moment(date(2020, 12, 14), 0)
VIEWS_TWICE_FROM = moment(date(2020, 12, 28), 13)
SHIPPING_TIER_FROM = moment(date(2020, 11, 20), 12)
# The confirmation page sent its purchase again, mostly within milliseconds.
REPEATS_FROM, REPEATS_UNTIL = moment(date(2020, 11, 18), 18), moment(date(2020, 11, 24), 0)


@dataclass(frozen=True)
class Volume:
    """Mean numbers of one day at full scale."""

    first_visits: float
    old_visitors: float
    long_robots: float
    short_robots: float
    coming_back: float  # share of the sessions of visitors of earlier days that take place


Rates = tuple[tuple[float, ...], tuple[float, ...]]


@cache
def volume(day: date, rates: Rates) -> Volume:
    """How many visitors a day brings; `rates` are the sessions that a new and an old visitor add, by days since.

    Visitors first seen longer ago than the simulation looks back make up what a day's returning sessions still lack.
    """
    sessions, first_share = _sessions(day), _first_share(day)
    returning = sessions * (1 - first_share)
    expected = _expected_returns(day, rates, lambda before: _old_visitors(before, rates))
    long_robots = LONG_ROBOTS if day <= LONG_ROBOTS_END else 0.0
    short_robots = SHORT_ROBOTS if day <= SHORT_ROBOTS_END else 0.0
    return Volume(
        first_visits=max(0.0, sessions * first_share - long_robots - short_robots),
        old_visitors=max(0.0, (returning - expected) / rates[1][0]),
        long_robots=long_robots,
        short_robots=short_robots,
        coming_back=min(1.0, returning / max(expected, 1e-9)),
    )


@dataclass(frozen=True)
class Tracking:
    """Shares of events that the tags kept, and how often they said begin_checkout, for consecutive days."""

    first_day: int
    cart_kept: Shares  # sessions whose carts were told
    checkout_repeats: Shares
    buying: Shares  # over the mean of all days
    shopping: Shares

    def row(self, at_us: Codes) -> Codes:
        """The position of each moment's day, the ends standing for what lies beyond."""
        return np.clip(day_of(at_us) - self.first_day, 0, len(self.cart_kept) - 1)


@cache
def tracking(first: date, last: date) -> Tracking:
    """The tags' work on every day from `first` to `last`."""
    days = np.array([_tracking(first + timedelta(days=n)) for n in range((last - first).days + 1)])
    return Tracking(ordinal(first), *days.T)


@cache
def _tracking(day: date) -> tuple[float, float, float, float]:
    cart = _between({k: v[0] for k, v in figures()["tracking"].items()} | CART_OUTAGE, day)
    repeats = _between({k: v[1] for k, v in figures()["tracking"].items()}, day)
    return min(1.0, cart / WHOLE_CART_TRACKING), max(1.0, repeats), _buying(day), _shopping(day)


def period(at_us: Codes) -> Codes:
    """Which of the figures' four periods of parameters each moment lies in."""
    starts = [ordinal(date.fromisoformat(day)) for day in figures()["param_periods"]]
    return np.maximum(np.searchsorted(starts, day_of(at_us), side="right") - 1, 0).astype(np.int64)


def _buying(day: date) -> float:
    """The day's share of buying sessions over the mean; twenty mean buyers are added against the noise of a day."""
    ratio = {k: (v[2] + 20) / (v[0] * 0.0123 + 20) for k, v in figures()["days"].items()}
    return _between(ratio, day)


def _shopping(day: date) -> float:
    """The day's share of sessions with an item over the mean."""
    return _between({k: v[3] / v[0] / 0.2168 for k, v in figures()["days"].items()}, day)


@cache
def _sessions(day: date) -> float:
    """Sessions of a day: between measured days the level is even, the weekday gives the rest."""
    measured = {k: float(v[0]) for k, v in figures()["days"].items()}
    if day.strftime("%Y%m%d") in measured:
        return measured[day.strftime("%Y%m%d")]
    weekday = figures()["weekday_sessions"]
    level = {k: v / weekday[date.fromisoformat(k).weekday()] for k, v in measured.items()}
    return _between(level, day) * float(weekday[day.weekday()])


@cache
def _old_visitors(day: date, rates: Rates) -> float:
    """A first estimate of the old visitors of a day, which takes those of the days before for a fixed share."""
    returning = _sessions(day) * (1 - _first_share(day))
    expected = _expected_returns(day, rates, lambda before: 0.05 * _sessions(before))
    return max(0.0, (returning - expected) / rates[1][0])


def _expected_returns(day: date, rates: Rates, old_visitors: Callable[[date], float]) -> float:
    """Sessions of a day that are not their visitor's first seen: of visitors of the day and of the days before."""
    new, old = rates
    total = _sessions(day) * _first_share(day) * (new[0] - 1)
    for n in range(1, len(new)):
        before = day - timedelta(days=n)
        total += _sessions(before) * _first_share(before) * new[n] + old_visitors(before) * old[n]
    return total


@cache
def _first_share(day: date) -> float:
    return _between({k: v[1] / v[0] for k, v in figures()["days"].items()}, day)


def _between(measured: dict[str, float], day: date) -> float:
    """A day's own figure, else the straight line between its measured neighbours."""
    at = sorted(measured)
    return float(np.interp(ordinal(day), [ordinal(date.fromisoformat(k)) for k in at], [measured[k] for k in at]))
