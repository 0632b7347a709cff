-- Whoever buys is nobody's script, a robot has a rule, and a person has none. Rows returned are sessions that break that.
select
    session_key,
    is_robot,
    robot_rule,
    purchase_at
from {{ ref('int_sessions') }}
where (is_robot and purchase_at is not null) or is_robot != (robot_rule is not null)
