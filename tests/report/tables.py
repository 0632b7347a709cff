"""The tables that the report reads, and the SQL that sums the report marts up from the facts.

Columns are those that the report reads, under the names and types that the warehouse gives them.
"""

from google.cloud.bigquery import SchemaField

from journey.bigquery import TableSpec


def _spec(dataset: str, name: str, columns: str) -> TableSpec:
    fields = []
    for column in columns.split(","):
        name_of, kind = column.split()
        is_list = kind.startswith("*")
        fields.append(SchemaField(name_of, kind.removeprefix("*"), mode="REPEATED" if is_list else "NULLABLE"))
    return TableSpec(dataset, name, f"Made up for a test: {name}.", tuple(fields))


JOURNEYS = _spec(
    "marts",
    "fct_user_journeys",
    "session_key STRING, user_key STRING, device_category STRING, session_day DATE, view_item_at TIMESTAMP, "
    "add_to_cart_at TIMESTAMP, begin_checkout_at TIMESTAMP, purchase_at TIMESTAMP, is_purchase_confirmed BOOL",
)
RECONCILIATION = _spec(
    "marts",
    "fct_reconciliation",
    "reconciliation_key STRING, status STRING, reason STRING, order_id INT64, transaction_id STRING, "
    "purchase_events INT64, reconciliation_day DATE, ga4_revenue NUMERIC, backend_revenue NUMERIC",
)
EXPORT_DAYS = _spec(
    "raw_ga4",
    "export_days",
    "day DATE, status STRING, events INT64, new_columns *STRING, missing_columns *STRING, retyped_columns *STRING",
)
ORDERS = _spec(
    "raw_backend",
    "orders",
    "order_id INT64, currency STRING, exchange_rate NUMERIC, updated_at TIMESTAMP, loaded_at TIMESTAMP",
)
FUNNEL = _spec(
    "marts",
    "rpt_funnel",
    "population STRING, method STRING, dimension STRING, slice STRING, step_order INT64, step_name STRING, "
    "sessions INT64, entered_sessions INT64, share FLOAT64, share_of_previous FLOAT64, "
    "median_seconds_from_previous FLOAT64, affected_days INT64",
)
DAYS = _spec(
    "marts",
    "rpt_daily_reconciliation",
    "reconciliation_day DATE, purchases INT64, orders INT64, eligible_orders INT64, matched INT64, "
    "amount_mismatch INT64, missing_in_backend INT64, missing_in_ga4 INT64, excluded INT64, awaiting INT64, "
    "match_rate FLOAT64, match_rate_lower FLOAT64, match_rate_upper FLOAT64, match_rate_then FLOAT64, "
    "is_mature BOOL, ga4_revenue NUMERIC, backend_revenue NUMERIC, revenue_difference NUMERIC, "
    "unexplained_difference NUMERIC",
)
# Of these a warehouse may hold none: each makes one section of the page.
PEOPLE = _spec("marts", "dim_users", "user_key STRING")
BINS = _spec(
    "marts",
    "rpt_time_to_purchase",
    "bin_order INT64, bin_label STRING, from_seconds INT64, to_seconds INT64, people INT64",
)
BRIDGE = _spec(
    "marts",
    "rpt_revenue_bridge",
    "reconciliation_day DATE, line_order INT64, line STRING, kind STRING, amount NUMERIC, row_count INT64",
)
HEALTH = _spec(
    "marts",
    "rpt_tracking_health",
    "export_day DATE, event_name STRING, sessions INT64, neighbour STRING, neighbour_sessions INT64, "
    "sessions_with_both INT64, rate FLOAT64, expected_rate FLOAT64, expected_lower FLOAT64, expected_upper FLOAT64, "
    "status STRING",
)
CAUSES = _spec(
    "marts",
    "rpt_gap_causes",
    "gap STRING, dimension STRING, slice STRING, rows_at_risk INT64, missing INT64, missing_rate FLOAT64, "
    "elsewhere_rate FLOAT64, lift FLOAT64, p_value FLOAT64, q_value FLOAT64, is_cause BOOL",
)
MARKS = _spec(
    "marts",
    "rpt_journey_timeline",
    "lane_group_order INT64, lane_group STRING, lane_order INT64, label STRING, reason STRING, lane_sessions INT64, "
    "mark_order INT64, mark STRING, started_at TIMESTAMP, ended_at TIMESTAMP, seconds_from_first INT64, "
    "seconds_until_end INT64, amount NUMERIC",
)
RESULTS = (
    "result_order INT64, name STRING, subject STRING, status STRING, failures INT64, message STRING, "
    "invocation_id STRING"
)
MODEL_RESULTS = _spec("marts", "rpt_model_results", RESULTS)
TEST_RESULTS = _spec("marts", "rpt_test_results", RESULTS)
SCORES = _spec(
    "evaluation",
    "eval_scores",
    "subject STRING, label STRING, true_positives INT64, false_positives INT64, false_negatives INT64, "
    "precision FLOAT64, recall FLOAT64, f1 FLOAT64",
)
MONEY = _spec(
    "evaluation",
    "eval_money",
    "reason STRING, injected_amount NUMERIC, found_amount NUMERIC, difference NUMERIC, is_decidable BOOL",
)
CONFUSION = _spec("evaluation", "eval_status_confusion", "expected_status STRING, found_status STRING, orders INT64")
NEEDED = (JOURNEYS, RECONCILIATION, EXPORT_DAYS, ORDERS, FUNNEL, DAYS)
SECTIONS = (PEOPLE, BINS, BRIDGE, HEALTH, CAUSES, MARKS, MODEL_RESULTS, TEST_RESULTS, SCORES, MONEY, CONFUSION)
TABLES = NEEDED + SECTIONS

