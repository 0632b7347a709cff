"""engagement_time_msec: for how long the page was looked at since the last event that said so.

It follows from the time since then. Uploads are held back for up to five seconds, so it may exceed that time by five
seconds or fall short of it by as much; and who looks away for long has looked for a part of it only. hits.json has its
quantiles by event, by what else was uploaded with it, and by the seconds since the last time.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from synth.storefront.draws import Codes, Flags, Keys, Quantiles, Shares, uniform
from synth.storefront.figures import CODE, EVENTS, figures, hits
from synth.storefront.presence import carried
from synth.storefront.visitors import LONG_ROBOT, SHORT_ROBOT

# What the first upload of a session holds is hardly ever timed.
_FIRST_TIMED = {"user_engagement": 0.03, "scroll": 0.27, "view_item": 0.21}
# The robots look at every page for about as long.
_LEVELS = ("0", "0.1", "0.25", "0.5", "0.75", "0.9", "1")
_OF_ROBOTS = {
    (LONG_ROBOT, "user_engagement"): (3000, 5700, 6200, 6900, 8100, 10200, 16000),
    (SHORT_ROBOT, "user_engagement"): (3300, 3900, 4700, 7100, 10500, 12000, 15000),
    (LONG_ROBOT, "view_item"): (15, 40, 85, 145, 225, 1000, 4500),
    (SHORT_ROBOT, "view_item"): (25, 105, 170, 3400, 3800, 4500, 8000),
}


@dataclass(frozen=True)
class Moments:
    """Events sorted by session and time: when each came, and with what."""

    visit: Codes
    event: Codes
    at_us: Codes
    key: Keys
    started_us: Codes  # of the session
    depth: Codes  # of the session
    loads_page: Flags  # in one upload with the page_view that opened the page
    scrolled: Flags  # scroll and user_engagement in one upload


def engagement_msec(moments: Moments) -> Codes:
    """Milliseconds for each event, 0 where it has no time."""
    timed = _timed(moments)
    msec = np.zeros(len(timed), dtype=np.int64)
    seconds, is_first = _since_timed(moments, timed)
    for name, table in figures()["engagement_msec"].items():
        at = np.flatnonzero(timed & (moments.event == CODE[name]))
        msec[at] = _whole(Quantiles.of(table).draw_log(moments.key[at], "engagement"))
    later = timed & (moments.at_us > moments.started_us)
    for kind in _tables():
        of_kind = later & (moments.event == kind.event) & (moments.loads_page == kind.loads_page)
        at = np.flatnonzero(of_kind & (is_first == kind.is_first) & (moments.scrolled == kind.scrolled))
        msec[at] = _whole(1000 * kind.draw(seconds[at], uniform(moments.key[at], "engagement")))
    for (depth, name), values in _OF_ROBOTS.items():
        at = np.flatnonzero(timed & (moments.depth == depth) & (moments.event == CODE[name]))
        msec[at] = _whole(Quantiles.of(dict(zip(_LEVELS, values, strict=True))).draw_log(moments.key[at], "engagement"))
    return msec


def _whole(msec: Shares) -> Codes:
    return np.maximum(1, np.rint(msec)).astype(np.int64)


def _timed(moments: Moments) -> Flags:
    """Which events carry an engagement time."""
    share = np.array([_FIRST_TIMED.get(name, 1.0) for name in EVENTS])[moments.event]
    first = moments.at_us == moments.started_us
    is_look = ~first & (moments.event == CODE["user_engagement"])
    has = carried("engagement_time_msec", moments.event, moments.at_us, moments.key) | is_look
    found: Flags = has & (~first | (uniform(moments.key, "first is timed") < share))
    return found


def _since_timed(moments: Moments, timed: Flags) -> tuple[Shares, Flags]:
    """Seconds since the session's last upload with a timed event, or since its start where there was none."""
    length = len(timed)
    if not length:
        return np.zeros(0), timed
    starts = (np.diff(moments.visit, prepend=-1) != 0) | (np.diff(moments.at_us, prepend=-1) != 0)
    upload = np.cumsum(starts) - 1
    first = np.flatnonzero(starts)
    held = np.logical_or.reduceat(timed, first)
    # position of the last upload with a time, before each one
    last = np.maximum.accumulate(np.where(held, np.arange(len(first)), -1))
    before = np.concatenate([[-1], last[:-1]])
    at = first[np.maximum(before, 0)]
    is_first = (before < 0) | (moments.visit[at] != moments.visit[first])
    since = np.where(is_first, moments.started_us[first], moments.at_us[at])
    return (moments.at_us - since[upload]) / 1e6, is_first[upload]


@dataclass(frozen=True)
class _Table:
    event: int
    loads_page: bool
    is_first: bool
    scrolled: bool
    ends: Shares  # seconds since the last time: upper ends of the rows
    known: Codes  # so many of a row's levels are seconds by themselves, the rest seconds more than since the last time
    levels: Shares
    values: Shares  # by row and level

    def draw(self, seconds: Shares, u: Shares) -> Shares:
        row = np.minimum(np.searchsorted(self.ends, seconds, side="right"), len(self.ends) - 1)
        at = np.clip(np.searchsorted(self.levels, u, side="right") - 1, 0, len(self.levels) - 2)
        low, high = (
            np.log(np.maximum(0.001, self.values[row, n] + np.where(n < self.known[row], 0.0, seconds)))
            for n in (at, at + 1)
        )
        found: Shares = np.exp(low + (high - low) * (u - self.levels[at]) / (self.levels[at + 1] - self.levels[at]))
        return found


@cache
def _tables() -> tuple[_Table, ...]:
    levels = np.array(hits()["engagement_levels"])
    found = []
    for name, loads_page, is_first, scrolled, rows in hits()["engagement"]:
        ends, known, values = zip(*rows, strict=True)
        found.append(
            _Table(
                CODE[name],
                bool(loads_page),
                bool(is_first),
                bool(scrolled),
                np.where(np.array(ends) == 0, np.inf, ends),
                np.array(known),
                levels,
                np.array(values),
            )
        )
    return tuple(found)
