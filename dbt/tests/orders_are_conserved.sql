-- Conservation: every order that the shop held, and its total, is in exactly one row of fct_reconciliation, and no other is.
-- Rows returned are orders that are not.
with

held as (

    select
        order_id,
        total

    from {{ source('raw_backend', 'orders') }}
    where deleted_at is null and {{ had_come('created_at') }}

),

reconciled as (

    select
        order_id,
        count(*) as times,
        sum(backend_booked) as total

    from {{ ref('fct_reconciliation') }}
    where order_id is not null
    group by order_id

)

select
    held.order_id as held_id,
    reconciled.order_id as reconciled_id,
    reconciled.times,
    held.total as held_total,
    reconciled.total as reconciled_total
from held
full join reconciled on held.order_id = reconciled.order_id
where
    held.order_id is null
    or reconciled.order_id is null
    or reconciled.times != 1
    or held.total is distinct from reconciled.total
