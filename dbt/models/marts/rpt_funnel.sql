-- Grain: one row per step of the funnel. A session counts at every step it reached, in whatever order.
with

counted as (

    select
        count(*) as sessions,
        countif(view_item_at is not null) as view_item,
        countif(add_to_cart_at is not null) as add_to_cart,
        countif(begin_checkout_at is not null) as begin_checkout,
        countif(purchase_at is not null) as purchase,
        countif(is_purchase_confirmed) as confirmed

    from {{ ref('fct_user_journeys') }}

),

final as (

    select
        step.step_order,
        step.step_name,
        step.sessions,
        safe_divide(step.sessions, counted.sessions) as share

    from counted
    cross join unnest([
        struct(1 as step_order, 'sessions' as step_name, counted.sessions as sessions),
        struct(2 as step_order, 'view_item' as step_name, counted.view_item as sessions),
        struct(3 as step_order, 'add_to_cart' as step_name, counted.add_to_cart as sessions),
        struct(4 as step_order, 'begin_checkout' as step_name, counted.begin_checkout as sessions),
        struct(5 as step_order, 'purchase' as step_name, counted.purchase as sessions),
        struct(6 as step_order, 'confirmed' as step_name, counted.confirmed as sessions)
    ]) as step

)

select * from final
