"""From one bundle to the next: what a session's uploads hold, and how long each is waited for.

A bundle is the set of events of a session that share a timestamp. A chain over bundles gives the ties of the real
export; a chain over single events does not. process.json holds its measured chances:

    segment     a stretch of a session with chances of its own: a whole session that only browses, the way to the first
                item or to the checkout, the checkout up to the purchase, what follows
    class       how long a segment is to be, so that long sessions are as common as they are
    position    how many bundles the segment has had
    mode        what the tags of the day could tell: until 24 November without carts, from then on with them
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synth.storefront.draws import Codes, Flags, Keys, Shares, bits, children, high_share, low_share, uniform
from synth.storefront.figures import CODE

LIMIT = 700  # bundles; no session is longer
EARLY, LATE, LATE_WITHOUT_CARTS = range(3)
_CLASSES = 6
# The chances with carts were measured on three days, when fewer were told than on others; days that told fewer hold
# sessions without. By segment and event: times as many.
_MORE = {
    "add_to_cart": (1.0, 1.7, 1.7, 1.0, 1.0, 1.0, 1.0, 1.0),
    "select_item": (1.9,) * 8,
}
# For BROWSE, SHOP, CHECKOUT, BUYER: the first segment, the one of what the depth is named for, the last.
_FIRST_SEGMENT = np.array([0, 1, 3, 5])
_GOAL_SEGMENT = np.array([0, 2, 4, 6])
_LAST_SEGMENT = np.array([0, 2, 4, 7])
_BUYER = 3
_ENTRY = (
    (),
    ("view_item", "add_to_cart"),
    ("begin_checkout", "add_shipping_info"),
    ("begin_checkout", "add_shipping_info"),
)


@dataclass(frozen=True)
class Bundles:
    """Bundles of sessions, sorted by session and place, one position in every array for each."""

    visit: Codes
    place: Codes  # 0, 1, 2 ... in the session
    code: Codes  # position in `codes`
    before: Codes  # the code before, -1 at the start
    is_last: Flags
    attempt: Codes  # 1 from a session's second checkout on


@cache
def measured() -> dict[str, Any]:
    """The file of chances; `codes` names the bundles, lists of numbers alternate a code with its share."""
    found: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return found


@cache
def bundle_events() -> tuple[NDArray[np.bool_], Codes]:
    """For each bundle which events it holds (bundles x events), and how many."""
    codes = measured()["codes"]
    holds = np.zeros((len(codes), len(CODE)), dtype=bool)
    for at, code in enumerate(codes):
        holds[at, [CODE[name] for name in code.split("+")]] = True
    return holds, holds.sum(axis=1)


@dataclass(frozen=True)
class _Rows:
    """Many discrete distributions as one sorted array: row n lies between n and n + 1."""

    ends: Shares
    outcomes: Codes

    @classmethod
    def of(cls, rows: list[list[tuple[int, float]]]) -> "_Rows":
        ends, outcomes = [], []
        for number, row in enumerate(rows):
            shares = np.array([share for _, share in row], dtype=np.float64)
            ends.append(number + np.cumsum(shares) / shares.sum())
            ends[-1][-1] = number + 1.0
            outcomes.append(np.array([outcome for outcome, _ in row], dtype=np.int64))
        return cls(np.concatenate(ends), np.concatenate(outcomes))

    def draw(self, rows: Codes, u: Shares) -> Codes:
        found: Codes = self.outcomes[np.searchsorted(self.ends, rows + u, side="right")]
        return found


@dataclass(frozen=True)
class _Chances:
    rows: _Rows
    start: Codes  # by depth and first visit: a row
    following: Codes  # by mode, segment, position (0, 1, 2 and on), code before, code: a row
    entry: Codes  # by mode, segment, code before: a row
    ends: Shares  # by mode, segment, class, position bucket, code
    bucket: Codes  # by position
    classes: Codes  # by segment, first visit, way into the segment: a row
    enters: NDArray[np.bool_]  # by depth and code: whether the code begins the goal segment
    loads_page: Codes  # by code


@cache
def _chances() -> _Chances:
    data = measured()
    codes: list[str] = data["codes"]
    size = len(codes)
    rows: list[list[tuple[int, float]]] = []

    def row(pairs: list[int], segment: int = 0, without: tuple[str, ...] = ()) -> int:
        held = []
        for code, count in zip(pairs[::2], pairs[1::2], strict=True):
            names = codes[code].split("+") if code < size else []
            times = float(count)
            for name, more in _MORE.items():
                times *= more[segment] if name in names else 1.0
            if times > 0 and not set(without) & set(names):
                held.append((code, times))
        rows.append(held or [(codes.index("user_engagement"), 1.0)])
        return len(rows) - 1

    start = np.zeros((4, 2), dtype=np.int64)
    for depth, is_first, pairs in data["starts"]:
        start[depth, is_first] = row(pairs)
    following = np.zeros((3, 8, 3, size + 1, size), dtype=np.int64)
    entry = np.zeros((3, 8, size), dtype=np.int64)
    for mode, (source, without) in enumerate(((0, ("add_to_cart", "select_item")), (1, ()), (1, ("add_to_cart",)))):
        # the general before the particular, which replaces it
        table = sorted(data["modes"][source]["next"], key=lambda r: (r[0][3] != -2, r[0][2] != -2, r[0][1] != 0))
        for (segment, place, before, code), pairs in table:
            at = slice(None) if place == 0 else place - 1
            came = slice(None) if before == -2 else before + 1
            following[mode, segment, at, came, slice(None) if code == -2 else code] = row(pairs, segment, without)
        for (segment, code), pairs in sorted(data["modes"][source]["entry"], key=lambda r: r[0][1] != -1):
            entry[mode, segment, slice(None) if code == -1 else code] = row(pairs, segment, without)
    edges = data["position_buckets"]
    ends = np.ones((3, 8, _CLASSES, len(edges), size))
    for mode, segment, kind, bucket, shares in data["ends"]:
        ends[mode, segment, kind, bucket] = np.array(shares) / 1000
    ends[LATE_WITHOUT_CARTS] = ends[LATE]
    classes = np.zeros((8, 2, 3), dtype=np.int64)
    for segment, by_first in enumerate(data["classes"]):
        for is_first, by_entry in enumerate(by_first):
            for way, counts in enumerate(by_entry):
                some = counts if sum(counts) else [sum(column) for column in zip(*by_entry, strict=True)]
                held = [(n, float(count)) for n, count in enumerate(some) if count]
                rows.append(held or [(0, 1.0)])
                classes[segment, is_first, way] = len(rows) - 1
    loads_page = bundle_events()[0][:, CODE["page_view"]].astype(np.int64)
    enters = np.array([[bool(set(names) & set(code.split("+"))) for code in codes] for names in _ENTRY])
    bucket = np.searchsorted(edges, np.arange(LIMIT + 2), side="right") - 1
    return _Chances(_Rows.of(rows), start, following, entry, ends, np.maximum(bucket, 0), classes, enters, loads_page)


def walk(keys: Keys, depth: Codes, is_first: Flags, mode: Codes, again: Flags) -> Bundles:
    """The bundles of sessions.

    `keys` are the sessions' own; `depth` is BROWSE, SHOP, CHECKOUT or BUYER; `mode` what the tags could tell; `again`
    says which buyers go through a second checkout.
    """
    chances = _chances()
    new = is_first.astype(np.int64)
    stream = children(keys, "walk")
    visit = np.arange(len(keys))
    code = chances.rows.draw(chances.start[depth, new], uniform(stream, "start"))
    segment = np.where(chances.enters[depth, code], _GOAL_SEGMENT[depth], _FIRST_SEGMENT[depth])
    kind = chances.rows.draw(chances.classes[segment, new, 2 * chances.loads_page[code]], uniform(stream, "class"))
    position = np.ones(len(keys), dtype=np.int64)
    before = np.full(len(keys), -1, dtype=np.int64)
    attempt = np.zeros(len(keys), dtype=np.int64)
    again = again.copy()
    out: list[tuple[Codes, ...]] = []
    for step in range(LIMIT):
        out.append((visit, np.full(len(visit), step), code, before, attempt))
        drawn = bits(stream, step)
        ends = low_share(drawn) < chances.ends[mode, segment, kind, chances.bucket[position], code]
        u = high_share(drawn)
        is_over = ends & (segment == _LAST_SEGMENT[depth])
        more = is_over & again
        again &= ~more
        is_over &= ~more
        moves = ends & ~is_over
        rows = chances.following[mode, segment, np.minimum(position, 3) - 1, before + 1, code]
        if moves.any():
            at = np.flatnonzero(moves)
            attempt = attempt + more
            onwards = np.where(more[at], _GOAL_SEGMENT[_BUYER], segment[at] + 1)
            stayed = position.copy()
            segment[at], position[at] = onwards, 0
            rows[at] = chances.entry[mode[at], onwards, code[at]]
        before, code, position = code, chances.rows.draw(rows, u), position + 1
        if moves.any():
            # at once, after a while, or by loading a page
            way = np.where(chances.loads_page[code[at]] == 1, 2, stayed[at] > 1)
            drawn_class = uniform(stream[at], "class", step + 1)
            kind[at] = chances.rows.draw(chances.classes[segment[at], new[at], way], drawn_class)
        if is_over.any():
            on = ~is_over
            visit, code, before, segment, kind, position = (
                x[on] for x in (visit, code, before, segment, kind, position)
            )
            depth, new, mode, again, attempt, stream = (x[on] for x in (depth, new, mode, again, attempt, stream))
        if not len(visit):
            break
    columns = [np.concatenate(column) for column in zip(*out, strict=True)]
    order = np.argsort(columns[0].astype(np.uint16) if len(keys) < 2**16 else columns[0], kind="stable")
    visit, place, code, before, attempt = (column[order] for column in columns)
    is_last = np.diff(visit, append=-1) != 0
    return Bundles(visit, place, code, before, is_last, attempt)


@dataclass(frozen=True)
class _Waits:
    row: Codes  # by whether it is the last, depth of the session (at most 2), code before, code
    levels: Shares
    logs: Shares  # by row and level: log of seconds


@cache
def _waits() -> _Waits:
    data = measured()
    size = len(data["codes"])
    row = np.zeros((2, 3, size, size), dtype=np.int64)
    logs: list[Shares] = []
    # the general before the particular, which replaces it
    for (before, code, last, kind), seconds in sorted(
        data["waits"], key=lambda r: (r[0][0] != -1, r[0][1] != -1, r[0][2] != -1, r[0][3] != -1)
    ):
        at = [slice(None) if x == -1 else x for x in (last, kind, before, code)]
        row[tuple(at)] = len(logs)
        logs.append(np.log(np.maximum(np.array(seconds), 1e-5)))
    return _Waits(row, np.array(data["wait_levels"]), np.array(logs))


def seconds_before(u: Shares, before: Codes, code: Codes, is_last: Flags, depth: Codes) -> Shares:
    """Seconds from the bundle before to each bundle; `u` in [0, 1) says how long within the measured range."""
    waits = _waits()
    row = waits.row[is_last.astype(np.int64), np.minimum(depth, 2), before, code]
    at = np.clip(np.searchsorted(waits.levels, u, side="right") - 1, 0, len(waits.levels) - 2)
    low, high = waits.logs[row, at], waits.logs[row, at + 1]
    share = (u - waits.levels[at]) / (waits.levels[at + 1] - waits.levels[at])
    found: Shares = np.exp(low + (high - low) * share)
    return found
