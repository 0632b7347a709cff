-- Grain: one row per (population, method, dimension, slice, step_order). No single funnel is the true one: tags get lost and
-- people skip steps, so four ways to count bound it from both sides.
{%- set steps = ['sessions', 'view_item', 'add_to_cart', 'begin_checkout', 'purchase', 'confirmed'] %}
{%- set methods = ['any', 'closed', 'ordered', 'tolerant'] %}

with

sessions as (

    select
        session_day,
        is_robot,
        coalesce(device_category, 'unknown') as device_category,
        channel,
        started_at,
        view_item_at,
        add_to_cart_at,
        begin_checkout_at,
        purchase_at,
        is_purchase_confirmed,

        ---------- the last step that each method counts; `any` counts each step by itself
        case
            when view_item_at is null then 1
            when add_to_cart_at is null then 2
            when begin_checkout_at is null then 3
            when purchase_at is null then 4
            when not is_purchase_confirmed then 5
            else 6
        end as closed_depth,
        case
            when view_item_at is null then 1
            -- a view and the cart often share a timestamp
            when not coalesce(add_to_cart_at >= view_item_at, false) then 2
            when not coalesce(begin_checkout_at >= add_to_cart_at, false) then 3
            when not coalesce(purchase_at >= begin_checkout_at, false) then 4
            when not is_purchase_confirmed then 5
            else 6
        end as ordered_depth,
        case
            when is_purchase_confirmed then 6
            when purchase_at is not null then 5
            when begin_checkout_at is not null then 4
            when add_to_cart_at is not null then 3
            when view_item_at is not null then 2
            else 1
        end as tolerant_depth

    from {{ ref('fct_user_journeys') }}

),

lost_days as (

    select
        export_day,
        event_name

    from {{ ref('rpt_tracking_health') }}
    where is_flagged

),

---------- how many: first the sessions of a day that are alike, then the slices that they are in
alike as (

    select
        session_day,
        is_robot,
        device_category,
        channel,
        count(*) as entered_sessions,
        count(*) as any_1,
        countif(view_item_at is not null) as any_2,
        countif(add_to_cart_at is not null) as any_3,
        countif(begin_checkout_at is not null) as any_4,
        countif(purchase_at is not null) as any_5,
        countif(is_purchase_confirmed) as any_6
        {%- for method in methods[1:] %}
        {%- for step in steps %},
        countif({{ method }}_depth >= {{ loop.index }}) as {{ method }}_{{ loop.index }}
        {%- endfor %}
            {%- endfor %}

    from sessions
    group by session_day, is_robot, device_category, channel

),

sliced as (

    select
        alike.session_day,
        population,
        cut.dimension,
        cut.slice,
        sum(alike.entered_sessions) as entered_sessions
        {%- for method in methods %}
        {%- for step in steps %},
        sum(alike.{{ method }}_{{ loop.index }}) as {{ method }}_{{ loop.index }}
        {%- endfor %}
            {%- endfor %}

    from alike
    cross join
        unnest([
            struct('all' as dimension, 'all' as slice),
            struct('device_category' as dimension, alike.device_category as slice),
            struct('channel' as dimension, alike.channel as slice)
        ]) as cut
    cross join unnest(if(alike.is_robot, ['everyone'], ['everyone', 'people'])) as population
    group by alike.session_day, population, cut.dimension, cut.slice

),

long as (

    select
        sliced.session_day,
        sliced.population,
        sliced.dimension,
        sliced.slice,
        sliced.entered_sessions,
        step.method,
        step.step_order,
        step.step_name,
        step.sessions

    from sliced
    cross join
        unnest([
            {%- for method in methods %}
            {%- set last = loop.last %}
            {%- for step in steps %}
            struct(
                '{{ method }}' as method,
                {{ loop.index }} as step_order,
                '{{ step }}' as step_name,
                sliced.{{ method }}_{{ loop.index }} as sessions
            ){{ ',' if not (last and loop.last) }}
            {%- endfor %}
            {%- endfor %}
        ]) as step

    union all

    -- the whole has its rows even where nobody came
    select
        cast(null as date) as session_day,
        population,
        'all' as dimension,
        'all' as slice,
        0 as entered_sessions,
        method,
        place + 1 as step_order,
        step_name,
        0 as sessions

    from unnest(['everyone', 'people']) as population
    cross join unnest({{ methods }}) as method
    cross join unnest({{ steps }}) as step_name with offset as place

),

