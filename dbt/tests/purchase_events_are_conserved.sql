-- Conservation: every purchase event is in exactly one row of fct_reconciliation. Rows returned are transaction ids (NULL: events
-- without one) whose events are not.
with

staged as (

    select
        coalesce(transaction_id, ecommerce_transaction_id) as id,
        sum(copies) as purchase_events

    from {{ ref('stg_events') }}
    where event_name = 'purchase'
    group by id

),

reconciled as (

    select
        transaction_id,
        sum(purchase_events) as purchase_events

    from {{ ref('fct_reconciliation') }}
    where purchase_events > 0
    group by transaction_id

)

select
    staged.id as staged_id,
    reconciled.transaction_id as reconciled_id,
    staged.purchase_events as staged_events,
    reconciled.purchase_events as reconciled_events
from staged
full join reconciled on coalesce(staged.id, '') = coalesce(reconciled.transaction_id, '')
where staged.purchase_events is distinct from reconciled.purchase_events
