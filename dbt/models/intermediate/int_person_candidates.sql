-- Grain: one row per (purchase_key, order_id): a purchase without an id and an order without a purchase, of the same person and
-- near in time. is_match: the evidence tells the pair from every other that shares its purchase or its order.
with

purchases as (

    select
        purchase_key,
        user_pseudo_id,
        session_key,
        purchased_at,
        ga4_revenue

    from {{ ref('int_purchases') }}
    where id_kind = 'none' and user_pseudo_id is not null

),

id_matches as (

    select * from {{ ref('int_id_matches') }}

),

orders as (

    select orders.*
    from {{ ref('stg_orders') }} as orders
    left join id_matches on orders.order_id = id_matches.order_id
    where id_matches.order_id is null

),

-- A browser that several users shared is nobody's here too.
owners as (

    select
        user_pseudo_id,
        user_id,
        confidence

    from {{ ref('int_identity') }}
    where not is_shared_device

),

-- What the session had in its cart or took to the checkout before it bought, and what the event itself still names.
carts as (

    select distinct
        purchases.purchase_key,
        event_items.item_id

    from purchases
    inner join {{ ref('stg_event_items') }} as event_items
        on
            purchases.session_key = event_items.session_key
            and (
                purchases.purchased_at = event_items.occurred_at
                or (purchases.purchased_at > event_items.occurred_at and event_items.event_name != 'purchase')
            )

),

near as (

    select
        purchases.purchase_key,
        purchases.ga4_revenue,
        orders.order_id,
        owners.confidence,
        abs(timestamp_diff(orders.ordered_at, purchases.purchased_at, second)) as seconds_apart,
        abs(purchases.ga4_revenue - orders.total) <= {{ var('amount_tolerance') }}
        or {{ amount_reason('purchases', 'orders') }} != 'unknown' as has_like_amount

    from purchases
    inner join owners on purchases.user_pseudo_id = owners.user_pseudo_id
    inner join orders on owners.user_id = orders.user_id
    where
        timestamp_diff(purchases.purchased_at, orders.ordered_at, second) <= {{ var('order_minutes_before') }} * 60
        and timestamp_diff(orders.ordered_at, purchases.purchased_at, second) <= {{ var('order_minutes_after') }} * 60

),

cart_sizes as (

    select
        purchase_key,
        count(*) as items

    from carts
    group by purchase_key

),

order_items as (

    select distinct
        order_id,
        trim(item_id) as item_id

    from {{ ref('stg_order_items') }}
    where order_id in (select near.order_id from near)

),

order_sizes as (

    select
        order_id,
        count(*) as items

    from order_items
    group by order_id

),

shared as (

    select
        near.purchase_key,
        near.order_id,
        count(*) as items

    from near
    inner join carts on near.purchase_key = carts.purchase_key
    inner join order_items on near.order_id = order_items.order_id and carts.item_id = order_items.item_id
    group by near.purchase_key, near.order_id

),

compared as (

    select
        near.purchase_key,
        near.order_id,
        near.confidence,
        near.seconds_apart,
        -- NULL: GA4 reports no amount, or one side lists no items
        if(near.ga4_revenue > 0, near.has_like_amount, null) as is_amount_alike,
        cart_sizes.items as cart_items,
        order_sizes.items as order_items,
        if(
            cart_sizes.items is null or order_sizes.items is null, null, coalesce(shared.items, 0)
        ) as shared_items

    from near
    left join cart_sizes on near.purchase_key = cart_sizes.purchase_key
    left join order_sizes on near.order_id = order_sizes.order_id
    left join shared on near.purchase_key = shared.purchase_key and near.order_id = shared.order_id

),

-- Evidence against a pair ends it: another amount that nothing explains, or a cart of other things altogether.
candidates as (

    select
        *,
        case
            when is_amount_alike and shared_items > 0 then 'person_amount_basket'
            when is_amount_alike then 'person_amount'
            when shared_items > 0 then 'person_basket'
            else 'person_time'
        end as tier,
        if(coalesce(is_amount_alike, false), 2, 0)
        + coalesce(shared_items / (cart_items + order_items - shared_items), 0) as likeness

    from compared
    where coalesce(is_amount_alike, true) and coalesce(shared_items, 1) > 0

),

-- Two joins by equality: one by either key would hold all pairs against all.
rivalries as (

    select
        one.purchase_key,
        one.order_id,
        one.likeness,
        one.seconds_apart,
        other.likeness as other_likeness,
        other.seconds_apart as other_seconds_apart

    from candidates as one
    inner join candidates as other on one.purchase_key = other.purchase_key
    where one.order_id != other.order_id

    union all

    select
        one.purchase_key,
        one.order_id,
        one.likeness,
        one.seconds_apart,
        other.likeness as other_likeness,
        other.seconds_apart as other_seconds_apart

    from candidates as one
    inner join candidates as other on one.order_id = other.order_id
    where one.purchase_key != other.purchase_key

),

-- A pair stands out when no other is more alike or nearer, and each other is either less alike or clearly further away.
doubtful as (

    select distinct
        purchase_key,
        order_id

    from rivalries
    where
        other_likeness > likeness
        or other_seconds_apart < seconds_apart
        or (other_likeness = likeness and other_seconds_apart < seconds_apart + {{ var('tie_minutes') }} * 60)

),

final as (

    select
        ---------- ids
        candidates.purchase_key,
        candidates.order_id,

        ---------- evidence
        candidates.tier,
        candidates.seconds_apart,
        candidates.is_amount_alike,
        candidates.cart_items,
        candidates.order_items,
        candidates.shared_items,
        -- no surer than that the person is the one
        round(
            candidates.confidence
            * case candidates.tier
                when 'person_amount_basket' then numeric '0.99'
                when 'person_amount' then numeric '0.97'
                when 'person_basket' then numeric '0.97'
                else numeric '0.9'
            end, 2
        ) as confidence,

        ---------- verdict
        doubtful.purchase_key is null as is_match

    from candidates
    left join doubtful on candidates.purchase_key = doubtful.purchase_key and candidates.order_id = doubtful.order_id

)

select * from final
