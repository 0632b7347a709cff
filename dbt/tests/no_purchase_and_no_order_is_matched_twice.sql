-- A match is one to one. Rows returned are purchases or orders in more than one match.
select
    purchase_key,
    cast(null as int64) as order_id,
    count(*) as times
from {{ ref('int_matches') }}
group by purchase_key
having count(*) > 1

union all

select
    cast(null as string) as purchase_key,
    order_id,
    count(*) as times
from {{ ref('int_matches') }}
group by order_id
having count(*) > 1
