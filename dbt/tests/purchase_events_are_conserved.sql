-- Conservation: every purchase event, and what it reports, is in exactly one row of fct_reconciliation, under its transaction
-- id or, without one, its browser and moment. Rows returned are ids or moments whose events are not.
with

staged as (

    select
        coalesce(
            concat('id/', coalesce(transaction_id, ecommerce_transaction_id)),
            concat('event/', coalesce(user_pseudo_id, ''), '/', cast(unix_micros(occurred_at) as string))
        ) as purchase_key,
        sum(copies) as purchase_events,
        sum(copies * coalesce(value, purchase_revenue, 0)) as revenue

    from {{ ref('stg_events') }}
    where event_name = 'purchase'
    group by purchase_key

),

reconciled as (

    select
        reconciliation_key,
        sum(purchase_events) as purchase_events,
        sum(ga4_reported_revenue) as revenue

    from {{ ref('fct_reconciliation') }}
    where purchase_events > 0
    group by reconciliation_key

)

select
    staged.purchase_key as staged_key,
    reconciled.reconciliation_key as reconciled_key,
    staged.purchase_events as staged_events,
    reconciled.purchase_events as reconciled_events,
    staged.revenue as staged_revenue,
    reconciled.revenue as reconciled_revenue
from staged
full join reconciled on staged.purchase_key = reconciled.reconciliation_key
where
    staged.purchase_events is distinct from reconciled.purchase_events
    or staged.revenue is distinct from reconciled.revenue
