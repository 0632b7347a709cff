-- A match without an id is one of a purchase that has none, with an order of the user whose browser it surely is, within the
-- window of time; and nothing ties browsers to users but sign-ups and ids. Rows returned are matches that are not, and links
-- without evidence.
with

bought as (

    select distinct
        purchases.user_pseudo_id,
        orders.user_id

    from {{ ref('int_id_matches') }} as matches
    inner join {{ ref('int_purchases') }} as purchases on matches.purchase_key = purchases.purchase_key
    inner join {{ ref('stg_orders') }} as orders on matches.order_id = orders.order_id

)

select
    matches.purchase_key,
    matches.order_id,
    purchases.user_pseudo_id,
    orders.user_id
from {{ ref('int_matches') }} as matches
left join {{ ref('int_purchases') }} as purchases on matches.purchase_key = purchases.purchase_key
left join {{ ref('stg_orders') }} as orders on matches.order_id = orders.order_id
left join {{ ref('int_identity') }} as identity
    on
        purchases.user_pseudo_id = identity.user_pseudo_id
        and orders.user_id = identity.user_id
        and not identity.is_shared_device
where
    starts_with(matches.tier, 'person')
    and (
        purchases.transaction_id is not null
        or identity.user_id is null
        or matches.confidence > identity.confidence
        or timestamp_diff(purchases.purchased_at, orders.ordered_at, second) > {{ var('order_minutes_before') }} * 60
        or timestamp_diff(orders.ordered_at, purchases.purchased_at, second) > {{ var('order_minutes_after') }} * 60
    )

union all

select
    cast(null as string) as purchase_key,
    cast(null as int64) as order_id,
    identity.user_pseudo_id,
    identity.user_id
from {{ ref('int_identity') }} as identity
left join {{ ref('stg_users') }} as users
    on identity.user_id = users.user_id and identity.user_pseudo_id = users.user_pseudo_id
left join bought on identity.user_id = bought.user_id and identity.user_pseudo_id = bought.user_pseudo_id
where users.user_id is null and bought.user_id is null
