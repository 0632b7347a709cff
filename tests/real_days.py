"""The figures of a folder of GA4 export days, computed a second time without the project: plain DuckDB over Parquet.

Nothing here imports the project and no SQL is shared with it: an error would have to be made twice to go unseen.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

CHECKOUT = Path(__file__).resolve().parent.parent
STEPS = ("view_item", "add_to_cart", "begin_checkout", "purchase")


def default_folder() -> Path:
    """The folder that may hold real days: env JOURNEY_REAL_DAYS, else `../shared/ga4` beside the checkout."""
    return Path(os.environ.get("JOURNEY_REAL_DAYS") or CHECKOUT.parent / "shared" / "ga4")


@dataclass(frozen=True)
class Figures:
    """What a folder of days holds. Sessions are (user_pseudo_id, ga_session_id); counts unless said otherwise."""

    events: int
    users: int
    sessions: int
    engaged_sessions: int
    """Text '1' or int 1 of session_engaged on any event of the session."""
    sessions_with_view_item: int
    sessions_with_add_to_cart: int
    sessions_with_begin_checkout: int
    sessions_with_purchase: int
    purchase_sessions_without_add_to_cart: int
    sessions_without_session_start: int
    sessions_over_midnight: int
    """Sessions with events on two UTC days or more."""
    closed_funnel: tuple[int, int, int, int]
    """Sessions with the step and every step before it, in any order."""
    ordered_funnel: tuple[int, int, int, int]
    """The same where each step first happens no earlier than the step before."""
    purchase_events: int
    purchase_events_with_id: int
    purchase_events_without_id: int
    recovered_ids: int
    """Purchase events with an id although ecommerce.transaction_id is NULL or a placeholder."""
    distinct_ids: int
    repeats: int
    """Purchase events beyond the first of their transaction id."""
    value_revenue: Decimal
    """Sum of the `value` param over the first event of each transaction id, USD."""


# The ten days that the published figures are about, and those figures.
TEN_DAYS = (*(f"202011{day}" for day in ("01", "02", "11", "12", "21", "22", "23", "28")), "20201224", "20201225")
PUBLISHED = Figures(
    events=404_174,
    users=27_371,
    sessions=32_554,
    engaged_sessions=27_899,
    sessions_with_view_item=7_282,
    sessions_with_add_to_cart=468,
    sessions_with_begin_checkout=1_197,
    sessions_with_purchase=407,
    purchase_sessions_without_add_to_cart=315,
    sessions_without_session_start=427,
    sessions_over_midnight=27,
    closed_funnel=(7_282, 466, 190, 92),
    ordered_funnel=(7_282, 465, 166, 91),
    purchase_events=568,
    purchase_events_with_id=550,
    purchase_events_without_id=18,
    recovered_ids=99,
    distinct_ids=418,
    repeats=132,
    value_revenue=Decimal("29411.08"),
)


class Days:
    """Days of the export as DuckDB tables: `event`, `session`, `purchase` (an id, or an event without one)."""

    def __init__(self, folder: Path) -> None:
        self.names = tuple(sorted(path.stem.removeprefix("events_") for path in folder.glob("events_*.parquet")))
        self.db = duckdb.connect()
        self.db.execute("set timezone = 'UTC'")
        self.db.execute(EVENT, [str(folder / "events_*.parquet")])
        self.db.execute(SESSION)
        self.db.execute(PURCHASE)

    @property
    def are_the_ten(self) -> bool:
        """Whether these are the ten days of the published figures, and no others."""
        return self.names == TEN_DAYS

    def figures(self) -> Figures:
        """Count what the days hold."""
        row = self.db.execute(FIGURES)
        names = [column[0] for column in row.description]
        values: dict[str, Any] = dict(zip(names, row.fetchone() or (), strict=True))
        values |= {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return Figures(**values)


def _param(key: str) -> str:
    return f"list_filter(event_params, lambda p: p.key = '{key}')[1].value"


EVENT = f"""
create table event as
with read as (
    select
        user_pseudo_id, event_name, event_timestamp, ecommerce.transaction_id as raw_short_id,
        {_param("ga_session_id")}.int_value as ga_session_id,
        {_param("page_location")}.string_value as page_location,
        {_param("session_engaged")} as engaged,
        case when event_name = 'purchase' then {_param("transaction_id")} end as id,
        case when event_name = 'purchase' then {_param("value")} end as amount,
        row_number() over () as event_number
    from read_parquet(?)
)
select
    * exclude (raw_short_id, engaged, id, amount),
    make_timestamptz(event_timestamp) as occurred_at,
    coalesce(engaged.string_value = '1' or engaged.int_value = 1, false) as is_engaged,
    nullif(nullif(trim(raw_short_id), ''), '(not set)') as short_id,
    coalesce(nullif(nullif(trim(id.string_value), ''), '(not set)'), id.int_value::varchar) as long_id,
    coalesce(long_id, short_id) as transaction_id,
    cast(coalesce(amount.double_value, amount.float_value, amount.int_value) as decimal(18, 2)) as amount
