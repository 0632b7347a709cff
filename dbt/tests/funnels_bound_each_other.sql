-- The four ways to count bound each other: ordered <= closed <= any <= tolerant at every step. Where a step needs the ones before
-- it, or proves them, no step holds more than the one before. Rows returned are steps that break that.
with

steps as (

    select
        population,
        dimension,
        slice,
        step_order,
        max(if(method = 'any', sessions, null)) as counted_any,
        max(if(method = 'closed', sessions, null)) as counted_closed,
        max(if(method = 'ordered', sessions, null)) as counted_ordered,
        max(if(method = 'tolerant', sessions, null)) as counted_tolerant

    from {{ ref('rpt_funnel') }}
    group by population, dimension, slice, step_order

),

with_before as (

    select
        *,
        lag(counted_closed) over (partition by population, dimension, slice order by step_order) as closed_before,
        lag(counted_ordered) over (partition by population, dimension, slice order by step_order) as ordered_before,
        lag(counted_tolerant) over (partition by population, dimension, slice order by step_order) as tolerant_before

    from steps

)

select *
from with_before
where
    not coalesce(counted_ordered <= counted_closed, false)
    or not coalesce(counted_closed <= counted_any, false)
    or not coalesce(counted_any <= counted_tolerant, false)
    or counted_closed > closed_before
    or counted_ordered > ordered_before
    or counted_tolerant > tolerant_before
