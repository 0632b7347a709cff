-- Grain: one row per (reconciliation_day, line_order): the way from what GA4 reports to what the shop booked, in its currency.
-- Both ends are summed from the purchases and the orders themselves, every step from fct_reconciliation: the residual is
-- 0.00 only while each purchase and each order is in exactly one of its rows.
{{ config(partition_by={'field': 'reconciliation_day', 'data_type': 'date'}) }}

with

purchases as (

    select
        purchase_key,
        purchase_events,
        ga4_reported_revenue,
        date(purchased_at) as reconciliation_day

    from {{ ref('int_purchases') }}

),

orders as (

    select
        orders.total,
        coalesce(purchases.reconciliation_day, orders.order_day) as reconciliation_day

    from {{ ref('stg_orders') }} as orders
    left join {{ ref('int_matches') }} as matches on orders.order_id = matches.order_id
    left join purchases on matches.purchase_key = purchases.purchase_key

),

reconciled as (

    select
        *,
        order_id is not null and status in ('matched', 'amount_mismatch', 'missing_in_ga4') as is_eligible

    from {{ ref('fct_reconciliation') }}

),

stepped as (

    select
        reconciliation_day,
        purchase_events,
        is_eligible,
        coalesce(ga4_revenue, 0) as ga4_revenue,
        coalesce(ga4_reported_revenue, 0) as ga4_reported_revenue,
        if(is_eligible, backend_revenue, 0) as eligible_revenue,
        coalesce(backend_booked, 0) as backend_booked,
        -- from GA4's first report of the purchase to what the shop keeps of an eligible order
        case
            when purchase_events > 0 and order_id is null
                then case
                    when status = 'excluded' then 'without_id'
                    when status = 'awaiting' then 'ga4_awaiting'
                    else 'ga4_only'
                end
            when purchase_events > 0 and not is_eligible then 'ga4_excluded'
            when status = 'amount_mismatch' then reason
            -- a cent apart counts as matched, and is still a cent
            when revenue_delta != 0 and status = 'matched' then 'rounding'
            when is_eligible and purchase_events = 0 then 'backend_only'
        end as step,
        -- from there to the total that the shop booked
        case
            when order_id is null then null
            when status = 'awaiting' then 'excluded_awaiting'
            when not is_eligible then concat('excluded_', if(reason = 'test_order', 'test', reason))
            when backend_booked != backend_revenue then 'excluded_partial_refund'
        end as exclusion

    from reconciled

),

amounts as (

    select
        reconciliation_day,
        'ga4_reported' as line,
        sum(ga4_reported_revenue) as amount,
        sum(purchase_events) as row_count

    from purchases
    group by reconciliation_day

    union all

    select
        reconciliation_day,
        'duplicates' as line,
        sum(ga4_revenue - ga4_reported_revenue) as amount,
        sum(purchase_events - 1) as row_count

    from stepped
    where purchase_events > 1
    group by reconciliation_day

    union all

    select
        reconciliation_day,
        step as line,
        sum(eligible_revenue - ga4_revenue) as amount,
        count(*) as row_count

    from stepped
    where step is not null
    group by reconciliation_day, step

    union all

    select
        reconciliation_day,
        'eligible_backend' as line,
        sum(eligible_revenue) as amount,
        count(*) as row_count

    from stepped
    where is_eligible
    group by reconciliation_day

    union all

    select
        reconciliation_day,
        exclusion as line,
        sum(backend_booked - eligible_revenue) as amount,
        count(*) as row_count

    from stepped
    where exclusion is not null
    group by reconciliation_day, exclusion

    union all

    select
        reconciliation_day,
        'backend_as_booked' as line,
        sum(total) as amount,
        count(*) as row_count

    from orders
    group by reconciliation_day

),

lines as (

    select
        listed.line_order,
        listed.line,
        listed.kind

    from unnest([
        struct(1 as line_order, 'ga4_reported' as line, 'total' as kind),
        struct(2 as line_order, 'duplicates' as line, 'step' as kind),
        struct(3 as line_order, 'without_id' as line, 'step' as kind),
        struct(4 as line_order, 'zero_value' as line, 'step' as kind),
        struct(5 as line_order, 'ga4_only' as line, 'step' as kind),
        struct(6 as line_order, 'ga4_awaiting' as line, 'step' as kind),
        struct(7 as line_order, 'ga4_excluded' as line, 'step' as kind),
        struct(8 as line_order, 'shipping_basis' as line, 'step' as kind),
        struct(9 as line_order, 'tax_basis' as line, 'step' as kind),
        struct(10 as line_order, 'rounding' as line, 'step' as kind),
        struct(11 as line_order, 'late_discount' as line, 'step' as kind),
        struct(12 as line_order, 'partial_refund' as line, 'step' as kind),
        struct(13 as line_order, 'currency' as line, 'step' as kind),
        struct(14 as line_order, 'unknown' as line, 'step' as kind),
        struct(15 as line_order, 'backend_only' as line, 'step' as kind),
        struct(16 as line_order, 'eligible_backend' as line, 'total' as kind),
        struct(17 as line_order, 'excluded_cancelled' as line, 'step' as kind),
        struct(18 as line_order, 'excluded_refunded' as line, 'step' as kind),
        struct(19 as line_order, 'excluded_test' as line, 'step' as kind),
        struct(20 as line_order, 'excluded_partial_refund' as line, 'step' as kind),
        struct(21 as line_order, 'excluded_awaiting' as line, 'step' as kind),
        struct(22 as line_order, 'excluded_ga4_day_missing' as line, 'step' as kind),
        struct(23 as line_order, 'backend_as_booked' as line, 'total' as kind),
        struct(24 as line_order, 'residual' as line, 'total' as kind)
    ]) as listed

),

residuals as (

    select
        amounts.reconciliation_day,
        'residual' as line,
        sum(case
            when amounts.line = 'backend_as_booked' then -amounts.amount
            when amounts.line = 'ga4_reported' or lines.kind = 'step' then amounts.amount
            else 0
        end) as amount,
        0 as row_count

    from amounts
    inner join lines on amounts.line = lines.line
    group by amounts.reconciliation_day

),

summed as (

    select * from amounts
    union all
    select * from residuals

),

days as (

    select distinct reconciliation_day from amounts

),

final as (

    select
        days.reconciliation_day,
        lines.line_order,
        lines.line,
        lines.kind,
        coalesce(summed.amount, 0) as amount,
        coalesce(summed.row_count, 0) as row_count

    from days
    cross join lines
    left join summed on days.reconciliation_day = summed.reconciliation_day and lines.line = summed.line

)

select * from final
