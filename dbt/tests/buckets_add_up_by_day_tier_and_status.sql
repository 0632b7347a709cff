-- Conservation: on every day, the purchases, their events and the orders that came in are those in the buckets of
-- fct_reconciliation; every tier holds the matches made in it; every status of a day holds what the daily report counts. Rows
-- returned are buckets that do not.
with

purchases as (

    select
        purchase_key,
        purchase_events,
        cast(date(purchased_at) as string) as day_name

    from {{ ref('int_purchases') }}

),

orders as (

    select coalesce(purchases.day_name, cast(placed.order_day as string)) as day_name
    from {{ ref('stg_orders') }} as placed
    left join {{ ref('int_matches') }} as matches on placed.order_id = matches.order_id
    left join purchases on matches.purchase_key = purchases.purchase_key

),

reconciled as (

    select
        *,
        cast(reconciliation_day as string) as day_name

    from {{ ref('fct_reconciliation') }}

),

daily as (

    select
        *,
        cast(reconciliation_day as string) as day_name

    from {{ ref('rpt_daily_reconciliation') }}

),

-- What came in is added, what lies in a bucket is taken off.
counted as (

    select
        concat('purchases of ', day_name) as bucket,
        1 as row_count
    from purchases

    union all

    select
        concat('purchase events of ', day_name) as bucket,
        purchase_events as row_count
    from purchases

    union all

    select
        concat('orders of ', day_name) as bucket,
        1 as row_count
    from orders

    union all

    select
        concat('tier ', tier) as bucket,
        1 as row_count
    from {{ ref('int_matches') }}

    union all

    select
        concat(status, ' of ', day_name) as bucket,
        1 as row_count
    from reconciled

    union all

    select
        emptied.bucket,
        emptied.row_count
    from reconciled
    cross join
        unnest([
            struct(
                concat('purchases of ', reconciled.day_name) as bucket, -if(reconciled.purchase_events > 0, 1, 0) as row_count
            ),
            struct(concat('purchase events of ', reconciled.day_name) as bucket, -reconciled.purchase_events as row_count),
            struct(concat('orders of ', reconciled.day_name) as bucket, -if(reconciled.order_id is null, 0, 1) as row_count),
            struct(concat('tier ', reconciled.tier) as bucket, -if(reconciled.tier = 'none', 0, 1) as row_count)
        ]) as emptied

    union all

    select
        emptied.bucket,
        emptied.row_count
    from daily
    cross join
        unnest([
            struct(concat('matched of ', daily.day_name) as bucket, -daily.matched as row_count),
            struct(concat('amount_mismatch of ', daily.day_name) as bucket, -daily.amount_mismatch as row_count),
            struct(concat('missing_in_backend of ', daily.day_name) as bucket, -daily.missing_in_backend as row_count),
            struct(concat('missing_in_ga4 of ', daily.day_name) as bucket, -daily.missing_in_ga4 as row_count),
            struct(concat('excluded of ', daily.day_name) as bucket, -daily.excluded as row_count),
            struct(concat('awaiting of ', daily.day_name) as bucket, -daily.awaiting as row_count)
        ]) as emptied

)

select
    bucket,
    sum(row_count) as left_over
from counted
group by bucket
having sum(row_count) != 0
