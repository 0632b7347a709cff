-- Grain: one row per item that a cart, checkout or purchase event names. In the public sample an add_to_cart lists what was shown
-- around the item that was added, which alone has a quantity; a begin_checkout lists items from 23 November 2020 on.
with

events as (

    select
        event_day,
        user_pseudo_id,
        event_timestamp,
        event_name,
        (
            select max(if(p.key = 'ga_session_id', p.value.int_value, null)) from unnest(event_params) as p
        ) as ga_session_id,
        items

    from {{ source('raw_ga4', 'events') }}
    where event_name in ('add_to_cart', 'begin_checkout', 'purchase') and {{ had_come('timestamp_micros(event_timestamp)') }}

),

listed as (

    select
        {{ session_key('events.user_pseudo_id', 'events.ga_session_id') }} as session_key,
        events.event_day,
        timestamp_micros(events.event_timestamp) as occurred_at,
        events.event_name,
        coalesce({{ known('trim(item.item_id)') }}, {{ known('trim(item.item_name)') }}) as item_id,
        item.quantity as quantity

    from events
    cross join unnest(events.items) as item

),

final as (

    select *
    from listed
    where
        session_key is not null
        and item_id is not null
        and (event_name != 'add_to_cart' or quantity > 0)

)

select * from final
