-- Grain: one row per bin of the time from a person's first session to their first purchase. Every bin is there.
with

journeys as (

    select * from {{ ref('fct_user_journeys') }}

),

-- Each about three times as long as the one before: half of all buyers decide within the hour, some take weeks.
bins as (

    select
        bin.bin_order,
        bin.bin_label,
        bin.from_seconds,
        bin.to_seconds

    from unnest([
        struct(1 as bin_order, 'under 1 min' as bin_label, 0 as from_seconds, 60 as to_seconds),
        struct(2 as bin_order, '1-3 min' as bin_label, 60 as from_seconds, 180 as to_seconds),
        struct(3 as bin_order, '3-10 min' as bin_label, 180 as from_seconds, 600 as to_seconds),
        struct(4 as bin_order, '10-30 min' as bin_label, 600 as from_seconds, 1800 as to_seconds),
        struct(5 as bin_order, '30-60 min' as bin_label, 1800 as from_seconds, 3600 as to_seconds),
        struct(6 as bin_order, '1-3 h' as bin_label, 3600 as from_seconds, 10800 as to_seconds),
        struct(7 as bin_order, '3-12 h' as bin_label, 10800 as from_seconds, 43200 as to_seconds),
        struct(8 as bin_order, '12-24 h' as bin_label, 43200 as from_seconds, 86400 as to_seconds),
        struct(9 as bin_order, '1-3 days' as bin_label, 86400 as from_seconds, 259200 as to_seconds),
        struct(10 as bin_order, '3-7 days' as bin_label, 259200 as from_seconds, 604800 as to_seconds),
        struct(11 as bin_order, '7-30 days' as bin_label, 604800 as from_seconds, 2592000 as to_seconds),
        struct(12 as bin_order, '30 days on' as bin_label, 2592000 as from_seconds, cast(null as int64) as to_seconds)
    ]) as bin

),

people as (

    select
        user_key,
        timestamp_diff(min(purchase_at), min(started_at), second) as seconds

    from journeys
    group by user_key
    having min(purchase_at) is not null

),

counted as (

    select
        bins.bin_order,
        count(people.user_key) as people

    from bins
    left join
        people
        on bins.from_seconds <= people.seconds and (bins.to_seconds > people.seconds or bins.to_seconds is null)
    group by bins.bin_order

),

final as (

    select
        ---------- bin
        bins.bin_order,
        bins.bin_label,
        bins.from_seconds,
        bins.to_seconds,

        ---------- counts
        counted.people,
        safe_divide(counted.people, sum(counted.people) over ()) as share,
        safe_divide(
            sum(counted.people) over (order by bins.bin_order), sum(counted.people) over ()
        ) as share_until_then

    from bins
    inner join counted on bins.bin_order = counted.bin_order

)

select * from final
