-- Grain: one row per reason, injected or found: the money between GA4 and the shop that it stands for.
with

orders as (

    select
        *,
        has_ga4_id or not has_ga4_purchase as is_settled_by_id

    from {{ ref('eval_orders') }}
    -- what is still awaited has no reason yet
    where 'awaiting' not in (expected_status, found_status) and found_status != 'absent'

),

sides as (

    select
        expected_reason as reason,
        is_settled_by_id,
        injected_amount,
        0 as found_amount

    from orders

    union all

    select
        found_reason as reason,
        is_settled_by_id,
        0 as injected_amount,
        found_amount

    from orders

),

-- What a purchase without an id moves is under one name: how much of it is found hangs on the matches, not on the amounts.
named as (

    select
        if(is_settled_by_id, coalesce(reason, 'none'), 'without_id') as reason,
        injected_amount,
        found_amount

    from sides

),

final as (

    select
        reason,
        sum(injected_amount) as injected_amount,
        sum(found_amount) as found_amount,
        sum(found_amount) - sum(injected_amount) as difference,
        reason != 'without_id' as is_decidable

    from named
    group by reason

)

select * from final
