-- Grain: a purchase event of one day.
select
    e.user_pseudo_id as user_pseudo_id,
    e.event_timestamp as event_timestamp,
    e.event_params as event_params,
    {country} as country,
    {ecommerce_id} as ecommerce_id,
    {ecommerce_revenue} as ecommerce_revenue,
    {items} as items
from `{table}` as e
where e.event_name = 'purchase' and e.event_timestamp < @before
