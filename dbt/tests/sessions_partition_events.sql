-- Every event that names browser and session is in exactly one session, and every session in one row of fct_user_journeys.
with

events as (

    select
        count(*) as events,
        countif(event_name = 'page_view') as page_views

    from {{ ref('stg_events') }}
    where user_pseudo_id is not null and ga_session_id is not null

),

sessions as (

    select
        count(*) as sessions,
        count(distinct session_key) as keys,
        coalesce(sum(events), 0) as events,
        coalesce(sum(page_views), 0) as page_views

    from {{ ref('int_sessions') }}

),

journeys as (

    select
        count(*) as sessions,
        coalesce(sum(events), 0) as events

    from {{ ref('fct_user_journeys') }}

)

select
    sessions.*,
    events.events as staged_events,
    journeys.sessions as journeys,
    journeys.events as events_of_journeys
from sessions
cross join events
cross join journeys
where
    sessions.sessions != sessions.keys
    or sessions.events != events.events
    or sessions.page_views != events.page_views
    or journeys.sessions != sessions.sessions
    or journeys.events != sessions.events
