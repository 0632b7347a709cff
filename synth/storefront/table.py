"""Days of the export, put together from sessions."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from synth.storefront.arrays import column_type, decimals, export_schema, lists, same, struct, texts, whole
from synth.storefront.attributes import devices, places, pseudo_ids, sources, traffic_sources
from synth.storefront.baskets import Baskets, baskets, spent_before
from synth.storefront.calendar import day_of, ordinal
from synth.storefront.draws import Codes, integers, root, uniform
from synth.storefront.figures import CODE, EVENTS
from synth.storefront.items import items_and_ecommerce
from synth.storefront.params import event_params, order_of
from synth.storefront.sessions import Events, events_of
from synth.storefront.visitors import Visits, cohorts

STREAM_ID = 2100450278
# Sessions made at one go: few enough for memory, enough that the cost of a step is in its rows.
BATCH = 12000


def days(wanted: list[date], scale: float, seed: int) -> Iterator[tuple[date, pa.Table]]:
    """The export of consecutive days, in order; sessions over midnight go on in the next day's table.

    A day is the same whatever days are asked for with it. Rows are sorted by time.
    """
    first, last = wanted[0], wanted[-1]
    visits = _known_visits(first, last, scale, seed)
    held: dict[date, list[pa.Table]] = {day: [] for day in wanted}
    started = day_of(visits.started_us)
    done = first
    for low, high in _blocks(started, ordinal(first) - 1, ordinal(last)):
        for day, part in _by_day(visits.take((started >= low) & (started <= high))):
            if day in held:
                held[day].append(part)
        # what starts later cannot reach back
        while done <= last and ordinal(done) <= high:
            yield done, _sorted(held.pop(done))
            done += timedelta(days=1)


def _known_visits(first: date, last: date, scale: float, seed: int) -> Visits:
    """Sessions that can reach into the days, with what their visitors spent before, in the order of their start."""
    visits = cohorts(first - timedelta(days=1), last, scale, root(seed))
    visits = replace(visits, spent_before=spent_before(visits, baskets(visits)))
    started = day_of(visits.started_us)
    visits = visits.take((started >= ordinal(first) - 1) & (started <= ordinal(last)))
    return visits.take(np.lexsort((visits.key, visits.started_us)))


def _blocks(started: Codes, low: int, high: int) -> Iterator[tuple[int, int]]:
    """Runs of days, each with about BATCH sessions."""
    begin, held = low, 0
    for day in range(low, high + 1):
        held += int(np.count_nonzero(started == day))
        if held >= BATCH or day == high:
            yield begin, day
            begin, held = day + 1, 0


def _by_day(visits: Visits) -> Iterator[tuple[date, pa.Table]]:
    if not len(visits):
        return
    events = events_of(visits)
    # bundles of a visitor stay together where two visitors share a microsecond
    events = events.take(np.lexsort((events.event, visits.visitor[events.visit], events.at_us)))
    table, of_day = _rows(events, visits), day_of(events.at_us)
    edges = np.flatnonzero(np.diff(of_day, prepend=-1))
    for start, end in zip(edges, [*edges[1:], len(of_day)], strict=True):
        yield date(1970, 1, 1) + timedelta(days=int(of_day[start])), table.slice(start, end - start)


def _sorted(parts: list[pa.Table]) -> pa.Table:
    """A day's rows by time; the parts overlap only by sessions over midnight."""
    table = pa.concat_tables([export_schema().empty_table(), *parts])
    order = [("event_timestamp", "ascending"), ("user_pseudo_id", "ascending"), ("event_name", "ascending")]
    return table if len(parts) < 2 else table.sort_by(order).combine_chunks()


def _rows(events: Events, visits: Visits) -> pa.Table:
    """The export's columns for events of these sessions."""
    length, orders = len(events.event), baskets(visits)
    order, source = order_of(events, orders), sources(visits)
    items, ecommerce = items_and_ecommerce(events, orders, order)
    of_visit = pa.array(events.visit)
    touched = uniform(visits.visitor, "no first touch") >= 0.015
    columns = {
        "event_date": texts(*_dates(events.at_us)),
        "event_timestamp": whole(events.at_us),
        "event_name": texts(EVENTS, events.event),
        "event_params": event_params(events, visits, source, orders, order),
        "event_value_in_usd": _value(events, orders, order),
        "event_bundle_sequence_id": whole(integers(events.bundle, "sequence", 20_000_000_001) - 10_000_000_000),
        "user_pseudo_id": pa.array(pseudo_ids(visits.visitor), pa.string()).take(of_visit),
        "privacy_info": struct(column_type("privacy_info"), length, {"uses_transient_token": same("No", length)}),
        "user_properties": lists(column_type("user_properties"), np.zeros(0, dtype=np.int64), length, _no_properties()),
        "user_first_touch_timestamp": whole(visits.first_touch_us, touched).take(of_visit),
        "user_ltv": _lifetime(events, visits, orders, order),
        "device": devices(visits).take(of_visit),
        "geo": places(visits).take(of_visit),
        "traffic_source": traffic_sources(source).take(of_visit),
        "stream_id": whole(np.full(length, STREAM_ID)),
        "platform": same("WEB", length),
        "ecommerce": ecommerce,
        "items": items,
    }
    schema = export_schema()
    return pa.table([columns.get(f.name, pa.nulls(length, f.type)) for f in schema], schema=schema)


def _dates(at_us: Codes) -> tuple[list[str], Codes]:
    """Names of days and each moment's position in them."""
    found, at = np.unique(day_of(at_us), return_inverse=True)
    return [(date(1970, 1, 1) + timedelta(days=int(day))).strftime("%Y%m%d") for day in found], at


def _no_properties() -> pa.Array:
    return pa.array([], column_type("user_properties").value_type)


def _value(events: Events, orders: Baskets, order: Codes) -> pa.Array:
    """event_value_in_usd: the revenue of purchases that carry an id."""
    paid = (events.event == CODE["purchase"]) & (order >= 0)
    revenue = np.zeros(len(order), dtype=np.int64)
    revenue[paid] = orders.revenue_dollars[order[paid]]
    known = paid.copy()
    known[paid] = orders.has_id[order[paid]]
    return decimals(revenue, known)


def _lifetime(events: Events, visits: Visits, orders: Baskets, order: Codes) -> pa.Array:
    """user_ltv: what the visitor spent before the session, and in it from each order's first purchase event on."""
    spent = visits.spent_before[events.visit].astype(np.float64)
    bought = np.flatnonzero((events.event == CODE["purchase"]) & (order >= 0))
    # events are in the order of time, so the first that names an order is its first purchase
    _, first = np.unique(order[bought], return_index=True)
    by_visit: dict[int, list[int]] = {}
    for at in bought[np.sort(first)].tolist():
        by_visit.setdefault(int(events.visit[at]), []).append(at)
    for visit, purchases in by_visit.items():
        mine = np.flatnonzero(events.visit == visit)
        for at in purchases:
            spent[mine[mine >= at]] += orders.revenue_dollars[order[at]]
    length = len(order)
    revenue = decimals(spent, np.ones(length, dtype=bool))
    return struct(column_type("user_ltv"), length, {"revenue": revenue, "currency": same("USD", length)})
