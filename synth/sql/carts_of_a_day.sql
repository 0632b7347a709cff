-- Grain: an event of one day that puts something into a cart, takes it to the checkout or buys it.
select
    e.user_pseudo_id as user_pseudo_id,
    e.event_timestamp as event_timestamp,
    e.event_name as event_name,
    e.event_params as event_params,
    {ecommerce_id} as ecommerce_id,
    {items} as items
from `{table}` as e
where
    e.event_name in ('add_to_cart', 'begin_checkout', 'purchase')
    and e.user_pseudo_id is not null
    and e.event_timestamp < @before
