-- Grain: one row per (export_day, event_name): was the event still measured that day, or did fewer people come.
--
-- A day's count alone cannot tell: a holiday and a lost tag both lower it. So a step is compared with its neighbour in the
-- funnel, within the same sessions: of those that began a checkout, how many had put something into the cart? Fewer visitors
-- lower both counts and leave the rate; a lost tag takes the rate to nothing while its neighbour goes on. The step behind
-- comes first (it cannot be reached without this one); where too few reached it, the step before.
--
-- What a rate should be is told by the other days. A lost tag only lowers a rate, and may be lost on most days, so the median
-- is of the days on which the step worked at all: at a quarter of the best day or above. The interval around it holds the
-- day's own chance and the spread between days, both on the angle asin(sqrt(rate)), whose variance is 1 / (4 n) whatever the
-- rate (Anscombe 1948): three standard deviations, MAD for the spread. Robots are left out: they check out without a cart.
{%- set pairs = [
    ('page_view', 'sessions', 1, 'day_sessions', 'page_view'),
    ('view_item', 'add_to_cart', 1, 'add_to_cart', 'view_item_and_add_to_cart'),
    ('view_item', 'page_view', 2, 'page_view', 'view_item_and_page_view'),
    ('add_to_cart', 'begin_checkout', 1, 'begin_checkout', 'add_to_cart_and_begin_checkout'),
    ('add_to_cart', 'view_item', 2, 'view_item', 'view_item_and_add_to_cart'),
    ('begin_checkout', 'purchase', 1, 'purchase', 'begin_checkout_and_purchase'),
    ('begin_checkout', 'view_item', 2, 'view_item', 'begin_checkout_and_view_item'),
    ('purchase', 'begin_checkout', 1, 'begin_checkout', 'begin_checkout_and_purchase'),
] %}
with

export_days as (

    select * from {{ ref('stg_export_days') }}

),

sessions as (

    select
        session_day,
        page_views > 0 as has_page_view,
        view_item_at is not null as has_view_item,
        add_to_cart_at is not null as has_add_to_cart,
        begin_checkout_at is not null as has_begin_checkout,
        purchase_at is not null as has_purchase

    from {{ ref('int_sessions') }}
    where not is_robot

),

counted as (

    select
        session_day,
        count(*) as sessions,
        countif(has_page_view) as page_view,
        countif(has_view_item) as view_item,
        countif(has_add_to_cart) as add_to_cart,
        countif(has_begin_checkout) as begin_checkout,
        countif(has_purchase) as purchase,
        countif(has_view_item and has_page_view) as view_item_and_page_view,
        countif(has_view_item and has_add_to_cart) as view_item_and_add_to_cart,
        countif(has_add_to_cart and has_begin_checkout) as add_to_cart_and_begin_checkout,
        countif(has_begin_checkout and has_view_item) as begin_checkout_and_view_item,
        countif(has_begin_checkout and has_purchase) as begin_checkout_and_purchase

    from sessions
    group by session_day

),

-- Days that were asked for, and days on which a session began: where a day of the export is not a UTC day the two differ.
days as (

    select
        coalesce(export_days.export_day, counted.session_day) as export_day,
        coalesce(counted.sessions, 0) as day_sessions,
        counted.* except (session_day, sessions)

    from export_days
    full join counted on export_days.export_day = counted.session_day

),

typical_days as (

    select
        *,
        percentile_cont(if(day_sessions > 0, day_sessions, null), 0.5) over () as typical_sessions

    from days

),

spread_days as (

    select
        *,
        1.4826 * percentile_cont(if(day_sessions > 0, abs(day_sessions - typical_sessions), null), 0.5) over () as sessions_sd

    from typical_days

),

-- `preference`: which of two neighbours is asked first.
paired as (

    select
        days.export_day,
        days.day_sessions,
        days.typical_sessions,
        days.day_sessions < least(days.typical_sessions / 2, days.typical_sessions - 3 * days.sessions_sd) as has_few_visitors,
        pair.event_name,
        pair.neighbour,
        pair.preference,
        coalesce(pair.sessions, 0) as sessions,
        coalesce(pair.neighbour_sessions, 0) as neighbour_sessions,
        coalesce(pair.sessions_with_both, 0) as sessions_with_both,
        pair.sessions_with_both / nullif(pair.neighbour_sessions, 0) as rate

    from spread_days as days
    cross join unnest([
        {%- for event_name, neighbour, preference, neighbour_sessions, both in pairs %}
        struct(
            '{{ event_name }}' as event_name,
            '{{ neighbour }}' as neighbour,
            {{ preference }} as preference,
            days.{{ event_name }} as sessions,
            days.{{ neighbour_sessions }} as neighbour_sessions,
            days.{{ both }} as sessions_with_both
        ){{ ',' if not loop.last }}
        {%- endfor %}
    ]) as pair

),

angles as (

    select
        *,
        asin(sqrt(rate)) as angle,
        1 / (4 * nullif(neighbour_sessions, 0)) as angle_variance

    from paired

),

