-- Grain: one row per session, with the user behind its browser and what the backend says of its purchase.
{{ config(
    partition_by={'field': 'session_day', 'data_type': 'date'},
    cluster_by=['user_key'],
) }}

with

sessions as (

    select * from {{ ref('int_sessions') }}

),

-- Browsers that belong to one known user.
owners as (

    select
        user_pseudo_id,
        user_id

    from {{ ref('int_identity') }}
    where not is_shared_device

),

purchases as (

    select
        session_key,
        array_agg(transaction_id ignore nulls order by purchased_at, transaction_id)[safe_offset(0)] as transaction_id,
        array_agg(order_id ignore nulls order by purchased_at, order_id)[safe_offset(0)] as order_id,
        sum(ga4_revenue) as ga4_revenue,
        sum(backend_revenue) as backend_revenue,
        logical_or(status in ('matched', 'amount_mismatch')) as is_purchase_confirmed

    from {{ ref('fct_reconciliation') }}
    where session_key is not null
    group by session_key

),

final as (

    select
        ---------- ids
        sessions.session_key,
        sessions.user_pseudo_id,
        sessions.ga_session_id,
        {{ user_key('owners.user_id', 'sessions.user_pseudo_id') }} as user_key,
        owners.user_id,
        sessions.session_number,

        ---------- times
        sessions.session_day,
        sessions.started_at,
        sessions.ended_at,
        sessions.first_visit_at,

        ---------- facts
        sessions.is_first_visit,
        sessions.is_robot,
        sessions.robot_rule,
        sessions.is_engaged,
        sessions.engagement_seconds,

        ---------- where from
        sessions.device_category,
        sessions.operating_system,
        sessions.browser,
        sessions.country,
        sessions.source,
        sessions.medium,
        sessions.campaign,
        sessions.channel,
        sessions.landing_page,

        ---------- funnel
        sessions.events,
        sessions.page_views,
        sessions.view_item_at,
        sessions.add_to_cart_at,
        sessions.begin_checkout_at,
        sessions.purchase_at,
        sessions.furthest_step,

        ---------- money
        purchases.transaction_id,
        purchases.ga4_revenue,
        purchases.order_id,
        purchases.backend_revenue,
        coalesce(purchases.is_purchase_confirmed, false) as is_purchase_confirmed

    from sessions
    left join owners on sessions.user_pseudo_id = owners.user_pseudo_id
    left join purchases on sessions.session_key = purchases.session_key

)

select * from final
