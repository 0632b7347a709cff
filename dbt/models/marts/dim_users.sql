-- Grain: one row per person: a user of the shop with the browsers that are surely theirs, or a browser of nobody known.
{{ config(cluster_by=['user_key']) }}

with

users as (

    select * from {{ ref('stg_users') }}
    where not is_test

),

identity as (

    select * from {{ ref('int_identity') }}

),

sessions as (

    select
        {{ user_key('identity.user_id', 'sessions.user_pseudo_id') }} as user_key,
        sessions.*

    from {{ ref('int_sessions') }} as sessions
    left join identity on sessions.user_pseudo_id = identity.user_pseudo_id and not identity.is_shared_device

),

seen as (

    select
        user_key,
        min(started_at) as first_seen_at,
        min(first_visit_at) as first_visit_at,
        min(if(is_engaged, started_at, null)) as first_engaged_at,
        max(ended_at) as last_seen_at,
        count(*) as sessions,
        array_agg(
            struct(
                user_pseudo_id as user_pseudo_id,
                first_source as source,
                first_medium as medium,
                first_campaign as campaign,
                country as country,
                device_category as device_category
            )
            order by started_at, session_key
        )[safe_offset(0)] as first_session

    from sessions
    group by user_key

),

-- A purchase with its order belongs to who placed the order, also on a shared device.
bought as (

    select
        {{ user_key('user_id', 'user_pseudo_id') }} as user_key,
        min(purchased_at) as first_purchase_at,
        countif(order_id is not null and coalesce(reason, '') not in ('test_order', 'cancelled', 'refunded')) as orders,
        sum(ga4_revenue) as ga4_revenue,
        sum(backend_revenue) as backend_revenue

    from {{ ref('fct_reconciliation') }}
    where user_id is not null or user_pseudo_id is not null
    group by user_key

),

edges as (

    select
        user_id,
        array_agg(if(is_shared_device, null, user_pseudo_id) ignore nulls order by user_pseudo_id) as user_pseudo_ids,
        logical_or(is_shared_device) as is_shared_device,
        if(logical_or(rule = 'order' and not is_shared_device), 'order', 'sign_up') as rule,
        max(if(is_shared_device, null, confidence)) as confidence

    from identity
    group by user_id

),

shared_browsers as (

    select distinct user_pseudo_id from identity
    where is_shared_device

),

registered as (

    select
        concat('user/', cast(users.user_id as string)) as user_key,
        users.user_id,
        edges.user_pseudo_ids,
        users.email_hash,
        coalesce(edges.is_shared_device, false) as is_shared_device,
        if(edges.confidence is null, null, edges.rule) as identity_rule,
        edges.confidence as identity_confidence,
        users.country

    from users
    left join edges on users.user_id = edges.user_id

),

anonymous as (

    select
        seen.user_key,
        cast(null as int64) as user_id,
        [seen.first_session.user_pseudo_id] as user_pseudo_ids,
        cast(null as string) as email_hash,
        shared_browsers.user_pseudo_id is not null as is_shared_device,
        cast(null as string) as identity_rule,
        cast(null as numeric) as identity_confidence,
        cast(null as string) as country

    from seen
    left join shared_browsers on seen.first_session.user_pseudo_id = shared_browsers.user_pseudo_id
    where starts_with(seen.user_key, 'browser/')

),

people as (

    select * from registered
    union all
    select * from anonymous

),

final as (

    select
        ---------- ids
        people.user_key,
        people.user_id,
        people.user_pseudo_ids,
        coalesce(array_length(people.user_pseudo_ids), 0) as devices,
        people.email_hash,

        ---------- identity
        people.is_shared_device,
        people.identity_rule,
        people.identity_confidence,

        ---------- times
        seen.first_seen_at,
        seen.first_visit_at,
        seen.first_engaged_at,
        bought.first_purchase_at,
        seen.last_seen_at,

        ---------- counts
        coalesce(seen.sessions, 0) as sessions,
        coalesce(bought.orders, 0) as orders,

        ---------- money
        coalesce(bought.ga4_revenue, 0) as ga4_revenue,
        coalesce(bought.backend_revenue, 0) as backend_revenue,

        ---------- where from
        seen.first_session.source as acquisition_source,
        seen.first_session.medium as acquisition_medium,
        seen.first_session.campaign as acquisition_campaign,
        coalesce(seen.first_session.country, people.country) as country,
        seen.first_session.device_category as device_category

    from people
    left join seen on people.user_key = seen.user_key
    left join bought on people.user_key = bought.user_key

)

select * from final
