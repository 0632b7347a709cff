"""Days of the export, put together from sessions."""

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date, timedelta
from itertools import groupby, pairwise
from operator import itemgetter

import numpy as np
import pyarrow as pa

from synth.storefront.arrays import (
    column_type,
    decimals,
    encoded_schema,
    export_schema,
    lists,
    same,
    struct,
    texts,
    whole,
)
from synth.storefront.attributes import devices, places, pseudo_ids, sources, traffic_sources
from synth.storefront.baskets import Baskets, baskets, spent_before
from synth.storefront.calendar import DAY_US, day_of, ordinal
from synth.storefront.draws import Codes, Flags, integers, root, uniform
from synth.storefront.figures import CODE, EVENTS
from synth.storefront.items import items_and_ecommerce
from synth.storefront.params import event_params, order_of
from synth.storefront.scenarios import Scenario, as_exported, ids_lost, robot_factor, second_browsers, unrecorded
from synth.storefront.sessions import Events, events_of
from synth.storefront.truth import people_of, unrecorded_of
from synth.storefront.visitors import HORIZON_DAYS, Visits, cohort

STREAM_ID = 2100450278
# Sessions made at one go: few enough for memory, enough that the cost of a step is in its rows. Days with more are made
# in parts.
BATCH = 12_000
PART = 4_000


def days(
    wanted: list[date], scale: float, seed: int, scenario: Scenario | None = None
) -> Iterator[tuple[date, pa.Table]]:
    """The export of consecutive days, in order; sessions over midnight go on in the next day's table.

    A day is the same whatever days are asked for with it. Texts are positions in vocabularies (see `plain`).
    """
    parts = ((day, table) for day, table, _ in days_and_truth(wanted, scale, seed, scenario))
    for day, tables in groupby(parts, key=itemgetter(0)):
        yield day, pa.concat_tables(table for _, table in tables)


def days_and_truth(
    wanted: list[date], scale: float, seed: int, scenario: Scenario | None = None
) -> Iterator[tuple[date, pa.Table, list[tuple[str, pa.Table]]]]:
    """The same with what is true of each day, by the names of synth.storefront.truth.

    A day of many sessions comes in parts of some visitors each, one after the other. Rows of a part are sorted by time,
    then visitor, then name.
    """
    for day, visits, events in days_of_events(wanted, scale, seed, scenario):
        hidden = unrecorded(scenario, visits, events)
        orders = baskets(visits)
        orders = replace(orders, id_told=orders.has_id & ~ids_lost(scenario, visits)[orders.visit])
        order = order_of(events, orders)
        no_id = (events.event == CODE["purchase"]) & (order >= 0) & ~hidden
        no_id[no_id] = ~orders.id_told[order[no_id]]
        reason = scenario.kind if scenario else ""
        truth = [
            ("storefront_people", people_of(day, visits)),
            ("storefront_unrecorded", unrecorded_of(day, visits, events, hidden, no_id, reason)),
        ]
        told = events.take(~hidden) if hidden.any() else events
        starts = np.diff(told.at_us, prepend=-1) != 0
        place = np.arange(len(starts)) - np.maximum.accumulate(np.where(starts, np.arange(len(starts)), 0))
        yield day, as_exported(scenario, _rows(told, visits, orders), place), truth


def plain(table: pa.Table) -> pa.Table:
    """A day's table with the very types of the export."""
    return table.cast(export_schema())


