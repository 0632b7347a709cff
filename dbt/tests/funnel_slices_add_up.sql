-- Every session is in one slice of each dimension, and people are those of everyone who are no robots. Rows returned are steps
-- whose slices do not sum to the whole.
with

funnel as (

    select * from {{ ref('rpt_funnel') }}

),

sums as (

    select
        population,
        method,
        dimension,
        step_order,
        sum(sessions) as sessions

    from funnel
    group by population, method, dimension, step_order

),

robots as (

    select count(*) as sessions from {{ ref('fct_user_journeys') }}
    where is_robot

)

select
    whole.population,
    whole.method,
    whole.step_order,
    whole.sessions,
    sums.dimension,
    sums.sessions as sessions_of_slices
from sums
inner join sums as whole
    on
        sums.population = whole.population
        and sums.method = whole.method
        and sums.step_order = whole.step_order
where whole.dimension = 'all' and sums.sessions != whole.sessions

union all

select
    'robots' as population,
    everyone.method,
    everyone.step_order,
    everyone.sessions - people.sessions as sessions,
    'all' as dimension,
    robots.sessions as sessions_of_slices
from sums as everyone
inner join sums as people
    on everyone.method = people.method and everyone.dimension = people.dimension and everyone.step_order = people.step_order
cross join robots
where
    everyone.population = 'everyone'
    and people.population = 'people'
    and everyone.dimension = 'all'
    and everyone.step_order = 1
    and everyone.sessions - people.sessions != robots.sessions
