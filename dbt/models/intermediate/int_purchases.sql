-- Grain: one row per real purchase: the purchase events of one transaction id, or one purchase event without an id.
-- The event param holds the full id. ecommerce.transaction_id holds its last six digits without leading zeros in the public
-- sample (they collide across browsers), the full id in live exports, nothing on some days.
{{ config(cluster_by=['transaction_id']) }}

with

purchase_events as (

    select
        *,
        transaction_id = ecommerce_transaction_id
        or regexp_replace(right(transaction_id, 6), r'^0+', '') = ecommerce_transaction_id as is_confirmed

    from {{ ref('stg_events') }}
    where event_name = 'purchase'

),

identified as (

    select
        user_pseudo_id,
        ga_session_id,
        occurred_at,
        copies,
        coalesce(value, purchase_revenue, 0) as ga4_revenue,
        tax,
        coalesce(transaction_id, ecommerce_transaction_id) as transaction_id,
        case
            when transaction_id is null and ecommerce_transaction_id is null then 'none'
            -- the two disagree or the ecommerce field is empty: the param alone tells
            when transaction_id is not null and not coalesce(is_confirmed, false) then 'recovered'
            else 'exact'
        end as id_kind

    from purchase_events

),

keyed as (

    select
        *,
        {{ purchase_key('transaction_id', "id_kind != 'none'", 'user_pseudo_id', 'occurred_at') }} as purchase_key

    from identified

),

-- A reloaded confirmation page sends the purchase again: the first one counts.
collapsed as (

    select
        purchase_key,
        transaction_id,
        array_agg(
            struct(
                user_pseudo_id as user_pseudo_id,
                ga_session_id as ga_session_id,
                id_kind as id_kind,
                occurred_at as occurred_at,
                ga4_revenue as ga4_revenue,
                tax as tax
            )
            order by occurred_at, user_pseudo_id, ga_session_id
        )[safe_offset(0)] as first_event,
        sum(copies) as purchase_events,
        sum(copies * ga4_revenue) as ga4_reported_revenue,
        sum(if(id_kind = 'recovered', copies, 0)) as recovered_events,
        max(occurred_at) as last_purchased_at

    from keyed
    group by purchase_key, transaction_id

),

final as (

    select
        ---------- ids
        purchase_key,
        first_event.user_pseudo_id as user_pseudo_id,
        {{ session_key('first_event.user_pseudo_id', 'first_event.ga_session_id') }} as session_key,
        transaction_id,
        first_event.id_kind as id_kind,

        ---------- facts
        purchase_events,
        recovered_events,
        first_event.occurred_at as purchased_at,
        last_purchased_at,

        ---------- money
        first_event.ga4_revenue as ga4_revenue,
        ga4_reported_revenue,
        first_event.tax as tax

    from collapsed

)

select * from final