def days_of_events(
    wanted: list[date], scale: float, seed: int, scenario: Scenario | None = None
) -> Iterator[tuple[date, Visits, Events]]:
    """The sessions and events of consecutive days; every event's position of a session is in the day's own sessions."""
    held: list[tuple[Visits, Events]] = []  # what runs over midnight
    for block in _blocks(_sessions_by_day(wanted, scale, seed, scenario)):
        visits = _concatenated(Visits, [part for _, part in block])
        visits = visits.take(np.lexsort((visits.key, visits.started_us)))
        parts = 1 if len(visits) < BATCH or len(block) > 1 else -(-len(visits) // PART)
        late, held = held, []
        for part in range(parts):
            some, events = _with_late(visits.take(_of_part(visits, part, parts)), late, part, parts)
            first, last = ordinal(block[0][0]), ordinal(block[-1][0])
            midnights = np.searchsorted(events.at_us, np.arange(first, last + 2) * DAY_US)
            for (day, _), (start, end) in zip(block, pairwise(midnights), strict=True):
                if day >= wanted[0]:
                    yield day, *_only(some, events, slice(start, end))
            held.append(_only(some, events, slice(midnights[-1], None)))


def _of_part(visits: Visits, part: int, parts: int) -> Flags:
    """Which sessions are of the visitors of a part."""
    found: Flags = visits.visitor % np.uint64(parts) == part
    return found


def _with_late(visits: Visits, late: list[tuple[Visits, Events]], part: int, parts: int) -> tuple[Visits, Events]:
    """Sessions and their events, with those of the same visitors that run over from the day before, sorted by time."""
    events = events_of(visits)
    for sessions, over in late:
        if not len(sessions):
            continue
        sessions, over = _only(sessions, over, _of_part(sessions, part, parts)[over.visit])
        events = _concatenated(Events, [replace(over, visit=over.visit + len(visits)), events])
        visits = _concatenated(Visits, [visits, sessions])
    return visits, events.take(np.lexsort((events.event, visits.visitor[events.visit], events.at_us)))


def _only(visits: Visits, events: Events, kept: Flags | slice) -> tuple[Visits, Events]:
    """Some of the events, and the sessions they belong to."""
    some = events.take(kept)
    has = np.zeros(len(visits), dtype=bool)
    has[some.visit] = True
    return visits.take(has), replace(some, visit=(np.cumsum(has) - 1)[some.visit])


def _concatenated[T: (Visits, Events)](kind: type[T], parts: list[T]) -> T:
    return kind(**{field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(kind)})


def _sessions_by_day(
    wanted: list[date], scale: float, seed: int, scenario: Scenario | None
) -> Iterator[tuple[date, Visits]]:
    """Sessions by the day on which they start, from the day before the first wanted one.

    The visitors of one day at a time are made, and what they do later is kept until its day comes.
    """
    first, last = wanted[0] - timedelta(days=1), wanted[-1]
    held: dict[int, list[Visits]] = {}
    begin = first - timedelta(days=HORIZON_DAYS)
    for day in (begin + timedelta(days=n) for n in range((last - begin).days + 1)):
        visits = second_browsers(scenario, cohort(day, scale, root(seed), robot_factor(scenario, day)))
        visits = replace(visits, spent_before=spent_before(visits, baskets(visits)))
        started = day_of(visits.started_us)
        visits = visits.take((started >= ordinal(first)) & (started <= ordinal(last)))
        started = day_of(visits.started_us)
        for number in np.unique(started).tolist():
            held.setdefault(number, []).append(visits.take(started == number))
        if day >= first:
            # what starts on a day is known once the day's own visitors are
            yield day, _concatenated(Visits, held.pop(ordinal(day), []) or [visits.take(np.zeros(0, dtype=np.int64))])


def _blocks(days: Iterator[tuple[date, Visits]]) -> Iterator[list[tuple[date, Visits]]]:
    """Runs of days, each with about BATCH sessions; a day with more is alone."""
    block: list[tuple[date, Visits]] = []
    for day, visits in days:
        if block and len(visits) >= BATCH:
            yield block
            block = []
        block.append((day, visits))
        if sum(len(part) for _, part in block) >= BATCH:
            yield block
            block = []
    if block:
        yield block


def _rows(events: Events, visits: Visits, orders: Baskets) -> pa.Table:
    """The export's columns for events of these sessions."""
    length = len(events.event)
    order, source = order_of(events, orders), sources(visits)
    items, ecommerce = items_and_ecommerce(events, orders, order)
    of_visit = pa.array(events.visit)
    visitors, of_visitor = np.unique(visits.visitor, return_inverse=True)
    touched = uniform(visits.visitor, "no first touch") >= 0.015
    columns = {
        "event_date": texts(*_dates(events.at_us)),
        "event_timestamp": whole(events.at_us),
        "event_name": texts(EVENTS, events.event),
        "event_params": event_params(events, visits, source, orders, order),
        "event_value_in_usd": _value(events, orders, order),
        "event_bundle_sequence_id": whole(integers(events.bundle, "sequence", 20_000_000_001) - 10_000_000_000),
        "user_pseudo_id": texts(pseudo_ids(visitors), of_visitor[events.visit]),
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
    schema = encoded_schema()
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
    purchases, revenue_of = bought[first], orders.revenue_dollars
    inside = np.flatnonzero(np.isin(events.visit, events.visit[purchases]))
    for at in purchases.tolist():
        mine = inside[(inside >= at) & (events.visit[inside] == events.visit[at])]
        spent[mine] += revenue_of[order[at]]
    length = len(order)
    revenue = decimals(spent, np.ones(length, dtype=bool))
    return struct(column_type("user_ltv"), length, {"revenue": revenue, "currency": same("USD", length)})
