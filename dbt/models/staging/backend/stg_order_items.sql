-- Grain: one row per line of an order of stg_orders.
with

items as (

    select * from {{ source('raw_backend', 'order_items') }}
    where deleted_at is null

),

orders as (

    select order_id from {{ ref('stg_orders') }}

),

final as (

    select
        ---------- ids
        items.order_id,
        items.line_number,
        items.item_id,

        ---------- facts
        items.item_name,
        items.item_category,
        items.quantity,
        items.updated_at,

        ---------- money
        items.unit_price,
        items.line_total

    from items
    inner join orders on items.order_id = orders.order_id

)

select * from final
