-- Conservation: every event of the export is in exactly one row of stg_events. Rows returned are days on which it is not.
with

exported as (

    select
        event_day,
        count(*) as events

    from {{ source('raw_ga4', 'events') }}
    where {{ had_come('timestamp_micros(event_timestamp)') }}
    group by event_day

),

staged as (

    select
        event_day,
        sum(copies) as events

    from {{ ref('stg_events') }}
    group by event_day

)

select
    coalesce(exported.event_day, staged.event_day) as event_day,
    exported.events as exported_events,
    staged.events as staged_events
from exported
full join staged on exported.event_day = staged.event_day
where exported.events is distinct from staged.events
