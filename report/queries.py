"""The SQL of the report. `{marts}`, `{evaluation}`, `{raw_ga4}` and `{raw_backend}` stand for `project.dataset`.

Small results only: what is counted is counted in the warehouse. `@now` is the moment after which nothing exists.
"""

FUNNEL = """
select step_name, sessions, share
from `{marts}.rpt_funnel`
where population = 'everyone' and method = 'any' and dimension = 'all'
order by step_order
"""

# All ways of counting over all sessions, and one of them by device and channel.
FUNNEL_ROWS = """
select
    population,
    method,
    dimension,
    slice,
    step_order,
    step_name,
    sessions,
    entered_sessions,
    share,
    share_of_previous,
    median_seconds_from_previous,
    affected_days
from `{marts}.rpt_funnel`
where dimension = 'all' or (population = 'everyone' and method = 'any')
order by population, method, dimension, slice, step_order
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
    match_rate_lower,
    match_rate_upper,
    match_rate_then,
    is_mature,
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

BINS = """
select bin_order, bin_label, from_seconds, to_seconds, people
from `{marts}.rpt_time_to_purchase`
order by bin_order
"""

BRIDGE = """
select
    line_order,
    line,
    kind,
    sum(amount) as amount,
    sum(row_count) as row_count,
    countif(line = 'residual' and amount != 0) as broken_days
from `{marts}.rpt_revenue_bridge`
group by line_order, line, kind
order by line_order
"""

CAUSES = """
select
    gap, dimension, slice, rows_at_risk, missing, missing_rate, elsewhere_rate, lift, p_value, q_value, is_cause
from `{marts}.rpt_gap_causes`
order by gap, dimension, slice
"""

HEALTH = """
select
    export_day,
    event_name,
    sessions,
    neighbour,
    neighbour_sessions,
    sessions_with_both,
    rate,
    expected_rate,
    expected_lower,
    expected_upper,
    status
from `{marts}.rpt_tracking_health`
order by export_day, event_name
"""

MARKS = """
select
    lane_group,
    lane_order,
    label,
    reason,
    lane_sessions,
    mark,
    seconds_from_first,
    seconds_until_end,
    amount
from `{marts}.rpt_journey_timeline`
order by lane_group_order, lane_order, started_at, mark_order, ended_at
"""

DIFFERENCES = """
select
    reconciliation_day,
    status,
    reason,
    order_id,
    transaction_id,
    ga4_revenue,
    backend_revenue,
    coalesce(ga4_revenue, 0) - coalesce(backend_revenue, 0) as revenue_delta
from `{marts}.fct_reconciliation`
where coalesce(ga4_revenue, 0) != coalesce(backend_revenue, 0)
order by abs(coalesce(ga4_revenue, 0) - coalesce(backend_revenue, 0)) desc, reconciliation_key
limit 10
"""

PEOPLE = """
select
    (select count(*) from `{marts}.dim_users`) as people,
    count(distinct if(purchase_at is null, null, user_key)) as buyers
from `{marts}.fct_user_journeys`
"""

MODEL_RESULTS = """
select name, subject, status, failures, message, invocation_id
from `{marts}.rpt_model_results`
order by result_order
"""

TEST_RESULTS = """
select name, subject, status, failures, message, invocation_id
from `{marts}.rpt_test_results`
order by result_order
"""

SCORES = """
select subject, label, true_positives, false_positives, false_negatives, precision, recall, f1
from `{evaluation}.eval_scores`
order by subject, label
"""

MONEY = """
select reason, injected_amount, found_amount, difference, is_decidable
from `{evaluation}.eval_money`
order by reason
"""

CONFUSION = """
select expected_status, found_status, orders
from `{evaluation}.eval_status_confusion`
order by expected_status, found_status
"""
