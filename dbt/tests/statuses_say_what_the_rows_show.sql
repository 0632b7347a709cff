-- A row's status follows from its two sides, and its reason is one of that status. Rows returned contradict themselves.
select
    reconciliation_key,
    status,
    reason,
    tier,
    order_id,
    purchase_events,
    revenue_delta
from {{ ref('fct_reconciliation') }}
where
    (purchase_events = 0 and order_id is null)
    or (tier != 'none') != (purchase_events > 0 and order_id is not null)
    or (tier != 'none') != (confidence is not null)
    or not case status
        when 'matched'
            then
                tier != 'none'
                and abs(revenue_delta) <= {{ var('amount_tolerance') }}
                and coalesce(reason, 'late') in ('late', 'day_boundary')
        when 'amount_mismatch'
            then
                tier != 'none' and abs(revenue_delta) > {{ var('amount_tolerance') }} and coalesce(reason, '') in (
                    'partial_refund', 'currency', 'shipping_basis', 'tax_basis', 'late_discount', 'zero_value', 'rounding',
                    'unknown'
                )
        when 'missing_in_backend' then order_id is null and transaction_id is not null and coalesce(reason, '') = 'dropped'
        when 'missing_in_ga4' then purchase_events = 0 and coalesce(reason, '') in ('never_in_ga4', 'no_transaction_id')
        when 'excluded'
            then
                coalesce(reason, '') in ('test_order', 'cancelled', 'refunded', 'no_transaction_id', 'ga4_day_missing')
        when 'awaiting'
            then tier = 'none' and coalesce(reason, '') in ('ga4_day_not_final', 'ga4_day_not_loaded', 'backend_not_loaded')
        else false
    end