-- The best day, less a standard deviation of its own: the luckiest of many small days is no standard.
bests as (

    select
        *,
        pow(sin(greatest(max(angle - sqrt(angle_variance)) over (partition by event_name, neighbour), 0)), 2) as best_rate

    from angles

),

reference_days as (

    select *
    from bests
    where rate > 0 and rate >= best_rate / 4 and neighbour_sessions * best_rate >= 5

),

compared as (

    select
        bests.*,
        other.angle as other_angle,
        other.angle_variance as other_variance,
        percentile_cont(other.angle, 0.5) over (partition by bests.event_name, bests.neighbour, bests.export_day) as centre

    from bests
    inner join reference_days as other
        on
            bests.event_name = other.event_name
            and bests.neighbour = other.neighbour
            and bests.export_day != other.export_day

),

spread as (

    select
        export_day,
        event_name,
        neighbour,
        centre,
        percentile_cont(abs(other_angle - centre), 0.5) over (partition by event_name, neighbour, export_day) as deviation,
        avg(other_variance) over (partition by event_name, neighbour, export_day) as chance_variance

    from compared

),

centres as (

    select
        export_day,
        event_name,
        neighbour,
        count(*) as reference_days,
        any_value(centre) as centre,
        -- what days differ by beyond chance, and a little more for a centre that few days tell
        greatest(pow(1.4826 * any_value(deviation), 2) - any_value(chance_variance), 0) * (1 + 1 / count(*)) as day_variance

    from spread
    group by export_day, event_name, neighbour
    -- one day alone has no spread
    having count(*) >= 2

),

expected as (

    select
        bests.* except (angle, angle_variance, best_rate),
        coalesce(centres.reference_days, 0) as reference_days,
        pow(sin(centres.centre), 2) as expected_rate,
        pow(sin(greatest(centres.centre - 3 * sqrt(centres.day_variance + bests.angle_variance), 0)), 2) as expected_lower,
        pow(sin(least(centres.centre + 3 * sqrt(centres.day_variance + bests.angle_variance), acos(0))), 2) as expected_upper

    from bests
    left join centres
        on
            bests.event_name = centres.event_name
            and bests.neighbour = centres.neighbour
            and bests.export_day = centres.export_day

),

-- Enough is where none at all would be no chance: at least five sessions expected, and none in one day of a thousand.
weighed as (

    select
        *,
        coalesce(
            neighbour_sessions * expected_rate >= 5 and pow(1 - expected_rate, neighbour_sessions) <= 0.001, false
        ) as is_judged,
        -- at most the chance of so few (Hoeffding 1963, theorem 1): of none it is exact, and near it three deviations say little
        if(
            rate < expected_rate / 4,
            coalesce(
                exp(
                    -neighbour_sessions * (
                        if(rate > 0, rate * ln(rate / expected_rate), 0)
                        + (1 - rate) * ln((1 - rate) / nullif(1 - expected_rate, 0))
                    )
                ),
                0
            ),
            1
        ) as chance

    from expected

),

judged as (

    select
        *,
        is_judged and rate < expected_lower and rate < expected_rate / 4 and chance <= 0.001 as is_dark

    from weighed
    qualify row_number() over (partition by export_day, event_name order by if(is_judged, 0, 1), preference) = 1

),

neighbouring_days as (

    select
        *,
        max(if(is_judged and not is_dark, export_day, null)) over (
            partition by event_name order by export_day rows between unbounded preceding and 1 preceding
        ) as worked_before_day,
        min(if(is_judged and not is_dark, export_day, null)) over (
            partition by event_name order by export_day rows between 1 following and unbounded following
        ) as works_again_day,
        -- dark days that follow each other have one number
        unix_date(export_day) - row_number() over (partition by event_name, is_dark order by export_day) as stretch

    from judged

),

stretches as (

    select
        *,
        min(export_day) over (partition by event_name, is_dark, stretch) as first_dark_day,
        max(export_day) over (partition by event_name, is_dark, stretch) as last_dark_day

    from neighbouring_days

),

final as (

    select
        ---------- ids
        export_day,
        event_name,

        ---------- counts
        day_sessions,
        sessions,
        neighbour,
        neighbour_sessions,
        sessions_with_both,

        ---------- rates
        rate,
        expected_rate,
        expected_lower,
        expected_upper,
        reference_days,

        ---------- verdict
        case
            when day_sessions = 0 then 'no_data'
            -- an incident: it had worked within the week before, or works again within a week and was gone for no longer
            when
                is_dark and (
                    coalesce(date_diff(first_dark_day, worked_before_day, day) <= 7, false)
                    or (
                        coalesce(date_diff(works_again_day, last_dark_day, day) <= 7, false)
                        and date_diff(last_dark_day, first_dark_day, day) < 7
                    )
                )
                then 'outage'
            -- a state: the event is hardly sent at all, in a fortnight or before it was ever seen to work
            when is_dark then 'near_zero'
            when has_few_visitors then 'traffic_drop'
            when not is_judged then 'too_few'
            else 'ok'
        end as status,
        is_dark as is_flagged

    from stretches

)

select * from final
