"""What holds for every row of the export, as queries that count the rows or groups that break it."""

import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

EVENTS = """
with param as (
  select row_id, p.key as name, p.value as value from (select row_id, unnest(event_params) as p from export)
), wide as (
  select row_id,
    max(value.int_value) filter (name = 'ga_session_id') as session_id,
    max(value.int_value) filter (name = 'ga_session_number') as session_number,
    max(value.string_value) filter (name = 'page_location') as page,
    max(value.string_value) filter (name = 'session_engaged') as engaged,
    max(value.int_value) filter (name = 'engagement_time_msec') as engagement_msec,
    count(*) filter (name = 'page_referrer') > 0 as has_referrer,
    count(*) filter (name in ('source', 'medium', 'campaign')) > 0 as tells_source,
    max(value.string_value) filter (name = 'transaction_id') as text_id,
    max(value.int_value) filter (name = 'transaction_id') as number_id,
    any_value(value) filter (name = 'value') as value,
    any_value(value) filter (name = 'tax') as tax,
    count(*) - count(distinct name) as repeated_keys,
    count(*) filter (
      (value.string_value is not null)::int + (value.int_value is not null)::int
      + (value.double_value is not null)::int > 1
    ) as doubly_set,
    count(value.float_value) as floats
  from param group by row_id
)
select export.*, wide.* exclude (row_id), ecommerce.transaction_id as kept_id, ecommerce.purchase_revenue as revenue,
  coalesce(text_id, number_id::varchar) as full_id,
  coalesce(wide.value.double_value, wide.value.int_value) as paid
from export left join wide using (row_id)
"""

RULES = {
    "event_date is the UTC day of the time": (
        "select * from event where event_date <> strftime(make_timestamp(event_timestamp), '%Y%m%d')"
    ),
    "visitor, time and name are unique": (
        "select 1 from event group by user_pseudo_id, event_timestamp, event_name having count(*) > 1"
    ),
    "a browser's id is digits, a point, ten digits": (
        "select * from event where not regexp_full_match(user_pseudo_id, '[1-9][0-9]*[.][0-9]{10}')"
    ),
    "a visitor's events of one time are one bundle": """
        select 1 from event group by user_pseudo_id, event_timestamp
        having count(distinct event_bundle_sequence_id) > 1""",
    "a session's events of one time are on one page": (
        "select 1 from event group by user_pseudo_id, session_id, event_timestamp having count(distinct page) > 1"
    ),
    "every event has its session's id and number": (
        "select * from event where session_id is null or session_number is null"
    ),
    "a session has one number, device, place and source": """
        select 1 from event group by user_pseudo_id, session_id
        having count(distinct concat_ws('|', session_number, device, geo, traffic_source)) > 1""",
    "a session starts once at most": """
        select 1 from event where event_name in ('session_start', 'first_visit')
        group by user_pseudo_id, session_id, event_name having count(*) > 1""",
    "a first visit is session number one": (
        "select * from event where event_name = 'first_visit' and session_number <> 1"
    ),
    "a visitor has one first touch, never after an event": """
        select 1 from event group by user_pseudo_id
        having count(distinct user_first_touch_timestamp) > 1
          or min(event_timestamp) < max(user_first_touch_timestamp)""",
    "a key stands once in an event, with one value at most, never a float": (
        "select * from event where repeated_keys > 0 or doubly_set > 0 or floats > 0"
    ),
    "only purchases carry revenue, ids or values": """
        select * from event where event_name <> 'purchase' and (
          revenue is not null or event_value_in_usd is not null or full_id is not null or value is not null)""",
    "a text id leaves its last six digits, leading zeros gone": (
        "select * from event where text_id is not null and kept_id is distinct from ltrim(right(text_id, 6), '0')"
    ),
    "a number as id leaves a placeholder or nothing": (
        "select * from event where number_id is not null and coalesce(kept_id, '(not set)') <> '(not set)'"
    ),
    "revenue is the value in whole dollars": """
        select * from event where full_id is not null and (
          paid is null or revenue is null or revenue <> round(revenue) or abs(revenue - paid) > 0.5001
          or event_value_in_usd is distinct from revenue
          or ecommerce.purchase_revenue_in_usd is distinct from revenue)""",
    "money without cents is a whole number, with cents it is not": """
        select * from event where (value.double_value = floor(value.double_value))
          or (tax.double_value = floor(tax.double_value))""",
    "tax is a part of the value": """
        select * from event where full_id is not null
          and not coalesce(tax.double_value, tax.int_value) between 0 and paid""",
    "a purchase without an id carries no money": """
        select * from event where event_name = 'purchase' and full_id is null
          and (paid is not null or tax is not null or revenue is not null or ecommerce.purchase_revenue_in_usd <> 0)""",
    "an order id belongs to one session and one value": """
        select 1 from event where full_id is not null group by full_id
        having count(distinct (user_pseudo_id, session_id, paid)) > 1""",
    "an order's quantity is that of its items": """
        select * from event where full_id is not null
          and ecommerce.total_item_quantity is distinct from list_sum([i.quantity for i in items])""",
    "unique_items counts the items": ("select * from event where coalesce(ecommerce.unique_items, 0) <> len(items)"),
    "an engaged session never ceases to be": """
        select 1 from (
          select engaged, max(engaged) over (
            partition by user_pseudo_id, session_id order by event_timestamp
            range between unbounded preceding and current row
          ) as best from event where engaged is not null
        ) where engaged < best""",
    "a session that was looked at for ten seconds is engaged": """
        select 1 from (
          select engaged, sum(coalesce(engagement_msec, 0)) over (
            partition by user_pseudo_id, session_id, event_date order by event_timestamp
            range between unbounded preceding and current row
          ) as looked from event
        ) where engaged = '0' and looked >= 10000""",
    "who tells a source has a referrer": "select * from event where tells_source and not has_referrer",
    "only an event alone in its upload tells a source": """
        select 1 from event where event_name not in ('first_visit', 'session_start')
        group by user_pseudo_id, event_timestamp having count(*) > 1 and bool_or(tells_source)""",
    "what a visitor spent never shrinks": """
        select 1 from (
          select user_ltv.revenue as spent, max(user_ltv.revenue) over (
            partition by user_pseudo_id order by event_timestamp rows between unbounded preceding and 1 preceding
          ) as before from event
        ) where spent < before""",
    "what is constant in the sample is constant": """
        select * from event where platform <> 'WEB' or stream_id is null or user_id is not null or app_info is not null
          or event_dimensions is not null or privacy_info.uses_transient_token <> 'No' or user_ltv.currency <> 'USD'
          or ecommerce is null or ecommerce.shipping_value is not null or ecommerce.refund_value is not null
          or event_params is null or items is null or user_properties is null""",
}


def connection(table: pa.Table) -> Any:
    """A database with the made-up rows as `export`, and as `event` with the parameters that the rules speak of."""
    database = duckdb.connect()
    # by way of a file: DuckDB 1.5 misreads structs within structs of an Arrow table
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "export.parquet"
        pq.write_table(table, file)
        database.execute(
            "create temp table export as select row_number() over () as row_id, * from read_parquet($1)", [str(file)]
        )
    database.execute(f"create temp table event as {EVENTS}")
    return database


def broken_rules(table: pa.Table) -> dict[str, int]:
    """Each rule that does not hold, with how many rows or groups break it."""
    database = connection(table)
    counts = {name: database.execute(f"select count(*) from ({rule})").fetchone()[0] for name, rule in RULES.items()}
    return {name: count for name, count in counts.items() if count}
