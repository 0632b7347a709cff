-- Grain: one row per reason, injected or found: the money between GA4 and the shop that it stands for.
with

orders as (

    select * from {{ ref('eval_orders') }}
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

-- How much is found of what purchases without an id move hangs on the matches: zero_value, and what stays unmatched.
named as (

    select
        case
            when is_settled_by_id then coalesce(reason, 'none')
            when reason = 'zero_value' then 'zero_value'
            else 'without_id'
        end as reason,
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
        reason not in ('zero_value', 'without_id') as is_decidable

    from named
    group by reason

)

select * from final
