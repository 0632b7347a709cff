-- Grain: one row per (user_pseudo_id, ga_session_id). ga_session_id alone is a random number that browsers share.
{{ config(
    partition_by={'field': 'session_day', 'data_type': 'date'},
    cluster_by=['user_pseudo_id'],
) }}

with

-- Events that lack either id (consent denied, in live exports) belong to no session.
events as (

    select
        *,
        -- only a source that is a site can be one of the shop's own
        if(
            strpos(source, '.') > 0, regexp_extract(page_location, r'^https?://(?:www\.)?([^/:?#]+)'), null
        ) as host,
        if(event_name = 'page_view', page_location, null) as viewed_page

    from {{ ref('stg_events') }}
    where user_pseudo_id is not null and ga_session_id is not null

),

sessions as (

    select
        ---------- ids
        user_pseudo_id,
        ga_session_id,

        ---------- times
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        coalesce(min(first_touch_at), min(if(event_name = 'first_visit', occurred_at, null))) as first_visit_at,
        min(if(event_name = 'view_item', occurred_at, null)) as view_item_at,
        min(if(event_name = 'add_to_cart', occurred_at, null)) as add_to_cart_at,
        min(if(event_name = 'begin_checkout', occurred_at, null)) as begin_checkout_at,
        min(if(event_name = 'purchase', occurred_at, null)) as purchase_at,

        ---------- facts
        min(ga_session_number) as session_number,
        logical_or(event_name = 'first_visit') as is_first_visit,
        logical_or(is_engaged) as is_engaged,
        cast(coalesce(sum(engagement_milliseconds), 0) as numeric) / 1000 as engagement_seconds,
        count(*) as events,
        countif(event_name = 'page_view') as page_views,
        countif(event_name = 'scroll') as scrolls,
        count(distinct viewed_page) as pages,
        md5(string_agg(distinct viewed_page, '\n' order by viewed_page)) as page_set,

        ---------- one value per session in GA4: min() is any of them, and the same one every time
        min(device_category) as device_category,
        min(operating_system) as operating_system,
        min(browser) as browser,
        min(country) as country,
        min(first_source) as first_source,
        min(first_medium) as first_medium,
        min(first_campaign) as first_campaign,

        ---------- the first that tells; a third of the events share their time with another, hence the tie-breaks
        array_agg(viewed_page ignore nulls order by occurred_at, viewed_page)[safe_offset(0)] as landing_page,
        array_agg(
            if(
                (source is null and medium is null)
                -- a click from one page of the shop to the next does not say where the visitor came from
                or coalesce(
                    source = host or ends_with(source, concat('.', host)) or ends_with(host, concat('.', source)), false
                ),
                null,
                struct(source as source, medium as medium, campaign as campaign)
            )
            ignore nulls order by occurred_at, source, medium, campaign
        )[safe_offset(0)] as click

    from events
    group by user_pseudo_id, ga_session_id

),

attributed as (

    select
        sessions.*,
        -- most sessions carry no click of their own: then the browser's first source is the best there is
        if(click is null, first_source, click.source) as source,
        if(click is null, first_medium, click.medium) as medium,
        if(click is null, first_campaign, click.campaign) as campaign

    from sessions

),

-- A scroll on one page of twenty or fewer is what scripts do: those of the public sample scroll on one in 115 or never, its
-- people on one in three. It tells only while scrolls are measured: on a day without that tag all would be robots.
scrolled_days as (

    select date(started_at) as session_day
    from sessions
    group by session_day
    having sum(scrolls) * 20 > sum(page_views)

),

-- The same five pages or more, no others, before five browsers or more, and hardly a scroll among them all: a script that comes
-- back under new ids. People share short ways through a shop, too, but they scroll on them.
scripted_page_sets as (

    select page_set
    from sessions
    where pages >= 5 and purchase_at is null
    group by page_set
    having count(distinct user_pseudo_id) >= 5 and sum(scrolls) * 20 <= sum(page_views)

),

ruled as (

    select
        attributed.*,
        -- the first rule that holds; whoever buys is nobody's script
        case
            when attributed.purchase_at is not null then null
            -- a page a second, twenty times over: nobody reads that fast
            when
                attributed.page_views >= 20
                and timestamp_diff(attributed.ended_at, attributed.started_at, second) < attributed.page_views
                then 'page_a_second'
            when scrolled_days.session_day is null or attributed.scrolls * 20 > attributed.page_views then null
            when scripted_page_sets.page_set is not null then 'repeated_pages'
            when attributed.page_views >= 50 then 'pages_without_scrolls'
        end as robot_rule

    from attributed
    left join scrolled_days on date(attributed.started_at) = scrolled_days.session_day
    left join scripted_page_sets on attributed.page_set = scripted_page_sets.page_set

),

final as (

    select
        ---------- ids
        {{ session_key('user_pseudo_id', 'ga_session_id') }} as session_key,
        user_pseudo_id,
        ga_session_id,

        ---------- times
        -- a session belongs to the UTC day on which it began, also when it crosses midnight
        date(started_at) as session_day,
        started_at,
        ended_at,
        first_visit_at,
        view_item_at,
        add_to_cart_at,
        begin_checkout_at,
        purchase_at,

        ---------- facts
        session_number,
        is_first_visit,
        robot_rule is not null as is_robot,
        robot_rule,
        is_engaged,
        engagement_seconds,
        events,
        page_views,
        case
            when purchase_at is not null then 'purchase'
            when begin_checkout_at is not null then 'begin_checkout'
            when add_to_cart_at is not null then 'add_to_cart'
            when view_item_at is not null then 'view_item'
            else 'session'
        end as furthest_step,
        landing_page,

        ---------- where from
        source,
        medium,
        campaign,
        {{ channel('lower(source)', 'lower(medium)', 'lower(campaign)') }} as channel,
        first_source,
        first_medium,
        first_campaign,
        device_category,
        operating_system,
        browser,
        country

    from ruled

)

select * from final
