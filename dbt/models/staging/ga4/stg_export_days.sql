-- Grain: one row per day of the GA4 export that was asked for and had come.
with

final as (

    select
        day as export_day,
        status,
        events,
        -- a day that is missing now may have been brought by an earlier load, which keeps its events
        status != 'missing' or events > 0 as is_held,
        {{ is_final('day') }} as is_final,
        loaded_at

    from {{ source('raw_ga4', 'export_days') }}
    where {{ had_come('timestamp(day)') }}

)

select * from final