---------- how many of them on days that lost events: a count needs its own event, or those of all steps before it, too
affected as (

    select distinct
        lost_days.export_day,
        method,
        reached as step_order

    from lost_days
    cross join unnest({{ methods }}) as method
    cross join unnest(generate_array(2, 6)) as reached
    cross join
        unnest([
            {%- for step in steps[1:5] %}
            struct('{{ step }}' as event_name, {{ loop.index + 1 }} as step_order){{ ',' if not loop.last }}
            {%- endfor %}
        ]) as lost
    where
        lost_days.event_name = lost.event_name
        -- an order confirms a purchase event, so without the event it confirms nothing
        and (lost.step_order = least(reached, 5) or (method in ('closed', 'ordered') and lost.step_order < reached))

),

counted as (

    select
        long.population,
        long.method,
        long.dimension,
        long.slice,
        long.step_order,
        long.step_name,
        sum(long.sessions) as sessions,
        sum(long.entered_sessions) as entered_sessions,
        count(affected.export_day) as affected_days,
        sum(if(affected.export_day is null, 0, long.entered_sessions)) as affected_sessions

    from long
    left join affected
        on
            long.session_day = affected.export_day
            and long.method = affected.method
            and long.step_order = affected.step_order
    group by long.population, long.method, long.dimension, long.slice, long.step_order, long.step_name

),

---------- how long
walked as (

    select
        sessions.is_robot,
        sessions.device_category,
        sessions.channel,
        step.step_order,
        step.milliseconds / 1000 as seconds,
        if(sessions.closed_depth >= step.step_order, ['any', 'tolerant', 'closed'], ['any', 'tolerant']) as methods,
        sessions.ordered_depth >= step.step_order as is_ordered

    from sessions
    cross join
        unnest([
            {%- for step in steps[1:5] %}
            {%- set before = "started" if loop.first else steps[loop.index0] %}
            struct(
                {{ loop.index + 1 }} as step_order,
                timestamp_diff(sessions.{{ step }}_at, sessions.{{ before }}_at, millisecond) as milliseconds
            ){{ ',' if not loop.last }}
            {%- endfor %}
        ]) as step
    where sessions.tolerant_depth > 1 and step.milliseconds >= 0

),

timed as (

    select
        population,
        method,
        cut.dimension,
        cut.slice,
        walked.step_order,
        percentile_cont(walked.seconds, 0.5) over (
            partition by population, method, cut.dimension, cut.slice, walked.step_order
        ) as median_seconds

    from walked
    cross join unnest(array_concat(walked.methods, if(walked.is_ordered, ['ordered'], []))) as method
    cross join unnest(if(walked.is_robot, ['everyone'], ['everyone', 'people'])) as population
    cross join unnest([
        struct('all' as dimension, 'all' as slice),
        struct('device_category' as dimension, walked.device_category as slice),
        struct('channel' as dimension, walked.channel as slice)
    ]) as cut

),

times as (

    select
        population,
        method,
        dimension,
        slice,
        step_order,
        any_value(median_seconds) as median_seconds

    from timed
    group by population, method, dimension, slice, step_order

),

final as (

    select
        ---------- ids
        counted.population,
        counted.method,
        counted.dimension,
        counted.slice,
        counted.step_order,
        counted.step_name,

        ---------- counts
        counted.sessions,
        counted.entered_sessions,
        safe_divide(counted.sessions, counted.entered_sessions) as share,
        safe_divide(
            counted.sessions,
            lag(counted.sessions) over (
                partition by counted.population, counted.method, counted.dimension, counted.slice order by counted.step_order
            )
        ) as share_of_previous,
        times.median_seconds as median_seconds_from_previous,

        ---------- how far to believe them
        counted.affected_days,
        counted.affected_sessions

    from counted
    left join times
        on
            counted.population = times.population
            and counted.method = times.method
            and counted.dimension = times.dimension
            and counted.slice = times.slice
            and counted.step_order = times.step_order

)

select * from final
