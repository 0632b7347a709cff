-- Grain: an add_to_cart or begin_checkout of a session that holds a purchase without an id.
with

cart_events as (

{days}

),

read_params as (

    select
        e.*,
        (
            select as struct
                max(if(p.key = 'ga_session_id', p.value.int_value, null)) as ga_session_id,
                max(if(
                    p.key = 'transaction_id', coalesce(p.value.string_value, cast(p.value.int_value as string)), null
                )) as transaction_id
            from unnest(e.event_params) as p
        ) as params
    from cart_events as e

),

cleaned as (

    select
        user_pseudo_id,
        params.ga_session_id as ga_session_id,
        event_timestamp,
        event_name,
        {transaction_id} as transaction_id,
        items
    from read_params

),

sessions as (

    select distinct
        user_pseudo_id,
        ga_session_id
    from cleaned
    where event_name = 'purchase' and transaction_id is null

)

select
    cleaned.user_pseudo_id,
    cleaned.ga_session_id,
    cleaned.event_timestamp,
    cleaned.event_name,
    cleaned.items
from cleaned
inner join sessions
    on cleaned.user_pseudo_id = sessions.user_pseudo_id and cleaned.ga_session_id = sessions.ga_session_id
where cleaned.event_name != 'purchase'