_STEPS = """
        count(*) as sessions,
        countif(view_item_at is not null) as view_item,
        countif(add_to_cart_at is not null) as add_to_cart,
        countif(begin_checkout_at is not null) as begin_checkout,
        countif(purchase_at is not null) as purchase,
        countif(is_purchase_confirmed) as confirmed
    from `{marts}.fct_user_journeys`
"""
SUM_UP_FUNNEL = f"""
insert into `{{marts}}.rpt_funnel` (
    population, method, dimension, slice, step_order, step_name, sessions, entered_sessions, share, share_of_previous,
    median_seconds_from_previous, affected_days
)
with counted as (
    select 'all' as dimension, 'all' as slice, {_STEPS}
    union all
    select 'device_category' as dimension, device_category as slice, {_STEPS}
    group by device_category
)
select
    'everyone', 'any', counted.dimension, counted.slice, step.step_order, step.step_name, step.sessions,
    counted.sessions, safe_divide(step.sessions, counted.sessions), safe_divide(step.sessions, step.before),
    if(step.before > 0 and step.sessions > 0 and step.step_order < 6, 90.0 * step.step_order, null),
    0
from counted, unnest([
    struct(1 as step_order, 'sessions' as step_name, counted.sessions as sessions, 0 as before),
    struct(2 as step_order, 'view_item' as step_name, counted.view_item as sessions, counted.sessions as before),
    struct(3 as step_order, 'add_to_cart' as step_name, counted.add_to_cart as sessions, counted.view_item as before),
    struct(4 as step_order, 'begin_checkout' as step_name, counted.begin_checkout as sessions, add_to_cart as before),
    struct(5 as step_order, 'purchase' as step_name, counted.purchase as sessions, counted.begin_checkout as before),
    struct(6 as step_order, 'confirmed' as step_name, counted.confirmed as sessions, counted.purchase as before)
]) as step
"""

