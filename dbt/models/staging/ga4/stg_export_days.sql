-- Grain: one row per day of the GA4 export that was asked for and had come.
{{ config(materialized='view') }}

with

final as (

    select
        day as export_day,
        status,
        events,
        -- a day that is missing now may have been brought by an earlier load, which keeps its events
        status != 'missing' or events > 0 as is_held,
        timestamp_add(timestamp(day), interval 1 + {{ var('days_until_final') }} day) <= {{ as_of() }} as is_final,
        loaded_at

    from {{ source('raw_ga4', 'export_days') }}
    where {{ had_come('timestamp(day)') }}

)

select * from final
