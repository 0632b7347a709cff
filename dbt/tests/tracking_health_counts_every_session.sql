-- The days of rpt_tracking_health hold every session of people once, each event of theirs once, and a flag where the status says
-- so. Rows returned are events that differ.
with

sessions as (

    select
        countif(page_views > 0) as page_view,
        count(view_item_at) as view_item,
        count(add_to_cart_at) as add_to_cart,
        count(begin_checkout_at) as begin_checkout,
        count(purchase_at) as purchase

    from {{ ref('int_sessions') }}
    where not is_robot

),

health as (

    select
        event_name,
        sum(sessions) as sessions,
        countif(is_flagged != (status in ('outage', 'near_zero'))) as wrong_flags

    from {{ ref('rpt_tracking_health') }}
    group by event_name

)

select
    counted.event_name,
    counted.sessions,
    health.sessions as sessions_of_days,
    health.wrong_flags
from sessions
cross join
    unnest([
        struct('page_view' as event_name, sessions.page_view as sessions),
        struct('view_item' as event_name, sessions.view_item as sessions),
        struct('add_to_cart' as event_name, sessions.add_to_cart as sessions),
        struct('begin_checkout' as event_name, sessions.begin_checkout as sessions),
        struct('purchase' as event_name, sessions.purchase as sessions)
    ]) as counted
left join health on counted.event_name = health.event_name
where counted.sessions != coalesce(health.sessions, 0) or health.wrong_flags > 0
