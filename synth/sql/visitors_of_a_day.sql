-- Grain: a browser seen on the day.
select
    e.user_pseudo_id as user_pseudo_id,
    min(e.event_timestamp) as first_seen,
    min({country}) as country
from `{table}` as e
where e.user_pseudo_id is not null and e.event_timestamp < @before
group by e.user_pseudo_id
