-- The lines of each day's bridge lead from what GA4 reports to what the shop booked, to the cent: no residual; each total is
-- where the lines above lead; the two ends, over all days, are the sums of the events and of the shop's own rows. Rows returned
-- break that.
with

bridge as (

    select
        *,
        sum(if(line = 'ga4_reported' or kind = 'step', amount, 0)) over (
            partition by reconciliation_day
            order by line_order
            rows between unbounded preceding and current row
        ) as reached

    from {{ ref('rpt_revenue_bridge') }}

),

ends as (

    select
        coalesce(sum(if(line = 'ga4_reported', amount, 0)), 0) as reported,
        coalesce(sum(if(line = 'backend_as_booked', amount, 0)), 0) as booked

    from bridge

),

events as (

    select coalesce(sum(copies * coalesce(value, purchase_revenue, 0)), 0) as reported
    from {{ ref('stg_events') }}
    where event_name = 'purchase'

),

orders as (

    select coalesce(sum(total), 0) as booked
    from {{ source('raw_backend', 'orders') }}
    where deleted_at is null and {{ had_come('created_at') }}

)

select
    cast(reconciliation_day as string) as place,
    line,
    amount,
    reached
from bridge
where
    (line = 'residual' and amount != 0)
    or (line in ('eligible_backend', 'backend_as_booked') and amount != reached)

union all

select
    'all days' as place,
    'ga4_reported' as line,
    ends.reported as amount,
    events.reported as reached
from ends
cross join events
where ends.reported != events.reported

union all

select
    'all days' as place,
    'backend_as_booked' as line,
    ends.booked as amount,
    orders.booked as reached
from ends
cross join orders
where ends.booked != orders.booked
