-- Grain: one row per reconciliation_day that has a purchase or an order.
with

reconciled as (

    select
        *,
        -- of an order that went wrong later, its last change is the only trace of when
        order_id is not null
        and ordered_at < {{ first_look_at('reconciliation_day') }}
        and not (
            status = 'excluded'
            and (reason = 'test_order' or order_updated_at < {{ first_look_at('reconciliation_day') }})
        ) as was_eligible_then

    from {{ ref('fct_reconciliation') }}

),

days as (

    select
        reconciliation_day,
        countif(purchase_events > 0) as purchases,
        count(order_id) as orders,
        countif(order_id is not null and status in ('matched', 'amount_mismatch', 'missing_in_ga4')) as eligible_orders,
        countif(status = 'matched') as matched,
        countif(status = 'amount_mismatch') as amount_mismatch,
        countif(status in ('matched', 'amount_mismatch')) as both_sides,
        countif(status = 'missing_in_backend') as missing_in_backend,
        countif(status = 'missing_in_ga4') as missing_in_ga4,
        countif(status = 'excluded') as excluded,
        countif(status = 'awaiting') as awaiting,
        countif(was_eligible_then) as orders_then,
        countif(was_eligible_then and purchase_events > 0) as both_sides_then,
        coalesce(sum(ga4_revenue), 0) as ga4_revenue,
        coalesce(sum(backend_revenue), 0) as backend_revenue,
        sum(revenue_delta) as revenue_difference,
        sum(if(reason = 'unknown', revenue_delta, 0)) as unexplained_difference

    from reconciled
    group by reconciliation_day

),

-- How far either side had come; NULL when nothing has.
progress as (

    select
        {{ backend_through_at() }} as backend_through_at,
        max(if(is_held, export_day, null)) as ga4_through_day

    from {{ ref('stg_export_days') }}

),

aged as (

    select
        days.*,
        {{ first_look_at('days.reconciliation_day') }} <= {{ as_of() }} as was_looked_at,
        coalesce(
            {{ is_final('days.reconciliation_day') }} and days.reconciliation_day <= progress.ga4_through_day, false
        ) as is_ga4_final,
        coalesce(
            progress.backend_through_at >= timestamp_add(timestamp(days.reconciliation_day), interval 1 day), false
        ) as is_backend_through

    from days
    cross join progress

),

final as (

    select
        reconciliation_day,

        ---------- counts
        purchases,
        orders,
        eligible_orders,
        matched,
        amount_mismatch,
        missing_in_backend,
        missing_in_ga4,
        excluded,
        awaiting,

        ---------- match rate
        safe_divide(both_sides, eligible_orders) as match_rate,
        {{ wilson('both_sides', 'eligible_orders', '-') }} as match_rate_lower,
        {{ wilson('both_sides', 'eligible_orders', '+') }} as match_rate_upper,
        if(was_looked_at, safe_divide(both_sides_then, orders_then), null) as match_rate_then,
        if(was_looked_at, orders_then, null) as orders_then,

        ---------- maturity
        is_ga4_final,
        is_backend_through,
        is_ga4_final and is_backend_through as is_mature,

        ---------- money
        ga4_revenue,
        backend_revenue,
        revenue_difference,
        unexplained_difference

    from aged

)

select * from final
