-- To the cent, each side has one revenue: from its own layer through the reconciliation to the daily report, and what goes to a
-- person or a session is the same money. Rows returned are places where it is not.
with

reconciled as (

    select
        coalesce(sum(ga4_revenue), 0) as ga4,
        coalesce(sum(backend_revenue), 0) as backend,
        coalesce(sum(revenue_delta), 0) as delta,
        coalesce(sum(if(session_key is not null, ga4_revenue, 0)), 0) as ga4_in_sessions,
        coalesce(sum(if(session_key is not null, backend_revenue, 0)), 0) as backend_in_sessions

    from {{ ref('fct_reconciliation') }}

),

customers as (

    select user_id from {{ ref('stg_users') }}
    where not is_test

),

browsers as (

    select user_pseudo_id from {{ ref('int_sessions') }}

),

-- Money of staff accounts, and of browsers without any session, belongs to nobody in dim_users.
personal as (

    select
        coalesce(sum(ga4_revenue), 0) as ga4,
        coalesce(sum(backend_revenue), 0) as backend

    from {{ ref('fct_reconciliation') }}
    where
        user_id in (select customers.user_id from customers)
        or (user_id is null and user_pseudo_id in (select browsers.user_pseudo_id from browsers))

),

purchases as (

    select coalesce(sum(ga4_revenue), 0) as ga4 from {{ ref('int_purchases') }}

),

orders as (

    select coalesce(sum(revenue), 0) as backend from {{ ref('stg_orders') }}

),

daily as (

    select
        coalesce(sum(ga4_revenue), 0) as ga4,
        coalesce(sum(backend_revenue), 0) as backend,
        coalesce(sum(revenue_difference), 0) as delta

    from {{ ref('rpt_daily_reconciliation') }}

),

sessions as (

    select
        coalesce(sum(ga4_revenue), 0) as ga4,
        coalesce(sum(backend_revenue), 0) as backend

    from {{ ref('fct_user_journeys') }}

),

people as (

    select
        coalesce(sum(ga4_revenue), 0) as ga4,
        coalesce(sum(backend_revenue), 0) as backend

    from {{ ref('dim_users') }}

)

select
    pair.place,
    pair.one,
    pair.other
from reconciled
cross join personal
cross join purchases
cross join orders
cross join daily
cross join sessions
cross join people
cross join
    unnest([
        struct('ga4: purchases, reconciliation' as place, purchases.ga4 as one, reconciled.ga4 as other),
        struct('backend: orders, reconciliation' as place, orders.backend as one, reconciled.backend as other),
        struct(
            'delta: two sides, reconciliation' as place, reconciled.ga4 - reconciled.backend as one, reconciled.delta as other
        ),
        struct('ga4: daily, reconciliation' as place, daily.ga4 as one, reconciled.ga4 as other),
        struct('backend: daily, reconciliation' as place, daily.backend as one, reconciled.backend as other),
        struct('delta: daily, reconciliation' as place, daily.delta as one, reconciled.delta as other),
        struct('ga4: sessions, reconciliation' as place, sessions.ga4 as one, reconciled.ga4_in_sessions as other),
        struct('backend: sessions, reconciliation' as place, sessions.backend as one, reconciled.backend_in_sessions as other),
        struct('ga4: people, reconciliation' as place, people.ga4 as one, personal.ga4 as other),
        struct('backend: people, reconciliation' as place, people.backend as one, personal.backend as other)
    ]) as pair
where pair.one != pair.other
