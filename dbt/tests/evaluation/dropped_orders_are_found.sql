-- Every order left out of PostgreSQL whose purchase has an id is found as missing in the backend, and nothing else is. Rows
-- returned are mistakes; an order still awaited is none.
{{ config(enabled=env_var('JOURNEY_BACKEND', 'synthetic') == 'synthetic') }}

select
    order_id,
    transaction_id,
    gap,
    found_status
from {{ ref('eval_orders') }}
where found_status not in ('awaiting', 'absent') and (is_dropped and has_ga4_id) != (found_status = 'missing_in_backend')

union all

select
    cast(null as int64) as order_id,
    found.transaction_id,
    'not in the answer key' as gap,
    found.status as found_status
from {{ ref('fct_reconciliation') }} as found
left join {{ ref('eval_orders') }} as truth on found.transaction_id = truth.transaction_id
where found.status = 'missing_in_backend' and truth.transaction_id is null
