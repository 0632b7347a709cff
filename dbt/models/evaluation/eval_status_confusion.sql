-- Grain: one row per (expected_status, found_status) that occurs.
with

final as (

    select
        expected_status,
        found_status,
        count(*) as orders,
        sum(true_total) as true_total

    from {{ ref('eval_orders') }}
    group by expected_status, found_status

)

select * from final