SUM_UP_DAYS = """
insert into `{marts}.rpt_daily_reconciliation` (
    reconciliation_day, purchases, orders, eligible_orders, matched, amount_mismatch, missing_in_backend,
    missing_in_ga4, excluded, awaiting, match_rate, match_rate_lower, match_rate_upper, match_rate_then, is_mature,
    ga4_revenue, backend_revenue, revenue_difference, unexplained_difference
)
with days as (
    select
        reconciliation_day,
        countif(purchase_events > 0) as purchases,
        count(order_id) as orders,
        countif(order_id is not null and status in ('matched', 'amount_mismatch', 'missing_in_ga4')) as n,
        countif(status in ('matched', 'amount_mismatch')) as k,
        countif(status = 'matched') as matched,
        countif(status = 'amount_mismatch') as amount_mismatch,
        countif(status = 'missing_in_backend') as missing_in_backend,
        countif(status = 'missing_in_ga4') as missing_in_ga4,
        countif(status = 'excluded') as excluded,
        countif(status = 'awaiting') as awaiting,
        coalesce(sum(ga4_revenue), 0) as ga4,
        coalesce(sum(backend_revenue), 0) as backend,
        sum(if(reason = 'unknown', coalesce(ga4_revenue, 0) - coalesce(backend_revenue, 0), 0)) as unexplained
    from `{marts}.fct_reconciliation`
    group by reconciliation_day
)
select
    reconciliation_day, purchases, orders, n, matched, amount_mismatch, missing_in_backend, missing_in_ga4, excluded,
    awaiting, safe_divide(k, n),
    -- Wilson's interval at 1.96 standard deviations
    if(n = 0, null, (k + 1.9208 - 1.96 * sqrt(safe_divide(k * (n - k), n) + 0.9604)) / (n + 3.8416)),
    if(n = 0, null, (k + 1.9208 + 1.96 * sqrt(safe_divide(k * (n - k), n) + 0.9604)) / (n + 3.8416)),
    safe_divide(k, n),
    awaiting = 0,
    ga4, backend, ga4 - backend, unexplained
from days
"""

# Without duplicates and refunds: what is booked is what is kept of the orders that count.
SUM_UP_BRIDGE = """
insert into `{marts}.rpt_revenue_bridge` (reconciliation_day, line_order, line, kind, amount, row_count)
with reconciled as (
    select
        reconciliation_day,
        order_id is not null and status in ('matched', 'amount_mismatch', 'missing_in_ga4') as is_eligible,
        coalesce(purchase_events, 0) > 0 as is_purchase,
        case
            when coalesce(purchase_events, 0) > 0 and order_id is null
                then if(status = 'excluded', 'without_id', 'ga4_only')
            when coalesce(purchase_events, 0) > 0 and status not in ('matched', 'amount_mismatch') then 'ga4_excluded'
            when status = 'amount_mismatch' then reason
            when status = 'missing_in_ga4' then 'backend_only'
            else 'rounding'
        end as step,
        coalesce(ga4_revenue, 0) as ga4,
        coalesce(backend_revenue, 0) as backend
    from `{marts}.fct_reconciliation`
),
amounts as (
    select reconciliation_day, 'ga4_reported' as line, sum(ga4) as amount, countif(is_purchase) as row_count
    from reconciled
    group by reconciliation_day
    union all
    select reconciliation_day, step, sum(if(is_eligible, backend, 0) - ga4), countif(is_purchase or is_eligible)
    from reconciled
    group by reconciliation_day, step
    union all
    select reconciliation_day, total, sum(if(is_eligible, backend, 0)), countif(is_eligible)
    from reconciled
    cross join unnest(['eligible_backend', 'backend_as_booked']) as total
    group by reconciliation_day, total
),
lines as (
    select
        each.line_order,
        each.line,
        if(each.line in ('ga4_reported', 'eligible_backend', 'backend_as_booked', 'residual'), 'total', 'step') as kind
    from unnest([
        struct(1 as line_order, 'ga4_reported' as line), struct(2 as line_order, 'duplicates' as line),
        struct(3 as line_order, 'without_id' as line), struct(4 as line_order, 'ga4_only' as line),
        struct(5 as line_order, 'ga4_excluded' as line), struct(6 as line_order, 'shipping_basis' as line),
        struct(7 as line_order, 'partial_refund' as line), struct(8 as line_order, 'rounding' as line),
        struct(9 as line_order, 'unknown' as line), struct(10 as line_order, 'backend_only' as line),
        struct(11 as line_order, 'eligible_backend' as line), struct(12 as line_order, 'backend_as_booked' as line),
        struct(13 as line_order, 'residual' as line)
    ]) as each
)
select
    days.reconciliation_day, lines.line_order, lines.line, lines.kind, coalesce(amounts.amount, 0),
    coalesce(amounts.row_count, 0)
from (select distinct reconciliation_day from amounts) as days
cross join lines
left join amounts on days.reconciliation_day = amounts.reconciliation_day and lines.line = amounts.line
"""
