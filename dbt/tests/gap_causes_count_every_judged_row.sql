-- Each dimension of a gap holds every judged row once, and every missing one; a cause has the evidence that it needs. Rows
-- returned are dimensions that differ.
with

reconciled as (

    select
        countif(order_id is not null) as orders,
        countif(status = 'missing_in_ga4') as missing_orders,
        countif(purchase_events > 0) as purchases,
        countif(status = 'missing_in_backend') as missing_purchases

    from {{ ref('fct_reconciliation') }}
    where status in ('matched', 'amount_mismatch', 'missing_in_backend', 'missing_in_ga4')

),

dimensions as (

    select
        gap,
        dimension,
        sum(rows_at_risk) as rows_at_risk,
        sum(missing) as missing,
        countif(
            p_value not between 0 and 1
            or q_value not between p_value and 1
            or (is_cause and p_value > 0.01)
        ) as wrong_chances

    from {{ ref('rpt_gap_causes') }}
    group by gap, dimension

)

select
    dimensions.*,
    reconciled.orders,
    reconciled.missing_orders,
    reconciled.purchases,
    reconciled.missing_purchases
from dimensions
cross join reconciled
where
    dimensions.rows_at_risk != if(dimensions.gap = 'missing_in_ga4', reconciled.orders, reconciled.purchases)
    or dimensions.missing != if(dimensions.gap = 'missing_in_ga4', reconciled.missing_orders, reconciled.missing_purchases)
    or dimensions.wrong_chances > 0
