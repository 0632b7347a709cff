-- The reports count the rows of the marts, each once. Rows returned are figures that differ.
with

reconciled as (

    select
        count(*) as row_count,
        count(order_id) as orders,
        countif(purchase_events > 0) as purchases

    from {{ ref('fct_reconciliation') }}

),

daily as (

    select
        coalesce(sum(matched + amount_mismatch + missing_in_backend + missing_in_ga4 + excluded + awaiting), 0) as row_count,
        coalesce(sum(orders), 0) as orders,
        coalesce(sum(purchases), 0) as purchases

    from {{ ref('rpt_daily_reconciliation') }}

),

journeys as (

    select
        count(*) as sessions,
        count(purchase_at) as purchase

    from {{ ref('fct_user_journeys') }}

),

funnel as (

    select
        max(if(step_name = 'sessions', sessions, null)) as sessions,
        max(if(step_name = 'purchase', sessions, null)) as purchase

    from {{ ref('rpt_funnel') }}
    where population = 'everyone' and method = 'any' and dimension = 'all'

),

people as (

    select coalesce(sum(sessions), 0) as sessions from {{ ref('dim_users') }}

)

select
    pair.what,
    pair.one,
    pair.other
from reconciled
cross join daily
cross join journeys
cross join funnel
cross join people
cross join
    unnest([
        struct('rows by day' as what, daily.row_count as one, reconciled.row_count as other),
        struct('orders by day' as what, daily.orders as one, reconciled.orders as other),
        struct('purchases by day' as what, daily.purchases as one, reconciled.purchases as other),
        struct('sessions of the funnel' as what, funnel.sessions as one, journeys.sessions as other),
        struct('purchases of the funnel' as what, funnel.purchase as one, journeys.purchase as other),
        struct('sessions of people' as what, people.sessions as one, journeys.sessions as other)
    ]) as pair
where pair.one != pair.other
