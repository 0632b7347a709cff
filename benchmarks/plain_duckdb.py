"""The yardstick: events, sessions, funnel and purchases of a folder of days, by plain DuckDB from the same files.

What one would write by hand without a warehouse, and fast: one pass over the events that puts their params beside them,
then sessions, funnel and purchases from that, as tables of a database file. No history, no tests, no orders.
"""

from pathlib import Path

import duckdb

TEXTS = ("page_location", "page_title", "page_referrer", "source", "medium", "campaign")
NUMBERS = ("ga_session_id", "ga_session_number", "engagement_time_msec")
STEPS = ("view_item", "add_to_cart", "begin_checkout", "purchase")


def _param(key: str) -> str:
    return f"list_filter(event_params, lambda p: p.key = '{key}')[1].value"


EVENTS = f"""
create table events as
select
    strptime(event_date, '%Y%m%d')::date as event_day,
    make_timestamp(event_timestamp) as occurred_at,
    event_name, user_pseudo_id, event_bundle_sequence_id,
    device.category as device_category, device.operating_system as operating_system, device.web_info.browser as browser,
    geo.country as country,
    traffic_source.source as first_source, traffic_source.medium as first_medium, traffic_source.name as first_campaign,
    {", ".join(f"{_param(key)}.string_value as {key}" for key in TEXTS)},
    {", ".join(f"{_param(key)}.int_value as {key}" for key in NUMBERS)},
    {_param("session_engaged")} as engaged,
    {_param("transaction_id")} as id,
    {_param("value")} as amount,
    {_param("tax")} as tax,
    ecommerce.transaction_id as short_id,
    ecommerce.purchase_revenue as purchase_revenue
from read_parquet(?)
"""

SESSIONS = f"""
create table sessions as
select
    user_pseudo_id, ga_session_id,
    min(occurred_at) as started_at, max(occurred_at) as ended_at,
    count(*) as events, count(*) filter (event_name = 'page_view') as page_views,
    bool_or(engaged.string_value = '1' or engaged.int_value = 1) as is_engaged,
    sum(engagement_time_msec) / 1000 as engagement_seconds,
    arg_min(page_location, occurred_at) as landing_page,
    arg_min(source, occurred_at) as source,
    arg_min(medium, occurred_at) as medium,
    arg_min(campaign, occurred_at) as campaign,
    any_value(device_category) as device_category, any_value(country) as country,
    {", ".join(f"min(occurred_at) filter (event_name = '{step}') as {step}_at" for step in STEPS)}
from events
group by all
"""

FUNNEL = f"""
create table funnel as
select
    {", ".join(f"count({step}_at) as {step}" for step in STEPS)},
    count(*) as sessions, count(*) filter (is_engaged) as engaged
from sessions
"""

PURCHASES = """
create table purchases as
select
    coalesce(id.string_value, id.int_value::varchar) as transaction_id,
    count(*) as purchase_events,
    min(occurred_at) as purchased_at,
    arg_min(user_pseudo_id, occurred_at) as user_pseudo_id,
    arg_min(coalesce(amount.double_value, amount.int_value), occurred_at) as ga4_revenue,
    arg_min(coalesce(tax.double_value, tax.int_value), occurred_at) as tax
from events
where event_name = 'purchase'
group by all
"""


def compute(folder: Path, database: Path) -> None:
    """Make the four tables of the days in `folder`, in a new database file."""
    database.unlink(missing_ok=True)
    with duckdb.connect(str(database)) as connection:
        connection.execute(EVENTS, [str(folder / "events_*.parquet")])
        for sql in (SESSIONS, FUNNEL, PURCHASES):
            connection.execute(sql)
