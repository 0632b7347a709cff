-- Grain: one row per reconciliation_day that has a purchase or an order.
with

days as (

    select
        reconciliation_day,
        countif(purchase_events > 0) as purchases,
        count(order_id) as orders,
        countif(order_id is not null and status in ('matched', 'amount_mismatch', 'missing_in_ga4')) as eligible_orders,
        countif(status = 'matched') as matched,
        countif(status = 'amount_mismatch') as amount_mismatch,
        countif(status = 'missing_in_backend') as missing_in_backend,
        countif(status = 'missing_in_ga4') as missing_in_ga4,
        countif(status = 'excluded') as excluded,
        countif(status = 'awaiting') as awaiting,
        coalesce(sum(ga4_revenue), 0) as ga4_revenue,
        coalesce(sum(backend_revenue), 0) as backend_revenue,
        sum(revenue_delta) as revenue_difference,
        sum(if(reason = 'unknown', revenue_delta, 0)) as unexplained_difference

    from {{ ref('fct_reconciliation') }}
    group by reconciliation_day

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
        safe_divide(matched + amount_mismatch, eligible_orders) as match_rate,

        ---------- money
        ga4_revenue,
        backend_revenue,
        revenue_difference,
        unexplained_difference

    from days

)

select * from final
