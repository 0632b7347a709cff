-- Grain: one row per event. An event that the export holds more than once, alike in every column read here, is one row with
-- its number of copies.
{{ config(
    partition_by={'field': 'event_day', 'data_type': 'date'},
    cluster_by=['event_name'],
) }}

with

exported as (

    select * from {{ source('raw_ga4', 'events') }}
    where {{ had_come('timestamp_micros(event_timestamp)') }}

),

-- The one pass over the params. Filtering them by key first halves its cost.
with_params as (

    select
        exported.*,
        (
            select as struct
                {{ param('ga_session_id', 'int') }} as ga_session_id,
                {{ param('ga_session_number', 'int') }} as ga_session_number,
                {{ param('session_engaged', 'text') }} as session_engaged,
                {{ param('engagement_time_msec', 'int') }} as engagement_time_msec,
                {{ param('page_location', 'text') }} as page_location,
                {{ param('source', 'text') }} as source,
                {{ param('medium', 'text') }} as medium,
                {{ param('campaign', 'text') }} as campaign,
                {{ param('transaction_id', 'text') }} as transaction_id,
                {{ param('value', 'number') }} as value,
                {{ param('tax', 'number') }} as tax
            from unnest(exported.event_params) as p
            where p.key in (
                'ga_session_id', 'ga_session_number', 'session_engaged', 'engagement_time_msec', 'page_location',
                'source', 'medium', 'campaign', 'transaction_id', 'value', 'tax'
            )
        ) as params

    from exported

),

final as (

    select
        ---------- ids
        user_pseudo_id,
        params.ga_session_id as ga_session_id,
        {{ known('trim(params.transaction_id)') }} as transaction_id,
        {{ known('trim(ecommerce.transaction_id)') }} as ecommerce_transaction_id,

        ---------- times
        event_day,
        timestamp_micros(event_timestamp) as occurred_at,
        timestamp_micros(user_first_touch_timestamp) as first_touch_at,

        ---------- what happened
        event_name,
        params.ga_session_number as ga_session_number,
        coalesce(params.session_engaged = '1', false) as is_engaged,
        params.engagement_time_msec as engagement_milliseconds,
        params.page_location as page_location,

        ---------- where from
        {{ known('params.source') }} as source,
        {{ known('params.medium') }} as medium,
        {{ known('params.campaign') }} as campaign,
        {{ known('traffic_source.source') }} as first_source,
        {{ known('traffic_source.medium') }} as first_medium,
        {{ known('traffic_source.name') }} as first_campaign,
        {{ known('device.category') }} as device_category,
        {{ known('device.operating_system') }} as operating_system,
        {{ known('device.web_info.browser') }} as browser,
        {{ known('geo.country') }} as country,

        ---------- money
        {{ money('params.value') }} as value,
        {{ money('params.tax') }} as tax,
        {{ money('ecommerce.purchase_revenue') }} as purchase_revenue,

        count(*) as copies

    from with_params
    group by all

)

select * from final
