-- Grain: a purchase: the first event of each full transaction id (a reloaded confirmation page repeats it), and each
-- event without an id. A param is text, int or double from one event to the next.
with

purchase_events as (

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
                )) as transaction_id,
                max(if(
                    p.key = 'value', coalesce(p.value.double_value, p.value.float_value, p.value.int_value), null
                )) as order_value,
                max(if(
                    p.key = 'tax', coalesce(p.value.double_value, p.value.float_value, p.value.int_value), null
                )) as tax
            from unnest(e.event_params) as p
        ) as params
    from purchase_events as e

),

-- The param holds the full id and the cents; the ecommerce fields are what is left where it does not.
cleaned as (

    select
        {transaction_id} as transaction_id,
        user_pseudo_id,
        params.ga_session_id as ga_session_id,
        event_timestamp,
        country,
        cast(coalesce(params.order_value, ecommerce_revenue) as numeric) as order_value,
        cast(params.tax as numeric) as tax,
        items
    from read_params

)

select *
from cleaned
qualify
    transaction_id is null
    or row_number() over (partition by transaction_id order by event_timestamp, user_pseudo_id) = 1
