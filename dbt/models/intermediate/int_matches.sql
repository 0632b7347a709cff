-- Grain: one row per purchase matched with an order, one to one.
{{ config(cluster_by=['purchase_key']) }}

with

purchases as (

    select * from {{ ref('int_purchases') }}

),

orders as (

    select * from {{ ref('stg_orders') }}

),

-- Tiers, the surest first. A tier that works without ids is one more select here, with its own tier_rank.
candidates as (

    select
        purchases.purchase_key,
        orders.order_id,
        orders.ordered_at,
        if(purchases.id_kind = 'recovered', 2, 1) as tier_rank,
        if(purchases.id_kind = 'recovered', 'recovered_id', 'exact_id') as tier,
        cast(if(purchases.id_kind = 'recovered', 0.99, 1) as numeric) as confidence

    from purchases
    inner join orders on purchases.transaction_id = orders.transaction_id

),

-- PostgreSQL holds a transaction id once; a shop that does not gives it to the order placed first.
best_per_purchase as (

    select *
    from candidates
    qualify row_number() over (partition by purchase_key order by tier_rank, ordered_at, order_id) = 1

),

final as (

    select
        purchase_key,
        order_id,
        tier,
        confidence

    from best_per_purchase
    qualify row_number() over (partition by order_id order by tier_rank, purchase_key) = 1

)

select * from final
