-- Grain: one row per purchase and order that a transaction id ties together, one to one.
{{ config(cluster_by=['purchase_key']) }}

with

purchases as (

    select
        purchase_key,
        transaction_id,
        id_kind,
        purchased_at,
        {{ plain_id('transaction_id') }} as plain_id,
        {{ short_id('transaction_id') }} as short_id,
        regexp_contains(transaction_id, r'^[0-9]{1,6}$') as is_short

    from {{ ref('int_purchases') }}
    where transaction_id is not null

),

orders as (

    select
        order_id,
        transaction_id,
        ordered_at,
        {{ plain_id('transaction_id') }} as plain_id,
        {{ short_id('transaction_id') }} as short_id,
        regexp_contains(transaction_id, r'^[0-9]{7,}$') as is_long

    from {{ ref('stg_orders') }}
    where transaction_id is not null

),

pairs as (

    select
        purchases.purchase_key,
        orders.order_id,
        orders.ordered_at,
        case
            when purchases.transaction_id != orders.transaction_id then 3
            when purchases.id_kind = 'recovered' then 2
            else 1
        end as tier_rank

    from purchases
    inner join orders on purchases.plain_id = orders.plain_id

    union all

    -- what the sample's ecommerce field keeps of an id, where the event has nothing else
    select
        purchases.purchase_key,
        orders.order_id,
        orders.ordered_at,
        4 as tier_rank

    from purchases
    inner join orders on purchases.short_id = orders.short_id
    where
        purchases.is_short
        and orders.is_long
        and purchases.plain_id != orders.plain_id
        and abs(timestamp_diff(orders.ordered_at, purchases.purchased_at, second)) <= {{ var('short_id_hours') }} * 3600

),

-- An id that is only alike has to be alike to one other: of two nobody can tell which.
candidates as (

    select *
    from pairs
    qualify
        tier_rank <= 2
        or (
            count(*) over (partition by purchase_key, tier_rank) = 1
            and count(*) over (partition by order_id, tier_rank) = 1
        )

),

-- PostgreSQL holds a transaction id once; a shop that does not gives it to the order placed first.
best_per_purchase as (

    select *
    from candidates
    qualify row_number() over (partition by purchase_key order by tier_rank, ordered_at, order_id) = 1

),

best_per_order as (

    select *
    from best_per_purchase
    qualify row_number() over (partition by order_id order by tier_rank, purchase_key) = 1

),

final as (

    select
        purchase_key,
        order_id,
        if(tier_rank = 1, 'exact_id', 'recovered_id') as tier,
        cast(
            case tier_rank
                when 1 then 1
                when 2 then 0.99
                when 3 then 0.98
                else 0.95
            end as numeric
        ) as confidence

    from best_per_order

)

select * from final
