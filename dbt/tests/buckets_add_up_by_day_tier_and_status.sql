-- Conservation: on every day, the purchases, their events and the orders that came in are those in the buckets of
-- fct_reconciliation; every tier holds the matches made in it; every status holds what the daily report counts. Rows returned
-- are buckets that do not.
with

purchases as (

    select
        purchase_key,
        purchase_events,
        date(purchased_at) as reconciliation_day

    from {{ ref('int_purchases') }}

),

came_in as (

    select
        reconciliation_day,
        count(*) as purchases,
        sum(purchase_events) as purchase_events,
        0 as orders

    from purchases
    group by reconciliation_day

    union all

    select
        coalesce(purchases.reconciliation_day, orders.order_day) as reconciliation_day,
        0 as purchases,
        0 as purchase_events,
        count(*) as orders

    from {{ ref('stg_orders') }} as orders
    left join {{ ref('int_matches') }} as matches on orders.order_id = matches.order_id
    left join purchases on matches.purchase_key = purchases.purchase_key
    group by reconciliation_day

),

reconciled as (

    select * from {{ ref('fct_reconciliation') }}

),

daily as (

    select * from {{ ref('rpt_daily_reconciliation') }}

),

-- What came in is added, what lies in a bucket taken off: zero is left of each.
counted as (

    select
        concat('purchases of ', cast(reconciliation_day as string)) as bucket,
        purchases as row_count

    from came_in

    union all

    select
        concat('purchases of ', cast(reconciliation_day as string)) as bucket,
        -if(purchase_events > 0, 1, 0) as row_count

    from reconciled

    union all

    select
        concat('purchase events of ', cast(reconciliation_day as string)) as bucket,
        purchase_events as row_count

    from came_in

    union all

    select
        concat('purchase events of ', cast(reconciliation_day as string)) as bucket,
        -purchase_events as row_count

    from reconciled

    union all

    select
        concat('orders of ', cast(reconciliation_day as string)) as bucket,
        orders as row_count

    from came_in

    union all

    select
        concat('orders of ', cast(reconciliation_day as string)) as bucket,
        -if(order_id is not null, 1, 0) as row_count

    from reconciled

    union all

    select
        concat('tier ', tier) as bucket,
        1 as row_count

    from {{ ref('int_matches') }}

    union all

    select
        concat('tier ', tier) as bucket,
        -1 as row_count

    from reconciled
    where tier != 'none'

    union all

    select
        concat(counts.status, ' of ', cast(daily.reconciliation_day as string)) as bucket,
        counts.row_count

    from daily
    cross join
        unnest([
            struct('matched' as status, daily.matched as row_count),
            struct('amount_mismatch' as status, daily.amount_mismatch as row_count),
            struct('missing_in_backend' as status, daily.missing_in_backend as row_count),
            struct('missing_in_ga4' as status, daily.missing_in_ga4 as row_count),
            struct('excluded' as status, daily.excluded as row_count),
            struct('awaiting' as status, daily.awaiting as row_count)
        ]) as counts

    union all

    select
        concat(status, ' of ', cast(reconciliation_day as string)) as bucket,
        -1 as row_count

    from reconciled

)

select
    bucket,
    sum(row_count) as left_over
from counted
group by bucket
having sum(row_count) != 0
