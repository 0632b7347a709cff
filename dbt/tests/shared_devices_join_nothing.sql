-- A browser that several users shared is nobody's, and a browser is given to one person only. Rows returned break that.
with

shared as (

    select distinct user_pseudo_id from {{ ref('int_identity') }}
    where is_shared_device

),

owned as (

    select
        user_pseudo_id,
        count(*) as people,
        logical_or(dim_users.user_id is not null) as has_user

    from {{ ref('dim_users') }} as dim_users
    cross join unnest(dim_users.user_pseudo_ids) as user_pseudo_id
    group by user_pseudo_id

)

select owned.*
from owned
left join shared on owned.user_pseudo_id = shared.user_pseudo_id
where owned.people > 1 or (shared.user_pseudo_id is not null and owned.has_user)
