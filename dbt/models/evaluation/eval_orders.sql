-- Grain: one row per order of the answer key that is judged by a row of fct_reconciliation, with what was expected of that row
-- and what was found.
with

truth as (

    select * from {{ source('raw_truth', 'orders') }}

),

found as (

    select * from {{ ref('fct_reconciliation') }}

),

by_order as (

    select
        order_id,
        status,
        reason,
        backend_revenue,
        revenue_delta

    from found
    where order_id is not null

),

-- A dropped order leaves its purchase behind, which only the transaction id names.
by_purchase as (

    select
        transaction_id,
        status,
        reason,
        backend_revenue,
        revenue_delta

    from found
    where order_id is null and transaction_id is not null

),

final as (

    select
        ---------- ids
        truth.order_id,
        truth.transaction_id,

        ---------- what was done
        truth.gap,
        truth.gap_detail,
        truth.is_dropped,
        truth.has_ga4_purchase,
        truth.has_ga4_id,

        ---------- expected and found
        truth.expected_status,
        truth.expected_reason,
        coalesce(by_order.status, by_purchase.status, 'absent') as found_status,
        coalesce(by_order.reason, by_purchase.reason) as found_reason,
        truth.expected_status = coalesce(by_order.status, by_purchase.status, 'absent') as is_right,
        truth.true_total

    from truth
    left join by_order on truth.order_id = by_order.order_id
    left join by_purchase on truth.transaction_id = by_purchase.transaction_id and by_order.order_id is null

)

select * from final
