-- Grain: one row per order that is still in the shop. Test, cancelled and refunded orders stay, with the reason why they do
-- not count.
{{ config(
    partition_by={'field': 'order_day', 'data_type': 'date'},
    cluster_by=['transaction_id'],
) }}

with

orders as (

    select * from {{ source('raw_backend', 'orders') }}
    where deleted_at is null and {{ had_come('created_at') }}

),

users as (

    select
        user_id,
        is_test

    from {{ ref('stg_users') }}

),

reasoned as (

    select
        orders.*,
        case
            when orders.is_test or coalesce(users.is_test, false) then 'test_order'
            when orders.status = 'cancelled' then 'cancelled'
            when orders.status = 'refunded' or (orders.refunded > 0 and orders.refunded >= orders.total) then 'refunded'
        end as exclusion_reason

    from orders
    left join users on orders.user_id = users.user_id

),

final as (

    select
        ---------- ids
        order_id,
        user_id,
        {{ known('trim(transaction_id)') }} as transaction_id,

        ---------- times
        date(created_at) as order_day,
        date(created_at, '{{ env_var("JOURNEY_TIME_ZONE", "America/Los_Angeles") }}') as shop_day,
        created_at as ordered_at,
        updated_at,
        loaded_at,

        ---------- facts
        status,
        payment_method,
        currency,
        exchange_rate,
        exclusion_reason,

        ---------- money
        subtotal,
        discount,
        shipping,
        tax,
        total,
        refunded,
        -- what the shop keeps of it
        if(exclusion_reason is null, total - refunded, 0) as revenue

    from reasoned

)

select * from final
