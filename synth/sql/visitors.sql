-- Grain: a browser, with its first moment and place in the window.
with

days as (

    {days}

)

select
    user_pseudo_id,
    min(first_seen) as first_seen,
    any_value(country having min first_seen) as country
from days
group by user_pseudo_id
