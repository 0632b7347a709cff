"""The SQL of the report. `{marts}`, `{raw_ga4}` and `{raw_backend}` stand for `project.dataset`.

Small results only: what is counted is counted in the warehouse. `@now` is the moment after which nothing exists.
"""

FUNNEL = """
select step_name, sessions, share
from `{marts}.rpt_funnel`
where population = 'everyone' and method = 'any' and dimension = 'all'
order by step_order
"""

# The same steps counted again from the sessions themselves, by day: the daily table needs the days, and the funnel
# mart is held against their sum.
SESSIONS_BY_DAY = """
select
    session_day,
    count(*) as sessions,
    countif(view_item_at is not null) as view_item,
    countif(add_to_cart_at is not null) as add_to_cart,
    countif(begin_checkout_at is not null) as begin_checkout,
    countif(purchase_at is not null) as purchase,
    countif(is_purchase_confirmed) as confirmed
from `{marts}.fct_user_journeys`
group by session_day
order by session_day
"""

# `row_count`: ROWS is a reserved word. A row with an order id is an order, one with purchase events is a purchase.
OUTCOMES = """
select
    status,
    reason,
    count(*) as row_count,
    count(order_id) as orders,
    countif(purchase_events > 0) as purchases,
    coalesce(sum(purchase_events), 0) as purchase_events,
    coalesce(sum(ga4_revenue), 0) as ga4_revenue,
    coalesce(sum(backend_revenue), 0) as backend_revenue
from `{marts}.fct_reconciliation`
group by status, reason
order by status, reason
"""

DAYS = """
select
    reconciliation_day,
    purchases,
    orders,
    eligible_orders,
    matched,
    amount_mismatch,
    missing_in_backend,
    missing_in_ga4,
    excluded,
    awaiting,
    match_rate,
    ga4_revenue,
    backend_revenue,
    revenue_difference,
    unexplained_difference
from `{marts}.rpt_daily_reconciliation`
order by reconciliation_day
"""

# Days that had not come yet at @now are not there, for the marts either.
EXPORT_DAYS = """
select day, status, events, new_columns, missing_columns, retyped_columns
from `{raw_ga4}.export_days`
where timestamp(day) < @now
order by day
"""

# The shop's own currency is the one that is exchanged at 1.
BACKEND = """
select
    least(max(loaded_at), @now) as loaded_through_at,
    max(if(updated_at <= @now, updated_at, null)) as changed_at,
    array_agg(distinct if(exchange_rate = 1, currency, null) ignore nulls) as currencies
from `{raw_backend}.orders`
"""
