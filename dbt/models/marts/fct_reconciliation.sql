-- Grain: one row per pair of a purchase and its order, per purchase without an order, per order without a purchase.
-- Every purchase event and every order is in exactly one row.
{{ config(
    partition_by={'field': 'reconciliation_day', 'data_type': 'date'},
    cluster_by=['status'],
) }}

with

purchases as (

    select * from {{ ref('int_purchases') }}

),

orders as (

    select * from {{ ref('stg_orders') }}

),

matches as (

    select * from {{ ref('int_matches') }}

),

sessions as (

    select
        session_key,
        device_category

    from {{ ref('int_sessions') }}

),

-- Browsers that belong to one known user.
owners as (

    select
        user_pseudo_id,
        user_id

    from {{ ref('int_identity') }}
    where not is_shared_device

),

-- Orders that may belong to a purchase without an id; where they do not match, nothing tells to which.
candidates as (

    select distinct order_id from {{ ref('int_person_candidates') }}

),

export_days as (

    select * from {{ ref('stg_export_days') }}

),

-- How far either side had come; NULL when nothing has.
progress as (

    select
        (select max(if(export_days.is_held, export_days.export_day, null)) from export_days) as ga4_through_day,
        {{ backend_through_at() }} as backend_through_at

),

rows_of_either as (

    select
        purchases.purchase_key,
        matches.order_id,
        matches.tier,
        matches.confidence

    from purchases
    left join matches on purchases.purchase_key = matches.purchase_key

    union all

    select
        cast(null as string) as purchase_key,
        orders.order_id,
        cast(null as string) as tier,
        cast(null as numeric) as confidence

    from orders
    left join matches on orders.order_id = matches.order_id
    where matches.order_id is null

),

joined as (

    select
        rows_of_either.purchase_key,
        rows_of_either.order_id,
        rows_of_either.tier,
        rows_of_either.confidence,
        coalesce(purchases.transaction_id, orders.transaction_id) as transaction_id,
        purchases.transaction_id is null and purchases.purchase_key is not null as has_no_id,
        candidates.order_id is not null as has_candidate,
        purchases.user_pseudo_id,
        coalesce(orders.user_id, owners.user_id) as user_id,
        purchases.session_key,
        coalesce(purchases.purchase_events, 0) as purchase_events,
        purchases.purchased_at,
        orders.ordered_at,
        orders.updated_at as order_updated_at,
        date(coalesce(purchases.purchased_at, orders.ordered_at)) as reconciliation_day,
        orders.status as order_status,
        orders.payment_method,
        orders.exclusion_reason,
        sessions.device_category,
        purchases.ga4_revenue,
        purchases.ga4_reported_revenue,
        orders.revenue as backend_revenue,
        orders.total as backend_booked,
        coalesce(purchases.ga4_revenue, 0) - coalesce(orders.revenue, 0) as revenue_delta,
        {{ amount_reason('purchases', 'orders') }} as amount_reason,
        case
            when timestamp_diff(orders.ordered_at, purchases.purchased_at, minute) >= 180 then 'late'
            when date(orders.ordered_at) != date(purchases.purchased_at) then 'day_boundary'
        end as timing_reason

    from rows_of_either
    left join purchases on rows_of_either.purchase_key = purchases.purchase_key
    left join orders on rows_of_either.order_id = orders.order_id
    left join sessions on purchases.session_key = sessions.session_key
    left join owners on purchases.user_pseudo_id = owners.user_pseudo_id
    left join candidates on rows_of_either.order_id = candidates.order_id

),

judged as (

    select
        joined.*,
        case
            when joined.exclusion_reason is not null
                then struct('excluded' as status, joined.exclusion_reason as reason)
            when joined.order_id is not null and joined.purchase_key is not null
                then if(
                    abs(joined.revenue_delta) <= {{ var('amount_tolerance') }},
                    struct('matched' as status, joined.timing_reason as reason),
                    struct('amount_mismatch' as status, joined.amount_reason as reason)
                )
            -- one side alone, so far: wait while the other may still come
            when not {{ is_final('joined.reconciliation_day') }}
                then struct('awaiting' as status, 'ga4_day_not_final' as reason)
            when joined.purchase_key is not null
                then case
                    when not coalesce(joined.purchased_at <= progress.backend_through_at, false)
                        then struct('awaiting' as status, 'backend_not_loaded' as reason)
                    when joined.has_no_id then struct('excluded' as status, 'no_transaction_id' as reason)
                    else struct('missing_in_backend' as status, 'dropped' as reason)
                end
            when coalesce(export_days.is_held, false)
                then struct('missing_in_ga4' as status, if(joined.has_candidate, 'no_transaction_id', 'never_in_ga4') as reason)
            when joined.reconciliation_day <= progress.ga4_through_day
                then struct('excluded' as status, 'ga4_day_missing' as reason)
            else struct('awaiting' as status, 'ga4_day_not_loaded' as reason)
        end as judgement

    from joined
    cross join progress
    left join export_days on joined.reconciliation_day = export_days.export_day

),

final as (

    select
        ---------- ids
        coalesce(purchase_key, concat('order/', cast(order_id as string))) as reconciliation_key,
        judgement.status as status,
        judgement.reason as reason,
        coalesce(tier, 'none') as tier,
        confidence,
        transaction_id,
        order_id,
        user_pseudo_id,
        user_id,
        session_key,

        ---------- times
        purchase_events,
        purchased_at,
        ordered_at,
        order_updated_at,
        reconciliation_day,

        ---------- facts
        order_status,
        payment_method,
        device_category,

        ---------- money
        ga4_revenue,
        ga4_reported_revenue,
        backend_revenue,
        backend_booked,
        revenue_delta

    from judged

)

select * from final
