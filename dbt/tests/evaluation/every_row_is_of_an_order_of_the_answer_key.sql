-- The answer key knows all that happened: each purchase and each order of fct_reconciliation is of one of its orders. Rows
-- returned are of none.
{{ config(enabled=env_var('JOURNEY_BACKEND', 'synthetic') == 'synthetic') }}

with

truth as (

    select
        order_id,
        {{ purchase_key('transaction_id', 'has_ga4_id', 'user_pseudo_id', 'purchased_at') }} as purchase_key

    from {{ source('raw_truth', 'orders') }}

)

select
    found.reconciliation_key,
    found.order_id,
    found.purchase_events
from {{ ref('fct_reconciliation') }} as found
left join truth as of_order on found.order_id = of_order.order_id
left join truth as of_purchase on found.reconciliation_key = of_purchase.purchase_key
where
    (found.order_id is not null and of_order.order_id is null)
    or (found.purchase_events > 0 and of_purchase.order_id is null)
