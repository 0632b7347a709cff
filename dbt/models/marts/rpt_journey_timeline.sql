-- Grain: one row per mark (a session, an add to cart, a purchase in GA4, a payment) on a lane. A lane is a row of
-- fct_reconciliation with what its person did before; a few of each group, so that the table has a bounded size.
with

reconciliation as (

    select
        *,
        {{ user_key('user_id', 'user_pseudo_id') }} as user_key,
        -- the end of the story: whichever side came last
        greatest(coalesce(purchased_at, ordered_at), coalesce(ordered_at, purchased_at)) as closed_at,
        case status
            when 'missing_in_ga4' then struct(1 as lane_group_order, 'paid_not_in_ga4' as lane_group)
            when 'missing_in_backend' then struct(2 as lane_group_order, 'in_ga4_not_paid' as lane_group)
            when 'amount_mismatch' then struct(3 as lane_group_order, 'amount_differs' as lane_group)
            when 'matched' then struct(4 as lane_group_order, 'matched' as lane_group)
        end as grouped

    from {{ ref('fct_reconciliation') }}
    where status in ('missing_in_ga4', 'missing_in_backend', 'amount_mismatch', 'matched')

),

journeys as (

    select * from {{ ref('fct_user_journeys') }}

),

-- A person's sessions, and those of the purchase's own browser: a shared browser belongs to nobody, but bought this.
sessions as (

    select
        reconciliation.reconciliation_key,
        journeys.session_key,
        journeys.started_at,
        journeys.ended_at,
        journeys.add_to_cart_at

    from reconciliation
    inner join journeys on reconciliation.user_key = journeys.user_key
    where journeys.started_at <= reconciliation.closed_at

    union distinct

    select
        reconciliation.reconciliation_key,
        journeys.session_key,
        journeys.started_at,
        journeys.ended_at,
        journeys.add_to_cart_at

    from reconciliation
    inner join journeys on reconciliation.user_pseudo_id = journeys.user_pseudo_id
    where journeys.started_at <= reconciliation.closed_at

),

counted as (

    select
        reconciliation_key,
        min(started_at) as first_session_at,
        count(*) as lane_sessions

    from sessions
    group by reconciliation_key

),

-- The lanes shown: those with a session before those without one, then the largest amounts in question.
lanes as (

    select
        reconciliation.*,
        coalesce(counted.lane_sessions, 0) as lane_sessions,
        coalesce(
            counted.first_session_at, least(
                coalesce(reconciliation.purchased_at, reconciliation.ordered_at),
                coalesce(reconciliation.ordered_at, reconciliation.purchased_at)
            )
        ) as first_at,
        row_number() over (
            partition by reconciliation.status
            order by
                if(counted.lane_sessions is null, 1, 0),
                if(reconciliation.status = 'matched', reconciliation.backend_revenue, abs(reconciliation.revenue_delta))
                desc,
                reconciliation.reconciliation_key
        ) as lane_order

    from reconciliation
    left join counted on reconciliation.reconciliation_key = counted.reconciliation_key
    qualify lane_order <= {{ var('timeline_lanes') }}

),

-- The first session and the last ones: what lies between is told by lane_sessions.
numbered_sessions as (

    select
        sessions.*,
        row_number() over (
            partition by sessions.reconciliation_key order by sessions.started_at, sessions.session_key
        ) as session_order,
        row_number() over (
            partition by sessions.reconciliation_key order by sessions.started_at desc, sessions.session_key desc
        ) as session_order_from_last

    from sessions
    inner join lanes on sessions.reconciliation_key = lanes.reconciliation_key

),

kept_sessions as (

    select * from numbered_sessions
    where session_order = 1 or session_order_from_last <= {{ var('timeline_sessions') }}

),

marks as (

    select
        reconciliation_key,
        1 as mark_order,
        'session' as mark,
        started_at,
        ended_at,
        session_key,
        cast(null as numeric) as amount

    from kept_sessions

    union all

    select
        kept_sessions.reconciliation_key,
        2 as mark_order,
        'add_to_cart' as mark,
        kept_sessions.add_to_cart_at as started_at,
        kept_sessions.add_to_cart_at as ended_at,
        kept_sessions.session_key,
        cast(null as numeric) as amount

    from kept_sessions
    inner join lanes on kept_sessions.reconciliation_key = lanes.reconciliation_key
    where kept_sessions.add_to_cart_at <= lanes.closed_at

    union all

    select
        reconciliation_key,
        3 as mark_order,
        'ga4_purchase' as mark,
        purchased_at as started_at,
        purchased_at as ended_at,
        session_key,
        ga4_revenue as amount

    from lanes
    where purchased_at is not null

    union all

    select
        reconciliation_key,
        4 as mark_order,
        'paid' as mark,
        ordered_at as started_at,
        ordered_at as ended_at,
        cast(null as string) as session_key,
        backend_revenue as amount

    from lanes
    where ordered_at is not null

),

final as (

    select
        ---------- lane
        lanes.grouped.lane_group_order as lane_group_order,
        lanes.grouped.lane_group as lane_group,
        lanes.lane_order,
        lanes.reconciliation_key,
        if(
            lanes.order_id is null,
            concat('purchase ', coalesce(lanes.transaction_id, 'without an id')),
            concat('order ', cast(lanes.order_id as string))
        ) as label,
        lanes.reason,
        lanes.lane_sessions,

        ---------- mark
        marks.mark_order,
        marks.mark,
        marks.started_at,
        marks.ended_at,
        greatest(timestamp_diff(marks.started_at, lanes.first_at, second), 0) as seconds_from_first,
        greatest(timestamp_diff(marks.ended_at, lanes.first_at, second), 0) as seconds_until_end,

        ---------- money
        marks.amount

    from lanes
    inner join marks on lanes.reconciliation_key = marks.reconciliation_key

)

select * from final
