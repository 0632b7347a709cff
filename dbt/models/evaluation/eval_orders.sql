-- Grain: one row per order of the answer key, with what was expected of it and what fct_reconciliation made of it.
with

truth as (

    select
        *,
        case when has_ga4_purchase then {{ purchase_key('transaction_id', 'has_ga4_id', 'user_pseudo_id', 'purchased_at') }} end
            as purchase_key

    from {{ source('raw_truth', 'orders') }}

),

found as (

    select * from {{ ref('fct_reconciliation') }}

),

by_order as (

    select
        order_id,
        reconciliation_key,
        status,
        reason,
        tier,
        revenue_delta

    from found
    where order_id is not null

),

-- A dropped order leaves its purchase behind.
by_purchase as (

    select
        reconciliation_key,
        status,
        reason,
        tier,
        revenue_delta

    from found
    where purchase_events > 0

),

joined as (

    select
        truth.*,
        by_order.reconciliation_key as order_key,
        coalesce(by_order.status, by_purchase.status, 'absent') as found_status,
        coalesce(by_order.reason, by_purchase.reason) as found_reason,
        coalesce(by_order.tier, by_purchase.tier, 'none') as found_tier,
        coalesce(by_order.revenue_delta, 0)
        -- one row holds both, or each is in a row of its own
        + if(by_purchase.reconciliation_key = by_order.reconciliation_key, 0, coalesce(by_purchase.revenue_delta, 0))
            as found_amount

    from truth
    left join by_order on truth.order_id = by_order.order_id
    left join by_purchase on truth.purchase_key = by_purchase.reconciliation_key

),

final as (

    select
        ---------- ids
        order_id,
        transaction_id,

        ---------- what was done
        gap,
        gap_detail,
        is_dropped,
        has_ga4_purchase,
        has_ga4_id,
        is_decidable,
        -- ids settle these; what may be of a purchase that lost its id is judged apart
        has_ga4_id or not (has_ga4_purchase or is_candidate) as is_settled_by_id,
        booked_revenue is not null as is_stored,

        ---------- expected and found
        expected_status,
        expected_reason,
        found_status,
        found_reason,
        expected_status = found_status as is_right,
        found_tier,
        -- whoever is matched has one row for both
        if(found_tier = 'none', null, coalesce(order_key = purchase_key, false)) as is_matched_with_its_own,

        ---------- money
        true_total,
        injected_amount,
        found_amount

    from joined

)

select * from final