from read
"""

SESSION = f"""
create table session as
select
    user_pseudo_id, ga_session_id,
    count(*) as events,
    min(occurred_at) as started_at,
    max(occurred_at) as ended_at,
    bool_or(is_engaged) as is_engaged,
    bool_or(event_name = 'session_start') as has_session_start,
    {", ".join(f"min(occurred_at) filter (event_name = '{step}') as {step}_at" for step in STEPS)}
from event
where ga_session_id is not null and user_pseudo_id is not null
group by all
"""

PURCHASE = """
create table purchase as
select
    transaction_id,
    case when transaction_id is null then event_number end as event_without_id,
    count(*) as events,
    min(occurred_at) as purchased_at,
    arg_min(user_pseudo_id, (event_timestamp, event_number)) as user_pseudo_id,
    arg_min(amount, (event_timestamp, event_number)) as amount
from event
where event_name = 'purchase'
group by all
"""

FIGURES = """
with a as (select count(*) as events, count(distinct user_pseudo_id) as users from event),
s as (
    select
        count(*) as sessions,
        count(*) filter (is_engaged) as engaged_sessions,
        count(view_item_at) as sessions_with_view_item,
        count(add_to_cart_at) as sessions_with_add_to_cart,
        count(begin_checkout_at) as sessions_with_begin_checkout,
        count(purchase_at) as sessions_with_purchase,
        count(purchase_at) filter (add_to_cart_at is null) as purchase_sessions_without_add_to_cart,
        count(*) filter (not has_session_start) as sessions_without_session_start,
        count(*) filter (started_at::date < ended_at::date) as sessions_over_midnight,
        [
            count(view_item_at),
            count(add_to_cart_at) filter (view_item_at is not null),
            count(begin_checkout_at) filter (view_item_at is not null and add_to_cart_at is not null),
            count(purchase_at) filter (
                view_item_at is not null and add_to_cart_at is not null and begin_checkout_at is not null
            )
        ] as closed,
        [
            count(view_item_at),
            count(*) filter (add_to_cart_at >= view_item_at),
            count(*) filter (begin_checkout_at >= add_to_cart_at and add_to_cart_at >= view_item_at),
            count(*) filter (
                purchase_at >= begin_checkout_at
                and begin_checkout_at >= add_to_cart_at
                and add_to_cart_at >= view_item_at
            )
        ] as ordered
    from session
),
e as (
    select
        count(*) as purchase_events,
        count(transaction_id) as purchase_events_with_id,
        count(*) filter (transaction_id is null) as purchase_events_without_id,
        count(*) filter (transaction_id is not null and short_id is null) as recovered_ids
    from event where event_name = 'purchase'
),
p as (
    select
        count(transaction_id) as distinct_ids,
        coalesce(sum(events - 1) filter (transaction_id is not null), 0)::bigint as repeats,
        coalesce(sum(amount) filter (transaction_id is not null), 0) as value_revenue
    from purchase
)
select a.*, s.* exclude (closed, ordered), s.closed as closed_funnel, s.ordered as ordered_funnel, e.*, p.*
from a, s, e, p
"""
